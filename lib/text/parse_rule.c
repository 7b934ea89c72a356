// SPDX-License-Identifier: GPL-2.0-only
/* `rule ...`: each keyword of a match names a field or a side, whose values follow it. */
#include <netinet/in.h>

#include "lib/text/parse.h"

struct fw_keyword {
	const char *word;
	uint8_t len;
	uint8_t subject; /* enum fw_field, FW_SIDE_SRC or FW_SIDE_DST: at most once per rule */
	bool v6;         /* it is ICMPv6's word for the field */
	int (*parse)(struct fw_parser *, struct fw_rule_text *, const struct fw_keyword *);
	uint32_t value; /* of parse_constant(): the value that the word means */
};

/* Ranges that a match has room for when it is made. The one of hooks is added to after others were read, and must not move. */
#define RANGES_FIRST 8
_Static_assert(FW_NHOOKS <= RANGES_FIRST, "the match of hooks stays in place");

/* Adds one range to the match that is being read. */
static int push_range(struct fw_parser *p, enum fw_field field, struct fw_range r)
{
	struct fw_match **m = &p->room[field];
	size_t n = *m ? (*m)->n : 0;

	if (n == FW_LIST_MAX)
		return fw_diag_add(p->ds, fw_parser_here(p), "use ranges, or several rules",
				   "a list holds at most %d values", FW_LIST_MAX);
	if (!*m || n == p->room_cap[field]) {
		size_t cap = n ? n * 2 : RANGES_FIRST;
		struct fw_match *grown = realloc(*m, sizeof(*grown) + cap * sizeof(r));

		if (!grown)
			return -ENOMEM;
		grown->n = (uint16_t)n;
		*m = grown;
		p->room_cap[field] = cap;
	}
	(*m)->r[(*m)->n++] = r;
	return 0;
}

/* A match without values; push_range() adds them. */
static int begin_match(struct fw_parser *p, enum fw_field field, bool negated)
{
	if (!p->room[field]) {
		int err = push_range(p, field, (struct fw_range){ 0, 0 });

		if (err)
			return err;
	}
	p->room[field]->field = (uint8_t)field;
	p->room[field]->negated = negated;
	p->room[field]->n = 0;
	return 0;
}

static int end_match(struct fw_parser *p, struct fw_rule_text *rule, enum fw_field field, int err)
{
	if (!err)
		rule->matches[rule->draft.nmatches++] = p->room[field];
	if (!err && field == FW_F_PROTO)
		p->proto = p->room[field];
	return err;
}

static int value_number(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a value", "write values without quotes");
	return fw_str_value(p->tok.text, kw->subject, kw->v6, fw_parser_here(p), p->ds, out);
}

static int value_port(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a value", "write values without quotes");
	return fw_parse_port(p, kw->subject, out);
}

static int value_owner(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a value", "write values without quotes");
	return fw_parse_owner(p, kw->subject, out);
}

static int value_flags(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "flags", "write flags without quotes");
	return fw_str_flags(p->tok.text, kw->subject, fw_parser_here(p), p->ds, out);
}

/* A name, or what is before the `*` of a pattern, as it is shown: in quotes with escapes of strings too. */
static int iface_name(struct fw_parser *p, struct fw_str s, char *out, size_t max)
{
	char shown[sizeof(struct fw_name_shown)];

	if (p->tok.kind == FW_T_STRING)
		return fw_str_unescape(s, "an interface name", fw_parser_here(p), p->ds, out, max);
	if (memchr(s.s, '*', s.len) || memchr(s.s, '+', s.len))
		return fw_diag_add(p->ds, fw_parser_here(p),
				   "a pattern ends in '*': on eth*; quote a name that has such a character",
				   "'%s' is neither a name nor a pattern", FW_SHOW(p->tok.text));
	snprintf(shown, sizeof(shown), "%.*s", (int)s.len, s.s);
	if (s.len < sizeof(shown) && fw_name_read(out, max, shown))
		return 0;
	return fw_diag_add(p->ds, fw_parser_here(p), NULL, "an interface name has 1 to %d bytes, not %zu",
			   FW_IFNAME_MAX, s.len);
}

