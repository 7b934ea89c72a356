// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instances that let a packet go on can match one packet. With each of them it needs another lookup, and it gets
 * FW_TURNS. Up to FW_TURNS - 1 of them are fine whatever they match. Where there are more, one dimension after the
 * other is swept: source, destination, then each field; the instances that hold at one point of it are swept in the next, unless
 * they have become few enough. Of those that hold in all dimensions, the longest way through them counts, as some skip others.
 * So the number is exact, but for rulesets that take more than STEPS_MAX steps, which are refused as if all that are left could
 * match together.
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

/* Where an instance begins or ceases to hold, in one dimension. */
struct point {
	struct fw_addr at;
	uint32_t rule; /* index of the instance */
	uint8_t family;
	bool end;
};

struct points {
	struct point *p;
	size_t n, cap;
};

/* An instance that may let a packet go on. */
struct pass {
	const struct fw_instance *in;
	uint32_t end; /* as of struct fw_skip; 0: it skips none */
};

struct sweep {
	const struct fw_ruleset *rs;
	const struct pass *last; /* of those that are too many */
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

/* Where one instance holds; *everywhere: it does not constrain the dimension. */
static int pass_points(struct sweep *s, const struct pass *p, uint32_t index, unsigned dim, struct points *v,
		       bool *everywhere)
{
	uint32_t addrs = dim == DIM_SRC ? p->in->src : p->in->dst;
	const struct fw_match *m = dim < DIM_FIELDS ? NULL :
						      fw_instance_match(p->in, (enum fw_field)(dim - DIM_FIELDS));

	*everywhere = dim < DIM_FIELDS ? addrs == FW_ANY : !m;
	if (*everywhere)
		return 0;
	return m ? add_values(s, index, m, v) : add_addresses(s, index, addrs, v);
}

static void note_most(struct sweep *s, const struct pass *const *passes, size_t most, size_t n)
{
	if (most <= s->most)
		return;
	s->most = most;
	s->last = passes[n - 1];
}

/* The number of the first instance from this rank on. */
static size_t first_from(const struct pass *const *passes, size_t n, uint32_t rank)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;

		if (passes[mid]->in->rank < rank)
			lo = mid + 1;
		else
			n = mid;
	}
	return lo;
}

/* The most turns that a packet needs which all @n instances in order match, whatever conditions say. */
static void note_way(struct sweep *s, const struct pass *const *passes, size_t n)
{
	fw_autofree size_t *most = calloc(n + 1, sizeof(*most)); /* from each of them on */

	if (!most) {
		s->err = -ENOMEM;
		return;
	}
	for (size_t i = n; i-- > 0;) {
		const struct fw_action *a = &s->rs->actions[passes[i]->in->action];
		size_t to = passes[i]->end ? first_from(passes, n, passes[i]->end) : i + 1;

		if (fw_action_asks(a) && most[to] < most[i + 1])
			to = i + 1;
		most[i] = 1 + most[to];
	}
	s->steps += n;
	note_most(s, passes, most[0], n);
}

static void sweep(struct sweep *s, const struct pass *const *passes, size_t n, unsigned dim);

