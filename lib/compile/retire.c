// SPDX-License-Identifier: GPL-2.0-only
/*
 * What packets may still be reading. Everything that an update removes from the tables is appended to a queue, with the
 * number of the grace period that it has to wait for; grace.c takes it from there.
 */
#include "tables.h"

#include <string.h>

int retire_reserve(struct fw_tables *t, size_t n)
{
	size_t live = t->nretired - t->retired_first;

	if (t->nretired + n <= t->retired_cap)
		return 0;
	if (live)
		memmove(t->retired, t->retired + t->retired_first, live * sizeof(*t->retired));
	t->retired_first = 0;
	t->nretired = live;
	if (live + n <= t->retired_cap)
		return 0;

	size_t cap = (live + n) * 2 + 64;
	struct retired *grown = realloc(t->retired, cap * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	t->retired = grown;
	t->retired_cap = cap;
	return 0;
}

void retire_push(struct fw_tables *t, struct retired r)
{
	if (t->nretired == t->retired_cap && retire_reserve(t, 1))
		return;
	r.ticket = t->ticket;
	t->retired[t->nretired++] = r;
}

void retire_lines(struct fw_tables *t, uint32_t line, uint32_t n)
{
	retire_push(t, (struct retired){ .kind = RETIRED_LINES, .line = line, .n = n });
}
