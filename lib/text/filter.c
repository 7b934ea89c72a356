// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filters: does a rule say something about the packets that somebody asks for? A
 * filter is read as the matches of a rule. It need not stand on its own as a rule
 * does: what `dport 22` says of the protocol goes without saying.
 */
#include "lib/text/parse.h"

/* What kinds of frames a rule can match: a bit for each family, and one for what is not IP. */
#define KIND_NON_IP (1u << FW_FAMILY_NONE)

struct fw_filter {
	struct fw_ruleset *rs; /* what the filter's rule refers to */
	struct fw_rule rule;
	const struct fw_match *matches[FW_NFIELDS];
	struct fw_range *values[FW_NFIELDS]; /* of each match, but for interfaces */
	size_t nvalues[FW_NFIELDS];
	struct fw_addr_range *src, *dst;
	size_t nsrc, ndst;
	unsigned kinds;
	int verdict; /* negative: either */
};

void fw_filter_free(struct fw_filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < FW_NFIELDS; i++)
		free(f->values[i]);
	free(f->src);
	free(f->dst);
	fw_ruleset_free(f->rs);
	free(f);
}

static void filter_freep(struct fw_filter **f)
{
	fw_filter_free(*f);
}

static unsigned kinds_of(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	const struct fw_match *ether = fw_rule_match(r, FW_F_ETHERTYPE);
	unsigned kinds = fw_addrs_families(&rs->addrs[r->src]) & fw_addrs_families(&rs->addrs[r->dst]);

	if (ether && !fw_match_has(ether, FW_ETHERTYPE_IP))
		kinds &= ~(1u << FW_IP4);
	if (ether && !fw_match_has(ether, FW_ETHERTYPE_IP6))
		kinds &= ~(1u << FW_IP6);
	return kinds | (fw_rule_names_non_ip(r) ? KIND_NON_IP : 0);
}

/* A filter that asks for nothing of IP is for all frames. */
static unsigned kinds_asked(const struct fw_filter *f)
{
	static const uint8_t of_ip[] = { FW_F_ETHERTYPE, FW_F_PROTO,     FW_F_SPORT, FW_F_DPORT, FW_F_ICMP_TYPE,
					 FW_F_ICMP_CODE, FW_F_TCP_FLAGS, FW_F_DSCP,  FW_F_FRAG };
	bool ip = f->src || f->dst;

	for (size_t i = 0; i < sizeof(of_ip) && !ip; i++)
		ip = fw_rule_match(&f->rule, of_ip[i]);
	return kinds_of(f->rs, &f->rule) | (ip ? 0 : KIND_NON_IP);
}

/* What the words of a filter say about the protocol. */
static const struct implied {
	uint8_t field;
	uint8_t n;
	uint8_t proto[5];
} implied[] = {
	{ FW_F_SPORT, 5, { 6, 17, 33, 132, 136 } },
	{ FW_F_DPORT, 5, { 6, 17, 33, 132, 136 } },
	{ FW_F_TCP_FLAGS, 1, { 6 } },
	{ FW_F_ICMP_TYPE, 1, { FW_PROTO_ICMP } },
	{ FW_F_ICMP_CODE, 1, { FW_PROTO_ICMP } },
};

/* Adds a match on the protocol to a filter that has none. */
static void imply_proto(struct fw_rule_text *text, struct fw_match *room)
{
	const struct implied *found = NULL;
	bool v6 = fw_keyword_v6(text->said[FW_F_ICMP_TYPE]) || fw_keyword_v6(text->said[FW_F_ICMP_CODE]);

	for (size_t i = 0; i < sizeof(implied) / sizeof(*implied); i++)
		if (text->said[implied[i].field])
			found = &implied[i];
	if (!found || text->said[FW_F_PROTO])
		return;
	*room = (struct fw_match){ .field = FW_F_PROTO };
	for (unsigned i = 0; i < found->n; i++) {
		uint32_t proto = v6 ? FW_PROTO_ICMP6 : found->proto[i];

		room->r[room->n++] = (struct fw_range){ proto, proto };
	}
	text->matches[text->draft.nmatches++] = room;
}

static int take_values(struct fw_filter *f, const struct fw_match *m)
{
	enum fw_field field = m->field;

	f->values[field] = malloc(FW_MATCH_RANGES_MAX(m) * sizeof(struct fw_range));
	if (!f->values[field])
		return -ENOMEM;
	f->nvalues[field] = fw_match_ranges(m, f->values[field]);
	return 0;
}

static int take_match(struct fw_filter *f, const struct fw_rule_text *text, const struct fw_match *m,
		      struct fw_diags *ds)
{
	const struct fw_match *normal;
	int err = fw_match_normalise(f->rs, m, fw_place_of(&text->at, text->at.field[m->field]), ds, &normal);

	if (err || !normal)
		return err;
	f->matches[f->rule.nmatches++] = normal;
	return m->field == FW_F_IFACE ? 0 : take_values(f, normal);
}

static int take_addrs(struct fw_filter *f)
{
	int err = 0;

	if (f->rule.src != FW_ANY)
		err = fw_addrs_ranges(f->rs, f->rule.src, &f->src, &f->nsrc);
	if (!err && f->rule.dst != FW_ANY)
		err = fw_addrs_ranges(f->rs, f->rule.dst, &f->dst, &f->ndst);
	return err;
}

