/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of all hooks share: their settings, and counting. */
#ifndef FW_BPF_HOOK_H
#define FW_BPF_HOOK_H

#include "bpf/cpu.h"

/* A setting, fixed when the program is loaded. */
volatile const __u32 fw_flow_cache = 1;

#include "bpf/limit.h"

#include "fw/table/packet.h"

/* The control word, written by user space. */
volatile __u64 fw_control;

static __always_inline void fw_count(__u32 n, __u32 counter, __u64 bytes)
{
	struct fw_counter *c = fw_counter_at(counter, n, FW_COUNTER_COLUMNS(fw_ncpus));

	if (c) {
		c->packets++;
		c->bytes += bytes;
	}
}

/* The traffic entry of an interface: its own, else a free one, else that of all other interfaces. */
static __always_inline struct fw_traffic *fw_traffic_of(struct fw_traffic_table *t, __u32 ifindex)
{
	for (__u32 i = 0; i < FW_TRAFFIC_PROBES; i++) {
		struct fw_traffic *e = &t->entry[(ifindex + i) & (FW_TRAFFIC - 1)];

		if (e->ifindex == ifindex)
			return e;
		if (!e->ifindex) {
			e->ifindex = ifindex;
			return e;
		}
	}
	return &t->other;
}

/* Counts a packet for the rule or policy that decided, and for its interface. */
static __always_inline void fw_count_packet(__u32 ifindex, __u32 bytes, enum fw_prog prog, __u32 what, __u32 verdict)
{
	__u32 n = bpf_get_smp_processor_id(), counter = FW_WHAT_COUNTER(what), by = counter >= FW_COUNTER_RULES;
	struct fw_traffic_table *t = bpf_map_lookup_elem(&fw_traffic, &n);

	if (t)
		fw_traffic_of(t, ifindex)->packets[prog][by][verdict]++;
	fw_count(n, by ? counter : FW_COUNTER_REASON(prog, counter, verdict), bytes);
}

/* Counts a packet for the rules that it passed before the decision. */
FW_GLOBAL int fw_count_passed(const struct fw_answer *answer, __u32 bytes)
{
	__u32 n = bpf_get_smp_processor_id();

	if (!answer)
		return 0;
	for (__u32 i = 0; i < FW_TURNS; i++) {
		if (i >= FW_IN_MEMORY(answer->passed))
			break;
		fw_count(n, FW_WHAT_COUNTER(answer->rule[i]), bytes);
	}
	return 0;
}

/* Counts a packet that cannot be judged and is dropped, and ends the use of @cpu, which may be NULL. */
FW_GLOBAL int fw_refuse(struct fw_cpu *cpu, __u32 ifindex, __u32 bytes, __u32 prog)
{
	__u32 what = FW_WHAT(FW_R_INTERNAL, FW_DROP);

	if (prog < FW_NPROGS)
		fw_count_packet(ifindex, bytes, prog, what, FW_DROP);
	if (!cpu)
		return 0;
	cpu->answer.what = what;
	cpu->answer.verdict = FW_DROP;
	cpu->answer.passed = 0;
	FW_IN_MEMORY(cpu->busy) = 0;
	return 0;
}

/* Counts the packet at hand for all that its answer names. */
FW_GLOBAL int fw_count_kept(struct fw_cpu *cpu)
{
	__u32 prog, verdict;

	if (!cpu)
		return 0;
	/* Read once: they stay in the bounds that were checked. */
	prog = FW_IN_MEMORY(cpu->prog);
	verdict = FW_IN_MEMORY(cpu->answer.verdict);
	if (prog >= FW_NPROGS || verdict >= FW_NTERMINAL)
		return 0;
	if (cpu->answer.passed)
		fw_count_passed(&cpu->answer, cpu->bytes);
	fw_count_packet(cpu->ifindex, cpu->bytes, prog, cpu->answer.what, verdict);
	return 0;
}

/* How the packet at hand is rejected: enum fw_reject. */
static __always_inline __u32 fw_reject_kind(const struct fw_cpu *cpu)
{
	const struct fw_action *a = fw_action_at(&cpu->root, FW_WHAT_ACTION(cpu->answer.what));

	return a ? a->reject : FW_REJECT_DEFAULT;
}

static __always_inline __u32 fw_iface_number(const struct fw_cpu *cpu, __u32 ifindex)
{
	const struct fw_iface_number *n = bpf_map_lookup_elem(&fw_ifaces, &ifindex);

	if (!n)
		return FW_IFACE_OTHER;
	return (int)((__u32)(cpu->control >> 32) - n->since) < 0 ? n->before : n->number;
}

/* The number of an interface in the ruleset. */
static __always_inline __u32 fw_iface(const struct fw_cpu *cpu, __u32 ifindex)
{
	return cpu->root.fields_used & FW_FIELD_BIT(FW_F_IFACE) ? fw_iface_number(cpu, ifindex) : FW_IFACE_OTHER;
}

/*
 * Writes the kernel's fields to cpu->key, for rulesets that name one of them (FW_FIELDS_OF_KERNEL). @from and @to: indices of the
 * interfaces that the packet came in on and goes out on, 0: none; left absent if no rule names interfaces. All other fields are
 * absent; a hook that knows them writes them afterwards.
 */
FW_GLOBAL int fw_ask(struct fw_cpu *cpu, __u32 from, __u32 to)
{
	__u64 used;

	if (!cpu)
		return 0;
	used = cpu->root.fields_used;
	cpu->key.f[FW_F_STATE] = FW_ABSENT_STATE;
	cpu->key.f[FW_F_FROM_IF] = from && used & FW_FIELD_BIT(FW_F_FROM_IF) ? fw_iface_number(cpu, from) :
									       (__u32)FW_ABSENT_FROM_IF;
	cpu->key.f[FW_F_TO_IF] = to && used & FW_FIELD_BIT(FW_F_TO_IF) ? fw_iface_number(cpu, to) :
									 (__u32)FW_ABSENT_TO_IF;
	cpu->key.f[FW_F_UID] = FW_ABSENT_UID;
	cpu->key.f[FW_F_GID] = FW_ABSENT_GID;
	return 0;
}

/* Room for any packet: fw_packet_parse() has checked how long it is. */
#define FW_UNCUT (1u << 20)

/*
 * The rare fields of the packet at hand, whose first @n bytes are in cpu->head. A packet in which the programs cannot read a header
 * that rules ask for is malformed to them.
 */
FW_GLOBAL int fw_read_rare(struct fw_cpu *cpu, __u32 l3, __u32 n)
{
	struct fw_meta meta = { .l3 = l3 };
	struct fw_cursor c;
	__u64 bytes = n;

	if (!cpu)
		return 0;
	meta.hook = cpu->key.f[FW_F_HOOK];
	fw_opaque(bytes);
	bytes &= 2 * FW_HEAD_BYTES - 1;
	c = (struct fw_cursor){ .data = cpu->head, .pos = cpu->head, .end = cpu->head + bytes, .left = FW_UNCUT };
	if (fw_packet_rare(&c, &meta, &cpu->key, &cpu->reported, &cpu->options))
		cpu->key.reason = FW_R_MALFORMED;
	return 0;
}

#endif
