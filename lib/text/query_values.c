// SPDX-License-Identifier: GPL-2.0-only
/* Compares the values that a query asks for with a rule's match: both are sorted lists, scanned in step. */
#include "lib/text/query.h"

#include <string.h>

/* The first range from @from on that ends at or after @value. Steps double, so that near ranges are found fast. */
static size_t seek(const struct fw_range *r, size_t n, size_t from, uint32_t value, int64_t *work)
{
	size_t step = 1, end = from;

	for (--*work; end < n && r[end].hi < value; --*work) {
		from = end + 1;
		end = end + step < n ? end + step : n;
		step *= 2;
	}
	for (; from < end; --*work) {
		size_t mid = from + (end - from) / 2;

		if (r[mid].hi < value)
			from = mid + 1;
		else
			end = mid;
	}
	return from;
}

static bool some_inside(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work)
{
	for (size_t i = 0, k = 0; i < n; i = seek(r, n, i, m->r[k].lo, work)) {
		k = seek(m->r, m->n, k, r[i].lo, work);
		if (k == m->n)
			return false;
		if (m->r[k].lo <= r[i].hi)
			return true;
	}
	return false;
}

/* Ranges of a match do not touch each other: a range that one of them does not hold has a value in between. */
static bool some_outside(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work)
{
	for (size_t i = 0, k = 0; i < n; i++) {
		k = seek(m->r, m->n, k, r[i].lo, work);
		if (k == m->n || r[i].lo < m->r[k].lo || r[i].hi > m->r[k].hi)
			return true;
	}
	return false;
}

static bool some_flags(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work)
{
	for (size_t i = 0; i < n; i++)
		for (uint32_t v = r[i].lo; v <= r[i].hi; v++) {
			*work -= m->n;
			if (fw_match_has(m, v))
				return true;
		}
	return false;
}

bool fw_query_values_meet(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work)
{
	if (fw_field_is_flags(m->field))
		return some_flags(r, n, m, work);
	return m->negated ? some_outside(r, n, m, work) : some_inside(r, n, m, work);
}

/* The largest value of a span that the first @k ranges of a match leave: all others lie above the span. */
static int64_t largest_outside(struct fw_range span, const struct fw_match *m, size_t k)
{
	if (k && m->r[k - 1].hi >= span.hi)
		return (int64_t)m->r[k - 1].lo - 1 >= span.lo ? (int64_t)m->r[k - 1].lo - 1 : -1;
	return span.hi;
}

static int64_t largest_inside(struct fw_range span, const struct fw_match *m, size_t k)
{
	uint32_t hi = k && m->r[k - 1].hi < span.hi ? m->r[k - 1].hi : span.hi;

	return k && hi >= span.lo ? (int64_t)hi : -1;
}

int64_t fw_query_largest(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work)
{
	size_t k = m ? m->n : 0;

	while (n--) {
		int64_t v = r[n].hi;

		for (; k && m->r[k - 1].lo > r[n].hi; k--)
			--*work;
		if (m)
			v = m->negated ? largest_outside(r[n], m, k) : largest_inside(r[n], m, k);
		--*work;
		if (v >= 0)
			return v;
	}
	return -1;
}

void fw_query_protocols(const struct fw_match *m, bool protocols[256])
{
	uint32_t from = 0;

	if (!m)
		return;
	for (unsigned i = 0; i <= m->n; i++) {
		uint32_t lo = i < m->n ? m->r[i].lo : 256, end = i < m->n ? m->r[i].hi + 1 : 256;

		if (!m->negated)
			memset(protocols + from, false, lo - from);
		else
			memset(protocols + lo, false, end - lo);
		from = end;
	}
}

void fw_query_ifaces_free(struct fw_query_ifaces *q)
{
	free(q->group);
	free(q->other);
	free(q->seen);
	*q = (struct fw_query_ifaces){ 0 };
}

/* The number of a name of the interface that is in the query itself, or -ENOENT. */
static int said_name(const struct fw_ruleset *rs, size_t said, const struct fw_query_names *names, size_t iface)
{
	const char *name;

	for (size_t i = 0; (name = names->name(names->ctx, iface, i)); i++) {
		int number = fw_ruleset_iface_find(rs, name);

		if (number >= 0 && (size_t)number < said)
			return number;
	}
	return -ENOENT;
}

/* Does a pattern in the query itself match its primary name? */
static bool said_pattern(const struct fw_ruleset *rs, size_t said, const struct fw_query_names *names, size_t iface)
{
	const char *name = names->name(names->ctx, iface, 0);

	for (size_t i = 0; i < said; i++)
		if (fw_iface_under(name, rs->ifaces[i].name))
			return true;
	return false;
}

