/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared between the BPF programs and their loader, beyond the table format. */
#ifndef FW_PROG_H
#define FW_PROG_H

#include "fw/table/format.h"

/* From bpf(2), for systems with older headers; since Linux 6.9. */
#define FW_MAP_TYPE_ARENA 33
/* A range of pages in an arena. */
struct fw_arena_range {
	__u64 address; /* in user space */
	__u32 pages;
	__u32 pad;
};

/* The programs on the kernel's hooks. X(symbol, name, hook as rules know it) */
/* clang-format off */
#define FW_PROGS(X)                              \
	X(XDP, "xdp", FW_IN)                     \
	X(TC_INGRESS, "tc-ingress", FW_IN)       \
	X(TC_EGRESS, "tc-egress", FW_OUT)        \
	X(NF_INPUT, "input", FW_INPUT)           \
	X(NF_FORWARD, "forward", FW_FORWARD)     \
	X(NF_OUTPUT, "output", FW_OUTPUT)

enum fw_prog {
#define FW_PROG_ENUM(sym, name, hook) FW_PROG_##sym,
	FW_PROGS(FW_PROG_ENUM)
#undef FW_PROG_ENUM
	FW_NPROGS,
};
/* clang-format on */

/* Is it one of netfilter's hooks? */
static __always_inline int fw_prog_is_nf(unsigned prog)
{
	return prog >= FW_PROG_NF_INPUT && prog <= FW_PROG_NF_OUTPUT;
}

static inline enum fw_hook fw_prog_hook(enum fw_prog prog)
{
	static const __u8 hooks[FW_NPROGS] = {
#define FW_PROG_HOOK(sym, name, hook) hook,
		FW_PROGS(FW_PROG_HOOK)
#undef FW_PROG_HOOK
	};

	return (enum fw_hook)hooks[prog];
}

/*
 * Programs that others call, by tail call, as slots of an array for each type of program. X(symbol, name of the pin).
 *
 * The hooks' programs parse a packet and decide. Between the two they call RARE for rulesets that name rare fields, and STATE, or
 * RARE calls it, for those that name connection states; the last of them calls DECIDE, which decides and counts like them. All call a REJECT program at the end for rejected packets. What must survive a
 * call is in struct fw_cpu. A call of an empty slot fails: then the packet is dropped.
 */
/* clang-format off */
#define FW_CALLS(X)                                \
	X(XDP_RARE, "xdp-rare")                    \
	X(XDP_STATE, "xdp-state")                  \
	X(XDP_DECIDE, "xdp-decide")                \
	X(XDP_REJECT, "xdp-reject")                \
	X(TC_RARE, "tc-rare")                      \
	X(TC_STATE, "tc-state")                    \
	X(TC_DECIDE, "tc-decide")                  \
	X(TC_REJECT_IN, "tc-reject-in")            \
	X(TC_REJECT_OUT, "tc-reject-out")

enum fw_call {
#define FW_CALL_ENUM(sym, name) FW_CALL_##sym,
	FW_CALLS(FW_CALL_ENUM)
#undef FW_CALL_ENUM
	FW_NCALLS,
};
/* clang-format on */

/* Each CPU has two states, the second for a packet that interrupts another. The last one of all is for fw_dry_run(). */
#define FW_CPU_STATES(ncpus) (2 * (ncpus) + 1)

/*
 * What precedes the frame in the input of fw_dry_run(). The kernel requires what looks like IP to be complete before it runs a
 * program: it takes the first bytes for an Ethernet header of a type that it does not parse.
 */
struct fw_dry_run {
	__u8 ethernet[16];           /* zeros */
	__u32 hook;                  /* enum fw_hook */
	__u32 iface, from_if, to_if; /* indices; 0: none */
	__u32 state, uid, gid;       /* as in a key: the absent value if the packet has none */
	__u32 len;                   /* of the whole frame, which the input may hold only in part */
};
FW_ASSERT_SIZE(struct fw_dry_run, 48);

/*
 * The counters of policies: packets that program @prog decided for @reason, by the verdict that the policy had at the time.
 * Those of rules follow at FW_COUNTER_RULES.
 */
