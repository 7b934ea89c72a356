// SPDX-License-Identifier: GPL-2.0-only
/* What was counted: all rules that decided a packet, in order; or those with the most packets. And from 0 again. */
#include "ctl/fwd/connections/forked.h"
#include "ctl/fwd/history.h"
#include "ctl/fwd/base/to_json.h"
#include "ctl/fwd/connections/request.h"
#include "rule_counts.h"
#include "ctl/fwd/engine/work.h"

#include <string.h>

struct counting {
	struct stream stream;
	struct fwd *fwd;
	struct cursor cursor;
	struct fw_count all;
	struct fw_buf b;
};

static void counting_free(struct stream *s)
{
	struct counting *k = (struct counting *)s;

	cursor_close(&k->fwd->cursors, &k->cursor);
	fw_buf_free(&k->b);
	free(k);
}

static void add_rule(struct counting *k, const struct fw_ruleset *rs, const struct fw_rule *rule,
		     const struct fw_count *count)
{
	to_json_rule(&k->b, rs, rule, count);
	fw_buf_add(&k->b, "\n", 1);
}

static void add_policies(struct counting *k, const struct fw_ruleset *rs)
{
	for (int r = 0; r < FW_NREASONS; r++) {
		struct fw_count count[FW_NTERMINAL];

		engine_reason_count(k->fwd->engine, (enum fw_reason)r, count);
		to_json_policy(&k->b, rs, (enum fw_reason)r, count);
		fw_buf_add(&k->b, "\n", 1);
	}
}

static void add_to(struct fw_count *sum, struct fw_count count)
{
	sum->packets += count.packets;
	sum->bytes += count.bytes;
}

static void look_at(struct counting *k, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	struct fw_count count = engine_rule_count(k->fwd->engine, rule);

	if (!count.packets)
		return;
	add_to(&k->all, count);
	add_rule(k, rs, rule, &count);
}

/* The further fields of END. */
static json_t *sums(const struct counting *k)
{
	struct engine_status st;

	engine_status(k->fwd->engine, &st);
	return json_pack("{s{sI sI} sI}", "rules", "packets", (json_int_t)k->all.packets, "bytes",
			 (json_int_t)k->all.bytes, "generation", (json_int_t)st.generation);
}

static void finish(struct client *c, struct counting *k, const struct fw_ruleset *rs)
{
	add_policies(k, rs);
	client_lines(c, &k->b);
	client_end(c, sums(k));
}

static void counting_step(struct client *c, struct stream *s)
{
	struct counting *k = (struct counting *)s;
	const struct fw_ruleset *rs = engine_ruleset(c->fwd->engine);
	int64_t work = WORK_STEP;

	for (; k->cursor.rule && work > 0 && k->b.len < CLIENT_CHUNK; work -= WORK_RULE + WORK_COUNTER) {
		look_at(k, rs, k->cursor.rule);
		k->cursor.rule = k->cursor.rule->next;
	}
	loop_worked(&c->fwd->loop, WORK_STEP - work);
	if (k->cursor.lost)
		client_fail(c, NULL, "the ruleset was replaced meanwhile");
	else if (!k->cursor.rule)
		finish(c, k, rs);
	else
		client_lines(c, &k->b);
}

/* The rules with the most packets: chosen at once, so that all counts are of one moment. */
struct top {
	struct fw_rule_heap heap; /* of struct rule_count */
	struct fw_count all;
};

static void look_at_count(void *ctx, const struct rule_count *c, bool marked)
{
	struct top *t = ctx;

	if (!c->row.count.packets)
		return;
	add_to(&t->all, c->row.count);
	fw_rule_heap_add(&t->heap, c);
}

static void choose_top(struct counting *k, const struct fw_ruleset *rs, size_t n)
{
	struct top t = { .all = { 0 } };

	fw_rule_heap_init(&t.heap, n, sizeof(struct rule_count), fw_rule_by_packets);
	rule_counts_read(k->fwd->engine, look_at_count, &t);
	fw_rule_heap_sort(&t.heap);
	for (size_t i = 0; i < t.heap.n; i++) {
		const struct rule_count *c = fw_rule_heap_at(&t.heap, i);
		const struct fw_rule *rule = fw_ruleset_by_slot(rs, c->slot);

		if (rule)
			add_rule(k, rs, rule, &c->row.count);
	}
	k->all = t.all;
	k->b.failed |= t.heap.failed;
	fw_rule_heap_free(&t.heap);
}

/* In a child. */
static int write_top(struct forked *f, const struct fwd *d, void *ctx)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);
	struct counting k = { .fwd = (struct fwd *)d };
	struct fw_part lines;
	int err;

	choose_top(&k, rs, ((const struct args *)ctx)->top);
	add_policies(&k, rs);
	if (k.b.failed)
		return -ENOMEM;
	lines = (struct fw_part){ k.b.text, (uint32_t)k.b.len };
	err = forked_send(f, FW_REPLY_LINES, &lines, 1);
	return err ? err : forked_end(f, sums(&k));
}

static void count_top(struct client *c)
{
	const struct fw_ruleset *rs = engine_ruleset(c->fwd->engine);
	struct counting k = { .fwd = c->fwd };

	if (rs->next_slot > RULE_COUNTS_FEW) {
		forked_reply(c, "count", write_top, &c->args);
		return;
	}
	choose_top(&k, rs, c->args.top);
	finish(c, &k, rs);
	fw_buf_free(&k.b);
}

static void count_all(struct client *c)
{
	struct counting *k = calloc(1, sizeof(*k));

	if (!k) {
		client_fail_errno(c, NULL, "cannot count", -ENOMEM);
		return;
	}
	k->stream = (struct stream){ counting_step, counting_free };
	k->fwd = c->fwd;
	cursor_open(&c->fwd->cursors, &k->cursor, engine_ruleset(c->fwd->engine)->first);
	c->stream = &k->stream;
}

void handle_counters(struct client *c)
{
	if (c->args.top)
		count_top(c);
	else
		count_all(c);
}

static int reset(struct client *c, const struct fw_ruleset *rs)
{
	size_t n = json_array_size(c->args.rules);
	int err = 0;

	if (!c->args.rules)
		return engine_count_reset(c->fwd->engine, NULL);
	for (size_t i = 0; i < n && !err; i++)
		err = engine_count_reset(c->fwd->engine, args_rule(rs, json_array_get(c->args.rules, i), NULL));
	return err;
}

/* All are looked up before the first is reset: an unknown one is no half reset. */
static void record_reset(struct client *c, size_t n, int err)
{
	const struct record_who who = client_who(c);
	char what[64] = "reset all counters";

	if (c->args.rules)
		snprintf(what, sizeof(what), "reset the counter%s of %zu rule%s", fw_plural(n), n, fw_plural(n));
	history_say(c->fwd, RECORD_RESET, &who, what, err, err ? strerror(-err) : NULL);
}

void handle_reset(struct client *c)
{
	const struct fw_ruleset *rs = engine_ruleset(c->fwd->engine);
	size_t n = json_array_size(c->args.rules);
	struct fw_diags ds = { .n = 0 };
	int err;

	for (size_t i = 0; i < n; i++)
		args_rule(rs, json_array_get(c->args.rules, i), &ds);
	err = ds.total ? -ENOENT : reset(c, rs);
	record_reset(c, n, err);
	if (err)
		client_fail_errno(c, &ds, "some counters could not be reset", err);
	else
		client_end(c, json_pack("{sI}", "count", (json_int_t)(c->args.rules ? n : rs->nrules)));
}
