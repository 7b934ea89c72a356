/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what the programs tell user space of single packets, through one ring buffer for all hooks. A rule or policy with `log`
 * sends the packet, one with `add` the address that is to be in a set. Numbers are in host order.
 */
#ifndef FW_EVENT_H
#define FW_EVENT_H

#include <stddef.h>

#include "fw/table/prog.h"

/* Bytes of the ring: a power of two, and whole pages. An event that finds no room is lost, and counted. */
#define FW_EVENT_RING (1u << 20)
/* Bytes of a packet that an event holds at most. */
#define FW_EVENT_BYTES 128

enum fw_event_kind { FW_EVENT_LOG, FW_EVENT_ADD, FW_NEVENTS };

enum fw_event_flags {
	FW_EVENT_L3 = 1,   /* bytes[] begin with the network header, of type @ethertype, not with the Ethernet header */
	FW_EVENT_VLAN = 2, /* @vlan_tci is the outermost tag, which is not in bytes[] */
	FW_EVENT_UPDATE = 4, /* of FW_EVENT_ADD: an element that is there already gets its full timeout again */
};

struct fw_event {
	__u64 time;       /* CLOCK_MONOTONIC in nanoseconds, as of the last tick of the kernel */
	__u32 generation; /* of the tables that decided */
	__u32 counter;    /* of the rule, from FW_COUNTER_RULES on; below: enum fw_reason */
	__u8 kind;        /* enum fw_event_kind */
	__u8 prog;        /* enum fw_prog */
	__u8 verdict;     /* enum fw_verdict, of the rule or policy */
	__u8 flags;       /* enum fw_event_flags */
	__u32 in, out;    /* interfaces by index; 0: none, or unknown at this hook */
	__u32 len;        /* bytes of the whole packet, from where bytes[] begin */
	__u32 mark;
	__u16 ethertype; /* with FW_EVENT_L3; 0: only the packet's version says what it is */
	__u16 vlan_tci;
	__u16 captured; /* bytes[] in use */
	__u8 state;     /* enum fw_state; above: unknown, since no rule asks for it */
	__u8 family;    /* of @addr: enum fw_family */
	__u32 uid, gid; /* of the local socket; 0xffffffff: unknown, since no rule asks for them */

	/* FW_EVENT_ADD: the address for a set, and for how long. */
	__u32 set;     /* number of the set, as in the action */
	__u32 timeout; /* seconds; 0: for good */
	__u32 pad;
	struct fw_addr addr;

	__u8 bytes[FW_EVENT_BYTES]; /* only FW_EVENT_LOG has them */
};
/* Bytes of the record of an event without packet. */
#define FW_EVENT_HEAD offsetof(struct fw_event, bytes)
FW_ASSERT_SIZE(struct fw_event, 80 + FW_EVENT_BYTES);

/* Why events did not arrive: the log's and additions to sets for want of room, and packets beyond the rate of their rule. */
enum fw_event_loss { FW_LOST_LOG, FW_LOST_ADD, FW_LOST_RATE, FW_NLOSSES };

/* What became of events, on one CPU. */
struct fw_event_counts {
	__u64 sent[FW_NEVENTS];
	__u64 lost[FW_NEVENTS]; /* the ring was full */
	__u64 limited;          /* packets that were not logged because their rule's rate was used up */
	__u64 told[FW_NLOSSES]; /* of the first CPU: what user space has reported of all, written by it */
};
FW_ASSERT_SIZE(struct fw_event_counts, 64);

#endif
