// SPDX-License-Identifier: GPL-2.0-only
/* Packets as bytes, with the expected result of the parser: written from the RFCs, not from the parser. */
#include "tests/unit/cases.h"

#include "fw/field.h"

#define U16(v) (uint8_t)((v) >> 8), (uint8_t)(v)
#define ZERO8 0, 0, 0, 0, 0, 0, 0, 0
#define ZERO20 ZERO8, ZERO8, 0, 0, 0, 0
#define ZERO46 ZERO20, ZERO20, 0, 0, 0, 0, 0, 0

#define ETHER(type) 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, U16(type)
#define TAG(type, tci) U16(type), U16(tci)
#define ETHER_TAGGED(tags, type) 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, tags, U16(type)
#define TWO(a, b) a, b

/* First two bytes, total length, flags and offset, protocol; 10.0.0.1 > 192.0.2.1 */
#define IP4_AS(first, tos, total, frag, proto) \
	first, tos, U16(total), 0, 1, U16(frag), 64, proto, 0, 0, 10, 0, 0, 1, 192, 0, 2, 1
#define IP4(total, frag, proto) IP4_AS(0x45, 0, total, frag, proto)
/* 2001:db8::1 > 2001:db8::2 */
#define IP6_AS(first, second, payload, next)                                                                           \
	first, second, 0, 0, U16(payload), next, 64, 0x20, 1, 0xd, 0xb8, ZERO8, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8, ZERO8, \
		0, 0, 0, 2
#define IP6(payload, next) IP6_AS(0x60, 0, payload, next)
/* Extension headers: 8 bytes, 16 bytes, fragment, authentication of 24 bytes */
#define EXT(next) next, 0, 1, 4, 0, 0, 0, 0
#define EXT16(next) next, 1, 1, 12, 0, 0, 0, 0, ZERO8
#define FRAGMENT(next, frag) next, 0, U16(frag), 0, 0, 0, 1
#define AUTH(next) next, 4, 0, 0, 0, 0, 0, 1, ZERO8, ZERO8

/* A session's header with a length, and that with a protocol of PPP; LLC and SNAP */
#define SESSION(length) 0x11, 0, 0, 1, U16(length)
#define PPPOE(length, proto) SESSION(length), U16(proto)
#define SNAP(oui, type) 0xaa, 0xaa, 3, 0, 0, oui, U16(type)

/* Ports 999 and 80, or type 8 and code 1 */
#define TCP_AS(doff, flags) 3, 231, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, (doff) << 4, flags, 255, 255, 0, 0, 0, 0
#define TCP TCP_AS(5, 0x02)
#define UDP 3, 231, 0, 80, 0, 8, 0, 0
#define PORTS12 3, 231, 0, 80, 0, 0, 0, 1, 3, 0, 0, 0
#define ICMP 8, 1, 0, 0, 0, 1, 0, 1
#define ICMP6 128, 1, 0, 0

/* clang-format off */
#define BYTES(...) .bytes = (const uint8_t[]){ __VA_ARGS__ }, .len = sizeof((const uint8_t[]){ __VA_ARGS__ })
#define WANT(fam, why, ...)                                                                       \
	.family = (fam), .reason = (why), .want = (const struct fw_case_field[]){ __VA_ARGS__ }, \
	.nwant = sizeof((const struct fw_case_field[]){ __VA_ARGS__ }) / sizeof(struct fw_case_field)
