// SPDX-License-Identifier: GPL-2.0-only
/* Interfaces that rules name: assigns their numbers, counts their rules, frees them, and keeps them in later rulesets. */
#include "lib/rule/internal.h"

bool fw_iface_is_pattern(const char *name)
{
	size_t len = strlen(name);

	return len && name[len - 1] == FW_IFACE_REST;
}

/* Its part in the ruleset's totals, subtracted before (-1) and added after (1) a change. */
static void count(struct fw_ruleset *rs, const struct fw_iface *i, int by)
{
	uint32_t n = (uint32_t)by;

	rs->ifaces_named += i->name ? n : 0;
	rs->ifaces_fresh += i->name && i->fresh ? n : 0;
	rs->ifaces_idle += i->name && !i->held && !i->rules ? n : 0;
	rs->ifaces_parting += !i->name && i->held ? n : 0;
	rs->ifaces_patterns += i->name && i->rules && fw_iface_is_pattern(i->name) ? n : 0;
}

static void set(struct fw_ruleset *rs, struct fw_iface *i, struct fw_iface to)
{
	count(rs, i, -1);
	*i = to;
	count(rs, i, 1);
}

static bool is_idle(const struct fw_iface *i)
{
	return i->name && !i->held && !i->rules;
}

static bool is_free(const struct fw_iface *i)
{
	return !i->name && !i->held;
}

int fw_ruleset_iface_find(const struct fw_ruleset *rs, const char *name)
{
	const struct fw_table *t = &rs->index->ifaces;
	uint32_t hash = fw_hash_string(name), v;

	for (uint32_t pos = hash; fw_table_next(t, hash, &pos, &v);)
		if (!strcmp(rs->ifaces[v].name, name))
			return (int)v;
	return -ENOENT;
}

/* @number is free, or the next one. */
static int put(struct fw_ruleset *rs, size_t number, const char *name)
{
	struct fw_table *t = &rs->index->ifaces;
	struct fw_iface to = { .fresh = true };

	if (number == FW_IFACES_MAX)
		return -E2BIG;
	if (fw_table_reserve(t) || fw_vec_grow(&rs->ifaces, number, &rs->ifaces_cap, sizeof(*rs->ifaces)))
		return -ENOMEM;
	to.name = name ? fw_region_strdup(&rs->region, name, strlen(name)) : NULL;
	if (name && !to.name)
		return -ENOMEM;
	if (number == rs->nifaces)
		rs->ifaces[rs->nifaces++] = (struct fw_iface){ .name = NULL };
	set(rs, &rs->ifaces[number], to);
	if (name)
		fw_table_put(t, fw_hash_string(name), (uint32_t)number);
	return (int)number;
}

int fw_ruleset_iface(struct fw_ruleset *rs, const char *name)
{
	int number = fw_ruleset_iface_find(rs, name);
	uint32_t n = rs->index->iface_free;

	if (number >= 0)
		return number;
	while (n < rs->nifaces && !is_free(&rs->ifaces[n]))
		n++;
	rs->index->iface_free = n;
	return put(rs, n, name);
}

int fw_ruleset_iface_append(struct fw_ruleset *rs, const char *name)
{
	int number;

	if (name && fw_ruleset_iface_find(rs, name) >= 0)
		return -EEXIST;
	number = put(rs, rs->nifaces, name);
	return number < 0 ? number : 0;
}

bool fw_ifaces_named(const struct fw_ruleset *rs, const struct fw_range *r)
{
	bool named = r->hi < rs->nifaces;

	for (uint32_t v = r->lo; named && v <= r->hi; v++)
		named = rs->ifaces[v].name;
	return named;
}

static void count_one(struct fw_ruleset *rs, struct fw_iface *i, int by)
{
	struct fw_iface to = *i;

	to.rules += (uint32_t)by;
	to.waits = false;
	rs->ifaces_changed |= !to.rules != !i->rules;
	set(rs, i, to);
}

void fw_ifaces_count(struct fw_ruleset *rs, const struct fw_rule *rule, int by)
{
	for (unsigned i = 0; i < rule->nmatches; i++) {
		const struct fw_match *m = rule->matches[i];

		for (unsigned k = 0; fw_field_is_iface(m->field) && k < m->n; k++)
			for (uint32_t v = m->r[k].lo; v <= m->r[k].hi; v++)
				count_one(rs, &rs->ifaces[v], by);
	}
}

/* Removes the name; @held: the number cannot be reused yet. */
static void take_name(struct fw_ruleset *rs, uint32_t number, bool held)
{
	struct fw_iface *i = &rs->ifaces[number];
	const char *name = i->name;

	fw_table_delete(&rs->index->ifaces, fw_hash_string(name), number);
	set(rs, i, (struct fw_iface){ .held = held });
	fw_region_recycle(&rs->region, name, strlen(name) + 1);
}

/* Forgets free numbers at the end, as if they had never been assigned. */
static void cut(struct fw_ruleset *rs)
{
	while (rs->nifaces && is_free(&rs->ifaces[rs->nifaces - 1]))
		rs->nifaces--;
	rs->index->iface_free = 0;
}

void fw_ruleset_ifaces_wait(struct fw_ruleset *rs, bool idle, bool parting)
{
	idle &= rs->ifaces_idle > 0;
	parting &= rs->ifaces_parting > 0;
	for (size_t n = 0; (idle || parting) && n < rs->nifaces; n++) {
		struct fw_iface *i = &rs->ifaces[n];

		i->waits |= i->name ? idle && is_idle(i) : parting && i->held;
	}
}

bool fw_ruleset_ifaces_part(struct fw_ruleset *rs, bool idle)
{
	bool some = false;

	if (!rs->ifaces_parting && (!idle || !rs->ifaces_idle))
		return false;
	for (uint32_t n = 0; n < rs->nifaces; n++) {
		struct fw_iface *i = &rs->ifaces[n];

		if (!i->waits || (i->name && !idle))
			continue;
		some |= i->name != NULL;
		if (i->name)
			take_name(rs, n, true);
		else
			set(rs, i, (struct fw_iface){ .name = NULL });
	}
	cut(rs);
	return some;
}

void fw_ruleset_ifaces_tidy(struct fw_ruleset *rs)
{
	if (!rs->ifaces_idle)
		return;
	for (uint32_t n = 0; n < rs->nifaces; n++)
		if (is_idle(&rs->ifaces[n]))
			take_name(rs, n, false);
	cut(rs);
}

void fw_ruleset_ifaces_hold(struct fw_ruleset *rs, bool held)
{
	for (size_t n = 0; n < rs->nifaces; n++) {
		struct fw_iface to = rs->ifaces[n];

		to.held = held;
		if (to.name)
			set(rs, &rs->ifaces[n], to);
	}
}

void fw_ruleset_ifaces_settle(struct fw_ruleset *rs)
{
	for (size_t n = 0; n < rs->nifaces; n++)
		rs->ifaces[n].fresh = false;
	rs->ifaces_fresh = 0;
}

int fw_ruleset_follow(struct fw_ruleset *rs, const struct fw_ruleset *old)
{
	for (size_t n = rs->nifaces; n < old->nifaces; n++) {
		const struct fw_iface *from = &old->ifaces[n];
		int err = fw_ruleset_iface_append(rs, from->name);

		if (err)
			return err;
		set(rs, &rs->ifaces[n],
		    (struct fw_iface){
			    .name = rs->ifaces[n].name, .fresh = from->fresh, .held = !from->name && from->held });
	}
	return 0;
}
