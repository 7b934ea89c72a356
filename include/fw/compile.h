/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a ruleset to the tables that packets are looked up in, and the lookup in
 * user space. Pure: no kernel, no I/O.
 */
#ifndef FW_COMPILE_H
#define FW_COMPILE_H

#include "fw/format.h"
#include "fw/rule.h"

/*
 * The pool: memory of tables, in segments of FW_SEGMENT_BYTES that stand one
 * after the other in this process, so that an offset is an address. Where a
 * segment comes from is the owner's business (plain memory here, maps in lib/kern).
 */
struct fw_pool {
	uint8_t *base;                     /* room for FW_POOL_SEGMENTS segments and the slack, reserved */
	uint32_t nsegments;                /* in place */
	uint32_t used;                     /* lines handed out, from the start; line 0 is never used */
	uint32_t limit;                    /* segments at most */
	int (*grow)(struct fw_pool *pool); /* puts one more segment in place: 0, -ENOMEM, -ENOSPC */
};

/* A pool of plain memory, freed with fw_pool_free(). 0 or -ENOMEM. */
int fw_pool_new(struct fw_pool **out);
/* For owners that bring their own segments: reserves the address space and sets the limit (0 or -ENOMEM); lets it go. */
int fw_pool_init(struct fw_pool *pool);
void fw_pool_fini(struct fw_pool *pool);
void fw_pool_free(struct fw_pool *pool); /* NULL is fine */
/**
 * fw_pool_alloc - lines that stand together
 * @lines: up to a segment: they do not cross a segment's end; more: they start at one
 * @line:  the first; zeroed
 * Return: 0, -ENOMEM, -ENOSPC when the pool is full.
 */
int fw_pool_alloc(struct fw_pool *pool, uint32_t lines, uint32_t *line);
static inline void *fw_pool_ptr(const struct fw_pool *pool, uint32_t line)
{
	return pool->base + (uint64_t)line * FW_LINE;
}

struct fw_compile_stats {
	uint64_t rules, identities[2], classes[2], pairs; /* [0] source, [1] destination */
	uint64_t blocks, block_rules_max;
	uint32_t nesting_max[2]; /* identities of one class, `any` included */
	uint64_t probes_max;     /* pairs that one packet can ask for, at most */
	uint64_t trie_bytes, class_bytes, pair_bytes, block_bytes, bytes; /* in the pool; bytes: all of it */
	double seconds;
};

/* A compiled ruleset inside a pool. */
struct fw_image {
	uint32_t root; /* line of struct fw_root */
	struct fw_compile_stats stats;
};

/**
 * fw_compile - write a ruleset's tables into a pool
 * @rs:   borrowed
 * @pool: gets new objects; nothing that is there already is touched
 * @ds:   which rule or prefix goes beyond which limit
 * @out:  untouched on failure
 * Return: 0, -E2BIG with a diagnostic when a limit is exceeded, -ENOMEM, -ENOSPC.
 */
int fw_compile(const struct fw_ruleset *rs, struct fw_pool *pool, struct fw_diags *ds, struct fw_image *out);

/**
 * fw_image_validate - does the image hold together?
 * @reason: when not: what is wrong, a constant string
 *
 * Walks everything reachable from the root: references inside the pool, order of runs and bounds, every identity and
 * pair findable, every bound that the lookup relies on.
 * Return: 0 or -EINVAL.
 */
int fw_image_validate(const struct fw_pool *pool, uint32_t root, const char **reason);

/**
 * fw_oracle - the first rule that matches, by linear search: the definition of right
 * @key: as the packet parser makes it
 * Return: index into rs->rules, or -1: the policy of key->reason or of the hook decides.
 */
long fw_oracle(const struct fw_ruleset *rs, const struct fw_key *key);
/* Does this one rule match? */
bool fw_oracle_rule(const struct fw_ruleset *rs, const struct fw_rule *rule, const struct fw_key *key);
/* The verdict that goes with fw_oracle()'s answer. */
enum fw_verdict fw_oracle_verdict(const struct fw_ruleset *rs, long index, const struct fw_key *key);

/* What the tables say of a packet. */
struct fw_result {
	enum fw_verdict verdict;
	uint32_t slot;   /* counter of the rule that decided; valid when reason is FW_R_NONE */
	uint32_t reason; /* FW_R_NONE: a rule; else which policy decided */
};

static inline struct fw_result fw_result_of(uint32_t what)
{
	uint32_t counter = FW_WHAT_COUNTER(what);
	bool rule = counter >= FW_COUNTER_RULES;

	return (struct fw_result){ FW_WHAT_VERDICT(what), rule ? counter - FW_COUNTER_RULES : 0,
				   rule ? FW_R_NONE : counter };
}

/* A lookup in user space: the code of include/fw/lookup.h over a pool. Not shared between threads. */
struct fw_classifier;
/* @flow_cache: with it or without. 0 or -ENOMEM; fw_classifier_free(NULL) is fine. */
int fw_classifier_new(const struct fw_pool *pool, bool flow_cache, struct fw_classifier **out);
void fw_classifier_free(struct fw_classifier *c);
/* From now on the image at @root, as generation @generation. */
void fw_classifier_publish(struct fw_classifier *c, uint32_t root, uint32_t generation);
struct fw_result fw_classifier_run(struct fw_classifier *c, const struct fw_key *key);

#endif
