/* SPDX-License-Identifier: GPL-2.0-only */
/* An update while it is prepared; private to update.c and update_steps.c. */
#ifndef FW_UPDATE_H
#define FW_UPDATE_H

#include "address/address.h"
#include "pair/pair.h"

struct made {
	uint32_t id;
	uint8_t side;
};

struct fw_update {
	struct fw_image *image;
	struct fw_tables *t;
	size_t ninstances; /* of the ruleset, afterwards */
	bool moves_sets;   /* elements are added to sets or removed */
	struct part *parts;
	size_t nparts, parts_cap;
	struct pair_step *steps;
	size_t nsteps, steps_cap, prepared;
	struct made *made; /* identities */
	size_t nmade, made_cap;
	struct sets_update sets;
	struct fw_root root;
	uint32_t root_line; /* 0: the root stays as it is */
	struct tree_update trees;
	struct rules rules; /* of the pair that is being built */
	uint64_t places;    /* of new identities in the tries */
};

/* update_steps.c; each returns 0, -EAGAIN, -EBUSY, -E2BIG with a diagnostic, -ENOMEM or -ENOSPC. */

/* Collects the rules that are added or removed, by pair, and makes identities for the new ones. */
int update_collect(struct fw_update *u, const struct fw_lowered_edit *l);
/* Makes the next value of each pair. */
int update_make_steps(struct fw_update *u);
/* Signs the identities of pairs that will have rules. */
int update_sign(struct fw_update *u);
/* Adds new identities to the classes of their addresses. */
int update_spread(struct fw_update *u);
/* Reserves what the steps need in the pair table. */
int update_prepare_steps(struct fw_update *u);
static inline bool update_has_blocks(const struct pair_value *v)
{
	return v->hit != FW_HIT_NONE && FW_HIT_BLOCK(v->hit);
}

#endif
