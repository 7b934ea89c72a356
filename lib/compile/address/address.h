/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses: identities, their classes, and the tries that lead to them. Private to lib/compile. */
#ifndef FW_ADDRESS_H
#define FW_ADDRESS_H

#include "lib/compile/tables.h"

/* From @start on (to the next boundary), addresses have this class: its number or, in an update, its line. */
struct boundary {
	struct fw_addr start;
	uint32_t class;
};
struct boundaries {
	struct boundary *b;
	size_t n, cap;
};

/* class.c: the classes of a side. */

/* Adds an identity to the hash of a class, or removes it: the hash is one of a set, without `any` and `frame`. */
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
/* The line of the class with these identities, which is written if there is none. 0, -ENOMEM, -ENOSPC. */
int class_intern(struct fw_tables *t, int side, const struct class_list *list, uint32_t *line);
/*
 * Turns the class at @line into @list in place, if that is the same plus one identity at the end. Packets that read it see
 * it with the identity or without, so no packet that can still read it may find a rule by that identity. Returns false
 * if a new class is needed instead: several places refer to this one, its last line is full, or such a class exists.
 */
bool class_append(struct fw_tables *t, int side, uint32_t line, const struct class_list *list);
/* Writes a class that is known not to exist yet; @hash: its hash, @at: its place in the index. 0, -ENOMEM, -ENOSPC. */
int class_add(struct fw_tables *t, int side, const struct class_list *list, uint64_t hash, size_t *at);
/* Counts @n more references from tries to a class; one less: the class is retired with the last one. */
void class_hold(struct fw_tables *t, int side, uint32_t line, uint32_t n);
void class_drop(struct fw_tables *t, int side, uint32_t line);
/* Room for @n classes. 0 or -ENOMEM. */
int classes_reserve(struct side *s, size_t n);
/* Sets bits in an identity's signature in one class, if it is there. */
void class_sign(const struct fw_tables *t, uint32_t line, uint32_t identity, uint64_t bits);
/* The same in all classes of a side. */
void classes_sign(const struct fw_tables *t, int side, uint32_t identity, uint64_t bits);
/* The class of frames that are not IP: it has no identity but that of every frame. 0, -ENOMEM, -ENOSPC. */
int class_write_frame(struct fw_tables *t, int side);

/* trie.c: nodes from boundaries. */

struct trie_builder {
	struct fw_tables *t;
	int side;
	const struct boundary *b;
	/* The reference to a boundary's class, which will be stored at that many places. 0, -ENOMEM, -ENOSPC. */
	int (*class_ref)(struct trie_builder *tb, uint32_t class, uint32_t places, uint32_t *ref);
	void *ctx;
};
/* Where a node is: the first @depth bits of an address, of @bits, have led to it. */
struct trie_level {
	unsigned depth, bits;
};
/* A node to be written, for the boundaries @from to @to - 1; @before: the class of the addresses ahead of the first one. */
struct trie_draft {
	uint32_t from, to, before;
	struct trie_level level;
};
/* Writes a node and everything below it. 0, -ENOMEM, -ENOSPC: then what was written is below @ref. */
int trie_node_write(struct trie_builder *tb, const struct trie_draft *d, uint32_t *ref);
/* Writes a whole trie, and its line into the root. 0, -ENOMEM, -ENOSPC. */
int trie_write(struct trie_builder *tb, const struct boundaries *map, enum fw_family family);

/* trie_visit.c, trie_update.c, trie_copy.c: a trie that is in use. */

/* A range of addresses of one family, as two numbers of 128 bits; the last one included. */
struct trie_range {
	unsigned __int128 lo, hi;
	enum fw_family family;
};
struct trie_range trie_range_of(const struct fw_addr_range *r);
/* The classes in a range: at how many places they are, and the most identities that one has. */
struct trie_survey {
	uint64_t places;
	uint32_t identities_max;
};
/* Adds a range to a survey; stops counting above @limit places. */
void trie_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit, struct trie_survey *sum);
/* Adds the places that trie_copy_update() would write for a range. */
void trie_copy_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit,
		      struct trie_survey *sum);
