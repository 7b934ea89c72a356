// SPDX-License-Identifier: GPL-2.0-only
/* Rules in order, a chunk at a time; and policies. */
#include "fw/json.h"
#include "handlers.h"
#include "list_sets.h"
#include "ctl/fwd/engine/work.h"

#include <string.h>

struct list {
	struct stream stream;
	struct fwd *fwd;
	struct cursor cursor;
	struct fw_query *query;
	uint64_t left, count;
	bool counters;
	struct fw_buf b;
	struct fw_rule_place place; /* in the rule that @b has a part of, from @begun on */
	size_t begun;
};

#define SOME 4000 /* addresses of a rule in one step; most rules have one */

static void list_free(struct stream *s)
{
	struct list *l = (struct list *)s;

	cursor_close(&l->fwd->cursors, &l->cursor);
	fw_query_free(l->query);
	fw_buf_free(&l->b);
	free(l);
}

/* Prints the rule, or the next part of it, and takes the work from @work. false: the rest is left for the next step. */
static bool add_rule(struct list *l, const struct fw_ruleset *rs, const struct fw_rule *rule, int64_t *work)
{
	struct fw_count count;
	const struct fw_json_rule_piece piece = { rule, l->counters ? &count : NULL, &l->place, SOME };
	size_t from = l->b.len;

	if (l->place.part == FW_RULE_HEAD)
		l->begun = from;
	if (l->counters)
		count = engine_rule_count(l->fwd->engine, rule);
	*work -= WORK_COUNTER + WORK_ELEMENT * 8;
	if (!fw_json_rule_some(&l->b, rs, &piece)) {
		*work = 0;
		return false;
	}
	fw_buf_add(&l->b, "\n", 1);
	l->count++;
	l->left--;
	return true;
}

/* If the rule was changed after a part of it was printed, it is printed again from the beginning. */
static void begin_again(struct list *l)
{
	if (l->place.part != FW_RULE_HEAD && (l->cursor.touched || l->cursor.lost)) {
		l->b.len = l->begun;
		l->place = (struct fw_rule_place){ 0 };
	}
	l->cursor.touched = false;
}

/* The next rule, or a part of the comparison with it. 0; -EAGAIN: there is more to do with it; -ENOMEM. */
static int look_at_next(struct list *l, const struct fw_ruleset *rs, int64_t *work)
{
	const struct fw_rule *rule = l->cursor.rule;
	bool known = !l->query || l->place.part != FW_RULE_HEAD;
	int passes = known ? 1 : fw_query_passes(l->query, rs, rule, work);

	if (passes < 0)
		return passes;
	if (passes && !add_rule(l, rs, rule, work))
		return -EAGAIN;
	*work -= WORK_RULE;
	l->cursor.rule = rule->next;
	return 0;
}

/* Lists rules until there is enough for a chunk, or enough work is done for one step. */
static void list_step(struct request *req, struct stream *s)
{
	struct list *l = (struct list *)s;
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	int64_t work = WORK_STEP;
	int err = 0;

	begin_again(l);
	while (!err && l->cursor.rule && l->left && work > 0 &&
	       (l->b.len < REPLY_CHUNK || l->place.part != FW_RULE_HEAD))
		err = look_at_next(l, rs, &work);
	fw_loop_worked(&req->fwd->loop, WORK_STEP - work);
	if (l->place.part == FW_RULE_HEAD)
		reply_lines(&req->reply, &l->b);
	req->reply.stream_bytes = l->b.len;
	req->reply.broken |= err == -ENOMEM;
	if (l->cursor.lost)
		reply_fail(&req->reply, NULL, "the ruleset was replaced meanwhile");
	else if (!l->cursor.rule || !l->left)
		reply_end(&req->reply,
			  json_pack("{sI sI}", "count", (json_int_t)l->count, "total", (json_int_t)rs->nrules));
}

