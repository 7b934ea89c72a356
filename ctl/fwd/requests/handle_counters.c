// SPDX-License-Identifier: GPL-2.0-only
/* Counters: of all rules that decided packets, in order, or of those with the most packets; and resetting them. */
#include "ctl/fwd/history.h"
#include "fw/json.h"
#include "handlers.h"
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
	fw_json_rule(&k->b, rs, rule, count);
	fw_buf_add(&k->b, "\n", 1);
}

static void add_policies(struct counting *k, const struct fw_ruleset *rs)
{
	for (int r = 0; r < FW_NREASONS; r++) {
		struct fw_count count[FW_NTERMINAL];

		engine_reason_count(k->fwd->engine, (enum fw_reason)r, count);
		fw_json_policy(&k->b, rs, (enum fw_reason)r, count);
		fw_buf_add(&k->b, "\n", 1);
	}
}

static void look_at(struct counting *k, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	struct fw_count count = engine_rule_count(k->fwd->engine, rule);

	if (!count.packets)
		return;
	fw_count_add(&k->all, count);
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

static void finish(struct request *req, struct counting *k, const struct fw_ruleset *rs)
{
	add_policies(k, rs);
	reply_lines(&req->reply, &k->b);
	reply_end(&req->reply, sums(k));
}

static void counting_step(struct request *req, struct stream *s)
{
	struct counting *k = (struct counting *)s;
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	int64_t work = WORK_STEP;

	for (; k->cursor.rule && work > 0 && k->b.len < REPLY_CHUNK; work -= WORK_RULE + WORK_COUNTER) {
		look_at(k, rs, k->cursor.rule);
		k->cursor.rule = k->cursor.rule->next;
	}
	fw_loop_worked(&req->fwd->loop, WORK_STEP - work);
	if (k->cursor.lost)
		reply_fail(&req->reply, NULL, "the ruleset was replaced meanwhile");
	else if (!k->cursor.rule)
		finish(req, k, rs);
	else
		reply_lines(&req->reply, &k->b);
}

/* The rules with the most packets: chosen in one go, so that all counts are of one moment. */
struct top {
	struct fw_rule_heap heap; /* of struct rule_count */
	struct fw_count all;
};

static void look_at_count(void *ctx, const struct rule_count *c, bool marked)
{
	struct top *t = ctx;

	if (!c->row.count.packets)
		return;
	fw_count_add(&t->all, c->row.count);
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

/* In a child process. */
static int write_top(struct long_writer *w, const struct fwd *d, void *ctx)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);
	struct counting k = { .fwd = (struct fwd *)d };
	int err;

	choose_top(&k, rs, ((const struct args *)ctx)->top);
	add_policies(&k, rs);
	err = long_reply_lines(w, &k.b);
	return err ? err : long_reply_end(w, sums(&k));
}

static void count_top(struct request *req)
{
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	struct counting k = { .fwd = req->fwd };

	if (rs->next_slot > RULE_COUNTS_FEW) {
		req->long_reply = (struct long_reply){ "count", write_top, &req->args };
		return;
	}
	choose_top(&k, rs, req->args.top);
	finish(req, &k, rs);
	fw_buf_free(&k.b);
}

static void count_all(struct request *req)
{
	struct counting *k = calloc(1, sizeof(*k));

	if (!k) {
		reply_fail_errno(&req->reply, NULL, "cannot count", -ENOMEM);
		return;
	}
	k->stream = (struct stream){ counting_step, counting_free };
	k->fwd = req->fwd;
	cursor_open(&req->fwd->cursors, &k->cursor, engine_ruleset(req->fwd->engine)->first);
	req->reply.stream = &k->stream;
}

void handle_counters(struct request *req)
{
	if (req->args.top)
		count_top(req);
	else
		count_all(req);
}

static int reset(struct request *req, const struct fw_ruleset *rs)
{
	size_t n = json_array_size(req->args.rules);
	int err = 0;

	if (!req->args.rules)
		return engine_count_reset(req->fwd->engine, NULL);
	for (size_t i = 0; i < n && !err; i++)
		err = engine_count_reset(req->fwd->engine, args_rule(rs, json_array_get(req->args.rules, i), NULL));
	return err;
}

static void record_reset(struct request *req, size_t n, int err)
{
	char what[64] = "reset all counters";

	if (req->args.rules)
		snprintf(what, sizeof(what), "reset the counter%s of %zu rule%s", fw_plural(n), n, fw_plural(n));
	history_say(req->fwd, &(struct history_event){ RECORD_RESET, request_who(req), what, err != 0,
						       err ? strerror(-err) : NULL });
}

/* All rules are looked up before the first is reset: with an unknown one, nothing is. */
void handle_reset(struct request *req)
{
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	size_t n = json_array_size(req->args.rules);
	struct fw_diags ds = { .n = 0 };
	int err;

	for (size_t i = 0; i < n; i++)
		args_rule(rs, json_array_get(req->args.rules, i), &ds);
	err = ds.total ? -ENOENT : reset(req, rs);
	record_reset(req, n, err);
	if (err)
		reply_fail_errno(&req->reply, &ds, "some counters could not be reset", err);
	else
		reply_end(&req->reply, json_pack("{sI}", "count", (json_int_t)(req->args.rules ? n : rs->nrules)));
}
