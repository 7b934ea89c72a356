/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program and who loads it agree on, beyond the tables. */
#ifndef FW_PROG_H
#define FW_PROG_H

#include "fw/table/format.h"

/* Of bpf(2), for systems whose headers are older; from Linux 6.9 on. */
#define FW_MAP_TYPE_ARENA 33
/* Pages of it. */
struct fw_arena_range {
	__u64 address; /* in user space */
	__u32 pages;
	__u32 pad;
};

/* The programs on the hooks: what they are called, and which way packets go there. X(symbol, name, direction) */
/* clang-format off */
#define FW_PROGS(X)                              \
	X(XDP, "xdp", FW_IN)                     \
	X(TC_INGRESS, "tc-ingress", FW_IN)       \
	X(TC_EGRESS, "tc-egress", FW_OUT)

enum fw_prog {
#define FW_PROG_ENUM(sym, name, direction) FW_PROG_##sym,
	FW_PROGS(FW_PROG_ENUM)
#undef FW_PROG_ENUM
	FW_NPROGS,
};
/* clang-format on */

/* States of CPUs: two for each, the second one for a packet that interrupts another, and the last one for fw_dry_run(). */
#define FW_CPU_STATES(ncpus) (2 * (ncpus) + 1)

/* Before the frame that fw_dry_run() is asked about: an Ethernet header of no type that the kernel looks into. */
#define FW_DRY_HEAD 14
/* What is asked: words of skb->cb. */
struct fw_dry_run {
	__u32 hook;    /* enum fw_hook */
	__u32 ifindex; /* 0: none */
	__u32 len;     /* of the frame, however much of it is there */
};

/*
 * Counters come before those of rules in this order: what program @prog decided for @reason, by the verdict that its
 * policy had then. Above the last one stand the rules', see FW_COUNTER_RULES.
 */
#define FW_COUNTER_REASON(prog, reason, verdict) (((prog)*FW_NREASONS + (reason)) * FW_NTERMINAL + (verdict))
_Static_assert(FW_COUNTER_REASON(FW_NPROGS, 0, 0) <= FW_COUNTER_RULES, "counters of reasons");
/* Can a packet at a program's hook come to this policy? Those of directions have nothing to say on hooks of the other one. */
static __always_inline int fw_reason_possible(enum fw_prog prog, enum fw_reason reason)
{
	int out = prog == FW_PROG_TC_EGRESS;

	return reason == FW_R_IN ? !out : reason != FW_R_OUT || out;
}

/*
 * Beside the columns of counters that belong to CPUs stand two more: what is not to be counted (it was there before a
 * reset), and labels.
 */
#define FW_COUNTER_COLUMNS(ncpus) ((ncpus) + 2)
#define FW_COLUMN_BASE(ncpus) (ncpus)
#define FW_COLUMN_LABEL(ncpus) ((ncpus) + 1)
/* Whose a counter is. */
struct fw_label {
	__u64 id;   /* of the rule; of a reason's counter: 1 when its policy has that verdict; 0: nobody's */
	__u64 what; /* FW_LABEL_... */
};
#define FW_LABEL_VERDICT 0xff   /* of the rule: enum fw_verdict */
#define FW_LABEL_EXPORTED 0x100 /* the rule says `counter` */
#define FW_LABEL_NAMED 0x200
FW_ASSERT_SIZE(struct fw_label, 16);

/* The name of a rule, for those who show counters: with the NUL. */
struct fw_label_name {
	char name[64];
};
/* Counters that an iterator shows in one step; a line has at most 160 bytes, a step 32 KiB. */
#define FW_COUNTER_PAGE 128
#define FW_COUNTER_CHUNKS 1024                                                     /* at most */
#define FW_COUNTER_SLOTS (FW_COUNTER_CHUNKS * FW_COUNTER_CHUNK - FW_COUNTER_RULES) /* of rules */
#define FW_COUNTER_PAGES (FW_COUNTER_CHUNKS * FW_COUNTER_CHUNK / FW_COUNTER_PAGE)

/* Packets that came by an interface: per CPU a table with an entry at the index's low bits or up to FW_TRAFFIC_PROBES behind. */
#define FW_TRAFFIC 256
#define FW_TRAFFIC_PROBES 8
enum fw_decided { FW_BY_POLICY, FW_BY_RULE, FW_NDECIDED };
#define FW_TRAFFIC_GONE 0xffffffffu /* no index: of a sum over interfaces that are gone; %d prints -1 */
struct fw_traffic {
	__u32 ifindex; /* 0: free */
	__u32 pad;
	__u64 packets[FW_NPROGS][FW_NDECIDED][FW_NTERMINAL]; /* by program, decider and verdict */
};
#define FW_TRAFFIC_COUNTS (FW_NPROGS * FW_NDECIDED * FW_NTERMINAL)
FW_ASSERT_SIZE(struct fw_traffic, 8 + 8 * FW_TRAFFIC_COUNTS);
struct fw_traffic_table {
	struct fw_traffic entry[FW_TRAFFIC];
	struct fw_traffic other; /* interfaces that found no place */
	struct fw_traffic gone;  /* those that are gone: written by user space */
};

/* Adds the packets of @t, which may be counting, to those of @sum. */
static __always_inline void fw_traffic_add(struct fw_traffic *sum, const struct fw_traffic *t)
{
	const __u64 *from = &t->packets[0][0][0];
	__u64 *to = &sum->packets[0][0][0];

	for (__u32 i = 0; i < FW_TRAFFIC_COUNTS; i++)
		to[i] += FW_READ(from[i]);
}

#endif
