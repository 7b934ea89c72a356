/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A compiled ruleset as lib/compile keeps it: what must be known about the
 * tables in the pool to change them. Private to lib/compile.
 */
#ifndef FW_TABLES_H
#define FW_TABLES_H

#include "fw/instance.h"
#include "fw/table/hash.h"
#include "heap.h"

enum { SRC, DST };

#define NO_IDENTITY 0xffffffffu

/* Identities whose address ranges or classes are that many have all bits set in their signature: nothing to update then. */
#define SIGNATURE_REACH 2048
/* Places of the tries that one change may write, about 20 ms: nobody else is served meanwhile. */
#define UPDATE_PLACES 65536

/* From @start on (to the next boundary), addresses have this class: its number, or, in a change, its line. */
struct boundary {
	struct fw_addr start;
	uint32_t class;
};

struct boundaries {
	struct boundary *b;
	size_t n, cap;
};

/* What identities a side knows. Numbers 0 and 1 are `any` and `frame`. */
struct identity {
	uint64_t signature;
	uint32_t addrs; /* address expression */
	uint32_t refs;  /* rules */
	bool idle;      /* no rule referred to it: its expression is held, and it is in the queue or stays */
	bool broken;    /* not all of its addresses' classes hold it (yet, or any more) */
	bool coming;    /* a change is about to put it into classes */
};

/* Classes in the pool, found by what they hold: open addressing, line 0: free. */
struct class_entry {
	uint32_t line;
	uint32_t refs; /* from tries */
	uint32_t hash; /* class_hash() */
};

/* One direction of address: source or destination. */
struct side {
	uint32_t *identity_of; /* address expression -> identity, NO_IDENTITY: not used on this side */
	size_t naddrs;
	struct identity *ids;
	size_t nids, ids_cap;
	uint32_t *free_ids;
	size_t nfree, free_cap;
	uint32_t nkept; /* identities that stay though no rule refers to them */
	struct class_entry *classes;
	size_t nclasses, classes_room; /* room: a power of two */
};

/* Something that waits for grace periods. */
enum retired_kind { RETIRED_LINES, RETIRED_PAIR, RETIRED_IDENTITY };
struct retired {
	uint32_t ticket; /* the first grace period that counts for it */
	uint8_t kind;
	uint8_t side;  /* of an identity */
	uint8_t phase; /* of a pair: see pair_update.c */
	uint32_t line; /* of lines: the first; of a pair: its version */
	uint32_t n;    /* lines; of a pair: number of its entry in the table; an identity's number */
};

/* A block or split in the pool. */
struct block_lines {
	uint32_t line, lines;
	bool extra; /* a block beyond the first */
};
struct block_list {
	struct block_lines *b;
	size_t n, cap;
};

/* An identity that is taken out of the classes of its addresses, some ranges at a time. */
struct leaving {
	bool active;
	struct retired what;
	struct fw_addr_range *owned; /* the ranges of an expression that must be put together from several lists */
	size_t n;                    /* of them */
	size_t list, i;              /* where it goes on: in which list, at which range */
	/* Negated: the first address behind the ranges before, unless they reach to the end of the family. */
	enum fw_family family;
	struct fw_addr from;
	bool ended;
};

struct fw_tables {
	struct heap heap;
	struct fw_root root; /* as it stands at root_line */
	uint32_t root_line;
	struct side side[2];
	uint64_t npairs;         /* entries in use, those included that are on their way out */
	uint32_t displaced;      /* lines beyond its home that a pair stood at, at most: for the next root */
	uint32_t extra_blocks;   /* beyond the first that they follow */
	uint32_t identities_max; /* of a side */
	uint32_t leaf_rules;     /* of a block, where the rules of a pair can be parted into such */
	struct block_list *made; /* what a change that is being prepared has made; NULL: nobody asks */
	uint8_t *block;          /* room to build a block in */
	uint32_t ticket;         /* of the next grace period */
	struct retired *retired; /* a queue: the oldest at retired[first] */
	size_t retired_first, nretired, retired_cap;
	struct leaving leaving;
	uint64_t places; /* of the tries that were looked at or written to change them, ever */
	struct fw_compile_stats stats;
	struct fw_address_book *book; /* once there was an update */
	size_t compiled_rules;        /* when it was compiled */
	bool spoiled;                 /* something could not be undone or done: only compiling anew helps */
	/* Of the call under way, else NULL. */
	struct fw_diags *ds;
	const struct fw_lowering *from;
};

static inline uint64_t instance_hit(const struct fw_instance *r)
{
	return FW_HIT(r->rank, 0, FW_WHAT(r->slot + FW_COUNTER_RULES, r->verdict));
}

