// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a rule or policy does: conditions (limit, connections), effects (log, mark set, add, update) and the verdict, which
 * ends them. Conditions and effects may be in any order; they are printed in that of the table.
 */
#include "lib/text/parse.h"

#include "fw/table/connections.h"

#define RATE_HINT "a number and a unit: 10/second, 100/minute, 5/hour or 1/day"

struct part {
	const char *word;
	unsigned bit; /* enum fw_action_part; parts with the same one exclude each other */
	bool effect;
	int (*parse)(struct fw_parser *, struct fw_action_text *);
	size_t spot; /* of struct fw_rule_places */
};

/* Takes the word. */
static bool take(struct fw_parser *p, const char *word)
{
	bool is = fw_parser_at(p, word);

	if (is)
		fw_parser_next(p);
	return is;
}

static int expect(struct fw_parser *p, const char *word, const char *hint)
{
	char what[32];

	if (take(p, word))
		return 0;
	snprintf(what, sizeof(what), "'%s'", word);
	return fw_parser_expected(p, what, hint);
}

/* The part of a word before its first '/'; *rest is what follows that, of length 0 if there is none. */
static struct fw_str until_slash(struct fw_str s, struct fw_str *rest)
{
	const char *slash = memchr(s.s, '/', s.len);
	size_t len = slash ? (size_t)(slash - s.s) : s.len;

	*rest = slash ? (struct fw_str){ slash + 1, s.len - len - 1 } : (struct fw_str){ s.s + s.len, 0 };
	return (struct fw_str){ s.s, len };
}

static bool number(struct fw_str s, uint64_t least, uint64_t most, uint64_t *out)
{
	return !fw_str_u64(s, out) && *out >= least && *out <= most;
}

/* A rate: N/UNIT [burst N]. */
static int parse_rate(struct fw_parser *p, uint32_t burst, struct fw_rate *out)
{
	struct fw_place at = fw_parser_here(p);
	struct fw_str unit_word, packets_word = until_slash(p->tok.text, &unit_word);
	uint64_t packets;
	unsigned unit = 0;
	int err = 0;

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a rate", RATE_HINT);
	while (unit < FW_NUNITS && !fw_str_is(unit_word, fw_unit_names[unit]))
		unit++;
	if (unit == FW_NUNITS || !number(packets_word, 1, FW_RATE_MAX, &packets))
		return fw_diag_add(p->ds, at, RATE_HINT, "'%s' is not a rate", FW_SHOW(p->tok.text));
	fw_parser_next(p);
	if (take(p, "burst")) {
		err = fw_parser_count(p, "a number of packets", FW_BURST_MAX, &burst);
		fw_parser_next(p);
	}
	if (!err && !fw_rate_fits((uint32_t)packets, unit, burst))
		return fw_diag_add(p->ds, at, "a smaller burst, or a higher rate",
				   "the burst lasts more than 100 years");
	if (!err)
		*out = fw_rate_make((uint32_t)packets, unit, burst);
	return err;
}

/* Whose packets count together: from/24/64. Only the first @n of fw_per_names are allowed. */
static int parse_per(struct fw_parser *p, unsigned n, uint8_t *per, uint8_t *bits4, uint8_t *bits6)
{
	const char *hint = n > FW_PER_FROM_TO ? "from, to or from-to, with bits that count: from/24 or from/24/64" :
						"from or to, with bits that count: from/24 or from/24/64";
	struct fw_str rest, last, base = until_slash(p->tok.text, &rest), first = until_slash(rest, &last);
	uint64_t v4 = FW_PER4, v6 = FW_PER6;
	unsigned which = FW_PER_FROM;

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "whose packets count together", hint);
	while (which < n && !fw_str_is(base, fw_per_names[which]))
		which++;
	if (which >= n || (rest.s != base.s + base.len && !number(first, 1, 32, &v4)) ||
	    (last.s != first.s + first.len && !number(last, 1, 128, &v6)))
		return fw_diag_add(p->ds, fw_parser_here(p), hint, "'%s' is not what can be counted by",
				   FW_SHOW(p->tok.text));
	*per = (uint8_t)which;
	*bits4 = (uint8_t)v4;
	*bits6 = (uint8_t)v6;
	fw_parser_next(p);
	return 0;
}

