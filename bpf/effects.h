/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The effects of actions on the packet at hand: what rules that matched it, and the rule or policy that decided, do besides their
 * verdicts. Programs call these functions only for packets that there is more to do with than to accept, drop and count.
 */
#ifndef FW_BPF_EFFECTS_H
#define FW_BPF_EFFECTS_H

#include "bpf/hook.h"
#include "bpf/log.h"
#include "bpf/recent.h"

#define FW_ACTION_EFFECTS (FW_ACTION_LOG | FW_ACTION_MARK | FW_ACTION_ADD)

/* The number @i of the rules that the packet passed, or after them what decided, as FW_WHAT. */
static __always_inline __u32 fw_answer_at(const struct fw_answer *answer, __u32 i)
{
	return i < FW_IN_MEMORY(answer->passed) ? answer->rule[i & (FW_TURNS - 1)] : answer->what;
}

/* The record of an action that has effects; NULL: it has none. */
static __always_inline const struct fw_action *fw_action_with_effects(const struct fw_root *root, __u32 what)
{
	__u32 action = FW_WHAT_ACTION(what);
	const struct fw_action *a = action < FW_NVERDICTS ? NULL : fw_action_at(root, action);

	return a && a->flags & FW_ACTION_EFFECTS ? a : NULL;
}

/* An event about the packet at hand, of which the caller fills in the rest. NULL: the ring is full. */
static __always_inline struct fw_event *fw_event_of(const struct fw_cpu *cpu, enum fw_event_kind kind, __u32 what,
						    const struct fw_action *a)
{
	struct fw_event *e = fw_event_reserve(kind);
	__u32 asked = cpu->root.fields_used & FW_FIELDS_OF_KERNEL;

	if (!e)
		return NULL;
	e->generation = cpu->control >> 32;
	e->counter = FW_WHAT_COUNTER(what);
	e->prog = cpu->prog;
	e->verdict = a->verdict;
	/* If no rule asks for any of these, the key does not have them. */
	e->state = asked ? cpu->key.f[FW_F_STATE] : FW_ABSENT_STATE;
	e->uid = asked ? cpu->key.f[FW_F_UID] : (__u32)FW_ABSENT_UID;
	e->gid = asked ? cpu->key.f[FW_F_GID] : (__u32)FW_ABSENT_GID;
	if (cpu->prog == FW_PROG_TC_EGRESS)
		e->out = cpu->ifindex;
	else
		e->in = cpu->ifindex;
	return e;
}

/* Sends the address that is to be in a set, unless that happened within the last second. */
static __always_inline void fw_effect_add(const struct fw_cpu *cpu, __u32 what, const struct fw_action *a)
{
	const struct fw_addr *addr = a->add_per == FW_PER_TO ? &cpu->key.dst : &cpu->key.src;
	const __u64 words[] = { what, addr->hi, addr->lo };
	struct fw_event *e;

	if (cpu->key.family == FW_FAMILY_NONE || fw_recent(fw_siphash(&(struct fw_limit_key){ { 0, 0 } }, words, 3)))
		return;
	e = fw_event_of(cpu, FW_EVENT_ADD, what, a);
	if (!e)
		return;
	e->set = a->set;
	e->timeout = a->timeout;
	e->flags = a->flags & FW_ACTION_UPDATE ? FW_EVENT_UPDATE : 0;
	e->family = cpu->key.family;
	e->addr = *addr;
	fw_event_submit(e);
}

/* May a rule log one more packet? */
static __always_inline int fw_effect_may_log(__u32 what, const struct fw_action *a)
{
	if (!a->log.interval || fw_bucket_take(FW_WHAT_COUNTER(what), FW_BUCKET_LOG, &a->log))
		return 1;
	fw_event_limited();
	return 0;
}

static __always_inline void fw_effect_log_xdp(struct xdp_md *ctx, const struct fw_cpu *cpu, __u32 what,
					      const struct fw_action *a)
{
	struct fw_event *e = fw_effect_may_log(what, a) ? fw_event_of(cpu, FW_EVENT_LOG, what, a) : NULL;

	if (!e)
		return;
	e->flags = cpu->l3 ? FW_EVENT_L3 : 0;
	fw_event_copy_xdp(e, ctx);
	fw_event_submit(e);
}

/* The effects of one action. A function, so that it is verified once and not for each turn. */
FW_GLOBAL int fw_effect_xdp(struct xdp_md *ctx, struct fw_cpu *cpu, __u32 what)
{
	const struct fw_action *a = cpu ? fw_action_with_effects(&cpu->root, what) : NULL;

	if (!a)
		return 0;
	if (a->flags & FW_ACTION_ADD)
		fw_effect_add(cpu, what, a);
	if (a->flags & FW_ACTION_LOG)
		fw_effect_log_xdp(ctx, cpu, what, a);
	return 0;
}

FW_GLOBAL int fw_effects_xdp(struct xdp_md *ctx, struct fw_cpu *cpu)
{
	for (__u32 i = 0; cpu && i <= FW_TURNS && i <= FW_IN_MEMORY(cpu->answer.passed); i++)
		fw_effect_xdp(ctx, cpu, fw_answer_at(&cpu->answer, i));
	return 0;
}

static __always_inline void fw_effect_log_tc(struct __sk_buff *skb, const struct fw_cpu *cpu, __u32 what,
					     const struct fw_action *a)
{
	struct fw_event *e = fw_effect_may_log(what, a) ? fw_event_of(cpu, FW_EVENT_LOG, what, a) : NULL;

	if (!e)
		return;
	if (cpu->prog == FW_PROG_TC_EGRESS)
		e->in = skb->ingress_ifindex;
	e->mark = skb->mark;
	if (cpu->l3) {
		e->flags = FW_EVENT_L3;
		e->ethertype = bpf_ntohs(skb->protocol);
	} else if (skb->vlan_present) {
		e->flags = FW_EVENT_VLAN;
		e->vlan_tci = skb->vlan_tci;
	}
	fw_event_copy_skb(e, skb, cpu->start, skb->len - cpu->start);
	fw_event_submit(e);
}

/* Later programs, netfilter and routing see the mark. */
FW_GLOBAL int fw_effect_tc(struct __sk_buff *skb, struct fw_cpu *cpu, __u32 what)
{
	const struct fw_action *a = cpu ? fw_action_with_effects(&cpu->root, what) : NULL;

	if (!a)
		return 0;
	if (a->flags & FW_ACTION_MARK)
		skb->mark = (skb->mark & ~a->mark_mask) | (a->mark & a->mark_mask);
	if (a->flags & FW_ACTION_ADD)
		fw_effect_add(cpu, what, a);
	if (a->flags & FW_ACTION_LOG)
		fw_effect_log_tc(skb, cpu, what, a);
	return 0;
}

FW_GLOBAL int fw_effects_tc(struct __sk_buff *skb, struct fw_cpu *cpu)
{
	for (__u32 i = 0; cpu && i <= FW_TURNS && i <= FW_IN_MEMORY(cpu->answer.passed); i++)
		fw_effect_tc(skb, cpu, fw_answer_at(&cpu->answer, i));
	return 0;
}

#endif
