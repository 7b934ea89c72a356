// SPDX-License-Identifier: GPL-2.0-only
/* Where to cut a field: a sweep over the values that rules have in it. */
#include "split.h"

int spans_make(struct spans *s, struct rule_list rules, uint32_t field)
{
	*s = (struct spans){ .field = field, .first = malloc((rules.n + 1ull) * sizeof(*s->first)) };
	if (!s->first)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules.n; i++) {
		const struct fw_match *m = fw_instance_match(rules.r[i], field);
		size_t most = m ? FW_MATCH_RANGES_MAX(m) : 1;

		s->first[i] = s->n;
		if (!s->r || s->n + most > s->cap) {
			size_t cap = (s->n + most) * 2 + 64;
			struct fw_range *grown = realloc(s->r, cap * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			s->r = grown;
			s->cap = cap;
		}
		if (m)
			s->n += fw_match_ranges(m, s->r + s->n);
		else
			s->r[s->n++] = (struct fw_range){ 0, UINT32_MAX };
	}
	s->first[rules.n] = s->n;
	return 0;
}

void spans_free(struct spans *s)
{
	free(s->first);
	free(s->r);
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* A place in the sweep: how many ranges have begun up to the value @at, and how many have ended. */
struct place {
	int64_t at;
	size_t begun, ended;
};

struct sweeping {
	uint32_t *begin, *end; /* of ranges, each ascending */
	size_t n;
	struct fw_range within;
};

/* Goes on to the next value at which a range ends, or after which one begins, and at the latest to the last one of all. */
static void sweep_on(const struct sweeping *s, struct place *p)
{
	int64_t at = s->within.hi;
	size_t k = p->begun;

	while (k < s->n && s->begin[k] <= p->at + 1)
		k++;
	if (k < s->n && s->begin[k] - 1 < at)
		at = s->begin[k] - 1;
	while (p->ended < s->n && s->end[p->ended] <= p->at)
		p->ended++;
	if (p->ended < s->n && s->end[p->ended] < at)
		at = s->end[p->ended];
	p->at = at;
	while (p->begun < s->n && s->begin[p->begun] <= at)
		p->begun++;
	while (p->ended < s->n && s->end[p->ended] <= at)
		p->ended++;
}

/* Is a cut at @p better than one at @best, for a part that begins after @from? At least half full, few ranges cut, late. */
static bool cut_is_better(const struct place *p, const struct place *best, const struct place *from, uint32_t leaf)
{
	if (best->at == from->at || (best->begun - from->ended) * 2 < leaf)
		return true;
	return p->begun - p->ended <= best->begun - best->ended;
}

/* Cuts where a part is full, at the best value since the last cut. 0 or -ENOMEM. */
static int sweep_cut(const struct sweeping *s, uint32_t leaf, struct cuts *out)
{
	struct place from = { (int64_t)s->within.lo - 1, 0, 0 }, p = from, best = from;

	while (p.at < s->within.hi) {
		sweep_on(s, &p);
		if (p.begun - from.ended > leaf && best.at != from.at) {
			p = best;
		} else if (p.begun - from.ended <= leaf) {
			if (p.at < s->within.hi && cut_is_better(&p, &best, &from, leaf))
				best = p;
			continue;
		}
		/* The part is full, or one value alone is more than that. */
		if (p.at == s->within.hi)
			break;
		if (fw_vec_push(out->ends, out->n, out->cap, (uint32_t)p.at))
			return -ENOMEM;
		from = best = p;
	}
	return 0;
}

int cuts_find(const struct spans *s, uint32_t n, const struct cuts_wanted *wanted, struct cuts *out)
{
	fw_autofree uint32_t *begin = malloc(s->n * sizeof(*begin) + 1), *end = malloc(s->n * sizeof(*end) + 1);
	const struct fw_range within = wanted->within;
	struct sweeping sw = { begin, end, 0, within };

	out->n = 0;
	if (!begin || !end)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		for (size_t k = s->first[i]; k < s->first[i + 1] && !(wanted->skip && wanted->skip[i]); k++) {
			struct fw_range r = s->r[k];

			if (r.lo > within.hi || r.hi < within.lo)
				continue;
			begin[sw.n] = r.lo > within.lo ? r.lo : within.lo;
			end[sw.n++] = r.hi < within.hi ? r.hi : within.hi;
		}
	qsort(begin, sw.n, sizeof(*begin), compare_u32);
	qsort(end, sw.n, sizeof(*end), compare_u32);
	return sweep_cut(&sw, wanted->leaf, out);
}
