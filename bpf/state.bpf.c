// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection state of a packet on the wire, from the kernel's connection tracking. Run between parsing and deciding, only for
 * rulesets whose rules name `state`. An object of its own: the functions of the kernel that it calls come with nf_conntrack.
 *
 * At tc egress the packet has its connection already. At XDP and tc ingress it is looked up before the kernel tracks the packet:
 * by its own addresses and ports if it is TCP or UDP, by those of the packet that it reports if it is an ICMP error. Nothing else
 * can be looked up, and has no state there. What the tracker would do with the packet is foretold as far as one packet tells:
 *
 *	not tracked, TCP   new if it may begin a connection, also in the middle of one if nf_conntrack_tcp_loose is set
 *	tracked, TCP       established, or new for a SYN that opens a closed connection again. The tracker also finds segments
 *	                   outside the window invalid; these are established here
 *	not tracked, UDP   new
 *	ICMP error         related if the connection is tracked, else invalid
 *
 * The first packet of a connection that a helper expects is new here, and related to the tracker; later ones are related to both.
 * Checksums are not verified.
 */
#include "bpf/hook.h"
#include "bpf/kernel.h"

#include "fw/table/packet.h"

#include <bpf/bpf_core_read.h>
#include <linux/pkt_cls.h>

struct ip_ct_tcp {
	__u8 state;
} FW_OF_KERNEL;
union nf_conntrack_proto {
	struct ip_ct_tcp tcp;
} FW_OF_KERNEL;
struct nf_conn {
	unsigned long status;
	union nf_conntrack_proto proto;
} FW_OF_KERNEL;

/* The options of a lookup, in the size that all kernels take. */
struct bpf_ct_opts___12 {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};
#define THIS_NETNS (-1)

extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					 struct bpf_ct_opts___12 *opts, __u32 opts_size) __ksym;
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					 struct bpf_ct_opts___12 *opts, __u32 opts_size) __ksym;
extern void bpf_ct_release(struct nf_conn *ct) __ksym;

/* From linux/netfilter/nf_conntrack_common.h and nf_conntrack_tcp.h. */
#define CT_EXPECTED 1
#define CT_SEEN_REPLY 2
#define CT_TCP_TIME_WAIT 7
#define CT_TCP_CLOSE 8

/* Where the packet is. */
struct at {
	int is_xdp; /* a constant */
	void *ctx;
};

#define FIN 1u
#define SYN 2u
#define RST 4u
#define ACK 16u
#define URG 32u
#define BIT(flags) (1ull << (flags))
/* Combinations that TCP sends; PSH, ECE and CWR may be added to each. */
#define TCP_VALID                                                                                             \
	(BIT(SYN) | BIT(SYN | URG) | BIT(SYN | ACK) | BIT(RST) | BIT(RST | ACK) | BIT(FIN | ACK) | BIT(ACK) | \
	 BIT(FIN | ACK | URG) | BIT(ACK | URG))

static __always_inline int tcp_is_valid(__u32 flags)
{
	return TCP_VALID >> (flags & (FIN | SYN | RST | ACK | URG)) & 1;
}

/* The state of a packet whose connection is not tracked. */
static __always_inline __u32 state_untracked(const struct fw_cpu *cpu)
{
	__u32 flags = cpu->key.f[FW_F_TCP_FLAGS] & (FIN | SYN | RST | ACK);

	if (cpu->key.f[FW_F_PROTO] != IPPROTO_TCP || flags == SYN || (flags == ACK && cpu->tcp_loose))
		return FW_STATE_NEW;
	return FW_STATE_INVALID;
}

/* The state of a packet of a tracked connection. @dir: 0: as the first packet; 1: of a reply. */
static __always_inline __u32 state_tracked(const struct nf_conn *ct, __u32 dir, const struct fw_key *key)
{
	unsigned long status = ct->status;

	if (key->f[FW_F_PROTO] == IPPROTO_TCP && (key->f[FW_F_TCP_FLAGS] & (SYN | ACK)) == SYN) {
		__u8 tcp = ct->proto.tcp.state;

		if (tcp == CT_TCP_TIME_WAIT || (tcp == CT_TCP_CLOSE && !dir))
			return FW_STATE_NEW;
	}
	if (dir || status & CT_SEEN_REPLY)
		return FW_STATE_ESTABLISHED;
	return status & CT_EXPECTED ? FW_STATE_RELATED : FW_STATE_NEW;
}