static int parse_limit(struct fw_parser *p, struct fw_action_text *t)
{
	struct fw_action *a = &t->action;
	int err;

	if (take(p, "over"))
		a->flags |= FW_ACTION_LIMIT_OVER;
	err = parse_rate(p, FW_LIMIT_BURST, &a->limit);
	if (!err && take(p, "per"))
		err = parse_per(p, FW_NPERS, &a->per, &a->per4, &a->per6);
	return err;
}

static int parse_connections(struct fw_parser *p, struct fw_action_text *t)
{
	static const char hint[] = "connections per from over 100";
	struct fw_action *a = &t->action;
	int err = expect(p, "per", hint);

	if (!err)
		err = parse_per(p, FW_PER_FROM_TO, &a->connections_per, &a->connections4, &a->connections6);
	if (!err)
		err = expect(p, "over", hint);
	if (!err)
		err = fw_parser_count(p, "a number of connections", UINT32_MAX - 1, &a->connections);
	if (!err)
		fw_parser_next(p);
	return err;
}

static int parse_level(struct fw_parser *p, uint8_t *out)
{
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];
	uint8_t level = 0;

	while (level < FW_NLOG_LEVELS && !fw_parser_at(p, fw_log_levels[level]))
		level++;
	if (level < FW_NLOG_LEVELS) {
		*out = level;
		fw_parser_next(p);
		return 0;
	}
	for (unsigned i = 0; i < FW_NLOG_LEVELS; i++)
		fw_nearest_try(&near, fw_log_levels[i]);
	return fw_parser_expected(p, "a level",
				  near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) :
					      "emerg, alert, crit, err, warning, notice, info or debug");
}

static int parse_log(struct fw_parser *p, struct fw_action_text *t)
{
	int err = 0;

	t->action.flags |= FW_ACTION_LOG;
	t->action.log = fw_rate_make(FW_LOG_RATE, FW_UNIT_SECOND, FW_LOG_BURST);
	t->log.level = FW_LOG_LEVEL_DEFAULT;
	if (take(p, "prefix")) {
		err = fw_parser_string(p, "a log prefix", t->prefix, sizeof(t->prefix));
		t->log.prefix = t->prefix;
	}
	if (!err && take(p, "level"))
		err = parse_level(p, &t->log.level);
	if (!err && take(p, "rate"))
		err = parse_rate(p, FW_LOG_BURST, &t->action.log);
	return err;
}

static int parse_mark(struct fw_parser *p, struct fw_action_text *t)
{
	struct fw_str mask_word, mark_word;
	uint64_t mark, mask = UINT32_MAX;

	fw_parser_next(p); /* set */
	mark_word = until_slash(p->tok.text, &mask_word);
	if (p->tok.kind != FW_T_WORD || !number(mark_word, 0, UINT32_MAX, &mark) ||
	    (memchr(p->tok.text.s, '/', p->tok.text.len) && !number(mask_word, 1, UINT32_MAX, &mask)))
		return fw_parser_expected(p, "a mark", "a number, or a number and a mask: 0x10 or 0x10/0xff");
	if (mark & ~mask)
		return fw_diag_add(p->ds, fw_parser_here(p), "set only bits that the mask has",
				   "the mark 0x%llx has bits outside of the mask 0x%llx", (unsigned long long)mark,
				   (unsigned long long)mask);
	t->action.flags |= FW_ACTION_MARK;
	t->action.mark = (uint32_t)mark;
	t->action.mark_mask = (uint32_t)mask;
	fw_parser_next(p);
	return 0;
}

static int parse_set(struct fw_parser *p, struct fw_action *a)
{
	struct fw_str name = p->tok.text;

	if (p->tok.kind != FW_T_WORD || name.s[0] != '@')
		return fw_parser_expected(p, "a set", "name it as in matches: add from to @banned");

	int err = fw_parser_change_set(p, (struct fw_str){ name.s + 1, name.len - 1 }, &a->set);

	if (!err)
		fw_parser_next(p);
	return err;
}