#define FW_COUNTER_REASON(prog, reason, verdict) (((prog)*FW_NREASONS + (reason)) * FW_NTERMINAL + (verdict))
_Static_assert(FW_COUNTER_REASON(FW_NPROGS, 0, 0) <= FW_COUNTER_RULES, "counters of reasons");
/* Can this policy decide a packet at a program's hook? Each hook has its own; netfilter passes IP packets only. */
static inline int fw_reason_possible(enum fw_prog prog, enum fw_reason reason)
{
	if ((unsigned)reason < FW_NHOOKS)
		return (unsigned)reason == (unsigned)fw_prog_hook(prog);
	return !fw_prog_is_nf(prog) ||
	       (reason != FW_R_NON_IP && reason != FW_R_VLAN_DEPTH && reason != FW_R_NOT_PARSED);
}

/*
 * Counters have one column per CPU and three more: a base that is subtracted (the count at the last reset), labels, and the
 * buckets of rates (rate.h).
 */
#define FW_COUNTER_COLUMNS(ncpus) ((ncpus) + 3)
#define FW_COLUMN_BASE(ncpus) (ncpus)
#define FW_COLUMN_LABEL(ncpus) ((ncpus) + 1)
#define FW_COLUMN_BUCKETS(ncpus) ((ncpus) + 2)
/* Tells what a counter belongs to. */
struct fw_label {
	__u64 id;   /* of the rule; for a reason: 1 if its policy has that verdict; 0: unused */
	__u64 what; /* FW_LABEL_... */
};
#define FW_LABEL_VERDICT 0xff   /* of a rule: enum fw_verdict */
#define FW_LABEL_EXPORTED 0x100 /* export flag of the rule */
/* Whose names a label has, in chunks of their own. */
enum fw_named { FW_NAMED_RULE, FW_NAMED_CHAIN, FW_NNAMED };
#define FW_LABEL_NAMED(whose) (0x200u << (whose)) /* the rule has a name; it belongs to a chain */
#define FW_LABEL_NAMES (FW_LABEL_NAMED(FW_NNAMED) - FW_LABEL_NAMED(0))
FW_ASSERT_SIZE(struct fw_label, 16);

/* The name of a rule or chain, with its NUL, for programs that display counters. */
struct fw_label_name {
	char name[64];
};
/* Counters that an iterator prints in one step: at most 224 bytes each, and 32 KiB a step. */
#define FW_COUNTER_PAGE 128
#define FW_COUNTER_CHUNKS 1024                                                     /* at most */
#define FW_COUNTER_SLOTS (FW_COUNTER_CHUNKS * FW_COUNTER_CHUNK - FW_COUNTER_RULES) /* of rules */
#define FW_COUNTER_PAGES (FW_COUNTER_CHUNKS * FW_COUNTER_CHUNK / FW_COUNTER_PAGE)

/* Packets by interface: a hash table per CPU, indexed by the low bits of the interface index, with linear probing. */
#define FW_TRAFFIC 256
#define FW_TRAFFIC_PROBES 8
enum fw_decided { FW_BY_POLICY, FW_BY_RULE, FW_NDECIDED };
#define FW_TRAFFIC_GONE 0xffffffffu /* not an index: the sum over interfaces that no longer exist; %d prints -1 */
struct fw_traffic {
	__u32 ifindex; /* 0: free */
	__u32 pad;
	__u64 packets[FW_NPROGS][FW_NDECIDED][FW_NTERMINAL]; /* by program, decider and verdict */
};
#define FW_TRAFFIC_COUNTS (FW_NPROGS * FW_NDECIDED * FW_NTERMINAL)
FW_ASSERT_SIZE(struct fw_traffic, 8 + 8 * FW_TRAFFIC_COUNTS);
struct fw_traffic_table {
	struct fw_traffic entry[FW_TRAFFIC];
	struct fw_traffic other; /* interfaces for which there was no entry */
	struct fw_traffic gone;  /* interfaces that no longer exist: written by user space */
};

/* Adds the packets of @t, which may be in use, to those of @sum. */
static __always_inline void fw_traffic_add(struct fw_traffic *sum, const struct fw_traffic *t)
{
	const __u64 *from = &t->packets[0][0][0];
	__u64 *to = &sum->packets[0][0][0];

	for (__u32 i = 0; i < FW_TRAFFIC_COUNTS; i++)
		to[i] += FW_READ(from[i]);
}

#endif