static int check_iface(struct fw_parser *p, const char *name)
{
	struct fw_str s = { name, strlen(name) };
	const char *hint = "the kernel allows no blanks, '/' or ':' in names, nor the names '.' and '..'";

	if (!s.len || s.len > FW_IFNAME_MAX)
		return fw_diag_add(p->ds, fw_parser_here(p),
				   s.len ? "an altname may be longer: use the interface's primary name" : NULL,
				   "an interface name has 1 to %d bytes, not %zu", FW_IFNAME_MAX, s.len);
	if (fw_ifname_valid(name, s.len, FW_IFNAME_MAX))
		return 0;
	if (strchr(name, ':'))
		hint = "the part after ':' labels an address: name the interface, and match the address with `to`";
	return fw_diag_add(p->ds, fw_parser_here(p), hint, "'%s' is not an interface name", FW_SHOW(s));
}

static int value_iface(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	char name[FW_ALTNAME_MAX + 2];
	struct fw_str s = p->tok.text;
	bool pattern = s.len && s.s[s.len - 1] == '*';
	int number, err;

	if (pattern && s.len == 1)
		return fw_diag_add(p->ds, fw_parser_here(p), "leave it out: without it any interface matches",
				   "'*' needs the beginning of a name");
	s.len -= pattern;
	err = iface_name(p, s, name, sizeof(name) - 1);
	if (!err)
		err = check_iface(p, name);
	if (err)
		return err;
	if (pattern)
		snprintf(name + strlen(name), 2, "%c", FW_IFACE_REST);
	number = fw_ruleset_iface(p->rs, name);
	if (number == -E2BIG)
		fw_diag_add(
			p->ds, fw_parser_here(p),
			"interfaces named by the active ruleset count too: if both together are too many, run `fwctl flush` first",
			"the rules name more than %u interfaces", FW_IFACES_MAX);
	out->lo = out->hi = (uint32_t)number;
	return number < 0 ? number : 0;
}

/* A mark is a number, or VALUE/MASK: as of flags, the mask comes first in @out. */
static int value_mark(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	struct fw_str s = p->tok.text, mask;
	const char *slash = p->tok.kind == FW_T_WORD ? memchr(s.s, '/', s.len) : NULL;
	uint64_t value, bits;

	if (!slash)
		return value_number(p, kw, out);
	mask = (struct fw_str){ slash + 1, s.len - (size_t)(slash - s.s) - 1 };
	s.len = (size_t)(slash - s.s);
	if (fw_str_u64(s, &value) || fw_str_u64(mask, &bits) || value > UINT32_MAX || bits > UINT32_MAX || !bits)
		return fw_diag_add(p->ds, fw_parser_here(p), "a number, or VALUE/MASK such as 0x10/0xff",
				   "'%s' is not a value of 'mark'", FW_SHOW(p->tok.text));
	if (value & ~bits)
		return fw_diag_add(p->ds, fw_parser_here(p), "compare only bits of the mask, as in 0x10/0xff",
				   "the value 0x%x has bits outside of the mask 0x%x", (unsigned)value, (unsigned)bits);
	*out = (struct fw_range){ (uint32_t)bits, (uint32_t)value };
	p->masked++;
	return 0;
}

/* Both halves of a MAC address: the higher one is @out's lo, the lower one its hi. */
static int value_mac(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	const struct fw_field_info *info = &fw_field_info[kw->subject];

	if (p->tok.kind == FW_T_WORD && fw_str_mac(p->tok.text, &out->lo, &out->hi))
		return 0;
	return fw_diag_add(p->ds, fw_parser_here(p), info->hint, "'%s' is not a value of '%s'", FW_SHOW(p->tok.text),
			   kw->word);
}

static int match_element(struct fw_parser *p, void *ctx)
{
	static int (*const value[])(struct fw_parser *, const struct fw_keyword *, struct fw_range *) = {
		[FW_KIND_NUMBER] = value_number, [FW_KIND_PORT] = value_port,   [FW_KIND_OWNER] = value_owner,
		[FW_KIND_FLAGS] = value_flags,   [FW_KIND_IFACE] = value_iface, [FW_KIND_MARK] = value_mark,
		[FW_KIND_MAC] = value_mac,
	};
	const struct fw_keyword *kw = ctx;
	struct fw_range r;
	int err = value[fw_field_info[kw->subject].kind](p, kw, &r);

	return err ? err : push_range(p, kw->subject, r);
}

static bool take_not(struct fw_parser *p)
{
	bool negated = fw_parser_at(p, "not");

	if (negated)
		fw_parser_next(p);
	return negated;
}

