// SPDX-License-Identifier: GPL-2.0-only
/* The classifier in links on netfilter's hooks, from Linux 6.4 on: one program for all hooks. */
#define FW_NF_CONTEXT struct bpf_nf_ctx
#include "bpf/netfilter.h"

int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *out) __ksym;

/* 1: the guard is there, set by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} fw_guarded SEC(".maps");

static __always_inline int fw_nf_read(struct bpf_nf_ctx *ctx, void *to, __u64 n)
{
	struct bpf_dynptr packet;

	if (bpf_dynptr_from_skb((struct __sk_buff *)ctx->skb, 0, &packet))
		return -1;
	return bpf_dynptr_read(to, n, &packet, 0, 0);
}

static __always_inline __u64 fw_nf_connection(struct bpf_nf_ctx *ctx)
{
	return ctx->skb->_nfct;
}

static __always_inline const struct sock *fw_nf_socket(struct bpf_nf_ctx *ctx)
{
	return ctx->skb->sk;
}

static __always_inline __u32 fw_nf_frame(struct bpf_nf_ctx *ctx)
{
	return BPF_CORE_READ_BITFIELD_PROBED(ctx->skb, pkt_type);
}

static __always_inline __u64 fw_nf_ether(struct bpf_nf_ctx *ctx)
{
	const struct net_device *dev = ctx->state->in;
	__u64 eth = (__u64)ctx->skb->head + ctx->skb->mac_header;

	return dev && dev->type == FW_DEVICE_ETHER && eth + ETH_HLEN <= (__u64)ctx->skb->data ? eth : 0;
}

static __always_inline int fw_nf_is_guarded(void)
{
	__u32 zero = 0, *guarded = bpf_map_lookup_elem(&fw_guarded, &zero);

	return guarded && *guarded;
}

/* What becomes of a packet at the hook FW_NF_LOCAL_IN + @at. */
static __always_inline int fw_nf_run(struct bpf_nf_ctx *ctx, __u32 at, int leave)
{
	const struct net_device *in = ctx->state->in, *out = ctx->state->out;
	const struct fw_nf_packet p = {
		.context = ctx,
		.at = at,
		.from = in ? in->ifindex : 0,
		.to = out ? out->ifindex : 0,
		.mark = ctx->skb->mark,
		.len = ctx->skb->len,
		.ethertype = ctx->state->pf == FW_NF_IPV4 ? ETH_P_IP : ETH_P_IPV6,
	};
	struct fw_cpu *cpu = fw_cpu_take_in_task(bpf_get_smp_processor_id());
	int ready = -1;
	__u32 verdict;

	fw_arena_name();
	if (cpu)
		ready = fw_nf_prepare(cpu, &p);
	if (!cpu || ready < 0) {
		fw_refuse(cpu, p.from ? p.from : p.to, p.len, FW_PROG_NF_INPUT + at);
		return FW_NF_DROP;
	}
	fw_nf_decide(cpu, ready);
	verdict = cpu->answer.verdict;
	if (leave && verdict != FW_DROP && fw_nf_is_guarded() && fw_nf_leave(cpu, (__u64)ctx->skb))
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
