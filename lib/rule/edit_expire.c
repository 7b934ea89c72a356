// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements of dynamic sets leave when their time is over. What a set holds is a matter of the clock: nobody has to write down
 * that an element left, since whoever reads the set later knows its time.
 */
#include "lib/rule/undo.h"

#include <time.h>

uint32_t fw_ruleset_now(const struct fw_ruleset *rs)
{
	return rs->now ? rs->now : (uint32_t)time(NULL);
}

static uint32_t sooner(uint32_t a, uint32_t b)
{
	return a == FW_FOREVER || (b != FW_FOREVER && b < a) ? b : a;
}

uint32_t fw_ruleset_soonest(const struct fw_ruleset *rs)
{
	uint32_t soonest = FW_FOREVER;

	for (size_t i = 0; i < rs->nsets; i++)
		soonest = sooner(soonest, rs->sets[i].soonest);
	return soonest;
}

void fw_ruleset_expire(struct fw_ruleset *rs, uint32_t now)
{
	for (size_t i = 0; i < rs->nsets; i++) {
		struct fw_set *s = &rs->sets[i];
		size_t kept = 0;

		if (!fw_until_over(s->soonest, now))
			continue;
		s->soonest = FW_FOREVER;
		for (size_t k = 0; k < s->n; k++) {
			if (fw_until_over(s->elements[k].until, now))
				continue;
			s->soonest = sooner(s->soonest, s->elements[k].until);
			s->elements[kept++] = s->elements[k];
		}
		s->n = kept;
	}
}

/* Adds rows for the elements of a set that leave, up to @most rows in the edit. The set's next time goes to *@soonest. */
static int rows_over(struct fw_edit *e, uint32_t set, uint32_t now, size_t most, uint32_t *soonest)
{
	const struct fw_set *s = &e->rs->sets[set];
	int err = 0;

	*soonest = FW_FOREVER;
	for (size_t i = 0; !err && i < s->n; i++) {
		const struct fw_addr_range *r = &s->elements[i];

		if (!fw_until_over(r->until, now) || (most && e->nsets >= most))
			*soonest = sooner(*soonest, r->until);
		else
			err = fw_vec_push(e->sets, e->nsets, e->sets_cap, ((struct fw_set_change){ set, false, *r }));
	}
	return err;
}

static int expire_set(struct fw_edit *e, uint32_t set, uint32_t now, size_t most)
{
	int err = fw_settle_elements(e, set);
	size_t from = e->nsets;
	uint32_t soonest;

	if (!err)
		err = rows_over(e, set, now, most, &soonest);
	if (err)
		e->nsets = from;
	else
		err = fw_rows_apply(e, set, from);
	if (!err)
		e->rs->sets[set].soonest =
			soonest; /* an edit that is aborted puts the elements back, and with them their times */
	return err;
}

int fw_edit_expire(struct fw_edit *e, uint32_t now, size_t most)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < e->rs->nsets && (!most || e->nsets < most); i++)
		if (fw_until_over(e->rs->sets[i].soonest, now))
			err = expire_set(e, i, now, most);
	return err;
}
