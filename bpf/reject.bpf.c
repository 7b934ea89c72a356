// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers rejected packets at XDP and tc. The classifier calls these programs at the end, by tail call, when it has counted the
 * packet. Whatever happens here, the packet does not go on.
 *
 * The reply leaves by the interface that the packet came in on. At tc egress, where packets of this machine are, it comes in on
 * the interface that the packet was to leave by. Replies are not judged by rules.
 */
#include "bpf/cpu.h"
#include "bpf/kernel.h"
#include "bpf/reply_make.h"

#include <bpf/bpf_core_read.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_reply_rate);
} fw_reply_rate SEC(".maps");

/* By CPU. User space sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_reply_counts);
} fw_reply_counts SEC(".maps");

/* Replies being made, one for each state of a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fw_reply);
} fw_replies SEC(".maps");

#define REPLY_TRIES 8

/* May one more reply be sent now? If other CPUs always come first, the rate is used up anyway. */
static __always_inline int fw_reply_take(void)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	struct fw_reply_rate *r;
	__u32 zero = 0;

	r = bpf_map_lookup_elem(&fw_reply_rate, &zero);
	if (!r || !r->rate.interval)
		return 0;
	for (int i = 0; i < REPLY_TRIES; i++) {
		__u64 full = FW_IN_MEMORY(r->full), next = fw_rate_take(full, now, &r->rate);

		if (!next)
			return 0;
		if (__sync_val_compare_and_swap(&r->full, full, next) == full)
			return 1;
	}
	return 0;
}

static __always_inline void fw_reply_count(enum fw_reply_outcome outcome)
{
	__u32 n = bpf_get_smp_processor_id();
	struct fw_reply_counts *c = bpf_map_lookup_elem(&fw_reply_counts, &n);

	if (c)
		c->packets[outcome]++;
}

/* The reply that belongs to a state of this CPU. */
static __always_inline struct fw_reply *fw_reply_of(const struct fw_cpu *cpu)
{
	__u32 n = bpf_get_smp_processor_id() + fw_ncpus, second = cpu == bpf_map_lookup_elem(&fw_cpus, &n);

	return bpf_map_lookup_elem(&fw_replies, &second);
}

/* Makes the reply if there may be one. */
static __always_inline enum fw_reply_outcome fw_reply(const struct fw_rejected *p, struct fw_reply *r)
{
	int reset;

	if (fw_reply_parse(p, r) || !fw_reply_allowed(&r->key, r->proto, p->ifindex) || fw_reply_link(p, r))
		return FW_REPLY_SILENT;
	reset = fw_reply_is_reset(p->kind, r->proto);
	if (reset && (r->proto != IPPROTO_TCP || r->key.f[FW_F_FRAG] != FW_FRAG_NO))
		return FW_REPLY_SILENT;
	if (!fw_reply_take())
		return FW_REPLY_LIMITED;
	return fw_reply_make(p, r, reset) ? FW_REPLY_SILENT : FW_REPLY_SENT;
}

/* Was the frame for this interface? Others can be seen here if it is promiscuous, and nobody may speak for their receiver. */
static __always_inline int fw_xdp_is_ours(struct xdp_md *ctx, const __u8 *mac)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	const unsigned char *address;
	struct xdp_rxq_info *rxq;
	struct net_device *dev;
	__u8 own[8];

	if (bpf_core_read(&rxq, sizeof(rxq), &xdp->rxq) || bpf_core_read(&dev, sizeof(dev), &rxq->dev) ||
	    bpf_core_read(&address, sizeof(address), &dev->dev_addr) || bpf_probe_read_kernel(own, ETH_ALEN, address))
		return 0;
	return fw_load32(own) == fw_load32(mac) && fw_load16(own + 4) == fw_load16(mac + 4);
}

/* Makes the frame the reply, with 0s up to @least bytes. It grows at its front, where there always is room. */
static __always_inline long fw_xdp_store(struct xdp_md *ctx, struct fw_reply *r, __u32 least)
{
	__u64 start = REPLY_IP - r->network, bytes = r->len;
	__u32 have = bpf_xdp_get_buff_len(ctx);
	long err = 0;

	if (!fw_is_between(&start, 0, REPLY_IP) || !fw_is_between(&bytes, sizeof(struct iphdr), REPLY_MAX))
		return -1;
	if (bytes < least) {
		__builtin_memset(r->frame + start + bytes, 0, ETH_ZLEN);
		bytes = least;
	}
	if (bytes > have)
		err = bpf_xdp_adjust_head(ctx, (int)have - (int)bytes);
	else if (bytes < have)
		err = bpf_xdp_adjust_tail(ctx, (int)bytes - (int)have);
	return err ? err : bpf_xdp_store_bytes(ctx, 0, r->frame + start, bytes);
}

