// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes to a ruleset, one a line. Each is carried out at once, so that the next
 * line sees it, and is written down in a form that means the same to whoever reads
 * it again: with the id that a new rule got, and rules named by their ids.
 */
#include "lib/text/parse_edit.h"

#include "fw/chains.h"

/* One rule's id, for the log. */
static void log_id(struct change *c, const struct fw_rule *r)
{
	if (!c->log)
		return;
	fw_buf_word(c->log, " ");
	fw_buf_u64(c->log, r->id);
}

static void refuse_ref(struct fw_parser *p)
{
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];
	size_t seen = 0;

	for (const struct fw_rule *r = p->rs->first; r && seen < 64 * FW_NEAREST_TRIES; r = r->next, seen++) {
		if (!r->name)
			continue;
		fw_nearest_try(&near, r->name);
		seen += 63;
	}
	fw_diag_add(p->ds, fw_parser_here(p), fw_nearest_hint(&near, hint, sizeof(hint)), "there is no rule '%s'",
		    FW_SHOW(p->tok.text));
}

/* The current word as a rule; does not pass over it. */
static int find_ref(struct fw_parser *p, struct fw_rule **out)
{
	struct fw_str s = p->tok.text;
	char name[FW_NAME_MAX + 1];
	uint64_t id;

	*out = NULL;
	if (p->tok.kind != FW_T_WORD) {
		fw_parser_expected(p, "the id or the name of a rule", NULL);
		return -EINVAL;
	}
	if (s.s[0] >= '0' && s.s[0] <= '9') {
		if (!fw_str_u64(s, &id))
			*out = fw_ruleset_by_id(p->rs, id);
	} else if (s.len <= FW_NAME_MAX) {
		memcpy(name, s.s, s.len);
		name[s.len] = '\0';
		*out = fw_ruleset_by_name(p->rs, name);
	}
	if (*out)
		return 0;
	refuse_ref(p);
	return -EINVAL;
}

static int take_ref(struct fw_parser *p, struct fw_rule **out)
{
	int err = find_ref(p, out);

	if (!err)
		fw_parser_next(p);
	return err;
}

static int take_word(struct fw_parser *p, const char *word, const char *hint)
{
	char what[32];

	if (!fw_parser_at(p, word)) {
		snprintf(what, sizeof(what), "'%s'", word);
		return fw_parser_expected(p, what, hint);
	}
	fw_parser_next(p);
	return 0;
}

static const char *const positions[] = {
	[FW_LAST] = "last", [FW_FIRST] = "first", [FW_BEFORE] = "before", [FW_AFTER] = "after"
};

/* Takes a position: 1 when there is none. */
static int take_position(struct change *c, struct fw_position *out)
{
	struct fw_parser *p = &c->p;
	unsigned where = 0;
	int err = 0;

	while (where <= FW_AFTER && !fw_parser_at(p, positions[where]))
		where++;
	if (where > FW_AFTER)
		return 1;
	out->where = where;
	fw_parser_next(p);
	log_text(c, " ");
	log_text(c, positions[where]);
	if (where == FW_BEFORE || where == FW_AFTER)
		err = take_ref(p, &out->ref);
	if (!err && out->ref)
		log_id(c, out->ref);
	return err;
}

/* `chain NAME`, if it is there. A position that names a rule tells the chain, too. */
static int take_chain(struct fw_parser *p, uint16_t *chain)
{
	if (!fw_parser_at(p, FW_WORD_CHAIN))
		return 0;
	fw_parser_next(p);

	int err = fw_parser_find_chain(p, chain);

	if (!err)
		fw_parser_next(p);
	return err;
}

