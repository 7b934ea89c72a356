// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classifier in rules of an nft table, by the match `bpf` of xtables, for kernels without links on netfilter's hooks: see
 * answer.h. Such a program is told of nothing but the packet, so each hook has one of its own.
 */
#include "bpf/limit_table.h"
#define FW_NF_CONTEXT struct __sk_buff
#include "bpf/netfilter.h"

/* Of sk_buff._skb_refdst: the pointer is borrowed. */
#define FW_DST_BORROWED 1ull

static __always_inline int fw_nf_read(struct __sk_buff *skb, void *to, __u64 n)
{
	return fw_is_between(&n, 1, FW_HEAD_BYTES) ? bpf_skb_load_bytes(skb, 0, to, n) : -1;
}

static __always_inline __u64 fw_nf_connection(struct __sk_buff *skb)
{
	return BPF_CORE_READ((struct sk_buff *)skb, _nfct);
}

static __always_inline const struct sock *fw_nf_socket(struct __sk_buff *skb)
{
	return BPF_CORE_READ((struct sk_buff *)skb, sk);
}

static __always_inline __u32 fw_nf_frame(struct __sk_buff *skb)
{
	return skb->pkt_type;
}

/* fw_nf_ether(), with a stack of its own. */
FW_GLOBAL __u64 fw_table_ether(struct __sk_buff *ctx)
{
	const struct sk_buff *skb = (const struct sk_buff *)ctx;
	const struct net_device *dev = BPF_CORE_READ(skb, dev);
	__u64 eth = (__u64)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, mac_header);

	if (!dev || BPF_CORE_READ(dev, type) != FW_DEVICE_ETHER || eth + ETH_HLEN > (__u64)BPF_CORE_READ(skb, data))
		return 0;
	return eth;
}

static __always_inline __u64 fw_nf_ether(struct __sk_buff *ctx)
{
	return fw_table_ether(ctx);
}

/* The interface that the packet leaves by, according to its route. */
static __always_inline __u32 fw_table_out(struct __sk_buff *skb)
{
	const struct dst_entry *dst = (void *)(BPF_CORE_READ((struct sk_buff *)skb, _skb_refdst) & ~FW_DST_BORROWED);

	return dst ? BPF_CORE_READ(dst, dev, ifindex) : 0;
}

/* fw_nf_prepare(). A function, so that its stack is free again when the packet is classified. */
FW_GLOBAL int fw_table_prepare(struct __sk_buff *skb, struct fw_cpu *cpu, __u32 hook)
{
	const struct fw_nf_packet p = {
		.context = skb,
		.at = hook - FW_INPUT,
		.from = hook == FW_OUTPUT ? 0 : skb->ifindex,
		.to = hook == FW_INPUT ? 0 : fw_table_out(skb),
		.mark = skb->mark,
		.len = skb->len,
		.ethertype = bpf_ntohs(skb->protocol),
	};

	return cpu ? fw_nf_prepare(cpu, &p) : -1;
}

/* 1: the packet passes as it is. 0: its mark changes, or it does not pass. The decision is left, unless it is to drop the packet. */
static __always_inline int fw_table(struct __sk_buff *skb, __u32 hook)
{
	struct fw_cpu *cpu = fw_cpu_take_in_task(bpf_get_smp_processor_id());
	const struct fw_decision *d;
	int ready = -1, pass;

	fw_arena_name();
	fw_decision_none((__u64)skb);
	if (cpu)
		ready = fw_table_prepare(skb, cpu, hook);
	if (!cpu || ready < 0) {
		fw_refuse(cpu, hook == FW_OUTPUT ? fw_table_out(skb) : skb->ifindex, skb->len,
			  FW_PROG_NF_INPUT + hook - FW_INPUT);
		return 0;
	}
	fw_nf_decide(cpu, ready);
	d = cpu->answer.verdict == FW_DROP ? NULL : fw_nf_leave(cpu, (__u64)skb);
	pass = d && d->pass && !d->flip;
	FW_IN_MEMORY(cpu->busy) = 0;
	return pass;
}

SEC("socket")
int fw_table_input(struct __sk_buff *skb)
{
	return fw_table(skb, FW_INPUT);
}

SEC("socket")
int fw_table_forward(struct __sk_buff *skb)
{
	return fw_table(skb, FW_FORWARD);
}

SEC("socket")
int fw_table_output(struct __sk_buff *skb)
{
	return fw_table(skb, FW_OUTPUT);
}

char LICENSE[] SEC("license") = "GPL";
