/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the numbers of a page are read: fwd, or the maps that it has pinned. Calls are made in the order of declaration. */
#ifndef EXPORTER_SOURCE_H
#define EXPORTER_SOURCE_H

#include "ctl/exporter/page/metrics.h"
#include "ctl/exporter/settings.h"

#define SOURCE_WHY 200
#define SOURCE_SECONDS 2 /* for which fwd may keep us waiting */

struct source {
	const struct source_ops *ops;
	char why[SOURCE_WHY]; /* details of an error; may be empty */
};

/* All return 0 or -errno, and block for SOURCE_SECONDS at most. */
struct source_ops {
	const char *name;
	/* Reads everything but the rules. */
	int (*begin)(struct source *s, struct snapshot *snap);
	/* The next rule of pass 1 or 2; its name is valid until the next call. Return: 1; 0: there are no more; -errno. */
	int (*rule)(struct source *s, unsigned pass, struct fw_rule_line *out);
	/* Reads the sums over all rules. */
	int (*end)(struct source *s, struct snapshot *snap);
	void (*close)(struct source *s);
};

/* @c is borrowed. Return: 0 or -ENOMEM. */
int source_fwd(const struct settings *c, struct source **out);
int source_pinned(const struct settings *c, struct source **out);
void source_close(struct source *s); /* NULL is fine */

/* Can the source be read? Return: 0, or -errno and why. */
int source_fwd_check(const struct settings *c, char why[SOURCE_WHY]);
int source_pinned_check(const struct settings *c, char why[SOURCE_WHY]);

/* Adds objects of fwd's reply, one a line, to the snapshot. Return: 0 or -errno. */
int source_fwd_objects(const char *text, size_t len, struct snapshot *snap);

#endif
