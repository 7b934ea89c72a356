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
	if (!(fw_packet_hooks(p, field) & 1u << p->f[FW_F_HOOK]))
		return fw_field_info[field].absent;
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

bool fw_packet_is_ext(uint32_t proto)
{
	return proto < 256 && fw_ext_kind[proto];
}

static bool has_fragment_header(const struct fw_packet *p)
{
	return p->family == FW_IP6 && p->f[FW_F_FRAG] != FW_FRAG_NO;
}

uint32_t fw_packet_headers(const struct fw_packet *p)
{
	if (p->family == FW_IP4)
		return sizeof(struct iphdr);
	return sizeof(struct ipv6hdr) + (has_fragment_header(p) ? 8 : 0);
}

uint32_t fw_packet_least(const struct fw_packet *p)
{
	return fw_packet_headers(p) + packet_l4(p)->least;
}

uint32_t fw_packet_bytes(const struct fw_packet *p)
{
	return fw_packet_headers(p) + packet_l4(p)->bytes;
}

/* Ethernet header, VLAN tag and PPPoE header, as far as the packet has them. */
static void put_ether(struct writer *w, const struct fw_packet *p)
{
	put32(w, 0x02000000); /* to 02:00:00:00:00:02, from 02:00:00:00:00:01 */
	put32(w, 0x00020200);
	put32(w, 0x00000001);
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

	put8(w, 0x45);
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
	put_checksum(start + offsetof(struct iphdr, check), sum16(start, sizeof(struct iphdr), 0));
}

/* IPv6 header, and a fragment header if the packet is a fragment. */
static void put_ip6(struct writer *w, const struct fw_packet *p)
{
	static const uint16_t frag[] = { [FW_FRAG_FIRST] = 1, [FW_FRAG_LATER] = FRAGMENT_UNITS << 3 };

	uint8_t *start = w->pos;

	put32(w, 6u << 28 | p->f[FW_F_DSCP] << 22);
	put16(w, p->f[FW_F_LENGTH] - sizeof(struct ipv6hdr));
	put8(w, has_fragment_header(p) ? IPPROTO_FRAGMENT : p->f[FW_F_PROTO]);
	put8(w, 64);
	put64(w, p->src.hi);
	put64(w, p->src.lo);
	put64(w, p->dst.hi);
	put64(w, p->dst.lo);
	put_header_bytes(start, p);
	if (!has_fragment_header(p))
		return;
	put8(w, p->f[FW_F_PROTO]);
	put8(w, 0);
	put16(w, frag[p->f[FW_F_FRAG]]);
	put32(w, 1);
}

static void put_tcp(struct writer *w, const struct fw_packet *p)
{
	put32(w, 1);
	put32(w, p->f[FW_F_TCP_FLAGS] & 0x10 ? 1 : 0);
	put8(w, 5 << 4);
	put8(w, p->f[FW_F_TCP_FLAGS]);
	put16(w, 65535);
	put32(w, 0);
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
		put_checksum(start + check, sum16(start, l4->bytes, pseudo_sum(p, bytes)));
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
		if (FW_FIELDS_OF_KERNEL & 1u << f && p->f[f] <= fw_field_info[f].max)
			out->asked |= 1u << f;
}
