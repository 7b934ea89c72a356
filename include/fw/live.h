/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The transaction. A ruleset, the tables compiled from it and what packets see change together or not at all, in the
 * same steps for an edit of the live ruleset and for another ruleset in its place:
 *
 *	prepare   the tables, their segments and counters: everything that can fail; packets see none of it
 *	journal   the owner writes the change down; if that fails, the change is rolled back
 *	commit    cannot fail
 *	publish   one store: packets see the new generation
 *	settle    a grace period later: frees what packets may still have been reading
 *
 * One thread owns a struct fw_live and calls these functions. The library starts no thread of its own, except for
 * struct fw_live_waiter. fw_live_compile() and fw_swap_ready() may run in another thread as long as the owner
 * neither changes the live ruleset nor ends a grace period meanwhile.
 */
#ifndef FW_LIVE_H
#define FW_LIVE_H

#include "fw/edit.h"
#include "fw/kern.h"

/* A ruleset and the tables compiled from it. */
struct fw_compiled {
	struct fw_ruleset *rs;
	struct fw_image image;
	bool restored; /* the ruleset was accepted before: see fw_tables_restore() */
	/* Frees rs and this struct once the image is freed. NULL: fw_ruleset_free() and free(). */
	void (*free)(struct fw_compiled *c);
};
void fw_compiled_free(struct fw_compiled *c); /* NULL is fine; no packet may see the image */

/* What the owner adds to the transaction. Each may be NULL. */
struct fw_live_hooks {
	/* The owner has something of its own that needs a grace period; one begins; one is over. */
	bool (*grace_wanted)(void *ctx);
	void (*grace_begins)(void *ctx);
	void (*grace_over)(void *ctx);
	/* For a second the kernel has refused tables that are in the journal already. NULL: try until it takes them. */
	void (*stuck)(void *ctx);
};

struct fw_live_options {
	/* Borrowed. NULL: tables in plain memory; after each commit the owner makes lookups use the image of live->now. */
	struct fw_kern *kern;
	struct fw_pool *pool; /* the pool if @kern is NULL; borrowed */
	struct fw_compile_options compile;
	size_t rebuild_max; /* an edit may recompile a ruleset of up to this many rules and set elements; 0: of any size */
	struct fw_live_hooks hooks;
	void *ctx; /* passed to the hooks */
};

struct fw_live_retired;
struct fw_live {
	struct fw_compiled *now; /* NULL: nothing was published yet */
	struct fw_kern *kern;
	struct fw_pool *pool;
	/* Private: */
	struct fw_live_options options;
	struct fw_live_retired *waiting, *running; /* what waits for the next grace period and for the current one */
	struct fw_live_retired *last;              /* last one of @waiting, unless that is empty */
	bool tables;                               /* ending the current grace period has freed tables so far */
	const struct fw_compiled *ticket_of; /* the ticket is for the image of this one; NULL: there is no ticket */
	uint32_t ticket;
};

/* 0 or -ENOMEM. */
int fw_live_new(const struct fw_live_options *options, struct fw_live **out);
/*
 * Frees everything that it holds, without waiting for packets: before fw_kern_close(). With pinned maps packets go on with
 * the tables that they see. NULL is fine.
 */
void fw_live_free(struct fw_live *live);

/* The owner writes down what is about to be committed. 0, or -errno: nothing has changed. */
typedef int fw_journal(void *ctx);

/*
 * An edit of the live ruleset: begin, fw_edit_...() on @edit, prepare, commit, end. Up to the commit, or when one of these
 * fails, fw_transaction_abort() takes everything back.
 */
struct fw_transaction {
	struct fw_edit edit;
	bool rebuilt;           /* all tables are compiled again instead of being changed in place */
	struct fw_image image;  /* if @rebuilt: the new tables, until the commit */
	double compile, kernel; /* seconds spent on tables, and on counters, segments and publication */
	/* Private: */
	struct fw_live *live;
	struct fw_update *update;
	struct fw_live_retired *old;
};
/* That of the next change or ruleset, unless packets could notice nothing of it. */
uint32_t fw_live_next_generation(const struct fw_live *live);

/* Does the live ruleset have more rules and set elements than rebuild_max? */
bool fw_live_is_large(const struct fw_live *live);
/* 0 or -ENOMEM, and then there is nothing to abort. */
int fw_transaction_begin(struct fw_live *live, struct fw_transaction *t);
/*
 * Return: 0; -EAGAIN: the whole ruleset would have to be compiled, and is larger than rebuild_max; -EBUSY without a
 * diagnostic: possible after a grace period, when the edit was aborted and is made again; -ENOSPC: perhaps so too;
 * -E2BIG with a diagnostic; -errno.
 */