static __always_inline void put_ip6(__be32 *to, const struct fw_addr *from)
{
	to[0] = bpf_htonl(from->hi >> 32);
	to[1] = bpf_htonl((__u32)from->hi);
	to[2] = bpf_htonl(from->lo >> 32);
	to[3] = bpf_htonl((__u32)from->lo);
}

/* The connection with the packet's addresses and ports, exchanged if @inverted; the caller releases it. NULL: it is not tracked. */
static __always_inline struct nf_conn *look_up(struct at at, const struct fw_key *key, int inverted,
					       struct bpf_ct_opts___12 *opts)
{
	const struct fw_addr *src = inverted ? &key->dst : &key->src, *dst = inverted ? &key->src : &key->dst;
	__be16 sport = bpf_htons(key->f[inverted ? FW_F_DPORT : FW_F_SPORT]),
	       dport = bpf_htons(key->f[inverted ? FW_F_SPORT : FW_F_DPORT]);
	struct bpf_sock_tuple tuple = { 0 };

	if (key->family == FW_IP4) {
		tuple.ipv4.saddr = bpf_htonl(src->hi >> 32);
		tuple.ipv4.daddr = bpf_htonl(dst->hi >> 32);
		tuple.ipv4.sport = sport;
		tuple.ipv4.dport = dport;
		if (at.is_xdp)
			return bpf_xdp_ct_lookup(at.ctx, &tuple, sizeof(tuple.ipv4), opts, sizeof(*opts));
		return bpf_skb_ct_lookup(at.ctx, &tuple, sizeof(tuple.ipv4), opts, sizeof(*opts));
	}
	put_ip6(tuple.ipv6.saddr, src);
	put_ip6(tuple.ipv6.daddr, dst);
	tuple.ipv6.sport = sport;
	tuple.ipv6.dport = dport;
	if (at.is_xdp)
		return bpf_xdp_ct_lookup(at.ctx, &tuple, sizeof(tuple.ipv6), opts, sizeof(*opts));
	return bpf_skb_ct_lookup(at.ctx, &tuple, sizeof(tuple.ipv6), opts, sizeof(*opts));
}

static __always_inline __u32 state_of_flow(struct at at, const struct fw_cpu *cpu)
{
	const struct fw_key *key = &cpu->key;
	struct bpf_ct_opts___12 opts = { .netns_id = THIS_NETNS, .l4proto = key->f[FW_F_PROTO] };
	struct nf_conn *ct;
	__u32 state;

	if (key->f[FW_F_PROTO] == IPPROTO_TCP && !tcp_is_valid(key->f[FW_F_TCP_FLAGS]))
		return FW_STATE_INVALID;
	ct = look_up(at, key, 0, &opts);
	if (!ct)
		return state_untracked(cpu);
	state = state_tracked(ct, opts.dir, key);
	bpf_ct_release(ct);
	return state;
}

/* Types of ICMP that report a packet: destination unreachable, source quench, redirect, time exceeded, parameter problem. */
#define ICMP_ERRORS (BIT(3) | BIT(4) | BIT(5) | BIT(11) | BIT(12))
#define ICMP6_ERRORS 128 /* types below it */
#define ICMP_ERROR_HEAD 8

static __always_inline int icmp_is_error(const struct fw_key *key)
{
	__u32 type = key->f[FW_F_ICMP_TYPE];

	if (key->family == FW_IP6)
		return key->f[FW_F_PROTO] == IPPROTO_ICMPV6 && type < ICMP6_ERRORS;
	return key->f[FW_F_PROTO] == IPPROTO_ICMP && type < 64 && ICMP_ERRORS >> type & 1;
}

/* Moves to the network header, which the hook's program has found before. */
static __always_inline void to_network(struct fw_cursor *c, const struct fw_cpu *cpu, struct fw_key *key)
{
	const struct fw_meta meta = { 0 };
	int type;

	if (cpu->l3) {
		fw_cursor_skip(c, cpu->start);
		return;
	}
	type = fw_parse_ether(c, &meta, key);
	if (type >= 0 && type != ETH_P_IP && type != ETH_P_IPV6)
		fw_parse_other(c, type, key);
}

/* Parses one IP header of the family; the next protocol or a negative number. */
static __always_inline int parse_ip(struct fw_cursor *c, __u32 family, struct fw_key *key)
{
	fw_cursor_skip(c, 0);
	c->left = FW_UNCUT;
	return family == FW_IP4 ? fw_parse_ip4(c, key) : fw_parse_ip6(c, key);
}

