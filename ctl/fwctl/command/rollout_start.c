// SPDX-License-Identifier: GPL-2.0-only
/* fwctl rollout start: checks everything that can be known before the first host is told. */
#include "rows.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/publish/generation.h"
#include "ctl/fwctl/publish/keys.h"
#include "ctl/fwctl/rollout/follow.h"
#include "ctl/fwctl/rollout/session.h"

#include <string.h>
#include <time.h>

#define LLU(x) ((unsigned long long)(x))

static const struct ctl_option *const options[] = { &ctl_opt_config, &ctl_opt_until, NULL };

/* What a rollout is started with. */
struct start {
	struct session session;
	struct fleet_state state;
	struct fw_manifest manifest; /* of the generation */
	struct fw_rollout rollout;   /* as it is written */
};

static void start_end(struct start **start)
{
	if (*start) {
		fleet_state_free(&(*start)->state);
		session_close(&(*start)->session);
	}
	free(*start);
}

/* Is the fleet ready for a rollout, whatever is rolled out? */
static int check_fleet(const struct start *st)
{
	const struct fleet_state *s = &st->state;

	if (!s->rings_modified) {
		ctl_error("fleet %s has no rings", st->session.config.fleet);
		ctl_hint("write them to a file, and run `fwctl rollout rings FILE`");
	} else if (fleet_state_active(s)) {
		ctl_error("generation %llu is being rolled out, by %s%s", LLU(s->rollout.to.number), s->rollout.by,
			  s->rollout.state == FW_ROLLOUT_PAUSED ? " (paused)" : "");
		ctl_hint("wait for its end (`fwctl rollout status --follow`), or end it by `fwctl rollout abort`");
	} else if (!s->n) {
		ctl_error("no host of fleet %s reports, so nobody would see whether the ruleset works",
			  st->session.config.fleet);
		ctl_hint("start fw-agent on the hosts first (`systemctl status fw-agent` there tells what is wrong)");
	} else if (!s->leader[0]) {
		ctl_error("nobody leads rollouts of fleet %s, so a bad ruleset would not be taken back",
			  st->session.config.fleet);
		ctl_hint("put `lead on` into fleet.conf on a few hosts, or run `fwctl rollout lead` until the end; a "
			 "leader that has died is replaced within %d seconds",
			 FW_LEAD_LEASE);
	} else {
		return 0;
	}
	return -EBUSY;
}

/* Gets the manifest from the web server: the head, or an earlier one. @number 0: the head. */
static int fetch(struct start *st, uint64_t number)
{
	const struct fw_fleet_config *c = &st->session.config;
	struct fw_public_keys trusted = { .n = 0 };
	struct fw_manifest head = { .fleet = "" };
	struct site site;
	int err;

	if (!c->url[0]) {
		ctl_error("%s does not name the web server with the fleet's rulesets", st->session.path);
		ctl_hint("a line such as `url https://192.0.2.10/fleet`");
		return -EINVAL;
	}
	err = keys_read_public(c->keys, &trusted);
	if (err)
		return err;
	err = site_open(c->url, false, &site);
	site.identity = &st->session.access.identity;
	if (!err)
		err = generation_head(&site, &trusted, &head);
	if (!err && !head.self.number) {
		ctl_error("%s has no head: nothing has been published there", c->url);
		err = -ENOENT;
	}
	st->manifest = head;
	if (!err && number)
		err = generation_find(&site, &trusted, &head, number, &st->manifest);
	site_close(&site);
	return err;
}

/* May the fleet go from what it runs to this generation? */
static int check_generation(const struct start *st)
{
	const struct fw_generation *runs = fleet_state_runs(&st->state), *to = &st->manifest.self;
	const struct fw_generation *parent = &st->manifest.parent;

	if (strcmp(st->manifest.fleet, st->session.config.fleet) != 0) {
		ctl_error("%s has rulesets of fleet %s, but %s is about fleet %s", st->session.config.url,
			  st->manifest.fleet, st->session.path, st->session.config.fleet);
	} else if (fw_generation_same(to, runs)) {
		ctl_error("the fleet runs generation %llu already", LLU(to->number));
	} else if (to->number <= runs->number) {
		ctl_error("generation %llu is not newer than %llu, which the fleet runs: hosts would refuse it",
			  LLU(to->number), LLU(runs->number));
		ctl_hint("publish the old ruleset again, as a new generation");
	} else if (!fw_generation_same(parent, runs)) {
		ctl_error(
			"hosts could not go back: they run generation %llu, but the parent of generation %llu is %llu%s",
			LLU(runs->number), LLU(to->number), LLU(parent->number),
			parent->number == runs->number ? " with another manifest" : "");
		ctl_hint(runs->number ? "publish it again with --parent %llu" :
					"the first generation that a fleet runs has no parent (%llu)",
			 LLU(runs->number));
	} else {
		return 0;
	}
	return -EINVAL;
}

