// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl run: filters on interfaces and the host's hooks until interrupted. The tables are published before anything is attached, so no packet
 * sees an empty ruleset. If a step fails, closing the kernel side detaches what was attached.
 */
#include "rows.h"
#include "ruleset.h"
#include "run_counters.h"
#include "run_interfaces.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/attach_needs.h"
#include "fw/interfaces.h"
#include "fw/live.h"

#include <signal.h>
#include <string.h>
#include <time.h>

static const struct ctl_option *const options[] = {
	&ctl_opt_dev, &ctl_opt_host, &ctl_opt_xdp, &ctl_opt_tc, &ctl_opt_format, &ctl_opt_interval, NULL,
};

struct session {
	const struct ctl_settings *settings;
	struct fw_kern *kern;
	struct fw_live *live;
	struct fw_swap first;  /* the ruleset, until it is published */
	struct fw_ruleset *rs; /* the same, also afterwards */
	struct devices devices;
	bool out; /* outgoing packets are filtered too */
	char title[256];
};

static void session_end(struct session *ss)
{
	if (ss->kern)
		fw_kern_unpin(ss->kern);
	fw_swap_free(&ss->first);
	fw_live_free(ss->live);
	fw_kern_close(ss->kern);
}

/* Attaches to an interface, incoming, as the options want, and notes how. Return: 0 or -errno, which is printed. */
static int attach_in(struct session *ss, struct device *d)
{
	struct fw_diags ds = { 0 };
	enum fw_xdp_mode wanted = ss->settings->xdp < 0 ? FW_XDP_AUTO : (enum fw_xdp_mode)ss->settings->xdp,
			 used = wanted;
	bool lost = fw_ruleset_rejects(ss->rs) && fw_interface_is_veth(d->index);
	bool tc = ss->settings->tc || (wanted == FW_XDP_AUTO && (lost || fw_interface_is_l3(d->index)));
	char what[64];
	int err;

	if (tc)
		err = fw_kern_attach_tc(ss->kern, d->index, FW_PROG_TC_INGRESS, &ds);
	else
		err = fw_kern_attach_xdp(ss->kern, d->index, wanted, &used, &ds);
	if (err) {
		snprintf(what, sizeof(what), "cannot attach to %s", d->name);
		ctl_print_failure(&ds, what, err);
		return err;
	}
	if (lost && !tc && used == FW_XDP_NATIVE) {
		ctl_warn(
			"%s: replies to rejected packets are lost unless the other end of the veth pair has an XDP program",
			d->name);
		ctl_hint("run with --tc");
	}
	d->how = tc ? "tc ingress" : used == FW_XDP_GENERIC ? "generic XDP" : "native XDP";
	if (!tc && used == FW_XDP_GENERIC && wanted != FW_XDP_GENERIC)
		ctl_warn("%s: its driver has no native XDP; generic XDP is slower", d->name);
	return 0;
}

static int attach_out(struct session *ss, const struct device *d)
{
	struct fw_diags ds = { 0 };
	char what[64];
	int err = fw_kern_attach_tc(ss->kern, d->index, FW_PROG_TC_EGRESS, &ds);

	if (!err)
		return 0;
	snprintf(what, sizeof(what), "cannot attach to %s, outgoing", d->name);
	ctl_print_failure(&ds, what, err);
	return err;
}

/* The host's hooks, and what answers packets that rules reject there. */
static int attach_host(struct session *ss)
{
	struct fw_diags ds = { 0 };
	const char *why = NULL;
	int err = fw_kern_attach_host(ss->kern, &ds);

	if (!err)
		err = fw_kern_host_answer(ss->kern, fw_ruleset_answers(ss->rs), &why);
	if (!err)
		return 0;
	ctl_print_failure(&ds, "cannot reject packets or set marks at the host's hooks", err);
	if (why)
		ctl_hint("%s", why);
	return err;
}

static int attach(struct session *ss)
{
	for (unsigned i = 0; i < ss->devices.n; i++)
		if (attach_in(ss, &ss->devices.d[i]) || (ss->out && attach_out(ss, &ss->devices.d[i])))
			return -EIO;
	return ss->settings->host ? attach_host(ss) : 0;
}

static int load(struct session *ss, const char *path)
{
	struct fw_compiled *next = calloc(1, sizeof(*next));
	int err;

	ss->first.next = next;
	if (!next) {
		ctl_print_failure(NULL, path, -ENOMEM);
		return -ENOMEM;
	}
	err = ctl_ruleset_load(path, ss->settings->format, &next->rs, NULL);
	ss->rs = next->rs;
	return err;
}

