/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a page's numbers come from: fwd, or the maps that it has pinned. Calls come in the order in which they stand here. */
#ifndef EXPORTER_SOURCE_H
#define EXPORTER_SOURCE_H

#include "metrics.h"
#include "settings.h"

#define SOURCE_WHY 200
#define SOURCE_SECONDS 2 /* that fwd may let us wait */

struct source {
	const struct source_ops *ops;
	char why[SOURCE_WHY]; /* what went wrong, beyond the error's number; may be empty */
};

/* All return 0 or -errno. What blocks, blocks for SOURCE_SECONDS at most. */
struct source_ops {
	const char *name;
	/* Everything but the rules. */
	int (*begin)(struct source *s, struct snapshot *snap);
	/* The next rule of pass 1 or 2; its name is borrowed until the next call. 1: there is one; 0: the pass is over. */
	int (*rule)(struct source *s, unsigned pass, struct fw_rule_line *out);
	/* The sums over all rules. */
	int (*end)(struct source *s, struct snapshot *snap);
	void (*close)(struct source *s);
};

/* 0 or -ENOMEM. @c is borrowed. */
int source_fwd(const struct settings *c, struct source **out);
int source_pinned(const struct settings *c, struct source **out);
void source_close(struct source *s); /* NULL is fine */

/* Can each be read at all? 0, or -errno and why. */
int source_fwd_check(const struct settings *c, char why[SOURCE_WHY]);
int source_pinned_check(const struct settings *c, char why[SOURCE_WHY]);

/* One line of objects: adds it to the snapshot. 0 or -errno. */
int source_fwd_object(const char *text, size_t len, struct snapshot *snap);

#endif