/* Further names of interfaces that the query names get numbers as well. */
static int names_add(struct fw_ruleset *rs, size_t said, const struct fw_query_names *names)
{
	const char *name;

	for (size_t k = 0; names->name(names->ctx, k, 0); k++) {
		if (said_name(rs, said, names, k) < 0 && !said_pattern(rs, said, names, k))
			continue;
		for (size_t i = 0; (name = names->name(names->ctx, k, i)); i++)
			if (fw_ruleset_iface(rs, name) < 0)
				return -ENOMEM;
	}
	return 0;
}

/* A group is called by the number of one of its names. */
static void names_group(struct fw_query_ifaces *q, const struct fw_ruleset *rs, size_t said,
			const struct fw_query_names *names)
{
	const char *name;

	for (size_t k = 0; names->name(names->ctx, k, 0); k++) {
		int group = said_name(rs, said, names, k);

		if (group < 0)
			group = fw_ruleset_iface_find(rs, names->name(names->ctx, k, 0));
		for (size_t i = 0; group >= 0 && (name = names->name(names->ctx, k, i)); i++) {
			int number = fw_ruleset_iface_find(rs, name);

			q->group[number] = (uint32_t)group;
			q->other[number] = i > 0;
		}
	}
}

int fw_query_ifaces_init(struct fw_query_ifaces *q, struct fw_ruleset *rs, const struct fw_query_names *names)
{
	size_t said = q->said = q->group ? q->said : rs->nifaces;
	int err = names ? names_add(rs, said, names) : 0;

	if (err)
		return err;
	free(q->group);
	free(q->other);
	free(q->seen);
	q->other = calloc(rs->nifaces + 1, sizeof(*q->other));
	q->group = calloc(rs->nifaces + 1, sizeof(*q->group));
	q->seen = calloc(rs->nifaces + 1, sizeof(*q->seen));
	if (!q->group || !q->other || !q->seen)
		return -ENOMEM;
	for (uint32_t i = 0; i < rs->nifaces; i++)
		q->group[i] = i;
	if (names)
		names_group(q, rs, said, names);
	return 0;
}

/* Marks the groups that the query's match names as seen in turn @q->turn. Return: how many they are. */
static uint32_t mark_groups(struct fw_query_ifaces *q, const struct fw_match *of_query, int64_t *work)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < of_query->n; i++)
		for (uint32_t v = of_query->r[i].lo; v <= of_query->r[i].hi; v++) {
			uint32_t *seen = &q->seen[q->group[v]];

			--*work;
			n += *seen != q->turn;
			*seen = q->turn;
		}
	return n;
}

/*
 * How many groups the query's match names, how many of a rule's interfaces are in them and how many are not, and in how many
 * groups the former are.
 */
struct ifaces_count {
	uint32_t all, named, other, groups;
};

static struct ifaces_count count_ifaces(struct fw_query_ifaces *q, const struct fw_ruleset *rs_f,
					const struct fw_match *of_query, const struct fw_ruleset *rs,
					const struct fw_match *m, int64_t *work)
{
	struct ifaces_count n = { 0 };

	q->turn += 2; /* seen in the first: the query names it; in the second: the rule does too */
	n.all = mark_groups(q, of_query, work);
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++) {
			int number = fw_ruleset_iface_find(rs_f, rs->ifaces[v].name);
			uint32_t *seen = number < 0 ? NULL : &q->seen[q->group[number]];
			bool named = seen && *seen >= q->turn;

			*work -= 4;
			n.named += named;
			n.other += !named;
			if (!named || *seen > q->turn)
				continue;
			*seen = q->turn + 1;
			n.groups++;
		}
	return n;
}

/* There are always other interfaces than those that a list names. */
bool fw_query_ifaces_meet(struct fw_query_ifaces *q, const struct fw_ruleset *rs_f, const struct fw_match *of_query,
			  const struct fw_ruleset *rs, const struct fw_match *of_rule, int64_t *work)
{
	struct ifaces_count n;

	if (of_query->negated && of_rule->negated)
		return true;
	if (fw_query_patterns(rs_f, of_query, rs, of_rule))
		return fw_query_patterns_meet(q, rs_f, of_query, rs, of_rule, work);
	n = count_ifaces(q, rs_f, of_query, rs, of_rule, work);
	if (of_query->negated)
		return n.other;
	return of_rule->negated ? n.groups < n.all : n.named;
}

bool fw_query_ifaces_has(const struct fw_query_ifaces *q, const struct fw_ruleset *rs, const struct fw_match *m,
			 const char *name)
{
	int number = name ? fw_ruleset_iface_find(rs, name) : -ENOENT;

	if (!name)
		return false;
	if (fw_query_patterns_has(rs, m, name))
		return !m->negated;
	return fw_match_has(m, number < 0 ? FW_IFACE_OTHER : q->group[number]);
}
