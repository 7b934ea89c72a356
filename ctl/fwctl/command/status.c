// SPDX-License-Identifier: GPL-2.0-only
/* fwctl status: what fwd holds, does and waits for. */
#include "fleet_status.h"
#include "interface.h"
#include "pinned.h"
#include "rows.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/request.h"

#include "fw/cost.h"

#include <string.h>

static const struct ctl_option *const status_options[] = { &ctl_opt_pins, &ctl_opt_agent, NULL };

#define ROW(...) ctl_print_row(0, 14, __VA_ARGS__)
#define LLU(o, name) ((unsigned long long)ctl_field_u64(o, name))

static void print_tables(const json_t *o)
{
	const json_t *identities = json_object_get(o, "identities"), *classes = json_object_get(o, "classes"),
		     *worst = json_object_get(o, "worst_packet");
	char time[32];

	ROW("generation", "%llu", LLU(o, "generation"));
	ROW("rules", "%llu", LLU(o, "rules"));
	ROW("sets", "%llu with %llu element%s", LLU(o, "sets"), LLU(o, "elements"), fw_plural(LLU(o, "elements")));
	ROW("identities", "%llu source, %llu destination", LLU(identities, "src"), LLU(identities, "dst"));
	ROW("classes", "%llu source, %llu destination", LLU(classes, "src"), LLU(classes, "dst"));
	ROW("pairs", "%llu", LLU(o, "pairs"));
	if (worst)
		ROW("worst packet", "at most %s%s", fw_cost_text(ctl_field_real(worst, "seconds"), time, sizeof(time)),
		    json_is_true(json_object_get(o, "worst_packet_is_old")) ? " before the last changes" : "");
}

/* The mean of a histogram: " (1.20 ms on average)"; "" when it is empty. Return: @buf. */
static const char *mean(const json_t *histogram, char *buf, size_t size)
{
	double n = (double)ctl_field_u64(histogram, "count");
	double each = n > 0 ? json_number_value(json_object_get(histogram, "sum")) / n : 0;

	buf[0] = '\0';
	if (n > 0)
		snprintf(buf, size, each < 1 ? " (%.2f ms on average)" : " (%.2f s on average)",
			 each < 1 ? each * 1000 : each);
	return buf;
}

static void print_history(const json_t *o)
{
	const json_t *files = json_object_get(o, "files");
	const char *counters = ctl_field_text(files, "counters");
	char a[48], b[48];

	ROW("since start", "%llu transaction%s%s, %llu load%s%s, %llu refused", LLU(o, "transactions"),
	    fw_plural(LLU(o, "transactions")), mean(json_object_get(o, "transaction_seconds"), a, sizeof(a)),
	    LLU(o, "reloads"), fw_plural(LLU(o, "reloads")), mean(json_object_get(o, "reload_seconds"), b, sizeof(b)),
	    LLU(o, "failures"));
	if (counters[0])
		ROW("counters", "as text in %s", counters);
	else
		ROW("counters", "not as text: %s", ctl_field_text(files, "error"));
}

static unsigned long long connections(const json_t *shares, const char *rank)
{
	return LLU(json_object_get(shares, rank), "connections");
}

static void print_clients(const json_t *o)
{
	const json_t *shares = json_object_get(o, "shares"), *away = json_object_get(o, "turned_away"), *n;
	unsigned long long turned_away = 0;
	const char *kind;

	json_object_foreach((json_t *)away, kind, n) turned_away += (unsigned long long)json_integer_value(n);
	ROW("clients", "%llu root, %llu admin, %llu reader, of %llu each; %llu turned away",
	    connections(shares, "root"), connections(shares, "admin"), connections(shares, "reader"),
	    LLU(json_object_get(shares, "root"), "connections_max"), turned_away);
}