static int publish(struct session *ss)
{
	struct fw_diags ds = { 0 };
	int err = fw_live_new(&(struct fw_live_options){ .kern = ss->kern }, &ss->live);

	if (!err)
		err = fw_swap_ready(ss->live, &ss->first, &ds);
	if (!err)
		err = fw_swap_commit(ss->live, &ss->first, NULL, NULL, &ds);
	if (err)
		ctl_print_failure(&ds, "cannot publish the tables", err);
	return err;
}

/* Programs tell fwd, and nobody else, of single packets; and it alone counts connections. */
static bool needs_fwd(const struct fw_action *a)
{
	return a->flags & (FW_ACTION_LOG | FW_ACTION_ADD) || a->connections;
}

/* Return: -EINVAL, after an error: a rule or policy needs fwd. */
static int check_actions(const struct fw_ruleset *rs)
{
	char what[64] = "";

	for (const struct fw_rule *r = rs->first; r && !what[0]; r = r->next)
		if (needs_fwd(fw_rule_action(rs, r)))
			snprintf(what, sizeof(what), "rule %llu", (unsigned long long)r->id);
	for (int reason = 0; reason < FW_NREASONS && !what[0]; reason++)
		if (needs_fwd(&rs->actions[rs->policy[reason]]))
			snprintf(what, sizeof(what), "policy %s", fw_reason_info[reason].name);
	if (!what[0])
		return 0;
	ctl_error("run: %s logs packets, counts connections or adds addresses to a set, which needs fwd", what);
	ctl_hint("start fwd, then `fwctl load` and `fwctl attach`");
	return -EINVAL;
}

static int start(struct session *ss, const char *path)
{
	struct fw_attach_needs needs;

	if (devices_find(&ss->devices, ss->settings) || load(ss, path) || check_actions(ss->rs) ||
	    ctl_kern_open(&ss->kern) || ctl_ruleset_compile(ss->rs, fw_kern_pool(ss->kern), &ss->first.next->image) ||
	    (ss->devices.n && !ss->settings->tc && devices_check_xdp(&ss->devices, ss->rs)))
		return -EINVAL;
	fw_attach_needs_of(ss->rs, &needs);
	ss->out = fw_attach_needs_out(&needs, ss->rs);
	if (!ss->settings->host && fw_attach_needs_host(&needs, ss->rs)) {
		ctl_warn("rules or policies of input, forward or output have no effect");
		ctl_hint("--host filters there");
	}
	if (devices_map(&ss->devices, ss->rs, ss->settings->host, ss->kern) || publish(ss))
		return -EINVAL;
	return attach(ss);
}

/* What filters at the host's hooks: as in the status of fwd. NULL: nothing. */
static const char *host_by(const struct session *ss)
{
	return !ss->settings->host ? NULL : fw_kern_host_by_table(ss->kern) ? "table" : "link";
}

static void announce_json(const struct session *ss, const char *path)
{
	json_t *devices = json_array();

	for (unsigned i = 0; i < ss->devices.n; i++)
		json_array_append_new(devices,
				      json_pack("{so si ss so}", "dev", json_string(FW_NAME(ss->devices.d[i].name)),
						"index", (int)ss->devices.d[i].index, "in", ss->devices.d[i].how, "out",
						fw_json_text(ss->out ? "tc egress" : NULL)));
	ctl_json_print(json_pack("{ss so sI so so sI sf}", "event", "attached", "file", fw_json_text(path), "rules",
				 (json_int_t)ss->rs->nrules, "devices", devices, "host", fw_json_text(host_by(ss)),
				 "memory", (json_int_t)fw_kern_memory(ss->kern), "load_seconds",
				 fw_kern_load_seconds(ss->kern)));
}

