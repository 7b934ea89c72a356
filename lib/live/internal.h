/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared between the files of lib/live. */
#ifndef FW_LIVE_INTERNAL_H
#define FW_LIVE_INTERNAL_H

#include "fw/live.h"

/* What may be freed when no packet can see it any more. */
struct fw_live_retired {
	struct fw_live_retired *next;
	struct fw_compiled *compiled; /* a ruleset that was replaced */
	struct fw_image image;        /* tables that were written again; root 0: none */
	uint32_t *slots;              /* of deleted rules */
	size_t nslots;
};

/* retire.c */
/* @what waits for the next grace period. */
void live_retire(struct fw_live *live, struct fw_live_retired *what);
void live_retired_free(struct fw_live_retired *what); /* NULL is fine */

/* publish.c: the kernel's part, which is nothing where tables lie in plain memory */
/* Counters for the rules' slots; new segments are known to the program. 0, or -errno with a diagnostic. */
int live_ready(const struct fw_live *live, const struct fw_ruleset *rs, struct fw_diags *ds);
/* Packets see the image from now on. Tries until the kernel takes it. */
void live_publish(const struct fw_live *live, const struct fw_image *image);
/* The first time: 0, or -errno with a diagnostic, and nothing has changed. */
int live_publish_first(const struct fw_live *live, const struct fw_image *image, struct fw_diags *ds);

/* state.c: the same */
/* What rules with `state` need is on. 0, or -errno with a diagnostic. */
int live_state_ready(const struct fw_live *live, const struct fw_ruleset *rs, struct fw_diags *ds);
/* It is off if the live ruleset has no such rules. */
void live_state_settle(const struct fw_live *live);

/* labels.c: the same */
/* Every label that there is room for, of the live ruleset. */
void live_labels_all(const struct fw_live *live);
/* What an edit did: while its rows are there. */
void live_labels_edit(const struct fw_live *live, const struct fw_edit *edit);
/* Gets ready what @next needs. live_labels_commit() once it is live; if it never is, there is nothing to undo. 0 or -ENOMEM. */
int live_labels_prepare(const struct fw_live *live, const struct fw_ruleset *next, struct fw_live_labels *out);
void live_labels_commit(const struct fw_live *live, const struct fw_live_labels *l);
void live_labels_free(struct fw_live_labels *l);

#endif
