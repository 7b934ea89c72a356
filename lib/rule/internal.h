/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of lib/rule share. */
#ifndef FW_RULE_INTERNAL_H
#define FW_RULE_INTERNAL_H

#include <string.h>

#include "fw/draft.h"
#include "fw/inlined.h"

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

/* Adds a value, which is above all others, to @n ranges, which have room for one more. Return: how many there are. */
size_t fw_ranges_add(struct fw_range *r, size_t n, uint32_t value);

/* Makes sure that the next fw_table_put() has room: 0 or -ENOMEM. */
int fw_table_reserve(struct fw_table *t);
void fw_table_put(struct fw_table *t, uint32_t hash, uint32_t value);
/* Takes out what fw_table_put() put in; it must be there. */
void fw_table_delete(struct fw_table *t, uint32_t hash, uint32_t value);

uint32_t fw_hash_bytes(const void *data, size_t len);
static inline uint32_t fw_hash_string(const char *s)
{
	return fw_hash_bytes(s, strlen(s));
}

/* Constant bytes that rules share: equal contents have one address. */
struct fw_blob {
	uint32_t hash, refs, number, len;
	unsigned char data[];
};
union fw_blob_ref {
	struct fw_blob *blob;
	uint32_t next_free; /* number + 1; 0: none */
};

/* A counter's slot: its rule; NULL if a removed rule may still count there; or a link in the list of free slots. */
union fw_slot {
	struct fw_rule *rule;
	uint64_t link;
};

struct fw_rule_index {
	struct fw_table addrs, ids, names, sets, chains, ifaces, blobs;
	union fw_slot *by_slot; /* what ids and names lead to; rs->next_slot of them */
	size_t slots_cap;
	uint32_t slot_free;      /* the first of the free ones; FW_SLOT_NONE: none */
	uint32_t slots_free;     /* so many are */
	union fw_blob_ref *blob; /* what blobs leads to */
	size_t nblobs, blobs_cap;
	uint32_t blob_free;       /* number + 1; 0: none */
	uint32_t addrs_free;      /* the last number given up; 0: none */
	uint32_t holes;           /* in rs->sets */
	uint32_t chain_holes;     /* in rs->chains */
	uint64_t id_free;         /* above the last id: where a free one is looked for */
	uint32_t iface_free;      /* no lower number of an interface is free */
	bool ordered;             /* rs->rules agrees with the list */
	struct fw_match *scratch; /* the match that is being normalised */
	size_t scratch_bytes;
	struct fw_edit_undo *edit; /* the open edit; NULL: none */
};

/* The one copy of @len bytes, aligned to 8, with a reference to it; NULL when memory is out. */
const void *fw_intern(struct fw_ruleset *rs, const void *data, size_t len);
/* Gives a reference back. */
void fw_intern_put(struct fw_ruleset *rs, const void *data);
static inline struct fw_blob *fw_blob_of(const void *data)
{
	return (struct fw_blob *)((char *)data - offsetof(struct fw_blob, data));
}

#define FW_SLOT_NONE 0x7fffffffu
#define FW_SLOT_MAX (FW_SLOT_NONE - 1)
bool fw_slot_is_free(const struct fw_ruleset *rs, uint32_t slot);
/* The slot that the next rule gets. */
uint32_t fw_slot_next(const struct fw_ruleset *rs);
/* The free slot after a free one in the list of free slots, or FW_SLOT_NONE. */
uint32_t fw_slot_after(const struct fw_ruleset *rs, uint32_t slot);
/* Room for it: 0 or -ENOMEM. */
int fw_slot_reserve(struct fw_ruleset *rs, uint32_t slot);
/* Gives it to a rule. Slots that are passed over at the end become free. */
void fw_slot_take(struct fw_ruleset *rs, uint32_t slot, struct fw_rule *rule);
void fw_slot_free(struct fw_ruleset *rs, uint32_t slot);
/* Forgets the slots from @n on: none has a rule. */
void fw_slot_cut(struct fw_ruleset *rs, uint32_t n);

