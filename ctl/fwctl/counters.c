// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of a running ruleset. A line is what a rule or policy did: in
 * the last interval, and since the start. On a terminal the table is drawn over
 * the last one; elsewhere each interval prints the lines that moved.
 */
#include "counters.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TOP 10     /* rules of the live table */
#define TOTALS 100 /* rules of the final one */

struct line {
	struct fw_count total, moved;
	const struct fw_rule *rule; /* NULL: a policy */
	enum fw_reason reason;
};

struct counters {
	const struct fw_ruleset *rs;
	const struct fw_kern *kern;
	struct fw_count *rules; /* as last read, by index of the rule */
	struct fw_count reasons[FW_NREASONS];
	double start, last, interval; /* seconds */
	bool json, terminal;
};

/* What one reading gave: the busiest rules, best first, and the policies. */
struct reading {
	struct line top[TOTALS], policies[FW_NREASONS];
	size_t ntop, max; /* rules kept, and at most */
	size_t active;    /* rules that ever decided on a packet */
	struct line sum;  /* of all rules and policies */
};

static void add(struct fw_count *sum, struct fw_count c)
{
	sum->packets += c.packets;
	sum->bytes += c.bytes;
}

/* A new value of a counter: what it is, and how far it moved. */
static struct line step(struct fw_count *was, struct fw_count now)
{
	struct line l = {
		.total = now,
		.moved = { now.packets - was->packets, now.bytes - was->bytes },
	};

	*was = now;
	return l;
}

static bool busier(const struct line *a, const struct line *b)
{
	if (a->moved.packets != b->moved.packets)
		return a->moved.packets > b->moved.packets;
	return a->total.packets > b->total.packets;
}

/* Keeps the @max busiest lines sorted; rules of equal traffic stay in the ruleset's order. */
static void keep(struct reading *r, const struct line *l)
{
	size_t i = r->ntop;

	if (i == r->max && !busier(l, &r->top[i - 1]))
		return;
	if (i < r->max)
		r->ntop++;
	else
		i--;
	for (; i && busier(l, &r->top[i - 1]); i--)
		r->top[i] = r->top[i - 1];
	r->top[i] = *l;
}

static void read_all(struct counters *c, struct reading *r, size_t max)
{
	double now = fw_now();

	*r = (struct reading){ .max = max };
	for (size_t i = 0; i < c->rs->nrules; i++) {
		struct line l = step(&c->rules[i], fw_kern_rule_count(c->kern, c->rs->rules[i]->slot));

		l.rule = c->rs->rules[i];
		if (!l.total.packets)
			continue;
		r->active++;
		add(&r->sum.total, l.total);
		add(&r->sum.moved, l.moved);
		keep(r, &l);
	}
	for (unsigned i = 0; i < FW_NREASONS; i++) {
		r->policies[i] = step(&c->reasons[i], fw_kern_reason_count(c->kern, (enum fw_reason)i));
		r->policies[i].reason = (enum fw_reason)i;
		add(&r->sum.total, r->policies[i].total);
		add(&r->sum.moved, r->policies[i].moved);
	}
	c->interval = now - c->last;
	c->last = now;
}

static json_t *json_counts(const struct line *l)
{
	return json_pack("{sI sI sI sI}", "packets", (json_int_t)l->total.packets, "bytes", (json_int_t)l->total.bytes,
			 "moved_packets", (json_int_t)l->moved.packets, "moved_bytes", (json_int_t)l->moved.bytes);
}

static json_t *json_rules(const struct counters *c, const struct reading *r)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < r->ntop; i++) {
		json_t *o = ctl_json_rule(c->rs, r->top[i].rule);

		json_object_update_new(o, json_counts(&r->top[i]));
		json_array_append_new(rules, o);
	}
	return rules;
}

static json_t *json_policies(const struct counters *c, const struct reading *r)
{
	json_t *policies = json_array();

	for (unsigned i = 0; i < FW_NREASONS; i++) {
		json_t *o = json_pack("{ss ss}", "name", fw_reason_info[i].name, "verdict",
				      ctl_verdict_name(c->rs->policy[i]));

		json_object_update_new(o, json_counts(&r->policies[i]));
		json_array_append_new(policies, o);
	}
	return policies;
}

static void show_json(const struct counters *c, const struct reading *r, const char *event)
{
	ctl_json_print(json_pack("{ss sf sf so so so sI}", "event", event, "seconds", c->last - c->start, "interval",
				 c->interval, "all", json_counts(&r->sum), "rules", json_rules(c, r), "policies",
				 json_policies(c, r), "active_rules", (json_int_t)r->active));
}