/*
 * Makes the skb the reply. Its checksum may be left to hardware, which would later write one into the reply, and nothing tells
 * programs so. It is forgotten when the place where it begins has left the packet: so that place is cut off, with more than is
 * needed. That works only where the kernel knows the packet as IP.
 */
static __always_inline long fw_tc_store(struct __sk_buff *skb, struct fw_reply *r)
{
	int ip = skb->protocol == bpf_htons(ETH_P_IP) || skb->protocol == bpf_htons(ETH_P_IPV6);
	__u64 start = REPLY_IP - r->network, bytes = r->len;
	__u32 cut = ip ? r->transport + 2 : 0, whole = bytes + cut, least = r->transport + sizeof(struct tcphdr);

	if (!fw_is_between(&start, 0, REPLY_IP) || !fw_is_between(&bytes, sizeof(struct iphdr), REPLY_MAX) ||
	    (r->partial && !ip))
		return -1;
	/* The kernel keeps the header of the transport protocol. What is too much is padding. */
	if (bpf_skb_change_tail(skb, whole < least ? least : whole, 0))
		return -1;
	if (cut && bpf_skb_adjust_room(skb, -(int)cut, BPF_ADJ_ROOM_MAC, 0))
		return -1;
	return bpf_skb_store_bytes(skb, 0, r->frame + start, bytes, BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH);
}

SEC("xdp.frags")
int fw_reject_xdp(struct xdp_md *ctx)
{
	struct fw_rejected p = {
		.ctx = ctx,
		.xdp = 1,
		.ifindex = ctx->ingress_ifindex,
		.meta = { .len = bpf_xdp_get_buff_len(ctx) },
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
	};
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());
	enum fw_reply_outcome outcome = FW_REPLY_SILENT;
	struct fw_reply *r = fw_reply_of(cpu);

	if (cpu && r) {
		p.kind = cpu->reject;
		p.meta.l3 = cpu->l3;
		if (p.meta.l3 || (p.data + ETH_ALEN <= p.data_end && fw_xdp_is_ours(ctx, p.data)))
			outcome = fw_reply(&p, r);
		if (outcome == FW_REPLY_SENT && fw_xdp_store(ctx, r, p.meta.l3 ? 0 : ETH_ZLEN))
			outcome = FW_REPLY_SILENT;
		FW_IN_MEMORY(cpu->busy) = 0;
	}
	fw_reply_count(outcome);
	return outcome == FW_REPLY_SENT ? XDP_TX : XDP_DROP;
}

static __always_inline int fw_reject_tc(struct __sk_buff *skb, int own)
{
	struct fw_rejected p = {
		.ctx = skb,
		.ifindex = skb->ifindex,
		.meta = { .len = skb->len, .ethertype = bpf_ntohs(skb->protocol) },
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
	};
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());
	enum fw_reply_outcome outcome = FW_REPLY_SILENT;
	struct fw_reply *r = fw_reply_of(cpu);

	if (cpu && r) {
		p.kind = cpu->reject;
		p.meta.l3 = cpu->l3;
		if (!cpu->start && (own || skb->pkt_type == PACKET_HOST))
			outcome = fw_reply(&p, r);
		if (outcome == FW_REPLY_SENT && fw_tc_store(skb, r))
			outcome = FW_REPLY_SILENT;
		FW_IN_MEMORY(cpu->busy) = 0;
	}
	fw_reply_count(outcome);
	skb->tc_index = FW_REPLY_INDEX(skb->ifindex);
	return outcome == FW_REPLY_SENT ? bpf_redirect(skb->ifindex, own ? BPF_F_INGRESS : 0) : TC_ACT_SHOT;
}

SEC("tc")
int fw_reject_tc_ingress(struct __sk_buff *skb)
{
	return fw_reject_tc(skb, 0);
}

SEC("tc")
int fw_reject_tc_egress(struct __sk_buff *skb)
{
	return fw_reject_tc(skb, 1);
}

char LICENSE[] SEC("license") = "GPL";
