/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was decided of a packet at netfilter's hooks, for those that come after the classifier there. A netfilter program can only
 * accept or drop. Where rules reject packets or set marks, three are needed, in this order:
 *
 *	the classifier   leaves its decision here, and lets a packet pass that is to be rejected
 *	an nft table     reads it by the programs of answer.bpf.c: sets the mark; answers and drops the packet
 *	the guard        takes the decision: drops what is to be rejected and was not, because the table is missing
 *
 * The guard decides by itself if it finds no decision of its packet. Before Linux 6.4 there are no such programs, and both others
 * are tables too: table.bpf.c is the classifier in the first one.
 */
#ifndef FW_BPF_ANSWER_H
#define FW_BPF_ANSWER_H

#include "bpf/cpu.h"

struct fw_decision {
	__u64 skb;   /* the packet's address in the kernel; 0: none */
	__u64 at;    /* jiffies: a later packet may have the same address */
	__u32 pass;  /* 1: accepted */
	__u32 flip;  /* the bits of the mark that change */
	__u32 bit;   /* of @flip, the next to be read */
	__u32 steps; /* rules of the table before the one that rejects the packet */
};

/* Of a CPU: a packet from a task may be interrupted by another packet, before all have read what was decided of it. */
struct fw_decisions {
	struct fw_decision of[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_decisions);
} fw_decisions SEC(".maps");

static __always_inline int fw_decision_waits(const struct fw_decision *d)
{
	return d->skb && bpf_jiffies64() - d->at <= 1;
}

static __always_inline struct fw_decision *fw_decision_in(struct fw_decisions *all, __u64 skb)
{
	for (int i = 0; i < 2; i++)
		if (all->of[i].skb == skb && fw_decision_waits(&all->of[i]))
			return &all->of[i];
	return NULL;
}

/* The decision about the packet; NULL: there is none on this CPU. */
static __always_inline struct fw_decision *fw_decision_of(__u64 skb)
{
	__u32 zero = 0;
	struct fw_decisions *all = bpf_map_lookup_elem(&fw_decisions, &zero);

	return all ? fw_decision_in(all, skb) : NULL;
}

/* Where the packet's decision is to be left, in place of one that there is. */
static __always_inline struct fw_decision *fw_decision_new(__u64 skb)
{
	__u32 zero = 0;
	struct fw_decisions *all = bpf_map_lookup_elem(&fw_decisions, &zero);
	struct fw_decision *d = all ? fw_decision_in(all, skb) : NULL;

	if (!all)
		return NULL;
	if (!d)
		d = &all->of[fw_decision_waits(&all->of[0])];
	d->at = bpf_jiffies64();
	d->skb = skb;
	return d;
}

#endif