/* Sets bits in an identity's signature in all classes of a range. */
void trie_sign(struct fw_tables *t, int side, struct trie_range r, uint32_t identity, uint64_t bits);
/* Identities to add to the classes of a range, and to remove from them. */
struct trie_delta {
	const uint32_t *add, *remove;
	uint32_t nadd, nremove;
};
/* 0; -EAGAIN (a class would be too full), -ENOMEM or -ENOSPC: then a part of the range may have changed. */
int trie_update(struct fw_tables *t, int side, struct trie_range r, const struct trie_delta *delta);
/*
 * A future trie: a copy of the live one's root, in which references change. trie_copy_end() either retires the live one
 * or drops the copy; until then t->root names the live one.
 */
struct trie_copy {
	int side;
	enum fw_family family;
	uint32_t line; /* 0: there is none */
};
int trie_copy_begin(struct fw_tables *t, int side, enum fw_family family, struct trie_copy *out);
/* As trie_update(). */
int trie_copy_update(struct fw_tables *t, const struct trie_copy *copy, struct trie_range r,
		     const struct trie_delta *delta);
void trie_copy_end(struct fw_tables *t, const struct trie_copy *copy, bool commit);

/* identity.c */

/* The ranges of an expression: @r points into the address book, or to @owned, which the caller frees. 0 or -ENOMEM. */
int identity_ranges(const struct fw_address_book *book, uint32_t addrs, const struct fw_addr_range **r, size_t *n,
		    struct fw_addr_range **owned);

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
	uint32_t *ids; /* ascending, without `any` and `frame`, which are in every class */
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
/*
 * Finds the classes of a side's addresses, for each family. Writes nothing of the tables but the side's statistics, so that
 * it can run in a thread. 0, -E2BIG with a diagnostic in @ds, -ENOMEM.
 */
int classes_sweep(struct fw_tables *t, int side, const struct fw_lowered *l, struct sweep *out, struct fw_diags *ds);
void sweep_free(struct sweep *s);

/* identity_update.c and identity_leave.c */

/*
 * Could an identity for this expression be added to classes? 0; -EAGAIN: it would be at more than @limit places, or in
 * classes that are full (maybe of identities that are about to leave); -ENOMEM.
 */
int identity_survey(const struct fw_tables *t, int side, uint32_t addrs, uint64_t limit, uint64_t *places);
/*
 * A number for an expression, which no class holds before identity_spread(). @largest: preferably above all others, so that
 * it can be appended to classes. 0; -EAGAIN: none is free; -ENOMEM.
 */
int identity_new(struct fw_tables *t, int side, uint32_t addrs, bool largest, uint32_t *id);
/* Adds it to the classes of its addresses, or removes it. 0; -EAGAIN, -ENOMEM, -ENOSPC: then some of them have changed. */
int identity_spread(struct fw_tables *t, int side, uint32_t id, bool add);
/* Sets bits in its signature, everywhere. 0 or -ENOMEM. */
int identity_sign(struct fw_tables *t, int side, uint32_t id, uint64_t bits);
/* Counts the rules that refer to it; without any it waits for its removal. */
void identity_ref(struct fw_tables *t, int side, uint32_t id, int change);
/* Queues it for removal, if nothing refers to it after a grace period. */
void identity_idle(struct fw_tables *t, int side, uint32_t id);
/* A grace period is over for an idle identity: it is kept, or t->leaving begins. */
void identity_settle(struct fw_tables *t, struct retired r);
/* Goes on with t->leaving, until *@work is used up. Returns true when that is over. */
bool identity_leave(struct fw_tables *t, int64_t *work);
/* Starts t->leaving over: its sets hold other addresses now, or some classes have the identity again. */
void identity_leave_again(struct fw_tables *t);

/* set_update.c */

/* The copies of tries that an update of sets has made; zeros: none. */
struct sets_update {
	struct trie_copy copy[2][FW_NFAMILIES];
};
/* 0; -EAGAIN: too much; -E2BIG with a diagnostic; -ENOMEM, -ENOSPC. In any case ended by sets_end(). */
int sets_prepare(struct fw_tables *t, const struct fw_lowered_edit *l, struct sets_update *out);
/* Writes the lines of the copies into a future root. */
void sets_root(const struct sets_update *u, struct fw_root *root);
void sets_end(struct fw_tables *t, const struct sets_update *u, bool commit);

#endif