/* Has every number of the range a name? */
bool fw_ifaces_named(const struct fw_ruleset *rs, const struct fw_range *r);
/* Counts the interfaces that a rule names when it is added (@by 1) or removed (-1). */
void fw_ifaces_count(struct fw_ruleset *rs, const struct fw_rule *rule, int by);

/* The actions that are verdicts alone. */
void fw_actions_init(struct fw_ruleset *rs);
/* A rule or policy more (@by 1) or less (-1) has the action of this number. */
void fw_action_use(struct fw_ruleset *rs, uint32_t number, int by);
/* Gives a policy an action, which it may have. */
/* @log: with a reference, which the policy takes. */
void fw_policy_set(struct fw_ruleset *rs, enum fw_reason reason, uint8_t action, struct fw_log log);
/* Interns the prefix, with a reference; nothing is left of @log if the action does not log. 0 or -ENOMEM. */
int fw_log_hold(struct fw_ruleset *rs, const struct fw_action *a, struct fw_log *log);
void fw_log_put(struct fw_ruleset *rs, const struct fw_log *log);
/* What a rule with @matches, ascending by field, and these addresses can do. 0, or -EINVAL with a diagnostic. */
int fw_action_check(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
		    struct fw_diags *ds);

uint32_t fw_id_hash(uint64_t id);
/* The id that the next rule gets. */
uint64_t fw_id_next(struct fw_ruleset *rs);

/* Bit 1 << family for every family of which the expression may hold an address; sets may hold any. */
unsigned fw_addrs_families(const struct fw_addrs *a);

/* Dynamic sets get the elements that the sets of their name have in @old. 0 or -ENOMEM. */
int fw_adopt_sets(struct fw_ruleset *rs, const struct fw_ruleset *old);

/* Printable UTF-8 of at most @max bytes? @what: "comment". 0, or -EINVAL with a diagnostic. */
int fw_string_check(const char *what, const char *s, size_t max, struct fw_place at, struct fw_diags *ds);

/**
 * fw_rule_make - checks a draft and makes a rule of it, which is in no list yet
 * @old: the rule that it replaces, whose id, slot and name it gets; NULL: none
 * @out: free with fw_rule_free()
 * Return: 0, -EINVAL with a diagnostic, -ENOMEM.
 */
int fw_rule_make(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule *old,
		 const struct fw_rule_places *at, struct fw_diags *ds, struct fw_rule **out);
/* A copy of the rule for another position; it shares name and comment. NULL when memory is out. */
struct fw_rule *fw_rule_copy(struct fw_ruleset *rs, const struct fw_rule *r);
/* Frees it, but for the name and the comment that it shares with @heir (NULL: none). */
void fw_rule_free(struct fw_ruleset *rs, struct fw_rule *r, const struct fw_rule *heir);

/* A rule is added to the list (@by 1) or removed (-1): counts its instances, if it is one of the main list. */
void fw_instances_count(struct fw_ruleset *rs, const struct fw_rule *r, int by);
/* NULL when memory is out. */
struct fw_inlined *fw_inlined_copy(struct fw_ruleset *rs, const struct fw_inlined *in);
/*
 * Gives instances ranks from @lo to below @hi; those that are in @old (NULL: none) keep theirs if they can. false: there is not
 * enough room.
 */
bool fw_inlined_fit(struct fw_inlined *in, const struct fw_inlined *old, uint32_t lo, uint32_t hi);

/* The last rule before the end of the chain: its own, or of the chains before it; NULL: none. */
struct fw_rule *fw_chain_end(const struct fw_ruleset *rs, uint16_t chain);
/* The last rule before the first one of the chain; NULL: none. */
struct fw_rule *fw_chain_before(const struct fw_ruleset *rs, uint16_t chain);
/* Room for one more rule that calls the chain; FW_MAIN: none. 0 or -ENOMEM. */
int fw_chain_reserve(struct fw_ruleset *rs, uint16_t chain);
/* A rule is now in the list, and has its slot; or it is no longer there. */
void fw_chain_link(struct fw_ruleset *rs, struct fw_rule *r);
void fw_chain_unlink(struct fw_ruleset *rs, struct fw_rule *r);
/* The slots of all rules have changed. */
void fw_chains_renumber(struct fw_ruleset *rs);
/* Frees what a chain without rules and callers holds, but not its number. */
void fw_chain_free(struct fw_ruleset *rs, const struct fw_chain *c);

