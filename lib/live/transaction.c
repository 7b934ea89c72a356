// SPDX-License-Identifier: GPL-2.0-only
/* One edit of the live ruleset. Its tables are changed in place where that is possible, else all are written again. */
#include "fw/tables.h"

#include "internal.h"

static double lap(double *since)
{
	double now = fw_now(), passed = now - *since;

	*since = now;
	return passed;
}

int fw_transaction_begin(struct fw_live *live, struct fw_transaction *t)
{
	struct fw_live_retired *old = calloc(1, sizeof(*old));
	int err;

	*t = (struct fw_transaction){ .live = live };
	err = old ? fw_edit_begin(live->now->rs, &t->edit) : -ENOMEM;
	if (err)
		free(old);
	else
		t->old = old;
	return err;
}

bool fw_live_is_large(const struct fw_live *live)
{
	const struct fw_ruleset *rs = live->now->rs;
	size_t n = rs->nrules;

	for (size_t i = 0; i < rs->nsets; i++)
		n += rs->sets[i].n;
	return live->options.rebuild_max && n > live->options.rebuild_max;
}

static int tables_prepare(struct fw_transaction *t, struct fw_diags *ds)
{
	struct fw_live *live = t->live;
	struct fw_image *image = &live->now->image;
	struct fw_compiled again = { .rs = live->now->rs };
	int err = fw_tables_update(image, &t->edit, ds, &t->update);

	if (err != -EAGAIN || fw_live_is_large(live))
		return err;
	t->rebuilt = true;
	err = fw_live_compile(live, &again, ds);
	t->image = again.image;
	return err;
}

int fw_live_deleted_slots(const struct fw_edit *e, uint32_t **slots, size_t *nslots)
{
	*nslots = 0;
	*slots = malloc((e->nrules + 1) * sizeof(**slots));
	if (!*slots)
		return -ENOMEM;
	for (size_t i = 0; i < e->nrules; i++)
		if (!e->rules[i].after)
			(*slots)[(*nslots)++] = e->rules[i].slot;
	return 0;
}

/* Do elements only stay longer in their sets, which packets do not notice? */
static bool is_unseen(const struct fw_edit *e)
{
	return e->ntimes && !e->nrules && !e->nsets && !e->policies;
}

int fw_transaction_prepare(struct fw_transaction *t, struct fw_diags *ds)
{
	double since = fw_now();
	int err = fw_live_deleted_slots(&t->edit, &t->old->slots, &t->old->nslots);

	if (!err && is_unseen(&t->edit))
		return 0;
	if (!err)
		err = tables_prepare(t, ds);
	t->compile = lap(&since);
	if (!err)
		err = live_ready(t->live, t->live->now->rs, ds);
	t->kernel = lap(&since);
	return err;
}

static void image_replace(struct fw_transaction *t)
{
	struct fw_live *live = t->live;

	t->image.generation = fw_live_next_generation(live);
	t->old->image = live->now->image;
	live->now->image = t->image;
	t->image = (struct fw_image){ .root = 0 };
	live->ticket_of = NULL; /* if a grace period is running, it is the old image's */
}

int fw_transaction_commit(struct fw_transaction *t, fw_journal *journal, void *ctx)
{
	int err = journal ? journal(ctx) : 0;
	double since = fw_now();

	if (err || is_unseen(&t->edit))
		return err;
	if (t->update)
		fw_update_commit(fw_take(t->update));
	else
		image_replace(t);
	t->compile += lap(&since);
	live_publish(t->live, &t->live->now->image);
	live_labels_edit(t->live, &t->edit);
	live_state_settle(t->live);
	t->kernel += lap(&since);
	return 0;
}

void fw_transaction_end(struct fw_transaction *t, uint32_t **slots, size_t *nslots)
{
	struct fw_live_retired *old = fw_take(t->old);

	fw_edit_commit(&t->edit);
	if (slots) {
		*slots = fw_take(old->slots);
		*nslots = old->nslots;
		old->nslots = 0;
	}
	if (old->nslots || old->image.root)
		live_retire(t->live, old);
	else
		live_retired_free(old);
}

void fw_transaction_abort(struct fw_transaction *t)
{
	if (t->update)
		fw_update_abort(fw_take(t->update));
	fw_image_free(&t->image);
	fw_edit_abort(&t->edit);
	live_state_settle(t->live);
	live_retired_free(fw_take(t->old));
}