/* Refuses a rule that is in another chain than @chain, where the change puts or leaves a rule. */
static int check_chain(struct fw_parser *p, const struct fw_rule *r, uint16_t chain, struct fw_place at,
		       const char *hint)
{
	char label[FW_CHAIN_LABEL], other[FW_CHAIN_LABEL], rule[FW_RULE_LABEL];

	if (r->chain == chain)
		return 0;
	return fw_diag_add(p->ds, at, hint, "rule %s is in %s, not in %s", fw_rule_label(r, rule, sizeof(rule)),
			   fw_chain_label(p->rs, r->chain, other, sizeof(other)),
			   fw_chain_label(p->rs, chain, label, sizeof(label)));
}

/*
 * The chain of a new rule: what the change says before the position (@said; FW_MAIN: nothing), or the rule itself, or that of
 * the rule which the position names. No two of them may differ. @at: of the position.
 */
static int find_chain(struct fw_parser *p, uint16_t said, const struct fw_position *pos, struct fw_place at,
		      struct fw_rule_text *rule)
{
	uint16_t *chain = &rule->draft.chain;

	if (said != FW_MAIN && *chain != FW_MAIN && said != *chain)
		return fw_diag_add(p->ds, fw_place_of(&rule->at, rule->at.chain), "keep one of them",
				   "the rule names two chains");
	if (said != FW_MAIN)
		*chain = said;
	if (!pos->ref || *chain == FW_MAIN)
		return 0;
	return check_chain(p, pos->ref, *chain, at, "leave the chain out: the position tells it");
}

/*
 * The rest of a change, after its verb. Each writes itself to the log in the form described at fw_text_edit(). If one fails, the
 * caller aborts the whole edit.
 */
static int change_add(struct change *c)
{
	struct fw_position pos = { FW_LAST, NULL };
	struct fw_parser *p = &c->p;
	struct fw_rule_text rule;
	uint16_t chain = FW_MAIN;
	struct fw_place at;
	struct fw_rule *r;
	int err = take_word(p, "rule", "sets: set create NAME, set add NAME ADDRESS; chains: chain create NAME");

	log_text(c, "add rule");
	at = fw_parser_here(p);
	if (!err)
		err = take_chain(p, &chain);
	if (!err)
		err = take_position(c, &pos);
	if (err < 0)
		return err;
	err = fw_parse_rule(p, p->tok, &rule);
	if (!err)
		err = find_chain(p, chain, &pos, at, &rule);
	if (!err)
		err = fw_edit_add_at(p->edit, &rule.draft, pos, &rule.at, p->ds, &r);
	if (!err && c->log)
		fw_print_rule_body(c->log, p->rs, r);
	return err;
}

/* `replace rule REF ...`: the text is parsed as a rule of its own, without an id. 0, or -EINVAL with a diagnostic. */
static int change_replace(struct change *c)
{
	struct fw_parser *p = &c->p;
	struct fw_rule_text rule;
	struct fw_rule *old, *r;
	int err = take_word(p, "rule", "replace rule REF { match } verdict");
	struct fw_place at;

	if (!err)
		err = take_ref(p, &old);
	if (err)
		return err;
	at = fw_parser_here(p);
	err = fw_parse_rule(p, p->tok, &rule);
	if (!err && rule.draft.id)
		err = fw_diag_add(p->ds, at, "leave the id out", "'replace' keeps the rule's id");
	if (!err && rule.draft.chain != FW_MAIN)
		err = check_chain(p, old, rule.draft.chain, fw_place_of(&rule.at, rule.at.chain),
				  "leave the chain out: 'replace' keeps it");
	log_text(c, "replace rule");
	if (!err)
		err = fw_edit_replace_at(p->edit, old, &rule.draft, &rule.at, p->ds, &r);
	if (!err && c->log)
		fw_print_rule_body(c->log, p->rs, r);
	return err;
}