/* The key of the pair that a rule belongs to; its identities must be there. */
uint64_t instance_pair_key(const struct fw_tables *t, const struct fw_instance *r);

/* Takes @lines of the pool and adds their bytes to a statistic; says so when the pool is full. */
int tables_take(struct fw_tables *t, uint32_t lines, uint64_t *bytes, uint32_t *line);
/* A diagnostic about the rule of an instance. Return: -E2BIG. */
int tables_refuse(const struct fw_lowering *from, struct fw_diags *ds, const struct fw_instance *r, const char *hint,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* What the root says of fields: bits of enum fw_field go to its masks. */
void root_use_fields(struct fw_root *root, uint32_t fields);
void root_set_policies(struct fw_root *root, const struct fw_lowering *from);
/* The bits of the fields that a rule constrains. */
uint32_t instance_fields(const struct fw_instance *r);

/* class.c: the classes of a side. */

/* The hash of a class: of its identities, `any` and `frame` left out, as a set. */
static inline uint64_t class_hash_with(uint64_t hash, uint32_t identity)
{
	return hash ^ fw_mix64(identity);
}
/* A class as a list of identities, ascending. */
struct class_list {
	uint32_t id[FW_CLASS_MAX + 1];
	uint32_t n;
};
void class_read(const struct fw_tables *t, uint32_t line, struct class_list *out);
/* The line of a class with these identities, written if there is none. 0, -ENOMEM, -ENOSPC. */
int class_intern(struct fw_tables *t, int side, const struct class_list *list, uint32_t *line);
/*
 * The class at @line becomes @list where it stands, by one more identity at its end. Packets may be reading it, and see it
 * with the identity or without: it must be one of which no pair says anything yet, to any packet that can still come here.
 * false: only as another class, since more than one place refers to this one, or there is no room in its last line, or
 * there is such a class already.
 */
bool class_append(struct fw_tables *t, int side, uint32_t line, const struct class_list *list);
/* A new class that is known not to be there yet, its hash being @hash; @at: its place in the index. 0, -ENOMEM, -ENOSPC. */
int class_add(struct fw_tables *t, int side, const struct class_list *list, uint64_t hash, size_t *at);
/* @n more tries' references to a class; one less: without any the class goes away. */
void class_hold(struct fw_tables *t, int side, uint32_t line, uint32_t n);
void class_drop(struct fw_tables *t, int side, uint32_t line);
/* Room for @n classes. 0 or -ENOMEM. */
int classes_reserve(struct side *s, size_t n);
/* Bits come into an identity's signature in one class, if it is there. */
void class_sign(const struct fw_tables *t, uint32_t line, uint32_t identity, uint64_t bits);
/* The same in all classes of a side. */
void classes_sign(const struct fw_tables *t, int side, uint32_t identity, uint64_t bits);
/* The class of frames that are not IP: no identity but that of every frame. */
int class_write_frame(struct fw_tables *t, int side);

/* trie.c: nodes from boundaries. */

struct trie_builder {
	struct fw_tables *t;
	int side;
	const struct boundary *b;
	/* The reference to a boundary's class, which will stand at so many places. */
	int (*class_ref)(struct trie_builder *tb, uint32_t class, uint32_t places, uint32_t *ref);
	void *ctx;
};
/* The node for boundaries @from to @to - 1, @before being the class ahead of the first; @depth bits of @bits are behind. */
int trie_node_write(struct trie_builder *tb, uint32_t from, uint32_t to, uint32_t before, unsigned depth, unsigned bits,
		    uint32_t *ref);
/* A whole trie; its line goes to the root. */
int trie_write(struct trie_builder *tb, const struct boundaries *map, enum fw_family family);

/* trie_update.c: a trie that is in use. */

/* A range of addresses of one family, as two numbers of 128 bits; the last one included. */
struct trie_range {
	unsigned __int128 lo, hi;
	enum fw_family family;
};
struct trie_range trie_range_of(const struct fw_addr_range *r);
/* What there is in a range: classes' places, and the most identities that one has. Stops counting above @limit places. */
struct trie_survey {
	uint64_t places;
	uint32_t identities_max;
};
void trie_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit, struct trie_survey *sum);
/* Adds the places that trie_copy_update() would write for a range. */
void trie_copy_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit,
		      struct trie_survey *sum);
/* Identities come into the classes of a range, and others leave them. */
struct trie_delta {
	const uint32_t *add, *remove;
	uint32_t nadd, nremove;
};
/* 0; -EAGAIN (a class would be too full), -ENOMEM or -ENOSPC: a part of the range may have changed. */
int trie_update(struct fw_tables *t, int side, struct trie_range r, const struct trie_delta *delta);
/*
 * A trie to be: a copy of the live one's root, in which references change. It takes the live one's place, or is let go
 * of; the root of the tables (t->root) must still name the live one then.
 */
