/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of lib/rule share, and the variant of fw_ruleset_add() for
 * callers that know where each part of a rule was written.
 */
#ifndef FW_RULE_INTERNAL_H
#define FW_RULE_INTERNAL_H

#include <string.h>

#include "fw/rule.h"

/*
 * A hash table of numbers, open addressing. The caller keeps the things and
 * compares them: `for (pos = hash; fw_table_next(t, hash, &pos, &v);) if (same(v)) ...`.
 */
struct fw_table_entry {
	uint32_t hash;
	uint32_t value; /* number + 1; 0: free */
};
struct fw_table {
	struct fw_table_entry *entries;
	uint32_t cap, n; /* cap: 0 or a power of two */
};

static inline bool fw_table_next(const struct fw_table *t, uint32_t hash, uint32_t *pos, uint32_t *value)
{
	while (t->cap) {
		const struct fw_table_entry *e = &t->entries[(*pos)++ & (t->cap - 1)];

		if (!e->value)
			return false;
		if (e->hash == hash) {
			*value = e->value - 1;
			return true;
		}
	}
	return false;
}

/* Makes sure that the next fw_table_put() has room: 0 or -ENOMEM. */
int fw_table_reserve(struct fw_table *t);
void fw_table_put(struct fw_table *t, uint32_t hash, uint32_t value);

uint32_t fw_hash_bytes(const void *data, size_t len);
static inline uint32_t fw_hash_string(const char *s)
{
	return fw_hash_bytes(s, strlen(s));
}

/* Constant bytes that rules share: equal contents have one address. */
struct fw_blob {
	size_t len;
	unsigned char data[];
};

struct fw_rule_index {
	struct fw_table addrs, ids, names, sets, ifaces, blobs;
	struct fw_rule **by_slot; /* what ids and names lead to */
	size_t nslots, slots_cap;
	const struct fw_blob **blob; /* what blobs leads to */
	size_t nblobs, blobs_cap;
	struct fw_match *scratch; /* the match that is being normalised */
	size_t scratch_bytes;
};

/* The one copy of @len bytes, aligned to 8; NULL when memory is out. */
const void *fw_intern(struct fw_ruleset *rs, const void *data, size_t len);

/**
 * fw_match_normalise - a match in the form of struct fw_match's comment
 * @at:   for the diagnostics
 * @out:  the interned match; NULL: the match is no constraint (both hooks)
 * Return: 0, -EINVAL with a diagnostic (empty, out of bounds, nothing left), -ENOMEM.
 */
int fw_match_normalise(struct fw_ruleset *rs, const struct fw_match *m, struct fw_place at, struct fw_diags *ds,
		       const struct fw_match **out);

/* Does the match accept this value? */
bool fw_match_has(const struct fw_match *m, uint32_t value);

/* Bit 1 << family for every family of which the expression may hold an address; sets may hold any. */
unsigned fw_addrs_families(const struct fw_addrs *a);

/* Where the parts of a rule were written. */
struct fw_spot {
	unsigned line, column;
};
struct fw_rule_places {
	const char *file;
	struct fw_spot rule, id, name, comment, src, dst;
	struct fw_spot field[FW_NFIELDS]; /* of the matches that the rule has */
};
static inline struct fw_place fw_place_of(const struct fw_rule_places *p, struct fw_spot s)
{
	return (struct fw_place){ p->file, s.line, s.column };
}

/* Refuses a rule that can never match; matches are normal and ascending. 0 or -EINVAL. */
int fw_rule_check(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
		  struct fw_diags *ds);
/* Is this a legal name of a rule or set? Says why not: 0 or -EINVAL. */
int fw_name_check(const char *what, const char *name, struct fw_place at, struct fw_diags *ds);
/* Printable UTF-8 of at most FW_COMMENT_MAX bytes? 0 or -EINVAL. */
int fw_comment_check(const char *comment, struct fw_place at, struct fw_diags *ds);

/* fw_ruleset_add(), with a place for every part. */
int fw_ruleset_add_at(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
		      struct fw_diags *ds, struct fw_rule **out);

#endif