static int read_filter(struct fw_filter *f, const char *matches, const char *name, struct fw_diags *ds)
{
	static const char *const none[] = { NULL };
	_Alignas(8) unsigned char room[sizeof(struct fw_match) + 5 * sizeof(struct fw_range)];
	fw_cleanup(fw_parser_free) struct fw_parser p;
	struct fw_rule_text text;
	int err;

	fw_parser_init(&p, f->rs, matches, strlen(matches), name, ds);
	p.statements = none;
	p.filter = true;
	err = fw_parse_filter(&p, &text, &f->verdict);
	if (err)
		return err;
	imply_proto(&text, (void *)room);
	f->rule.src = text.draft.src;
	f->rule.dst = text.draft.dst;
	f->rule.matches = f->matches;
	for (unsigned i = 0; i < text.draft.nmatches && !err; i++)
		err = take_match(f, &text, text.matches[i], ds);
	err = err ? err : take_addrs(f);
	f->kinds = kinds_asked(f);
	return err;
}

int fw_text_filter(const char *matches, const char *name, struct fw_diags *ds, struct fw_filter **out)
{
	fw_cleanup(filter_freep) struct fw_filter *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->verdict = -1;
	f->rs = fw_ruleset_new(name);
	err = f->rs ? read_filter(f, matches, name, ds) : -ENOMEM;
	if (!err)
		*out = fw_take(f);
	return err;
}

/* Does the match accept some value of the span? */
static bool accepts_some(const struct fw_match *m, struct fw_range span)
{
	uint64_t from = span.lo; /* values below are known not to be accepted, when negated */

	if (m->field == FW_F_TCP_FLAGS) {
		while (from <= span.hi && !fw_match_has(m, (uint32_t)from))
			from++;
		return from <= span.hi;
	}
	for (unsigned i = 0; i < m->n; i++) {
		bool overlaps = m->r[i].lo <= span.hi && span.lo <= m->r[i].hi;

		if (overlaps && !m->negated)
			return true;
		if (overlaps && m->r[i].lo > from)
			return true;
		if (overlaps)
			from = (uint64_t)m->r[i].hi + 1;
	}
	return m->negated && from <= span.hi;
}

static bool passes_values(const struct fw_filter *f, const struct fw_match *m, const struct fw_match *of_rule)
{
	bool some = false;

	for (size_t i = 0; i < f->nvalues[m->field] && !some; i++)
		some = accepts_some(of_rule, f->values[m->field][i]);
	return some;
}

/* Interfaces have numbers of their own in each ruleset. There are always others than those that a list names. */
static bool names_iface(const struct fw_ruleset *rs, const struct fw_match *m, const char *name)
{
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++)
			if (!strcmp(rs->ifaces[v], name))
				return true;
	return false;
}

/* Some interface that @list names is one that @m accepts. */
static bool some_iface(const struct fw_ruleset *rs, const struct fw_match *list, const struct fw_ruleset *rs_m,
		       const struct fw_match *m)
{
	for (unsigned i = 0; i < list->n; i++)
		for (uint32_t v = list->r[i].lo; v <= list->r[i].hi; v++)
			if (names_iface(rs_m, m, rs->ifaces[v]) != m->negated)
				return true;
	return false;
}

static bool passes_ifaces(const struct fw_filter *f, const struct fw_match *m, const struct fw_ruleset *rs,
			  const struct fw_match *of_rule)
{
	if (!m->negated)
		return some_iface(f->rs, m, rs, of_rule);
	return of_rule->negated || some_iface(rs, of_rule, f->rs, m);
}

static bool overlap(const struct fw_addr_range *a, const struct fw_addr_range *b)
{
	return a->family == b->family && fw_addr_cmp(a->lo, b->hi) <= 0 && fw_addr_cmp(b->lo, a->hi) <= 0;
}

static bool some_overlap(const struct fw_addr_range *a, size_t na, const struct fw_addr_range *b, size_t nb)
{
	for (size_t i = 0; i < na; i++)
		for (size_t k = 0; k < nb; k++)
			if (overlap(&a[i], &b[k]))
				return true;
	return false;
}

/* An expression that is not just a union: what is outside of it. */
static bool overlaps_outside(const struct fw_ruleset *rs, uint32_t number, const struct fw_addr_range *r, size_t n)
{
	fw_autofree struct fw_addr_range *all = NULL;
	size_t nall;

	if (fw_addrs_ranges(rs, number, &all, &nall))
		return true; /* a rule too many rather than one too few */
	return some_overlap(r, n, all, nall);
}

/* @r: addresses that the filter asks for; NULL: any. */
static bool passes_addrs(const struct fw_ruleset *rs, uint32_t number, const struct fw_addr_range *r, size_t n)
{
	const struct fw_addrs *a = &rs->addrs[number];

	if (!r || number == FW_ANY)
		return true;
	if (a->negated)
		return overlaps_outside(rs, number, r, n);
	if (some_overlap(r, n, a->ranges, a->nranges))
		return true;
	for (uint32_t i = 0; i < a->nsets; i++)
		if (some_overlap(r, n, rs->sets[a->sets[i]].elements, rs->sets[a->sets[i]].n))
			return true;
	return false;
}

bool fw_filter_passes(const struct fw_filter *f, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	if (f->verdict >= 0 && rule->verdict != f->verdict)
		return false;
	if (!(f->kinds & kinds_of(rs, rule)))
		return false;
	for (unsigned i = 0; i < f->rule.nmatches; i++) {
		const struct fw_match *m = f->matches[i], *of_rule = fw_rule_match(rule, m->field);

		if (!of_rule)
			continue;
		if (m->field == FW_F_IFACE ? !passes_ifaces(f, m, rs, of_rule) : !passes_values(f, m, of_rule))
			return false;
	}
	return passes_addrs(rs, rule->src, f->src, f->nsrc) && passes_addrs(rs, rule->dst, f->dst, f->ndst);
}
