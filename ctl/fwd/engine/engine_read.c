// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a ruleset of what is stored: parses the text, gives its rules the ids and slots that they had, and applies the changes
 * since.
 */
#include "engine_internal.h"
#include "engine_text.h"
#include "snapshot.h"

#include <string.h>

void stored_free(struct stored *st)
{
	fw_ruleset_free(st->rs);
	for (size_t i = 0; i < st->nfiles; i++) {
		free((char *)st->files[i].path);
		free((char *)st->files[i].text);
	}
	free(st->files);
	*st = (struct stored){ .rs = NULL };
}

struct reading {
	struct stored *st;
	struct fw_diags *ds;
	unsigned arena;
	bool files;
};

static int cannot_apply(const struct reading *r, int err, const char *what)
{
	if (err != -ENOMEM)
		fw_diag_add(r->ds, (struct fw_place){ 0 },
			    "it was written by another version of fwd, or is damaged: load the rules again",
			    "the store's %s cannot be used", what);
	return err;
}

static char *copy(const char *text, size_t len)
{
	char *s = malloc(len + 1);

	if (s) {
		memcpy(s, text, len);
		s[len] = '\0';
	}
	return s;
}

/* Copies the files of a snapshot. 0 or -ENOMEM; stored_free() frees what was copied in any case. */
static int files_copy(struct stored *st, const struct store_snapshot *sn)
{
	st->files = calloc(sn->source.nfiles + 1, sizeof(*st->files));
	if (!st->files)
		return -ENOMEM;
	for (; st->nfiles < sn->source.nfiles; st->nfiles++) {
		const struct store_file *from = &sn->source.files[st->nfiles];
		struct store_file *to = &st->files[st->nfiles];

		to->path = strdup(from->path);
		to->text = copy(from->text, from->len);
		to->len = from->len;
		if (!to->path || !to->text) {
			free((char *)to->path);
			free((char *)to->text);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Gives rules the ids and slots that they had. Whether the user chose an id is a bit of the slot. 0 or -errno. */
static int number(struct fw_ruleset *rs, const uint64_t *ids, const uint32_t *slots, uint64_t next_id)
{
	fw_autofree uint32_t *plain = malloc((rs->nrules + 1) * sizeof(*plain));
	size_t i = 0;
	int err;

	if (!plain)
		return -ENOMEM;
	for (i = 0; i < rs->nrules; i++)
		plain[i] = slots[i] & ~SNAPSHOT_OWN_ID;
	err = fw_ruleset_number(rs, ids, plain);
	if (err)
		return err;
	i = 0;
	for (struct fw_rule *r = rs->first; r; r = r->next)
		r->own_id = !!(slots[i++] & SNAPSHOT_OWN_ID);
	rs->next_id = next_id;
	return 0;
}

static int take_snapshot(struct reading *r, const struct store_snapshot *sn)
{
	struct fw_ruleset *rs = r->st->rs;
	int err = text_parse(&sn->source, true, rs, r->ds);

	r->st->loaded = true;
	if (!err && rs->nrules != sn->nrules)
		err = -EINVAL;
	if (!err)
		err = number(rs, sn->ids, sn->slots, sn->next_id);
	if (err)
		return cannot_apply(r, err, "ruleset");
	return r->files ? files_copy(r->st, sn) : 0;
}

/* An edit adds the rules of its rows without a rule before, in the order of the rows. */
static void own_ids(struct fw_edit *edit, const uint32_t *slots, size_t nslots)
{
	size_t k = 0;

	for (size_t i = 0; i < edit->nrules; i++) {
		struct fw_rule_change *row = &edit->rules[i];

		if (row->before || k == nslots)
			continue;
		if (row->after)
			row->after->own_id = !!(slots[k] & SNAPSHOT_OWN_ID);
		k++;
	}
}

int stored_no_file(void *ctx, const char *path, const char **text, size_t *len)
{
	return -ENOENT;
}

/* Applies a stored change, whose added rules get these slots. 0, -errno with a diagnostic. */
static int take_change(struct reading *r, const char *text, size_t len, const uint32_t *slots, size_t nslots)
{
	static const struct fw_files stored = { stored_no_file, NULL, true };
	fw_autofree uint32_t *plain = malloc((nslots + 1) * sizeof(*plain));
	struct fw_edit edit;
	int err = plain ? fw_edit_begin(r->st->rs, &edit) : -ENOMEM;

	if (err)
		return err;
	for (size_t i = 0; i < nslots; i++)
		plain[i] = slots[i] & ~SNAPSHOT_OWN_ID;
	fw_edit_slots(&edit, plain, nslots);
	err = fw_text_edit_with(&edit, text, len, "change", &stored, r->ds, NULL);
	if (err) {
		fw_edit_abort(&edit);
		return cannot_apply(r, err, "changes");
	}
	own_ids(&edit, slots, nslots);
	fw_edit_commit(&edit);
	fw_ruleset_ifaces_tidy(r->st->rs);
	r->st->changes++;
	return 0;
}

/* Frees the slots of rules that changes have deleted. 0 or -errno. */
static int slots_tidy(struct fw_ruleset *rs)
{
	fw_autofree uint64_t *ids = NULL;
	fw_autofree uint32_t *slots = NULL;
	int err = snapshot_numbers(rs, &ids, &slots);

	return err ? err : number(rs, ids, slots, rs->next_id);
}

/* Only the ruleset is allocated from the arena, nothing that the store needs for itself. */
static int read_snapshot(void *ctx, const struct store_snapshot *sn)
{
	struct reading *r = ctx;
	int err;

	memory_use(r->arena);
	err = take_snapshot(r, sn);
	memory_use(0);
	return err;
}

static int read_change(void *ctx, const char *text, size_t len, const uint32_t *slots, size_t nslots)
{
	struct reading *r = ctx;
	int err;

	memory_use(r->arena);
	err = take_change(r, text, len, slots, nslots);
	memory_use(0);
	return err;
}

/* An empty ruleset in which interfaces have the numbers that they have elsewhere. 0 or -errno. */
static int begin(struct engine *e, const struct fw_ruleset *like, struct stored *st)
{
	int err;

	st->rs = fw_ruleset_new(NULL);
	if (!st->rs)
		return -ENOMEM;
	st->rs->now = engine_now(e);
	err = like ? fw_ruleset_follow(st->rs, like) : names_restore(e, st->rs);
	fw_ruleset_ifaces_hold(st->rs, true);
	return err;
}

static int finish(const struct engine *e, struct stored *st, struct fw_diags *ds)
{
	int err = st->changes ? slots_tidy(st->rs) : 0;

	fw_ruleset_expire(st->rs, st->rs->now);
	fw_ruleset_ifaces_hold(st->rs, false);
	if (!err)
		err = own_fill(e, st->rs, ds);
	return err ? err : fw_ruleset_order(st->rs);
}

int stored_read(struct engine *e, const struct stored_options *o, struct stored *out, struct fw_diags *ds)
{
	struct stored st = { .rs = NULL };
	struct reading r = { .st = &st, .ds = ds, .arena = o->arena, .files = o->files };
	const struct store_reader reader = { read_snapshot, read_change, &r };
	int err;

	memory_use(o->arena);
	err = begin(e, o->like, &st);
	memory_use(0);
	if (!err)
		err = store_read(e->store, &reader, ds);
	memory_use(o->arena);
	if (!err)
		err = finish(e, &st, ds);
	memory_use(0);
	if (err) {
		stored_free(&st);
		return err;
	}
	*out = st;
	return 0;
}
