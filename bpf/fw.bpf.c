// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classifier on its hooks: XDP, and tc ingress and egress. It is loaded
 * once and never changes; its decisions are made by the tables in the maps.
 */
#include "bpf/effects.h"

#include "fw/table/packet.h"
#include "fw/table/reject.h"

#include <linux/pkt_cls.h>

/* A setting, fixed when the program is loaded. */
volatile const __u32 fw_l3 = 0; /* for interfaces whose packets have no Ethernet header */

/* The tc hooks make this many bytes of a packet readable. */
#define FW_HEADERS 256

/* Without an Ethernet header: the largest offset of the network header, and how many of its bytes are compared to find it. */
#define FW_NETWORK_MAX 64
#define FW_NETWORK_BYTES 20

/* A packet at a hook. @xdp: the frame may continue in fragments that cannot be read. */
struct fw_packet {
	const void *data, *data_end;
	struct fw_meta meta;
	struct xdp_md *xdp;
	__u32 ifindex;
	__u32 from, to; /* indices of the interfaces that it came in on and goes out on; 0: neither */
	__u32 bytes;    /* to count */
	__u32 start;    /* where it begins in an skb */
};

/*
 * The packet's key. Asking for the length of an XDP frame with fragments costs a call, which is needed only if the frame seems
 * truncated or is not IP.
 */
static __always_inline void fw_parse(struct fw_packet *p, struct fw_key *key)
{
	fw_packet_parse(p->data, p->data_end, &p->meta, key);
	if (!p->xdp || key->reason == FW_R_NONE)
		return;

	__u32 len = bpf_xdp_get_buff_len(p->xdp);

	if (len == p->meta.len)
		return;
	p->meta.len = p->bytes = len;
	/* Reloaded, so that the verifier forgets what it learnt on each path through the parser. */
	p->data = (void *)(long)p->xdp->data;
	p->data_end = (void *)(long)p->xdp->data_end;
	fw_packet_parse(p->data, p->data_end, &p->meta, key);
}

/* Takes a state of the CPU. NULL: the packet cannot be judged, was counted and is to be dropped. */
static __always_inline struct fw_cpu *fw_receive(const struct fw_packet *p, enum fw_prog prog)
{
	struct fw_cpu *cpu = fw_cpu_take(bpf_get_smp_processor_id());

	fw_arena_name();
	if (!cpu || fw_begin(cpu, fw_control)) {
		fw_refuse(cpu, p->ifindex, p->bytes, prog);
		return NULL;
	}
	cpu->l3 = fw_l3;
	return cpu;
}

/* The key of the packet, but for its connection and rare fields. */
static __always_inline void fw_examine(struct fw_packet *p, struct fw_cpu *cpu)
{
	p->meta.iface = fw_iface(cpu, p->ifindex);
	if (cpu->root.fields_used & FW_FIELDS_OF_KERNEL)
		fw_ask(cpu, p->from, p->to);
	fw_parse(p, &cpu->key);
}

/* Keeps what is needed of the packet by those that are called for it. */
static __always_inline void fw_packet_keep(struct fw_cpu *cpu, __u32 ifindex, __u32 bytes, enum fw_prog prog)
{
	cpu->ifindex = ifindex;
	cpu->bytes = bytes;
	cpu->prog = prog;
}

/* Do rules ask for the state of the packet's connection? Then another program looks it up. */
static __always_inline int fw_asks_state(const struct fw_cpu *cpu)
{
	return cpu->root.fields_used >> FW_F_STATE & 1;
}

/* Do they ask for rare fields? Then another program examines the packet. */
static __always_inline int fw_asks_rare(const struct fw_cpu *cpu)
{
	return (cpu->root.fields_used & FW_FIELDS_RARE) != 0;
}

/* Is there more to do than to count the packet for what decided, and to accept or drop it? */
static __always_inline int fw_has_more(const struct fw_answer *answer)
{
	return answer->passed || FW_WHAT_ACTION(answer->what) > FW_ACCEPT;
}

/* All that an answer asks for. The packet was kept. */
static __always_inline int fw_xdp_finish(struct xdp_md *ctx, struct fw_cpu *cpu)
{
	__u32 verdict = cpu->answer.verdict;

	fw_effects_xdp(ctx, cpu);
	fw_count_kept(cpu);
	if (verdict == FW_REJECT) {
		cpu->reject = fw_reject_kind(cpu);
		bpf_tail_call(ctx, &fw_xdp_calls, FW_CALL_XDP_REJECT);
	}
	FW_IN_MEMORY(cpu->busy) = 0;
	return verdict == FW_ACCEPT ? XDP_PASS : XDP_DROP;
}

