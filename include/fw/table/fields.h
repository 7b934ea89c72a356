/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The match fields: one row each. A field is an interval field over one u32 of
 * the packet's key; the lookup does not know what a field means. A packet that
 * lacks a field (the ports of a later fragment) carries max + 1, which no rule
 * can name, so a rule that constrains the field never matches it.
 *
 * To add a field, add its row here, the lines that read it in packet.h, its line
 * in docs/fw.rules.md, and a rule with it to tests/fuzz/corpus/text. All else
 * follows from the row.
 */
#ifndef FW_FIELDS_H
#define FW_FIELDS_H

#include "fw/table/verdict.h"

/* Where packets are seen: on the wire, before routing and NAT (IN, OUT), or by the host's own stack (netfilter's hooks). */
enum fw_hook { FW_IN, FW_OUT, FW_INPUT, FW_FORWARD, FW_OUTPUT, FW_NHOOKS };
/* Tables indexed by hook have this many rows, so that a mask bounds the index. */
#define FW_HOOK_ROWS 8
_Static_assert(FW_NHOOKS <= FW_HOOK_ROWS, "each hook has a row");
/* Sets of hooks. */
#define FW_HOOK_BIT(hook) (1u << FW_##hook)
#define FW_HOOKS_ALL ((1u << FW_NHOOKS) - 1)
/* The others get IP packets only. */
#define FW_HOOKS_FRAMES (FW_HOOK_BIT(IN) | FW_HOOK_BIT(OUT))
/* Those of packets that arrived in a frame. */
#define FW_HOOKS_ARRIVED (FW_HOOK_BIT(IN) | FW_HOOK_BIT(INPUT) | FW_HOOK_BIT(FORWARD))

/* Which packets have a field: every frame, IP packets, or those of a protocol, unless they are later fragments. */
enum fw_layer { FW_LAYER_FRAME, FW_LAYER_IP, FW_LAYER_PORTS, FW_LAYER_ICMP, FW_LAYER_TCP, FW_NLAYERS };
/* Does each packet of the layer have it (ALWAYS), or may it be absent? */
enum fw_presence { FW_ALWAYS, FW_MAYBE };
/*
 * Where the value of a field comes from, which determines at which hooks it is known and what reading it costs.
 * BYTES: read from the frame by the parser, at every hook
 * HOOK:  known from the hook itself
 * ASKED: a map lookup, made only for rulesets whose rules name the field
 * KERNEL: what the kernel knows of the packet beyond its bytes: asked only for rulesets whose rules name such a field
 * SKB:   a member of the skb, hence unknown to XDP
 * TAG:   from the frame or the skb; a network card may take it out before XDP sees the packet
 * RARE:  as BYTES, but read only for rulesets whose rules name such a field; netfilter's hooks, which see no frame, ask the skb.
 *        The bytes of the mark are known where the mark is
 */
enum fw_source {
	FW_SOURCE_BYTES,
	FW_SOURCE_HOOK,
	FW_SOURCE_ASKED,
	FW_SOURCE_KERNEL,
	FW_SOURCE_SKB,
	FW_SOURCE_TAG,
	FW_SOURCE_RARE
};

/*
 * X(symbol, keyword, largest value, presence, layer, source, flow word, place, ...). The flow word is the word of the packed
 * flow key (struct fw_flow) that holds the value. Word 0 is for what most rulesets use; the others cost nothing while no rule
 * names one of their fields. Rules are printed with their matches in ascending order of place. What follows initialises more
 * members of struct fw_field_info (fw/field.h); the defaults are those of a decimal number without names.
 */
