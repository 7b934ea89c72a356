// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many rules that let a packet go on can match one packet. With each of them it needs another lookup, and it gets
 * FW_TURNS. Up to FW_TURNS - 1 of these rules are fine whatever they match. Where there are more, one dimension after the
 * other is swept: source, destination, then each field; the rules that hold at one point of it are swept in the next, unless
 * they have become few enough. So the number is exact, but for rulesets that take more than STEPS_MAX steps, which are
 * refused as if all their rules that are left could match together.
 *
 *	rule 1  from 10.0.0.0/8           continue      source 10.x: rules 1 and 2; destination: 2 of them together
 *	rule 2             to 10.0.0.0/8  continue
 *	rule 3  from 11.0.0.0/8           continue      source 11.x: rules 2 and 3
 */
#include "fw/lower.h"
#include "fw/table/format.h"

#include <string.h>

#define STEPS_MAX 20000000 /* about a tenth of a second */

enum { DIM_SRC, DIM_DST, DIM_FIELDS, NDIMS = DIM_FIELDS + FW_NFIELDS };

/* Where a rule begins or ceases to hold, in one dimension. */
struct point {
	struct fw_addr at;
	uint32_t rule; /* index */
	uint8_t family;
	bool end;
};

struct points {
	struct point *p;
	size_t n, cap;
};

struct sweep {
	const struct fw_ruleset *rs;
	const struct fw_rule *last; /* of the rules that are too many */
	uint64_t steps;
	size_t most;
	int err;
};

static int compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	int order = fw_addr_cmp(x->at, y->at);

	/* Ends are the last values that hold. */
	return order ? order : x->end - y->end;
}

static int add_range(struct points *v, uint32_t rule, struct fw_addr lo, struct fw_addr hi, uint8_t family)
{
	const struct point from = { lo, rule, family, false }, to = { hi, rule, family, true };
	int err = fw_vec_push(v->p, v->n, v->cap, from);

	return err ? err : fw_vec_push(v->p, v->n, v->cap, to);
}

static int add_addresses(struct sweep *s, uint32_t rule, uint32_t addrs, struct points *v)
{
	fw_autofree struct fw_addr_range *r = NULL;
	size_t n = 0;
	int err = fw_addrs_ranges(&s->rs->book, addrs, &r, &n);

	for (size_t i = 0; i < n && !err; i++)
		err = add_range(v, rule, r[i].lo, r[i].hi, r[i].family);
	s->steps += n;
	return err;
}

static int add_values(struct sweep *s, uint32_t rule, const struct fw_match *m, struct points *v)
{
	fw_autofree struct fw_range *r = malloc(FW_MATCH_RANGES_MAX(m) * sizeof(*r) + 1);
	size_t n = r ? fw_match_ranges(m, r) : 0;
	int err = r ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		err = add_range(v, rule, (struct fw_addr){ 0, r[i].lo }, (struct fw_addr){ 0, r[i].hi }, 0);
	s->steps += n;
	return err;
}

/* Where one rule holds; *everywhere: it does not constrain the dimension. */
static int rule_points(struct sweep *s, const struct fw_rule *r, uint32_t index, unsigned dim, struct points *v,
		       bool *everywhere)
{
	uint32_t addrs = dim == DIM_SRC ? r->src : r->dst;
	const struct fw_match *m = dim < DIM_FIELDS ? NULL : fw_rule_match(r, (enum fw_field)(dim - DIM_FIELDS));

	*everywhere = dim < DIM_FIELDS ? addrs == FW_ANY : !m;
	if (*everywhere)
		return 0;
	return m ? add_values(s, index, m, v) : add_addresses(s, index, addrs, v);
}

static void note_most(struct sweep *s, const struct fw_rule *const *rules, size_t n)
{
	if (n <= s->most)
		return;
	s->most = n;
	s->last = rules[n - 1];
}

static void sweep(struct sweep *s, const struct fw_rule *const *rules, size_t n, unsigned dim);

