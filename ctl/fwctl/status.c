// SPDX-License-Identifier: GPL-2.0-only
/* fwctl status, attach and detach: what fwd does, and on which interfaces. */
#include "client.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

static const struct ctl_option *const attach_options[] = { &ctl_opt_mode, &ctl_opt_out, NULL };
static const struct ctl_option *const no_options[] = { NULL };

#define LLU(o, name) ((unsigned long long)ctl_field_u64(o, name))

static void print_device(const json_t *d)
{
	const char *mode = ctl_field_text(d, "mode"), *error = ctl_field_text(d, "error");
	bool out = json_is_true(json_object_get(d, "out"));

	printf("%-16s %-8s", ctl_field_text(d, "dev"), ctl_field_text(d, "state"));
	if (mode[0])
		printf(" in by %s%s", !strcmp(mode, "tc") ? "tc" : mode, !strcmp(mode, "tc") ? "" : " XDP");
	else
		printf(" wanted: %s", ctl_field_text(d, "wanted"));
	printf("%s%s%s\n", out ? ", out by tc" : "", error[0] ? ": " : "", error);
}

static int on_device(void *ctx, json_t *o)
{
	print_device(o);
	return 0;
}

static int run_attach(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_call call = { .kind = FW_REQ_ATTACH, .line = on_device };

	call.args = json_pack("{so ss ss}", "dev", ctl_json_string(operands[0]), "mode", ctl_opt_mode.words[s->mode],
			      "out", ctl_opt_out.words[s->out]);
	return ctl_request(s, &call, NULL);
}

static int run_detach(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_call call = { .kind = FW_REQ_DETACH,
				 .args = json_pack("{so}", "dev", ctl_json_string(operands[0])) };

	return ctl_request(s, &call, NULL);
}

static void row(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *what, const char *fmt, ...)
{
	va_list ap;

	printf("%-14s ", what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static const char *clock_text(uint64_t seconds, char *buf, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, size, "%F %T", &tm))
		snprintf(buf, size, "%llu", (unsigned long long)seconds);
	return buf;
}

static void print_tables(const json_t *o)
{
	const json_t *identities = json_object_get(o, "identities"), *classes = json_object_get(o, "classes");

	row("generation", "%llu", LLU(o, "generation"));
	row("rules", "%llu", LLU(o, "rules"));
	row("sets", "%llu with %llu elements", LLU(o, "sets"), LLU(o, "elements"));
	row("identities", "%llu source, %llu destination", LLU(identities, "src"), LLU(identities, "dst"));
	row("classes", "%llu source, %llu destination", LLU(classes, "src"), LLU(classes, "dst"));
	row("pairs", "%llu", LLU(o, "pairs"));
}

/* How long one of them took: "1.2 ms on average". Nothing when there was none. */
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

	row("since start", "%llu transactions%s, %llu loads%s, %llu refused", LLU(o, "transactions"),
	    mean(json_object_get(o, "transaction_seconds"), a, sizeof(a)), LLU(o, "reloads"),
	    mean(json_object_get(o, "reload_seconds"), b, sizeof(b)), LLU(o, "failures"));
	if (counters[0])
		row("counters", "%s, also while fwd does not run", counters);
	else
		row("counters", "no file of them while fwd does not run: %s", ctl_field_text(files, "error"));
}

static void print_memory(const json_t *o)
{
	const json_t *pool = json_object_get(o, "pool"), *memory = json_object_get(o, "memory"),
		     *store = json_object_get(o, "store");
	bool is_arena = !strcmp(ctl_field_text(pool, "kind"), "arena");
	char a[32], b[32];

	row("tables", "%s in %llu segments of %s, %s in use", ctl_bytes(a, sizeof(a), ctl_field_u64(pool, "bytes")),
	    LLU(pool, "segments"), is_arena ? "an arena" : "maps",
	    ctl_bytes(b, sizeof(b), ctl_field_u64(pool, "used")));
	row("memory", "%s of fwd, %s resident", ctl_bytes(a, sizeof(a), ctl_field_u64(memory, "allocated")),
	    ctl_bytes(b, sizeof(b), ctl_field_u64(memory, "resident")));
	row("store", "%s, %s, %llu changes since the last snapshot", ctl_field_text(store, "path"),
	    ctl_bytes(a, sizeof(a), ctl_field_u64(store, "bytes")), LLU(store, "changes"));
}

static void print_confirmation(const json_t *o)
{
	const json_t *rollback = json_object_get(o, "rollback");
	char at[64];

	if (ctl_field_u64(o, "confirm_by"))
		row("to confirm", "%s: by %s, else it is undone", ctl_field_text(o, "confirm_what"),
		    clock_text(ctl_field_u64(o, "confirm_by"), at, sizeof(at)));
	if (json_is_object(rollback))
		row("undone", "%s (%llu rule%s) at %s: %s; %llu rule%s came back", ctl_field_text(rollback, "what"),
		    LLU(rollback, "rules"), fw_plural(ctl_field_u64(rollback, "rules")),
		    clock_text(ctl_field_u64(rollback, "at"), at, sizeof(at)), ctl_field_text(rollback, "reason"),
		    LLU(rollback, "restored"), fw_plural(ctl_field_u64(rollback, "restored")));
}

static int on_status(void *ctx, json_t *o)
{
	const json_t *devices = json_object_get(o, "devices"), *d;
	size_t i;

	printf("fwd %s, process %llu, up %llu s, %llu clients\n", ctl_field_text(o, "version"), LLU(o, "pid"),
	       LLU(o, "uptime"), LLU(o, "clients"));
	print_tables(o);
	print_history(o);
	print_memory(o);
	print_confirmation(o);
	if (!json_array_size(devices))
		row("interfaces", "none: nothing is filtered (`fwctl attach IFACE`)");
	json_array_foreach(devices, i, d)
	{
		printf("%-14s ", i ? "" : "interfaces");
		print_device(d);
	}
	return 0;
}

static int run_status(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_call call = { .kind = FW_REQ_STATUS, .line = on_status };

	return ctl_request(s, &call, NULL);
}

#define DEVICE_JSON "JSON: {dev, index, mode, wanted, out, state (attached, missing or failed), error}"

const struct ctl_command ctl_attach = {
	.name = "attach",
	.operands = "IFACE",
	.summary = "filter on an interface from now on, also after a restart",
	.details =
		"An interface that does not exist is filtered as soon as it appears. A program of someone else on it is\n"
		"never replaced. Said again, it changes the mode.\n\n" DEVICE_JSON "; then {ok}.\n",
	.options = attach_options,
	.kinds = CTL_KIND_IFACE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_attach,
};

const struct ctl_command ctl_detach = {
	.name = "detach",
	.operands = "IFACE",
	.summary = "filter on an interface no more",
	.details = "JSON: {ok}.\n",
	.options = no_options,
	.kinds = CTL_KIND_IFACE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_detach,
};

const struct ctl_command ctl_status = {
	.name = "status",
	.operands = "",
	.summary = "what fwd holds, does and waits for",
	.details = "JSON: one object (docs/fwd.socket.md, \"The object of status\"); then {ok}.\n",
	.options = no_options,
	.run = run_status,
};
