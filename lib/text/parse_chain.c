// SPDX-License-Identifier: GPL-2.0-only
/*
 * A text of rules that replaces those of one chain, as an edit: rules that are the same stay, the others are deleted, added,
 * replaced or moved, and the log says so.
 */
#include "fw/chain_rules.h"
#include "fw/chains.h"
#include "lib/text/parse.h"

struct chain_text {
	struct fw_edit *edit;
	struct fw_chain_rules rules;
	struct fw_diags *ds;
	struct fw_buf *log; /* may be NULL */
};

static int parse_rule(struct fw_parser *p, struct chain_text *t)
{
	struct fw_token start = p->tok;
	struct fw_rule_text rule;
	char label[FW_CHAIN_LABEL];
	int err;

	fw_parser_next(p);
	err = fw_parse_rule(p, start, &rule);
	if (!err && rule.draft.chain != FW_MAIN && rule.draft.chain != t->rules.chain)
		return fw_diag_add(p->ds, fw_place_of(&rule.at, rule.at.chain), "leave the chain out",
				   "the rules are for %s only",
				   fw_chain_label(p->rs, t->rules.chain, label, sizeof(label)));
	return err ? err : fw_chain_rules_add(&t->rules, &rule.draft, &rule.at, p->ds);
}

static int parse_statement(struct fw_parser *p, void *ctx)
{
	bool set = fw_parser_at(p, "set");
	int err;

	if (fw_parser_at(p, "rule"))
		return parse_rule(p, ctx);
	err = fw_parser_expected(p, "'rule'",
				 set ? "the text is of one chain: create the set first, with 'set create'" :
				       "the text is of one chain, so it has only rules");
	fw_parser_next(p); /* the word begins a statement, where the next one would be looked for */
	return err;
}

static void log_position(struct chain_text *t, struct fw_position pos)
{
	if (t->log && pos.ref)
		fw_buf_printf(t->log, " after %llu", (unsigned long long)pos.ref->id);
	else if (t->log)
		fw_buf_printf(t->log, " first");
}

static int delete_gone(struct chain_text *t)
{
	int err = 0;

	for (size_t i = 0; i < t->rules.ngone && !err; i++) {
		if (t->log)
			fw_buf_printf(t->log, "%s %llu", i ? "" : "del rule", (unsigned long long)t->rules.gone[i]->id);
		err = fw_edit_delete(t->edit, t->rules.gone[i]);
	}
	if (t->log && t->rules.ngone)
		fw_buf_add(t->log, "\n", 1);
	return err;
}

static int add(struct chain_text *t, const struct fw_rule *draft, struct fw_position pos,
	       const struct fw_rule_places *at, struct fw_rule **out)
{
	if (t->log)
		fw_buf_printf(t->log, "add rule");
	log_position(t, pos);

	int err = fw_edit_add_at(t->edit, draft, pos, at, t->ds, out);

	if (!err && t->log) {
		fw_print_rule_body(t->log, t->edit->rs, *out);
		fw_buf_add(t->log, "\n", 1);
	}
	return err;
}

static int move(struct chain_text *t, struct fw_rule *rule, struct fw_position pos, struct fw_rule **out)
{
	if (t->log)
		fw_buf_printf(t->log, "move rule %llu", (unsigned long long)rule->id);
	log_position(t, pos);
	if (t->log)
		fw_buf_add(t->log, "\n", 1);
	return fw_edit_move(t->edit, rule, pos, out);
}

static int replace(struct chain_text *t, const struct fw_rule *draft, const struct fw_rule_places *at,
		   struct fw_rule **rule)
{
	int err = fw_edit_replace_at(t->edit, *rule, draft, at, t->ds, rule);

	if (!err && t->log) {
		fw_buf_printf(t->log, "replace rule");
		fw_print_rule_body(t->log, t->edit->rs, *rule);
		fw_buf_add(t->log, "\n", 1);
	}
	return err;
}

/* The rule gets its place after @prev (NULL: first), and its text. *out: the rule. */
static int put(struct chain_text *t, const struct fw_chain_rule *r, struct fw_rule *prev, struct fw_rule **out)
{
	const struct fw_position pos = { prev ? FW_AFTER : FW_FIRST, prev };
	struct fw_rule_places at = fw_places(r->at);
	struct fw_rule draft = *r->made;
	int err = 0;

	draft.id = r->id;
	draft.name = r->name;
	if (!r->old)
		return add(t, &draft, pos, &at, out);
	*out = fw_ruleset_by_slot(t->edit->rs, r->old->slot); /* it may have got another rank */
	if (!r->stays)
		err = move(t, *out, pos, out);
	if (!err && fw_chain_rule_differs(r))
		err = replace(t, &draft, &at, out);
	return err;
}

static int apply(struct chain_text *t)
{
	struct fw_rule *r = NULL;
	int err = fw_chain_rules_match(&t->rules);

	if (!err)
		err = delete_gone(t);
	for (size_t i = 0; i < t->rules.n && !err; i++)
		err = put(t, &t->rules.rules[i], r ? fw_ruleset_by_slot(t->edit->rs, r->slot) : NULL, &r);
	return err;
}

/* 0, or -EINVAL with a diagnostic. */
static int find_chain(const struct fw_ruleset *rs, const char *chain, struct fw_diags *ds, uint16_t *out)
{
	struct fw_nearest near = { .word = { chain, strlen(chain) } };
	int number = fw_ruleset_chain_find(rs, chain);
	char hint[128];

	*out = (uint16_t)number;
	if (number >= 0)
		return 0;
	for (size_t i = 1; i < rs->nchains && i < FW_NEAREST_TRIES; i++)
		if (rs->chains[i].name)
			fw_nearest_try(&near, rs->chains[i].name);
	return fw_diag_add(ds, (struct fw_place){ 0 },
			   near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) :
				       "create it first: chain create NAME",
			   "there is no chain '%s'", chain);
}

int fw_text_edit_chain(struct fw_edit *e, const struct fw_chain_text *text, struct fw_diags *ds, struct fw_buf *log)
{
	static const char *const words[] = { "rule", "set", "policy", FW_WORD_CHAIN, NULL };
	struct chain_text t = { .edit = e, .rules.rs = e->rs, .ds = ds, .log = log };
	fw_cleanup(fw_parser_free) struct fw_parser p;
	int err;

	fw_parser_init(&p, e->rs, text->text, text->len, text->name, ds);
	p.statements = words;
	p.edit = e;
	err = find_chain(e->rs, text->chain, ds, &t.rules.chain);
	if (log)
		fw_buf_add(log, "", 0);
	if (!err)
		err = fw_parser_statements(&p, parse_statement, &t);
	if (!err)
		err = apply(&t);
	if (!err)
		err = fw_edit_settle(e);
	if (!err)
		err = fw_chains_check_edit(e, &(struct fw_place){ .file = text->name }, ds);
	fw_chain_rules_free(&t.rules);
	return err ? err : log && log->failed ? -ENOMEM : 0;
}