/* The pairs of the mark's match, as far as they are about that byte. */
static int end_mark_byte(struct fw_parser *p, struct fw_rule_text *rule, unsigned byte)
{
	const struct fw_match *mark = p->room[FW_F_MARK];
	enum fw_field field = (enum fw_field)(FW_F_MARK_0 + byte);
	int err = begin_match(p, field, mark->negated);

	for (unsigned i = 0; i < mark->n && !err; i++)
		err = push_range(p, field,
				 (struct fw_range){ mark->r[i].lo >> 8 * byte & 255, mark->r[i].hi >> 8 * byte & 255 });
	rule->at.field[field] = rule->at.field[FW_F_MARK];
	return end_match(p, rule, field, err);
}

/* Marks with masks are matched byte by byte: one pair in as many bytes as it has, else all in the same byte. */
static int end_mark(struct fw_parser *p, struct fw_rule_text *rule)
{
	const struct fw_match *mark = p->room[FW_F_MARK];
	struct fw_place at = fw_place_of(&rule->at, rule->at.field[FW_F_MARK]);
	unsigned bytes = 0;
	int err = 0;

	if (!p->masked)
		return end_match(p, rule, FW_F_MARK, 0);
	if (p->masked < mark->n)
		return fw_diag_add(p->ds, at, "write several rules", "'mark' lists numbers with and without a mask");
	for (unsigned i = 0; i < mark->n; i++)
		for (unsigned b = 0; b < FW_MARK_BYTES; b++)
			bytes |= (unsigned)!!(mark->r[i].lo >> 8 * b & 255) << b;
	if (bytes & (bytes - 1) && (mark->n > 1 || mark->negated))
		return fw_diag_add(p->ds, at,
				   mark->negated ? "write an earlier rule for the marks that are not meant" :
						   "write several rules",
				   "'mark %s' is possible if all masks are in the same byte, as 0x4000/0xff00 is",
				   mark->negated ? "not VALUE/MASK" : "{ VALUE/MASK, ... }");
	for (unsigned b = 0; b < FW_MARK_BYTES && !err; b++)
		if (bytes >> b & 1)
			err = end_mark_byte(p, rule, b);
	return err;
}

/* MAC addresses are matched by halves: all have the same higher one. */
static int end_mac(struct fw_parser *p, struct fw_rule_text *rule)
{
	struct fw_match *mac = p->room[FW_F_MAC_HIGH];
	struct fw_place at = fw_place_of(&rule->at, rule->at.field[FW_F_MAC_HIGH]);
	int err = begin_match(p, FW_F_MAC_LOW, false);

	if (mac->negated)
		return fw_diag_add(p->ds, at, "write an earlier rule for the addresses that are not meant",
				   "'mac' cannot be used with 'not'");
	for (unsigned i = 0; i < mac->n && !err; i++) {
		if (mac->r[i].lo != mac->r[0].lo)
			return fw_diag_add(p->ds, at, "write several rules",
					   "'mac' lists addresses whose first three bytes differ");
		err = push_range(p, FW_F_MAC_LOW, (struct fw_range){ mac->r[i].hi, mac->r[i].hi });
	}
	rule->at.field[FW_F_MAC_LOW] = rule->at.field[FW_F_MAC_HIGH];
	mac->n = mac->n ? 1 : 0;
	mac->r[0].hi = mac->r[0].lo;
	err = end_match(p, rule, FW_F_MAC_HIGH, err);
	return end_match(p, rule, FW_F_MAC_LOW, err);
}

static int parse_match(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw)
{
	int err;

	if (fw_field_info[kw->subject].any && fw_parser_at(p, "any")) {
		fw_parser_next(p);
		return 0;
	}
	p->masked = 0;
	err = begin_match(p, kw->subject, take_not(p));
	if (!err)
		err = fw_parser_list(p, match_element, (void *)kw, false);
	if (!err && kw->subject == FW_F_MARK)
		return end_mark(p, rule);
	if (!err && kw->subject == FW_F_MAC_HIGH)
		return end_mac(p, rule);
	return end_match(p, rule, kw->subject, err);
}

/* A word that is field and value at once: in, out, ip, ip6. Several hooks mean any of them. */
static int parse_constant(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw)
{
	const struct fw_range r = { kw->value, kw->value };
	int err;

	if (rule->said[kw->subject])
		return push_range(p, kw->subject, r);
	err = begin_match(p, kw->subject, false);
	if (!err)
		err = push_range(p, kw->subject, r);
	return end_match(p, rule, kw->subject, err);
}

