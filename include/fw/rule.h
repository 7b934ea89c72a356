/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules and rulesets as the user means them: no I/O, no tables.
 *
 * A ruleset owns everything reachable from it. Address expressions are interned:
 * two rules that say the same about an address hold the same number, and that
 * number is what the compiler calls an identity.
 */
#ifndef FW_RULE_H
#define FW_RULE_H

#include "fw/base.h"
#include "fw/table/fields.h"

#define FW_NAME_MAX 63     /* bytes of a rule's or set's name */
#define FW_COMMENT_MAX 255 /* bytes of a comment */
#define FW_IFNAME_MAX 15   /* bytes of an interface name (IFNAMSIZ - 1) */
#define FW_ALTNAME_MAX 127 /* bytes of another name of an interface (ALTIFNAMSIZ - 1) */

/* Values lo to hi, both included. For FW_F_TCP_FLAGS: lo is the mask and hi the value, (flags & lo) == hi. */
struct fw_range {
	uint32_t lo, hi;
};

/*
 * What a rule says about one field: the packet's value lies in one of the
 * ranges, or, negated, the packet has the field and its value lies in none.
 * Ranges are sorted, disjoint and not adjacent, but for FW_F_TCP_FLAGS, where
 * they are (mask, value) pairs in the order written.
 */
struct fw_match {
	uint8_t field; /* enum fw_field */
	uint8_t negated;
	uint16_t n;
	struct fw_range r[];
};

/* Addresses lo to hi of one family, both included. */
struct fw_addr_range {
	struct fw_addr lo, hi;
	uint8_t family; /* FW_IP4 or FW_IP6 */
};

/*
 * An address expression: the union of ranges and named sets, or, negated, every
 * address (of both families) outside that union. Ranges are sorted by (family,
 * lo), disjoint and merged. The expression number 0 is `any`: no ranges, no
 * sets, not negated, and matches every IP packet.
 */
struct fw_addrs {
	uint32_t refs;  /* private: rules, also replaced ones that an edit still holds, and fw_ruleset_addrs_hold() */
	uint32_t rules; /* sides of rules that say this */
	uint32_t nranges;
	uint32_t nsets : 31, negated : 1;
	const struct fw_addr_range *ranges; /* never NULL, but for numbers that are not in use any more */
	const uint32_t *sets;               /* numbers of sets, ascending */
};
#define FW_ANY 0

/* What the words behind a set's file say of it. */
enum fw_set_word {
	FW_SET_MAY_BE_EMPTY = 1, /* a file without an element is no error */
	FW_SET_SKIP_BAD = 2,     /* its bad lines are passed over, and counted */
	FW_SET_CSV = 4,          /* the first of its columns counts */
	FW_SET_P2P = 8,          /* its lines are LABEL:FIRST-LAST, whatever the label holds */
};

/* A named set of addresses. Elements stand as given (sorted by family, lo, hi; no two equal), so that each can be deleted again. */
struct fw_set {
	const char *name; /* NULL: there is no set of this number any more */
	const char *path; /* file that it was read from, as written in the ruleset; NULL: elements given in place */
	struct fw_addr_range *elements;
	size_t n, cap;
	uint32_t line;    /* of its definition, 0: none */
	uint32_t users;   /* address expressions that refer to it */
	uint32_t rules;   /* sides of rules that do */
	uint32_t pending; /* private to the open edit */
	bool dynamic;     /* filled at run time: a load takes over what is live */
	uint8_t words;    /* enum fw_set_word, ORed */
	uint8_t width;    /* no element's last address is 2^width or more above its first one */
};

struct fw_rule {
	uint64_t id;
	const char *name;                /* NULL: none */
	const char *comment;             /* NULL: none */
	const struct fw_match **matches; /* ascending by field */
	struct fw_rule *prev, *next;     /* in order; NULL at the ends */
	uint32_t rank;                   /* 1 to FW_RANK_MAX, ascending in the order of the rules, with gaps */
	uint32_t slot;                   /* its counter, from 0; stays with the id */
	uint32_t src, dst;               /* address expressions */
	uint32_t line;                   /* where it was defined, 0: no file */
	uint32_t edit;                   /* private to the open edit */
	uint8_t nmatches;
	uint8_t verdict; /* enum fw_verdict */
	uint8_t own_id;  /* 1: the id was given by the user, 0: it was the next free one */
	uint8_t counter; /* 1: who exports what was counted is to show it; all rules count */
};

/*
 * An interface that rules name, at its number. A number outlives its rules, since packets may still come with it: see
 * fw_ruleset_ifaces_wait().
 */
struct fw_iface {
	const char *name; /* NULL: the number is nobody's */
	uint32_t rules;   /* that name it */
	bool fresh;       /* it was given since fw_ruleset_ifaces_settle() */
	bool held;        /* with a name: stays without rules; without one: is not given to another yet */
	bool waits;       /* unused since before the grace period that is running */
};