static void print_memory(const json_t *o)
{
	const json_t *pool = json_object_get(o, "pool"), *memory = json_object_get(o, "memory"),
		     *store = json_object_get(o, "store");
	bool is_arena = !strcmp(ctl_field_text(pool, "kind"), "arena");
	char a[32], b[32];

	ROW("tables", "%s in %llu segments of %s, %s in use", ctl_bytes(a, sizeof(a), ctl_field_u64(pool, "bytes")),
	    LLU(pool, "segments"), is_arena ? "an arena" : "maps",
	    ctl_bytes(b, sizeof(b), ctl_field_u64(pool, "used")));
	ROW("memory", "%s of fwd, %s resident", ctl_bytes(a, sizeof(a), ctl_field_u64(memory, "allocated")),
	    ctl_bytes(b, sizeof(b), ctl_field_u64(memory, "resident")));
	ROW("store", "%s, %s, %llu change%s since the last snapshot", ctl_field_text(store, "path"),
	    ctl_bytes(a, sizeof(a), ctl_field_u64(store, "bytes")), LLU(store, "changes"),
	    fw_plural(LLU(store, "changes")));
	if (ctl_field_text(store, "error")[0])
		ROW("", "CHANGES CANNOT BE KEPT: %s", ctl_field_text(store, "error"));
	if (ctl_field_text(store, "hint")[0])
		ROW("", "hint: %s", ctl_field_text(store, "hint"));
}

/* From this percentage on, a limit is pointed out. */
#define NEARLY 80

static void print_limits(const json_t *o)
{
	const json_t *limits = json_object_get(o, "limits"), *l;
	size_t i;

	json_array_foreach(limits, i, l)
	{
		double share = 100.0 * (double)ctl_field_u64(l, "used") / (double)ctl_field_u64(l, "max");
		char what[64];

		snprintf(what, sizeof(what), "%s", ctl_field_text(l, "what"));
		for (char *blank = what; (blank = strchr(blank, '_')) != NULL;)
			*blank = ' ';
		ROW(i ? "" : "limits", "%llu of %llu %s%s", LLU(l, "used"), LLU(l, "max"), what,
		    share >= NEARLY ? ": NEARLY USED UP" : "");
	}
}

/* From this percentage on, the table of connections is pointed out. */
#define NEARLY_FULL 90

static void print_conntrack(const json_t *o)
{
	const json_t *c = json_object_get(o, "conntrack");
	uint64_t entries = ctl_field_u64(c, "entries"), max = ctl_field_u64(c, "max");

	if (!json_is_object(c))
		return;
	if (!max)
		ROW("connections", "tracked; the kernel does not tell how many");
	else
		ROW("connections", "%llu of %llu tracked%s; %llu gave way, %llu packets dropped, %llu not inserted",
		    LLU(c, "entries"), LLU(c, "max"),
		    entries * 100 >= max * NEARLY_FULL ? ": NEARLY FULL (net.netfilter.nf_conntrack_max)" : "",
		    LLU(c, "early_drops"), LLU(c, "drops"), LLU(c, "insert_failures"));
	if (LLU(c, "restored"))
		ROW("", "others have deleted the table fwd_track of nftables %llu time%s: it is back",
		    LLU(c, "restored"), fw_plural(LLU(c, "restored")));
	if (ctl_field_text(c, "error")[0])
		ROW("", "TRACKING ENDS WITH FWD: the table fwd_track of nftables cannot be put back: %s",
		    ctl_field_text(c, "error"));
}

static void print_replies(const json_t *o)
{
	const json_t *r = json_object_get(o, "replies");

	if (LLU(r, "sent") || LLU(r, "limited") || LLU(r, "silent"))
		ROW("rejected", "%llu answered at XDP and tc, %llu beyond the rate of %llu/s, %llu without reply",
		    LLU(r, "sent"), LLU(r, "limited"), LLU(r, "rate"), LLU(r, "silent"));
}