struct trie_copy {
	int side;
	enum fw_family family;
	uint32_t line; /* 0: there is none */
};
int trie_copy_begin(struct fw_tables *t, int side, enum fw_family family, struct trie_copy *out);
int trie_copy_update(struct fw_tables *t, const struct trie_copy *copy, struct trie_range r,
		     const struct trie_delta *delta);
void trie_copy_end(struct fw_tables *t, const struct trie_copy *copy, bool commit);
/* Bits come into an identity's signature in all classes of a range. */
void trie_sign(struct fw_tables *t, int side, struct trie_range r, uint32_t identity, uint64_t bits);

/* pair.c and pair_update.c. */

/* A rule, or blocks of several, as the entry of pair @key. @rules in rank order. 0, -E2BIG with a diagnostic, -ENOMEM, -ENOSPC. */
int pair_build(struct fw_tables *t, uint64_t key, const struct fw_instance *const *rules, uint32_t n,
	       struct fw_pair *out);
/* The upper bound that every packet's lanes are below: that of an entry without constraints. */
uint64_t lanes_open(const struct fw_root *root);
/* The pair table for the instances of a ruleset, and the signatures of identities. */
int pairs_write(struct fw_tables *t, const struct fw_lowered *l);

/* A pair's entry as it is at present, or is to be: without rules its hit is FW_HIT_NONE. */
struct pair_value {
	uint64_t hit, lo, hi;
};
/* The entry of a pair and its newest value; false: there is none. */
bool pair_find(const struct fw_tables *t, uint64_t key, uint32_t *entry, struct pair_value *value);

/* A pair with its home at line @home of the table stands at @line. */
static inline void pair_displace(struct fw_tables *t, uint32_t home, uint32_t line)
{
	t->displaced = line - home > t->displaced ? line - home : t->displaced;
}

/* The next value of one pair, on its way into the table. */
struct pair_step {
	uint64_t key;
	struct pair_value value, before;
	uint32_t version; /* line */
	uint32_t entry;   /* number of its entry in the table */
	bool fresh;       /* the entry was not there before */
};
/*
 * A line for the version, and an entry that says nothing yet: 0; -EBUSY: too many versions wait for a grace period;
 * -EAGAIN: no place; -ENOMEM, -ENOSPC.
 */
int pair_step_prepare(struct fw_tables *t, struct pair_step *step);
void pair_step_abort(struct fw_tables *t, const struct pair_step *step);
/* The value holds from generation @since on. */
void pair_step_commit(struct fw_tables *t, const struct pair_step *step, uint32_t since);
/* A grace period is over for a pair. */
void pair_settle(struct fw_tables *t, struct retired r);

/* block.c */

/* The blocks of @n rules, one following the other; the hit of the first goes to @hit. */
int block_write(struct fw_tables *t, const struct fw_instance *const *rules, uint32_t n, __u64 *hit);
/* What a rule says of a field, as plain ranges; where it says nothing, one of all values. free() them. NULL: no memory. */
struct fw_range *instance_ranges(const struct fw_instance *rule, uint32_t field, size_t *n);
/* Lines for a block or split, noted in t->made. 0, -ENOMEM, -ENOSPC. */
int block_take(struct fw_tables *t, uint32_t bytes, bool extra, uint32_t *line);

/* split.c and split_update.c: the blocks of a pair, parted by splits where that pays; a tree. */

/* The tree of @n rules in rank order, below @depth splits; its hit, FW_HIT_NONE without rules, goes to @hit. */
int tree_build(struct fw_tables *t, const struct fw_instance *const *rules, uint32_t n, unsigned depth, __u64 *hit);

/* A rule comes into a pair or leaves it. */
struct part {
	uint64_t key;
	const struct fw_instance *rule;
	bool comes;
};
/* Changes to trees: what takes the place of what. */
struct tree_update {
	struct fw_tables *t;
	struct block_list made, gone;
};
/*
 * The tree that the one at @old (or the single rule there, or FW_HIT_NONE) becomes by @n parts, whose order is changed. All
 * that stays the same is shared by both; what is new goes to c->made, what is not needed any more to c->gone.
 * 0, -E2BIG with a diagnostic, -ENOMEM, -ENOSPC.
 */