struct fw_ruleset {
	const char *file;             /* for diagnostics; NULL: none */
	struct fw_rule *first, *last; /* the rules, first match first */
	struct fw_rule **rules;       /* the same as an array; after edits: once fw_ruleset_order() has run */
	size_t nrules, rules_cap;
	struct fw_addrs *addrs; /* [0] is `any` */
	size_t naddrs, addrs_cap;
	struct fw_set *sets;
	size_t nsets, sets_cap;
	struct fw_iface *ifaces; /* by number */
	size_t nifaces, ifaces_cap;
	uint32_t ifaces_named, ifaces_fresh;  /* of them so many have a name, and so many a fresh one */
	uint32_t ifaces_idle, ifaces_parting; /* not held and without rules; nobody's and held */
	uint8_t policy
		[FW_NREASONS]; /* enum fw_verdict for each enum fw_reason; those of FW_R_IN and FW_R_OUT follow nobody */
	uint8_t policy_set[FW_NREASONS]; /* 1: said by the user, 0: the default */
	struct fw_diags *warnings;       /* of its text, which was taken; NULL: none */
	bool names_services;             /* its text does: what they mean is told by this machine, today */
	uint64_t next_id;                /* above every id in use; 0: none is, and rules get one that is free */
	uint32_t next_slot;
	uint64_t
		recycled; /* grows when the number of a set, or of an expression of more than one range, may mean another */
	struct fw_region region;
	struct fw_rule_index *index; /* private: names, ids, address expressions */
};

/* Where warnings of the ruleset's text go; NULL when memory is out. */
struct fw_diags *fw_ruleset_warnings(struct fw_ruleset *rs);

/* Return: an empty ruleset with the default policies, freed with fw_ruleset_free(), or NULL when memory is out. */
struct fw_ruleset *fw_ruleset_new(const char *file);
void fw_ruleset_free(struct fw_ruleset *rs); /* NULL is fine */

/**
 * fw_ruleset_add - append a rule
 * @draft: src, dst, matches (any order; borrowed and copied, each in the canonical
 *         form of struct fw_match or not: it is normalised), verdict, counter, name,
 *         comment, line; id 0 asks for the next free one
 * @at:    where the user wrote it, for the diagnostics
 * @out:   the rule, owned by the ruleset; may be NULL
 *
 * Refuses what can never match (ports with icmp, `ip` with an IPv6 prefix, an
 * empty list), a field the protocol does not have, and an id or name in use.
 * Return: 0, -EINVAL with a diagnostic, or -ENOMEM; the ruleset is untouched on failure.
 */
int fw_ruleset_add(struct fw_ruleset *rs, const struct fw_rule *draft, struct fw_place at, struct fw_diags *ds,
		   struct fw_rule **out);

/*
 * Can an interface be called so? The kernel refuses '/', ':', white space, "." and "..", and more than @max bytes:
 * FW_IFNAME_MAX, or FW_ALTNAME_MAX of another name. All other bytes may be in a name, also quotes and those above 0x7f.
 */
bool fw_ifname_valid(const char *s, size_t len, size_t max);
/**
 * fw_ruleset_addrs - the number of an address expression, interned
 * @ranges:  any order, may overlap; borrowed
 * @sets:    any order; borrowed
 * @number:  the result; FW_ANY for the empty, not negated expression
 * Return: 0 or -ENOMEM.
 */
int fw_ruleset_addrs(struct fw_ruleset *rs, const struct fw_addr_range *ranges, size_t nranges, const uint32_t *sets,
		     size_t nsets, bool negated, uint32_t *number);

/* The number of an interface name, the lowest free one if it has none; negative: -ENOMEM, or -E2BIG: all FW_IFACES_MAX are taken. */
int fw_ruleset_iface(struct fw_ruleset *rs, const char *name);
#define FW_IFACES_MAX FW_IFACE_OTHER
/* The number that a name has, or -ENOENT. */
int fw_ruleset_iface_find(const struct fw_ruleset *rs, const char *name);

/* Rule by id or name; NULL: none. */
struct fw_rule *fw_ruleset_by_id(const struct fw_ruleset *rs, uint64_t id);
struct fw_rule *fw_ruleset_by_name(const struct fw_ruleset *rs, const char *name);
/* The rule that counts in @slot; NULL: none. */
struct fw_rule *fw_ruleset_by_slot(const struct fw_ruleset *rs, uint32_t slot);
/* A rule as diagnostics call it: "30 (web)". Return: @buf. */
#define FW_RULE_LABEL (FW_NAME_MAX + 32)
const char *fw_rule_label(const struct fw_rule *r, char *buf, size_t size);

