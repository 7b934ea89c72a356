/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was decided of a packet at netfilter's hooks, for those that come after the classifier there. A netfilter program can only
 * accept or drop. Where rules reject packets or set marks, three are needed, in this order:
 *
 *	the classifier   leaves its decision here, and lets a packet pass that is to be rejected
 *	an nft table     reads it by the programs of answer.bpf.c: sets the mark; answers and drops the packet
 *	the guard        takes the decision: drops what is to be rejected and was not, because the table is missing
 *
 * The guard decides by itself if it finds no decision of its packet: another packet may have interrupted.
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

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_decision);
} fw_decisions SEC(".maps");

/* 1: the guard is there, set by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} fw_guarded SEC(".maps");

/* This CPU's decision, if it is about the packet; NULL: it is not. */
static __always_inline struct fw_decision *fw_decision_of(__u64 skb)
{
	__u32 zero = 0;
	struct fw_decision *d = bpf_map_lookup_elem(&fw_decisions, &zero);

	return d && d->skb == skb && bpf_jiffies64() - d->at <= 1 ? d : NULL;
}

#endif