static int parse_add(struct fw_parser *p, struct fw_action_text *t)
{
	static const char hint[] = "add from to @banned, or add to to @banned";
	struct fw_action *a = &t->action;
	int err = 0;

	a->flags |= FW_ACTION_ADD;
	if (take(p, fw_per_names[FW_PER_FROM]))
		a->add_per = FW_PER_FROM;
	else if (take(p, fw_per_names[FW_PER_TO]))
		a->add_per = FW_PER_TO;
	else
		return fw_parser_expected(p, "'from' or 'to'", hint);
	err = expect(p, "to", hint);
	if (!err)
		err = parse_set(p, a);
	if (err || !take(p, FW_WORD_TIMEOUT))
		return err;
	err = fw_parser_time(p, &a->timeout);
	fw_parser_next(p);
	return err;
}

static int parse_update(struct fw_parser *p, struct fw_action_text *t)
{
	t->action.flags |= FW_ACTION_UPDATE;
	return parse_add(p, t);
}

#define SPOT(member) offsetof(struct fw_rule_places, member)
static const struct part parts[] = {
	{ "limit", FW_PART_LIMIT, false, parse_limit, SPOT(limit) },
	{ "connections", FW_PART_CONNECTIONS, false, parse_connections, SPOT(connections) },
	{ "log", FW_PART_LOG, true, parse_log, SPOT(log) },
	{ "mark", FW_PART_MARK, true, parse_mark, SPOT(mark) },
	{ "add", FW_PART_ADD, true, parse_add, SPOT(add) },
	{ "update", FW_PART_ADD | FW_PART_UPDATE, true, parse_update, SPOT(add) },
};
#define NPARTS (sizeof(parts) / sizeof(*parts))

/* `mark` with a value is a match. */
static bool sets_mark(const struct fw_parser *p)
{
	struct fw_lexer ahead = p->lx;
	struct fw_token next = fw_lex(&ahead);

	if (next.kind != FW_T_WORD)
		return p->query && next.kind == FW_T_END;
	return fw_str_is(next.text, "set");
}

/* Asked at every match of every rule, hence the first letters: few matches begin as one of these words does. */
static const struct part *at_part(const struct fw_parser *p)
{
	for (size_t i = 0; p->tok.kind == FW_T_WORD && i < NPARTS; i++)
		if (p->tok.text.s[0] == parts[i].word[0] && fw_parser_at(p, parts[i].word) &&
		    (parts[i].parse != parse_mark || sets_mark(p)))
			return &parts[i];
	return NULL;
}

bool fw_parser_at_action(const struct fw_parser *p)
{
	return at_part(p) || fw_parser_at(p, FW_WORD_AUDIT);
}

/* Conditions and effects, each at most once. */
static int parse_parts(struct fw_parser *p, bool policy, struct fw_action_text *t)
{
	const struct part *part;
	unsigned said = 0;

	for (; (part = at_part(p)); said |= part->bit) {
		if (policy && part->parse != parse_log)
			return fw_parser_expected(p, "'log' or a verdict",
						  "policies log, and decide; rules can do more");
		if (said & part->bit)
			return fw_diag_add(p->ds, fw_parser_here(p), "keep one of them",
					   "'%s' is given twice in one %s", part->word, policy ? "policy" : "rule");
		*(struct fw_spot *)((char *)t->at + part->spot) = (struct fw_spot){ p->tok.line, p->tok.column };
		fw_parser_next(p);

		int err = part->parse(p, t);

		if (err)
			return err;
		t->effects |= part->effect;
	}
	return 0;
}

unsigned fw_parse_parts(struct fw_parser *p)
{
	const struct part *part;
	unsigned found = 0;

	for (; (part = at_part(p)); found |= part->bit) {
		fw_parser_next(p);
		if (part->parse == parse_mark)
			take(p, "set");
	}
	return take(p, FW_WORD_AUDIT) ? found | FW_PART_AUDIT : found;
}

