// SPDX-License-Identifier: GPL-2.0-only
/*
 * The three outputs of counters. On a terminal a table is drawn over the last one, with what rules and policies did in the
 * last interval and in all; elsewhere each interval prints the lines that moved; JSON is one object per interval.
 */
#include "counter_view.h"
#include "json.h"
#include "message.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TOP 10  /* rules of an interval that is not a table */
#define ROWS 12 /* of the terminal that are not rules */

struct counter_line counter_step(struct fw_count *was, struct fw_count now)
{
	struct counter_line l = { .total = now };

	if (now.packets < was->packets)
		*was = (struct fw_count){ 0, 0 };
	l.moved = (struct fw_count){ now.packets - was->packets, now.bytes - was->bytes };
	*was = now;
	return l;
}

static bool busier(const struct counter_line *a, const struct counter_line *b)
{
	if (a->moved.packets != b->moved.packets)
		return a->moved.packets > b->moved.packets;
	return a->total.packets > b->total.packets;
}

/* Keeps the busiest lines sorted; rules of equal traffic stay in the ruleset's order. */
static void keep(struct counter_view *v, const struct counter_line *l)
{
	size_t i = v->ntop;

	if (i == v->max && !busier(l, &v->top[i - 1]))
		return;
	if (i < v->max)
		v->ntop++;
	else
		i--;
	for (; i && busier(l, &v->top[i - 1]); i--)
		v->top[i] = v->top[i - 1];
	v->top[i] = *l;
}

void counter_view_begin(struct counter_view *v, size_t max)
{
	double now = fw_now();

	v->ntop = v->active = v->npolicies = 0;
	v->max = max < COUNTER_VIEW_TOP ? max : COUNTER_VIEW_TOP;
	v->sum = (struct counter_line){ 0 };
	v->interval = now - v->last;
	v->last = now;
}

static void add_line(struct counter_view *v, const struct counter_line *l)
{
	fw_count_add(&v->sum.total, l->total);
	fw_count_add(&v->sum.moved, l->moved);
}

void counter_view_rule(struct counter_view *v, const struct counter_line *l)
{
	if (!l->total.packets)
		return;
	v->active++;
	add_line(v, l);
	keep(v, l);
}

void counter_view_policy(struct counter_view *v, const struct counter_line *l)
{
	if (v->npolicies == sizeof(v->policies) / sizeof(v->policies[0]))
		return;
	v->policies[v->npolicies++] = *l;
	add_line(v, l);
}

static json_t *json_counts(const struct counter_line *l)
{
	return json_pack("{sI sI sI sI}", "packets", (json_int_t)l->total.packets, "bytes", (json_int_t)l->total.bytes,
			 "moved_packets", (json_int_t)l->moved.packets, "moved_bytes", (json_int_t)l->moved.bytes);
}

static json_t *json_rules(const struct counter_view *v)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < v->ntop; i++) {
		json_t *o = v->source.rule_json(v->source.ctx, &v->top[i]);

		json_object_update_new(o, json_counts(&v->top[i]));
		json_array_append_new(rules, o);
	}
	return rules;
}

static json_t *json_policies(const struct counter_view *v)
{
	json_t *policies = json_array();

	for (size_t i = 0; i < v->npolicies; i++) {
		json_t *o = json_pack("{ss ss}", "name", fw_reason_info[v->policies[i].reason].name, "verdict",
				      fw_verdict_name(v->policies[i].verdict));

		json_object_update_new(o, json_counts(&v->policies[i]));
		json_array_append_new(policies, o);
	}
	return policies;
}

static void print_json(const struct counter_view *v, const char *event)
{
	ctl_json_print(json_pack("{ss sf sf so so so sI}", "event", event, "seconds", v->last - v->start, "interval",
				 v->interval, "all", json_counts(&v->sum), "rules", json_rules(v), "policies",
				 json_policies(v), "active_rules", (json_int_t)v->active));
}

static void show_json(const struct counter_view *v, const char *title)
{
	print_json(v, "interval");
}

static void total_json(const struct counter_view *v)
{
	print_json(v, "total");
}

/* The rule or policy, cut to @width columns; -1: not cut. */
static void print_name(const struct counter_view *v, const struct counter_line *l, int width)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	if (l->rule)
		v->source.rule_text(v->source.ctx, l, &b);
	else
		fw_buf_printf(&b, "policy %s %s", fw_reason_info[l->reason].name, fw_verdict_name(l->verdict));
	printf("%.*s\n", (int)fw_utf8_cut(b.text ? b.text : "", b.len, (size_t)width), b.text ? b.text : "");
}

