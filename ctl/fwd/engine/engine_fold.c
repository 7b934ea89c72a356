// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upkeep of the store, by the worker when it has nothing else to do. Once there are many changes since the last snapshot, they are folded into a new
 * one: the worker reads the store as a restart would and writes the result, while the live ruleset goes on changing; later
 * changes are kept on top. A text that names services is folded as well, since the next fwd may find other ports for them.
 */
#include "engine_internal.h"
#include "engine_text.h"
#include "snapshot.h"

#include <string.h>

static struct store_text text_of(const struct stored *st, const struct fw_buf *text)
{
	return (struct store_text){
		.name = "snapshot",
		.format = FW_FORMAT_RULES,
		.text = text->text,
		.len = text->len,
		.files = st->files,
		.nfiles = st->nfiles,
	};
}

/* Is the text equivalent to the ruleset? Nothing else will be left of it. */
static bool text_holds(const struct fw_buf *text, const struct stored *st)
{
	const struct store_text t = text_of(st, text);
	struct fw_ruleset *again = fw_ruleset_new(NULL);
	fw_cleanup(fw_buf_free) struct fw_buf twice = { 0 };
	bool same = again && !fw_ruleset_follow(again, st->rs) && !text_parse(&t, true, again, NULL);

	if (same)
		fw_text_print(&twice, again);
	same = same && !twice.failed && twice.len == text->len && !memcmp(twice.text, text->text, text->len);
	fw_ruleset_free(again);
	return same;
}

/* Drops the files that no set is read from any more. */
static void files_drop(struct stored *st)
{
	size_t kept = 0;

	for (size_t i = 0; i < st->nfiles; i++) {
		bool used = false;

		for (size_t s = 0; s < st->rs->nsets && !used; s++)
			used = st->rs->sets[s].name && st->rs->sets[s].path &&
			       !strcmp(st->rs->sets[s].path, st->files[i].path);
		if (used) {
			st->files[kept++] = st->files[i];
		} else {
			free((char *)st->files[i].path);
			free((char *)st->files[i].text);
		}
	}
	st->nfiles = kept;
}

static int fold_write(struct engine *e, struct stored *st, const struct fw_buf *text)
{
	const struct store_text t = text_of(st, text);
	int err = snapshot_write_text(e->store, &t, NULL);

	if (!err)
		err = snapshot_write_numbers(e->store, st->rs, NULL, NULL);
	if (!err)
		err = store_snapshot_fold(e->store, st->changes, NULL);
	if (err)
		store_snapshot_abort(e->store);
	return err;
}

static int fold_from(struct engine *e, unsigned arena)
{
	fw_cleanup(stored_free) struct stored st = { .rs = NULL };
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };
	int err = stored_read(e, &(struct stored_options){ .arena = arena, .files = true }, &st, NULL);

	if (err)
		return err;
	files_drop(&st);
	fw_text_print(&text, st.rs);
	if (text.failed)
		return -ENOMEM;
	return text_holds(&text, &st) ? fold_write(e, &st, &text) : -EINVAL;
}

static int fold(struct engine *e)
{
	unsigned arena = memory_new();
	int err = fold_from(e, arena);

	memory_free(arena);
	return err;
}

struct upkeep_job {
	struct job job;
	bool fold, folded;
	int err;
};

static void upkeep_run(struct engine *e, struct job *job)
{
	struct upkeep_job *j = (struct upkeep_job *)job;

	if (j->fold)
		j->err = fold(e);
	j->folded = j->fold && !j->err;
	if (store_tidy_wanted(e->store) && store_tidy(e->store) && !j->err)
		j->err = -EIO;
}

static void upkeep_finish(struct engine *e, struct job *job)
{
	const struct upkeep_job *j = (struct upkeep_job *)job;

	/* What failed is tried again later: the store is intact without it. */
	if (j->err)
		e->upkeep_after = fw_now() + 60;
	if (j->folded)
		e->live->now->rs->names_services = false;
	e->keeping_up = false;
	free(job);
}

void engine_upkeep(struct engine *e)
{
	struct upkeep_job *j;
	bool fold;

	if (e->keeping_up || e->swapping || fw_now() < e->upkeep_after)
		return;
	fold = store_fold_wanted(e->store, e->live->now->rs->names_services);
	if (!fold && !store_tidy_wanted(e->store))
		return;
	j = calloc(1, sizeof(*j));
	if (!j)
		return;
	j->fold = fold;
	j->job = (struct job){ .run = upkeep_run, .finish = upkeep_finish };
	e->keeping_up = true;
	job_queue(e, &j->job);
}
