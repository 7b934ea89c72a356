// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that is worth a time series, of one moment: the daemon's status, packets by interface, counters of policies and rules.
 * The lines of few rules are made at once; if there are many, a child process chooses and writes them.
 */
#include "ctl/fwd/devices/devices.h"
#include "metrics_objects.h"
#include "fw/json.h"
#include "handlers.h"
#include "rule_counts.h"
#include "status.h"

#include <string.h>

#define PASSES 2

static const char *const heads[PASSES] = { "{\"pass\":1}", "{\"pass\":2}" };

struct metrics {
	struct stream stream;
	struct fw_buf lines; /* of the rules that are shown */
	size_t at;           /* of the next one to be sent */
	unsigned pass;
	json_t *end;
};

static void metrics_free(struct stream *s)
{
	struct metrics *m = (struct metrics *)s;

	fw_buf_free(&m->lines);
	json_decref(m->end);
	free(m);
}

static json_t *sum_json(const struct fw_rule_sum *sum)
{
	return json_pack("{sI sI sI}", "count", (json_int_t)sum->rules, "packets", (json_int_t)sum->count.packets,
			 "bytes", (json_int_t)sum->count.bytes);
}

/* The further fields of END. */
static json_t *sums_json(const struct fw_rule_choice *c)
{
	const struct fw_rule_sum left = fw_rule_sum_rest(&c->all, &c->chosen);

	return json_pack("{so so so sI}", "rules", sum_json(&c->all), "shown", sum_json(&c->chosen), "left_out",
			 sum_json(&left), "marked_left_out", (json_int_t)c->marked_left_out);
}

static void metrics_step(struct request *req, struct stream *s)
{
	struct metrics *m = (struct metrics *)s;
	size_t n = reply_some_lines(m->lines.text + m->at, m->lines.len - m->at);

	if (n)
		reply_text(&req->reply, heads[m->pass], m->lines.text + m->at, n);
	m->at += n;
	if (m->at < m->lines.len)
		return;
	m->at = 0;
	if (++m->pass == PASSES)
		reply_end(&req->reply, fw_take(m->end));
}

static void add_row(void *ctx, const struct rule_count *c, bool marked)
{
	fw_rule_choice_add(ctx, c, marked);
}

/* The rules that are shown, one after another: those that were chosen, then rules up to the last one. */
struct shown {
	const struct fw_ruleset *rs;
	const struct fw_rule_heap *chosen; /* rows are struct rule_count; NULL: none */
	size_t next;                       /* of them */
	const struct fw_rule *rule;
	const struct fw_count *by_slot; /* what those rules counted */
};

static struct shown shown_chosen(const struct fw_ruleset *rs, const struct fw_rule_choice *c)
{
	return (struct shown){ .rs = rs, .chosen = &c->marked };
}

/* false: there are no more. */
static bool print_next(struct shown *w, struct fw_buf *b)
{
	if (w->chosen && w->next < w->chosen->n) {
		const struct rule_count *c = fw_rule_heap_at(w->chosen, w->next++);

		metric_rule(b, w->rs, fw_ruleset_by_slot(w->rs, c->slot), c->row.count);
		return true;
	}
	if (w->rule) {
		metric_rule(b, w->rs, w->rule, w->by_slot[w->rule->slot]);
		w->rule = w->rule->next;
		return true;
	}
	return false;
}

/* The rules that were asked for. 0 or -ENOMEM. */
static int choose(const struct fwd *d, const struct args *a, struct fw_rule_choice *c)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);
	bool none = a->shown == ARGS_NONE;

	fw_rule_choice_init(c, none ? 0 : a->limit, none ? 0 : a->top, sizeof(struct rule_count));
	rule_counts_read(d->engine, add_row, c);
	return fw_rule_choice_end(c, rule_counts_is_of, (void *)rs);
}

static int write_passes(struct long_writer *w, const struct shown *shown)
{
	int err = 0;

	for (unsigned pass = 0; pass < PASSES && !err; pass++) {
		struct shown left = *shown;

		while (!err && print_next(&left, &w->b))
			err = long_reply_text(w, heads[pass], false);
		if (!err)
			err = long_reply_text(w, heads[pass], true);
	}
	return err;
}

/* In a child process: the chosen ones of many rules. */
static int write_many(struct long_writer *w, const struct fwd *d, void *ctx)
{
	fw_cleanup(fw_rule_choice_free) struct fw_rule_choice chosen;
	int err = choose(d, ctx, &chosen);
	struct shown shown = shown_chosen(engine_ruleset(d->engine), &chosen);

	if (!err)
		err = write_passes(w, &shown);
	return err ? err : long_reply_end(w, sums_json(&chosen));
}

/* Counts of all rules, by slot, of one moment: counting goes on while they are written. */
struct counted {
	struct fw_rule_choice sums;
	struct fw_count *by_slot;
};

static void note_count(void *ctx, const struct rule_count *c, bool marked)
{
	struct counted *k = ctx;

	k->by_slot[c->slot] = c->row.count;
	fw_rule_choice_add(&k->sums, c, false);
}

/* In a child process: all rules, in order. */
static int write_all(struct long_writer *w, const struct fwd *d, void *ctx)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);
	struct counted k = { .by_slot = calloc((size_t)rs->next_slot + 1, sizeof(*k.by_slot)) };
	int err;

	if (!k.by_slot)
		return -ENOMEM;
	fw_rule_choice_init(&k.sums, 0, 0, sizeof(struct rule_count));
	rule_counts_read(d->engine, note_count, &k);
	k.sums.chosen = k.sums.all;
	err = write_passes(w, &(struct shown){ .rs = rs, .rule = rs->first, .by_slot = k.by_slot });
	return err ? err : long_reply_end(w, sums_json(&k.sums));
}

static void begin(struct request *req)
{
	fw_cleanup(fw_rule_choice_free) struct fw_rule_choice chosen;
	struct metrics *m = calloc(1, sizeof(*m));
	int err = choose(req->fwd, &req->args, &chosen);
	struct shown shown = shown_chosen(engine_ruleset(req->fwd->engine), &chosen);

	if (err || !m) {
		free(m);
		req->reply.broken = true;
		return;
	}
	m->stream = (struct stream){ metrics_step, metrics_free };
	m->end = sums_json(&chosen);
	while (print_next(&shown, &m->lines))
		;
	req->reply.stream_bytes = m->lines.len;
	req->reply.broken |= m->lines.failed;
	req->reply.stream = &m->stream;
}

static void add_policies(struct fw_buf *b, const struct fwd *d)
{
	for (int r = 0; r < FW_NREASONS; r++)
		metric_policy(b, d->engine, (enum fw_reason)r);
}

void handle_metrics(struct request *req)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	devices_look(req->fwd);
	fw_json_line(&b, status_json(req->fwd));
	metric_interfaces(&b, req->fwd->engine);
	add_policies(&b, req->fwd);
	reply_lines(&req->reply, &b);
	if (req->args.shown == ARGS_ALL)
		req->long_reply = (struct long_reply){ "write the metrics", write_all, NULL };
	else if (engine_ruleset(req->fwd->engine)->next_slot > RULE_COUNTS_FEW)
		req->long_reply = (struct long_reply){ "write the metrics", write_many, &req->args };
	else
		begin(req);
}
