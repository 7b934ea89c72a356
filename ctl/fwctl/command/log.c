// SPDX-License-Identifier: GPL-2.0-only
/* fwctl log: packets that rules and policies have logged, as text, JSON or a capture. */
#include "log_capture.h"
#include "rows.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/line.h"
#include "ctl/fwctl/request/request.h"

#include <string.h>
#include <unistd.h>

#define AGAIN 1 /* seconds between attempts to reach fwd */

static const struct ctl_option *const options[] = { &ctl_opt_follow, &ctl_opt_rule, &ctl_opt_limit, &ctl_opt_capture,
						    NULL };

struct reading {
	const struct ctl_settings *settings;
	const char *query;
	struct log_capture *capture; /* NULL: text or JSON */
	uint64_t last;               /* number of the last entry; 0: none yet */
	bool reached;                /* there was an answer, or a wait for one: what comes is to be complete */
};

#define LLU(o, name) ((unsigned long long)ctl_field_u64(o, name))

/* "eth0", "eth0>eth1", ">eth1" */
static void put_interfaces(char *buf, size_t size, const json_t *o)
{
	const char *in = ctl_field_text(o, "in"), *out = ctl_field_text(o, "out");

	snprintf(buf, size, "%s%s%s", in[0] || out[0] ? in : "-", out[0] ? ">" : "", out);
}

static void put_rule(char *buf, size_t size, const json_t *o)
{
	const char *policy = ctl_field_text(o, "policy"), *name = ctl_field_text(o, "name");

	if (policy[0])
		snprintf(buf, size, "policy %s", policy);
	else if (ctl_field_u64(o, "rule"))
		snprintf(buf, size, "rule %llu%s%s", LLU(o, "rule"), name[0] ? " " : "", name);
	else
		snprintf(buf, size, "rule gone");
}

static void print_packet(const json_t *o)
{
	double time = ctl_field_real(o, "time");
	char when[32], interfaces[40], rule[100];
	const char *prefix = ctl_field_text(o, "prefix");
	unsigned ms = (unsigned)((time - (double)(uint64_t)time) * 1000);

	put_interfaces(interfaces, sizeof(interfaces), o);
	put_rule(rule, sizeof(rule), o);
	printf("%s.%03u  %-8s %-11s %-12s %-16s  %s%s%s\n", ctl_time(when, sizeof(when), (uint64_t)time), ms,
	       ctl_field_text(o, "verdict"), ctl_field_text(o, "hook"), interfaces, rule, prefix,
	       prefix[0] && prefix[strlen(prefix) - 1] != ' ' ? " " : "", ctl_field_text(o, "packet"));
}

