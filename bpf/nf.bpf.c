// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classifier on netfilter's hooks: packets for this host, through it and from it, of IPv4 and IPv6, after the wire's rewriting
 * and reassembly. One program for all of them, from Linux 6.4 on.
 *
 * Such a program cannot access a packet directly. The headers are copied into the CPU's state and parsed there.
 */
#include "bpf/answer.h"
#include "bpf/effects.h"
#include "bpf/kernel.h"

#include "fw/table/answer.h"
#include "fw/table/packet.h"

#include <bpf/bpf_core_read.h>

/* The first copy of headers holds most of them. If the parser runs out of bytes, the second is made. */
#define FW_NF_FEW 128

_Static_assert(FW_HEAD_BYTES >= 2 * FW_NF_FEW, "the second copy is longer");
_Static_assert(offsetof(struct fw_cpu, head) + FW_OFFSET_MAX + 64 < sizeof(struct fw_cpu),
	       "the parser's bound of offsets");

int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *out) __ksym;

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

/* Copies the first @most bytes of the packet into the CPU's state, and parses them. */
static __always_inline void fw_nf_key(struct fw_cpu *cpu, const struct bpf_dynptr *packet, const struct fw_meta *meta,
				      __u32 most)
{
	__u64 n = meta->len;

	fw_opaque(n);
	n = n < most ? n : most;
	if (bpf_dynptr_read(cpu->head, n, packet, 0, 0))
		n = 0;
	fw_nf_parse(cpu, meta, n);
}

/* The number of an interface in the ruleset; @absent: there is no interface, or no rule asks. */
static __always_inline __u32 fw_nf_iface(const struct net_device *dev, __u32 asked, __u32 absent)
{
	__u32 ifindex, *number;

	if (!asked || !dev)
		return absent;
	ifindex = dev->ifindex;
	number = bpf_map_lookup_elem(&fw_ifaces, &ifindex);
	return number ? *number : FW_IFACE_OTHER;
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

/* What the packet's interfaces, connection and socket tell, as far as rules ask for it. */
static __always_inline void fw_nf_ask(struct fw_meta *meta, const struct bpf_nf_ctx *ctx, struct fw_cpu *cpu)
{
	const struct net_device *in = ctx->state->in, *out = ctx->state->out;
	__u32 used = cpu->root.fields_used;

	meta->iface = FW_ABSENT_IFACE;
	if (meta->hook != FW_FORWARD)
		meta->iface = fw_nf_iface(meta->hook == FW_INPUT ? in : out, used & 1u << FW_F_IFACE, FW_IFACE_OTHER);
	if (!(used & FW_FIELDS_OF_KERNEL))
		return;
	fw_ask(cpu, in ? in->ifindex : 0, out ? out->ifindex : 0);
	if (used & 1u << FW_F_STATE)
		cpu->key.f[FW_F_STATE] = fw_nfct_state(ctx->skb->_nfct);
	if (meta->hook == FW_OUTPUT && used & (1u << FW_F_UID | 1u << FW_F_GID))
		fw_nf_owner(&cpu->key, ctx->skb->sk);
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

/* Leaves the decision for those that come after. false: there is no guard. */
static __always_inline int fw_nf_leave(struct fw_cpu *cpu, __u64 skb)
{
	__u32 zero = 0, *guarded = bpf_map_lookup_elem(&fw_guarded, &zero);
	struct fw_decision *d = guarded && *guarded ? bpf_map_lookup_elem(&fw_decisions, &zero) : NULL;
	__u32 more;

	if (!d)
		return 0;
	more = cpu->answer.passed || FW_WHAT_ACTION(cpu->answer.what) >= FW_NVERDICTS;
	d->at = bpf_jiffies64();
	d->pass = cpu->answer.verdict == FW_ACCEPT;
	d->flip = more ? cpu->key.f[FW_F_MARK] ^ fw_nf_mark(cpu) : 0;
	d->bit = 0;
	d->steps = d->pass ? 0 : fw_nf_steps(cpu);
	d->skb = skb;
	return 1;
}

/* Classifies the packet at hand, and does what its answer asks for. -1: that is not possible. */
static __always_inline int fw_nf_judge(struct bpf_nf_ctx *ctx, struct fw_cpu *cpu, struct fw_meta *meta)
{
	struct bpf_dynptr packet;

	if (fw_begin(cpu, fw_control) || bpf_dynptr_from_skb((struct __sk_buff *)ctx->skb, 0, &packet))
		return -1;
	fw_nf_ask(meta, ctx, cpu);
	fw_nf_key(cpu, &packet, meta, FW_NF_FEW);
	if (cpu->key.reason == FW_R_MALFORMED && meta->len > FW_NF_FEW)
		fw_nf_key(cpu, &packet, meta, FW_HEAD_BYTES);
	fw_classify(cpu, fw_flow_cache);
	if (cpu->answer.passed || FW_WHAT_ACTION(cpu->answer.what) >= FW_NVERDICTS)
		fw_nf_effects(cpu);
	fw_count_kept(cpu);
	return 0;
}

/* What becomes of a packet at the hook FW_NF_LOCAL_IN + @at. */
static __always_inline int fw_nf_run(struct bpf_nf_ctx *ctx, __u32 at, int leave)
{
	const struct net_device *in = ctx->state->in, *out = ctx->state->out;
	__u32 from = in ? in->ifindex : 0, to = out ? out->ifindex : 0, verdict;
	struct fw_meta meta = {
		.hook = FW_INPUT + at,
		.mark = ctx->skb->mark,
		.len = ctx->skb->len,
		.l3 = 1,
		.ethertype = ctx->state->pf == FW_NF_IPV4 ? ETH_P_IP : ETH_P_IPV6,
	};
	struct fw_cpu *cpu = fw_cpu_take_in_task(bpf_get_smp_processor_id());

	fw_arena_name();
	if (cpu) {
		cpu->ifindex = from ? from : to;
		cpu->from = from;
		cpu->to = to;
		cpu->bytes = meta.len;
		cpu->prog = FW_PROG_NF_INPUT + at;
		cpu->l3 = 1;
	}
	if (!cpu || fw_nf_judge(ctx, cpu, &meta)) {
		fw_refuse(cpu, from ? from : to, meta.len, FW_PROG_NF_INPUT + at);
		return FW_NF_DROP;
	}
	verdict = cpu->answer.verdict;
	if (leave && verdict != FW_DROP && fw_nf_leave(cpu, (__u64)ctx->skb))
		verdict = FW_ACCEPT;
	FW_IN_MEMORY(cpu->busy) = 0;
	return verdict == FW_ACCEPT ? FW_NF_ACCEPT : FW_NF_DROP;
}

SEC("netfilter")
int fw_nf(struct bpf_nf_ctx *ctx)
{
	__u32 at = ctx->state->hook - FW_NF_LOCAL_IN;

	return at > FW_NF_LOCAL_OUT - FW_NF_LOCAL_IN ? FW_NF_DROP : fw_nf_run(ctx, at, 1);
}

/* After the table: see answer.h. */
SEC("netfilter")
int fw_nf_guard(struct bpf_nf_ctx *ctx)
{
	__u32 at = ctx->state->hook - FW_NF_LOCAL_IN;
	struct fw_decision *d = fw_decision_of((__u64)ctx->skb);

	if (d) {
		d->skb = 0;
		return d->pass ? FW_NF_ACCEPT : FW_NF_DROP;
	}
	return at > FW_NF_LOCAL_OUT - FW_NF_LOCAL_IN ? FW_NF_DROP : fw_nf_run(ctx, at, 0);
}

char LICENSE[] SEC("license") = "GPL";