static void print_line(const struct counter_view *v, const struct counter_line *l, int width)
{
	double seconds = v->interval > 0 ? v->interval : 1;
	char bytes[32];

	printf("%10.0f %10.3f %12llu %11s  ", (double)l->moved.packets / seconds,
	       (double)l->moved.bytes * 8e-6 / seconds, (unsigned long long)l->total.packets,
	       ctl_bytes(bytes, sizeof(bytes), l->total.bytes));
	print_name(v, l, width);
}

static int terminal_width(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || w.ws_col < 60)
		return 80;
	return w.ws_col;
}

static void show_table(const struct counter_view *v, const char *title)
{
	enum { LEFT = 48 }; /* columns before the rule */
	int width = terminal_width(), left = width > LEFT ? width - LEFT : 1;

	printf("\033[H\033[J%.*s\n%.0f s, %llu packet%s; stop with Ctrl-C\n\n",
	       (int)fw_utf8_cut(title, strlen(title), (size_t)width), title, v->last - v->start,
	       (unsigned long long)v->sum.total.packets, fw_plural(v->sum.total.packets));
	printf("%10s %10s %12s %11s  %s\n", "packets/s", "Mbit/s", "packets", "bytes", "decided by");
	for (size_t i = 0; i < v->ntop; i++)
		print_line(v, &v->top[i], left);
	if (v->active > v->ntop)
		printf("%46s  and %zu more rule%s\n", "", v->active - v->ntop, fw_plural(v->active - v->ntop));
	for (size_t i = 0; i < v->npolicies; i++)
		if (v->policies[i].total.packets || (unsigned)v->policies[i].reason < FW_NHOOKS)
			print_line(v, &v->policies[i], left);
}

static void print_moved(const struct counter_view *v, const struct counter_line *l)
{
	if (!l->moved.packets)
		return;
	printf("%8.1f s  +%llu packet%s +%llu byte%s  ", v->last - v->start, (unsigned long long)l->moved.packets,
	       fw_plural(l->moved.packets), (unsigned long long)l->moved.bytes, fw_plural(l->moved.bytes));
	print_name(v, l, -1);
}

static void show_lines(const struct counter_view *v, const char *title)
{
	for (size_t i = 0; i < v->ntop; i++)
		print_moved(v, &v->top[i]);
	for (size_t i = 0; i < v->npolicies; i++)
		print_moved(v, &v->policies[i]);
}

static void print_total(const struct counter_view *v, const struct counter_line *l)
{
	if (!l->total.packets)
		return;
	ctl_print_count(l->total.packets, l->total.bytes);
	print_name(v, l, -1);
}

static void total_text(const struct counter_view *v)
{
	printf("\ntotal of %.1f s\n%12s %11s  %s\n", v->last - v->start, "packets", "bytes", "decided by");
	for (size_t i = 0; i < v->ntop; i++)
		print_total(v, &v->top[i]);
	if (v->active > v->ntop)
		printf("%26sand %zu more rule%s\n", "", v->active - v->ntop, fw_plural(v->active - v->ntop));
	for (size_t i = 0; i < v->npolicies; i++)
		print_total(v, &v->policies[i]);
}

static size_t fits_terminal(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || w.ws_row < ROWS + TOP)
		return TOP;
	return w.ws_row - ROWS;
}

static size_t fits_elsewhere(void)
{
	return TOP;
}

struct counter_output {
	size_t (*fits)(void);
	void (*show)(const struct counter_view *v, const char *title);
	void (*total)(const struct counter_view *v);
};
static const struct counter_output json_output = { fits_elsewhere, show_json, total_json };
static const struct counter_output table_output = { fits_terminal, show_table, total_text };
static const struct counter_output line_output = { fits_elsewhere, show_lines, total_text };

void counter_view_init(struct counter_view *v, const struct counter_source *source, bool json)
{
	*v = (struct counter_view){ .source = *source };
	v->output = json ? &json_output : isatty(STDOUT_FILENO) ? &table_output : &line_output;
	v->start = v->last = fw_now();
}

bool counter_view_is_table(const struct counter_view *v)
{
	return v->output == &table_output;
}

size_t counter_view_fits(const struct counter_view *v)
{
	return v->output->fits();
}

void counter_view_show(const struct counter_view *v, const char *title)
{
	v->output->show(v, title);
	fflush(stdout);
}

void counter_view_total(const struct counter_view *v)
{
	v->output->total(v);
	fflush(stdout);
}
