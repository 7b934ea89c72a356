// SPDX-License-Identifier: GPL-2.0-only
/* The bytes of a packet described by hand. The payload is zeros. */
#include "lib/text/frame.h"

#include <string.h>

#include "fw/table/packet.h"

#define FRAGMENT_UNITS 185 /* offset of a later fragment, in units of 8 bytes: 1,480 bytes */

/* Writes big-endian values one after the other. */
struct writer {
	uint8_t *pos;
};

static void put8(struct writer *w, uint32_t v)
{
	*w->pos++ = (uint8_t)v;
}

static void put16(struct writer *w, uint32_t v)
{
	put8(w, v >> 8);
	put8(w, v);
}

static void put24(struct writer *w, uint32_t v)
{
	put8(w, v >> 16);
	put16(w, v);
}

static void put32(struct writer *w, uint32_t v)
{
	put16(w, v >> 16);
	put16(w, v);
}

static void put64(struct writer *w, uint64_t v)
{
	put32(w, (uint32_t)(v >> 32));
	put32(w, (uint32_t)v);
}

/* Transport headers that are built; all other protocols have only payload. */
struct l4 {
	uint8_t proto;
	uint8_t bytes; /* of the header as it is built */
	uint8_t least; /* that a valid packet needs */
};
static const struct l4 l4s[] = {
	{ IPPROTO_TCP, 20, 20 },  { IPPROTO_UDP, 8, 8 },  { IPPROTO_UDPLITE, 8, 8 }, { IPPROTO_SCTP, 12, 12 },
	{ IPPROTO_DCCP, 12, 12 }, { IPPROTO_ICMP, 8, 8 }, { IPPROTO_ICMPV6, 8, 4 },
};

/* An option of a header as it is built: its bits in the field, its number, and its bytes, which are zeros after the length. */
struct option {
	uint8_t bit, number, bytes;
};
static const struct option ip_options[] = {
	{ FW_IP_OPTION_RR, 7, 3 },
	{ FW_IP_OPTION_TIMESTAMP, 68, 4 },
	{ FW_IP_OPTION_SECURITY, 130, 11 },
	{ FW_IP_OPTION_LSRR, 131, 3 },
	{ FW_IP_OPTION_SSRR, 137, 3 },
	{ FW_IP_OPTION_ROUTER_ALERT, 148, 4 },
	{ FW_IP_OPTION_ANY, 134, 6 }, /* one without a name here */
	{ 0, 0, 0 },
};
static const struct option tcp_options[] = {
	{ FW_TCP_OPTION_MSS, FW_TCP_MSS, 4 },
	{ FW_TCP_OPTION_WINDOW, 3, 3 },
	{ FW_TCP_OPTION_SACK_PERMITTED, 4, 2 },
	{ FW_TCP_OPTION_SACK, 5, 2 },
	{ FW_TCP_OPTION_TIMESTAMP, 8, 10 },
	{ FW_TCP_OPTION_MD5, 19, 2 },
	{ FW_TCP_OPTION_MPTCP, 30, 4 },
	{ FW_TCP_OPTION_FASTOPEN, 34, 2 },
	{ 0, 0, 0 },
};
#define MSS_USUAL 1460

/* Bytes of the options in whole words. */
static uint32_t options_bytes(const struct option *o, uint32_t bits)
{
	uint32_t bytes = 0;

	for (; o->bit; o++)
		bytes += bits & o->bit ? o->bytes : 0;
	return (bytes + 3) / 4 * 4;
}

static void put_options(struct writer *w, const struct option *o, uint32_t bits, uint32_t mss)
{
	uint8_t *end = w->pos + options_bytes(o, bits);

	for (; o->bit; o++) {
		uint8_t *next = w->pos + o->bytes;

		if (!(bits & o->bit))
			continue;
		put8(w, o->number);
		put8(w, o->bytes);
		if (o->number == FW_TCP_MSS)
			put16(w, mss);
		w->pos = next;
	}
	w->pos = end;
}

