/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Judging a packet at netfilter's hooks: packets for this host, through it and from it, of IPv4 and IPv6, after the wire's rewriting
 * and reassembly. nf.bpf.c does it in links, table.bpf.c in rules of an nft table. Such a program cannot access a packet directly:
 * the headers are copied into the CPU's state and parsed there.
 */
#ifndef FW_BPF_NETFILTER_H
#define FW_BPF_NETFILTER_H

#include "bpf/answer.h"
#include "bpf/effects.h"
#include "bpf/kernel.h"

#include "fw/table/answer.h"
#include "fw/table/plain.h"

#include <bpf/bpf_core_read.h>

/* What the including file knows of a packet, by the context of its programs. */
struct fw_nf_packet {
	FW_NF_CONTEXT *context;
	__u32 at;       /* the hook is FW_NF_LOCAL_IN + @at */
	__u32 from, to; /* indices of interfaces; 0: none */
	__u32 mark, len;
	__u16 ethertype;
};

/*
 * Its means: copies the first @n bytes of the packet; 0: that was possible. Its connection as the kernel keeps it, its socket, and
 * whom its frame was for, as the kernel's pkt_type tells it. Where its Ethernet header is, which
 * precedes it, as for iptables; 0: it has none.
 */
static __always_inline int fw_nf_read(FW_NF_CONTEXT *context, void *to, __u64 n);
static __always_inline __u64 fw_nf_connection(FW_NF_CONTEXT *context);
static __always_inline const struct sock *fw_nf_socket(FW_NF_CONTEXT *context);
static __always_inline __u32 fw_nf_frame(FW_NF_CONTEXT *context);
static __always_inline __u64 fw_nf_ether(FW_NF_CONTEXT *context);

/* The first copy of headers holds most of them. If the parser runs out of bytes, the second is made. */
#define FW_NF_FEW 128

_Static_assert(FW_HEAD_BYTES >= 2 * FW_NF_FEW, "the second copy is longer");
_Static_assert(offsetof(struct fw_cpu, head) + FW_OFFSET_MAX + 64 < sizeof(struct fw_cpu),
	       "the parser's bound of offsets");

/* Netfilter's numbers, and the program that counts there: FW_PROG_NF_INPUT + hook - FW_NF_LOCAL_IN. */
enum { FW_NF_DROP, FW_NF_ACCEPT };
enum { FW_NF_LOCAL_IN = 1, FW_NF_FORWARD, FW_NF_LOCAL_OUT };
enum { FW_NF_IPV4 = 2 };
_Static_assert(FW_PROG_NF_FORWARD - FW_PROG_NF_INPUT == FW_NF_FORWARD - FW_NF_LOCAL_IN &&
		       FW_PROG_NF_OUTPUT - FW_PROG_NF_INPUT == FW_NF_LOCAL_OUT - FW_NF_LOCAL_IN &&
		       FW_FORWARD - FW_INPUT == FW_NF_FORWARD - FW_NF_LOCAL_IN &&
		       FW_OUTPUT - FW_INPUT == FW_NF_LOCAL_OUT - FW_NF_LOCAL_IN,
	       "hooks are numbered alike");

/*
 * The state of this CPU, or its second one; NULL if both are in use. Tasks send packets too and, where the kernel is preemptible,
 * may be interrupted between any two instructions.
 */
static __always_inline struct fw_cpu *fw_cpu_take_in_task(__u32 n)
{
	struct fw_cpu *cpu = bpf_map_lookup_elem(&fw_cpus, &n);

	if (cpu && __sync_val_compare_and_swap(&cpu->busy, 0, 1)) {
		n += fw_ncpus;
		cpu = bpf_map_lookup_elem(&fw_cpus, &n);
		if (cpu && __sync_val_compare_and_swap(&cpu->busy, 0, 1))
			return NULL;
	}
	return cpu;
}

/* Parses the first @n bytes of the packet, which are in the CPU's state. */
FW_GLOBAL int fw_nf_parse(struct fw_cpu *cpu, const struct fw_meta *meta, __u32 n)
{
	__u64 bytes = n;

	if (!cpu || !meta)
		return 0;
	fw_opaque(bytes);
	bytes &= 2 * FW_HEAD_BYTES - 1;
	fw_packet_parse(cpu->head, cpu->head + bytes, meta, &cpu->key);
	return 0;
}

/*
 * Who sends the packet: the user and group of its socket's file, as iptables' owner and nft's skuid tell it. The answer to a SYN
 * belongs to the listening socket.
 */
static __always_inline void fw_nf_owner(struct fw_key *key, const struct sock *sk)
{
	const struct cred *cred;
	__u8 state = sk ? BPF_CORE_READ(sk, __sk_common.skc_state) : FW_TCP_TIME_WAIT;

	if (state == FW_TCP_NEW_SYN_RECV)
		sk = BPF_CORE_READ(sk, __sk_common.skc_listener);
	if (state == FW_TCP_TIME_WAIT)
		return;
	cred = BPF_CORE_READ(sk, sk_socket, file, f_cred);
	if (!cred)
		return;
	key->f[FW_F_UID] = BPF_CORE_READ(cred, fsuid.val);
	key->f[FW_F_GID] = BPF_CORE_READ(cred, fsgid.val);
}

