/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address ranges, address expressions and named sets: the address book that a ruleset's rules refer to by number, and
 * that tables are compiled from.
 */
#ifndef FW_ADDRS_H
#define FW_ADDRS_H

#include "fw/base.h"
#include "fw/table/fields.h"

/* The addresses from lo to hi of one family, both included. In a dynamic set an element has a time at which it leaves. */
struct fw_addr_range {
	struct fw_addr lo, hi;
	uint8_t family; /* FW_IP4 or FW_IP6 */
	/* When the element leaves its set, in seconds since the epoch; FW_FOREVER: never, or it is in no set. */
	uint32_t until;
};
FW_ASSERT_SIZE(struct fw_addr_range, 40); /* @until fills what would be padding, so timeouts cost no memory */
#define FW_FOREVER 0

/*
 * An address expression: the union of ranges and named sets, or, negated, every
 * address (of both families) outside that union. Ranges are sorted by (family,
 * lo), disjoint and merged. The expression number 0 is `any`: no ranges, no
 * sets, not negated, and matches every IP packet.
 *
 * With @both it is instead the intersection of two other expressions, of which at least one depends on sets. It then has no
 * ranges of its own; @sets lists all sets that the two depend on, followed by the numbers of the two: fw_addrs_part(). Rules
 * have no such expressions; lowering makes them.
 */
struct fw_addrs {
	/* Private. References by rules (also replaced ones that an edit keeps), by expressions @both and by fw_book_hold(). */
	uint32_t refs;
	uint32_t rules; /* number of sides (source, destination) of rules that have this expression */
	uint32_t nranges;
	uint32_t nsets : 30, both : 1, negated : 1; /* flags: see above */
	const struct fw_addr_range *ranges;         /* @nranges of them; NULL: the number is free */
	const uint32_t *sets;                       /* @nsets numbers of sets, ascending */
};
#define FW_ANY 0
#define FW_NOWHERE UINT32_MAX /* stands for no address at all; no expression has this number */

/* The number of the first (@i 0) or second (1) of the two expressions that one with @both intersects. */
static inline uint32_t fw_addrs_part(const struct fw_addrs *a, unsigned i)
{
	return a->sets[a->nsets + i];
}

/* Words after the file of a set. */
enum fw_set_word {
	FW_SET_MAY_BE_EMPTY = 1, /* a file without an element is no error */
	FW_SET_SKIP_BAD = 2,     /* its bad lines are skipped and counted */
	FW_SET_CSV = 4,          /* the first of its columns counts */
	FW_SET_P2P = 8,          /* its lines are LABEL:FIRST-LAST, with any text as label */
};

/* A named set of addresses. Elements are kept as given (sorted by family, lo, hi; no two equal), so that each can be deleted. */
struct fw_set {
	const char *name; /* NULL: the number is free */
	/* File of the elements, as written in the ruleset; NULL: they are listed in the ruleset itself. */
	const char *path;
	struct fw_addr_range *elements;
	size_t n, cap;
	uint32_t line;    /* line of its definition, from 1; 0: none */
	uint32_t users;   /* number of address expressions that refer to the set */
	uint32_t actions; /* number of actions that refer to it, including those that wait for a grace period */
	uint32_t rules;   /* number of sides and actions of rules that refer to it */
	uint32_t pending; /* private to the open edit */
	bool dynamic;     /* filled at run time: a load keeps the elements of the live set */
	bool builtin;     /* exists without a definition: see fw/builtin.h */
	bool filled; /* a built-in set: it has the addresses of the network namespace, if it is of those that hold them */
	uint32_t timeout; /* a dynamic set: seconds that elements without a timeout of their own stay; 0: for ever */
	uint32_t size;    /* a dynamic set: largest number of elements to which packets may fill it; 0: FW_SET_SIZE */
	uint32_t soonest; /* no element leaves the set before this time; FW_FOREVER: none leaves */
	uint8_t words;    /* enum fw_set_word, ORed */
	uint8_t width;    /* no element's last address is 2^width or more above its first one */
};

/* clang-format off */
#define FW_ADDRESS_BOOK_MEMBERS                 \
	struct fw_addrs *addrs; /* [0] is `any` */ \
	size_t naddrs, addrs_cap;                   \
	struct fw_set *sets;                        \
	size_t nsets, sets_cap;