/* A host that has just gone back from this generation would end its rollout before it has tried again. */
static int check_hosts(const struct start *st)
{
	const struct fw_rollout done = { .state = FW_ROLLOUT_DONE, .to = st->manifest.self };
	struct fw_ring_progress progress[FW_RINGS_MAX];

	fw_progress(&st->state.rings, &done, st->state.reports, st->state.n, progress);
	for (unsigned i = 0; i < st->state.rings.n; i++) {
		const struct fw_report *worst = progress[i].worst;

		if (!worst)
			continue;
		ctl_error("host %s still reports about generation %llu from before: %s%s%s", worst->host,
			  LLU(done.to.number), fw_report_state_names[worst->state], worst->why[0] ? ": " : "",
			  worst->why);
		ctl_hint("try again when `fwctl rollout status --hosts` shows that it has gone back");
		return -EBUSY;
	}
	return 0;
}

/* Somebody was faster; or it was us, and the first answer was lost. */
static int check_lost(struct start *st)
{
	struct fleet_state now = { .n = 0 };
	const struct fw_rollout *r = &now.rollout;
	int err = session_read(&st->session, &now);
	bool ours = !err && now.rollout_modified && fw_generation_same(&r->to, &st->rollout.to) &&
		    !strcmp(r->by, st->rollout.by) && fleet_state_active(&now);

	fleet_state_free(&now);
	if (err || ours)
		return err;
	ctl_error("somebody else has changed rollout or rings at the same time: nothing was started");
	ctl_hint("`fwctl rollout status` shows what there is now");
	return -ECANCELED;
}

/* The rollout, and the head of its first ring; heads of others only where they are not as they should be. */
static int write_start(struct start *st)
{
	struct change c = { .session = &st->session, .state = &st->state };
	struct fw_rollout *r = &st->rollout;
	int err;

	r->from = *fleet_state_runs(&st->state);
	r->to = st->manifest.self;
	snprintf(r->by, sizeof(r->by), "%s", st->session.by);
	fw_rollout_begin(r, st->state.progress, (uint64_t)time(NULL));
	change_rollout(&c, r);
	for (unsigned i = 0; i < st->state.rings.n; i++)
		change_head(&c, st->state.rings.ring[i].name, fw_rollout_head(r, i));
	err = session_write(&st->session, &c);
	return err == -ECANCELED ? check_lost(st) : err;
}

/* "GENERATION" or "head", for which @out is 0. */
static bool read_generation(const char *text, uint64_t *out)
{
	char *end;

	*out = 0;
	if (!strcmp(text, "head"))
		return true;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *out;
}

static int print_started(const struct ctl_settings *s, const struct start *st)
{
	const struct fw_rollout *r = &st->rollout;
	const struct fw_ring *ring = &st->state.rings.ring[0];

	if (s->json)
		return ctl_json_print(json_pack("{sb sI sI ss so}", "started", 1, "generation",
						(json_int_t)r->to.number, "from", (json_int_t)r->from.number, "ring",
						ring->name, "hosts", json_integer(r->hosts)));
	printf("generation %llu goes to ring %s, %u host%s; `fwctl rollout status --follow` shows how it does\n",
	       LLU(r->to.number), ring->name, r->hosts, fw_plural(r->hosts));
	return 0;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(start_end) struct start *st = calloc(1, sizeof(*st));
	uint64_t number = 0;

	if (!st)
		return CTL_FAILED;
	if (n && !read_generation(operands[0], &number)) {
		st->session.loop.fd = -1;
		ctl_error("rollout start: \"%s\" is neither the number of a generation nor head", operands[0]);
		return CTL_USAGE;
	}
	if (session_open(s, &st->session) || session_read(&st->session, &st->state) || check_fleet(st) ||
	    fetch(st, number) || check_generation(st) || check_hosts(st) || write_start(st) || print_started(s, st))
		return CTL_FAILED;
	return s->follow ? follow(&st->session, s) : CTL_OK;
}

const struct ctl_command ctl_rollout_start = {
	.name = "rollout start",
	.operands = "[GENERATION|head]",
	.summary = "begin to roll a published generation out to the hosts of a fleet, ring by ring",
	.details =
		"Without an operand it is the newest one, head. Its manifest is read from the web server and checked first. It is refused\n"
		"if no trusted key has signed it, if it is not newer than what the fleet runs, if its parent (the way back) is not\n"
		"what the fleet runs, if another rollout is under way, if there are no rings, if no host reports, or if nobody leads.\n\n"
		"Then the hosts of the first ring are told, at once. The leader tells the next ring when the share of the last one has\n"
		"confirmed for its soak. If a host is worse, or the time of a ring is over, it tells all hosts to go back.\n\n"
		"--follow waits for the end, as `rollout status --follow` does. Exit code then: 0 done, 1 failed or aborted.\n\n"
		"JSON: {started, generation, from (0: nothing), ring, hosts (of it, which report)}; with --follow also what\n"
		"`rollout status` prints.\n",
	.options = options,
	.words = "head",
	.max_operands = 1,
	.run = run,
};
