// SPDX-License-Identifier: GPL-2.0-only
/* `rule ...`: what is before the matches and after them, and queries, which are matches alone. */
#include "lib/text/parse_match.h"

static int parse_id(struct fw_parser *p, struct fw_rule_text *rule)
{
	if (p->tok.kind != FW_T_WORD || p->tok.text.s[0] < '0' || p->tok.text.s[0] > '9')
		return 0;
	if (fw_str_u64(p->tok.text, &rule->draft.id) || !rule->draft.id)
		return fw_diag_add(p->ds, fw_parser_here(p), "a number from 1 to 18446744073709551615",
				   "'%s' is not a rule id", FW_SHOW(p->tok.text));
	rule->at.id = (struct fw_spot){ p->tok.line, p->tok.column };
	fw_parser_next(p);
	return 0;
}

static int parse_name(struct fw_parser *p, struct fw_rule_text *rule)
{
	fw_parser_next(p);
	rule->at.name = (struct fw_spot){ p->tok.line, p->tok.column };
	rule->draft.name = rule->name;
	return fw_parser_name(p, "rule", rule->name);
}

static int parse_chain(struct fw_parser *p, struct fw_rule_text *rule)
{
	fw_parser_next(p);
	rule->at.chain = (struct fw_spot){ p->tok.line, p->tok.column };

	int err = fw_parser_find_chain(p, &rule->draft.chain);

	if (!err)
		fw_parser_next(p);
	return err;
}

/* The part before the matches. */
static int parse_head(struct fw_parser *p, struct fw_rule_text *rule)
{
	int err = parse_id(p, rule);

	if (!err && fw_parser_at(p, "name"))
		err = parse_name(p, rule);
	if (!err && fw_parser_at(p, FW_WORD_CHAIN))
		err = parse_chain(p, rule);
	return err;
}

static int parse_comment(struct fw_parser *p, struct fw_rule_text *rule)
{
	fw_parser_next(p);
	rule->at.comment = (struct fw_spot){ p->tok.line, p->tok.column };
	rule->draft.comment = rule->comment;
	return fw_parser_string(p, "a comment", rule->comment, sizeof(rule->comment));
}

/* What may follow the verdict, in this order. */
static int parse_tail(struct fw_parser *p, struct fw_rule_text *rule)
{
	int err = 0;

	if (fw_parser_at(p, "counter")) {
		rule->draft.exported = 1;
		fw_parser_next(p);
	}
	if (fw_parser_at(p, "comment"))
		err = parse_comment(p, rule);
	if (!err && fw_parser_at(p, "counter"))
		return fw_diag_add(p->ds, fw_parser_here(p),
				   rule->draft.exported ?
					   "keep one of them" :
					   "write it before the comment: ... accept counter comment \"...\"",
				   rule->draft.exported ? "'counter' is given twice in one rule" :
							  "'counter' comes after the comment");
	return err;
}

static void begin_rule(struct fw_parser *p, struct fw_token start, struct fw_rule_text *rule)
{
	memset(rule, 0, offsetof(struct fw_rule_text, action));
	rule->draft.matches = rule->matches;
	rule->draft.line = p->edit ? 0 : start.line;
	rule->at.file = p->name;
	rule->at.rule = rule->at.id = (struct fw_spot){ start.line, start.column };
	fw_matches_begin(p);
}

static int parse_action(struct fw_parser *p, struct fw_rule_text *rule)
{
	int err = fw_parse_action(p, FW_OF_RULES, &rule->at, &rule->action);

	if (err)
		return err;
	rule->draft.action = rule->action.number;
	rule->draft.log = rule->action.log;
	rule->draft.target = rule->action.target;
	return 0;
}

int fw_parse_rule(struct fw_parser *p, struct fw_token start, struct fw_rule_text *rule)
{
	int err;

	begin_rule(p, start, rule);
	err = parse_head(p, rule);
	if (!err)
		err = fw_parse_matches(p, rule);
	if (!err)
		err = parse_action(p, rule);
	if (!err)
		err = parse_tail(p, rule);
	if (!err)
		err = fw_parser_statement_end(p);
	return err ? err : fw_matches_end(p, rule);
}

/* The query's ruleset has no chains: the name is compared later. */
static int parse_query_chain(struct fw_parser *p, struct fw_rule_text *rule)
{
	if (!fw_parser_at(p, FW_WORD_CHAIN))
		return 0;
	fw_parser_next(p);
	return fw_parser_name(p, "chain", rule->chain);
}

int fw_parse_query(struct fw_parser *p, struct fw_rule_text *rule, unsigned *parts, int *verdict)
{
	uint8_t said;
	int err;

	begin_rule(p, p->tok, rule);
	rule->chain[0] = '\0';
	err = parse_query_chain(p, rule);
	if (!err)
		err = fw_parse_matches(p, rule);
	*parts = err ? 0 : fw_parse_parts(p);
	if (!err && p->tok.kind != FW_T_END) {
		err = fw_parser_verdict(p, FW_OF_RULES, &said);
		if (!err)
			*verdict = said;
	}
	if (!err && p->tok.kind != FW_T_END)
		err = fw_parser_expected(p, "the end of the query",
					 "write matches before effects, and effects before the verdict");
	return err ? err : fw_matches_end(p, rule);
}
