// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a rule and a query meet whose matches have patterns of interfaces. Whether both accept an interface depends only on which
 * of their names it has, and on the longest of their patterns that matches it. So these are tried: the interface of each name;
 * for each pattern one that it matches, but no longer one and no name; and one that nothing matches.
 */
#include "lib/text/query.h"

#include <string.h>

/* An interface that is tried. */
struct tried {
	const char *name; /* or the pattern that matches it; NULL: none does */
	int group;        /* of the query's names; negative: its name is in none */
};

struct comparison {
	const struct fw_query_ifaces *q;
	const struct fw_ruleset *rs_f;
	int64_t *work;
};

static int group_of(const struct comparison *c, const char *name)
{
	int number = fw_ruleset_iface_find(c->rs_f, name);

	return number < 0 || fw_iface_is_pattern(name) ? -1 : (int)c->q->group[number];
}

/* Does the pattern match one of the interface's names that patterns look at? */
static bool pattern_has(const struct comparison *c, const char *pattern, const struct tried *t)
{
	if (t->group < 0)
		return fw_iface_under(t->name, pattern);
	for (uint32_t v = 0; v < c->rs_f->nifaces; v++) {
		--*c->work;
		if ((int)c->q->group[v] == t->group && !c->q->other[v] &&
		    fw_iface_under(c->rs_f->ifaces[v].name, pattern))
			return true;
	}
	return false;
}

static bool is_called(const struct comparison *c, const char *name, const struct tried *t)
{
	if (fw_iface_is_pattern(name))
		return pattern_has(c, name, t);
	return t->group < 0 ? !strcmp(name, t->name) : group_of(c, name) == t->group;
}

static bool accepts(const struct comparison *c, const struct fw_ruleset *rs, const struct fw_match *m,
		    const struct tried *t)
{
	bool inside = false;

	for (unsigned i = 0; t->name && i < m->n && !inside; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi && !inside; v++) {
			--*c->work;
			inside = is_called(c, rs->ifaces[v].name, t);
		}
	return inside != m->negated;
}

/* Do both accept an interface that the match @of, of the ruleset @rs, makes think of? */
static bool meet_at(const struct comparison *c, const struct fw_ruleset *rs, const struct fw_match *of,
		    const struct fw_match *of_query, const struct fw_ruleset *rs_r, const struct fw_match *of_rule)
{
	for (unsigned i = 0; i < of->n; i++)
		for (uint32_t v = of->r[i].lo; v <= of->r[i].hi; v++) {
			const char *name = rs->ifaces[v].name;
			struct tried t = { name, group_of(c, name) };

			if (accepts(c, c->rs_f, of_query, &t) && accepts(c, rs_r, of_rule, &t))
				return true;
		}
	return false;
}

static bool has_pattern(const struct fw_ruleset *rs, const struct fw_match *m)
{
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++)
			if (fw_iface_is_pattern(rs->ifaces[v].name))
				return true;
	return false;
}

bool fw_query_patterns(const struct fw_ruleset *rs_f, const struct fw_match *of_query, const struct fw_ruleset *rs,
		       const struct fw_match *of_rule)
{
	return (rs->ifaces_patterns && has_pattern(rs, of_rule)) || has_pattern(rs_f, of_query);
}

bool fw_query_patterns_meet(const struct fw_query_ifaces *q, const struct fw_ruleset *rs_f,
			    const struct fw_match *of_query, const struct fw_ruleset *rs,
			    const struct fw_match *of_rule, int64_t *work)
{
	const struct comparison c = { q, rs_f, work };

	return (of_query->negated && of_rule->negated) || meet_at(&c, rs_f, of_query, of_query, rs, of_rule) ||
	       meet_at(&c, rs, of_rule, of_query, rs, of_rule);
}

bool fw_query_patterns_has(const struct fw_ruleset *rs, const struct fw_match *m, const char *name)
{
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++)
			if (fw_iface_under(name, rs->ifaces[v].name))
				return true;
	return false;
}