/* Copies the first @most bytes of the packet into the CPU's state, and parses them. */
static __always_inline void fw_nf_key(struct fw_cpu *cpu, const struct fw_nf_packet *p, const struct fw_meta *meta,
				      __u32 most)
{
	__u64 n = p->len;

	fw_opaque(n);
	n = n < most ? n : most;
	if (fw_nf_read(p->context, cpu->head, n))
		n = 0;
	fw_nf_parse(cpu, meta, n);
	if (cpu->root.fields_used & FW_FIELDS_RARE)
		fw_read_rare(cpu, 1, n);
}

/* The type of the frame. Copies of what this host sends to many have none of their own: those are as iptables and nft tell them. */
static __always_inline void fw_nf_packet_type(struct fw_key *key, __u32 type)
{
	if (!(1u << (key->f[FW_F_HOOK] & (FW_HOOK_ROWS - 1)) & FW_HOOKS_ARRIVED))
		return;
	if (type == FW_SKB_LOOPBACK)
		type = key->family == FW_IP6 || key->dst.hi >> 60 == 14 ? FW_SKB_MULTICAST : FW_SKB_BROADCAST;
	key->f[FW_F_PACKET_TYPE] = type == FW_SKB_BROADCAST ? FW_PACKET_BROADCAST :
				   type == FW_SKB_MULTICAST ? FW_PACKET_MULTICAST :
							      FW_PACKET_UNICAST;
}

/* Who sent the frame whose header is at @eth in the kernel's memory; 0: there is none. A function, for the stack's sake. */
FW_GLOBAL int fw_nf_mac(struct fw_cpu *cpu, __u64 eth)
{
	__u8 mac[ETH_ALEN];

	if (!cpu || !eth || !(1u << (cpu->key.f[FW_F_HOOK] & (FW_HOOK_ROWS - 1)) & FW_HOOKS_ARRIVED) ||
	    bpf_probe_read_kernel(mac, sizeof(mac), (const void *)(eth + ETH_ALEN)))
		return 0;
	fw_rare_mac(&cpu->key, mac);
	return 0;
}

/* What the packet's interfaces, connection and socket tell, as far as rules ask for it. */
static __always_inline void fw_nf_ask(struct fw_cpu *cpu, const struct fw_nf_packet *p, struct fw_meta *meta)
{
	__u64 used = cpu->root.fields_used;
	__u32 on = meta->hook == FW_INPUT ? p->from : p->to;

	meta->iface = FW_ABSENT_IFACE;
	if (meta->hook != FW_FORWARD)
		meta->iface = on ? fw_iface(cpu, on) : FW_IFACE_OTHER;
	if (!(used & FW_FIELDS_OF_KERNEL))
		return;
	fw_ask(cpu, p->from, p->to);
	if (used & FW_FIELD_BIT(FW_F_STATE))
		cpu->key.f[FW_F_STATE] = fw_nfct_state(fw_nf_connection(p->context));
	if (meta->hook == FW_OUTPUT && used & (FW_FIELD_BIT(FW_F_UID) | FW_FIELD_BIT(FW_F_GID)))
		fw_nf_owner(&cpu->key, fw_nf_socket(p->context));
}

/* Answers a plain packet whose state decides alone, before its bytes are in the key. 0: it has to be looked up. */
static __always_inline int fw_nf_answer_alone(struct fw_cpu *cpu, const struct fw_nf_packet *p)
{
	__u64 n = p->len;
	__u32 what;

	if (!(cpu->root.fields_used >> FW_F_STATE & 1))
		return 0;
	what = fw_shortcut(cpu, FW_INPUT + p->at, cpu->key.f[FW_F_STATE]);
	if (!what)
		return 0;
	fw_opaque(n);
	n = n < FW_PLAIN_BYTES ? n : FW_PLAIN_BYTES;
	if (fw_nf_read(p->context, cpu->head, n) || !fw_ip_is_plain(cpu->head, p->ethertype, p->len))
		return 0;
	fw_answer_alone(cpu, what);
	return 1;
}

/* The effects of one action: an event. The mark is set by others. */
FW_GLOBAL int fw_nf_effect(struct fw_cpu *cpu, __u32 what)
{
	const struct fw_action *a = cpu ? fw_action_with_effects(&cpu->root, what) : NULL;
	struct fw_event *e;

	if (!a)
		return 0;
	if (a->flags & FW_ACTION_ADD)
		fw_effect_add(cpu, what, a);
	if (!(a->flags & FW_ACTION_LOG) || !fw_effect_may_log(what, a))
		return 0;
	e = fw_event_of(cpu, FW_EVENT_LOG, what, a);
	if (!e)
		return 0;
	e->in = cpu->from;
	e->out = cpu->to;
	e->mark = cpu->key.f[FW_F_MARK];
	e->flags = FW_EVENT_L3;
	e->ethertype = cpu->key.f[FW_F_ETHERTYPE];
	e->len = cpu->bytes;
	e->captured = cpu->bytes < FW_EVENT_BYTES ? cpu->bytes : FW_EVENT_BYTES;
	__builtin_memcpy(e->bytes, cpu->head, FW_EVENT_BYTES);
	fw_event_submit(e);
	return 0;
}