int fw_transaction_prepare(struct fw_transaction *t, struct fw_diags *ds);
/*
 * @journal: NULL: none. 0: packets see the edit, whose rows are still there; or what the journal returned. An edit of which they
 * could notice nothing makes no new generation.
 */
int fw_transaction_commit(struct fw_transaction *t, fw_journal *journal, void *ctx);
/*
 * The rows of the edit are freed. Slots of deleted rules are released after the next grace period.
 * @slots: not NULL: the caller gets the slots instead, to release them with fw_live_retire_slots(); free()
 */
void fw_transaction_end(struct fw_transaction *t, uint32_t **slots, size_t *nslots);
void fw_transaction_abort(struct fw_transaction *t);

/* Slots of the rules that an edit deletes, also of those that it added itself: free() them. 0 or -ENOMEM. */
int fw_live_deleted_slots(const struct fw_edit *e, uint32_t **slots, size_t *nslots);
/* Slots of deleted rules: after the next grace period their counters are 0 and they are free. Takes @slots. */
void fw_live_retire_slots(struct fw_live *live, uint32_t *slots, size_t nslots);

/* The tables of c->rs, which it puts in order, with the options of @live. As fw_tables_compile(). */
int fw_live_compile(const struct fw_live *live, struct fw_compiled *c, struct fw_diags *ds);

struct fw_live_label_names;
/* Labels of a ruleset that is to be swapped in. */
struct fw_live_labels {
	struct fw_label *by_slot; /* @n labels, indexed by slot */
	uint32_t n;
	struct fw_live_label_names *names; /* new names of slots that have a rule already */
	size_t nnames, cap;
};

/* Another ruleset in the place of the live one, or the first one. */
struct fw_swap {
	struct fw_compiled *next; /* the compiled ruleset; fw_swap_commit() takes it */
	/* Slots of rules that only the live ruleset has, to be released later; fw_swap_commit() takes them. */
	uint32_t *slots;
	size_t nslots;
	bool keep_counts; /* for the first ruleset: slots without a rule keep their counts, since their rules may return */
	struct fw_live_labels labels; /* private */
};
/* Counters, segments and labels that swap->next needs: what takes time. 0, or -errno with a diagnostic. */
int fw_swap_ready(const struct fw_live *live, struct fw_swap *swap, struct fw_diags *ds);
/**
 * fw_swap_commit - journal, commit and publish a ruleset that is ready
 *
 * The first one also takes over what a process before left in the kernel: after a grace period its tables are given up, and
 * counters of slots without a rule begin at 0.
 * Return: 0; what the journal returned; -errno with a diagnostic: the first one only, when the kernel does not take it.
 */
int fw_swap_commit(struct fw_live *live, struct fw_swap *swap, fw_journal *journal, void *ctx, struct fw_diags *ds);
/* What was not swapped in: next, slots and labels. */
void fw_swap_free(struct fw_swap *swap);

/*
 * Grace periods, one at a time. The owner begins one, lets it pass (fw_kern_grace(), or however it knows that all lookups
 * that were under way are done) and ends it; none of that while an edit is open. What is retired in between waits for the next one.
 */
bool fw_live_grace_wanted(const struct fw_live *live);
/* Wanted, or not yet ended. */
bool fw_live_grace_pending(const struct fw_live *live);
/* false: nothing wants one. */
bool fw_live_grace_begin(struct fw_live *live);
/* false: *@work is used up before everything is freed: call it again. NULL: all at once. See fw_image_grace_end(). */
bool fw_live_grace_end(struct fw_live *live, int64_t *work);
/* Every replaced ruleset that is still in memory. */
void fw_live_replaced(const struct fw_live *live, void (*each)(const struct fw_compiled *c, void *ctx), void *ctx);

/* A thread that lets grace periods pass in the kernel, so that the owner never waits for one. */
struct fw_live_waiter;
/* @wake: from that thread or the owner's: fw_live_waiter_work() has something to do. NULL: the owner calls it anyway. */
int fw_live_waiter_start(struct fw_live *live, void (*wake)(void *ctx), void *ctx, struct fw_live_waiter **out);
/* Ends the grace period that is over, as far as *@work lasts (NULL: wholly), and begins one if one is wanted. */
void fw_live_waiter_work(struct fw_live_waiter *w, int64_t *work);
/* Until none is wanted. */
void fw_live_waiter_settle(struct fw_live_waiter *w);
/* Before fw_live_free(). NULL is fine. */
void fw_live_waiter_stop(struct fw_live_waiter *w);

#endif
