/* SPDX-License-Identifier: GPL-2.0-only */
/* What a CPU decided of the packets at hand at netfilter's hooks, until all have read it: see bpf/answer.h. */
#ifndef FW_DECISION_H
#define FW_DECISION_H

#include "fw/table/port.h"

struct fw_decision {
	__u64 skb;   /* the packet's address in the kernel; 0: none */
	__u64 at;    /* jiffies: a later packet may have the same address */
	__u32 pass;  /* 1: accepted */
	__u32 flip;  /* the bits of the mark that change */
	__u32 bit;   /* of @flip, the next to be read */
	__u32 steps; /* rules of the table before the one that rejects the packet */
};

/*
 * Of a CPU: a packet from a task may be interrupted by another packet, before all have read what was decided of it. Where others drop
 * a packet in between, its decision keeps its place until it is too old.
 */
struct fw_decisions {
	struct fw_decision of[2];
};

static __always_inline int fw_decision_waits(const struct fw_decision *d, __u64 now)
{
	return d->skb && now - d->at <= 1;
}

/* The decision about the packet, in jiffy @now; NULL: there is none. */
static __always_inline struct fw_decision *fw_decision_in(struct fw_decisions *all, __u64 skb, __u64 now)
{
	for (int i = 0; i < 2; i++)
		if (all->of[i].skb == skb && fw_decision_waits(&all->of[i], now))
			return &all->of[i];
	return NULL;
}

/*
 * Removes what is left of an earlier packet at this address: whoever drops a packet without leaving a decision calls it before, or
 * those that come after take the earlier packet's decision for this one's.
 */
static __always_inline void fw_decision_forget(struct fw_decisions *all, __u64 skb)
{
	for (int i = 0; i < 2; i++)
		if (all->of[i].skb == skb)
			all->of[i].skb = 0;
}

/* Where to store the packet's decision: over its former one if it has one, else in a place whose decision is no longer awaited. */
static __always_inline struct fw_decision *fw_decision_put(struct fw_decisions *all, __u64 skb, __u64 now)
{
	struct fw_decision *d = fw_decision_in(all, skb, now);

	if (!d)
		d = &all->of[fw_decision_waits(&all->of[0], now)];
	d->at = now;
	d->skb = skb;
	return d;
}

#endif
