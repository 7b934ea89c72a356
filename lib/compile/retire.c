// SPDX-License-Identifier: GPL-2.0-only
/*
 * What packets may still be looking at. Everything that a change takes out of
 * the tables is put at the end of a queue, with the number of the grace period
 * that it has to wait for; when that is over it is freed, or takes its next step and waits for another one.
 */
#include "tables.h"

#include <string.h>

#define WORK_RETIRED 8 /* as other work is counted */

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

void retire(struct fw_tables *t, struct retired r)
{
	if (t->nretired == t->retired_cap && retire_reserve(t, 1))
		return;
	r.ticket = t->ticket;
	t->retired[t->nretired++] = r;
}

void retire_lines(struct fw_tables *t, uint32_t line, uint32_t n)
{
	retire(t, (struct retired){ .kind = RETIRED_LINES, .line = line, .n = n });
}

uint32_t fw_image_grace_begin(struct fw_image *image)
{
	return image->tables->ticket++;
}

/* The next one that has waited for the grace period; false: there is none. */
static bool next(struct fw_tables *t, uint32_t ticket, struct retired *out)
{
	if (t->retired_first == t->nretired || (int32_t)(ticket - t->retired[t->retired_first].ticket) < 0)
		return false;
	*out = t->retired[t->retired_first++];
	return true;
}

bool fw_image_grace_end(struct fw_image *image, uint32_t ticket, int64_t *work)
{
	int64_t enough = INT64_MAX;
	struct fw_tables *t = image->tables;
	struct retired r;

	work = work ? work : &enough;
	if (t->leaving.active && !identity_leave(t, work))
		return false;
	while (next(t, ticket, &r)) {
		*work -= WORK_RETIRED;
		if (r.kind == RETIRED_LINES)
			heap_free(&t->heap, r.line, r.n);
		else if (r.kind == RETIRED_PAIR)
			pair_settle(t, r);
		else
			identity_settle(t, r);
		if (t->leaving.active && !identity_leave(t, work))
			return false;
		if (*work <= 0)
			return false;
	}
	if (t->retired_first == t->nretired)
		t->retired_first = t->nretired = 0;
	return true;
}

bool fw_image_grace_wanted(const struct fw_image *image)
{
	const struct fw_tables *t = image->tables;

	return t && (t->leaving.active || t->retired_first < t->nretired);
}