/* Where a diagnostic on a rule or chain of this line is; @at: as of fw_chains_check(). */
static inline struct fw_place fw_chain_place(const struct fw_ruleset *rs, const struct fw_place *at, uint32_t line)
{
	return at ? *at : (struct fw_place){ .file = rs->file, .line = line };
}
/* "in, input or forward". Return: @buf. */
const char *fw_hooks_text(unsigned hooks, char buf[64]);

/* Inserts into the list after @prev (NULL: first); puts back where it was removed, in the reverse order of removals. */
void fw_rule_link(struct fw_ruleset *rs, struct fw_rule *r, struct fw_rule *prev);
void fw_rule_relink(struct fw_ruleset *rs, struct fw_rule *r);
void fw_rule_unlink(struct fw_ruleset *rs, struct fw_rule *r);

/* A rank between two neighbours (NULL: the end); false: there is none left. */
bool fw_rank_between(const struct fw_rule *prev, const struct fw_rule *next, uint32_t *rank);
/* Spreads the ranks of all rules evenly over the lower half, in place: for rulesets that are not in use. */
void fw_rank_spread(struct fw_ruleset *rs);
/* A rank for a new rule after @prev (NULL: first), for which others get new ranks in place if need be: for the same. */
uint32_t fw_rank_after(struct fw_ruleset *rs, struct fw_rule *prev);
/* How many ranks a rule takes: one for each of its instances. */
static inline uint32_t fw_rule_ranks(const struct fw_rule *r)
{
	return r->inlined && r->inlined->n ? r->inlined->n : 1;
}
/* The rules around a place that get new ranks so that another one fits in. */
struct fw_rank_window {
	struct fw_rule *first; /* @rules of them */
	uint32_t rules;
	uint32_t n, before; /* ranks that they take; before: by those that precede the position */
	uint32_t more;      /* ranks for the position */
	uint32_t lo, span;  /* ranks lo to lo + span - 1 */
};
/* Around the place between @prev and @next, for a rule that is to have @more ranks. */
struct fw_rank_window fw_rank_window(const struct fw_ruleset *rs, struct fw_rule *prev, struct fw_rule *next,
				     uint32_t more);
/* The @i-th of the n + more ranks. */
uint32_t fw_rank_of(const struct fw_rank_window *w, uint32_t i);
/* Gives a rule and its instances the ranks from the @i-th on, in place. */
void fw_rank_give(const struct fw_rank_window *w, struct fw_rule *r, uint32_t i);

/* Sets of one expression. */
#define FW_ADDRS_SETS_MAX ((1u << 30) - 1)
/* Sorts numbers and drops those that are there twice. Return: how many are left. */
uint32_t fw_u32_unique(uint32_t *v, size_t n);
/* The number of an expression in the form of struct fw_addrs; copies what it points to. 0 or -ENOMEM. */
int fw_addrs_number(struct fw_ruleset *rs, struct fw_addrs a, uint32_t *number);
/* Frees an expression that nothing refers to. */
void fw_addrs_put(struct fw_ruleset *rs, uint32_t number);
/* The number of an expression in the form of struct fw_addrs that is there; -ENOENT. @guess is looked at first. */
int64_t fw_addrs_find(const struct fw_ruleset *rs, const struct fw_addrs *a, uint32_t guess);
static inline bool fw_addr_range_same(const struct fw_addr_range *a, const struct fw_addr_range *b)
{
	return a->lo.hi == b->lo.hi && a->hi.hi == b->hi.hi && a->lo.lo == b->lo.lo && a->hi.lo == b->hi.lo &&
	       a->family == b->family;
}
/*
 * The rules get these ids and slots, in order, all different, slots below @nslots. Slots that are left are free, but for those
 * that in @held (NULL: none) are not. 0, or -ENOMEM, and nothing has changed.
 */
int fw_ruleset_renumber(struct fw_ruleset *rs, const uint64_t *ids, const uint32_t *slots, uint32_t nslots,
			const struct fw_ruleset *held);

#endif
