/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From instances of rules (fw/instance.h) to the tables that packets are looked up in, and the lookup in user space.
 * Pure: no rules, no kernel, no I/O.
 */
#ifndef FW_COMPILE_H
#define FW_COMPILE_H

#include "fw/instance.h"
#include "fw/table/format.h"

/*
 * The pool: memory for tables, in segments of FW_SEGMENT_BYTES. Segment i is at base + i * FW_SEGMENT_BYTES in this process;
 * where no segment is in place, zeros can be read. The owner provides segments: plain memory here, maps in lib/kern. Each
 * image takes segments of its own and gives them back.
 */
struct fw_pool {
	uint8_t *base;      /* reserved address space for FW_POOL_SEGMENTS segments and the slack */
	uint32_t nsegments; /* number of segments in place */
	uint32_t limit;     /* upper bound of @nsegments */
	uint64_t taken[FW_POOL_SEGMENTS / 64];
	int (*add)(struct fw_pool *pool, uint32_t index);   /* puts a zeroed segment in place. 0, -ENOMEM or -ENOSPC */
	void (*drop)(struct fw_pool *pool, uint32_t index); /* removes a segment */
	/* Waits until packets can read added segments. 0 or -errno. NULL: they can at once. */
	int (*sync)(struct fw_pool *pool);
};

/* A pool of plain memory, freed with fw_pool_free(). 0 or -ENOMEM. */
int fw_pool_new(struct fw_pool **out);
/* For owners that provide segments: reserves the address space and sets the limit (0 or -ENOMEM); releases it. */
int fw_pool_init(struct fw_pool *pool);
void fw_pool_fini(struct fw_pool *pool);
void fw_pool_free(struct fw_pool *pool); /* NULL is fine */
/* Takes @n adjacent segments, zeroed; the number of the first goes to @index. 0, -ENOMEM, -ENOSPC: the pool is full. */
int fw_pool_take(struct fw_pool *pool, uint32_t n, uint32_t *index);
void fw_pool_give(struct fw_pool *pool, uint32_t index, uint32_t n);
/* Marks a segment as taken that is already in place. */
void fw_pool_occupy(struct fw_pool *pool, uint32_t index);
static inline void *fw_pool_ptr(const struct fw_pool *pool, uint32_t line)
{
	return pool->base + (uint64_t)line * FW_LINE;
}

struct fw_compile_stats {
	uint64_t rules, identities[2], classes[2], pairs; /* numbers of objects; [0] source, [1] destination */
	uint64_t blocks;                                  /* number of pairs with blocks */
	uint64_t block_rules_max; /* most rules of one pair with blocks, as of fw_compile(): updates do not change it */
	uint32_t nesting_max[2];  /* most identities of one class, `any` included */
	uint64_t probes_max;      /* most pairs that one packet can look up */
	uint64_t trie_bytes, class_bytes, pair_bytes, block_bytes, bytes; /* bytes in the pool, by kind and in total */
	double seconds;
};

/* A compiled ruleset in a pool, and what is needed to update it. Freed with fw_image_free(). */
struct fw_tables;
struct fw_image {
	uint32_t root;       /* number of the line where struct fw_root begins */
	uint32_t generation; /* generation that packets see; 0 after fw_compile(), set by the owner */
	struct fw_compile_stats stats;
	struct fw_tables *tables; /* private */
};

struct fw_compile_options {
	uint32_t leaf_rules; /* rules of a pair are split into blocks of about this many; 0: 64 */
	/* Most identities of one side, including the fixed ones; 0: FW_IDENTITIES_MAX, the largest value. */
	uint32_t identities_max;
};

/**
 * fw_compile - write the tables of a lowered ruleset into a pool
 * @l:       borrowed; not needed once it returns
 * @pool:    gets new segments; existing ones are not touched
 * @options: for updates of the image, too; NULL: all 0
 * @ds:      which rule or prefix exceeds which limit
 * @out:     untouched on failure
 * Return: 0, -E2BIG with a diagnostic when a limit is exceeded, -ENOMEM, -ENOSPC.
 */
int fw_compile(const struct fw_lowered *l, struct fw_pool *pool, const struct fw_compile_options *options,
	       struct fw_diags *ds, struct fw_image *out);
/* Gives the image's segments back. No packet may see them any more, and the address book must still exist. An image of zeros is fine. */
void fw_image_free(struct fw_image *image);

/*
 * Updates of an image that packets are looking at. The order of a change:
 *
 *	fw_edit_begin(), fw_edit_...()    the ruleset changes
 *	fw_edit_settle(), fw_lower_edit()
 *	fw_update_prepare()               everything that can fail; packets see nothing of it
 *	(the store writes it down)
 *	fw_update_commit()                no failure from here on
 *	fw_kern_publish()                 one store: packets see image->root as image->generation
 *	fw_edit_commit()
 *	...a grace period later: fw_image_grace_end()
 *
 * or, until the commit, fw_update_abort() and fw_edit_abort().
 */
