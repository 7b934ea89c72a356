/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A compiled ruleset as lib/compile keeps it: everything that has to be known about the tables in the pool to update
 * them. Private to lib/compile. In its files, as in the table format, a rule means one instance (fw/instance.h).
 */
#ifndef FW_TABLES_H
#define FW_TABLES_H

#include "fw/instance.h"
#include "fw/table/hash.h"
#include "heap.h"

enum { SRC, DST };

#define NO_IDENTITY 0xffffffffu

/* An identity with more address ranges or classes than this has all bits set in its signature, so that it never needs an update. */
#define SIGNATURE_REACH 2048
/* Places of the tries that one update may write: about 20 ms, during which nobody else is served. */
#define UPDATE_PLACES 65536

/* What is known of an identity. Numbers 0 and 1 are `any` and `frame`. */
struct identity {
	uint64_t signature;
	uint32_t addrs; /* address expression */
	uint32_t refs;  /* rules */
	bool idle;      /* no rule refers to it: its expression is held, and it waits in the queue or is kept */
	bool broken;    /* some classes of its addresses lack it, or still hold it */
	bool coming;    /* an update is about to add it to classes */
};

/* Classes in the pool, found by what they hold: open addressing, line 0: free. */
struct class_entry {
	uint32_t line;
	uint32_t refs; /* from tries */
	uint32_t hash; /* class_hash_with() of its identities */
};

/* One direction of address: source or destination. */
struct side {
	uint32_t *identity_of; /* address expression -> identity, NO_IDENTITY: not used on this side */
	size_t naddrs;
	struct identity *ids;
	size_t nids, ids_cap;
	uint32_t *free_ids;
	size_t nfree, free_cap;
	uint32_t nkept; /* identities that are kept though no rule refers to them */
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
	bool extra; /* a block beyond the first that it follows */
};
struct block_list {
	struct block_lines *b;
	size_t n, cap;
};

/* An identity that is being removed from the classes of its addresses, some ranges at a time. */
struct leaving {
	bool active;
	struct retired what;
	struct fw_addr_range *owned; /* the ranges of an expression that has to be put together from several lists */
	size_t n;                    /* of them */
	size_t list, i;              /* where to go on: in which list, at which range */
	/* Of a negated expression: the first address after the ranges so far, unless they reach the end of the family. */
	enum fw_family family;
	struct fw_addr from;
	bool ended;
};

struct fw_tables {
	struct heap heap;
	struct fw_root root; /* a copy of the one at root_line */
	uint32_t root_line;
	struct side side[2];
	uint64_t npairs;         /* entries in use, including those that are being removed */
	uint32_t displaced;      /* lines from its home to the farthest pair so far: for the next root */
	uint32_t extra_blocks;   /* beyond the first that they follow */
	uint32_t identities_max; /* of a side */
	uint32_t leaf_rules;     /* of a block, where the rules of a pair can be split into blocks of that size */
	struct block_list *made; /* blocks made for the update that is being prepared; NULL: not wanted */
	uint8_t *block;          /* room to build a block in */
	uint32_t ticket;         /* of the next grace period */
	struct retired *retired; /* a queue: the oldest at retired[first] */
	size_t retired_first, nretired, retired_cap;
	struct leaving leaving;
	uint64_t places; /* of the tries, ever looked at or written by updates */
	struct fw_compile_stats stats;
	struct fw_address_book *book; /* NULL until the first update */
	size_t compiled_rules;        /* at the time of fw_compile() */
	bool spoiled; /* an update could not be undone or finished: the next one has to compile everything */
	/* Of the call under way, else NULL. */
	struct fw_diags *ds;
	const struct fw_lowering *from;
};

static inline uint64_t instance_hit(const struct fw_instance *r)
{
	return FW_HIT(r->rank, 0, FW_WHAT(r->slot + FW_COUNTER_RULES, r->action));
}

/* tables.c */

/* Takes @lines of the pool and adds their bytes to a statistic. 0, -ENOMEM, -ENOSPC with a diagnostic: the pool is full. */
int tables_take(struct fw_tables *t, uint32_t lines, uint64_t *bytes, uint32_t *line);
/* Adds a diagnostic about the rule of an instance. Return: -E2BIG. */
int tables_refuse(const struct fw_lowering *from, struct fw_diags *ds, const struct fw_instance *r, const char *hint,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* root.c */

/* The fields that a rule constrains: bits of enum fw_field. */
uint64_t instance_fields(const struct fw_instance *r);
/* Adds fields to those in use, and to the flow cache's key. */
void root_use_fields(struct fw_root *root, uint64_t fields);
/* Writes the records of actions that are new to the table. A number that packets may still find keeps its record. */
void root_write_actions(const struct fw_tables *t, const struct fw_lowering *from);
void root_set_policies(struct fw_root *root, const struct fw_lowering *from);
void root_set_shortcuts(struct fw_root *root, const struct fw_lowering *from);
/* The upper bounds of an entry without constraints: every packet's lanes are below them. */
uint64_t root_lanes_open(const struct fw_root *root);

/* retire.c: the queue of what waits for grace periods. */

/* Room for @n more in the queue: 0 or -ENOMEM. */
int retire_reserve(struct fw_tables *t, size_t n);
/* Appends to the queue. Without retire_reserve() and without memory, @r is lost: its lines are never freed. */
void retire_push(struct fw_tables *t, struct retired r);
void retire_lines(struct fw_tables *t, uint32_t line, uint32_t n);

#endif