/* A frame that is not parsed further: ethertype and the bytes after the Ethernet header. */
#define FRAME(why, type, length, ...) \
	WANT(FW_FAMILY_NONE, FW_R_##why, { FW_F_ETHERTYPE, type }, { FW_F_LENGTH, length }, ##__VA_ARGS__)
#define KEY4(why, length, ...)                                                                              \
	WANT(FW_IP4, FW_R_##why, { FW_F_ETHERTYPE, 0x0800 }, { FW_F_LENGTH, length }, { FW_F_DSCP, 0 }, \
	     { FW_F_FRAG, FW_FRAG_NO }, ##__VA_ARGS__)
#define KEY6(why, length, ...)                                                                              \
	WANT(FW_IP6, FW_R_##why, { FW_F_ETHERTYPE, 0x86dd }, { FW_F_LENGTH, length }, { FW_F_DSCP, 0 }, \
	     { FW_F_FRAG, FW_FRAG_NO }, ##__VA_ARGS__)
#define PROTO(p) { FW_F_PROTO, p }
#define PORTS { FW_F_SPORT, 999 }, { FW_F_DPORT, 80 }
#define SYN PORTS, { FW_F_TCP_FLAGS, 0x02 }
#define ECHO(type) { FW_F_ICMP_TYPE, type }, { FW_F_ICMP_CODE, 1 }
#define HAS_IP(bits) { FW_F_IP_OPTION, bits }
#define HAS_TCP(bits) { FW_F_TCP_OPTION, bits }
#define VLAN(id) { FW_F_VLAN, id }
#define FIRST { FW_F_FRAG, FW_FRAG_FIRST }
#define LATER { FW_F_FRAG, FW_FRAG_LATER }

/* An options header of 2,048 bytes, the longest there is. */
static const uint8_t long_options[14 + 40 + 2048 + 20] = { ETHER(0x86dd), IP6(2068, 60), 6, 255,
							      [14 + 40 + 2048] = TCP };

const struct fw_case fw_cases[] = {
	/* Ethernet and tags */
	{ "frame of 13 bytes", BYTES(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8), FRAME(MALFORMED, 0, 13) },
	{ "one tag", BYTES(ETHER_TAGGED(TAG(0x8100, 7), 0x0800), IP4(40, 0, 6), TCP),
	  KEY4(NONE, 40, PROTO(6), SYN, VLAN(7)) },
	{ "tag with priority and DEI", BYTES(ETHER_TAGGED(TAG(0x8100, 0xffff), 0x86dd), IP6(8, 17), UDP),
	  KEY6(NONE, 48, PROTO(17), PORTS, VLAN(4095)) },
	{ "priority tag", BYTES(ETHER_TAGGED(TAG(0x8100, 0xe000), 0x0800), IP4(28, 0, 17), UDP),
	  KEY4(NONE, 28, PROTO(17), PORTS, VLAN(0)) },
	{ "service tag alone", BYTES(ETHER_TAGGED(TAG(0x88a8, 9), 0x0800), IP4(40, 0, 6), TCP),
	  KEY4(NONE, 40, PROTO(6), SYN, VLAN(9)) },
	{ "QinQ", BYTES(ETHER_TAGGED(TWO(TAG(0x88a8, 100), TAG(0x8100, 200)), 0x0800), IP4(40, 0, 6), TCP),
	  KEY4(NONE, 40, PROTO(6), SYN, VLAN(100)) },
	{ "QinQ of 0x9100, IPv6", BYTES(ETHER_TAGGED(TWO(TAG(0x9100, 5), TAG(0x8100, 6)), 0x86dd), IP6(20, 6), TCP),
	  KEY6(NONE, 60, PROTO(6), SYN, VLAN(5)) },
	{ "QinQ of two 0x8100", BYTES(ETHER_TAGGED(TWO(TAG(0x8100, 5), TAG(0x8100, 6)), 0x0800), IP4(28, 0, 1), ICMP),
	  KEY4(NONE, 28, PROTO(1), ECHO(8), VLAN(5)) },
	{ "three tags", BYTES(ETHER_TAGGED(TWO(TAG(0x88a8, 1), TWO(TAG(0x8100, 2), TAG(0x8100, 3))), 0x0800),
	  IP4(40, 0, 6), TCP), .needs = 22, .ends = 22, .open = true, FRAME(VLAN_DEPTH, 0x8100, 44, VLAN(1)) },
	{ "first tag cut", BYTES(ETHER(0x8100), 0, 7, 8), FRAME(MALFORMED, 0x8100, 3) },
	{ "second tag cut", BYTES(ETHER_TAGGED(TAG(0x88a8, 7), 0x8100), 0), FRAME(MALFORMED, 0x8100, 1, VLAN(7)) },
	{ "tag outside the frame", BYTES(ETHER(0x0800), IP4(40, 0, 6), TCP),
	  .meta = { .vlan_present = 1, .vlan_tci = 0xf007 }, KEY4(NONE, 40, PROTO(6), SYN, VLAN(7)) },
	{ "tag outside and inside", BYTES(ETHER_TAGGED(TAG(0x8100, 8), 0x0800), IP4(40, 0, 6), TCP),
	  .meta = { .vlan_present = 1, .vlan_tci = 7 }, KEY4(NONE, 40, PROTO(6), SYN, VLAN(7)) },
	{ "tag outside and two inside", BYTES(ETHER_TAGGED(TWO(TAG(0x8100, 8), TAG(0x8100, 9)), 0x0800), IP4(40, 0, 6),
	  TCP),
	  .meta = { .vlan_present = 1, .vlan_tci = 7 }, .needs = 18, .ends = 18, .open = true,
	  FRAME(VLAN_DEPTH, 0x8100, 44, VLAN(7)) },
	{ "no tag, though a TCI is given", BYTES(ETHER(0x0800), IP4(28, 0, 17), UDP), .meta = { .vlan_tci = 7 },
	  KEY4(NONE, 28, PROTO(17), PORTS) },
	{ "hook, interface and mark", BYTES(ETHER(0x0800), IP4(28, 0, 17), UDP),
	  .meta = { .hook = FW_OUT, .iface = 3, .mark = 0xffffffff }, KEY4(NONE, 28, PROTO(17), PORTS) },

	/* Not IP */
	{ "ARP", BYTES(ETHER(0x0806), 0, 1, 8, 0, 6, 4, 0, 1, ZERO20), .needs = 14, .ends = 14, .open = true,
	  FRAME(NON_IP, 0x0806, 28) },
	{ "ARP, padded", BYTES(ETHER(0x0806), ZERO46),
	  .needs = 14, .ends = 14, .open = true, FRAME(NON_IP, 0x0806, 46) },
	{ "ARP in a VLAN", BYTES(ETHER_TAGGED(TAG(0x8100, 7), 0x0806), ZERO46), .needs = 18, .ends = 18, .open = true,
	  FRAME(NON_IP, 0x0806, 46, VLAN(7)) },
	{ "LLDP", BYTES(ETHER(0x88cc), 2, 7, 4, ZERO20),
	  .needs = 14, .ends = 14, .open = true, FRAME(NON_IP, 0x88cc, 23) },
	{ "802.3 length, as of spanning tree", BYTES(ETHER(38), 0x42, 0x42, 3, ZERO46), .needs = 22, .open = true,
	  .llc = true, FRAME(NON_IP, 38, 49) },
	{ "802.3, largest length", BYTES(ETHER(0x5ff), ZERO8), .needs = 22, .open = true, .llc = true,
	  FRAME(NON_IP, 0x5ff, 8) },
	{ "SNAP, Cisco's discovery", BYTES(ETHER(28), SNAP(0x0c, 0x2000), ZERO20), .needs = 22, .open = true,
	  .llc = true, FRAME(NON_IP, 28, 28) },
	{ "SNAP, AppleTalk's ARP", BYTES(ETHER(28), SNAP(0, 0x80f3), ZERO20), .needs = 22, .open = true, .llc = true,
	  FRAME(NON_IP, 28, 28) },
	{ "PPPoE discovery", BYTES(ETHER(0x8863), 0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0), .needs = 14, .ends = 14,
	  .open = true, FRAME(NON_IP, 0x8863, 10) },
	{ "no payload", BYTES(ETHER(0xffff)), .open = true, FRAME(NON_IP, 0xffff, 0) },
	{ "not IP and large", BYTES(ETHER(0x88b5), ZERO8),
	  .meta = { .len = 70000 }, .needs = 14, .ends = 14, .open = true,
	  FRAME(NON_IP, 0x88b5, 65535) },

	/* Encapsulations of IP that are not parsed */
	{ "MPLS", BYTES(ETHER(0x8847), 0, 1, 1, 64, IP4(40, 0, 6), TCP), .needs = 14, .ends = 14, .open = true,
	  FRAME(NOT_PARSED, 0x8847, 44) },
	{ "MPLS multicast in a VLAN", BYTES(ETHER_TAGGED(TAG(0x8100, 7), 0x8848), ZERO20), .needs = 18, .ends = 18,
	  .open = true, FRAME(NOT_PARSED, 0x8848, 20, VLAN(7)) },
	{ "MPLS, nothing after it", BYTES(ETHER(0x8847)), .open = true, FRAME(NOT_PARSED, 0x8847, 0) },
	{ "provider backbone bridge", BYTES(ETHER(0x88e7), ZERO46), .needs = 14, .ends = 14, .open = true,
	  FRAME(NOT_PARSED, 0x88e7, 46) },
	{ "MACsec", BYTES(ETHER(0x88e5), ZERO46), .needs = 14, .ends = 14, .open = true,
	  FRAME(NOT_PARSED, 0x88e5, 46) },
	{ "TRILL", BYTES(ETHER(0x22f3), ZERO46), .needs = 14, .ends = 14, .open = true,
	  FRAME(NOT_PARSED, 0x22f3, 46) },
	{ "NSH", BYTES(ETHER(0x894f), ZERO46), .needs = 14, .ends = 14, .open = true, FRAME(NOT_PARSED, 0x894f, 46) },
	{ "QinQ of 0x9200", BYTES(ETHER(0x9200), 0, 7, 8, 0, IP4(40, 0, 6), TCP), .needs = 14, .ends = 14,
	  .open = true, FRAME(NOT_PARSED, 0x9200, 44) },
	{ "IPv4 in SNAP", BYTES(ETHER(48), SNAP(0, 0x0800), IP4(40, 0, 6), TCP), .needs = 22, .open = true,
	  .llc = true, FRAME(NOT_PARSED, 48, 48) },
	{ "IPv6 in SNAP of a bridge tunnel", BYTES(ETHER(68), SNAP(0xf8, 0x86dd), IP6(20, 6), TCP), .needs = 22,
	  .open = true, .llc = true, FRAME(NOT_PARSED, 68, 68) },
	{ "VLAN in SNAP", BYTES(ETHER(32), SNAP(0, 0x8100), 0, 7, 8, 0, ZERO20), .needs = 22, .open = true,
	  .llc = true, FRAME(NOT_PARSED, 32, 32) },

	/* PPPoE */
	{ "TCP in PPPoE", BYTES(ETHER(0x8864), PPPOE(42, 0x0021), IP4(40, 0, 6), TCP), KEY4(NONE, 40, PROTO(6), SYN) },
	{ "UDP over IPv6 in PPPoE", BYTES(ETHER(0x8864), PPPOE(50, 0x0057), IP6(8, 17), UDP),
	  KEY6(NONE, 48, PROTO(17), PORTS) },
	{ "PPPoE in a VLAN", BYTES(ETHER_TAGGED(TAG(0x8100, 7), 0x8864), PPPOE(30, 0x0021), IP4(28, 0, 1), ICMP),
	  KEY4(NONE, 28, PROTO(1), ECHO(8), VLAN(7)) },
	{ "PPPoE, IPv4 protocol of one byte", BYTES(ETHER(0x8864), SESSION(41), 0x21, IP4(40, 0, 6), TCP),
	  KEY4(NONE, 40, PROTO(6), SYN) },
	{ "PPPoE, IPv6 protocol of one byte", BYTES(ETHER(0x8864), SESSION(61), 0x57, IP6(20, 6), TCP),
	  KEY6(NONE, 60, PROTO(6), SYN, { FW_F_NEXT_HEADER, 6 }) },
	{ "PPPoE, padded inside", BYTES(ETHER(0x8864), PPPOE(44, 0x0021), IP4(40, 0, 6), TCP, 0, 0), .needs = 62,
	  KEY4(NONE, 40, PROTO(6), SYN) },
	{ "PPPoE shorter than its IP packet", BYTES(ETHER(0x8864), PPPOE(41, 0x0021), IP4(40, 0, 6), TCP),
	  FRAME(MALFORMED, 0x0800, 48) },
	{ "PPPoE longer than the frame", BYTES(ETHER(0x8864), PPPOE(43, 0x0021), IP4(40, 0, 6), TCP),
	  FRAME(MALFORMED, 0x8864, 48) },
	{ "PPPoE with another version", BYTES(ETHER(0x8864), 0x21, 0, 0, 1, U16(42), U16(0x21), IP4(40, 0, 6), TCP),
	  FRAME(MALFORMED, 0x8864, 48) },
	{ "PPPoE session with a code", BYTES(ETHER(0x8864), 0x11, 1, 0, 1, U16(42), U16(0x21), IP4(40, 0, 6), TCP),
	  FRAME(MALFORMED, 0x8864, 48) },
	{ "PPPoE without a protocol", BYTES(ETHER(0x8864), SESSION(0), 0, 0x21, IP4(40, 0, 6), TCP),
	  FRAME(MALFORMED, 0x8864, 48) },
	{ "PPPoE with half a protocol", BYTES(ETHER(0x8864), SESSION(1), 0, 0x21, IP4(40, 0, 6), TCP),
	  FRAME(MALFORMED, 0x8864, 48) },
	{ "PPPoE, IPv6 that is IPv4", BYTES(ETHER(0x8864), PPPOE(42, 0x0057), IP4(40, 0, 6), TCP),
	  FRAME(MALFORMED, 0x86dd, 48) },
	{ "LCP", BYTES(ETHER(0x8864), PPPOE(10, 0xc021), 9, 1, 0, 8, 0, 0, 0, 0), .needs = 22, .ends = 30,
	  FRAME(NON_IP, 0x8864, 16) },
	{ "IPV6CP", BYTES(ETHER(0x8864), PPPOE(6, 0x8057), 1, 1, 0, 4), .needs = 22, .ends = 26,
	  FRAME(NON_IP, 0x8864, 12) },
	{ "PPP compressed data", BYTES(ETHER(0x8864), PPPOE(10, 0x00fd), ZERO8), .needs = 22, .ends = 30,
	  FRAME(NOT_PARSED, 0x8864, 16) },
	{ "PPP multilink", BYTES(ETHER(0x8864), SESSION(9), 0x3d, ZERO8), .needs = 21, .ends = 29,
	  FRAME(NOT_PARSED, 0x8864, 15) },
	{ "MPLS in PPP", BYTES(ETHER(0x8864), PPPOE(10, 0x0281), ZERO8), .needs = 22, .ends = 30,
	  FRAME(NOT_PARSED, 0x8864, 16) },

	/* Without Ethernet header */
	{ "IPv4 packet", BYTES(IP4(40, 0, 6), TCP), .meta = { .l3 = 1, .ethertype = 0x0800 },
	  KEY4(NONE, 40, PROTO(6), SYN) },
	{ "IPv6 packet", BYTES(IP6(8, 17), UDP), .meta = { .l3 = 1, .ethertype = 0x86dd, .hook = FW_OUT },
	  KEY6(NONE, 48, PROTO(17), PORTS) },
	{ "IPv4 packet by its version", BYTES(IP4(28, 0, 1), ICMP), .meta = { .l3 = 1 },
	  KEY4(NONE, 28, PROTO(1), ECHO(8)) },
	{ "IPv6 packet by its version", BYTES(IP6(20, 6), TCP), .meta = { .l3 = 1, .ethertype = 3 },
	  KEY6(NONE, 60, PROTO(6), SYN) },
	{ "IPv4 packet that is said to be IPv6", BYTES(IP4(40, 0, 6), TCP), .meta = { .l3 = 1, .ethertype = 0x86dd },
	  FRAME(MALFORMED, 0x86dd, 40) },
	{ "version 5", BYTES(IP4_AS(0x55, 0, 40, 0, 6), TCP), .meta = { .l3 = 1 }, FRAME(MALFORMED, 0, 40) },
	{ "a tag outside a packet without Ethernet header", BYTES(IP4(28, 0, 17), UDP),
	  .meta = { .l3 = 1, .vlan_present = 1, .vlan_tci = 7 }, KEY4(NONE, 28, PROTO(17), PORTS) },
	{ "PPPoE, with an ethertype", BYTES(PPPOE(42, 0x0021), IP4(40, 0, 6), TCP),
	  .meta = { .l3 = 1, .ethertype = 0x8864 }, KEY4(NONE, 40, PROTO(6), SYN) },
	{ "LCP, with an ethertype", BYTES(PPPOE(6, 0xc021), 9, 1, 0, 4), .meta = { .l3 = 1, .ethertype = 0x8864 },
	  .needs = 8, .ends = 12, FRAME(NON_IP, 0x8864, 12) },

	/* IPv4: payloads */
	{ "TCP", BYTES(ETHER(0x0800), IP4(40, 0, 6), TCP), KEY4(NONE, 40, PROTO(6), SYN) },
	{ "TCP, no flags", BYTES(ETHER(0x0800), IP4(40, 0, 6), TCP_AS(5, 0)),
	  KEY4(NONE, 40, PROTO(6), PORTS, { FW_F_TCP_FLAGS, 0 }) },
	{ "TCP, all flags", BYTES(ETHER(0x0800), IP4(40, 0, 6), TCP_AS(5, 0xff)),
	  KEY4(NONE, 40, PROTO(6), PORTS, { FW_F_TCP_FLAGS, 255 }) },
	{ "TCP, reserved bits",
	  BYTES(ETHER(0x0800), IP4(40, 0, 6), 0, 0, 255, 255, ZERO8, 0x5f, 0x12, 0, 0, 0, 0, 0, 0),
	  KEY4(NONE, 40, PROTO(6), { FW_F_SPORT, 0 }, { FW_F_DPORT, 65535 }, { FW_F_TCP_FLAGS, 0x12 }) },
	{ "TCP options", BYTES(ETHER(0x0800), IP4(52, 0, 6), TCP_AS(8, 2), ZERO8, 0, 0, 0, 0), .needs = 54,
	  KEY4(NONE, 52, PROTO(6), SYN) },
	{ "known TCP options",
	  BYTES(ETHER(0x0800), IP4(60, 0, 6), TCP_AS(10, 2), 2, 4, 5, 0xb4, 4, 2, 8, 10, ZERO8, 1, 3, 3, 7), .needs = 54,
	  KEY4(NONE, 60, PROTO(6), SYN, HAS_TCP(23), { FW_F_MSS, 1460 }) },
	{ "TCP options after their end",
	  BYTES(ETHER(0x0800), IP4(48, 0, 6), TCP_AS(7, 2), 0, 19, 0, 2, 4, 1, 0, 34), .needs = 54,
	  KEY4(NONE, 48, PROTO(6), SYN, HAS_TCP(161), { FW_F_MSS, 256 }) },
	{ "half of a TCP option mss", BYTES(ETHER(0x0800), IP4(44, 0, 6), TCP_AS(6, 2), 1, 2, 4, 5), .needs = 54,
	  KEY4(NONE, 44, PROTO(6), SYN, HAS_TCP(1)) },
	{ "TCP payload", BYTES(ETHER(0x0800), IP4(60, 0, 6), TCP, ZERO20), .needs = 54, KEY4(NONE, 60, PROTO(6), SYN) },
	{ "TCP, 4 words", BYTES(ETHER(0x0800), IP4(40, 0, 6), TCP_AS(4, 2)), KEY4(MALFORMED, 40, PROTO(6)) },
	{ "TCP, 0 words", BYTES(ETHER(0x0800), IP4(40, 0, 6), TCP_AS(0, 2)), KEY4(MALFORMED, 40, PROTO(6)) },
	{ "TCP options beyond the packet", BYTES(ETHER(0x0800), IP4(43, 0, 6), TCP_AS(6, 2), 0, 0, 0, 0, 0),
	  KEY4(MALFORMED, 43, PROTO(6)) },
	{ "TCP, 15 words of 5", BYTES(ETHER(0x0800), IP4(40, 0, 6), TCP_AS(15, 2)), KEY4(MALFORMED, 40, PROTO(6)) },
	{ "TCP of 19 bytes", BYTES(ETHER(0x0800), IP4(39, 0, 6), TCP), KEY4(MALFORMED, 39, PROTO(6)) },
	{ "UDP", BYTES(ETHER(0x0800), IP4(28, 0, 17), UDP), KEY4(NONE, 28, PROTO(17), PORTS) },
	{ "UDP of 7 bytes", BYTES(ETHER(0x0800), IP4(27, 0, 17), UDP), KEY4(MALFORMED, 27, PROTO(17)) },
	{ "UDPLite", BYTES(ETHER(0x0800), IP4(28, 0, 136), UDP), KEY4(NONE, 28, PROTO(136), PORTS) },
	{ "UDPLite of 7 bytes", BYTES(ETHER(0x0800), IP4(27, 0, 136), UDP), KEY4(MALFORMED, 27, PROTO(136)) },
	{ "SCTP", BYTES(ETHER(0x0800), IP4(32, 0, 132), PORTS12), KEY4(NONE, 32, PROTO(132), PORTS) },
	{ "SCTP of 11 bytes", BYTES(ETHER(0x0800), IP4(31, 0, 132), PORTS12), KEY4(MALFORMED, 31, PROTO(132)) },
	{ "DCCP", BYTES(ETHER(0x0800), IP4(32, 0, 33), PORTS12), KEY4(NONE, 32, PROTO(33), PORTS) },
	{ "DCCP of 11 bytes", BYTES(ETHER(0x0800), IP4(31, 0, 33), PORTS12), KEY4(MALFORMED, 31, PROTO(33)) },
	{ "ICMP", BYTES(ETHER(0x0800), IP4(28, 0, 1), ICMP), KEY4(NONE, 28, PROTO(1), ECHO(8)) },
	{ "ICMP of 7 bytes", BYTES(ETHER(0x0800), IP4(27, 0, 1), ICMP), KEY4(MALFORMED, 27, PROTO(1)) },
	{ "ICMPv6 in IPv4", BYTES(ETHER(0x0800), IP4(28, 0, 58), ICMP), .needs = 34, KEY4(NONE, 28, PROTO(58)) },
	{ "IGMP", BYTES(ETHER(0x0800), IP4(28, 0, 2), ZERO8), .needs = 34, KEY4(NONE, 28, PROTO(2)) },
	{ "IP in IP", BYTES(ETHER(0x0800), IP4(40, 0, 4), IP4(20, 0, 6)), .needs = 34, KEY4(NONE, 40, PROTO(4)) },
	{ "GRE", BYTES(ETHER(0x0800), IP4(28, 0, 47), ZERO8), .needs = 34, KEY4(NONE, 28, PROTO(47)) },
	{ "ESP", BYTES(ETHER(0x0800), IP4(28, 0, 50), ZERO8), .needs = 34, KEY4(NONE, 28, PROTO(50)) },
	{ "AH in IPv4 is not walked", BYTES(ETHER(0x0800), IP4(64, 0, 51), AUTH(6), TCP), .needs = 34,
	  KEY4(NONE, 64, PROTO(51)) },
	{ "OSPF without payload", BYTES(ETHER(0x0800), IP4(20, 0, 89)), KEY4(NONE, 20, PROTO(89)) },
	{ "protocol 0", BYTES(ETHER(0x0800), IP4(20, 0, 0)), KEY4(NONE, 20, PROTO(0)) },
	{ "protocol 255", BYTES(ETHER(0x0800), IP4(20, 0, 255)), KEY4(NONE, 20, PROTO(255)) },

	/* IPv4: the header */
	{ "TTL", BYTES(ETHER(0x0800), 0x45, 0, U16(28), 0, 1, 0, 0, 255, 17, 0, 0, 10, 0, 0, 1, 192, 0, 2, 1, UDP),
	  KEY4(NONE, 28, PROTO(17), PORTS, { FW_F_TTL, 255 }) },
	{ "DSCP", BYTES(ETHER(0x0800), IP4_AS(0x45, 0xbb, 28, 0, 17), UDP),
	  KEY4(NONE, 28, PROTO(17), PORTS, { FW_F_DSCP, 46 }) },
	{ "don't fragment", BYTES(ETHER(0x0800), IP4(28, 0x4000, 17), UDP), KEY4(NONE, 28, PROTO(17), PORTS) },
	{ "reserved flag", BYTES(ETHER(0x0800), IP4(28, 0x8000, 17), UDP), KEY4(NONE, 28, PROTO(17), PORTS) },
	{ "4 bytes of options", BYTES(ETHER(0x0800), IP4_AS(0x46, 0, 44, 0, 6), 148, 4, 0, 0, TCP),
	  KEY4(NONE, 44, PROTO(6), SYN, HAS_IP(96)) },
	{ "40 bytes of options", BYTES(ETHER(0x0800), IP4_AS(0x4f, 0, 68, 0, 17), ZERO20, ZERO20, UDP),
	  KEY4(NONE, 68, PROTO(17), PORTS) },
	{ "options without a name, and after the end",
	  BYTES(ETHER(0x0800), IP4_AS(0x47, 0, 36, 0, 17), 1, 200, 3, 0, 0, 131, 3, 4, UDP),
	  KEY4(NONE, 36, PROTO(17), PORTS, HAS_IP(64)) },
	{ "record route and strict source route",
	  BYTES(ETHER(0x0800), IP4_AS(0x47, 0, 36, 0, 17), 7, 3, 4, 1, 137, 3, 4, 0, UDP),
	  KEY4(NONE, 36, PROTO(17), PORTS, HAS_IP(81)) },
	{ "an option longer than the header", BYTES(ETHER(0x0800), IP4_AS(0x46, 0, 32, 0, 17), 7, 9, 4, 1, UDP),
	  KEY4(NONE, 32, PROTO(17), PORTS, HAS_IP(65)) },
	{ "options, then nothing to read", BYTES(ETHER(0x0800), IP4_AS(0x46, 0, 24, 0, 47), 148, 4, 0, 0), .needs = 34,
	  KEY4(NONE, 24, PROTO(47), HAS_IP(96)) },
	{ "options beyond the total length", BYTES(ETHER(0x0800), IP4_AS(0x46, 0, 23, 0, 47), 148, 4, 0, 0),
	  FRAME(MALFORMED, 0x0800, 24) },
	{ "header of 4 words", BYTES(ETHER(0x0800), IP4_AS(0x44, 0, 40, 0, 6), TCP), FRAME(MALFORMED, 0x0800, 40) },
	{ "header of 0 words", BYTES(ETHER(0x0800), IP4_AS(0x40, 0, 40, 0, 6), TCP), FRAME(MALFORMED, 0x0800, 40) },
	{ "version 5 as IPv4", BYTES(ETHER(0x0800), IP4_AS(0x55, 0, 40, 0, 6), TCP), FRAME(MALFORMED, 0x0800, 40) },
	{ "IPv6 as IPv4", BYTES(ETHER(0x0800), IP6(20, 6), TCP), FRAME(MALFORMED, 0x0800, 60) },
	{ "header of 19 bytes", BYTES(ETHER(0x0800), 0x45, 0, 0, 20, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 192, 0, 2),
	  FRAME(MALFORMED, 0x0800, 19) },
	{ "total length beyond the frame", BYTES(ETHER(0x0800), IP4(41, 0, 6), TCP), FRAME(MALFORMED, 0x0800, 40) },
	{ "total length in another part", BYTES(ETHER(0x0800), IP4(1500, 0, 6), TCP), .meta = { .len = 1514 },
	  KEY4(NONE, 1500, PROTO(6), SYN) },
	{ "header in another part", BYTES(ETHER(0x0800), IP4(1500, 0, 6)), .meta = { .len = 1514 },
	  KEY4(MALFORMED, 1500, PROTO(6)) },
	{ "total length of 19", BYTES(ETHER(0x0800), IP4(19, 0, 89)), FRAME(MALFORMED, 0x0800, 20) },
	{ "total length of 0", BYTES(ETHER(0x0800), IP4(0, 0, 6), TCP), FRAME(MALFORMED, 0x0800, 40) },
	{ "total length of 0, 65535 bytes", BYTES(ETHER(0x0800), IP4(0, 0, 6), TCP), .meta = { .len = 65549 },
	  FRAME(MALFORMED, 0x0800, 65535) },
	{ "total length of 0, 65536 bytes", BYTES(ETHER(0x0800), IP4(0, 0, 6), TCP), .meta = { .len = 65550 },
	  KEY4(NONE, 65535, PROTO(6), SYN) },
	{ "total length of 65535", BYTES(ETHER(0x0800), IP4(65535, 0, 6), TCP), .meta = { .len = 65549 },
	  KEY4(NONE, 65535, PROTO(6), SYN) },
	{ "padding", BYTES(ETHER(0x0800), IP4(28, 0, 17), UDP, ZERO8, ZERO8, 0, 0), .needs = 42, .ends = 42,
	  KEY4(NONE, 28, PROTO(17), PORTS) },
	{ "header in the padding", BYTES(ETHER(0x0800), IP4(24, 0, 17), UDP, ZERO8), KEY4(MALFORMED, 24, PROTO(17)) },
	{ "header in the padding, options", BYTES(ETHER(0x0800), IP4_AS(0x46, 0, 24, 0, 17), 1, 1, 1, 0, UDP, ZERO8),
	  KEY4(MALFORMED, 24, PROTO(17)) },

	/* IPv4: fragments */
	{ "first fragment", BYTES(ETHER(0x0800), IP4(44, 0x2000, 6), TCP, 0, 0, 0, 0), .needs = 54,
	  KEY4(NONE, 44, PROTO(6), SYN, FIRST) },
	{ "middle fragment", BYTES(ETHER(0x0800), IP4(28, 0x2001, 6), ZERO8),
	  .needs = 34, KEY4(NONE, 28, PROTO(6), LATER) },
	{ "last fragment", BYTES(ETHER(0x0800), IP4(28, 185, 17), ZERO8),
	  .needs = 34, KEY4(NONE, 28, PROTO(17), LATER) },
	{ "last fragment of 1 byte", BYTES(ETHER(0x0800), IP4(21, 0x1fff, 1), 0), .needs = 34,
	  KEY4(NONE, 21, PROTO(1), LATER) },
	{ "fragment at 32,768", BYTES(ETHER(0x0800), IP4(28, 0x1000, 17), ZERO8), .needs = 34,
	  KEY4(NONE, 28, PROTO(17), LATER) },
	{ "later fragment, don't fragment", BYTES(ETHER(0x0800), IP4(28, 0x4001, 17), ZERO8), .needs = 34,
	  KEY4(NONE, 28, PROTO(17), LATER) },
	{ "first fragment, TCP of 16 bytes", BYTES(ETHER(0x0800), IP4(36, 0x2000, 6), ZERO8, ZERO8),
	  KEY4(MALFORMED, 36, PROTO(6), FIRST) },
	{ "first fragment, TCP options not in it", BYTES(ETHER(0x0800), IP4(44, 0x2000, 6), TCP_AS(8, 2), 0, 0, 0, 0),
	  KEY4(MALFORMED, 44, PROTO(6), FIRST) },
	{ "first fragment, SCTP of 8 bytes", BYTES(ETHER(0x0800), IP4(28, 0x2000, 132), ZERO8),
	  KEY4(MALFORMED, 28, PROTO(132), FIRST) },
	{ "first fragment, UDP of 8 bytes", BYTES(ETHER(0x0800), IP4(28, 0x2000, 17), UDP),
	  KEY4(NONE, 28, PROTO(17), PORTS, FIRST) },
	{ "first fragment, GRE", BYTES(ETHER(0x0800), IP4(28, 0x2000, 47), ZERO8), .needs = 34,
	  KEY4(NONE, 28, PROTO(47), FIRST) },
	{ "later fragment, options", BYTES(ETHER(0x0800), IP4_AS(0x47, 0, 36, 1, 6), ZERO8, ZERO8), .needs = 34,
	  KEY4(NONE, 36, PROTO(6), LATER) },

	/* IPv6: payloads */
	{ "TCP over IPv6", BYTES(ETHER(0x86dd), IP6(20, 6), TCP), KEY6(NONE, 60, PROTO(6), SYN) },
	{ "TCP over IPv6, 19 bytes", BYTES(ETHER(0x86dd), IP6(19, 6), TCP), KEY6(MALFORMED, 59, PROTO(6)) },
	{ "UDP over IPv6", BYTES(ETHER(0x86dd), IP6(8, 17), UDP), KEY6(NONE, 48, PROTO(17), PORTS) },
	{ "UDPLite over IPv6", BYTES(ETHER(0x86dd), IP6(8, 136), UDP), KEY6(NONE, 48, PROTO(136), PORTS) },
	{ "SCTP over IPv6", BYTES(ETHER(0x86dd), IP6(12, 132), PORTS12), KEY6(NONE, 52, PROTO(132), PORTS) },
	{ "DCCP over IPv6", BYTES(ETHER(0x86dd), IP6(12, 33), PORTS12), KEY6(NONE, 52, PROTO(33), PORTS) },
	{ "ICMPv6", BYTES(ETHER(0x86dd), IP6(4, 58), ICMP6), KEY6(NONE, 44, PROTO(58), ECHO(128)) },
	{ "ICMPv6 of 3 bytes", BYTES(ETHER(0x86dd), IP6(3, 58), ICMP6), KEY6(MALFORMED, 43, PROTO(58)) },
	{ "ICMP in IPv6", BYTES(ETHER(0x86dd), IP6(8, 1), ICMP), .needs = 54, KEY6(NONE, 48, PROTO(1)) },
	{ "GRE over IPv6", BYTES(ETHER(0x86dd), IP6(8, 47), ZERO8), .needs = 54, KEY6(NONE, 48, PROTO(47)) },
	{ "ESP over IPv6", BYTES(ETHER(0x86dd), IP6(8, 50), ZERO8), .needs = 54, KEY6(NONE, 48, PROTO(50)) },
	{ "IPv4 in IPv6", BYTES(ETHER(0x86dd), IP6(20, 4), IP4(20, 0, 6)), .needs = 54, KEY6(NONE, 60, PROTO(4)) },
	{ "no next header", BYTES(ETHER(0x86dd), IP6(0, 59)), KEY6(NONE, 40, PROTO(59)) },
	{ "no next header, then bytes", BYTES(ETHER(0x86dd), IP6(8, 59), ZERO8),
	  .needs = 54, KEY6(NONE, 48, PROTO(59)) },
	{ "hop limit", BYTES(ETHER(0x86dd), 0x60, 0, 0, 0, U16(8), 17, 0, 0x20, 1, 0xd, 0xb8, ZERO8, 0, 0, 0, 1, 0x20, 1, 0xd,
			     0xb8, ZERO8, 0, 0, 0, 2, UDP),
	  KEY6(NONE, 48, PROTO(17), PORTS, { FW_F_TTL, 0 }) },
	{ "DSCP over IPv6", BYTES(ETHER(0x86dd), IP6_AS(0x6b, 0xbf, 8, 17), UDP),
	  KEY6(NONE, 48, PROTO(17), PORTS, { FW_F_DSCP, 46 }) },
	{ "IPv4 as IPv6", BYTES(ETHER(0x86dd), IP4(40, 0, 6), TCP), FRAME(MALFORMED, 0x86dd, 40) },
	{ "version 7 as IPv6", BYTES(ETHER(0x86dd), IP6_AS(0x70, 0, 20, 6), TCP), FRAME(MALFORMED, 0x86dd, 60) },
	{ "IPv6 of 39 bytes", BYTES(ETHER(0x86dd), 0x60, 0, 0, 0, 0, 0, 59, ZERO20, ZERO8, 0, 0, 0, 0),
	  FRAME(MALFORMED, 0x86dd, 39) },
	{ "payload length beyond the frame", BYTES(ETHER(0x86dd), IP6(21, 6), TCP), FRAME(MALFORMED, 0x86dd, 60) },
	{ "payload length of 0, TCP", BYTES(ETHER(0x86dd), IP6(0, 6), TCP), KEY6(MALFORMED, 40, PROTO(6)) },
	{ "payload in another part", BYTES(ETHER(0x86dd), IP6(1460, 6), TCP), .meta = { .len = 1514 },
	  KEY6(NONE, 1500, PROTO(6), SYN) },
	{ "padding over IPv6", BYTES(ETHER(0x86dd), IP6(8, 17), UDP, ZERO8), .needs = 62, .ends = 62,
	  KEY6(NONE, 48, PROTO(17), PORTS) },
	{ "header in the padding over IPv6", BYTES(ETHER(0x86dd), IP6(7, 17), UDP, ZERO8),
	  KEY6(MALFORMED, 47, PROTO(17)) },
	{ "jumbogram", BYTES(ETHER(0x86dd), IP6(0, 0), 6, 0, 0xc2, 4, 0, 1, 17, 112, TCP), .meta = { .len = 70054 },
	  .needs = 82, .ends = 82, .open = true, KEY6(NONE, 65535, PROTO(6), SYN) },
	{ "jumbogram of small size", BYTES(ETHER(0x86dd), IP6(0, 0), 6, 0, 0xc2, 4, 0, 0, 0, 28, TCP), .open = true,
	  KEY6(NONE, 68, PROTO(6), SYN) },
	{ "large segment without options", BYTES(ETHER(0x86dd), IP6(0, 6), TCP), .meta = { .len = 54 + 65536 },
	  KEY6(NONE, 65535, PROTO(6), SYN) },
	{ "payload length of 0, 65535 bytes", BYTES(ETHER(0x86dd), IP6(0, 6), TCP), .meta = { .len = 54 + 65535 },
	  KEY6(MALFORMED, 40, PROTO(6)) },

	/* IPv6: extension headers */
	{ "hop-by-hop", BYTES(ETHER(0x86dd), IP6(28, 0), EXT(6), TCP), KEY6(NONE, 68, PROTO(6), SYN) },
	{ "routing", BYTES(ETHER(0x86dd), IP6(36, 43), EXT16(6), TCP), KEY6(NONE, 76, PROTO(6), SYN, { FW_F_RT_TYPE, 1 }) },
	{ "destination options", BYTES(ETHER(0x86dd), IP6(24, 60), EXT16(17), UDP), KEY6(NONE, 64, PROTO(17), PORTS) },
	{ "authentication", BYTES(ETHER(0x86dd), IP6(44, 51), AUTH(6), TCP), KEY6(NONE, 84, PROTO(6), SYN) },
	{ "authentication of 12 bytes", BYTES(ETHER(0x86dd), IP6(20, 51), 17, 1, ZERO8, 0, 0, UDP),
	  KEY6(NONE, 60, PROTO(17), PORTS) },
	{ "mobility", BYTES(ETHER(0x86dd), IP6(8, 135), EXT(59)), KEY6(NONE, 48, PROTO(59)) },
	{ "HIP", BYTES(ETHER(0x86dd), IP6(16, 139), EXT16(59)), .needs = 62, KEY6(NONE, 56, PROTO(59)) },
	{ "shim6", BYTES(ETHER(0x86dd), IP6(28, 140), EXT(6), TCP), KEY6(NONE, 68, PROTO(6), SYN) },
	{ "extension header, then ICMPv6", BYTES(ETHER(0x86dd), IP6(12, 0), EXT(58), ICMP6),
	  KEY6(NONE, 52, PROTO(58), ECHO(128)) },
	{ "extension header, then ESP", BYTES(ETHER(0x86dd), IP6(16, 60), EXT(50), ZERO8), .needs = 62,
	  KEY6(NONE, 56, PROTO(50)) },
	{ "options of 2,048 bytes", .bytes = long_options, .len = sizeof(long_options),
	  KEY6(NONE, 2108, PROTO(6), SYN) },
	{ "all kinds", BYTES(ETHER(0x86dd), IP6(100, 0), EXT(60), EXT16(43), EXT(44), FRAGMENT(51, 0),
	  AUTH(60), EXT16(6), TCP),
	  KEY6(NONE, 140, PROTO(6), SYN, { FW_F_RT_TYPE, 1 }) },
	{ "all kinds, two tags",
	  BYTES(ETHER_TAGGED(TWO(TAG(0x88a8, 1), TAG(0x8100, 2)), 0x86dd), IP6(92, 0), EXT(43),
	  EXT(44), FRAGMENT(51, 1),
		AUTH(60), EXT16(135), EXT(17), UDP, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
	  .needs = 142, KEY6(NONE, 132, PROTO(17), PORTS, VLAN(1), FIRST, { FW_F_RT_TYPE, 1 }) },
	{ "8 headers", BYTES(ETHER(0x86dd), IP6(84, 0), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60),
	  EXT(6), TCP),
	  KEY6(NONE, 124, PROTO(6), SYN) },
	{ "9 headers",
	  BYTES(ETHER(0x86dd), IP6(80, 0), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60),
	  EXT(17), UDP),
	  .needs = 118, KEY6(EXT_HEADERS, 120) },
	{ "9 headers, the last is not there",
	  BYTES(ETHER(0x86dd), IP6(64, 0), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(60), EXT(44)),
	  KEY6(EXT_HEADERS, 104) },
	{ "extension header beyond the packet", BYTES(ETHER(0x86dd), IP6(8, 0), EXT16(6), TCP), KEY6(MALFORMED, 48) },
	{ "extension header of 7 bytes", BYTES(ETHER(0x86dd), IP6(7, 0), EXT(6), TCP), KEY6(MALFORMED, 47) },
	{ "extension header missing", BYTES(ETHER(0x86dd), IP6(8, 0), EXT(43)), KEY6(MALFORMED, 48) },
	{ "authentication beyond the packet", BYTES(ETHER(0x86dd), IP6(23, 51), AUTH(6), TCP), KEY6(MALFORMED, 63) },
	{ "TCP after extension headers is missing", BYTES(ETHER(0x86dd), IP6(8, 0), EXT(6)),
	  KEY6(MALFORMED, 48, PROTO(6)) },

	/* IPv6: fragments */
	{ "atomic fragment", BYTES(ETHER(0x86dd), IP6(28, 44), FRAGMENT(6, 0), TCP), KEY6(NONE, 68, PROTO(6), SYN) },
	{ "atomic fragment, reserved bits", BYTES(ETHER(0x86dd), IP6(28, 44), 6, 255, 0, 6, 0, 0, 0, 1, TCP),
	  KEY6(NONE, 68, PROTO(6), SYN) },
	{ "first fragment over IPv6", BYTES(ETHER(0x86dd), IP6(32, 44), FRAGMENT(6, 1), TCP, 0, 0, 0, 0), .needs = 82,
	  KEY6(NONE, 72, PROTO(6), SYN, FIRST) },
	{ "later fragment over IPv6", BYTES(ETHER(0x86dd), IP6(16, 44), FRAGMENT(6, 9), ZERO8), .needs = 62,
	  KEY6(NONE, 56, PROTO(6), LATER) },
	{ "last fragment over IPv6", BYTES(ETHER(0x86dd), IP6(9, 44), FRAGMENT(58, 0xfff8), 0), .needs = 62,
	  KEY6(NONE, 49, PROTO(58), LATER) },
	{ "later fragment, more headers in the first", BYTES(ETHER(0x86dd), IP6(24, 0),
	  EXT(44), FRAGMENT(60, 8), ZERO8),
	  .needs = 70, KEY6(NONE, 64, PROTO(60), LATER) },
	{ "first fragment, headers in it", BYTES(ETHER(0x86dd), IP6(24, 44), FRAGMENT(60, 1), EXT(17), UDP),
	  KEY6(NONE, 64, PROTO(17), PORTS, FIRST) },
	{ "first fragment over IPv6, TCP of 16 bytes", BYTES(ETHER(0x86dd), IP6(24, 44), FRAGMENT(6, 1), ZERO8, ZERO8),
	  KEY6(MALFORMED, 64, PROTO(6), FIRST) },
	{ "first fragment, headers go on", BYTES(ETHER(0x86dd), IP6(16, 44), FRAGMENT(60, 1), EXT16(6)),
	  KEY6(MALFORMED, 56, FIRST) },
	{ "two fragment headers", BYTES(ETHER(0x86dd), IP6(24, 44), FRAGMENT(44, 1), FRAGMENT(17, 1), UDP),
	  KEY6(MALFORMED, 64, FIRST) },
	{ "two atomic fragments", BYTES(ETHER(0x86dd), IP6(24, 44), FRAGMENT(44, 0), FRAGMENT(17, 0), UDP),
	  KEY6(MALFORMED, 64) },
	{ "later fragment, length beyond the frame", BYTES(ETHER(0x86dd), IP6(17, 44), FRAGMENT(6, 9), ZERO8),
	  FRAME(MALFORMED, 0x86dd, 56) },
	{ "fragment header of 7 bytes", BYTES(ETHER(0x86dd), IP6(7, 44), 6, 0, 0, 0, 0, 0, 0), KEY6(MALFORMED, 47) },
};
/* clang-format on */
const size_t fw_ncases = sizeof(fw_cases) / sizeof(fw_cases[0]);

struct fw_meta fw_case_meta(const struct fw_case *c)
{
	struct fw_meta meta = c->meta;

	if (!meta.len)
		meta.len = c->len;
	return meta;
}

/* The header that the IPv6 header of a frame names, which follows its tags and a PPPoE header with a protocol of two bytes. */
static uint32_t next_header(const struct fw_case *c)
{
	uint32_t at = c->meta.l3 ? 0 : 12, type = 0;

	while (!c->meta.l3 && type != 0x86dd) {
		type = (uint32_t)c->bytes[at] << 8 | c->bytes[at + 1];
		at += type == 0x86dd ? 2 : type == 0x8864 ? 10 : 4;
		type = type == 0x8864 ? 0x86dd : type;
	}
	return c->bytes[at + 6];
}

/* The rare fields of a frame whose case does not name them. */
static uint32_t rare_usual(const struct fw_case *c, enum fw_field field)
{
	const struct fw_field_info *info = &fw_field_info[field];
	struct fw_key key = { .family = c->family };

	for (size_t i = 0; i < c->nwant; i++)
		key.f[c->want[i].field] = c->want[i].value;
	if (!(fw_field_hooks(field) & 1u << c->meta.hook))
		return info->absent;
	if (fw_field_is_mark_byte(field))
		return c->meta.mark >> 8 * (field - FW_F_MARK_0) & 255;
	if (field == FW_F_MAC_HIGH || field == FW_F_MAC_LOW)
		return c->meta.l3 || c->len < 14 ? info->absent : info->usual[0];
	if (info->layer == FW_LAYER_FRAME)
		return c->len < 14 && !c->meta.l3 ? info->absent : info->usual[0];
	if (c->reason != FW_R_NONE || !(fw_key_layers(&key) & fw_field_layer(field)) ||
	    !fw_field_in_family(field, c->family))
		return info->absent;
	return field == FW_F_NEXT_HEADER ? next_header(c) : info->usual[c->family == FW_IP6];
}

void fw_case_key(const struct fw_case *c, struct fw_key *key)
{
	*key = (struct fw_key){ .family = c->family, .reason = c->reason };
#define ABSENT(sym, ...) key->f[FW_F_##sym] = FW_ABSENT_##sym;
	FW_FIELDS(ABSENT)
#undef ABSENT
	key->f[FW_F_HOOK] = c->meta.hook;
	key->f[FW_F_IFACE] = c->meta.iface;
	key->f[FW_F_MARK] = c->meta.mark;
	/* The header fields that a case does not name have their usual values. */
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (c->family && fw_field_info[f].header_byte[0])
			key->f[f] = fw_field_info[f].usual[c->family == FW_IP6];
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (fw_field_info[f].source == FW_SOURCE_RARE)
			key->f[f] = rare_usual(c, f);
	for (size_t i = 0; i < c->nwant; i++)
		key->f[c->want[i].field] = c->want[i].value;
	if (c->family == FW_IP4) {
		key->src.hi = 0x0a00000100000000ull;
		key->dst.hi = 0xc000020100000000ull;
	}
	if (c->family == FW_IP6) {
		key->src = (struct fw_addr){ 0x20010db800000000ull, 1 };
		key->dst = (struct fw_addr){ 0x20010db800000000ull, 2 };
	}
}

void fw_case_key_cut(const struct fw_case *c, uint32_t readable, uint32_t len, struct fw_key *key)
{
	uint32_t whole = fw_case_meta(c).len, needs = c->needs ? c->needs : c->len;
	uint32_t ends = c->ends ? c->ends : c->open ? needs : whole;
	uint32_t length;

	fw_case_key(c, key);
	if (c->llc && readable >= ETH_HLEN && len < needs) {
		key->reason = FW_R_NON_IP;
		key->f[FW_F_LENGTH] = len - ETH_HLEN;
		return;
	}
	if (c->reason == FW_R_MALFORMED || readable < needs || len < ends) {
		key->reason = FW_R_MALFORMED;
		return;
	}
	if (!c->open)
		return;
	/* The metadata of the packet; only the length depends on the frame. */
	length = len - (c->family == FW_IP6 || c->llc ? ETH_HLEN : needs);
	key->f[FW_F_LENGTH] = length > FW_LENGTH_MAX ? FW_LENGTH_MAX : length;
}