/* Adds an address or a set to the side that is being read; `any` must be alone. An element of fw_parser_list(). */
static int addr_element(struct fw_parser *p, void *ctx)
{
	struct fw_side *side = p->side;
	struct fw_addr_range r;
	uint32_t set;
	int err;

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "an address", "write addresses without quotes");
	if (p->tok.text.s[0] == '@' && p->query)
		return fw_diag_add(p->ds, fw_parser_here(p), "name addresses: from 192.0.2.0/24",
				   "a query cannot name a set");
	if (p->tok.text.s[0] == '@') {
		err = fw_parser_find_set(p, (struct fw_str){ p->tok.text.s + 1, p->tok.text.len - 1 }, &set);
		return err ? err : fw_vec_push(side->sets, side->nsets, side->sets_cap, set);
	}
	if (fw_str_is(p->tok.text, "any"))
		return fw_diag_add(p->ds, fw_parser_here(p), "leave the match out, or write 'any' alone",
				   "'any' cannot be used with 'not' or in a list");
	err = fw_parser_range(p, &r);
	return err ? err : fw_vec_push(side->ranges, side->nranges, side->ranges_cap, r);
}

/* The addresses are looked up when the whole rule has been read. */
static int parse_addrs(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw)
{
	struct fw_side *side = kw->subject == FW_SIDE_SRC ? &p->src : &p->dst;

	side->negated = take_not(p);
	if (!side->negated && fw_parser_at(p, "any")) {
		fw_parser_next(p);
		return 0;
	}
	side->said = true;
	p->side = side;

	int err = fw_parser_list(p, addr_element, NULL, false);

	if (!err && side->nranges == 1 && !side->nsets)
		fw_addrs_prefetch(p->rs, side->ranges, side->negated);
	return err;
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

#define WORD(text) .word = (text), .len = sizeof(text) - 1
/* clang-format off */
static const struct fw_keyword keywords[] = {
	{ WORD("from"), .subject = FW_SIDE_SRC, .parse = parse_addrs },
	{ WORD("to"), .subject = FW_SIDE_DST, .parse = parse_addrs },
#define CONSTANT(text, field, constant) \
	{ WORD(text), .subject = FW_F_##field, .parse = parse_constant, .value = (constant) },
	FW_FIELD_WORDS(CONSTANT)
#undef CONSTANT
#define MATCH(sym, keyword, ...) { WORD(keyword), .subject = FW_F_##sym, .parse = parse_match },
	FW_FIELDS(MATCH)
#undef MATCH
#define MATCH6(sym, keyword) { WORD(keyword), .subject = FW_F_##sym, .v6 = true, .parse = parse_match },
	FW_FIELD_WORDS6(MATCH6)
#undef MATCH6
};
/* clang-format on */
#define NKEYWORDS (sizeof(keywords) / sizeof(*keywords))

/* Is it a word of the language? */
static bool is_written(const struct fw_keyword *kw)
{
	return kw->parse != parse_match || fw_field_info[kw->subject].kind != FW_KIND_WORD;
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
				   again->parse == parse_constant ? "keep one of them" :
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

/* Matches up to the verdict (of a query: or the end), each at most once; notes the place of each for later diagnostics. */
static int parse_matches(struct fw_parser *p, struct fw_rule_text *rule)
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
	p->proto = NULL;
	begin_side(&p->src);
	begin_side(&p->dst);
}

static int end_rule(struct fw_parser *p, struct fw_rule_text *rule)
{
	int err = check_icmp_words(p, rule);

	if (!err)
		err = end_side(p, &p->src, &rule->draft.src);
	return err ? err : end_side(p, &p->dst, &rule->draft.dst);
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
		err = parse_matches(p, rule);
	if (!err)
		err = parse_action(p, rule);
	if (!err)
		err = parse_tail(p, rule);
	if (!err)
		err = fw_parser_statement_end(p);
	return err ? err : end_rule(p, rule);
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
		err = parse_matches(p, rule);
	*parts = err ? 0 : fw_parse_parts(p);
	if (!err && p->tok.kind != FW_T_END) {
		err = fw_parser_verdict(p, FW_OF_RULES, &said);
		if (!err)
			*verdict = said;
	}
	if (!err && p->tok.kind != FW_T_END)
		err = fw_parser_expected(p, "the end of the query",
					 "write matches before effects, and effects before the verdict");
	return err ? err : end_rule(p, rule);
}
