// SPDX-License-Identifier: GPL-2.0-only
/* One match of a rule: its values are collected in the parser, by field or side. */
#include "lib/text/parse_match.h"

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
		p->room_cap[field] = (uint32_t)cap;
		p->has_room |= FW_FIELD_BIT(field);
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

static int match_element(struct fw_parser *p, void *ctx)
{
	const struct fw_keyword *kw = ctx;
	struct fw_range r;
	int err = fw_parse_value(p, kw, &r);

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

int fw_parse_match(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw)
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

int fw_parse_constant(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw)
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

/* The addresses are looked up when the whole rule has been read: fw_matches_end(). */
int fw_parse_addrs(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw)
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
