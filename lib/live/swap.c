// SPDX-License-Identifier: GPL-2.0-only
/* A whole ruleset in the place of the live one, and the first one of a process. */
#include "internal.h"

int fw_swap_ready(const struct fw_live *live, struct fw_swap *swap, struct fw_diags *ds)
{
	int err = live_ready(live, swap->next->rs, ds);

	/* The first one's are written by live_labels_all(). */
	if (!err && live->now)
		err = live_labels_prepare(live, swap->next->rs, &swap->labels);
	return err;
}

/* Counters of slots without a rule are 0. */
static void counters_tidy(const struct fw_live *live)
{
	const struct fw_ruleset *rs = live->now->rs;
	uint32_t all = fw_kern_counter_slots(live->kern);

	for (uint32_t slot = 0; slot < all; slot++)
		if (slot >= rs->next_slot || !fw_ruleset_by_slot(rs, slot))
			fw_kern_counter_clear(live->kern, slot);
}

/* A grace period later nothing that a process before published is in sight. */
static void take_over(const struct fw_live *live, bool keep_counts)
{
	while (fw_kern_grace(live->kern))
		; /* interrupted, or memory is short for a moment */
	if (!keep_counts)
		counters_tidy(live);
	fw_kern_retire(live->kern);
	live_labels_all(live);
}

static int commit_first(struct fw_live *live, struct fw_swap *swap, struct fw_diags *ds)
{
	int err = live_publish_first(live, &swap->next->image, ds);

	if (err)
		return err;
	live->now = fw_take(swap->next);
	if (live->kern)
		take_over(live, swap->keep_counts);
	live_state_settle(live);
	return 0;
}

int fw_swap_commit(struct fw_live *live, struct fw_swap *swap, fw_journal *journal, void *ctx, struct fw_diags *ds)
{
	struct fw_live_retired *old = calloc(1, sizeof(*old));
	int err = -ENOMEM;

	if (old)
		err = journal ? journal(ctx) : 0;
	if (err) {
		free(old);
		return err;
	}
	swap->next->image.generation = fw_live_next_generation(live);
	if (!live->now) {
		free(old);
		return commit_first(live, swap, ds);
	}
	old->compiled = live->now;
	live->now = fw_take(swap->next);
	live_publish(live, &live->now->image);
	live_labels_commit(live, &swap->labels);
	live_state_settle(live);
	old->slots = fw_take(swap->slots);
	old->nslots = swap->nslots;
	live_retire(live, old);
	return 0;
}

void fw_swap_free(struct fw_swap *swap)
{
	fw_compiled_free(fw_take(swap->next));
	free(fw_take(swap->slots));
	live_labels_free(&swap->labels);
}