/* clang-format off */
#define FW_FIELDS(X)                                                                                \
	X(PROTO, "proto", 255, MAYBE, IP, BYTES, 0, 70,                                             \
	  .names = { fw_proto_names })                                                              \
	X(SPORT, "sport", 65535, MAYBE, PORTS, BYTES, 0, 75,                                        \
	  .kind = FW_KIND_PORT)                                                                     \
	X(DPORT, "dport", 65535, MAYBE, PORTS, BYTES, 0, 80,                                        \
	  .kind = FW_KIND_PORT)                                                                     \
	X(ICMP_TYPE, "icmp-type", 255, MAYBE, ICMP, BYTES, 1, 85,                                   \
	  .names = { fw_icmp_type_names, fw_icmp6_type_names },                                     \
	  .packet_word = "type", .usual = { 8, 128 },                                               \
	  .hint = "a number up to 255 or a name such as echo-request")                              \
	X(ICMP_CODE, "icmp-code", 255, MAYBE, ICMP, BYTES, 1, 90,                                   \
	  .names = { fw_icmp_code_names, fw_icmp6_code_names }, .names_read_only = true,            \
	  .packet_word = "code", .hint = "a number up to 255 or a name such as port-unreachable")   \
	X(TCP_FLAGS, "flags", 255, MAYBE, TCP, BYTES, 1, 95,                                        \
	  .kind = FW_KIND_FLAGS, .flag = "TCP flag", .names = { fw_tcp_flag_names },                \
	  .packet_word = "flags", .usual = { 2, 2 },                                                \
	  .hint = "fin, syn, rst, psh, ack, urg, ece, cwr with only commas between, or none")       \
	X(HOOK, "hook", FW_NHOOKS - 1, ALWAYS, FRAME, HOOK, 0, 10,                                  \
	  .kind = FW_KIND_WORD, .names = { fw_hook_names })                                         \
	X(IFACE, "on", 32767, MAYBE, FRAME, ASKED, 0, 20,                                           \
	  .kind = FW_KIND_IFACE, .hooks = FW_HOOKS_ALL & ~FW_HOOK_BIT(FORWARD))                     \
	X(ETHERTYPE, "ethertype", 65535, ALWAYS, FRAME, BYTES, 2, 30,                               \
	  .format = "0x%04x", .names = { fw_ethertype_names })                                      \
	X(VLAN, "vlan", 4095, MAYBE, FRAME, TAG, 1, 40,                                             \
	  .packet_word = "vlan", .hint = "a VLAN id from 0 to 4095",                                \
	  .usual = { FW_ABSENT_VLAN, FW_ABSENT_VLAN },                                              \
	  .hooks = FW_HOOK_BIT(IN) | FW_HOOK_BIT(OUT))                                              \
	X(DSCP, "dscp", 63, MAYBE, IP, BYTES, 1, 65,                                                \
	  .names = { fw_dscp_names }, .packet_word = "dscp",                                        \
	  .hint = "a number from 0 to 63, or cs0 to cs7, af11 to af43, ef, va")                     \
	X(FRAG, "frag", 2, MAYBE, IP, BYTES, 1, 60,                                                 \
	  .any = true, .names = { fw_frag_names }, .packet_word = "frag",                           \
	  .hint = "no, first or later")                                                             \
	X(LENGTH, "length", 65535, ALWAYS, FRAME, BYTES, 2, 100,                                    \
	  .packet_word = "length",                                                                  \
	  .hint = "bytes of the IP packet, its header included, up to 65535")                       \
	X(MARK, "mark", 0xffffffffu, ALWAYS, FRAME, SKB, 2, 105,                                    \
	  .kind = FW_KIND_MARK, .format = "0x%x", .packet_word = "mark",                                                  \
	  .hint = "a number up to 4294967295, decimal or 0x hexadecimal")                           \
	X(TTL, "ttl", 255, MAYBE, IP, BYTES, 1, 67,                                                 \
	  .packet_word = "ttl", .usual = { 64, 64 }, .header_byte = { 8, 7 },                       \
	  .hint = "the TTL or hop limit, from 0 to 255")                                            \
	X(STATE, "state", 4, MAYBE, IP, KERNEL, 1, 97,                                              \
	  .spelled = true, .names = { fw_state_names }, .packet_word = "state",                     \
	  .hint = "new, established, related, invalid or untracked")                                \
	X(FROM_IF, "from-if", 32767, MAYBE, FRAME, KERNEL, 3, 22,                                   \
	  .kind = FW_KIND_IFACE, .hooks = FW_HOOKS_ALL & ~FW_HOOK_BIT(OUTPUT))                      \
	X(TO_IF, "to-if", 32767, MAYBE, FRAME, KERNEL, 3, 24,                                       \
	  .kind = FW_KIND_IFACE, .hooks = FW_HOOKS_ALL & ~(FW_HOOK_BIT(IN) | FW_HOOK_BIT(INPUT)))   \
	X(UID, "uid", 0xfffffffeu, MAYBE, IP, KERNEL, 4, 107,                                       \
	  .kind = FW_KIND_OWNER,                                                                    \
	  .packet_word = "uid", .hint = "the number of a user",                                     \
	  .usual = { (__u32)FW_ABSENT_UID, (__u32)FW_ABSENT_UID }, .hooks = FW_HOOK_BIT(OUTPUT))                  \
	X(GID, "gid", 0xfffffffeu, MAYBE, IP, KERNEL, 4, 109,                                       \
	  .kind = FW_KIND_OWNER,                                                                    \
	  .packet_word = "gid", .hint = "the number of a group",                                    \
	  .usual = { (__u32)FW_ABSENT_GID, (__u32)FW_ABSENT_GID }, .hooks = FW_HOOK_BIT(OUTPUT))                  \
	X(PACKET_TYPE, "packet-type", 2, MAYBE, FRAME, RARE, 5, 45,                                 \
	  .spelled = true, .names = { fw_packet_type_names }, .packet_word = "packet-type",         \
	  .hint = "unicast, broadcast or multicast", .hooks = FW_HOOKS_ARRIVED)                     \
	X(RT_TYPE, "rt-type", 255, MAYBE, IP, RARE, 6, 68,                                          \
	  .packet_word = "rt-type", .hint = "the type of a routing header, from 0 to 255",          \
	  .usual = { FW_ABSENT_RT_TYPE, FW_ABSENT_RT_TYPE }, .families = 1u << FW_IP6)              \
	X(IP_OPTION, "ip-option", 127, MAYBE, IP, RARE, 6, 69,                                      \
	  .kind = FW_KIND_FLAGS, .flag = "known IP option", .names = { fw_ip_option_names },          \
	  .packet_word = "ip-option", .usual = { 0, FW_ABSENT_IP_OPTION }, .families = 1u << FW_IP4,                            \
	  .hint = "rr, timestamp, security, lsrr, ssrr, router-alert, any with only commas between, or none") \
	X(TCP_OPTION, "tcp-option", 255, MAYBE, TCP, RARE, 6, 96,                                   \
	  .kind = FW_KIND_FLAGS, .flag = "known TCP option", .names = { fw_tcp_option_names },        \
	  .packet_word = "tcp-option",                                                              \
	  .hint = "mss, window, sack-permitted, sack, timestamp, md5, mptcp, fastopen with only commas between, or none") \
	X(MSS, "mss", 65535, MAYBE, TCP, RARE, 6, 98,                                               \
	  .packet_word = "mss", .usual = { FW_ABSENT_MSS, FW_ABSENT_MSS },                          \
	  .hint = "a maximum segment size from 0 to 65535")                                         \
	X(MARK_0, "mark", 255, ALWAYS, FRAME, RARE, 3, 101, .kind = FW_KIND_FLAGS, .part = true)    \
	X(MARK_1, "mark", 255, ALWAYS, FRAME, RARE, 3, 102, .kind = FW_KIND_FLAGS, .part = true)    \
	X(MARK_2, "mark", 255, ALWAYS, FRAME, RARE, 3, 103, .kind = FW_KIND_FLAGS, .part = true)    \
	X(MARK_3, "mark", 255, ALWAYS, FRAME, RARE, 3, 104, .kind = FW_KIND_FLAGS, .part = true) \
	X(MAC_HIGH, "mac", 0xffffff, MAYBE, FRAME, RARE, 5, 46,                                     \
	  .kind = FW_KIND_MAC, .packet_word = "mac", .hint = "a MAC address such as 02:00:00:00:00:01", \
	  .usual = { 0x020000, 0x020000 }, .hooks = FW_HOOKS_ARRIVED)                               \
	X(MAC_LOW, "mac", 0xffffff, MAYBE, FRAME, RARE, 5, 47,                                      \
	  .usual = { 1, 1 }, .hooks = FW_HOOKS_ARRIVED, .part = true)                               \
	X(NEXT_HEADER, "next-header", 255, MAYBE, IP, RARE, 6, 71,                                 \
	  .names = { fw_proto_names }, .packet_word = "next-header",                                \
	  .hint = "the protocol, or an extension header before it, by name or number",              \
	  .usual = { FW_ABSENT_NEXT_HEADER, FW_ABSENT_NEXT_HEADER }, .families = 1u << FW_IP6)

