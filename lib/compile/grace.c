// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grace periods. When one is over, everything that waited for it in the queue (retire.c) is freed, or takes its next step and
 * waits for another one.
 */
#include "address/address.h"
#include "pair/pair.h"

#define WORK_RETIRED 8 /* as other work is counted */

uint32_t fw_image_grace_begin(struct fw_image *image)
{
	return image->tables->ticket++;
}

/* Takes the next entry that has waited for the grace period; false: there is none. */
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
