/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which rules get series of their own, as fwd chooses them: of those that are
 * marked the ones with the lowest ids, of the others the ones with the most
 * packets. Memory is bounded by what is chosen. Pure.
 */
#ifndef EXPORTER_CHOICE_H
#define EXPORTER_CHOICE_H

#include "snapshot.h"
#include "lines.h"

#define CHOICE_NAME 63 /* bytes of a name */

struct chosen {
	uint64_t id;
	struct tally count;
	bool marked, counter, accept;
	char name[CHOICE_NAME + 1];
};

/* A heap: what leaves first stands first. */
struct chosen_heap {
	struct chosen *v;
	size_t n, cap, limit;
	bool (*leaves)(const struct chosen *a, const struct chosen *b); /* @a before @b */
};

struct choice {
	struct chosen_heap marked, top;
	struct snapshot_rules all, marked_all;
};

void choice_init(struct choice *s, size_t max_marked, size_t top);
void choice_free(struct choice *s);
/* One more rule, in any order. 0 or -ENOMEM. */
int choice_add(struct choice *s, const struct chosen *rule);
/*
 * All have been added: the numbers of rules go to @snap, and the chosen ones to @out, by id; owned by @s. 0 or -ENOMEM.
 */
int choice_end(struct choice *s, struct snapshot *snap, const struct chosen **out, size_t *n);
/* The rule as a line; @text has room for LINE_BYTES_MAX bytes. Return: how many there are. */
size_t choice_line(const struct chosen *c, char *text);

#endif