static __always_inline struct fw_packet fw_xdp_packet(struct xdp_md *ctx, __u32 l3)
{
	return (struct fw_packet){
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
		.meta = { .hook = FW_IN, .len = ctx->data_end - ctx->data, .l3 = l3 },
		.xdp = ctx,
		.ifindex = ctx->ingress_ifindex,
		.from = ctx->ingress_ifindex,
		.bytes = ctx->data_end - ctx->data,
	};
}

SEC("xdp.frags")
int fw_xdp(struct xdp_md *ctx)
{
	struct fw_packet p = fw_xdp_packet(ctx, fw_l3);
	struct fw_cpu *cpu = fw_receive(&p, FW_PROG_XDP);
	__u32 verdict;

	if (!cpu)
		return XDP_DROP;
	if (fw_asks_rare(cpu)) {
		bpf_tail_call(ctx, &fw_xdp_calls, FW_CALL_XDP_RARE);
		fw_refuse(cpu, p.ifindex, p.bytes, FW_PROG_XDP);
		return XDP_DROP;
	}
	fw_examine(&p, cpu);
	if (fw_asks_state(cpu)) {
		fw_packet_keep(cpu, p.ifindex, p.bytes, FW_PROG_XDP);
		bpf_tail_call(ctx, &fw_xdp_calls, FW_CALL_XDP_STATE);
		fw_refuse(cpu, p.ifindex, p.bytes, FW_PROG_XDP);
		return XDP_DROP;
	}
	verdict = fw_classify(cpu, fw_flow_cache);
	if (fw_has_more(&cpu->answer)) {
		fw_packet_keep(cpu, p.ifindex, p.bytes, FW_PROG_XDP);
		return fw_xdp_finish(ctx, cpu);
	}
	fw_count_packet(p.ifindex, p.bytes, FW_PROG_XDP, cpu->answer.what, verdict);
	FW_IN_MEMORY(cpu->busy) = 0;
	return verdict == FW_ACCEPT ? XDP_PASS : XDP_DROP;
}

/* Examines a packet for rulesets with rare fields. */
SEC("xdp.frags")
int fw_xdp_rare(struct xdp_md *ctx)
{
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());
	struct fw_packet p;
	__u64 n;

	if (!cpu)
		return XDP_DROP;
	p = fw_xdp_packet(ctx, cpu->l3);
	fw_examine(&p, cpu);
	fw_packet_keep(cpu, p.ifindex, p.bytes, FW_PROG_XDP);
	n = bpf_xdp_get_buff_len(ctx);
	n = n < FW_HEAD_BYTES ? n : FW_HEAD_BYTES;
	if (!fw_is_between(&n, 1, FW_HEAD_BYTES) || bpf_xdp_load_bytes(ctx, 0, cpu->head, n))
		n = 0;
	fw_read_rare(cpu, cpu->l3, n);
	if (fw_asks_state(cpu))
		bpf_tail_call(ctx, &fw_xdp_calls, FW_CALL_XDP_STATE);
	else
		bpf_tail_call(ctx, &fw_xdp_calls, FW_CALL_XDP_DECIDE);
	fw_refuse(cpu, cpu->ifindex, cpu->bytes, cpu->prog);
	return XDP_DROP;
}

/* Continues a packet after what else rules ask for was looked up. */
SEC("xdp.frags")
int fw_xdp_decide(struct xdp_md *ctx)
{
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());

	fw_arena_name();
	if (!cpu)
		return XDP_DROP;
	fw_classify_tracked(cpu, fw_flow_cache);
	return fw_xdp_finish(ctx, cpu);
}

/*
 * The offset of the network header from skb->data, or -1 if the packet is too short. It is not 0 if a driver has put its own
 * header in front (GRE with many peers), or if the header of the packet from which this one was decrypted is still there
 * (IPsec). The kernel does not pass the offset to programs, but lets them read bytes from there, and these are searched for in
 * the packet. They differ from those of an enclosing packet, because headers contain lengths.
 */