/* An option with a name is one of any kind already. */
static uint32_t ip_option_bits(const struct fw_packet *p)
{
	uint32_t bits = p->f[FW_F_IP_OPTION];

	if (p->family != FW_IP4 || bits > fw_field_info[FW_F_IP_OPTION].max)
		return 0;
	return bits == FW_IP_OPTION_ANY ? bits : bits & ~(uint32_t)FW_IP_OPTION_ANY;
}

/* The value of the option mss is a field of its own, which implies the option. */
static uint32_t tcp_option_bits(const struct fw_packet *p)
{
	uint32_t bits = p->f[FW_F_TCP_OPTION] <= fw_field_info[FW_F_TCP_OPTION].max ? p->f[FW_F_TCP_OPTION] : 0;

	return bits | (p->f[FW_F_MSS] <= fw_field_info[FW_F_MSS].max ? FW_TCP_OPTION_MSS : 0);
}

unsigned fw_packet_layers(const struct fw_packet *p)
{
	return p->f[FW_F_FRAG] == FW_FRAG_LATER ? FW_LAYERS_IP : fw_proto_layers(p->f[FW_F_PROTO], p->family);
}

unsigned fw_packet_hooks(const struct fw_packet *p, enum fw_field field)
{
	unsigned hooks = fw_field_hooks(field);
	bool whole = p->f[FW_F_FRAG] != FW_FRAG_LATER;

	if (field == FW_F_STATE && !(whole && fw_state_at_in(p->family, p->f[FW_F_PROTO], p->f[FW_F_ICMP_TYPE])))
		hooks &= ~FW_HOOK_BIT(IN);
	return hooks;
}

uint32_t fw_packet_usual(const struct fw_packet *p, enum fw_field field)
{
	if (!(fw_packet_hooks(p, field) & 1u << p->f[FW_F_HOOK]) || !fw_field_in_family(field, p->family))
		return fw_field_info[field].absent;
	if (field == FW_F_NEXT_HEADER)
		return fw_next_header_usual(p->family, p->f);
	return fw_field_info[field].usual[p->family == FW_IP6];
}

/* Never NULL: packets whose fields end with those of IP have a row of zeros. */
static const struct l4 *packet_l4(const struct fw_packet *p)
{
	static const struct l4 none;

	for (size_t i = 0; fw_packet_layers(p) != FW_LAYERS_IP && i < sizeof(l4s) / sizeof(l4s[0]); i++)
		if (l4s[i].proto == p->f[FW_F_PROTO])
			return &l4s[i];
	return &none;
}

uint32_t fw_packet_headers(const struct fw_packet *p)
{
	uint8_t ext[FW_PACKET_EXTS + 1];

	if (p->family == FW_IP4)
		return sizeof(struct iphdr) + options_bytes(ip_options, ip_option_bits(p));
	return sizeof(struct ipv6hdr) + 8 * fw_packet_exts(p, ext);
}

/* Options of the transport header. */
static uint32_t l4_options(const struct fw_packet *p)
{
	return packet_l4(p)->proto == IPPROTO_TCP ? options_bytes(tcp_options, tcp_option_bits(p)) : 0;
}

uint32_t fw_packet_least(const struct fw_packet *p)
{
	return fw_packet_headers(p) + packet_l4(p)->least + l4_options(p);
}

uint32_t fw_packet_bytes(const struct fw_packet *p)
{
	return fw_packet_headers(p) + packet_l4(p)->bytes + l4_options(p);
}

/* Of the sender, whom each frame has, also where no rule knows it. */
static uint32_t half_mac(const struct fw_packet *p, enum fw_field half)
{
	return p->f[half] <= fw_field_info[half].max ? p->f[half] : fw_field_info[half].usual[0];
}