/* The longest time that fwd was busy with one thing, and what that was. */
static void print_loop(const json_t *o)
{
	const json_t *loop = json_object_get(o, "loop"), *longest = json_object_get(loop, "longest"),
		     *recent = json_object_get(loop, "recent");

	ROW("longest step", "%.1f ms (%s), in the last ten minutes %.1f ms (%s)",
	    json_number_value(json_object_get(longest, "seconds")) * 1000, ctl_field_text(longest, "what"),
	    json_number_value(json_object_get(recent, "seconds")) * 1000, ctl_field_text(recent, "what"));
}

static void print_log(const json_t *o)
{
	const json_t *log = json_object_get(o, "log");

	ROW("log", "%llu packet%s, %llu more above the rates of their rules, %llu lost%s", LLU(log, "packets"),
	    fw_plural(LLU(log, "packets")), LLU(log, "limited"), LLU(log, "lost"),
	    LLU(log, "lost") ? ": MORE THAN FWD CAN READ" : "");
	if (LLU(log, "additions_lost"))
		ROW("", "%llu ADDITIONS TO SETS WERE LOST, of %llu", LLU(log, "additions_lost"),
		    LLU(log, "additions") + LLU(log, "additions_lost"));
}

/* What packets did to sets, if they did anything, and what was left undone. */
static void print_additions(const json_t *o)
{
	const json_t *a = json_object_get(o, "additions");
	unsigned long long added = LLU(a, "added"), prolonged = LLU(a, "prolonged"), full = LLU(a, "full"),
			   lost = LLU(a, "dropped") + LLU(a, "failed");

	if (added || prolonged || full || lost)
		ROW("added by packets", "%llu element%s, %llu prolonged", added, fw_plural(added), prolonged);
	if (full)
		ROW("", "%llu NOT ADDED: the set has its size", full);
	if (lost)
		ROW("", "%llu NOT ADDED: more than fwd can store", lost);
}

static void print_confirmation(const json_t *o)
{
	const json_t *rollback = json_object_get(o, "rollback");
	char at[64];

	if (ctl_field_u64(o, "confirm_by"))
		ROW("to confirm", "%s: by %s, or it is undone", ctl_field_text(o, "confirm_what"),
		    ctl_time(at, sizeof(at), ctl_field_u64(o, "confirm_by")));
	if (!json_is_object(rollback))
		return;
	ctl_time(at, sizeof(at), ctl_field_u64(rollback, "at"));
	if (json_is_null(json_object_get(rollback, "rules")))
		ROW("undone", "%s at %s: %s", ctl_field_text(rollback, "what"), at, ctl_field_text(rollback, "reason"));
	else
		ROW("undone", "%s (%llu rule%s) at %s: %s; %llu rule%s came back", ctl_field_text(rollback, "what"),
		    LLU(rollback, "rules"), fw_plural(ctl_field_u64(rollback, "rules")), at,
		    ctl_field_text(rollback, "reason"), LLU(rollback, "restored"),
		    fw_plural(ctl_field_u64(rollback, "restored")));
}

static void print_pins(const json_t *o)
{
	const json_t *pins = json_object_get(o, "pins");

	if (json_is_true(json_object_get(pins, "private")))
		ROW("pins", "%s, in a private mount namespace: filtering ends with its last process",
		    ctl_field_text(pins, "path"));
}

/* Interfaces in other network namespaces that the pinned links still filter. */
static void print_away(const json_t *o)
{
	const json_t *away = json_object_get(o, "away"), *a;
	size_t i;

	json_array_foreach(away, i, a)
	{
		const char *dev = ctl_field_text(a, "dev");

		char where[64] = "the host";

		if (LLU(a, "index"))
			snprintf(where, sizeof(where), "interface %llu", LLU(a, "index"));
		printf("%-14s %s of %s in another network namespace, %s%s%s\n", i ? "" : "elsewhere",
		       ctl_field_text(a, "hook"), where, dev[0] ? "`fwctl detach " : "`fwd --detach", dev, "` ends it");
	}
}