static void announce(struct session *ss, const char *path)
{
	char memory[32], title[sizeof(ss->title)];
	int len;

	if (ss->settings->json) {
		announce_json(ss, path);
		return;
	}
	len = snprintf(title, sizeof(title), "%s: %zu rule%s, %s, on", path, ss->rs->nrules, fw_plural(ss->rs->nrules),
		       ctl_bytes(memory, sizeof(memory), fw_kern_memory(ss->kern)));
	for (unsigned i = 0; i < ss->devices.n && len > 0 && (size_t)len < sizeof(title); i++)
		len += snprintf(title + len, sizeof(title) - (size_t)len, "%s %s (%s%s)", i ? "," : "",
				ss->devices.d[i].name, ss->devices.d[i].how, ss->out ? ", tc egress" : "");
	if (ss->settings->host && len > 0 && (size_t)len < sizeof(title))
		snprintf(title + len, sizeof(title) - (size_t)len, "%s the host's hooks (%s)", ss->devices.n ? "," : "",
			 host_by(ss));
	puts(fw_escape(ss->title, sizeof(ss->title), title, sizeof(title)));
	fflush(stdout);
}

/* Waits for a signal of the set until @deadline on the monotonic clock. Return: true: one arrived. */
static bool wait_for_signal(const sigset_t *set, double deadline)
{
	for (;;) {
		double left = deadline - fw_now();
		struct timespec ts;

		if (left < 0)
			left = 0;
		ts.tv_sec = (time_t)left;
		ts.tv_nsec = (long)((left - (double)ts.tv_sec) * 1e9);
		if (sigtimedwait(set, NULL, &ts) >= 0)
			return true;
		if (errno == EAGAIN)
			return false;
	}
}

/* Shows counters until a signal arrives, or standard output is closed. */
static int watch(struct session *ss, const sigset_t *stop)
{
	struct counters *c;
	double deadline = fw_now();
	int err = counters_new(ss->rs, ss->kern, ss->settings->json, &c);

	if (err) {
		ctl_print_failure(NULL, "cannot show counters", err);
		return err;
	}
	while (!ferror(stdout)) {
		deadline += ss->settings->interval;
		if (wait_for_signal(stop, deadline))
			break;
		counters_show(c, ss->title);
		devices_guard(&ss->devices, ss->kern);
		if (deadline < fw_now()) /* reading took longer than the interval */
			deadline = fw_now();
	}
	counters_total(c);
	counters_free(c);
	return ferror(stdout) ? -EIO : 0;
}

/*
 * These signals are blocked before the first attachment, so that none of them ends the process while something is attached.
 * A hangup that was ignored (nohup) stays ignored.
 */
static void block_signals(sigset_t *stop)
{
	struct sigaction hangup;

	sigemptyset(stop);
	sigaddset(stop, SIGINT);
	sigaddset(stop, SIGTERM);
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(stop, SIGHUP);
	sigprocmask(SIG_BLOCK, stop, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	struct session ss = { .settings = s };
	bool any = s->ndevs || s->host;
	sigset_t stop;
	int err;

	if (!any || (s->tc && s->xdp >= 0)) {
		ctl_error("run: %s", any ? "--tc and --xdp exclude each other" : "missing --dev DEV or --host");
		return CTL_USAGE;
	}
	block_signals(&stop);
	err = start(&ss, operands[0]);
	if (!err) {
		announce(&ss, operands[0]);
		err = watch(&ss, &stop);
	}
	session_end(&ss);
	return err ? CTL_FAILED : CTL_OK;
}

const struct ctl_command ctl_run = {
	.name = "run",
	.operands = "FILE",
	.summary = "filter on interfaces or the host's hooks, and show live counters until interrupted",
	.details =
		"Incoming packets are filtered by XDP, or by tc with --tc and where packets have no Ethernet header; outgoing\n"
		"ones by tc, if the ruleset has rules for them or a `policy out`. At tc the filter runs before other programs.\n"
		"--host filters at input, forward and output of this network namespace. While fwd filters there, a packet must\n"
		"be accepted by both. What logs packets, counts connections or adds addresses to sets needs fwd.\n"
		"SIGINT (Ctrl-C), SIGTERM and SIGHUP detach it and print the totals.\n"
		"If something cannot be attached, nothing stays attached.\n\n"
		"JSON, one object per line, each with an event:\n"
		"  attached   file, rules, devices [{dev, index, in, out}], host (link, table or null), memory\n"
		"             (bytes), load_seconds\n"
		"  interval   seconds (since the start), interval, all (sums), rules (the 10 busiest of the interval),\n"
		"             policies, active_rules (rules that ever decided on a packet)\n"
		"  total      the same at the end, with the 100 busiest rules\n"
		"  A rule has id, name, verdict and text, a policy name and verdict; both packets and bytes (since the\n"
		"  start), moved_packets and moved_bytes (in the interval).\n",
	.options = options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
