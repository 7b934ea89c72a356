// SPDX-License-Identifier: GPL-2.0-only
/*
 * ClassBench filter sets, the common currency of packet classification: one rule
 * a line, `@src/len dst/len lo : hi lo : hi proto/mask`, with tabs between the
 * columns. What follows the protocol is ignored. Line order is priority.
 */
#include "lib/text/internal.h"

struct cursor {
	const char *start, *s, *end; /* the line, where we are in it, its end */
	const char *name;
	unsigned line;
	struct fw_diags *ds;
};

static struct fw_place place(const struct cursor *c)
{
	return (struct fw_place){ c->name, c->line, (unsigned)(c->s - c->start) + 1 };
}

static void skip_blanks(struct cursor *c)
{
	while (c->s < c->end && (*c->s == ' ' || *c->s == '\t' || *c->s == '\r'))
		c->s++;
}

static int expect(struct cursor *c, char want)
{
	skip_blanks(c);
	if (c->s == c->end || *c->s != want)
		return fw_diag_add(c->ds, place(c), "a rule is @src/len dst/len lo : hi lo : hi proto/mask",
				   "expected '%c'", want);
	c->s++;
	return 0;
}

/* A decimal or, after 0x, hexadecimal number of at most @max. */
static int number(struct cursor *c, uint32_t max, uint32_t *out)
{
	unsigned base = 10, digits = 0;
	uint64_t v = 0;

	skip_blanks(c);

	struct fw_place at = place(c);

	if (c->end - c->s > 2 && c->s[0] == '0' && (c->s[1] | 0x20) == 'x') {
		base = 16;
		c->s += 2;
	}
	for (; c->s < c->end; c->s++, digits++) {
		unsigned d = (unsigned char)*c->s - '0';
		unsigned letter = ((unsigned char)*c->s | 0x20u) - 'a';

		if (d > 9)
			d = letter < 6 ? letter + 10 : 99;
		if (d >= base)
			break;
		v = v * base + d;
		if (v > max)
			return fw_diag_add(c->ds, at, NULL, "the number is larger than %u", max);
	}
	if (!digits)
		return fw_diag_add(c->ds, at, "a rule is @src/len dst/len lo : hi lo : hi proto/mask",
				   "expected a number");
	*out = (uint32_t)v;
	return 0;
}

/* The addresses are looked up when the whole rule has been read; by then their entries have been fetched. */
static int prefix(struct cursor *c, const struct fw_ruleset *rs, struct fw_addr_range *out)
{
	struct fw_place at = place(c);
	uint32_t addr = 0, part, len;

	for (int i = 0; i < 4; i++) {
		if ((i && expect(c, '.')) || number(c, 255, &part))
			return -EINVAL;
		addr = addr << 8 | part;
	}
	if (expect(c, '/') || number(c, 32, &len))
		return -EINVAL;

	struct fw_addr a = { (uint64_t)addr << 32, 0 };
	*out = fw_addr_prefix(FW_IP4, a, len);
	if (fw_addr_cmp(out->lo, a))
		return fw_diag_add(c->ds, at, "clear the bits after the prefix",
				   "the address has bits set beyond its prefix length");
	fw_addrs_prefetch(rs, out, false);
	return 0;
}

static int number_of(struct fw_ruleset *rs, const struct fw_addr_range *r, uint32_t *out)
{
	bool any = !fw_addr_cmp(r->lo, (struct fw_addr){ 0, 0 }) && !fw_addr_cmp(r->hi, fw_addr_last(FW_IP4));

	*out = FW_ANY;
	return any ? 0 : fw_ruleset_addrs(rs, r, 1, NULL, 0, false, out);
}

/* A match of one range, with the room for it. */
struct match1 {
	_Alignas(8) unsigned char room[sizeof(struct fw_match) + sizeof(struct fw_range)];
};

static const struct fw_match *match1(struct match1 *at, enum fw_field field, uint32_t lo, uint32_t hi)
{
	struct fw_match *m = (void *)at->room;

	m->field = (uint8_t)field;
	m->negated = 0;
	m->n = 1;
	m->r[0] = (struct fw_range){ lo, hi };
	return m;
}

static int ports(struct cursor *c, enum fw_field field, struct match1 *room, struct fw_rule *r)
{
	uint32_t lo, hi;

	if (number(c, 65535, &lo) || expect(c, ':') || number(c, 65535, &hi))
		return -EINVAL;
	if (lo || hi != 65535)
		r->matches[r->nmatches++] = match1(room, field, lo, hi);
	return 0;
}

/* The last column. Only the masks 0x00 (any protocol) and 0xff can be expressed as a match. */
static int protocol(struct cursor *c, struct match1 *room, struct fw_rule *r)
{
	uint32_t value, mask;

	if (number(c, 255, &value) || expect(c, '/'))
		return -EINVAL;
	skip_blanks(c);

	struct fw_place at = place(c);

	if (number(c, 255, &mask))
		return -EINVAL;
	if (mask && mask != 0xff)
		return fw_diag_add(c->ds, at, "0x00 (any protocol) or 0xFF (just this one)",
				   "the protocol mask 0x%02X cannot be matched", mask);
	if (mask)
		r->matches[r->nmatches++] = match1(room, FW_F_PROTO, value, value);
	else if (value)
		return fw_diag_add(c->ds, at, "0x00/0x00 is any protocol", "protocol %u with mask 0x00 has no effect",
				   value);
	if (c->s < c->end && *c->s != ' ' && *c->s != '\t' && *c->s != '\r')
		return fw_diag_add(c->ds, place(c), NULL, "unexpected text after the protocol");
	return 0;
}

/* One line, added to the ruleset as a rule that drops. */
static int rule(struct cursor *c, struct fw_ruleset *rs)
{
	struct match1 room[3];
	const struct fw_match *matches[3];
	struct fw_rule r = { .matches = matches, .action = FW_DROP, .line = c->line };
	struct fw_addr_range src, dst;
	struct fw_place at = place(c);
	int err = expect(c, '@');

	if (!err)
		err = prefix(c, rs, &src);
	skip_blanks(c);
	if (!err)
		err = prefix(c, rs, &dst);
	if (!err)
		err = ports(c, FW_F_SPORT, &room[0], &r);
	if (!err)
		err = ports(c, FW_F_DPORT, &room[1], &r);
	if (!err)
		err = protocol(c, &room[2], &r);
	if (!err)
		err = number_of(rs, &src, &r.src);
	if (!err)
		err = number_of(rs, &dst, &r.dst);
	return err ? err : fw_ruleset_add(rs, &r, at, c->ds, NULL);
}

int fw_text_parse_classbench(struct fw_ruleset *rs, const char *text, size_t len, const char *name, struct fw_diags *ds)
{
	const char *end = text + len;
	struct cursor c = { .start = text, .name = name, .ds = ds };
	int result = 0;

	for (; c.start < end; c.start = c.end + 1) {
		const char *newline = memchr(c.start, '\n', (size_t)(end - c.start));

		c.end = newline ? newline : end;
		c.s = c.start;
		c.line++;
		skip_blanks(&c);
		if (c.s == c.end)
			continue;

		int err = rule(&c, rs);

		if (err && err != -EINVAL)
			return err;
		result = err ? err : result;
	}
	return result;
}
