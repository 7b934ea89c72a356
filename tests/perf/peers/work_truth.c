// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which rule is right: rules in a hash table by their prefixes, lengths and, when
 * its destination ports lie in one slice of 256, that slice. A packet asks once for
 * each pair of lengths that occurs, with its slice and without. Whatever is in
 * the chain is compared whole, so that a collision costs time and nothing else.
 */
#include "tests/perf/peers/work_parts.h"

#include "tests/perf/bench.h"

#define LENGTHS 33
#define ANY_SLICE 256

struct work_truth {
	const struct work_rule *rules;
	int32_t *head, *next; /* of chains, in the order of the rules; -1: the end */
	uint32_t mask;
	uint16_t pairs[LENGTHS * LENGTHS]; /* of lengths, that occur */
	size_t npairs;
};

static uint32_t chain(const struct work_truth *t, const struct work_packet *p, unsigned pair, unsigned slice)
{
	unsigned src_len = pair / LENGTHS, dst_len = pair % LENGTHS;
	uint64_t addresses = (uint64_t)(p->src & work_mask(src_len)) << 32 | (p->dst & work_mask(dst_len));

	return (uint32_t)fw_mix64(addresses ^ fw_mix64((uint64_t)pair << 16 | slice)) & t->mask;
}

static unsigned slice_of(const struct work_rule *r)
{
	return r->dport[0] >> 8 == r->dport[1] >> 8 ? r->dport[0] >> 8 : ANY_SLICE;
}

static void rules_enter(struct work_truth *t, size_t n)
{
	bool seen[LENGTHS * LENGTHS] = { 0 };

	for (size_t i = n; i--;) {
		const struct work_rule *r = &t->rules[i];
		struct work_packet p = { .src = r->src, .dst = r->dst };
		unsigned pair = r->src_len * LENGTHS + r->dst_len;
		uint32_t at = chain(t, &p, pair, slice_of(r));

		t->next[i] = t->head[at];
		t->head[at] = (int32_t)i;
		seen[pair] = true;
	}
	for (unsigned pair = 0; pair < LENGTHS * LENGTHS; pair++)
		if (seen[pair])
			t->pairs[t->npairs++] = (uint16_t)pair;
}

int work_truth_new(const struct work *w, struct work_truth **out)
{
	struct work_truth *t = calloc(1, sizeof(*t));
	size_t heads = 64;

	if (!t)
		return -ENOMEM;
	while (heads < 2 * w->n)
		heads *= 2;
	t->rules = w->rules;
	t->mask = (uint32_t)heads - 1;
	t->head = malloc(heads * sizeof(*t->head));
	t->next = malloc(w->n * sizeof(*t->next));
	if (!t->head || !t->next) {
		work_truth_free(t);
		return -ENOMEM;
	}
	for (size_t i = 0; i < heads; i++)
		t->head[i] = -1;
	rules_enter(t, w->n);
	*out = t;
	return 0;
}

void work_truth_free(struct work_truth *t)
{
	if (!t)
		return;
	free(t->head);
	free(t->next);
	free(t);
}

/* The first of the chain that matches, if it is before @best. */
static int32_t chain_find(const struct work_truth *t, const struct work_packet *p, uint32_t at, int32_t best)
{
	for (int32_t i = t->head[at]; i >= 0 && (best < 0 || i < best); i = t->next[i])
		if (work_match(&t->rules[i], p))
			return i;
	return best;
}

int32_t work_truth_find(const struct work_truth *t, const struct work_packet *p)
{
	int32_t best = -1;

	for (size_t i = 0; i < t->npairs; i++) {
		best = chain_find(t, p, chain(t, p, t->pairs[i], p->dport >> 8), best);
		best = chain_find(t, p, chain(t, p, t->pairs[i], ANY_SLICE), best);
	}
	return best;
}

static int packet_check(const struct work *w, const struct work_packet *p)
{
	int32_t rule = 0;

	while ((size_t)rule < w->n && !work_match(&w->rules[rule], p))
		rule++;
	rule = (size_t)rule < w->n ? rule : -1;
	if (rule == p->rule && p->accept == (rule < 0 ? w->accept : w->rules[rule].accept))
		return 0;
	fprintf(stderr, "fwbench: the work is wrong: rule %d (from 0) decides, and not rule %d\n", (int)rule,
		(int)p->rule);
	return -EILSEQ;
}

int work_truth_check(const struct work *w, double seconds)
{
	double end = fw_now() + seconds;
	int err = 0;

	for (size_t i = 0; !err && i < WORK_PACKETS; i++)
		for (int t = 0; !err && t < WORK_TRAFFICS; t++) {
			err = packet_check(w, &w->packets[t][i]);
			if (fw_now() > end)
				return err;
		}
	return err;
}