static void list_rules(struct request *req, struct fw_rule *from, uint64_t limit, struct fw_query *query)
{
	struct list *l = calloc(1, sizeof(*l));

	if (!l) {
		fw_query_free(query);
		reply_fail_errno(&req->reply, NULL, "cannot list", -ENOMEM);
		return;
	}
	*l = (struct list){ .stream = { list_step, list_free }, .fwd = req->fwd, .query = query, .left = limit };
	l->counters = req->args.counters;
	cursor_open(&req->fwd->cursors, &l->cursor, from);
	req->reply.stream = &l->stream;
}

static const char *iface_name(void *ctx, size_t iface, size_t i)
{
	return engine_interface_name_at(ctx, iface, i);
}

/* Checks the arguments and begins the list. */
static void begin_rules(struct request *req)
{
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	const struct args *a = &req->args;
	const json_t *ref = a->rule ? a->rule : a->from;
	struct fw_rule *from = rs->first;
	struct fw_query *query = NULL;
	struct fw_diags ds = { .n = 0 };
	int err = 0;

	if (ref) {
		from = args_rule(rs, ref, &ds);
		err = from ? 0 : -ENOENT;
	}
	if (!err && a->query)
		err = fw_text_query(a->query, "filter", &ds, &query);
	if (query && !err)
		err = fw_query_name(query, &(struct fw_query_names){ iface_name, req->fwd->engine });
	if (err) {
		fw_query_free(query);
		reply_fail_errno(&req->reply, &ds, "cannot list", err);
	} else {
		list_rules(req, from, a->rule ? 1 : a->limit ? a->limit : UINT64_MAX, query);
	}
}

/* The policy with this name; FW_NREASONS and a diagnostic: there is none. */
static int find_policy(const char *name, struct fw_diags *ds)
{
	struct fw_nearest near = { .word = { name, strlen(name) } };
	char hint[128];

	for (int r = 0; r < FW_NREASONS; r++) {
		if (!strcmp(fw_reason_info[r].name, name))
			return r;
		fw_nearest_try(&near, fw_reason_info[r].name);
	}
	fw_diag_add(ds, (struct fw_place){ 0 }, fw_nearest_hint(&near, hint, sizeof(hint)),
		    "there is no policy for '%s'", name);
	return FW_NREASONS;
}

/* Lists all policies, or the one that the arguments name. */
static void list_policies(struct request *req)
{
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_diags ds = { .n = 0 };
	int only = req->args.policy ? find_policy(req->args.policy, &ds) : 0;
	int end = req->args.policy ? only + 1 : FW_NREASONS;

	if (only == FW_NREASONS) {
		reply_fail_errno(&req->reply, &ds, "cannot list", -ENOENT);
		return;
	}
	for (int r = only; r < end; r++) {
		struct fw_count count[FW_NTERMINAL];

		engine_reason_count(req->fwd->engine, (enum fw_reason)r, count);
		fw_json_policy(&b, rs, (enum fw_reason)r, req->args.counters ? count : NULL);
		fw_buf_add(&b, "\n", 1);
	}
	reply_lines(&req->reply, &b);
	reply_end(&req->reply, json_pack("{si si}", "count", end - only, "total", FW_NREASONS));
}

static void list_chains(struct request *req)
{
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	size_t n = fw_ruleset_chains(rs);

	for (size_t i = 1; i < rs->nchains; i++) {
		if (!rs->chains[i].name)
			continue;
		fw_json_chain(&b, &rs->chains[i]);
		fw_buf_add(&b, "\n", 1);
	}
	reply_lines(&req->reply, &b);
	reply_end(&req->reply, json_pack("{sI sI}", "count", (json_int_t)n, "total", (json_int_t)n));
}

void handle_list(struct request *req)
{
	static void (*const lists[])(struct request *) = {
		[ARGS_RULES] = begin_rules,
		[ARGS_SETS] = sets_list,
		[ARGS_POLICY] = list_policies,
		[ARGS_CHAINS] = list_chains,
	};

	const struct args *a = &req->args;
	unsigned what = a->set ? ARGS_SETS : a->policy ? ARGS_POLICY : a->what;

	if (what != ARGS_RULES && (a->query || a->from || a->rule))
		reply_fail(&req->reply, NULL, "'filter', 'from' and 'rule' are for rules only");
	else
		lists[what](req);
}
