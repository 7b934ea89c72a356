/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the work share: random numbers, rules of each shape, and who says what is right. */
#ifndef FWBENCH_WORK_PARTS_H
#define FWBENCH_WORK_PARTS_H

#include "fw/random.h"
#include "tests/perf/peers/work.h"

/* From @lo to @hi, both included. */
static inline uint32_t work_between(struct fw_random *r, uint32_t lo, uint32_t hi)
{
	return lo + (uint32_t)fw_random_below(r, (uint64_t)hi - lo + 1);
}

static inline uint32_t work_mask(unsigned len)
{
	return len ? ~0u << (32 - len) : 0;
}

static inline bool work_match(const struct work_rule *r, const struct work_packet *p)
{
	return !((r->src ^ p->src) & work_mask(r->src_len)) && !((r->dst ^ p->dst) & work_mask(r->dst_len)) &&
	       (!r->proto || r->proto == p->proto) && p->sport >= r->sport[0] && p->sport <= r->sport[1] &&
	       p->dport >= r->dport[0] && p->dport <= r->dport[1];
}

/* The rules of a shape: w->rules, w->accept. 0 or -ENOMEM. */
int work_rules_make(struct work *w, struct fw_random *r);

/* Any packet that the rule matches. */
struct work_packet work_inside_any(const struct work_rule *rule, struct fw_random *r);

/* Which rule decides. 0 or -ENOMEM. */
struct work_truth;
int work_truth_new(const struct work *w, struct work_truth **out);
void work_truth_free(struct work_truth *t); /* NULL is fine */
/* The first rule that matches, from 0, or -1. */
int32_t work_truth_find(const struct work_truth *t, const struct work_packet *p);
/* A linear search for about @seconds over packets of all kinds. 0, or -EILSEQ, said: it found another rule. */
int work_truth_check(const struct work *w, double seconds);

#endif
