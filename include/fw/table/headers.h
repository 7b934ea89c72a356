/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The headers of a frame. A cursor (cursor.h) walks the frame. Each fw_parse_*() takes its header from the cursor, which checks two
 * ends: where the bytes that we can read stop, and where the packet says that it stops. It writes what it learns into the key and
 * returns the next protocol, or the negated reason why the frame is not looked up. Then the key keeps what was learnt before, and
 * everything else is absent.
 */
#ifndef FW_HEADERS_H
#define FW_HEADERS_H

#include "fw/table/cursor.h"
#include "fw/table/format.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#define FW_VLAN_TAGS 2   /* that are parsed, a tag outside the frame included */
#define FW_EXT_HEADERS 8 /* IPv6 extension headers that are walked */
#define FW_LENGTH_MAX 65535

/* What the bytes of a frame do not say. */
struct fw_meta {
	__u32 hook;  /* enum fw_hook */
	__u32 iface; /* number in the ruleset, or FW_IFACE_OTHER */
	__u32 mark;
	/* Fields of the kernel. In BPF the hook's program writes them into the key itself. */
	__u64 asked;          /* FW_FIELD_BIT()s: these are filled in; the packet lacks the others */
	__u32 state;          /* enum fw_state */
	__u32 from_if, to_if; /* numbers as @iface */
	__u32 uid, gid;       /* of the local socket */
	__u32 len;            /* bytes of the whole frame; more than data_end - data when a part cannot be read */
	__u32 vlan_tci;       /* of the tag that the NIC or the kernel took out of the frame */
	__u32 vlan_present;   /* 1: there is such a tag, the outermost */
	__u32 l3;             /* 1: there is no Ethernet header: the packet begins with its network header */
	__u32 ethertype;      /* of that; 0: only its version says what it is */
};

/*
 * All fields are absent. In BPF the fields of the kernel and the rare ones are written elsewhere, if rules name any, and the unused
 * slots are 0 from the beginning, since the key is memory of a map.
 */