static int change_move(struct change *c)
{
	struct fw_parser *p = &c->p;
	struct fw_position pos = { FW_LAST, NULL };
	struct fw_rule *r;
	struct fw_place at;
	int err = take_word(p, "rule", "move rule REF first, last, before REF or after REF");

	if (!err)
		err = take_ref(p, &r);
	if (err)
		return err;
	log_text(c, "move rule");
	log_id(c, r);
	at = fw_parser_here(p);
	err = take_position(c, &pos);
	if (err > 0)
		return fw_parser_expected(p, "'first', 'last', 'before' or 'after'", NULL);
	if (!err && pos.ref)
		err = check_chain(p, pos.ref, r->chain, at, "rules move within their chain");
	if (!err)
		err = fw_parser_statement_end(p);
	return err ? err : fw_edit_move(p->edit, r, pos, NULL);
}

/* Deletes rules one by one. An unknown REF does not end the line, so that every one is reported. */
static int change_del(struct change *c)
{
	struct fw_parser *p = &c->p;
	struct fw_rule *r;
	int err = take_word(p, "rule", "del rule REF; of sets: set del NAME ADDRESS, set destroy NAME"), result = 0;

	if (err)
		return err;
	log_text(c, "del rule");
	do {
		err = find_ref(p, &r);
		if (err && p->tok.kind != FW_T_WORD)
			return err;
		if (!err) {
			log_id(c, r);
			err = fw_edit_delete(p->edit, r);
		}
		if (err && err != -EINVAL)
			return err;
		result = err ? err : result;
		fw_parser_next(p);
	} while (p->tok.kind != FW_T_NEWLINE && p->tok.kind != FW_T_END);
	return result;
}

static int change_policy(struct change *c)
{
	struct fw_parser *p = &c->p;
	enum fw_reason reason = FW_R_IN;
	struct fw_action_text action = { .number = 0 };
	int err = fw_parser_policy(p, &reason, &action);

	if (!err)
		err = fw_parser_statement_end(p);
	if (!err)
		err = fw_edit_policy(p->edit, reason, action.number, &action.log);
	if (!err && c->log)
		fw_text_print_policy(c->log, p->rs, reason);
	return err;
}

static int change(struct change *c)
{
	static const struct verb verbs[] = {
		{ "add", change_add },
		{ "replace", change_replace },
		{ "move", change_move },
		{ "del", change_del },
		{ "set", fw_change_set },
		{ "policy", change_policy },
		{ FW_WORD_CHAIN, fw_change_chain },
		{ NULL, NULL },
	};
	size_t logged = c->log ? c->log->len : 0;
	int err = fw_change_dispatch(c, verbs, "'add', 'replace', 'move', 'del', 'set', 'policy' or 'chain'");

	c->p.lx.commas = false;
	if (c->log && c->log->len > logged)
		log_text(c, "\n");
	return err;
}

int fw_text_edit_with(struct fw_edit *e, const char *text, size_t len, const char *name, const struct fw_files *files,
		      struct fw_diags *ds, struct fw_buf *log)
{
	static const char *const words[] = { "add", "replace", "move", "del", "set", "policy", FW_WORD_CHAIN, NULL };
	struct change c = { .log = log };
	int err = 0;

	fw_parser_init(&c.p, e->rs, text, len, name, ds);
	c.p.statements = words;
	c.p.edit = e;
	c.p.files = files;
	log_text(&c, ""); /* no changes are an empty text, not none */
	for (fw_parser_skip_newlines(&c.p); c.p.tok.kind != FW_T_END && !err; fw_parser_skip_newlines(&c.p))
		err = change(&c);
	fw_parser_free(&c.p);
	if (!err)
		err = fw_edit_settle(e);
	if (!err)
		err = fw_chains_check_edit(e, &(struct fw_place){ .file = name }, ds);
	return err ? err : log && log->failed ? -ENOMEM : 0;
}

int fw_text_edit(struct fw_edit *e, const char *text, size_t len, const char *name, struct fw_diags *ds,
		 struct fw_buf *log)
{
	return fw_text_edit_with(e, text, len, name, NULL, ds, log);
}