unsigned fw_action_parts(const struct fw_action *a)
{
	return (a->limit.interval ? FW_PART_LIMIT : 0) | (a->connections ? FW_PART_CONNECTIONS : 0) |
	       (a->flags & FW_ACTION_LOG ? FW_PART_LOG : 0) | (a->flags & FW_ACTION_MARK ? FW_PART_MARK : 0) |
	       (a->flags & FW_ACTION_ADD ? FW_PART_ADD : 0) | (a->flags & FW_ACTION_UPDATE ? FW_PART_UPDATE : 0) |
	       (a->audit ? FW_PART_AUDIT : 0);
}

/* Is the end of the action there, without a verdict? */
static bool ends(const struct fw_parser *p)
{
	return p->tok.kind == FW_T_NEWLINE || p->tok.kind == FW_T_END || fw_parser_at(p, "counter") ||
	       fw_parser_at(p, "comment");
}

static int parse_reject_kind(struct fw_parser *p, struct fw_action *a)
{
	static const char *const words[] = {
#define REJECT_WORD(sym, word, ...) word,
		FW_REJECTS(REJECT_WORD)
#undef REJECT_WORD
	};
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];

	for (unsigned i = FW_REJECT_DEFAULT + 1; i < FW_NREJECTS; i++) {
		fw_nearest_try(&near, words[i]);
		if (!fw_parser_at(p, words[i]))
			continue;
		a->reject = (uint8_t)i;
		fw_parser_next(p);
		return 0;
	}
	return fw_parser_expected(p, "how to reject",
				  near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) :
					      "tcp-reset, port-unreachable, host-unreachable, net-unreachable, "
					      "proto-unreachable, admin-prohibited or host-prohibited");
}

static int parse_audit(struct fw_parser *p, struct fw_action *a)
{
	int verdict = fw_parser_at_verdict(p, FW_TERMINAL);

	if (verdict != FW_DROP && verdict != FW_REJECT)
		return fw_parser_expected(p, "'drop' or 'reject'", "audit counts what would be dropped or rejected");
	a->verdict = FW_CONTINUE;
	a->audit = (uint8_t)(verdict + 1);
	fw_parser_next(p);
	return 0;
}

static int parse_target(struct fw_parser *p, struct fw_action_text *t)
{
	t->at->target = (struct fw_spot){ p->tok.line, p->tok.column };

	int err = fw_parser_find_chain(p, &t->target);

	if (!err)
		fw_parser_next(p);
	return err;
}

static int parse_verdict(struct fw_parser *p, unsigned roles, struct fw_action_text *t)
{
	uint8_t verdict;
	int err;

	t->at->verdict = (struct fw_spot){ p->tok.line, p->tok.column };
	if (roles & FW_OF_RULES && take(p, FW_WORD_AUDIT))
		return parse_audit(p, &t->action);
	if (roles & FW_OF_RULES && t->effects && ends(p)) {
		t->action.verdict = FW_CONTINUE;
		return 0;
	}
	err = fw_parser_verdict(p, roles, &verdict);
	if (err)
		return err;
	t->action.verdict = verdict;
	if (verdict == FW_JUMP || verdict == FW_GOTO)
		return parse_target(p, t);
	if (verdict == FW_REJECT && take(p, "with"))
		return parse_reject_kind(p, &t->action);
	return 0;
}

int fw_parse_action(struct fw_parser *p, unsigned roles, struct fw_rule_places *at, struct fw_action_text *out)
{
	struct fw_place start = fw_parser_here(p);
	int err, number;

	memset(out, 0, offsetof(struct fw_action_text, prefix));
	out->at = at;
	err = parse_parts(p, !(roles & FW_OF_RULES), out);
	if (!err)
		err = parse_verdict(p, roles, out);
	if (err)
		return err;
	if (out->action.connections && !fw_ruleset_counts(p->rs, &out->action))
		return fw_diag_add(p->ds, start, "use the same side and prefixes in several rules",
				   "connections are counted by more than %u different sides and prefixes",
				   FW_CONNECTIONS_KINDS);
	number = fw_ruleset_action(p->rs, &out->action);
	if (number < 0)
		return fw_diag_add(p->ds, start, "use the same limits, log rates and marks in several rules",
				   "there are more than %u different actions", FW_ACTIONS_MAX);
	out->number = (uint8_t)number;
	return 0;
}