static __always_inline void fw_key_clear(struct fw_key *key)
{
	key->src = (struct fw_addr){ 0, 0 };
	key->dst = (struct fw_addr){ 0, 0 };
#define FW_KEY_ABSENT(sym, kw, max, presence, layer, source, ...)                                        \
	if (!FW_BPF || (FW_SOURCE_##source != FW_SOURCE_KERNEL && FW_SOURCE_##source != FW_SOURCE_RARE)) \
		key->f[FW_F_##sym] = FW_ABSENT_##sym;
	FW_FIELDS(FW_KEY_ABSENT)
#undef FW_KEY_ABSENT
	for (int i = FW_NFIELDS; !FW_BPF && i < FW_KEY_SLOTS; i++)
		key->f[i] = 0;
	key->family = FW_FAMILY_NONE;
}

/* The fields of the kernel. */
static __always_inline void fw_key_ask(struct fw_key *key, const struct fw_meta *meta)
{
#define FW_KEY_ASKED(sym, member) \
	key->f[FW_F_##sym] = meta->asked & FW_FIELD_BIT(FW_F_##sym) ? meta->member : (__u32)FW_ABSENT_##sym
	FW_KEY_ASKED(STATE, state);
	FW_KEY_ASKED(FROM_IF, from_if);
	FW_KEY_ASKED(TO_IF, to_if);
	FW_KEY_ASKED(UID, uid);
	FW_KEY_ASKED(GID, gid);
#undef FW_KEY_ASKED
}

/* Messages about another packet, whose connection is theirs: bits by type of ICMP and of ICMPv6. */
#define FW_ICMP_ERRORS (1u << 3 | 1u << 4 | 1u << 5 | 1u << 11 | 1u << 12)
#define FW_ICMP6_ERRORS (1u << 1 | 1u << 2 | 1u << 3 | 1u << 4)
/*
 * Can the connection of a packet be asked for at FW_IN, before the kernel has seen it? Tracking can be asked only for TCP, UDP and
 * what their errors tell of. Later fragments do not have the fields that this takes.
 */
static __always_inline int fw_state_at_in(__u32 family, __u32 proto, __u32 icmp_type)
{
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP)
		return 1;
	if (icmp_type > 31)
		return 0;
	if (proto == IPPROTO_ICMP)
		return family == FW_IP4 && FW_ICMP_ERRORS >> icmp_type & 1;
	return proto == IPPROTO_ICMPV6 && family == FW_IP6 && FW_ICMP6_ERRORS >> icmp_type & 1;
}

static __always_inline __u32 fw_length(__u32 bytes)
{
	return bytes > FW_LENGTH_MAX ? FW_LENGTH_MAX : bytes;
}

static __always_inline int fw_is_vlan(__u32 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

/* Ethernet header and VLAN tags. The tag that is no longer in the frame is the outermost. */
static __always_inline int fw_parse_ether(struct fw_cursor *c, const struct fw_meta *meta, struct fw_key *key)
{
	const __u8 *eth = fw_cursor_take(c, ETH_HLEN);
	__u32 tags = 0, type;

	key->f[FW_F_ETHERTYPE] = 0;
	if (meta->vlan_present) {
		key->f[FW_F_VLAN] = meta->vlan_tci & 0xfff;
		tags = 1;
	}
	if (!eth)
		return -FW_R_MALFORMED;
	type = fw_get16(eth, struct ethhdr, h_proto);
	for (; fw_is_vlan(type); tags++) {
		const __u8 *tag;

		key->f[FW_F_ETHERTYPE] = type;
		if (tags == FW_VLAN_TAGS)
			return -FW_R_VLAN_DEPTH;
		tag = fw_cursor_take(c, 4);
		if (!tag)
			return -FW_R_MALFORMED;
		if (!tags)
			key->f[FW_F_VLAN] = fw_ntohs(fw_load16(tag)) & 0xfff;
		type = fw_ntohs(fw_load16(tag + 2));
	}
	key->f[FW_F_ETHERTYPE] = type;
	return type;
}

/*
 * Ethertypes whose headers may be followed by an IP packet or a whole frame that is not parsed. Those that are parsed are
 * listed for the places where they are not.
 */
static __always_inline int fw_hides_ip(__u32 type)
{
	switch (type) {
	case ETH_P_IP:
	case ETH_P_IPV6:
	case ETH_P_PPP_SES:
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC:
	case ETH_P_8021AH: /* provider backbone bridges */
	case ETH_P_QINQ2:
	case ETH_P_QINQ3:
	case ETH_P_MACSEC:
	case ETH_P_HSR:
	case ETH_P_NSH:
	case ETH_P_BATMAN:
	case ETH_P_EDSA:
	case ETH_P_TEB:
	case 0x22f3: /* TRILL */
	case 0x8926: /* VN-Tag */
	case 0x893f: /* E-Tag, 802.1BR */
	case 0xa0ed: /* 6LoWPAN */
		return 1;
	default:
		return fw_is_vlan(type);
	}
}

/* After a length, the headers of LLC and SNAP may still contain an ethertype: RFC 1042, 802.1H. 0: they have none. */
static __always_inline int fw_parse_llc(struct fw_cursor *c)
{
	const __u8 *llc;

	if (c->left < 8)
		return 0;
	llc = fw_cursor_take(c, 8);
	if (!llc)
		return -FW_R_MALFORMED;
	if (llc[0] != 0xaa || llc[1] != 0xaa || llc[2] != 3 || llc[3] || llc[4] || (llc[5] && llc[5] != 0xf8))
		return 0;
	return fw_ntohs(fw_load16(llc + 6));
}

#define FW_PPPOE_BEGIN 0x11 /* version and type: no IP header begins so */
#define FW_PPP_IP 0x0021
#define FW_PPP_IPV6 0x0057
#define FW_PPP_CONTROL 0x8000 /* and above: LCP, authentication, and the control protocols of network protocols */

/*
 * A PPPoE session's header, whose length ends the packet, and the protocol of PPP: RFC 2516, RFC 1661. A protocol of one
 * byte should not occur here, but the kernel takes it. Return: the ethertype of the IP packet, or why it is not looked up.
 */
static __always_inline int fw_parse_pppoe(struct fw_cursor *c, struct fw_key *key)
{
	const __u8 *session = fw_cursor_take(c, 6), *high, *low;
	__u32 bytes, proto;

	if (!session || session[0] != FW_PPPOE_BEGIN || session[1])
		return -FW_R_MALFORMED;
	bytes = fw_ntohs(fw_load16(session + 4));
	if (bytes > c->left)
		return -FW_R_MALFORMED;
	fw_cursor_trim(c, bytes);
	high = fw_cursor_take(c, 1);
	if (!high)
		return -FW_R_MALFORMED;
	proto = high[0];
	if (!(proto & 1)) {
		low = fw_cursor_take(c, 1);
		if (!low)
			return -FW_R_MALFORMED;
		proto = proto << 8 | low[0];
	}
	if (proto != FW_PPP_IP && proto != FW_PPP_IPV6)
		return proto >= FW_PPP_CONTROL ? -FW_R_NON_IP : -FW_R_NOT_PARSED;
	key->f[FW_F_ETHERTYPE] = proto == FW_PPP_IP ? ETH_P_IP : ETH_P_IPV6;
	return key->f[FW_F_ETHERTYPE];
}

/* After an ethertype that is not IP: the ethertype of an IP packet inside, or why the frame is not looked up. */
static __always_inline int fw_parse_other(struct fw_cursor *c, int type, struct fw_key *key)
{
	if (type == ETH_P_PPP_SES)
		return fw_parse_pppoe(c, key);
	if (type < ETH_P_802_3_MIN)
		type = fw_parse_llc(c);
	if (type < 0)
		return type;
	return fw_hides_ip(type) ? -FW_R_NOT_PARSED : -FW_R_NON_IP;
}

/* The ethertype of a packet without Ethernet header. Numbers below those of Ethernet are none: the kernel's own, for what it does not know. */
static __always_inline int fw_parse_l3(const struct fw_cursor *c, const struct fw_meta *meta, struct fw_key *key)
{
	__u32 type = meta->ethertype, version = 0;

	key->f[FW_F_ETHERTYPE] = 0;
	if (type < ETH_P_802_3_MIN) {
		if (c->left && c->pos + 1 <= c->end)
			version = c->pos[0] >> 4;
		if (version != 4 && version != 6)
			return -FW_R_MALFORMED;
		type = version == 4 ? ETH_P_IP : ETH_P_IPV6;
	}
	key->f[FW_F_ETHERTYPE] = type;
	return type;
}

/* A total length of 0 means more than 65,535 bytes, as in large segments inside one host. */
static __always_inline int fw_parse_ip4(struct fw_cursor *c, struct fw_key *key)
{
	__u32 room = c->left;
	const __u8 *ip = fw_cursor_take(c, sizeof(struct iphdr));
	__u32 header, total, frag;

	if (!ip || ip[0] >> 4 != 4)
		return -FW_R_MALFORMED;
	header = (ip[0] & 15) * 4;
	total = fw_get16(ip, struct iphdr, tot_len);
	if (!total && room > FW_LENGTH_MAX)
		total = room;
	if (header < sizeof(struct iphdr) || total < header || total > room)
		return -FW_R_MALFORMED;
	frag = fw_get16(ip, struct iphdr, frag_off);
	key->family = FW_IP4;
	key->src.hi = (__u64)fw_get32(ip, struct iphdr, saddr) << 32;
	key->dst.hi = (__u64)fw_get32(ip, struct iphdr, daddr) << 32;
	key->f[FW_F_DSCP] = fw_get8(ip, struct iphdr, tos) >> 2;
	key->f[FW_F_TTL] = fw_get8(ip, struct iphdr, ttl);
	key->f[FW_F_LENGTH] = fw_length(total);
	key->f[FW_F_FRAG] = frag & 0x1fff ? FW_FRAG_LATER : frag & 0x2000 ? FW_FRAG_FIRST : FW_FRAG_NO;
	fw_cursor_trim(c, total - sizeof(struct iphdr));
	if (header > sizeof(struct iphdr))
		fw_cursor_skip(c, header - sizeof(struct iphdr));
	return fw_get8(ip, struct iphdr, protocol);
}

/*
 * How an IPv6 extension header tells its length: the shift that makes bytes of its length unit, beyond the first eight
 * bytes. The fragment header has none: the shift moves the byte in its place out of FW_EXT_MORE. 0: no extension header.
 */
#define FW_EXT_MORE 0x7fc
enum fw_ext { FW_EXT_NONE, FW_EXT_AH = 2, FW_EXT_OPTIONS = 3, FW_EXT_FRAGMENT = 16 };
static const __u8 fw_ext_kind[256] = {
	[IPPROTO_HOPOPTS] = FW_EXT_OPTIONS, [IPPROTO_ROUTING] = FW_EXT_OPTIONS, [IPPROTO_FRAGMENT] = FW_EXT_FRAGMENT,
	[IPPROTO_AH] = FW_EXT_AH,           [IPPROTO_DSTOPTS] = FW_EXT_OPTIONS, [IPPROTO_MH] = FW_EXT_OPTIONS,
	[139 /* HIP */] = FW_EXT_OPTIONS,   [140 /* shim6 */] = FW_EXT_OPTIONS,
};

/* Walks the extension headers after an IPv6 header; a later fragment ends the walk. */
static __always_inline int fw_parse_ext(struct fw_cursor *c, __u8 type, struct fw_key *key)
{
	__u32 fragments = 0;

	for (int i = 0; i < FW_EXT_HEADERS && fw_ext_kind[type]; i++) {
		const __u8 *ext = fw_cursor_take(c, 8);
		__u32 kind = fw_ext_kind[type], more, frag;

		if (!ext)
			return -FW_R_MALFORMED;
		more = (__u32)ext[1] << kind & FW_EXT_MORE;
		if (more > c->left)
			return -FW_R_MALFORMED;
		if (kind == FW_EXT_FRAGMENT) {
			if (fragments++)
				return -FW_R_MALFORMED;
			frag = fw_ntohs(fw_load16(ext + 2));
			key->f[FW_F_FRAG] = frag & 0xfff8 ? FW_FRAG_LATER : frag & 1 ? FW_FRAG_FIRST : FW_FRAG_NO;
			if (frag & 0xfff8)
				return ext[0];
		}
		type = ext[0];
		fw_cursor_skip(c, more);
	}
	return fw_ext_kind[type] ? -FW_R_EXT_HEADERS : type;
}

/* A payload length of 0 means the frame's length, in a jumbogram and in large segments inside one host. */
static __always_inline int fw_parse_ip6(struct fw_cursor *c, struct fw_key *key)
{
	const __u8 *ip = fw_cursor_take(c, sizeof(struct ipv6hdr));
	__u32 payload, type;

	if (!ip || ip[0] >> 4 != 6)
		return -FW_R_MALFORMED;
	type = fw_get8(ip, struct ipv6hdr, nexthdr);
	payload = fw_get16(ip, struct ipv6hdr, payload_len);
	if (!payload && (type == IPPROTO_HOPOPTS || c->left > FW_LENGTH_MAX))
		payload = c->left;
	if (payload > c->left)
		return -FW_R_MALFORMED;
	key->family = FW_IP6;
	key->src.hi = fw_ntohll(fw_load64(ip + offsetof(struct ipv6hdr, saddr)));
	key->src.lo = fw_ntohll(fw_load64(ip + offsetof(struct ipv6hdr, saddr) + 8));
	key->dst.hi = fw_ntohll(fw_load64(ip + offsetof(struct ipv6hdr, daddr)));
	key->dst.lo = fw_ntohll(fw_load64(ip + offsetof(struct ipv6hdr, daddr) + 8));
	key->f[FW_F_DSCP] = fw_ntohs(fw_load16(ip)) >> 6 & 63;
	key->f[FW_F_TTL] = fw_get8(ip, struct ipv6hdr, hop_limit);
	key->f[FW_F_LENGTH] = fw_length(payload + sizeof(struct ipv6hdr));
	key->f[FW_F_FRAG] = FW_FRAG_NO;
	fw_cursor_trim(c, payload);
	return fw_parse_ext(c, type, key);
}

/* Ports are at the same offset in all protocols that have them; @bytes is the header without options. */
static __always_inline int fw_parse_ports(struct fw_cursor *c, __u32 bytes, struct fw_key *key)
{
	const __u8 *p = fw_cursor_take(c, bytes);

	if (!p)
		return -FW_R_MALFORMED;
	key->f[FW_F_SPORT] = fw_get16(p, struct udphdr, source);
	key->f[FW_F_DPORT] = fw_get16(p, struct udphdr, dest);
	return 0;
}

static __always_inline int fw_parse_tcp(struct fw_cursor *c, struct fw_key *key)
{
	const __u8 *tcp = fw_cursor_take(c, sizeof(struct tcphdr));
	__u32 header;

	if (!tcp)
		return -FW_R_MALFORMED;
	header = (tcp[offsetof(struct tcphdr, window) - 2] >> 4) * 4;
	if (header < sizeof(struct tcphdr) || header - sizeof(struct tcphdr) > c->left)
		return -FW_R_MALFORMED;
	key->f[FW_F_SPORT] = fw_get16(tcp, struct tcphdr, source);
	key->f[FW_F_DPORT] = fw_get16(tcp, struct tcphdr, dest);
	key->f[FW_F_TCP_FLAGS] = tcp[offsetof(struct tcphdr, window) - 1];
	return 0;
}

static __always_inline int fw_parse_icmp(struct fw_cursor *c, __u32 bytes, struct fw_key *key)
{
	const __u8 *icmp = fw_cursor_take(c, bytes);

	if (!icmp)
		return -FW_R_MALFORMED;
	key->f[FW_F_ICMP_TYPE] = icmp[0];
	key->f[FW_F_ICMP_CODE] = icmp[1];
	return 0;
}

/* Other protocols have nothing that a rule can name. Nor has ICMP inside the wrong family. */
static __always_inline int fw_parse_l4(struct fw_cursor *c, __u32 proto, struct fw_key *key)
{
	if (proto == IPPROTO_TCP)
		return fw_parse_tcp(c, key);
	if (proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE)
		return fw_parse_ports(c, 8, key);
	if (proto == IPPROTO_SCTP || proto == IPPROTO_DCCP)
		return fw_parse_ports(c, 12, key);
	if (proto == IPPROTO_ICMP && key->family == FW_IP4)
		return fw_parse_icmp(c, 8, key);
	if (proto == IPPROTO_ICMPV6 && key->family == FW_IP6)
		return fw_parse_icmp(c, 4, key);
	return 0;
}

static __always_inline int fw_parse_frame(struct fw_cursor *c, const struct fw_meta *meta, struct fw_key *key)
{
	int type = meta->l3 ? fw_parse_l3(c, meta, key) : fw_parse_ether(c, meta, key), proto;

	if (FW_BPF)
		fw_opaque(type); /* the verifier sees one way on, not one for each way to here */
	key->f[FW_F_LENGTH] = fw_length(c->left);
	if (type >= 0 && type != ETH_P_IP && type != ETH_P_IPV6)
		type = fw_parse_other(c, type, key);
	if (type < 0)
		return type;
	fw_cursor_skip(c, 0);
	proto = type == ETH_P_IP ? fw_parse_ip4(c, key) : fw_parse_ip6(c, key);
	if (proto < 0)
		return proto;
	key->f[FW_F_PROTO] = proto;
	return key->f[FW_F_FRAG] == FW_FRAG_LATER ? 0 : fw_parse_l4(c, proto, key);
}

#endif