struct fw_update;
/**
 * fw_update_prepare - the tables that an edit asks for
 * @image: of the ruleset as it was before the edit
 * @l:     borrowed and not needed once it returns, but its instances are until the update ends; its address book is for as
 *         long as the image exists
 * @ds:    which rule exceeds which limit
 * @out:   ended by fw_update_commit() or fw_update_abort(); untouched on failure
 * Return: 0; -EAGAIN: compiling the whole ruleset is better, or the only way; -EBUSY: abort the edit and make it again
 * after a grace period; -E2BIG with a diagnostic; -ENOMEM; -ENOSPC.
 */
int fw_update_prepare(struct fw_image *image, const struct fw_lowered_edit *l, struct fw_diags *ds,
		      struct fw_update **out);
/* Makes the update part of the next generation, and increments image->generation. Cannot fail. */
void fw_update_commit(struct fw_update *u);
void fw_update_abort(struct fw_update *u);

/*
 * Memory that packets may still be reading waits for a grace period: one that begins after fw_image_grace_begin() and is over
 * when fw_image_grace_end() is called with the ticket. Both are called by the thread that makes updates, and not while an
 * edit of the ruleset is open: identities are removed from the addresses that their sets hold at that time. In between,
 * updates may go on.
 */
uint32_t fw_image_grace_begin(struct fw_image *image);
/*
 * Frees or advances what waited. *@work is what may be done in this call; NULL: everything. Returns false if that is used up:
 * call it again, before the next fw_image_grace_begin().
 */
bool fw_image_grace_end(struct fw_image *image, uint32_t ticket, int64_t *work);
/* Does anything wait for a grace period? Each one may leave work for another. */
bool fw_image_grace_wanted(const struct fw_image *image);
/* Lines of the pool that the image uses, and that its segments have. */
void fw_image_usage(const struct fw_image *image, uint64_t *used, uint64_t *room);
/* Identities that rules have made on a side: at most FW_IDENTITIES_MAX - FW_IDENTITIES_FIXED. */
uint64_t fw_image_identities(const struct fw_image *image, int side);
/* Blocks beyond the first of those that they follow: at most FW_BLOCK_CHAIN. */
uint64_t fw_image_further_blocks(const struct fw_image *image);

/**
 * fw_image_validate - is the image consistent?
 * @reason: what is wrong, as a constant string; NULL: nothing
 *
 * Walks everything reachable from the root: references inside the pool, order of runs and bounds, whether every identity
 * and pair can be found, every bound that the lookup relies on.
 * Return: 0 or -EINVAL.
 */
int fw_image_validate(const struct fw_pool *pool, uint32_t root, const char **reason);

/* The answer of the tables for a packet. */
struct fw_result {
	enum fw_verdict verdict;
	uint32_t slot;          /* counter of the rule that decided; valid when reason is FW_R_NONE */
	uint32_t reason;        /* FW_R_NONE: a rule; else which policy decided */
	uint32_t npassed;       /* rules that only counted the packet */
	const uint32_t *passed; /* FW_WHAT of each, in order; borrowed until the next packet. See fw_result_passed() */
};

static inline struct fw_result fw_result_of(const struct fw_answer *answer)
{
	uint32_t counter = FW_WHAT_COUNTER(answer->what);
	bool rule = counter >= FW_COUNTER_RULES;

	return (struct fw_result){ (enum fw_verdict)answer->verdict, rule ? counter - FW_COUNTER_RULES : 0,
				   rule ? FW_R_NONE : counter, answer->passed, answer->rule };
}

/* The slot of the @i-th rule that only counted the packet. */
static inline uint32_t fw_result_passed(const struct fw_result *r, uint32_t i)
{
	return FW_WHAT_COUNTER(r->passed[i]) - FW_COUNTER_RULES;
}

/* The lookup in user space: include/fw/table/lookup.h over a pool. One thread at a time. */
struct fw_classifier;
/* @flow_cache: with it or without. 0 or -ENOMEM; fw_classifier_free(NULL) is fine. */
int fw_classifier_new(const struct fw_pool *pool, bool flow_cache, struct fw_classifier **out);
void fw_classifier_free(struct fw_classifier *c);
/* From now on, lookups see the image at @root as generation @generation. */
void fw_classifier_publish(struct fw_classifier *c, uint32_t root, uint32_t generation);
/* Are the conditions of a rule's action met now, for this packet? They are asked once the rule's matches are. */
typedef bool fw_condition_fn(void *ctx, const struct fw_key *key, const struct fw_action *a, uint32_t slot);
/* Who is asked for conditions; NULL: they are met as fw_action_quiet() says. */
void fw_classifier_conditions(struct fw_classifier *c, fw_condition_fn *condition, void *ctx);
/* The answer for a packet; borrowed until the next one. */
const struct fw_answer *fw_classifier_run(struct fw_classifier *c, const struct fw_key *key);

static inline struct fw_result fw_classifier_result(struct fw_classifier *c, const struct fw_key *key)
{
	return fw_result_of(fw_classifier_run(c, key));
}

#endif
