/* SPDX-License-Identifier: GPL-2.0-only */
/* A change under way: in the live ruleset (engine_change.c), or, a large one, in a copy of it (engine_bulk.c). */
#ifndef FWD_TRANSACTION_H
#define FWD_TRANSACTION_H

#include "ctl/fwd/engine/engine_internal.h"

struct transaction {
	struct engine *e;
	const struct engine_edit *asked;
	struct fw_edit edit;
	struct fw_update *change;  /* of the tables; NULL: they are written anew */
	struct fw_image image;     /* then these */
	struct fw_cost_worst cost; /* of these */
	struct fw_buf log;
	uint32_t *added, *deleted; /* slots */
	size_t nadded, ndeleted;
	struct engine_result *out;
	struct record record;
};
void transaction_free(struct transaction *t);
/* Reads the text into the edit, which has begun: log, slots and counts. 0, -errno with diagnostics; see engine_change(). */
int transaction_read(struct transaction *t);
/* Until it is on the disk, all can be taken back. */
int transaction_store(struct transaction *t);
/* Slots of rules that are gone are free a grace period later, or when nobody can bring the rules back. */
void transaction_retire(struct transaction *t, struct later *old);
/* The rows, and what is doubtful about them, to who asked: before the edit ends. */
void transaction_tell(struct transaction *t);

#endif