/* Ethernet header, VLAN tag and PPPoE header, as far as the packet has them. */
static void put_ether(struct writer *w, const struct fw_packet *p)
{
	static const uint8_t to[][ETH_ALEN] = { [FW_PACKET_UNICAST] = { 2, 0, 0, 0, 0, 2 },
						[FW_PACKET_BROADCAST] = { 255, 255, 255, 255, 255, 255 },
						[FW_PACKET_MULTICAST] = { 1, 0, 0x5e, 0, 0, 1 } };
	uint32_t type = p->f[FW_F_PACKET_TYPE];

	for (size_t i = 0; i < ETH_ALEN; i++)
		put8(w, to[type <= FW_PACKET_MULTICAST ? type : FW_PACKET_UNICAST][i]);
	put24(w, half_mac(p, FW_F_MAC_HIGH));
	put24(w, half_mac(p, FW_F_MAC_LOW));
	if (p->f[FW_F_VLAN] != FW_ABSENT_VLAN) {
		put16(w, ETH_P_8021Q);
		put16(w, p->f[FW_F_VLAN]);
	}
	if (!p->pppoe) {
		put16(w, p->family == FW_IP4 ? ETH_P_IP : ETH_P_IPV6);
		return;
	}
	put16(w, ETH_P_PPP_SES);
	put16(w, 0x1100);
	put16(w, 1); /* the session */
	put16(w, p->f[FW_F_LENGTH] + 2);
	put16(w, p->family == FW_IP4 ? FW_PPP_IP : FW_PPP_IPV6);
}

/* The Internet checksum of RFC 1071, not yet folded. */
static uint32_t sum16(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	return sum;
}

static void put_checksum(uint8_t *at, uint32_t sum)
{
	struct writer w = { at };

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(&w, ~sum & 0xffff);
}

/* Fields that are a byte of the IP header. */
static void put_header_bytes(uint8_t *header, const struct fw_packet *p)
{
	for (enum fw_field f = 0; f < FW_NFIELDS; f++) {
		uint8_t at = fw_field_info[f].header_byte[p->family == FW_IP6];

		if (at)
			header[at] = (uint8_t)p->f[f];
	}
}

static void put_ip4(struct writer *w, const struct fw_packet *p)
{
	static const uint16_t frag[] = { [FW_FRAG_NO] = 0, [FW_FRAG_FIRST] = 0x2000, [FW_FRAG_LATER] = FRAGMENT_UNITS };
	uint8_t *start = w->pos;

	put8(w, 0x40 | fw_packet_headers(p) / 4);
	put8(w, p->f[FW_F_DSCP] << 2);
	put16(w, p->f[FW_F_LENGTH]);
	put16(w, 1);
	put16(w, frag[p->f[FW_F_FRAG]]);
	put8(w, 64);
	put8(w, p->f[FW_F_PROTO]);
	put16(w, 0);
	put32(w, (uint32_t)(p->src.hi >> 32));
	put32(w, (uint32_t)(p->dst.hi >> 32));
	put_header_bytes(start, p);
	put_options(w, ip_options, ip_option_bits(p), 0);
	put_checksum(start + offsetof(struct iphdr, check), sum16(start, fw_packet_headers(p), 0));
}

/* An extension header of eight bytes: the next protocol, then the type of a routing header or the offset of a fragment. */
static void put_ext(struct writer *w, uint32_t next, uint32_t middle)
{
	put8(w, next);
	put8(w, 0);
	put16(w, middle);
	put32(w, 1);
}

/* IPv6 header and extension headers. */
static void put_ip6(struct writer *w, const struct fw_packet *p)
{
	static const uint16_t frag[] = { [FW_FRAG_NO] = 0, [FW_FRAG_FIRST] = 1, [FW_FRAG_LATER] = FRAGMENT_UNITS << 3 };
	uint8_t *start = w->pos, ext[FW_PACKET_EXTS + 1];
	unsigned n = fw_packet_exts(p, ext);

	put32(w, 6u << 28 | p->f[FW_F_DSCP] << 22);
	put16(w, p->f[FW_F_LENGTH] - sizeof(struct ipv6hdr));
	put8(w, ext[0]);
	put8(w, 64);
	put64(w, p->src.hi);
	put64(w, p->src.lo);
	put64(w, p->dst.hi);
	put64(w, p->dst.lo);
	put_header_bytes(start, p);
	for (unsigned i = 0; i < n; i++)
		put_ext(w, ext[i + 1],
			ext[i] == IPPROTO_ROUTING  ? p->f[FW_F_RT_TYPE] << 8 :
			ext[i] == IPPROTO_FRAGMENT ? frag[p->f[FW_F_FRAG]] :
						     0u);
}

