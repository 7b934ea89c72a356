/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reply to a rejected packet: may it have one? The same at all hooks, but for the function that loads bytes of the frame.
 *
 * RFC 1122 3.2.2, RFC 1812 4.3.2.7 and RFC 4443 2.4 (e) tell which packets are not answered.
 */
#ifndef FW_BPF_REPLY_H
#define FW_BPF_REPLY_H

#include "fw/table/packet.h"
#include "fw/table/reject.h"

#define REPLY_LOOPBACK 1 /* index of the loopback interface, in every network namespace */
#define REPLY_TRANSPORT_MAX 2047

/*
 * Where the bytes of a reply are made: its IP header begins at REPLY_IP, so that all offsets but that of the link-layer headers
 * are constants.
 *
 *	| free | Ethernet, tags, PPPoE | IP | TCP, or ICMP and quote | free |
 *	       ^ REPLY_IP - network    ^ REPLY_IP
 */
#define REPLY_IP 32
#define REPLY_FRAME 2048
#define REPLY_MAX (REPLY_FRAME - REPLY_IP - ETH_ZLEN) /* bytes of a reply; 0s may follow */
_Static_assert(REPLY_IP >= ETH_HLEN + 4 * FW_VLAN_TAGS + 8, "link-layer headers have room");

/* A rejected packet, and how its hook reads it. On the stack: the members are constants or registers. */
struct fw_rejected {
	void *ctx;  /* struct xdp_md or struct __sk_buff */
	int xdp;    /* which of them: a constant */
	__u32 kind; /* enum fw_reject */
	__u32 ifindex;
	const void *data, *data_end;
	struct fw_meta meta;
};

/* The header of an ICMP or ICMPv6 error. */
struct fw_icmp {
	__u8 type, code;
	__u16 check;
	__u32 unused;
};

/* A sum over bytes of the frame. In memory, whose contents the verifier does not follow from one step of a loop to the next. */
struct fw_reply_walk {
	__u32 at, left;
	__u64 sum;
};

/* The reply to it. In a map, since the stack is small, and the verifier would follow every value on it. */
struct fw_reply {
	struct fw_key key;        /* of the packet, as are the next six */
	__u32 network, transport; /* offsets of headers in the frame */
	__u32 pppoe;              /* offset of the length in the PPPoE header; 0: there is none */
	__u32 proto;
	__u32 bytes;   /* of the packet from its transport header on, without padding */
	__u32 partial; /* 1: its checksum is left to be completed by hardware */
	__u32 len;     /* of the reply, with its link-layer headers */
	__u32 sum;     /* of its addresses, which are those of the packet */
	struct fw_reply_walk walk;
	__u8 frame[REPLY_FRAME];
};

static __always_inline long fw_rejected_load(const struct fw_rejected *p, __u32 at, void *to, __u32 bytes)
{
	return p->xdp ? bpf_xdp_load_bytes(p->ctx, at, to, bytes) : bpf_skb_load_bytes(p->ctx, at, to, bytes);
}

/* Finds the headers again that the classifier has seen, up to that of the transport protocol. 0, or -1: there is no IP packet. */
static __always_inline int fw_reply_parse(const struct fw_rejected *p, struct fw_reply *r)
{
	struct fw_cursor c = { .data = p->data, .pos = p->data, .end = p->data_end, .left = p->meta.len };
	int type, proto;

	fw_key_clear(&r->key);
	type = p->meta.l3 ? fw_parse_l3(&c, &p->meta, &r->key) : fw_parse_ether(&c, &p->meta, &r->key);
	fw_opaque(type);
	r->pppoe = 0;
	if (type == ETH_P_PPP_SES) {
		r->pppoe = c.pos - c.data + 4;
		type = fw_parse_pppoe(&c, &r->key);
	}
	if (type != ETH_P_IP && type != ETH_P_IPV6)
		return -1;
	fw_cursor_skip(&c, 0);
	r->network = c.pos - c.data;
	proto = type == ETH_P_IP ? fw_parse_ip4(&c, &r->key) : fw_parse_ip6(&c, &r->key);
	if (proto < 0)
		return -1;
	fw_cursor_skip(&c, 0);
	r->proto = proto;
	r->transport = c.pos - c.data;
	r->bytes = c.left;
	return r->key.f[FW_F_FRAG] == FW_FRAG_LATER ? 0 : fw_parse_l4(&c, proto, &r->key);
}

/* Is it the address of a single node? A loopback address is, on the loopback interface. */
static __always_inline int fw_reply_single4(__u32 address, int loopback)
{
	__u32 net = address >> 24;

	return net && net < 224 && (net != 127 || loopback);
}

static __always_inline int fw_reply_single6(struct fw_addr a, int loopback)
{
	return a.hi >> 56 != 0xff && (a.hi || a.lo > 1 || (a.lo && loopback));
}

/* ICMP messages that are errors or redirects and must not cause another: bits by type. Of the types above it is not known. */
#define REPLY_ICMP_ERRORS (1u << 3 | 1u << 4 | 1u << 5 | 1u << 11 | 1u << 12)
#define REPLY_ICMP_KNOWN 18
static __always_inline int fw_reply_to_icmp(__u32 type)
{
	return type <= REPLY_ICMP_KNOWN && !(REPLY_ICMP_ERRORS >> type & 1);
}

#define REPLY_ICMPV6_INFORMATION 128 /* and above; below are errors */
#define REPLY_ICMPV6_REDIRECT 137
static __always_inline int fw_reply_to_icmp6(__u32 type)
{
	return type >= REPLY_ICMPV6_INFORMATION && type != REPLY_ICMPV6_REDIRECT;
}

/* May a packet be answered, as far as its IP header and what follows tell? */
static __always_inline int fw_reply_allowed(const struct fw_key *key, __u32 proto, __u32 ifindex)
{
	int loopback = ifindex == REPLY_LOOPBACK;

	if (key->f[FW_F_FRAG] == FW_FRAG_LATER)
		return 0;
	if (proto == IPPROTO_TCP && key->f[FW_F_TCP_FLAGS] & 4 /* RST */)
		return 0;
	if (key->family == FW_IP4)
		return (proto != IPPROTO_ICMP || fw_reply_to_icmp(key->f[FW_F_ICMP_TYPE])) &&
		       fw_reply_single4(key->src.hi >> 32, loopback) && key->dst.hi >> 60 < 0xe;
	return (proto != IPPROTO_ICMPV6 || fw_reply_to_icmp6(key->f[FW_F_ICMP_TYPE])) &&
	       fw_reply_single6(key->src, loopback) && key->dst.hi >> 56 != 0xff;
}

/* Is a packet of this kind answered with a TCP segment, not with an ICMP error? */
static __always_inline int fw_reply_is_reset(__u32 kind, __u32 proto)
{
	return kind == FW_REJECT_TCP_RESET || (kind == FW_REJECT_DEFAULT && proto == IPPROTO_TCP);
}

#endif