/* What is missing, on lines that begin with #. */
static void print_losses(FILE *f, const json_t *o)
{
	static const struct {
		const char *field, *one, *many;
	} kinds[] = {
		{ "lost", "packet was lost: the ring was full", "packets were lost: the ring was full" },
		{ "limited", "packet was not logged: it was above the rate of its rule",
		  "packets were not logged: they were above the rate of their rule" },
		{ "additions_lost", "addition to a set was lost: the ring was full",
		  "additions to sets were lost: the ring was full" },
		{ "missed", "entry was missed: it was not read in time",
		  "entries were missed: they were not read in time" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		unsigned long long n = LLU(o, kinds[i].field);

		if (n)
			fprintf(f, "# %llu %s\n", n, n == 1 ? kinds[i].one : kinds[i].many);
	}
}

static int take(void *ctx, json_t *o)
{
	struct reading *r = ctx;
	bool packet = json_object_get(o, "packet") != NULL;

	if (json_object_get(o, "number"))
		r->last = ctl_field_u64(o, "number");
	if (r->settings->json)
		return fflush(stdout) ? -EIO : 0;
	if (r->capture && packet)
		return log_capture_add(r->capture, o);
	if (packet)
		print_packet(o);
	else
		print_losses(r->capture ? stderr : stdout, o);
	return fflush(stdout) ? -EIO : 0;
}

static json_t *args_of(const struct reading *r)
{
	const struct ctl_settings *s = r->settings;
	json_t *args = json_pack("{sb sb}", "follow", s->follow, "bytes", r->capture != NULL);

	if (r->query)
		json_object_set_new(args, "filter", ctl_json_text(r->query));
	if (s->rule)
		json_object_set_new(args, "rule", fw_json_text(s->rule));
	if (r->reached)
		json_object_set_new(args, "after", ctl_json_u64(r->last));
	else if (s->limit)
		json_object_set_new(args, "limit", ctl_json_u64(s->limit));
	return args;
}

/* One request. @lost: fwd ended meanwhile. */
static enum ctl_exit ask(struct reading *r, struct fw_client *c, bool *lost)
{
	const struct ctl_source source = { .text = r->query, .len = r->query ? strlen(r->query) : 0 };
	struct ctl_request request = {
		.kind = FW_REQ_LOG,
		.args = args_of(r),
		.sources = r->query ? &source : NULL,
		.raw = r->settings->json,
		.raw_too = true,
		.patient = r->settings->follow,
		.line = take,
		.ctx = r,
	};
	enum ctl_exit code = ctl_request_send(c, &request, NULL);

	*lost = request.lost;
	return code;
}

static void say_event(const struct reading *r, const char *event, const char *text)
{
	if (r->settings->json)
		ctl_json_print(json_pack("{ss}", "event", event));
	else
		fprintf(r->capture ? stderr : stdout, "# %s\n", text);
	fflush(stdout);
}

/* fwd was restarted, or will be: what is logged meanwhile waits in the kernel. */
static void wait_for_fwd(struct reading *r, struct fw_client **c)
{
	fw_client_close(fw_take(*c));
	say_event(r, "away", "fwd is not running; filtering continues: waiting for it");
	do
		sleep(AGAIN);
	while (ctl_connect_try(r->settings, c));
	say_event(r, "back", "fwd is running again");
	r->reached = true;
}

static enum ctl_exit read_log(struct reading *r)
{
	fw_cleanup(fw_client_closep) struct fw_client *c = NULL;
	enum ctl_exit code = ctl_connect(r->settings, &c);
	bool lost = false;

	if (code != CTL_OK)
		return code;
	code = ask(r, c, &lost);
	while (code != CTL_OK && lost && r->settings->follow) {
		wait_for_fwd(r, &c);
		code = ask(r, c, &lost);
	}
	return code;
}

static enum ctl_exit capture(struct reading *r, const char *path)
{
	fw_cleanup(log_capture_close) struct log_capture c = { .file.at.folder = -1 };
	enum ctl_exit code;

	if (log_capture_open(&c, path))
		return CTL_FAILED;
	r->capture = &c;
	code = read_log(r);
	r->capture = NULL;
	if (code == CTL_OK && log_capture_commit(&c))
		code = CTL_FAILED;
	if (code == CTL_OK)
		fprintf(stderr, "%llu packet%s\n", (unsigned long long)c.packets, fw_plural(c.packets));
	return code;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(fw_buf_free) struct fw_buf query = { 0 };
	struct reading r = { .settings = s };

	if (ctl_line_join("", n, operands, &query))
		return CTL_USAGE;
	if (s->capture && s->json) {
		ctl_error("log: a capture is not JSON: give --pcap or --json");
		return CTL_USAGE;
	}
	r.query = query.len ? query.text : NULL;
	return s->capture ? capture(&r, s->capture) : read_log(&r);
}

const struct ctl_command ctl_log = {
	.name = "log",
	.operands = "[MATCH...]",
	.summary = "show packets that rules and policies have logged",
	.details =
		"fwd keeps the latest 4096 of those for which a rule or policy says `log`; oldest first here. MATCH: only such\n"
		"packets, such as `fwctl log from 10.0.0.0/8 proto tcp drop`. With --follow, packets as they come, after the\n"
		"latest N if --limit is given; when fwd is restarted, it says so and continues. Lines that begin with # tell\n"
		"how many packets are missing, and why. Root and the admin group may read the log.\n\n"
		"With --pcap the first 128 bytes of each packet are written as pcapng, with interfaces, and with verdict, hook and\n"
		"rule as comment; packets without an Ethernet header get one of zeros. FILE is replaced when the first packet\n"
		"is written; -: standard output.\n\n"
		"JSON: packet {number, time (seconds since 1970), rule (id, or null), name, policy (or null), prefix, level, hook,\n"
		"verdict, in, in_index, out, out_index (interfaces), length (bytes of the frame), packet (as text)}, what is\n"
		"missing {number, time, lost, limited, additions_lost}, {missed}, with --follow {event (\"away\" or \"back\": fwd\n"
		"ended, or runs again)}; at last {ok, count}.\n",
	.options = options,
	.kinds = CTL_KIND_MATCH,
	.max_operands = -1,
	.run = run,
};
