// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classifier on netfilter's hooks: packets for this host, through it and from it, of IPv4 and IPv6, after the wire's rewriting
 * and reassembly. One program for all of them, from Linux 6.4 on.
 *
 * Such a program cannot access a packet directly. The headers are copied into the CPU's state and parsed there.
 */
#include "bpf/hook.h"
#include "bpf/kernel.h"

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

/* Classifies the packet. Stores the verdict in @verdict and returns FW_WHAT. */
static __always_inline __u32 fw_nf_filter(struct bpf_nf_ctx *ctx, struct fw_cpu *cpu, struct fw_meta *meta,
					  __u32 *verdict)
{
	struct bpf_dynptr packet;

	if (fw_begin(cpu, fw_control) || bpf_dynptr_from_skb((struct __sk_buff *)ctx->skb, 0, &packet))
		return FW_WHAT(FW_R_INTERNAL, FW_DROP);
	fw_nf_ask(meta, ctx, cpu);
	fw_nf_key(cpu, &packet, meta, FW_NF_FEW);
	if (cpu->key.reason == FW_R_MALFORMED && meta->len > FW_NF_FEW)
		fw_nf_key(cpu, &packet, meta, FW_HEAD_BYTES);
	*verdict = fw_classify(cpu, fw_flow_cache);
	if (cpu->answer.passed)
		fw_count_passed(&cpu->answer, meta->len);
	return cpu->answer.what;
}

/* What becomes of a packet at the hook FW_NF_LOCAL_IN + @at. */
static __always_inline int fw_nf_run(struct bpf_nf_ctx *ctx, __u32 at)
{
	__u32 verdict = FW_DROP, what = FW_WHAT(FW_R_INTERNAL, FW_DROP);
	const struct net_device *dev = ctx->state->in ? ctx->state->in : ctx->state->out;
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
		what = fw_nf_filter(ctx, cpu, &meta, &verdict);
		FW_IN_MEMORY(cpu->busy) = 0;
	}
	fw_count_packet(dev ? dev->ifindex : 0, meta.len, FW_PROG_NF_INPUT + at, what, verdict);
	return verdict == FW_ACCEPT ? FW_NF_ACCEPT : FW_NF_DROP;
}

SEC("netfilter")
int fw_nf(struct bpf_nf_ctx *ctx)
{
	__u32 at = ctx->state->hook - FW_NF_LOCAL_IN;

	return at > FW_NF_LOCAL_OUT - FW_NF_LOCAL_IN ? FW_NF_DROP : fw_nf_run(ctx, at);
}

char LICENSE[] SEC("license") = "GPL";