/* Those that hold at a point, in order. */
static void sweep_some(struct sweep *s, const struct pass *const *passes, size_t n, const bool *holds, unsigned dim)
{
	fw_autofree const struct pass **some = malloc(n * sizeof(const struct pass *));
	size_t nsome = 0;

	if (!some) {
		s->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (holds[i])
			some[nsome++] = passes[i];
	s->steps += n;
	sweep(s, some, nsome, dim);
}

/* Of points that are sorted: looks where instances cease to hold after others have begun to. */
static void sweep_points(struct sweep *s, const struct pass *const *passes, size_t n, bool *holds, size_t nholds,
			 const struct points *v, unsigned dim)
{
	bool grown = true;

	for (size_t i = 0; i < v->n && !s->err && s->most < FW_TURNS; i++) {
		if (!v->p[i].end) {
			grown = true;
			nholds++;
		} else {
			if (grown && nholds >= FW_TURNS)
				sweep_some(s, passes, n, holds, dim + 1);
			grown = false;
			nholds--;
		}
		holds[v->p[i].rule] = !v->p[i].end;
	}
}

/* The most of @n instances in order that match one packet, as far as dimensions from @dim on tell, go to s->most. */
static void sweep(struct sweep *s, const struct pass *const *passes, size_t n, unsigned dim)
{
	fw_autofree bool *holds = NULL;
	struct points v = { .p = NULL };
	size_t nholds = 0;

	if (n < FW_TURNS || s->steps > STEPS_MAX) {
		if (n)
			note_most(s, passes, n, n);
		return;
	}
	if (dim == NDIMS) {
		note_way(s, passes, n);
		return;
	}
	holds = calloc(n, sizeof(*holds));
	s->err = holds ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && !s->err; i++) {
		s->err = pass_points(s, passes[i], (uint32_t)i, dim, &v, &holds[i]);
		nholds += !s->err && holds[i];
	}
	if (!s->err && !v.n)
		sweep(s, passes, n, dim + 1);
	if (!s->err && v.n) {
		qsort(v.p, v.n, sizeof(*v.p), compare_points);
		sweep_points(s, passes, n, holds, nholds, &v, dim);
	}
	free(v.p);
}

static int refuse(const struct sweep *s, struct fw_diags *ds)
{
	const struct fw_rule *r = fw_ruleset_by_slot(s->rs, s->last->in->slot);
	char name[FW_RULE_LABEL];

	fw_diag_add(ds, (struct fw_place){ s->rs->file, r->line, 0 },
		    "give some of them matches that exclude each other, or fewer of them the verdict 'continue'",
		    "rule %s: %zu rules up to this one may let one packet go on, at most %d can",
		    fw_rule_label(r, name, sizeof(name)), s->most, FW_TURNS - 1);
	return -E2BIG;
}

static bool passes_on(const struct fw_ruleset *rs, const struct fw_instance *in)
{
	return !fw_action_ends(&rs->actions[in->action]);
}

/* Adds the instances of a rule of the main list that let packets go on. Return: how many. */
static size_t collect(const struct fw_ruleset *rs, const struct fw_rule *r, struct pass *out)
{
	const struct fw_inlined *in = r->inlined;
	size_t n = 0;

	if (!in && passes_on(rs, &r->instance))
		out[n++] = (struct pass){ &r->instance, fw_rule_verdict(rs, r) == FW_RETURN ? FW_RANK_MAX + 1 : 0 };
	for (uint32_t i = 0; in && i < in->n; i++)
		if (passes_on(rs, &in->at[i].instance))
			out[n++] = (struct pass){ &in->at[i].instance,
						  in->at[i].to == FW_TO_NEXT ? 0 : fw_inlined_end(in, i) };
	return n;
}

int fw_turns_check(const struct fw_ruleset *rs, struct fw_diags *ds)
{
	fw_autofree struct pass *all = NULL;
	fw_autofree const struct pass **passes = NULL;
	struct sweep s = { .rs = rs };
	size_t n = 0;

	if (rs->npassing < FW_TURNS)
		return 0;
	all = malloc(rs->npassing * sizeof(*all));
	passes = malloc(rs->npassing * sizeof(const struct pass *));
	if (!all || !passes)
		return -ENOMEM;
	for (const struct fw_rule *r = rs->first; r && r->chain == FW_MAIN; r = r->next)
		n += collect(rs, r, all + n);
	for (size_t i = 0; i < n; i++)
		passes[i] = &all[i];
	sweep(&s, passes, n, DIM_SRC);
	if (s.err)
		return s.err;
	return s.most < FW_TURNS ? 0 : refuse(&s, ds);
}

static bool may_pass(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return r && (r->inlined ? r->inlined->npassing : passes_on(rs, &r->instance));
}

int fw_turns_check_edit(const struct fw_edit *e, struct fw_diags *ds)
{
	bool touched = e->nsets > 0;

	/* A rule that is gone may have taken packets past others. */
	for (size_t i = 0; i < e->nrules && !touched; i++)
		touched = may_pass(e->rs, e->rules[i].after) || may_pass(e->rs, e->rules[i].before);
	return touched ? fw_turns_check(e->rs, ds) : 0;
}
