// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets: rules in order, found by id and name; sets; interface names. */
#include <stdarg.h>

#include "lib/rule/internal.h"

void fw_ruleset_free(struct fw_ruleset *rs)
{
	if (!rs)
		return;

	struct fw_rule_index *ix = rs->index;

	if (ix) {
		struct fw_table *tables[] = { &ix->addrs, &ix->ids, &ix->names, &ix->sets, &ix->ifaces, &ix->blobs };

		for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
			free(tables[i]->entries);
		free(ix->by_slot);
		free(ix->blob);
		free(ix->scratch);
	}
	for (size_t i = 0; i < rs->nsets; i++)
		free(rs->sets[i].elements);
	free(rs->index);
	free(rs->rules);
	free(rs->addrs);
	free(rs->sets);
	free(rs->ifaces);
	fw_arena_free(&rs->arena);
	free(rs);
}

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

struct fw_ruleset *fw_ruleset_new(const char *file)
{
	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = calloc(1, sizeof(*rs));
	uint32_t any;

	if (!rs)
		return NULL;
	rs->index = calloc(1, sizeof(*rs->index));
	rs->next_id = 1;
	for (size_t r = 0; r < FW_NREASONS; r++)
		rs->policy[r] = fw_reason_info[r].verdict;
	if (file)
		rs->file = fw_arena_strdup(&rs->arena, file, strlen(file));
	if (!rs->index || (file && !rs->file) || fw_ruleset_addrs(rs, NULL, 0, NULL, 0, false, &any))
		return NULL;
	return fw_take(rs);
}

static uint32_t id_hash(uint64_t id)
{
	return (uint32_t)fw_mix64(id);
}

struct fw_rule *fw_ruleset_by_id(const struct fw_ruleset *rs, uint64_t id)
{
	const struct fw_rule_index *ix = rs->index;
	uint32_t hash = id_hash(id), v;

	for (uint32_t pos = hash; fw_table_next(&ix->ids, hash, &pos, &v);)
		if (ix->by_slot[v]->id == id)
			return ix->by_slot[v];
	return NULL;
}

struct fw_rule *fw_ruleset_by_name(const struct fw_ruleset *rs, const char *name)
{
	const struct fw_rule_index *ix = rs->index;
	uint32_t hash = fw_hash_string(name), v;

	for (uint32_t pos = hash; fw_table_next(&ix->names, hash, &pos, &v);)
		if (!strcmp(ix->by_slot[v]->name, name))
			return ix->by_slot[v];
	return NULL;
}

/* Another rule has what this one wants. */
static int refuse_taken(const struct fw_rule *by, struct fw_place at, struct fw_diags *ds, const char *fmt, ...)
{
	char what[FW_NAME_MAX + 32], hint[64] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (by->line)
		snprintf(hint, sizeof(hint), "line %u has it", by->line);
	return fw_diag_add(ds, at, hint, "%s is taken", what);
}

static int check_identity(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
			  struct fw_diags *ds)
{
	const struct fw_rule *other = r->id == rs->next_id ? NULL : fw_ruleset_by_id(rs, r->id);

	if (!r->id)
		return fw_diag_add(ds, fw_place_of(at, at->rule), "give the rule an id",
				   "there is no id left above the last one");
	if (other)
		return refuse_taken(other, fw_place_of(at, at->id), ds, "rule id %llu", (unsigned long long)r->id);
	if (r->verdict > FW_ACCEPT)
		return fw_diag_add(ds, fw_place_of(at, at->rule), "accept or drop", "the rule has no verdict");
	if (r->comment && fw_comment_check(r->comment, fw_place_of(at, at->comment), ds))
		return -EINVAL;
	if (!r->name)
		return 0;
	if (fw_name_check("rule", r->name, fw_place_of(at, at->name), ds))
		return -EINVAL;
	other = fw_ruleset_by_name(rs, r->name);
	return other ? refuse_taken(other, fw_place_of(at, at->name), ds, "rule name '%s'", r->name) : 0;
}

/* The draft's references lead somewhere? */
static int check_numbers(const struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
			 struct fw_diags *ds)
{
	if (draft->src >= rs->naddrs)
		return fw_diag_add(ds, fw_place_of(at, at->src), NULL, "there is no address expression %u", draft->src);
	if (draft->dst >= rs->naddrs)
		return fw_diag_add(ds, fw_place_of(at, at->dst), NULL, "there is no address expression %u", draft->dst);
	for (unsigned i = 0; i < draft->nmatches; i++) {
		const struct fw_match *m = draft->matches[i];

		if (m->field >= FW_NFIELDS)
			return fw_diag_add(ds, fw_place_of(at, at->rule), NULL, "there is no match field %u", m->field);
		for (unsigned k = 0; m->field == FW_F_IFACE && k < m->n; k++)
			if (m->r[k].hi >= rs->nifaces)
				return fw_diag_add(ds, fw_place_of(at, at->field[FW_F_IFACE]), NULL,
						   "there is no interface number %u", m->r[k].hi);
	}
	return 0;
}

/* The draft's matches, normal and ascending; sets r->nmatches and r->matches, which is the caller's array. */
static int take_matches(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
			struct fw_diags *ds, struct fw_rule *r)
{
	const struct fw_match *by_field[FW_NFIELDS] = { 0 };
	uint32_t seen = 0;

