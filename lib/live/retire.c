// SPDX-License-Identifier: GPL-2.0-only
/*
 * What waits for a grace period. It is freed in steps, so that the owner's other work need not wait until the tables of a million
 * rules are freed.
 */
#include "internal.h"

/* In the units of fw_image_grace_end(). */
#define WORK_SLOT 16
#define WORK_TABLES 100000 /* freeing tables ends a step */

void live_retired_free(struct fw_live_retired *what)
{
	if (!what)
		return;
	fw_image_free(&what->image);
	fw_compiled_free(what->compiled);
	free(what->slots);
	free(what);
}

void live_retire(struct fw_live *live, struct fw_live_retired *what)
{
	/* In order: tables are freed before the ruleset that they belong to. */
	what->next = NULL;
	*(live->waiting ? &live->last->next : &live->waiting) = what;
	live->last = what;
}

void fw_live_retire_slots(struct fw_live *live, uint32_t *slots, size_t nslots)
{
	struct fw_live_retired *what = nslots ? calloc(1, sizeof(*what)) : NULL;

	/* Without memory the slots are just not used again. */
	if (!what) {
		free(slots);
		return;
	}
	what->slots = slots;
	what->nslots = nslots;
	live_retire(live, what);
}

static bool owner_wants(const struct fw_live *live)
{
	const struct fw_live_hooks *h = &live->options.hooks;

	return h->grace_wanted && h->grace_wanted(live->options.ctx);
}

bool fw_live_grace_wanted(const struct fw_live *live)
{
	return live->waiting || owner_wants(live) ||
	       (live->now && (fw_image_grace_wanted(&live->now->image) || live->now->rs->actions_idle));
}

bool fw_live_grace_pending(const struct fw_live *live)
{
	return live->running || live->ticket_of || fw_live_grace_wanted(live);
}

bool fw_live_grace_begin(struct fw_live *live)
{
	if (!live->now || !fw_live_grace_wanted(live))
		return false;
	live->running = fw_take(live->waiting);
	live->ticket_of = live->now;
	live->ticket = fw_image_grace_begin(&live->now->image);
	fw_ruleset_actions_wait(live->now->rs);
	if (live->options.hooks.grace_begins)
		live->options.hooks.grace_begins(live->options.ctx);
	return true;
}

/* false: some are left. */
static bool slots_release(struct fw_live *live, struct fw_live_retired *r, int64_t *work)
{
	for (; r->nslots && *work > 0; *work -= WORK_SLOT) {
		uint32_t slot = r->slots[--r->nslots];

		if (live->kern)
			fw_kern_counter_clear(live->kern, slot);
		fw_ruleset_slot_release(live->now->rs, slot);
	}
	return !r->nslots;
}

/* Frees some of what waited for the grace period that is over. true: that was all. */
static bool end_some(struct fw_live *live, int64_t *work)
{
	/* If the image was replaced while its grace period ran, the next one frees all of it. */
	if (live->ticket_of == live->now && !fw_image_grace_end(&live->now->image, live->ticket, work))
		return false;
	if (live->ticket_of == live->now)
		fw_ruleset_actions_free(live->now->rs);
	live->ticket_of = NULL;
	while (live->running && *work > 0) {
		struct fw_live_retired *r = live->running;
		bool tables = r->compiled || r->image.root;

		if (!slots_release(live, r, work))
			return false;
		*work -= tables ? WORK_TABLES : WORK_SLOT;
		live->tables |= tables;
		live->running = r->next;
		live_retired_free(r);
	}
	return !live->running;
}

bool fw_live_grace_end(struct fw_live *live, int64_t *work)
{
	int64_t enough = INT64_MAX;

	if (!end_some(live, work ? work : &enough))
		return false;
	if (live->options.hooks.grace_over)
		live->options.hooks.grace_over(live->options.ctx);
	/* A sync gives freed segments back to the kernel. If it fails now, the next change repeats it. */
	if (live->tables && live->kern)
		fw_kern_sync(live->kern);
	live->tables = false;
	return true;
}

static void each_replaced(const struct fw_live_retired *r, void (*each)(const struct fw_compiled *c, void *ctx),
			  void *ctx)
{
	for (; r; r = r->next)
		if (r->compiled)
			each(r->compiled, ctx);
}

void fw_live_replaced(const struct fw_live *live, void (*each)(const struct fw_compiled *c, void *ctx), void *ctx)
{
	each_replaced(live->waiting, each, ctx);
	each_replaced(live->running, each, ctx);
}
