// SPDX-License-Identifier: GPL-2.0-only
/* What was counted: all rules that decided a packet, in order; or those with the most packets. And from 0 again. */
#include "ctl/fwd/best.h"
#include "ctl/fwd/objects.h"
#include "ctl/fwd/request.h"

#define SCAN 4096 /* rules that one step looks at */

struct counting {
	struct stream stream;
	struct fwd *fwd;
	struct cursor cursor;
	struct fw_count all;
	struct best top; /* room 0: every rule goes out as it comes */
	struct fw_buf b;
};

static void counting_free(struct stream *s)
{
	struct counting *k = (struct counting *)s;

	cursor_close(&k->fwd->cursors, &k->cursor);
	fw_buf_free(&k->b);
	best_free(&k->top);
	free(k);
}

static void add_rule(struct counting *k, const struct fw_ruleset *rs, const struct fw_rule *rule,
		     const struct fw_count *count)
{
	objects_rule(&k->b, rs, rule, count);
	fw_buf_add(&k->b, "\n", 1);
}

static void add_top(struct counting *k, const struct fw_ruleset *rs)
{
	best_sort(&k->top);
	for (size_t i = 0; i < k->top.n; i++) {
		const struct fw_rule *rule = fw_ruleset_by_id(rs, k->top.rows[i].id);

		if (rule)
			add_rule(k, rs, rule, &k->top.rows[i].count);
	}
	k->b.failed |= k->top.failed;
}

static void add_policies(struct counting *k, const struct fw_ruleset *rs)
{
	for (int r = 0; r < FW_NREASONS; r++) {
		struct fw_count count = engine_reason_count(k->fwd->engine, (enum fw_reason)r);

		objects_policy(&k->b, rs, (enum fw_reason)r, &count);
		fw_buf_add(&k->b, "\n", 1);
	}
}

static void look_at(struct counting *k, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	struct fw_count count = engine_rule_count(k->fwd->engine, rule);

	if (!count.packets)
		return;
	k->all.packets += count.packets;
	k->all.bytes += count.bytes;
	if (k->top.room)
		best_add(&k->top, (struct best_row){ rule->id, rule->slot, count });
	else
		add_rule(k, rs, rule, &count);
}

static void finish(struct client *c, struct counting *k, const struct fw_ruleset *rs)
{
	struct engine_status st;

	if (k->top.room)
		add_top(k, rs);
	add_policies(k, rs);
	client_lines(c, &k->b);
	engine_status(c->fwd->engine, &st);
	client_end(c, json_pack("{s{sI sI} sI}", "rules", "packets", (json_int_t)k->all.packets, "bytes",
				(json_int_t)k->all.bytes, "generation", (json_int_t)st.generation));
}

static void counting_step(struct client *c, struct stream *s)
{
	struct counting *k = (struct counting *)s;
	const struct fw_ruleset *rs = engine_ruleset(c->fwd->engine);

	for (size_t seen = 0; k->cursor.rule && seen < SCAN && k->b.len < CLIENT_CHUNK; seen++) {
		look_at(k, rs, k->cursor.rule);
		k->cursor.rule = k->cursor.rule->next;
	}
	if (k->cursor.lost)
		client_fail(c, NULL, "the ruleset was replaced meanwhile");
	else if (!k->cursor.rule)
		finish(c, k, rs);
	else
		client_lines(c, &k->b);
}

void handle_counters(struct client *c)
{
	struct counting *k = calloc(1, sizeof(*k));

	if (!k) {
		client_fail_errno(c, NULL, "cannot count", -ENOMEM);
		return;
	}
	k->stream = (struct stream){ counting_step, counting_free };
	k->fwd = c->fwd;
	best_init(&k->top, c->args.top, best_by_packets);
	cursor_open(&c->fwd->cursors, &k->cursor, engine_ruleset(c->fwd->engine)->first);
	c->stream = &k->stream;
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
void handle_reset(struct client *c)
{
	const struct fw_ruleset *rs = engine_ruleset(c->fwd->engine);
	size_t n = json_array_size(c->args.rules);
	struct fw_diags ds = { .n = 0 };
	int err;

	for (size_t i = 0; i < n; i++)
		args_rule(rs, json_array_get(c->args.rules, i), &ds);
	err = ds.total ? -ENOENT : reset(c, rs);
	if (err)
		client_fail_errno(c, &ds, "some counters could not be reset", err);
	else
		client_end(c, json_pack("{sI}", "count", (json_int_t)(c->args.rules ? n : rs->nrules)));
}