FW_GLOBAL int fw_nf_effects(struct fw_cpu *cpu)
{
	for (__u32 i = 0; cpu && i <= FW_TURNS && i <= FW_IN_MEMORY(cpu->answer.passed); i++)
		fw_nf_effect(cpu, fw_answer_at(&cpu->answer, i));
	return 0;
}

/* The packet's mark as the answer wants it. */
FW_GLOBAL int fw_nf_mark(struct fw_cpu *cpu)
{
	__u32 mark = cpu ? cpu->key.f[FW_F_MARK] : 0;

	for (__u32 i = 0; cpu && i <= FW_TURNS && i <= FW_IN_MEMORY(cpu->answer.passed); i++) {
		const struct fw_action *a = fw_action_with_effects(&cpu->root, fw_answer_at(&cpu->answer, i));

		if (a && a->flags & FW_ACTION_MARK)
			mark = (mark & ~a->mark_mask) | (a->mark & a->mark_mask);
	}
	return mark;
}

/* The rule of the table that rejects the packet at hand. */
static __always_inline __u32 fw_nf_steps(const struct fw_cpu *cpu)
{
	__u32 kind = fw_reject_kind(cpu), tcp = cpu->key.f[FW_F_PROTO] == IPPROTO_TCP;

	if (tcp && kind <= FW_REJECT_TCP_RESET)
		return FW_ANSWER_RESET;
	if (kind < FW_REJECT_PORT_UNREACHABLE || kind >= FW_NREJECTS)
		kind = FW_REJECT_PORT_UNREACHABLE;
	return FW_ANSWER_ICMP(kind, cpu->key.family == FW_IP6);
}

/* Has the answer more to it than a verdict? */
static __always_inline int fw_nf_has_more(const struct fw_answer *answer)
{
	return answer->passed || FW_WHAT_ACTION(answer->what) >= FW_NVERDICTS;
}

/* Leaves the decision for those that come after. NULL: that is not possible. */
static __always_inline const struct fw_decision *fw_nf_leave(struct fw_cpu *cpu, __u64 skb)
{
	struct fw_decision *d = fw_decision_new(skb);

	if (!d)
		return NULL;
	d->pass = cpu->answer.verdict == FW_ACCEPT;
	d->flip = fw_nf_has_more(&cpu->answer) ? cpu->key.f[FW_F_MARK] ^ fw_nf_mark(cpu) : 0;
	d->bit = 0;
	d->steps = d->pass ? 0 : fw_nf_steps(cpu);
	return d;
}

/* Reads the packet into the CPU's state. 0; 1: it is answered already; -1: that is not possible. */
static __always_inline int fw_nf_prepare(struct fw_cpu *cpu, const struct fw_nf_packet *p)
{
	struct fw_meta meta = {
		.hook = FW_INPUT + p->at,
		.mark = p->mark,
		.len = p->len,
		.l3 = 1,
		.ethertype = p->ethertype,
	};

	cpu->ifindex = p->from ? p->from : p->to;
	cpu->from = p->from;
	cpu->to = p->to;
	cpu->bytes = p->len;
	cpu->prog = FW_PROG_NF_INPUT + p->at;
	cpu->l3 = 1;
	if (fw_begin(cpu, fw_control))
		return -1;
	/* First, since it must not use the stack of what reads the packet. */
	fw_nf_ask(cpu, p, &meta);
	if (fw_nf_answer_alone(cpu, p))
		return 1;
	fw_nf_key(cpu, p, &meta, FW_NF_FEW);
	if (cpu->key.reason == FW_R_MALFORMED && p->len > FW_NF_FEW)
		fw_nf_key(cpu, p, &meta, FW_HEAD_BYTES);
	if (cpu->root.fields_used & FW_FIELD_BIT(FW_F_PACKET_TYPE))
		fw_nf_packet_type(&cpu->key, fw_nf_frame(p->context));
	if (cpu->root.fields_used & FW_FIELD_BIT(FW_F_MAC_HIGH))
		fw_nf_mac(cpu, fw_nf_ether(p->context));
	return 0;
}

/* Classifies it, unless it is answered, and does what its answer asks for. */
static __always_inline void fw_nf_decide(struct fw_cpu *cpu, int answered)
{
	if (!answered)
		fw_classify_tracked(cpu, fw_flow_cache);
	if (fw_nf_has_more(&cpu->answer))
		fw_nf_effects(cpu);
	fw_count_kept(cpu);
}

#endif
