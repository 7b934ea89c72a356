/* SPDX-License-Identifier: GPL-2.0-only */
/* A change of the live ruleset (engine_change.c) or, if it is large, of a copy of it (engine_bulk.c). */
#ifndef FWD_TRANSACTION_H
#define FWD_TRANSACTION_H

#include "engine_internal.h"

struct transaction {
	struct engine *e;
	const struct engine_edit *asked;
	struct fw_edit *edit; /* open, of the live ruleset or of the copy */
	struct fw_buf log;
	uint32_t *added; /* slots of added rules, as struct store_change has them */
	bool dynamic;    /* it changes elements of dynamic sets alone */
	size_t nadded;
	struct engine_result *out;
	struct record record;
};
void transaction_free(struct transaction *t);
/* Applies the text to the edit. Fills in log, slots and counts. 0, -errno with diagnostics; see engine_change(). */
int transaction_read(struct transaction *t);
/* Writes it to the store. 0: it is on disk, and must be committed; -errno with a diagnostic. */
int transaction_store(struct transaction *t);
/* Passes the rows to the caller, and adds warnings about them. Before the edit ends. */
void transaction_tell(struct transaction *t);

#endif
