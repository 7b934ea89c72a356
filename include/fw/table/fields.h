/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The match fields: one row each. A field is an interval field over one u32 of
 * the packet's key; the lookup does not know what a field means. A packet that
 * lacks a field (the ports of a later fragment) carries max + 1, which no rule
 * can name, so a rule that constrains the field never matches it.
 *
 * A new field is one row here and one line in the packet parser (packet.h).
 */
#ifndef FW_FIELDS_H
#define FW_FIELDS_H

#include "fw/table/verdict.h"

/*
 * X(symbol, keyword, largest value, flow word, flow shift): the last two place
 * the value in the packed flow key (struct fw_flow), max + 1 included.
 */
/* clang-format off */
#define FW_FIELDS(X)                                     \
	X(PROTO, "proto", 255, 0, 0)                     \
	X(SPORT, "sport", 65535, 0, 9)                   \
	X(DPORT, "dport", 65535, 0, 26)                  \
	X(ICMP_TYPE, "icmp-type", 255, 1, 0)             \
	X(ICMP_CODE, "icmp-code", 255, 1, 9)             \
	X(TCP_FLAGS, "flags", 255, 1, 18)                \
	X(HOOK, "hook", 1, 0, 43)                        \
	X(IFACE, "on", 65535, 0, 44)                     \
	X(ETHERTYPE, "ethertype", 65535, 2, 0)           \
	X(VLAN, "vlan", 4095, 1, 27)                     \
	X(DSCP, "dscp", 63, 1, 40)                       \
	X(FRAG, "frag", 2, 1, 47)                        \
	X(LENGTH, "length", 65535, 2, 16)                \
	X(MARK, "mark", 0xffffffffu, 2, 32)

enum fw_field {
#define FW_FIELD_ENUM(sym, kw, max, word, shift) FW_F_##sym,
	FW_FIELDS(FW_FIELD_ENUM)
#undef FW_FIELD_ENUM
	FW_NFIELDS,
	FW_F_NONE = 15, /* a key slot that is always 0 */
	FW_KEY_SLOTS = 16,
};
/* clang-format on */

/* Word 0 has the fields that most rulesets use, and the family, which is always part of a flow. */
#define FW_FLOW_WORDS 3
#define FW_FLOW_FAMILY_SHIFT 61

/* The number of every interface that the ruleset does not name. */
#define FW_IFACE_OTHER 65535

/* The value of a field that the packet does not have. */
enum fw_field_absent {
#define FW_FIELD_ABS(sym, kw, max, word, shift) FW_ABSENT_##sym = (int)((max) + 1u),
	FW_FIELDS(FW_FIELD_ABS)
#undef FW_FIELD_ABS
};

/* All bits that the values of a field, and its absence, take. Every frame has a hook, an ethertype, a length and a mark. */
static inline __u32 fw_field_bits(__u32 field)
{
	static const __u32 max[FW_NFIELDS] = {
#define FW_FIELD_LARGEST(sym, kw, max, word, shift) max,
		FW_FIELDS(FW_FIELD_LARGEST)
#undef FW_FIELD_LARGEST
	};
	__u32 largest = max[field], bits = 1;

	if (field != FW_F_HOOK && field != FW_F_ETHERTYPE && field != FW_F_LENGTH && field != FW_F_MARK)
		largest++;
	while (bits < largest)
		bits = bits << 1 | 1;
	return bits;
}

enum fw_hook { FW_IN, FW_OUT, FW_NHOOKS };
enum fw_frag { FW_FRAG_NO, FW_FRAG_FIRST, FW_FRAG_LATER };
enum fw_family { FW_FAMILY_NONE, FW_IP4, FW_IP6, FW_NFAMILIES };

/*
 * An IP address in host byte order, left aligned: IPv6 fills both words, IPv4
 * stands in the upper half of hi. So one longest-prefix walk serves both.
 */
struct fw_addr {
	__u64 hi;
	__u64 lo;
};

/* What the classifier knows of a packet. f[FW_F_NONE] is 0. */
struct fw_key {
	struct fw_addr src;
	struct fw_addr dst;
	__u32 f[FW_KEY_SLOTS];
	__u32 family; /* enum fw_family */
	__u32 reason; /* enum fw_reason: whose policy decides when no rule does, see fw_reason_has_rules() */
};
FW_ASSERT_SIZE(struct fw_key, 104);

#endif
