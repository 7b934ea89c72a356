// SPDX-License-Identifier: GPL-2.0-only
/* Sets: by name and number; made and destroyed. A set that is destroyed leaves a hole, so that the others keep their numbers. */
#include "lib/rule/undo.h"

int fw_ruleset_set_find(const struct fw_ruleset *rs, const char *name)
{
	uint32_t hash = fw_hash_string(name), v;

	for (uint32_t pos = hash; fw_table_next(&rs->index->sets, hash, &pos, &v);)
		if (!strcmp(rs->sets[v].name, name))
			return (int)v;
	return -ENOENT;
}

/* The number of a hole to which no address expression or action refers any more, or the next number. */
static uint32_t next_number(const struct fw_ruleset *rs)
{
	uint32_t holes = rs->index->holes;

	for (uint32_t i = 0; holes && i < rs->nsets; i++) {
		if (rs->sets[i].name)
			continue;
		if (!rs->sets[i].users && !rs->sets[i].actions)
			return i;
		holes--;
	}
	return (uint32_t)rs->nsets;
}

int fw_ruleset_set(struct fw_ruleset *rs, const char *name, const char *path, uint32_t *number)
{
	struct fw_set set = { 0 };
	uint32_t n = next_number(rs);

	if (fw_ruleset_set_find(rs, name) >= 0)
		return -EEXIST;
	if (fw_table_reserve(&rs->index->sets) || fw_vec_grow(&rs->sets, rs->nsets, &rs->sets_cap, sizeof(*rs->sets)))
		return -ENOMEM;
	set.name = fw_region_strdup(&rs->region, name, strlen(name));
	set.path = path ? fw_region_strdup(&rs->region, path, strlen(path)) : NULL;
	if (!set.name || (path && !set.path))
		return -ENOMEM;
	if (n == rs->nsets)
		rs->nsets++;
	else
		rs->index->holes--;
	rs->sets[n] = set;
	fw_table_put(&rs->index->sets, fw_hash_string(name), n);
	*number = n;
	return 0;
}

