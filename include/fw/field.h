/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space knows of each match field: a row of FW_FIELDS (fw/table/fields.h) as a struct. Parser, printer, checks,
 * queries, packets by hand and completion all read it from here, so that no other list of fields exists.
 */
#ifndef FW_FIELD_H
#define FW_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "fw/table/fields.h"

/* A value and what it is called. Lists of them end with a NULL name; the first name of a value is the one that is printed. */
struct fw_name {
	const char *name;
	uint32_t value;
};

/* How a rule writes the values of a field. */
enum fw_field_kind {
	FW_KIND_NUMBER, /* numbers, ranges of them, names of values */
	FW_KIND_PORT,   /* the same; names are those of services */
	FW_KIND_OWNER,  /* the same; names are those of users or groups */
	FW_KIND_FLAGS,  /* VALUE/MASK of flags, see struct fw_range */
	FW_KIND_MARK,   /* numbers and ranges of them; VALUE/MASK is a match on its bytes */
	FW_KIND_MAC,    /* MAC addresses; a rule has both halves: one value of the higher, some of the lower */
	FW_KIND_IFACE,  /* names of interfaces, which the ruleset numbers */
	FW_KIND_WORD,   /* only by words of FW_FIELD_WORDS: the keyword itself is not part of the language */
};

#define FW_PLACE_ADDRESSES 50 /* where a rule is printed with its addresses */
struct fw_field_info {
	const char *keyword;  /* word before the values in a rule */
	const char *keyword6; /* word in rules about ICMPv6; NULL: the same */
	uint32_t max;         /* the largest value */
	uint32_t absent;      /* max + 1, the value in the key of a packet that lacks the field */
	uint8_t presence;     /* enum fw_presence */
	uint8_t layer;        /* enum fw_layer */
	uint8_t source;       /* enum fw_source */
	uint8_t kind;         /* enum fw_field_kind */
	uint8_t place;        /* a rule is printed with its matches in ascending order of their places */
	uint8_t hooks;        /* the hooks that know the field, bit 1 << hook; 0: all. See fw_field_hooks() */
	uint8_t families;     /* the families whose packets have the field, bit 1 << enum fw_family; 0: all */
	bool any;             /* a rule may have `any` as its value, which constrains nothing */
	bool spelled;         /* all values have names, so they are printed one by one, never as a range */
	bool part;            /* the field is a part of what its keyword names: an earlier row has the same keyword */
	bool names_read_only; /* values are printed as numbers, because their names depend on other fields */

	const char *flag;               /* FW_KIND_FLAGS: what messages call one of the bits */
	const char *format;             /* printf() format of a value; NULL: decimal */
	const struct fw_name *names[2]; /* names of values, and those of ICMPv6 if they differ; NULL: none */

	/* Packets written by hand (fw_text_frame()). */
	const char *packet_word; /* word before the value; NULL: the value has a fixed place in the line */
	const char *hint;        /* the values that can follow @packet_word, for messages */
	uint32_t usual[2];       /* default values in IPv4 and in IPv6 */
	uint8_t header_byte
		[2]; /* offset in the IPv4 and the IPv6 header of the byte that holds the value; 0: the builder places it */
};
/* Indexed by enum fw_field. */
extern const struct fw_field_info fw_field_info[FW_NFIELDS];

/* Words of a rule that are field and value at once. X(word, field, value) */
/* clang-format off */
#define FW_FIELD_WORDS(X)              \
	X("in", HOOK, FW_IN)           \
	X("out", HOOK, FW_OUT)         \
	X("input", HOOK, FW_INPUT)     \
	X("forward", HOOK, FW_FORWARD) \
	X("output", HOOK, FW_OUTPUT)   \
	X("ip", ETHERTYPE, 0x0800)     \
	X("ip6", ETHERTYPE, 0x86dd)
/* ICMPv6's own keywords, struct fw_field_info's keyword6. X(field, keyword) */
#define FW_FIELD_WORDS6(X)             \
	X(ICMP_TYPE, "icmp6-type")     \
	X(ICMP_CODE, "icmp6-code")
/* clang-format on */

/* The keyword of a field in a rule; ICMPv6 has its own for type and code. */
const char *fw_field_word(enum fw_field field, bool v6);
/* The names that a field's values have; NULL: none. @v6 picks ICMPv6's. */
const struct fw_name *fw_field_names(enum fw_field field, bool v6);
/* The word of a hook. */
const char *fw_hook_name(enum fw_hook hook);
/* The name that a value is printed with, or NULL. */
const char *fw_field_value_name(enum fw_field field, bool v6, uint32_t value);

/* Does a match on the field hold (mask, value) pairs instead of ranges? See struct fw_range. */
static inline bool fw_field_is_flags(enum fw_field field)
{
	return fw_field_info[field].kind == FW_KIND_FLAGS;
}

/* Is it a byte of the mark? Of a rule, either one of them has any (mask, value) pairs, or each a single one that is not negated. */
static inline bool fw_field_is_mark_byte(enum fw_field field)
{
	return field >= FW_F_MARK_0 && field <= FW_F_MARK_3;
}

/* Are its values numbers of interfaces? */
static inline bool fw_field_is_iface(enum fw_field field)
{
	return fw_field_info[field].kind == FW_KIND_IFACE;
}

/* The hooks that know a field. */
static inline unsigned fw_field_hooks(enum fw_field field)
{
	return fw_field_info[field].hooks ? fw_field_info[field].hooks : FW_HOOKS_ALL;
}

/* Do packets of the family have it, if they have its layer? */
static inline bool fw_field_in_family(enum fw_field field, enum fw_family family)
{
	return !fw_field_info[field].families || fw_field_info[field].families >> family & 1;
}

/* Sets of layers, bit 1 << layer for each. */
#define FW_LAYERS_FRAME (1u << FW_LAYER_FRAME)
#define FW_LAYERS_IP (FW_LAYERS_FRAME | 1u << FW_LAYER_IP)
/* The set that has only the layer of this field. */
static inline unsigned fw_field_layer(enum fw_field field)
{
	return 1u << fw_field_info[field].layer;
}

/*
 * The layers that whole packets of an IP protocol have; a later fragment has FW_LAYERS_IP, whatever its protocol. ICMP and
 * ICMPv6 belong to one family each; FW_FAMILY_NONE means the right one.
 */
unsigned fw_proto_layers(uint32_t proto, enum fw_family family);
/* The layers of a packet that is looked up: fields of others are absent. */
unsigned fw_key_layers(const struct fw_key *key);

#endif