static void print_rules_file(const json_t *o)
{
	const json_t *f = json_object_get(o, "rules_file"), *differs = json_object_get(f, "differs");
	const char *why = ctl_field_text(f, "why"), *path = ctl_field_text(f, "path");
	bool since = json_is_true(json_object_get(f, "changed_since"));

	if (!json_is_object(f))
		return;
	if (json_is_null(differs))
		ROW("rules file", "%s: not compared%s%s", path, why[0] ? ": " : " yet", why);
	else if (json_is_true(differs))
		ROW("rules file", "%s differs%s (`fwctl load --diff --check` shows how)", path,
		    since ? ", and changes were made since" : "");
	else
		ROW("rules file", "%s: %s", path,
		    since ? "same as the live ruleset before later changes" : "same as the live ruleset");
}

/* Prints the object of the status as a table; with --json it was printed, and only what it lacks is added. */
static int on_status(void *ctx, json_t *o)
{
	const struct ctl_settings *s = ctx;
	const json_t *devices = json_object_get(o, "devices"), *d;
	bool host = strcmp(ctl_field_text(json_object_get(o, "host"), "state"), "off") != 0;
	size_t i;

	if (s->json) {
		ctl_fleet_status(s);
		return 0;
	}
	printf("fwd %s, process %llu, up %llu s, %llu client%s\n", ctl_field_text(o, "version"), LLU(o, "pid"),
	       LLU(o, "uptime"), LLU(o, "clients"), fw_plural(LLU(o, "clients")));
	print_tables(o);
	print_history(o);
	print_clients(o);
	print_memory(o);
	print_limits(o);
	print_conntrack(o);
	print_replies(o);
	print_loop(o);
	print_log(o);
	print_additions(o);
	print_rules_file(o);
	if (ctl_field_text(o, "owner")[0])
		ROW("owner", "the user %s alone loads and changes the ruleset", ctl_field_text(o, "owner"));
	print_confirmation(o);
	ctl_fleet_status(s);
	if (!json_array_size(devices) && !host)
		ROW("interfaces", "none: nothing is filtered (`fwctl attach IFACE`, `fwctl attach --host`)");
	json_array_foreach(devices, i, d)
	{
		printf("%-14s ", i ? "" : "interfaces");
		ctl_print_interface(d);
	}
	if (host) {
		printf("%-14s ", "hooks");
		ctl_print_host(json_object_get(o, "host"));
		if (ctl_field_u64(json_object_get(o, "host"), "restored"))
			ROW("", "the table fwd_host was deleted by others %llu time%s, and is back",
			    LLU(json_object_get(o, "host"), "restored"),
			    fw_plural(LLU(json_object_get(o, "host"), "restored")));
	}
	if (ctl_field_text(json_object_get(o, "host"), "warning")[0])
		ROW("hooks", "%s", ctl_field_text(json_object_get(o, "host"), "warning"));
	print_away(o);
	print_pins(o);
	return 0;
}

static int run_status(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_STATUS, .line = on_status, .raw_too = true, .ctx = (void *)s };
	int code = ctl_request_run(s, &request, NULL);

	if (code != CTL_NO_DAEMON)
		return code;
	ctl_fleet_status(s);
	return ctl_pinned_status(s);
}

const struct ctl_command ctl_status = {
	.name = "status",
	.operands = "",
	.summary = "show what fwd holds, does and waits for",
	.details =
		"While fwd is not running, it shows the state in the kernel, read from fwd's pins; the exit code is 3 then.\n\n"
		"On a host of a fleet it tells what fw-agent does, unless that has stopped writing its status.\n\n"
		"JSON: one object (docs/fwd.socket.md, \"The object of status\"), on a host of a fleet {fleet {status (as fw-agent\n"
		"wrote it; null: not to be believed), age (seconds), why (of null)}}; then {ok}. While fwd is not running: {fleet};\n"
		"{running (false), generation, rules, counted {packets, bytes}, devices (null: only root sees them)}; then {ok, error}.\n",
	.options = status_options,
	.run = run_status,
};
