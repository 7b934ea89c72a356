/* SPDX-License-Identifier: GPL-2.0-only */
/* A change under way: in the live ruleset (engine_change.c), or, a large one, in a copy of it (engine_bulk.c). */
#ifndef FWD_TRANSACTION_H
#define FWD_TRANSACTION_H

#include "engine_internal.h"

struct transaction {
	struct engine *e;
	const struct engine_edit *asked;
	struct fw_edit *edit; /* of the live ruleset, or of the copy */
	struct fw_buf log;
	uint32_t *added; /* slots */
	size_t nadded;
	struct engine_result *out;
	struct record record;
};
void transaction_free(struct transaction *t);
/* Reads the text into the edit, which has begun: log, slots and counts. 0, -errno with diagnostics; see engine_change(). */
int transaction_read(struct transaction *t);
/* Until it is on the disk, all can be taken back. */
int transaction_store(struct transaction *t);
/* The rows, and what is doubtful about them, to who asked: before the edit ends. */
void transaction_tell(struct transaction *t);

#endif