static void put_tcp(struct writer *w, const struct fw_packet *p)
{
	uint32_t mss = p->f[FW_F_MSS];

	put32(w, 1);
	put32(w, p->f[FW_F_TCP_FLAGS] & 0x10 ? 1 : 0);
	put8(w, (5 + l4_options(p) / 4) << 4);
	put8(w, p->f[FW_F_TCP_FLAGS]);
	put16(w, 65535);
	put32(w, 0);
	put_options(w, tcp_options, tcp_option_bits(p), mss <= fw_field_info[FW_F_MSS].max ? mss : MSS_USUAL);
}

/* The rest of the header after the ports, with checksums of 0. @bytes: header and payload. */
static void put_behind_ports(struct writer *w, const struct fw_packet *p, uint32_t bytes)
{
	switch (p->f[FW_F_PROTO]) {
	case IPPROTO_TCP:
		put_tcp(w, p);
		break;
	case IPPROTO_DCCP: /* data offset 3 words, checksum over everything */
		put32(w, 3u << 24);
		put32(w, 0);
		break;
	case IPPROTO_SCTP: /* verification tag 1 */
		put32(w, 1);
		put32(w, 0);
		break;
	default: /* UDP's length; UDPLite's coverage, where 0 is everything */
		put16(w, p->f[FW_F_PROTO] == IPPROTO_UDP ? bytes : 0);
		put16(w, 0);
	}
}

/* The offset of the checksum in the header; 0: none is written. */
static uint32_t checksum_offset(uint32_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return 6;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

static uint32_t pseudo_sum(const struct fw_packet *p, uint32_t bytes)
{
	uint8_t pseudo[40];
	struct writer w = { pseudo };

	if (p->f[FW_F_PROTO] == IPPROTO_ICMP)
		return 0;
	put64(&w, p->src.hi);
	put64(&w, p->src.lo);
	put64(&w, p->dst.hi);
	put64(&w, p->dst.lo);
	put32(&w, bytes);
	put32(&w, p->f[FW_F_PROTO]);
	return sum16(pseudo, sizeof(pseudo), 0);
}

/* Transport header, if its protocol is known here, with its checksum over a payload of zeros. */
static void put_l4(struct writer *w, const struct fw_packet *p)
{
	const struct l4 *l4 = packet_l4(p);
	uint32_t bytes = p->f[FW_F_LENGTH] - fw_packet_headers(p), check = checksum_offset(p->f[FW_F_PROTO]);
	uint8_t *start = w->pos;

	if (!l4->bytes)
		return;
	if (fw_packet_layers(p) & 1u << FW_LAYER_ICMP) {
		put8(w, p->f[FW_F_ICMP_TYPE]);
		put8(w, p->f[FW_F_ICMP_CODE]);
	} else {
		put16(w, p->f[FW_F_SPORT]);
		put16(w, p->f[FW_F_DPORT]);
		put_behind_ports(w, p, bytes);
	}
	if (check)
		put_checksum(start + check, sum16(start, l4->bytes + l4_options(p), pseudo_sum(p, bytes)));
}

void fw_packet_build(const struct fw_packet *p, struct fw_frame *out)
{
	struct writer w = { out->data };

	memset(out, 0, sizeof(*out));
	put_ether(&w, p);
	out->wire_len = (uint32_t)(w.pos - out->data) + p->f[FW_F_LENGTH];
	out->len = out->wire_len < FW_FRAME_MAX ? out->wire_len : FW_FRAME_MAX;
	if (p->family == FW_IP4)
		put_ip4(&w, p);
	else
		put_ip6(&w, p);
	put_l4(&w, p);
	out->hook = p->f[FW_F_HOOK];
	out->mark = p->f[FW_F_MARK];
	memcpy(out->iface, p->iface, sizeof(out->iface));
	memcpy(out->from_if, p->from_if, sizeof(out->from_if));
	memcpy(out->to_if, p->to_if, sizeof(out->to_if));
	out->state = p->f[FW_F_STATE];
	out->uid = p->f[FW_F_UID];
	out->gid = p->f[FW_F_GID];
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (FW_FIELDS_OF_KERNEL & FW_FIELD_BIT(f) && p->f[f] <= fw_field_info[f].max)
			out->asked |= FW_FIELD_BIT(f);
}