FW_GLOBAL int fw_network_offset(struct __sk_buff *skb)
{
	const __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 head[FW_NETWORK_BYTES / 4];

	if (bpf_skb_load_bytes_relative(skb, 0, head, sizeof(head), BPF_HDR_START_NET))
		return -1;
	for (int at = 0; at <= FW_NETWORK_MAX && data + at + FW_NETWORK_BYTES <= end; at += 2) {
		__u32 differs = 0;

		for (int i = 0; i < FW_NETWORK_BYTES / 4; i++)
			differs |= fw_load32(data + at + 4 * i) ^ head[i];
		if (!differs)
			return at;
	}
	return -1;
}

/* Makes @p begin at the network header. If that is not found, @p has no bytes. */
static __always_inline void fw_tc_network(struct __sk_buff *skb, struct fw_packet *p)
{
	int at = fw_network_offset(skb);

	p->meta.l3 = 1;
	p->meta.ethertype = bpf_ntohs(skb->protocol);
	p->meta.vlan_present = 0;
	p->meta.len = at < 0 ? 0 : skb->len - at;
	p->start = at & (2 * FW_NETWORK_MAX - 1);
	p->data = (void *)(long)skb->data + p->start;
	p->data_end = (void *)(long)skb->data_end;
}

/* fw_xdp_finish() for both hooks of tc. */
static __always_inline int fw_tc_finish(struct __sk_buff *skb, struct fw_cpu *cpu, enum fw_prog prog)
{
	__u32 verdict = cpu->answer.verdict;

	fw_effects_tc(skb, cpu);
	fw_count_kept(cpu);
	if (verdict == FW_REJECT) {
		cpu->reject = fw_reject_kind(cpu);
		if (prog == FW_PROG_TC_EGRESS)
			bpf_tail_call(skb, &fw_tc_calls, FW_CALL_TC_REJECT_OUT);
		else
			bpf_tail_call(skb, &fw_tc_calls, FW_CALL_TC_REJECT_IN);
	}
	FW_IN_MEMORY(cpu->busy) = 0;
	return verdict == FW_ACCEPT ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

static __always_inline struct fw_packet fw_tc_packet(struct __sk_buff *skb, __u32 hook)
{
	return (struct fw_packet){
		.meta = {
			.hook = hook,
			.len = skb->len,
			.mark = skb->mark,
			.vlan_tci = skb->vlan_tci,
			.vlan_present = skb->vlan_present,
		},
		.ifindex = skb->ifindex,
		.from = hook == FW_OUT ? skb->ingress_ifindex : skb->ifindex,
		.to = hook == FW_OUT ? skb->ifindex : 0,
		.bytes = skb->len,
	};
}

/* Makes @p have the bytes of the packet. */
static __always_inline void fw_tc_bytes(struct __sk_buff *skb, struct fw_packet *p, __u32 l3)
{
	p->data = (void *)(long)skb->data;
	p->data_end = (void *)(long)skb->data_end;
	if (l3)
		fw_tc_network(skb, p);
}

static __always_inline int fw_tc(struct __sk_buff *skb, __u32 hook, enum fw_prog prog)
{
	struct fw_packet p = fw_tc_packet(skb, hook);
	struct fw_cpu *cpu;
	__u32 verdict;

	/* A reply of ours, which rules do not judge: see reject.bpf.c. */
	if (skb->tc_index && skb->tc_index == FW_REPLY_INDEX(skb->ifindex)) {
		skb->tc_index = 0;
		return TC_ACT_UNSPEC;
	}
	if (skb->data_end - skb->data < FW_HEADERS && skb->data_end - skb->data < skb->len)
		bpf_skb_pull_data(skb, skb->len < FW_HEADERS ? skb->len : FW_HEADERS);
	fw_tc_bytes(skb, &p, fw_l3);
	cpu = fw_receive(&p, prog);
	if (!cpu)
		return TC_ACT_SHOT;
	if (fw_asks_rare(cpu)) {
		cpu->prog = prog;
		bpf_tail_call(skb, &fw_tc_calls, FW_CALL_TC_RARE);
		fw_refuse(cpu, skb->ifindex, skb->len, prog);
		return TC_ACT_SHOT;
	}
	fw_examine(&p, cpu);
	cpu->start = p.start;
	/* From here on what else is needed is read again: the stack is small for the calls that follow. */
	fw_forget();
	if (fw_asks_state(cpu)) {
		fw_packet_keep(cpu, skb->ifindex, skb->len, prog);
		bpf_tail_call(skb, &fw_tc_calls, FW_CALL_TC_STATE);
		fw_refuse(cpu, skb->ifindex, skb->len, prog);
		return TC_ACT_SHOT;
	}
	verdict = fw_classify(cpu, fw_flow_cache);
	if (fw_has_more(&cpu->answer)) {
		fw_packet_keep(cpu, skb->ifindex, skb->len, prog);
		return fw_tc_finish(skb, cpu, prog);
	}
	fw_count_packet(skb->ifindex, skb->len, prog, cpu->answer.what, verdict);
	FW_IN_MEMORY(cpu->busy) = 0;
	return verdict == FW_ACCEPT ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int fw_tc_ingress(struct __sk_buff *skb)
{
	return fw_tc(skb, FW_IN, FW_PROG_TC_INGRESS);
}

SEC("tc")
int fw_tc_egress(struct __sk_buff *skb)
{
	return fw_tc(skb, FW_OUT, FW_PROG_TC_EGRESS);
}

/* The rare fields of a packet that begins at @start. */
static __always_inline void fw_tc_read_rare(struct __sk_buff *skb, struct fw_cpu *cpu, __u32 start, __u32 l3)
{
	__u64 n = skb->len - start;

	n = n < FW_HEAD_BYTES ? n : FW_HEAD_BYTES;
	if (!fw_is_between(&n, 1, FW_HEAD_BYTES) || bpf_skb_load_bytes(skb, start, cpu->head, n))
		n = 0;
	fw_read_rare(cpu, l3, n);
}

/* Examines a packet of either hook for rulesets with rare fields. */
SEC("tc")
int fw_tc_rare(struct __sk_buff *skb)
{
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());
	struct fw_packet p = fw_tc_packet(skb, FW_IN);
	__u32 prog;

	if (!cpu)
		return TC_ACT_SHOT;
	prog = cpu->prog;
	if (prog == FW_PROG_TC_EGRESS) {
		p.meta.hook = FW_OUT;
		p.from = skb->ingress_ifindex;
		p.to = p.ifindex;
	}
	fw_tc_bytes(skb, &p, cpu->l3);
	fw_examine(&p, cpu);
	cpu->start = p.start;
	fw_forget();
	fw_packet_keep(cpu, skb->ifindex, skb->len, prog);
	fw_tc_read_rare(skb, cpu, cpu->start & (2 * FW_NETWORK_MAX - 1), cpu->l3);
	if (fw_asks_state(cpu))
		bpf_tail_call(skb, &fw_tc_calls, FW_CALL_TC_STATE);
	else
		bpf_tail_call(skb, &fw_tc_calls, FW_CALL_TC_DECIDE);
	fw_refuse(cpu, cpu->ifindex, cpu->bytes, cpu->prog);
	return TC_ACT_SHOT;
}

/* Continues a packet of either hook after what else rules ask for was looked up. */
SEC("tc")
int fw_tc_decide(struct __sk_buff *skb)
{
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());

	fw_arena_name();
	if (!cpu)
		return TC_ACT_SHOT;
	fw_classify_tracked(cpu, fw_flow_cache);
	return fw_tc_finish(skb, cpu, cpu->prog);
}

