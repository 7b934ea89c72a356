// SPDX-License-Identifier: GPL-2.0-only
/* fwctl attach and detach: on which interfaces fwd filters. */
#include "rows.h"
#include "interface.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/request.h"

#include <string.h>

static const struct ctl_option *const attach_options[] = { &ctl_opt_host,  &ctl_opt_mode,    &ctl_opt_out,
							   &ctl_opt_later, &ctl_opt_confirm, NULL };
static const struct ctl_option *const detach_options[] = { &ctl_opt_host, &ctl_opt_confirm, NULL };

static int on_device(void *ctx, json_t *o)
{
	const json_t *host = json_object_get(o, "host");

	if (host)
		ctl_print_host(host);
	else
		ctl_print_interface(o);
	return 0;
}

/* A name as fwd takes it: typed as it is shown, or with bytes that are not shown, which become that. */
static json_t *name_of(const char *typed)
{
	if (fw_name_is_plain(typed))
		return json_string(typed);
	return strlen(typed) > FW_ALTNAME_MAX ? fw_json_text(typed) : json_string(FW_NAME(typed));
}

/* Adds the names and --host to the arguments. */
static void add_what(const struct ctl_settings *s, json_t *args, int n, char **operands)
{
	json_t *array = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(array, name_of(operands[i]));
	if (n)
		json_object_set(args, "dev", array);
	json_decref(array);
	if (s->host)
		json_object_set_new(args, "host", json_true());
}

static int change(const struct ctl_settings *s, struct ctl_request *request, int n, char **operands)
{
	int code;

	if (!n && !s->host) {
		json_decref(request->args);
		ctl_error("%s: missing IFACE or --host", fw_request_info[request->kind].name);
		return CTL_USAGE;
	}
	add_what(s, request->args, n, operands);
	ctl_confirm_add(s, request->args);
	code = ctl_request_run(s, request, NULL);
	if (code == CTL_OK && !s->json)
		ctl_confirm_print(s, "confirm ");
	return code;
}

static int run_attach(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_ATTACH, .line = on_device };

	request.args = json_pack("{ss ss sb}", "mode", ctl_opt_mode.words[s->mode], "out", ctl_opt_out.words[s->out],
				 "later", s->later);
	return change(s, &request, n, operands);
}

static int run_detach(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_DETACH, .args = json_object() };

	return change(s, &request, n, operands);
}

#define DEVICE_JSON                                                                                                        \
	"JSON: {dev, interface, index, mode, wanted, out, state (attached, missing, failed or pattern), error, warning,\n" \
	"in_front, from}, one per interface"

const struct ctl_command ctl_attach = {
	.name = "attach",
	.operands = "[IFACE...]",
	.summary = "filter on interfaces or the host's hooks, from now on and after a restart",
	.details =
		"All of them, or none. IFACE is a name or an alternative name of an interface (`ip link property`), or a\n"
		"pattern such as 'veth*' for all that match. Type an unprintable byte as it is shown: \\x1b.\n"
		"--later also takes an interface that does not exist, which is filtered as soon as it appears; with a\n"
		"pattern, every interface that matches, whenever it appears. fwd sees packets before the programs of\n"
		"others; an XDP program of others is never replaced. Attaching again changes the mode.\n"
		"Mode auto is native XDP, else generic XDP; tc where packets have no Ethernet header (tun, WireGuard, ppp,\n"
		"tunnels: native XDP is refused there), and while rules match what XDP cannot see.\n"
		"--host filters on netfilter's hooks input, forward and output, in fwd's network namespace: packets for this\n"
		"host, through it and from it, on all interfaces. Before Linux 6.4 a\n"
		"table of nftables filters: while fwd does not run, `nft flush ruleset` opens these hooks.\n\n" DEVICE_JSON
		";\n{host {state, by (link or table), error, warning, answers, restored}}; then {ok}.\n",
	.options = attach_options,
	.kinds = CTL_KIND_IFACE,
	.max_operands = -1,
	.run = run_attach,
};

const struct ctl_command ctl_detach = {
	.name = "detach",
	.operands = "[IFACE...]",
	.summary = "stop filtering on interfaces or the host's hooks",
	.details =
		"Names as `fwctl status` shows them, or a pattern: all of them, or none. It works too for an interface that was\n"
		"renamed or moved to another network namespace.\n\nJSON: {ok}.\n",
	.options = detach_options,
	.kinds = CTL_KIND_IFACE,
	.max_operands = -1,
	.run = run_detach,
};