/* clang-format on */
/* The address expressions and sets of a ruleset, of which it is a part. */
struct fw_address_book {
	FW_ADDRESS_BOOK_MEMBERS
};

/*
 * An element was added to a set or removed. Elements that others of the set cover change nothing that a packet could see. A
 * set that is destroyed has a row for each element that it held. Rows exist once fw_edit_settle() has run; those of one set
 * are in order.
 */
struct fw_set_change {
	uint32_t set;
	bool added;
	struct fw_addr_range element;
};

/* An element stays in a set for a longer or shorter time than before. Packets do not see that. */
struct fw_set_time {
	uint32_t set;
	uint32_t was; /* value of element.until before the edit */
	struct fw_addr_range element;
};

/* The later of two times until which an element stays. */
static inline uint32_t fw_until_later(uint32_t a, uint32_t b)
{
	return a == FW_FOREVER || b == FW_FOREVER ? FW_FOREVER : a > b ? a : b;
}

/* Is the time over at @now? */
static inline bool fw_until_over(uint32_t until, uint32_t now)
{
	return until != FW_FOREVER && until <= now;
}

/* The longest timeout, in seconds: ten years. Times are 32-bit seconds since the epoch, which last until 2106. */
#define FW_TIMEOUT_MAX 315360000u
/*
 * When an element leaves that stays for @timeout seconds (0: for ever) from @now on: never too early, and up to a second late,
 * as @now is in the middle of a second.
 */
static inline uint32_t fw_until_after(uint32_t now, uint32_t timeout)
{
	return timeout ? now + timeout + 1 : FW_FOREVER;
}
/* The reverse: the timeout that is left at @now, from 1 to FW_TIMEOUT_MAX as long as the element is there; 0: for ever. */
static inline uint32_t fw_until_left(uint32_t until, uint32_t now)
{
	uint32_t left = until > now && until - now > 2 ? until - now - 1 : 1;

	return until == FW_FOREVER ? 0 : left < FW_TIMEOUT_MAX ? left : FW_TIMEOUT_MAX;
}

/* How many elements a set may have when packets add some, unless it says otherwise. */
#define FW_SET_SIZE 65536u
#define FW_SET_SIZE_MAX 1048576u
static inline uint32_t fw_set_size(const struct fw_set *set)
{
	return set->size ? set->size : FW_SET_SIZE;
}

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

/* The address after @a, which is not the last one of its family; the one before @a, which is not the first. */
struct fw_addr fw_addr_next(enum fw_family family, struct fw_addr a);
struct fw_addr fw_addr_prev(enum fw_family family, struct fw_addr a);

/* The order of a set's elements: by family, lo, hi. Below 0, 0 or above 0. */
int fw_addr_range_cmp(const struct fw_addr_range *a, const struct fw_addr_range *b);

/**
 * fw_addr_ranges_merge - sort by (family, lo) and merge what overlaps or touches, in place
 * Return: the new number of ranges.
 */
size_t fw_addr_ranges_merge(struct fw_addr_range *r, size_t n);
/* What two lists, sorted and merged, have in common goes to @out, which has room for @na + @nb. Return: how many. */
size_t fw_addr_ranges_and(const struct fw_addr_range *a, size_t na, const struct fw_addr_range *b, size_t nb,
			  struct fw_addr_range *out);

/* The elements of a sorted set that may overlap @r: those from *first to *end - 1. No other does. */
void fw_set_near(const struct fw_set *set, const struct fw_addr_range *r, size_t *first, size_t *end);
/**
 * fw_addrs_ranges - an address expression as plain ranges: sets resolved, negation carried out
 * @out: @n ranges sorted by (family, lo), merged; free() it. For FW_ANY and other
 *       expressions that hold every address: the two whole families.
 * Return: 0 or -ENOMEM.
 */
int fw_addrs_ranges(const struct fw_address_book *book, uint32_t number, struct fw_addr_range **out, size_t *n);

/* Holds an expression, so that it keeps its number even if no rule uses it; drops it. */
void fw_book_hold(struct fw_address_book *book, uint32_t number);
void fw_book_drop(struct fw_address_book *book, uint32_t number);
/* The numbers of expressions that refer to a set: @n of them in @out, which the caller frees. 0 or -ENOMEM. */
int fw_book_set_users(const struct fw_address_book *book, uint32_t set, uint32_t **out, size_t *n);

#endif
