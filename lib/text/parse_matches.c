// SPDX-License-Identifier: GPL-2.0-only
/* The matches of a rule: each keyword names a field or a side, whose values follow it. */
#include <netinet/in.h>

#include "lib/text/parse_match.h"

#define WORD(text) .word = (text), .len = sizeof(text) - 1
/* clang-format off */
static const struct fw_keyword keywords[] = {
	{ WORD("from"), .subject = FW_SIDE_SRC, .parse = fw_parse_addrs },
	{ WORD("to"), .subject = FW_SIDE_DST, .parse = fw_parse_addrs },
#define CONSTANT(text, field, constant) \
	{ WORD(text), .subject = FW_F_##field, .parse = fw_parse_constant, .value = (constant) },
	FW_FIELD_WORDS(CONSTANT)
#undef CONSTANT
#define MATCH(sym, keyword, ...) { WORD(keyword), .subject = FW_F_##sym, .parse = fw_parse_match },
	FW_FIELDS(MATCH)
#undef MATCH
#define MATCH6(sym, keyword) { WORD(keyword), .subject = FW_F_##sym, .v6 = true, .parse = fw_parse_match },
	FW_FIELD_WORDS6(MATCH6)
#undef MATCH6
};
/* clang-format on */
#define NKEYWORDS (sizeof(keywords) / sizeof(*keywords))

/* Is it a word of the language? */
static bool is_written(const struct fw_keyword *kw)
{
	return kw->parse != fw_parse_match || fw_field_info[kw->subject].kind != FW_KIND_WORD;
}

static bool is_owner(const struct fw_keyword *kw)
{
	return kw->subject < FW_NFIELDS && fw_field_info[kw->subject].kind == FW_KIND_OWNER;
}

/* The keyword at the token; NULL: there is none. */
static const struct fw_keyword *keyword_at(const struct fw_parser *p)
{
	struct fw_str s = p->tok.text;

	for (size_t i = 0; p->tok.kind == FW_T_WORD && i < NKEYWORDS; i++)
		if (s.len == keywords[i].len && s.s[0] == keywords[i].word[0] && !memcmp(s.s, keywords[i].word, s.len))
			return is_written(&keywords[i]) ? &keywords[i] : NULL;
	return NULL;
}

/* The keyword after `owner`, which may precede uid and gid; NULL: another word. */
static const struct fw_keyword *keyword_of_owner(struct fw_parser *p)
{
	const struct fw_keyword *kw;

	fw_parser_next(p);
	kw = keyword_at(p);
	return kw && is_owner(kw) ? kw : NULL;
}

/* Have all matches been read? `mark` begins a match or an action. */
static bool at_end(const struct fw_parser *p, const struct fw_keyword *kw)
{
	if (kw)
		return kw->subject == FW_F_MARK && fw_parser_at_action(p);
	return fw_parser_at_verdict(p, FW_OF_RULES) >= 0 || fw_parser_at_action(p) ||
	       (p->query && p->tok.kind == FW_T_END);
}

/* Refuses a word that begins no match, with a hint for a misplaced, foreign or misspelt one. Always -EINVAL. */
static int refuse_keyword(struct fw_parser *p)
{
	struct fw_nearest near = { .word = p->tok.text };
	char buf[128], words[FW_VERDICT_WORDS];
	const char *hint;

	for (size_t i = 0; p->tok.kind == FW_T_WORD && i < NKEYWORDS; i++)
		if (is_written(&keywords[i]))
			fw_nearest_try(&near, keywords[i].word);
	fw_nearest_try_verdicts(&near, FW_OF_RULES);
	hint = fw_other_word(p->tok.text, FW_WORD_OF_RULE);
	hint = hint ? hint : fw_nearest_hint(&near, buf, sizeof(buf));
	if (fw_parser_at(p, "name"))
		hint = "the name comes first: rule 10 name ssh in ...";
	else if (fw_parser_at(p, FW_WORD_CHAIN))
		hint = "the chain comes before the matches: rule 10 name ssh chain web ...";
	else if (fw_parser_at(p, "comment"))
		hint = "write the comment after the verdict: ... accept comment \"...\"";
	else if (fw_parser_at(p, "counter"))
		hint = "write it after the verdict: ... accept counter";
	else if (p->tok.kind == FW_T_COMMA)
		hint = "put a list between '{' and '}'";
	return fw_parser_expected(p, fw_verdict_words(FW_OF_RULES, "a match", words, sizeof(words)), hint);
}

static int refuse_repeated(struct fw_parser *p, const struct fw_keyword *first, const struct fw_keyword *again)
{
	const char *hint = first->subject == FW_F_ETHERTYPE ? "leave both out to match both families" :
							      "keep one of them";

	if (first == again || first->subject == FW_F_HOOK)
		return fw_diag_add(p->ds, fw_parser_here(p),
				   again->parse == fw_parse_constant ? "keep one of them" :
								       "write it once, with a list: { a, b }",
				   "'%s' is given twice in one rule", again->word);
	return fw_diag_add(p->ds, fw_parser_here(p), hint, "'%s' cannot be used with '%s'", again->word, first->word);
}

/* Is it a hook that the rule does not name yet? */
static bool is_another_hook(const struct fw_parser *p, const struct fw_keyword *kw)
{
	const struct fw_match *m = p->room[FW_F_HOOK];

	return kw->subject == FW_F_HOOK && !fw_match_has(m, kw->value);
}

static void note_spot(struct fw_rule_text *rule, unsigned subject, struct fw_spot spot)
{
	if (subject < FW_NFIELDS)
		rule->at.field[subject] = spot;
	else
		*(subject == FW_SIDE_SRC ? &rule->at.src : &rule->at.dst) = spot;
}

int fw_parse_matches(struct fw_parser *p, struct fw_rule_text *rule)
{
	const struct fw_keyword *kw;

	while (!at_end(p, kw = keyword_at(p))) {
		struct fw_spot spot = { p->tok.line, p->tok.column };

		if (!kw && fw_parser_at(p, "owner"))
			kw = keyword_of_owner(p);
		if (!kw)
			return refuse_keyword(p);
		if (rule->said[kw->subject] && !is_another_hook(p, kw))
			return refuse_repeated(p, rule->said[kw->subject], kw);
		if (!rule->said[kw->subject])
			note_spot(rule, kw->subject, spot);
		p->lx.commas = kw->subject < FW_NFIELDS && fw_field_is_flags(kw->subject);
		fw_parser_next(p);

		int err = kw->parse(p, rule, kw);

		rule->said[kw->subject] = kw;
		p->lx.commas = false;
		if (err)
			return err;
	}
	return 0;
}

/* `icmp-type` wants `proto icmp`, `icmp6-type` wants `proto icmp6`; other protocols are refused with the whole rule. */
static int check_icmp_words(struct fw_parser *p, const struct fw_rule_text *rule)
{
	const struct fw_match *proto = rule->said[FW_F_PROTO] ? p->room[FW_F_PROTO] : NULL;

	for (enum fw_field f = 0; proto && f < FW_NFIELDS; f++) {
		const struct fw_keyword *kw = rule->said[f];
		uint32_t other = kw && kw->v6 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

		if (kw && fw_field_info[f].keyword6 && fw_match_has(proto, other))
			return fw_diag_add(p->ds, fw_place_of(&rule->at, rule->at.field[f]),
					   kw->v6 ? "write 'proto icmp6', or use icmp-type and icmp-code" :
						    "write 'proto icmp', or use icmp6-type and icmp6-code",
					   "'%s' cannot be used with protocol %s", kw->word, kw->v6 ? "icmp" : "icmp6");
	}
	return 0;
}

bool fw_keyword_v6(const struct fw_keyword *kw)
{
	return kw && kw->v6;
}

static void begin_side(struct fw_side *side)
{
	side->said = false;
	side->nranges = side->nsets = 0;
}

static int end_side(struct fw_parser *p, const struct fw_side *s, uint32_t *number)
{
	return s->said ? fw_ruleset_addrs(p->rs, s->ranges, s->nranges, s->sets, s->nsets, s->negated, number) : 0;
}

void fw_matches_begin(struct fw_parser *p)
{
	p->proto = NULL;
	begin_side(&p->src);
	begin_side(&p->dst);
}

int fw_matches_end(struct fw_parser *p, struct fw_rule_text *rule)
{
	int err = check_icmp_words(p, rule);

	if (!err)
		err = end_side(p, &p->src, &rule->draft.src);
	return err ? err : end_side(p, &p->dst, &rule->draft.dst);
}
