// SPDX-License-Identifier: GPL-2.0-only
/* fwctl rollout rings: which hosts are told first. */
#include "rows.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/rollout/session.h"

#include <string.h>

#define LLU(x) ((unsigned long long)(x))

static const struct ctl_option *const options[] = { &ctl_opt_config, &ctl_opt_check, NULL };

static int print_json(const struct fw_rings *rings)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_rings_print(&b, rings);
	return ctl_json_print(b.failed ? NULL : json_loadb(b.text, b.len, 0, NULL));
}

static void print_ring(const struct fw_ring *r, unsigned hosts)
{
	char which[64];

	snprintf(which, sizeof(which), "up to %g percent", r->percent);
	printf("%-16s %6u %5g%% %7us %7us  ", r->name, hosts, 100 * r->share, r->soak, r->timeout);
	ctl_put(stdout, r->globs ? r->globs : which);
	putchar('\n');
}

static int print(const struct ctl_settings *s, const struct fw_rings *rings, const struct fleet_state *state)
{
	unsigned hosts[FW_RINGS_MAX + 1] = { 0 };

	if (s->json)
		return print_json(rings) ? CTL_FAILED : CTL_OK;
	for (size_t i = 0; i < state->n; i++) {
		int ring = fw_ring_of(rings, state->reports[i].host);

		hosts[ring < 0 ? FW_RINGS_MAX : ring]++;
	}
	printf("%-16s %6s %6s %8s %8s  %s\n", "ring", "hosts", "share", "soak", "timeout", "which");
	for (unsigned i = 0; i < rings->n; i++)
		print_ring(&rings->ring[i], hosts[i]);
	if (hosts[FW_RINGS_MAX])
		ctl_warn("%u host%s that report%s in none of the rings, and get no ruleset", hosts[FW_RINGS_MAX],
			 fw_plural(hosts[FW_RINGS_MAX]), hosts[FW_RINGS_MAX] == 1 ? "s is" : " are");
	return CTL_OK;
}

static int show(const struct ctl_settings *s, struct session *session)
{
	fw_cleanup(fleet_state_free) struct fleet_state state = { .n = 0 };

	if (session_read(session, &state))
		return CTL_FAILED;
	if (state.rings_modified)
		return print(s, &state.rings, &state);
	ctl_error("fleet %s has no rings", session->config.fleet);
	ctl_hint("write them to a file, and run `fwctl rollout rings FILE`");
	return CTL_FAILED;
}

/* Reads a file; 0 or -errno, which is printed. */
static int read_file(const char *path, struct fw_rings *out)
{
	fw_autofree char *text = NULL;
	struct fw_diags ds = { .n = 0 };
	size_t len = 0;
	int err = ctl_file_read(path, &text, &len);

	if (err)
		return err;
	err = fw_rings_parse(text, len, ctl_file_name(path), out, &ds);
	if (err)
		ctl_print_diags(&ds, &(struct ctl_source){ .name = ctl_file_name(path), .text = text, .len = len });
	return err;
}

static const struct fw_ring *find(const struct fw_rings *rings, const char *name)
{
	for (unsigned i = 0; i < rings->n; i++)
		if (!strcmp(rings->ring[i].name, name))
			return &rings->ring[i];
	return NULL;
}

static int check_rest(const struct session *session, const struct fleet_state *state)
{
	if (!fleet_state_active(state))
		return 0;
	ctl_error("generation %llu is being rolled out in fleet %s: the rings cannot change",
		  LLU(state->rollout.to.number), session->config.fleet);
	ctl_hint("wait for its end (`fwctl rollout status --follow`), or end it by `fwctl rollout abort`");
	return -EBUSY;
}

/* New rings have what the fleet runs as their head; the heads of those that are gone go too. */
static int write_rings(struct session *session, const struct fleet_state *state, const struct fw_rings *rings)
{
	struct change c = { .session = session, .state = state };
	int err;

	change_rings(&c, rings);
	for (unsigned i = 0; i < rings->n; i++)
		change_head(&c, rings->ring[i].name, fleet_state_runs(state));
	for (unsigned i = 0; i < state->rings.n; i++)
		if (!find(rings, state->rings.ring[i].name))
			change_head(&c, state->rings.ring[i].name, &(struct fw_generation){ 0 });
	err = session_write(session, &c);
	if (err == -ECANCELED)
		ctl_error("somebody else has changed rollout or rings at the same time: try again");
	return err;
}

static int set(const struct ctl_settings *s, struct session *session, const char *path)
{
	fw_cleanup(fleet_state_free) struct fleet_state state = { .n = 0 };
	fw_cleanup(fw_rings_free) struct fw_rings rings = { .n = 0 };

	if (read_file(path, &rings) || session_read(session, &state) || check_rest(session, &state) ||
	    (!s->check && write_rings(session, &state, &rings)))
		return CTL_FAILED;
	return print(s, &rings, &state);
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(session_close) struct session session;

	if (session_open(s, &session))
		return CTL_FAILED;
	return n ? set(s, &session, operands[0]) : show(s, &session);
}

const struct ctl_command ctl_rollout_rings = {
	.name = "rollout rings",
	.operands = "[FILE]",
	.summary = "show the rings of a fleet, or replace them by those of a file",
	.details =
		"FILE - is standard input; --check only shows which hosts would be where. The file is JSON:\n\n"
		"  {\"rings\": [\n"
		"    {\"name\": \"first\", \"hosts\": \"web-1 db-*\", \"share\": 1, \"soak\": 300},\n"
		"    {\"name\": \"tenth\", \"percent\": 10},\n"
		"    {\"name\": \"all\", \"percent\": 100}]}\n\n"
		"A host belongs to the first ring that matches its name, by a pattern of `hosts`, or by `percent`: a hash of the name, which\n"
		"adds up, so that 10 and 100 are two rings, of 10 and of 90 percent. `share` is which part of a ring's hosts has to confirm\n"
		"before the next ring is told (default 0.95), `soak` for how many seconds (60), and `timeout` after how many seconds the\n"
		"rollout has failed otherwise (600). While a rollout is under way, rings cannot change.\n\n"
		"JSON: {rings: [{name, hosts or percent, share, soak, timeout}]}, which can be used as FILE.\n",
	.options = options,
	.kinds = CTL_KIND_FILE,
	.max_operands = 1,
	.run = run,
};