/* Finds the packet that an ICMP error reports. Its protocol, or a negative number if it cannot be read. */
static __always_inline int parse_reported(struct fw_cursor *c, const struct fw_cpu *cpu, struct fw_key *key)
{
	__u32 family = cpu->key.family;
	int proto;

	to_network(c, cpu, key);
	proto = parse_ip(c, family, key);
	if (proto < 0 || !fw_cursor_take(c, ICMP_ERROR_HEAD))
		return -1;
	proto = parse_ip(c, family, key);
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return proto;
	key->f[FW_F_PROTO] = proto;
	c->left = FW_UNCUT;
	return key->f[FW_F_FRAG] == FW_FRAG_LATER || fw_parse_ports(c, sizeof(struct udphdr), key) ? -1 : proto;
}

/* An error goes to whoever sent the packet that it reports. */
static __always_inline __u32 state_of_error(struct at at, struct fw_cursor *c, struct fw_cpu *cpu)
{
	struct bpf_ct_opts___12 opts = { .netns_id = THIS_NETNS };
	struct fw_key *key = &cpu->reported;
	struct nf_conn *ct;
	int proto;

	key->src = key->dst = (struct fw_addr){ 0, 0 };
	key->family = FW_FAMILY_NONE;
	key->f[FW_F_FRAG] = FW_FRAG_NO;
	proto = parse_reported(c, cpu, key);
	if (proto < 0 || key->src.hi != cpu->key.dst.hi || key->src.lo != cpu->key.dst.lo)
		return FW_STATE_INVALID;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return FW_ABSENT_STATE;
	opts.l4proto = proto;
	ct = look_up(at, key, 1, &opts);
	if (!ct)
		return FW_STATE_INVALID;
	bpf_ct_release(ct);
	return FW_STATE_RELATED;
}

/* The state of a packet that the kernel has not tracked yet. */
static __always_inline __u32 state_ahead(struct at at, struct fw_cursor *c, struct fw_cpu *cpu)
{
	const struct fw_key *key = &cpu->key;

	if (key->reason != FW_R_NONE || key->f[FW_F_FRAG] == FW_FRAG_LATER)
		return FW_ABSENT_STATE;
	if (key->f[FW_F_PROTO] == IPPROTO_TCP || key->f[FW_F_PROTO] == IPPROTO_UDP)
		return state_of_flow(at, cpu);
	return icmp_is_error(key) ? state_of_error(at, c, cpu) : FW_ABSENT_STATE;
}

static __always_inline unsigned long nfct_of(struct __sk_buff *skb)
{
	unsigned long nfct = 0;

	bpf_probe_read_kernel(&nfct, sizeof(nfct), (void *)skb + bpf_core_field_offset(struct sk_buff, _nfct));
	return nfct;
}

static __always_inline struct fw_cursor cursor(__u32 data, __u32 data_end)
{
	const __u8 *begin = (void *)(long)data;

	return (struct fw_cursor){ .data = begin, .pos = begin, .end = (void *)(long)data_end, .left = FW_UNCUT };
}

SEC("xdp.frags")
int fw_xdp_state(struct xdp_md *ctx)
{
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());
	struct fw_cursor c = cursor(ctx->data, ctx->data_end);

	if (!cpu)
		return XDP_DROP;
	cpu->key.f[FW_F_STATE] = state_ahead((struct at){ 1, ctx }, &c, cpu);
	bpf_tail_call(ctx, &fw_xdp_calls, FW_CALL_XDP_DECIDE);
	fw_refuse(cpu, cpu->ifindex, cpu->bytes, cpu->prog);
	return XDP_DROP;
}

/* On the loopback device, packets have their connection on the way in, too. */
SEC("tc")
int fw_tc_state(struct __sk_buff *skb)
{
	struct fw_cpu *cpu = fw_cpu_resume(bpf_get_smp_processor_id());
	struct fw_cursor c = cursor(skb->data, skb->data_end);
	unsigned long nfct = nfct_of(skb);

	if (!cpu)
		return TC_ACT_SHOT;
	if (nfct || cpu->key.f[FW_F_HOOK] == FW_OUT)
		cpu->key.f[FW_F_STATE] = cpu->key.family == FW_FAMILY_NONE ? FW_ABSENT_STATE : fw_nfct_state(nfct);
	else
		cpu->key.f[FW_F_STATE] = state_ahead((struct at){ 0, skb }, &c, cpu);
	bpf_tail_call(skb, &fw_tc_calls, FW_CALL_TC_DECIDE);
	fw_refuse(cpu, cpu->ifindex, cpu->bytes, cpu->prog);
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