int tree_update(struct tree_update *c, uint64_t old, struct part *parts, size_t n, __u64 *hit);
/* The rules of a tree, or of a single rule's hit, as the parts leave them, in rank order, into a vector. 0 or -ENOMEM. */
struct rules {
	const struct fw_instance **r;
	size_t n, cap;
};
int tree_rules(struct tree_update *c, uint64_t old, struct part *parts, size_t n, struct rules *out);
/* Every block and split of a tree goes. 0 or -ENOMEM. */
int tree_goes(struct tree_update *c, uint64_t hit);
/* What is new stays, and the rest is retired (after retire_reserve() for each of c->gone); or nothing has been. */
void tree_update_commit(struct tree_update *c);
void tree_update_abort(struct tree_update *c);

void block_free(struct fw_tables *t, const struct block_lines *o);

/* retire.c */

/* Room for @n more in the queue: 0 or -ENOMEM. */
int retire_reserve(struct fw_tables *t, size_t n);
/* Puts something at the end; after retire_reserve(), or on good luck: it is lost (never freed) when memory is out. */
void retire_push(struct fw_tables *t, struct retired r);
void retire_lines(struct fw_tables *t, uint32_t line, uint32_t n);

/* identity.c */

/* The ranges of an expression; only what needs memory of its own is put into @owned. 0 or -ENOMEM. */
int identity_ranges(const struct fw_address_book *book, uint32_t addrs, const struct fw_addr_range **r, size_t *n,
		    struct fw_addr_range **owned);

#define NESTING_HINT "merge nested prefixes or put them into one set, which counts once however many elements it has"
#define NESTING_REFUSED "the %s address is one prefix or set too many around %s: at most %u may contain one address"

/* What a compilation knows of a side and the tables do not keep. */
struct class_draft {
	uint32_t first, n; /* in ids[] */
	uint64_t hash;
	size_t at; /* in the side's index, if it is written */
	bool written;
};
struct class_drafts {
	struct class_draft *c; /* [0] is the empty list */
	size_t n, cap;
	uint32_t *ids; /* ascending, `any` (and `frame`) not included: they are in every class */
	size_t nids, ids_cap;
	uint32_t *slots; /* open addressing: class + 1, 0 free */
	size_t nslots;
};
struct sweep {
	struct class_drafts drafts;
	struct boundaries map[FW_NFAMILIES];
};
/* Numbers the address expressions that rules name on a side. 0, -E2BIG with a diagnostic, -ENOMEM. */
int identities_number(struct fw_tables *t, int side, const struct fw_lowered *l);
/* Finds for each family the classes of a side's addresses; only reads the tables but for its side's statistics. */
int classes_sweep(struct fw_tables *t, int side, const struct fw_lowered *l, struct sweep *out, struct fw_diags *ds);
void sweep_free(struct sweep *s);

/* identity_update.c */

/*
 * Would an identity for this expression go into the classes? 0; -EAGAIN: it would come to more than @limit places, or into
 * classes that are too full (of identities that are about to go, perhaps); -ENOMEM.
 */
int identity_survey(const struct fw_tables *t, int side, uint32_t addrs, uint64_t limit, uint64_t *places);
/*
 * A number for an expression; no class holds it before identity_spread(). @largest: better above all others, so that it comes
 * to the end of classes. 0 or -ENOMEM.
 */
int identity_new(struct fw_tables *t, int side, uint32_t addrs, bool largest, uint32_t *id);
/* It comes into the classes of its addresses, or leaves them. 0; -EAGAIN, -ENOMEM, -ENOSPC: a part may be done. */
int identity_spread(struct fw_tables *t, int side, uint32_t id, bool come);
/* Bits come into its signature, everywhere. 0 or -ENOMEM. */
int identity_sign(struct fw_tables *t, int side, uint32_t id, uint64_t bits);
/* Rules refer to it, or stop doing so: without any it waits to be removed. */
void identity_ref(struct fw_tables *t, int side, uint32_t id, int change);
/* It is to be removed when nothing refers to it after a grace period. */
void identity_idle(struct fw_tables *t, int side, uint32_t id);
void identity_settle(struct fw_tables *t, struct retired r);
/* Goes on with t->leaving: true when it is over. */
bool identity_leave(struct fw_tables *t, int64_t *work);
/* It starts from the beginning: its sets hold other addresses, or some have the identity again. */
void identity_leave_again(struct fw_tables *t);

/* set_update.c */

/* What a change of sets makes of the tries; zeros: nothing. */
struct sets_update {
	struct trie_copy copy[2][FW_NFAMILIES];
};
/* 0; -EAGAIN: too much; -E2BIG with a diagnostic; -ENOMEM, -ENOSPC. On failure too ended by sets_end(). */
int sets_prepare(struct fw_tables *t, const struct fw_lowered_edit *e, struct sets_update *out);
/* The tries that a root is to name. */
void sets_root(const struct sets_update *c, struct fw_root *root);
void sets_end(struct fw_tables *t, const struct sets_update *c, bool commit);

#endif