enum fw_field {
#define FW_FIELD_ENUM(sym, ...) FW_F_##sym,
	FW_FIELDS(FW_FIELD_ENUM)
#undef FW_FIELD_ENUM
	FW_NFIELDS,
	FW_KEY_SLOTS = 1 << (32 - __builtin_clz(FW_NFIELDS - 1)), /* a power of two */
};
/* clang-format on */
/* Sets of fields. */
#define FW_FIELD_BIT(field) ((__u64)1 << (field))
_Static_assert(FW_NFIELDS <= 64, "sets of fields are kept as bits of a __u64");

/* The fields of FW_SOURCE_KERNEL, and of FW_SOURCE_RARE. */
#define FW_FIELD_OF_KERNEL(sym, kw, max, presence, layer, source, ...) \
	| (__u64)(FW_SOURCE_##source == FW_SOURCE_KERNEL) << FW_F_##sym
#define FW_FIELD_RARE(sym, kw, max, presence, layer, source, ...) \
	| (__u64)(FW_SOURCE_##source == FW_SOURCE_RARE) << FW_F_##sym
#define FW_FIELDS_OF_KERNEL ((__u64)0 FW_FIELDS(FW_FIELD_OF_KERNEL))
#define FW_FIELDS_RARE ((__u64)0 FW_FIELDS(FW_FIELD_RARE))

/* The bytes of the mark, the lowest first, so that any mask can be matched: 0xab00/0xff00 is MARK_1. */
#define FW_MARK_BYTES 4
/* Half a MAC address: MAC_HIGH is that of its vendor. */
#define FW_MAC_BITS 24

/* The number of every interface that the ruleset does not name. */
#define FW_IFACE_OTHER 32767

/* The value of a field that the packet does not have. */
enum fw_field_absent {
#define FW_FIELD_ABS(sym, kw, max, ...) FW_ABSENT_##sym = (int)((max) + 1u),
	FW_FIELDS(FW_FIELD_ABS)
#undef FW_FIELD_ABS
};

/* Bits that a field's values take, its absence included. */
#define FW_FIELD_WIDTH(max, presence) (32 - __builtin_clz((max) + (__u32)(FW_##presence == FW_MAYBE)))
#define FW_FIELD_HAS_ABSENT(sym, kw, max, presence, ...) \
	_Static_assert(FW_##presence == FW_ALWAYS || (max) < 0xffffffffu, #sym " has no value left for its absence");
FW_FIELDS(FW_FIELD_HAS_ABSENT)
#undef FW_FIELD_HAS_ABSENT

/* A mask of these bits. */
static inline __u32 fw_field_bits(__u32 field)
{
	static const __u32 bits[FW_NFIELDS] = {
#define FW_FIELD_MASK(sym, kw, max, presence, ...) 0xffffffffu >> (32 - FW_FIELD_WIDTH(max, presence)),
		FW_FIELDS(FW_FIELD_MASK)
#undef FW_FIELD_MASK
	};

	return bits[field];
}

/*
 * The packed flow key: the fields of a word follow one another in the order of their rows. FW_FLOW_SHIFT_x is the first bit
 * of field x in its word, FW_FLOW_FREE_n the first bit of word n that no field has. The near words fill a cache line of the
 * flow cache together with the addresses. The others lie elsewhere, and are read only if rules name one of their fields.
 */
#define FW_FLOW_WORDS 7
#define FW_FLOW_NEAR 3
#define FW_FLOW_RUN(n, sym, max, presence, word) \
	FW_FLOW_##n##_##sym,                     \
		FW_FLOW_##n##_END_##sym =        \
			FW_FLOW_##n##_##sym + ((word) == (n) ? FW_FIELD_WIDTH(max, presence) : 0) - 1,
#define FW_FLOW_RUN0(sym, kw, max, presence, layer, source, word, ...) FW_FLOW_RUN(0, sym, max, presence, word)
#define FW_FLOW_RUN1(sym, kw, max, presence, layer, source, word, ...) FW_FLOW_RUN(1, sym, max, presence, word)
#define FW_FLOW_RUN2(sym, kw, max, presence, layer, source, word, ...) FW_FLOW_RUN(2, sym, max, presence, word)
#define FW_FLOW_RUN3(sym, kw, max, presence, layer, source, word, ...) FW_FLOW_RUN(3, sym, max, presence, word)
#define FW_FLOW_RUN4(sym, kw, max, presence, layer, source, word, ...) FW_FLOW_RUN(4, sym, max, presence, word)
#define FW_FLOW_RUN5(sym, kw, max, presence, layer, source, word, ...) FW_FLOW_RUN(5, sym, max, presence, word)
#define FW_FLOW_RUN6(sym, kw, max, presence, layer, source, word, ...) FW_FLOW_RUN(6, sym, max, presence, word)
enum { FW_FIELDS(FW_FLOW_RUN0) FW_FLOW_FREE_0 };
enum { FW_FIELDS(FW_FLOW_RUN1) FW_FLOW_FREE_1 };
enum { FW_FIELDS(FW_FLOW_RUN2) FW_FLOW_FREE_2 };
enum { FW_FIELDS(FW_FLOW_RUN3) FW_FLOW_FREE_3 };
enum { FW_FIELDS(FW_FLOW_RUN4) FW_FLOW_FREE_4 };
enum { FW_FIELDS(FW_FLOW_RUN5) FW_FLOW_FREE_5 };
enum { FW_FIELDS(FW_FLOW_RUN6) FW_FLOW_FREE_6 };
enum {
#define FW_FLOW_SHIFT(sym, kw, max, presence, layer, source, word, ...) \
	FW_FLOW_SHIFT_##sym = (word) == 0 ? FW_FLOW_0_##sym :           \
			      (word) == 1 ? FW_FLOW_1_##sym :           \
			      (word) == 2 ? FW_FLOW_2_##sym :           \
			      (word) == 3 ? FW_FLOW_3_##sym :           \
			      (word) == 4 ? FW_FLOW_4_##sym :           \
			      (word) == 5 ? FW_FLOW_5_##sym :           \
					    FW_FLOW_6_##sym,
	FW_FIELDS(FW_FLOW_SHIFT)
#undef FW_FLOW_SHIFT
};
/* The family is part of every flow, at the end of word 0. */
#define FW_FLOW_FAMILY_SHIFT FW_FLOW_FREE_0
#define FW_FLOW_FAMILY_BITS 2
#define FW_FLOW_FULL "has no room for all fields whose rows name it: name another one"
_Static_assert(FW_FLOW_FREE_0 + FW_FLOW_FAMILY_BITS <= 64, "word 0 of the flow key " FW_FLOW_FULL);
_Static_assert(FW_FLOW_FREE_1 <= 64, "word 1 of the flow key " FW_FLOW_FULL);
_Static_assert(FW_FLOW_FREE_2 <= 64, "word 2 of the flow key " FW_FLOW_FULL);
_Static_assert(FW_FLOW_FREE_3 <= 64, "word 3 of the flow key " FW_FLOW_FULL);
_Static_assert(FW_FLOW_FREE_4 <= 64, "word 4 of the flow key " FW_FLOW_FULL);
_Static_assert(FW_FLOW_FREE_5 <= 64, "word 5 of the flow key " FW_FLOW_FULL);
_Static_assert(FW_FLOW_FREE_6 <= 64, "word 6 of the flow key " FW_FLOW_FULL);
#define FW_FLOW_WORD_EXISTS(sym, kw, max, presence, layer, source, word, ...) \
	_Static_assert((word) < FW_FLOW_WORDS, #sym " names a word that the flow key does not have");
FW_FIELDS(FW_FLOW_WORD_EXISTS)
#undef FW_FLOW_WORD_EXISTS

/* Where the flow key has a field. */
struct fw_flow_place {
	__u8 word, shift;
};
static inline struct fw_flow_place fw_flow_place(__u32 field)
{
	static const struct fw_flow_place places[FW_NFIELDS] = {
#define FW_FLOW_PLACE(sym, kw, max, presence, layer, source, word, ...) { word, FW_FLOW_SHIFT_##sym },
		FW_FIELDS(FW_FLOW_PLACE)
#undef FW_FLOW_PLACE
	};

	return places[field];
}

/* What the kernel's connection tracking says of a packet. */
enum fw_state {
	FW_STATE_NEW,
	FW_STATE_ESTABLISHED,
	FW_STATE_RELATED,
	FW_STATE_INVALID,
	FW_STATE_UNTRACKED,
	FW_NSTATES
};
enum fw_packet_type { FW_PACKET_UNICAST, FW_PACKET_BROADCAST, FW_PACKET_MULTICAST };
/* Bits of FW_F_TCP_OPTION and FW_F_IP_OPTION: options that a header has. */
enum fw_tcp_option {
	FW_TCP_OPTION_MSS = 1,
	FW_TCP_OPTION_WINDOW = 2,
	FW_TCP_OPTION_SACK_PERMITTED = 4,
	FW_TCP_OPTION_SACK = 8,
	FW_TCP_OPTION_TIMESTAMP = 16,
	FW_TCP_OPTION_MD5 = 32,
	FW_TCP_OPTION_MPTCP = 64,
	FW_TCP_OPTION_FASTOPEN = 128
};
enum fw_ip_option {
	FW_IP_OPTION_RR = 1,
	FW_IP_OPTION_TIMESTAMP = 2,
	FW_IP_OPTION_SECURITY = 4,
	FW_IP_OPTION_LSRR = 8,
	FW_IP_OPTION_SSRR = 16,
	FW_IP_OPTION_ROUTER_ALERT = 32,
	FW_IP_OPTION_ANY = 64 /* every packet that has one, whichever it is, has this too */
};
enum fw_frag { FW_FRAG_NO, FW_FRAG_FIRST, FW_FRAG_LATER };
enum fw_family { FW_FAMILY_NONE, FW_IP4, FW_IP6, FW_NFAMILIES };
_Static_assert(FW_NFAMILIES <= 1 << FW_FLOW_FAMILY_BITS, "the flow key has room for the family");
/* The policy of a hook has the hook's number: the lookup takes one for the other. */
_Static_assert((int)FW_R_IN == (int)FW_IN && (int)FW_R_OUT == (int)FW_OUT && (int)FW_R_INPUT == (int)FW_INPUT &&
		       (int)FW_R_FORWARD == (int)FW_FORWARD && (int)FW_R_OUTPUT == (int)FW_OUTPUT && FW_NHOOKS == 5,
	       "each hook needs a policy, whose reason has the hook's number");

/*
 * An IP address in host byte order, left aligned: IPv6 fills both words, IPv4
 * fills the upper half of hi. So one longest-prefix walk serves both.
 */
struct fw_addr {
	__u64 hi;
	__u64 lo;
};

/* What the classifier knows of a packet. Slots of f[] that no field has are 0. */
struct fw_key {
	struct fw_addr src;
	struct fw_addr dst;
	__u32 f[FW_KEY_SLOTS];
	__u32 family; /* enum fw_family */
	__u32 reason; /* enum fw_reason: whose policy decides when no rule does, see fw_reason_has_rules() */
};
FW_ASSERT_SIZE(struct fw_key, 40 + 4 * FW_KEY_SLOTS);

#endif