/* A new, empty set (number in @number): 0, -EEXIST or -ENOMEM. The ruleset copies name and path. */
int fw_ruleset_set(struct fw_ruleset *rs, const char *name, const char *path, uint32_t *number);
/* Number of the set of that name, or -ENOENT. */
int fw_ruleset_set_find(const struct fw_ruleset *rs, const char *name);
/* Appends an element; fw_set_sort() must run before the set is used. 0 or -ENOMEM. */
int fw_set_push(struct fw_set *set, const struct fw_addr_range *element);
/* Sorts and drops equal elements. */
void fw_set_sort(struct fw_set *set);
/* The elements of a sorted set that may overlap @r: those from *first to *end - 1. No other does. */
void fw_set_near(const struct fw_set *set, const struct fw_addr_range *r, size_t *first, size_t *end);
/* To be told of an element that comes into the set other than by fw_set_push(). */
void fw_set_widen(struct fw_set *set, const struct fw_addr_range *element);

/* The address behind @a, which is not the last one of its family; the one before it, which is not the first. */
struct fw_addr fw_addr_next(enum fw_family family, struct fw_addr a);
struct fw_addr fw_addr_prev(enum fw_family family, struct fw_addr a);

/**
 * fw_addr_ranges_merge - sort by (family, lo) and merge what overlaps or touches, in place
 * Return: the new number of ranges.
 */
size_t fw_addr_ranges_merge(struct fw_addr_range *r, size_t n);

/**
 * fw_addrs_ranges - an address expression as plain ranges: sets resolved, negation carried out
 * @out: @n ranges sorted by (family, lo), merged; free() it. For FW_ANY and other
 *       expressions that hold every address: the two whole families.
 * Return: 0 or -ENOMEM.
 */
int fw_addrs_ranges(const struct fw_ruleset *rs, uint32_t number, struct fw_addr_range **out, size_t *n);

/**
 * fw_match_ranges - a match as plain ranges of values: negation carried out, flags expanded
 * @out: at most FW_MATCH_RANGES_MAX(match) ranges, sorted, disjoint, not adjacent
 * Return: how many.
 */
size_t fw_match_ranges(const struct fw_match *m, struct fw_range *out);
#define FW_MATCH_RANGES_MAX(m) ((m)->field == FW_F_TCP_FLAGS ? 256 : (size_t)(m)->n + 1)

/* True when @rule names ethertypes of which one is not IP, so that it may match frames that are not IP. */
bool fw_rule_names_non_ip(const struct fw_rule *rule);

/* Can the rule match packets of this hook? */
bool fw_rule_on_hook(const struct fw_rule *rule, enum fw_hook hook);

/* Does @wide match all packets that @narrow matches? Whatever sets may come to hold; false: that is not certain. */
bool fw_rule_covers(const struct fw_ruleset *rs, const struct fw_rule *wide, const struct fw_rule *narrow);

/* The match that a rule has for a field, or NULL. */
const struct fw_match *fw_rule_match(const struct fw_rule *rule, enum fw_field field);

/* Address order (as unsigned 128 bit numbers): negative, 0, positive. */
static inline int fw_addr_cmp(struct fw_addr a, struct fw_addr b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* The last address of the family: IPv4 addresses have zeros below the upper 32 bits. */
static inline struct fw_addr fw_addr_last(enum fw_family family)
{
	return family == FW_IP4 ? (struct fw_addr){ 0xffffffff00000000ull, 0 } : (struct fw_addr){ ~0ull, ~0ull };
}

/* The range that a prefix covers; host bits of @addr are ignored. @len in bits, at most 32 or 128. */
struct fw_addr_range fw_addr_prefix(enum fw_family family, struct fw_addr addr, unsigned len);

/* What a field is called and how large its values are; indexed by enum fw_field. */
struct fw_field_info {
	const char *keyword;
	uint32_t max;
	uint32_t absent; /* max + 1, the value of a packet without the field */
};
extern const struct fw_field_info fw_field_info[FW_NFIELDS];

struct fw_reason_info {
	const char *name;
	uint8_t verdict; /* default */
};
extern const struct fw_reason_info fw_reason_info[FW_NREASONS];

/* As rules and policies say it. */
static inline const char *fw_verdict_name(enum fw_verdict verdict)
{
	static const char *const names[] = { [FW_DROP] = "drop", [FW_ACCEPT] = "accept", [FW_FOLLOW] = "follow" };

	return names[verdict];
}

/* What a policy does with a packet at a hook: FW_DROP or FW_ACCEPT. */
static inline enum fw_verdict fw_ruleset_policy(const struct fw_ruleset *rs, enum fw_reason reason, enum fw_hook hook)
{
	uint8_t policy = rs->policy[reason];

	return (enum fw_verdict)(policy == FW_FOLLOW ? rs->policy[hook == FW_OUT ? FW_R_OUT : FW_R_IN] : policy);
}

/* Is whatever comes in accepted? No rule says otherwise, nor does the policy. */
static inline bool fw_ruleset_is_open(const struct fw_ruleset *rs)
{
	return !rs->nrules && rs->policy[FW_R_IN] == FW_ACCEPT;
}

#endif