/* The rules that hold at a point, in order. */
static void sweep_some(struct sweep *s, const struct fw_rule *const *rules, size_t n, const bool *holds, unsigned dim)
{
	fw_autofree const struct fw_rule **some = malloc(n * sizeof(const struct fw_rule *));
	size_t nsome = 0;

	if (!some) {
		s->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (holds[i])
			some[nsome++] = rules[i];
	s->steps += n;
	sweep(s, some, nsome, dim);
}

/* Of points that are sorted: looks where rules cease to hold after others have begun to. */
static void sweep_points(struct sweep *s, const struct fw_rule *const *rules, size_t n, bool *holds, size_t nholds,
			 const struct points *v, unsigned dim)
{
	bool grown = true;

	for (size_t i = 0; i < v->n && !s->err && s->most < FW_TURNS; i++) {
		if (!v->p[i].end) {
			grown = true;
			nholds++;
		} else {
			if (grown && nholds >= FW_TURNS)
				sweep_some(s, rules, n, holds, dim + 1);
			grown = false;
			nholds--;
		}
		holds[v->p[i].rule] = !v->p[i].end;
	}
}

/* The most of @n rules in order that match one packet, as far as dimensions from @dim on tell, go to s->most. */
static void sweep(struct sweep *s, const struct fw_rule *const *rules, size_t n, unsigned dim)
{
	fw_autofree bool *holds = NULL;
	struct points v = { .p = NULL };
	size_t nholds = 0;

	if (n < FW_TURNS || dim == NDIMS || s->steps > STEPS_MAX) {
		note_most(s, rules, n);
		return;
	}
	holds = calloc(n, sizeof(*holds));
	s->err = holds ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && !s->err; i++) {
		s->err = rule_points(s, rules[i], (uint32_t)i, dim, &v, &holds[i]);
		nholds += !s->err && holds[i];
	}
	if (!s->err && !v.n)
		sweep(s, rules, n, dim + 1);
	if (!s->err && v.n) {
		qsort(v.p, v.n, sizeof(*v.p), compare_points);
		sweep_points(s, rules, n, holds, nholds, &v, dim);
	}
	free(v.p);
}

static int refuse(const struct sweep *s, struct fw_diags *ds)
{
	char name[FW_RULE_LABEL];

	fw_diag_add(ds, (struct fw_place){ s->rs->file, s->last->line, 0 },
		    "give some of them matches that exclude each other, or fewer of them the verdict 'continue'",
		    "rule %s: %zu rules up to this one may let one packet go on, at most %d can",
		    fw_rule_label(s->last, name, sizeof(name)), s->most, FW_TURNS - 1);
	return -E2BIG;
}

int fw_turns_check(const struct fw_ruleset *rs, struct fw_diags *ds)
{
	fw_autofree const struct fw_rule **rules = NULL;
	struct sweep s = { .rs = rs };
	size_t n = 0;

	if (fw_ruleset_chains(rs))
		return fw_diag_add(ds, (struct fw_place){ .file = rs->file }, "write the rules without chains",
				   "rulesets with chains cannot be loaded yet");
	if (rs->npassing < FW_TURNS)
		return 0;
	rules = malloc(rs->npassing * sizeof(const struct fw_rule *));
	if (!rules)
		return -ENOMEM;
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		if (!fw_action_ends(fw_rule_action(rs, r)))
			rules[n++] = r;
	sweep(&s, rules, n, DIM_SRC);
	if (s.err)
		return s.err;
	return s.most < FW_TURNS ? 0 : refuse(&s, ds);
}

int fw_turns_check_edit(const struct fw_edit *e, struct fw_diags *ds)
{
	bool touched = e->nsets > 0 || fw_ruleset_chains(e->rs);

	for (size_t i = 0; i < e->nrules && !touched; i++)
		touched = e->rules[i].after && !fw_action_ends(fw_rule_action(e->rs, e->rules[i].after));
	return touched ? fw_turns_check(e->rs, ds) : 0;
}