/*
 * Classifies a frame without sending it: returns 1 and leaves the answer in the last state, or 0 on failure. The input begins
 * with struct fw_dry_run. Nothing is counted, and no CPU's state is used, so that real packets are not disturbed.
 */
SEC("tc")
int fw_dry_run(struct __sk_buff *skb)
{
	const struct fw_dry_run *q = (void *)(long)skb->data;
	struct fw_packet p = { .data = q + 1, .data_end = (void *)(long)skb->data_end };
	__u32 n = FW_CPU_STATES(fw_ncpus) - 1;
	struct fw_cpu *cpu = bpf_map_lookup_elem(&fw_cpus, &n);

	fw_arena_name();
	if (!cpu || p.data > p.data_end || fw_begin(cpu, fw_control))
		return 0;
	p.meta = (struct fw_meta){ .hook = q->hook, .len = q->len, .mark = skb->mark };
	p.meta.iface = q->hook == FW_FORWARD ? (__u32)FW_ABSENT_IFACE : fw_iface(cpu, q->iface);
	fw_ask(cpu, q->from_if, q->to_if);
	cpu->key.f[FW_F_STATE] = q->state;
	cpu->key.f[FW_F_UID] = q->uid;
	cpu->key.f[FW_F_GID] = q->gid;
	fw_parse(&p, &cpu->key);
	if (fw_asks_rare(cpu))
		fw_tc_read_rare(skb, cpu, sizeof(*q), 0);
	cpu->dry = 1;
	fw_classify_tracked(cpu, 0);
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