	for (unsigned i = 0; i < draft->nmatches; i++) {
		const struct fw_match *m = draft->matches[i];
		struct fw_place place = fw_place_of(at, at->field[m->field]);

		if (seen & 1u << m->field)
			return fw_diag_add(ds, place, "say it once, with a list", "the rule says '%s' twice",
					   fw_field_info[m->field].keyword);
		seen |= 1u << m->field;

		int err = fw_match_normalise(rs, m, place, ds, &by_field[m->field]);

		if (err)
			return err;
	}
	r->nmatches = 0;
	for (unsigned f = 0; f < FW_NFIELDS; f++)
		if (by_field[f])
			r->matches[r->nmatches++] = by_field[f];
	return 0;
}

/* A checked rule becomes part of the ruleset: all of it, or, when memory is out, nothing. */
static int rule_commit(struct fw_ruleset *rs, const struct fw_rule *draft, struct fw_rule **out)
{
	struct fw_rule_index *ix = rs->index;
	struct fw_rule *r = fw_arena_alloc(&rs->arena, sizeof(*r));
	int err = r ? 0 : -ENOMEM;

	err = err ? err : fw_vec_grow(&rs->rules, rs->nrules, &rs->rules_cap, sizeof(*rs->rules));
	err = err ? err : fw_vec_grow(&ix->by_slot, ix->nslots, &ix->slots_cap, sizeof(*ix->by_slot));
	err = err ? err : fw_table_reserve(&ix->ids);
	err = err ? err : draft->name ? fw_table_reserve(&ix->names) : 0;
	if (err)
		return err;

	*r = *draft;
	r->matches = NULL;
	if (r->nmatches)
		r->matches = (void *)fw_intern(rs, draft->matches, r->nmatches * sizeof(*r->matches));
	if (r->name)
		r->name = fw_arena_strdup(&rs->arena, draft->name, strlen(draft->name));
	if (r->comment)
		r->comment = fw_arena_strdup(&rs->arena, draft->comment, strlen(draft->comment));
	if ((r->nmatches && !r->matches) || !r->name != !draft->name || !r->comment != !draft->comment)
		return -ENOMEM;

	r->slot = rs->next_slot++;
	rs->rules[rs->nrules++] = r;
	ix->by_slot[ix->nslots++] = r;
	fw_table_put(&ix->ids, id_hash(r->id), r->slot);
	if (r->name)
		fw_table_put(&ix->names, fw_hash_string(r->name), r->slot);
	if (rs->next_id && r->id >= rs->next_id)
		rs->next_id = r->id + 1; /* 0 after the last id: none is left */
	if (out)
		*out = r;
	return 0;
}

int fw_ruleset_add_at(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
		      struct fw_diags *ds, struct fw_rule **out)
{
	const struct fw_match *matches[FW_NFIELDS];
	struct fw_rule r = *draft;
	int err;

	r.matches = matches;
	r.id = draft->id ? draft->id : rs->next_id;
	err = check_identity(rs, &r, at, ds);
	err = err ? err : check_numbers(rs, draft, at, ds);
	err = err ? err : take_matches(rs, draft, at, ds, &r);
	err = err ? err : fw_rule_check(rs, &r, at, ds);
	return err ? err : rule_commit(rs, &r, out);
}

int fw_ruleset_add(struct fw_ruleset *rs, const struct fw_rule *draft, struct fw_place at, struct fw_diags *ds,
		   struct fw_rule **out)
{
	struct fw_spot s = { at.line, at.column };
	struct fw_rule_places places = {
		.file = at.file, .rule = s, .id = s, .name = s, .comment = s, .src = s, .dst = s
	};

	for (size_t f = 0; f < FW_NFIELDS; f++)
		places.field[f] = s;
	return fw_ruleset_add_at(rs, draft, &places, ds, out);
}

int fw_ruleset_iface(struct fw_ruleset *rs, const char *name)
{
	struct fw_table *t = &rs->index->ifaces;
	uint32_t hash = fw_hash_string(name), v;

	for (uint32_t pos = hash; fw_table_next(t, hash, &pos, &v);)
		if (!strcmp(rs->ifaces[v], name))
			return (int)v;
	if (rs->nifaces == 65535)
		return -E2BIG;

	const char *copy = fw_arena_strdup(&rs->arena, name, strlen(name));

	if (!copy || fw_table_reserve(t) || fw_vec_push(rs->ifaces, rs->nifaces, rs->ifaces_cap, copy))
		return -ENOMEM;
	fw_table_put(t, hash, (uint32_t)rs->nifaces - 1);
	return (int)rs->nifaces - 1;
}

int fw_ruleset_set_find(const struct fw_ruleset *rs, const char *name)
{
	uint32_t hash = fw_hash_string(name), v;

	for (uint32_t pos = hash; fw_table_next(&rs->index->sets, hash, &pos, &v);)
		if (!strcmp(rs->sets[v].name, name))
			return (int)v;
	return -ENOENT;
}

int fw_ruleset_set(struct fw_ruleset *rs, const char *name, const char *path, uint32_t *number)
{
	struct fw_set set = { 0 };

	if (fw_ruleset_set_find(rs, name) >= 0)
		return -EEXIST;
	set.name = fw_arena_strdup(&rs->arena, name, strlen(name));
	set.path = path ? fw_arena_strdup(&rs->arena, path, strlen(path)) : NULL;
	if (!set.name || (path && !set.path) || fw_table_reserve(&rs->index->sets) ||
	    fw_vec_push(rs->sets, rs->nsets, rs->sets_cap, set))
		return -ENOMEM;
	*number = (uint32_t)rs->nsets - 1;
	fw_table_put(&rs->index->sets, fw_hash_string(name), *number);
	return 0;
}