/* What decided, cut to what is left of the terminal's line. */
static void print_who(const struct counters *c, const struct line *l, int width)
{
	fw_cleanup(ctl_buf_clear) struct fw_buf b = { 0 };

	if (l->rule)
		fw_text_print_rule(&b, c->rs, l->rule);
	else
		fw_buf_printf(&b, "policy %s %s", fw_reason_info[l->reason].name,
			      ctl_verdict_name(c->rs->policy[l->reason]));
	printf("%.*s\n", width, b.text ? b.text : "");
}

static void print_line(const struct counters *c, const struct line *l, int width)
{
	double seconds = c->interval > 0 ? c->interval : 1;
	char bytes[32];

	printf("%10.0f %10.3f %12llu %11s  ", (double)l->moved.packets / seconds,
	       (double)l->moved.bytes * 8e-6 / seconds, (unsigned long long)l->total.packets,
	       ctl_bytes(bytes, sizeof(bytes), l->total.bytes));
	print_who(c, l, width);
}

static int terminal_width(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || w.ws_col < 60)
		return 80;
	return w.ws_col;
}

static void show_table(const struct counters *c, const struct reading *r, const char *title)
{
	enum { LEFT = 48 }; /* columns before the rule */
	int width = terminal_width(), left = width > LEFT ? width - LEFT : 1;

	printf("\033[H\033[J%.*s\n%.0f s, %llu packets; stop with Ctrl-C\n\n", width, title, c->last - c->start,
	       (unsigned long long)r->sum.total.packets);
	printf("%10s %10s %12s %11s  %s\n", "packets/s", "Mbit/s", "packets", "bytes", "decided by");
	for (size_t i = 0; i < r->ntop; i++)
		print_line(c, &r->top[i], left);
	if (r->active > r->ntop)
		printf("%46s  and %zu more rules\n", "", r->active - r->ntop);
	for (unsigned i = 0; i < FW_NREASONS; i++)
		if (r->policies[i].total.packets || i < FW_NHOOKS)
			print_line(c, &r->policies[i], left);
}

static void print_moved(const struct counters *c, const struct line *l)
{
	if (!l->moved.packets)
		return;
	printf("%8.1f s  +%llu packets +%llu bytes  ", c->last - c->start, (unsigned long long)l->moved.packets,
	       (unsigned long long)l->moved.bytes);
	print_who(c, l, -1);
}

static void show_lines(const struct counters *c, const struct reading *r)
{
	for (size_t i = 0; i < r->ntop; i++)
		print_moved(c, &r->top[i]);
	for (unsigned i = 0; i < FW_NREASONS; i++)
		print_moved(c, &r->policies[i]);
}

void counters_show(struct counters *c, const char *title)
{
	struct reading r;

	read_all(c, &r, TOP);
	if (c->json)
		show_json(c, &r, "interval");
	else if (c->terminal)
		show_table(c, &r, title);
	else
		show_lines(c, &r);
	fflush(stdout);
}

static void print_total(const struct counters *c, const struct line *l)
{
	char bytes[32];

	if (!l->total.packets)
		return;
	printf("%12llu %11s  ", (unsigned long long)l->total.packets, ctl_bytes(bytes, sizeof(bytes), l->total.bytes));
	print_who(c, l, -1);
}

void counters_total(struct counters *c)
{
	struct reading r;

	for (size_t i = 0; i < c->rs->nrules; i++)
		c->rules[i] = (struct fw_count){ 0, 0 };
	memset(c->reasons, 0, sizeof(c->reasons));
	c->last = c->start;
	read_all(c, &r, TOTALS);
	if (c->json) {
		show_json(c, &r, "total");
		return;
	}
	printf("\ntotal of %.1f s\n%12s %11s  %s\n", c->interval, "packets", "bytes", "decided by");
	for (size_t i = 0; i < r.ntop; i++)
		print_total(c, &r.top[i]);
	if (r.active > r.ntop)
		printf("%26sand %zu more rules\n", "", r.active - r.ntop);
	for (unsigned i = 0; i < FW_NREASONS; i++)
		print_total(c, &r.policies[i]);
	fflush(stdout);
}

int counters_new(const struct fw_ruleset *rs, const struct fw_kern *k, bool json, struct counters **out)
{
	struct counters *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->rules = calloc(rs->nrules + 1, sizeof(*c->rules));
	if (!c->rules) {
		free(c);
		return -ENOMEM;
	}
	c->rs = rs;
	c->kern = k;
	c->json = json;
	c->terminal = isatty(STDOUT_FILENO);
	c->start = c->last = fw_now();
	*out = c;
	return 0;
}

void counters_free(struct counters *c)
{
	if (!c)
		return;
	free(c->rules);
	free(c);
}