int fw_book_set_users(const struct fw_address_book *book, uint32_t set, uint32_t **out, size_t *n)
{
	size_t users = book->sets[set].users, found = 0;
	uint32_t *list = malloc((users + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 1; i < book->naddrs && found < users; i++)
		for (uint32_t k = 0; k < book->addrs[i].nsets; k++)
			if (book->addrs[i].sets[k] == set)
				list[found++] = (uint32_t)i;
	*out = list;
	*n = found;
	return 0;
}

static int step_reserve(struct fw_edit *e)
{
	return fw_vec_grow(&e->undo->steps, e->undo->n, &e->undo->cap, sizeof(*e->undo->steps));
}

int fw_edit_set_create(struct fw_edit *e, const char *name, bool dynamic, struct fw_place at, struct fw_diags *ds,
		       uint32_t *number)
{
	int err = fw_name_check("set", name, at, ds);
	uint32_t n = 0;

	if (!err)
		err = step_reserve(e);
	if (!err)
		err = fw_ruleset_set(e->rs, name, NULL, &n);
	if (err == -EEXIST)
		return fw_diag_add(ds, at, "use 'set add' to add to it", "there is already a set '%s'", name);
	if (err)
		return err;
	e->rs->sets[n].dynamic = dynamic;
	e->undo->steps[e->undo->n++] = (struct fw_step){ .kind = FW_STEP_CREATE, .set = n, .nsets = e->nsets };
	if (number)
		*number = n;
	return 0;
}

static bool names_set(const struct fw_ruleset *rs, uint32_t addrs, uint32_t set)
{
	const struct fw_addrs *a = &rs->addrs[addrs];
	uint32_t i = 0;

	while (i < a->nsets && a->sets[i] != set)
		i++;
	return i < a->nsets;
}

static bool uses_set(const struct fw_ruleset *rs, const struct fw_rule *r, uint32_t set)
{
	const struct fw_action *a = fw_rule_action(rs, r);

	return names_set(rs, r->src, set) || names_set(rs, r->dst, set) || (a->flags & FW_ACTION_ADD && a->set == set);
}

/* 0 when no rule uses it; else -EINVAL with a diagnostic that names the first one. */
static int check_unused(const struct fw_ruleset *rs, uint32_t set, struct fw_place at, struct fw_diags *ds)
{
	for (const struct fw_rule *r = rs->first; r && rs->sets[set].rules; r = r->next)
		if (uses_set(rs, r, set))
			return fw_diag_add(ds, at, "delete or replace the rules that use it first",
					   "the set '%s' is in use, by rule %llu%s", rs->sets[set].name,
					   (unsigned long long)r->id, rs->sets[set].rules > 1 ? " and others" : "");
	return 0;
}

int fw_edit_set_destroy(struct fw_edit *e, uint32_t set, struct fw_place at, struct fw_diags *ds)
{
	struct fw_ruleset *rs = e->rs;
	struct fw_set *s = &rs->sets[set];
	struct fw_step step = { .kind = FW_STEP_DESTROY, .set = set };
	int err = check_unused(rs, set, at, ds);

	if (!err)
		err = fw_settle_elements(e, set);
	if (!err)
		err = fw_count_emptied(e, set);
	if (!err)
		err = step_reserve(e);
	if (err)
		return err;
	step.nsets = e->nsets;
	step.saved = *s;
	step.saved.pending = 0; /* it is settled */
	for (size_t i = 0; i < s->n; i++)
		if (fw_vec_push(e->sets, e->nsets, e->sets_cap,
				((struct fw_set_change){ set, false, s->elements[i] }))) {
			e->nsets = step.nsets;
			return -ENOMEM;
		}
	e->undo->steps[e->undo->n++] = step;
	fw_table_delete(&rs->index->sets, fw_hash_string(s->name), set);
	*s = (struct fw_set){ .users = s->users, .actions = s->actions };
	rs->index->holes++;
	rs->recycled++;
	return 0;
}

static void set_free(struct fw_ruleset *rs, const struct fw_set *s)
{
	fw_region_recycle(&rs->region, s->name, strlen(s->name) + 1);
	if (s->path)
		fw_region_recycle(&rs->region, s->path, strlen(s->path) + 1);
	free(s->elements);
}

static void undo_create(struct fw_edit *e, const struct fw_step *step)
{
	struct fw_ruleset *rs = e->rs;
	struct fw_set *s = &rs->sets[step->set];

	fw_table_delete(&rs->index->sets, fw_hash_string(s->name), step->set);
	set_free(rs, s);
	*s = (struct fw_set){ .users = s->users, .actions = s->actions };
	rs->index->holes++;
	rs->recycled++;
}

static void undo_destroy(struct fw_edit *e, const struct fw_step *step)
{
	struct fw_ruleset *rs = e->rs;
	uint32_t users = rs->sets[step->set].users, actions = rs->sets[step->set].actions;

	rs->sets[step->set] = step->saved;
	rs->sets[step->set].users = users;
	rs->sets[step->set].actions = actions;
	rs->index->holes--;
	fw_table_put(&rs->index->sets, fw_hash_string(step->saved.name), step->set);
}

void fw_undo_set(struct fw_edit *e, const struct fw_step *s)
{
	if (s->kind == FW_STEP_ELEMENTS)
		fw_undo_elements(e, s);
	else if (s->kind == FW_STEP_TIMES)
		fw_undo_times(e, s);
	else if (s->kind == FW_STEP_PATH)
		e->rs->sets[s->set].path = s->path;
	else if (s->kind == FW_STEP_CREATE)
		undo_create(e, s);
	else
		undo_destroy(e, s);
	e->nsets = s->nsets;
}

/* Frees memory of a set that has much more than it needs. */
static void trim(struct fw_set *s)
{
	size_t cap = s->n + 16;
	void *fewer = s->cap / 4 > cap ? realloc(s->elements, cap * sizeof(*s->elements)) : NULL;

	if (!fewer)
		return;
	s->elements = fewer;
	s->cap = cap;
}

void fw_settle_set(struct fw_edit *e, const struct fw_step *s)
{
	if (s->kind == FW_STEP_ELEMENTS)
		trim(&e->rs->sets[s->set]);
	else if (s->kind == FW_STEP_PATH)
		fw_region_recycle(&e->rs->region, s->path, strlen(s->path) + 1);
	else if (s->kind == FW_STEP_DESTROY)
		set_free(e->rs, &s->saved);
}
