// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interfaces. Rules name them, packets have an index, tables have numbers. A number belongs to a name as long as a rule uses
 * it, even across restarts, so that the map from index to number is right for the tables before and after a swap. An interface may
 * have several names but only one number: that of the name that rules use, or of the longest pattern that matches its primary name.
 * See engine_names.c for numbers that no rule uses.
 */
#include "engine_internal.h"

#include <string.h>

static struct interface_names *find(const struct engine *e, uint32_t ifindex)
{
	for (size_t i = 0; i < e->ninterfaces; i++)
		if (e->interfaces[i].ifindex == ifindex)
			return &e->interfaces[i];
	return NULL;
}

/* Its names, the primary one first; NULL: there are no more. */
static const char *name_at(const struct interface_names *l, size_t i)
{
	if (!i)
		return l->name;
	return i <= l->naltnames ? l->altname[i - 1] : NULL;
}

/* What rules call an interface, and the number of that. */
struct use {
	const char *name; /* or pattern */
	int number;
	bool used; /* by some rule */
};

static struct use use_of(const struct fw_ruleset *rs, int number)
{
	if (number < 0)
		return (struct use){ .number = number };
	return (struct use){ rs->ifaces[number].name, number, rs->ifaces[number].rules > 0 };
}

/* Adds a number to up to two. */
static unsigned uses_add(struct use out[2], unsigned n, struct use u)
{
	if (u.number < 0)
		return n;
	if (n && u.used && !out[0].used)
		out[0] = u;
	else if (n < 2)
		out[n++] = u;
	else if (u.used && !out[1].used)
		out[1] = u;
	return n;
}

/*
 * Up to two numbers, those that rules use first: of its names, and of the longest pattern that matches its primary name, unless
 * that matches the name that rules use, too. Return: how many.
 */
static unsigned uses(const struct fw_ruleset *rs, const struct interface_names *l, struct use out[2])
{
	struct use pattern = use_of(rs, fw_ruleset_iface_of(rs, l->name));
	const char *name;
	unsigned n = 0;

	out[0] = (struct use){ .number = -ENOENT };
	out[1] = out[0];
	for (size_t i = 0; (name = name_at(l, i)); i++)
		n = uses_add(out, n, use_of(rs, fw_ruleset_iface_find(rs, name)));
	if (pattern.number < 0 || pattern.number == out[0].number ||
	    (out[0].used && fw_iface_under(out[0].name, pattern.name)))
		return n;
	return uses_add(out, n, pattern);
}

static void count_numbered(const struct fw_ruleset *rs, struct interface_names *l)
{
	const char *name;
	int number = fw_ruleset_iface_of(rs, l->name);

	l->numbered = number >= 0 && fw_iface_is_pattern(rs->ifaces[number].name);
	for (size_t i = 0; (name = name_at(l, i)); i++)
		l->numbered += fw_ruleset_iface_find(rs, name) >= 0;
}

static uint32_t number_of(const struct fw_ruleset *rs, const struct interface_names *l)
{
	struct use u[2];

	return uses(rs, l, u) ? (uint32_t)u[0].number : FW_IFACE_OTHER;
}

/* At once, for packets of any generation. */
static int number_set(struct engine *e, const struct fw_ruleset *rs, struct interface_names *l)
{
	uint32_t number = number_of(rs, l);
	int err;

	count_numbered(rs, l);
	err = number == FW_IFACE_OTHER ? fw_kern_iface_clear(e->kern, l->ifindex) :
					 fw_kern_iface_set(e->kern, l->ifindex, number);
	if (!err)
		l->told = (struct fw_iface_number){ .number = number, .before = number };
	return err;
}

/* Before the first publication: packets keep the number that the process before gave them. */
static int number_read(struct engine *e, struct interface_names *l)
{
	int err = fw_kern_iface_read(e->kern, l->ifindex, &l->told);

	return err == -ENOENT ? 0 : err;
}

static bool is_changed(const struct interface_names *l)
{
	return l->told.number != l->told.before;
}

/* Do packets have its new number already? */
static bool is_published(const struct engine *e, const struct interface_names *l)
{
	return (int32_t)(fw_kern_generation(e->kern) - l->told.since) >= 0;
}

/* From the next generation on. */
static int number_change(struct engine *e, const struct fw_ruleset *rs, struct interface_names *l)
{
	struct fw_iface_number to = { .number = number_of(rs, l), .since = fw_live_next_generation(e->live) };
	bool published = is_published(e, l);
	int err = 0;

	count_numbered(rs, l);
	if (to.number == l->told.number && (!is_changed(l) || published))
		return 0;
	to.before = is_changed(l) && !published ? l->told.before : l->told.number;
	if (is_changed(l) && published)
		err = fw_kern_grace(e->kern);
	if (!err)
		err = fw_kern_iface_change(e->kern, l->ifindex, &to);
	if (!err)
		l->told = to;
	return err;
}

const char *engine_interface_name(const struct engine *e, uint32_t ifindex)
{
	const struct interface_names *l = find(e, ifindex);

	return l ? l->name : NULL;
}

uint32_t engine_interface_at(const struct engine *e, size_t i)
{
	return i < e->ninterfaces ? e->interfaces[i].ifindex : 0;
}

static bool has_altname(const struct interface_names *l, const char *name)
{
	for (size_t i = 0; i < l->naltnames; i++)
		if (!strcmp(l->altname[i], name))
			return true;
	return false;
}

bool engine_interface_also(const struct engine *e, uint32_t ifindex, const char *name)
{
	const struct interface_names *l = find(e, ifindex);

	return l && has_altname(l, name);
}

const char *engine_interface_name_at(const struct engine *e, size_t interface, size_t i)
{
	return interface < e->ninterfaces ? name_at(&e->interfaces[interface], i) : NULL;
}

uint32_t engine_interface_named(const struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->ninterfaces; i++)
		if (!strcmp(e->interfaces[i].name, name))
			return e->interfaces[i].ifindex;
	for (size_t i = 0; i < e->ninterfaces; i++)
		if (has_altname(&e->interfaces[i], name))
			return e->interfaces[i].ifindex;
	return 0;
}

bool engine_interface_torn(const struct engine *e, uint32_t ifindex, const char *names[2])
{
	const struct interface_names *l = find(e, ifindex);
	struct use u[2];

	if (!l || l->numbered < 2 || uses(e->live->now->rs, l, u) < 2 || !u[1].used)
		return false;
	names[0] = u[0].name;
	names[1] = u[1].name;
	return true;
}

uint32_t engine_interface_number(const struct engine *e, uint32_t ifindex)
{
	const struct interface_names *l = find(e, ifindex);

	return l ? number_of(e->live->now->rs, l) : FW_IFACE_OTHER;
}

static void altnames_free(struct interface_names *l)
{
	for (size_t i = 0; i < l->naltnames; i++)
		free(l->altname[i]);
	free(fw_take(l->altname));
	l->naltnames = 0;
}

static int altnames_copy(struct interface_names *l, const struct fw_interface *told)
{
	altnames_free(l);
	l->altname = calloc(told->naltnames + 1, sizeof(*l->altname));
	for (size_t i = 0; l->altname && i < told->naltnames; i++) {
		l->altname[i] = strdup(told->altname[i]);
		if (!l->altname[i])
			return -ENOMEM;
		l->naltnames++;
	}
	return l->altname ? 0 : -ENOMEM;
}

static bool same_names(const struct interface_names *l, const struct fw_interface *told)
{
	bool same = !strcmp(l->name, told->name) && l->naltnames == told->naltnames;

	for (size_t i = 0; same && i < l->naltnames; i++)
		same = !strcmp(l->altname[i], told->altname[i]);
	return same;
}

static int forget(struct engine *e, struct interface_names *l)
{
	uint32_t ifindex = l->ifindex;

	altnames_free(l);
	*l = e->interfaces[--e->ninterfaces];
	fw_kern_traffic_forget(e->kern, ifindex);
	return fw_kern_iface_clear(e->kern, ifindex);
}

/* Adds the traffic of interfaces that no longer exist to that of deleted ones. */
static void forget_traffic(struct engine *e)
{
	fw_autofree struct fw_traffic *t = NULL;
	size_t n;

	/* Without memory it is only not told apart. */
	if (fw_kern_traffic(e->kern, &t, &n))
		return;
	for (size_t i = 1; i + 1 < n; i++)
		if (!find(e, t[i].ifindex))
			fw_kern_traffic_forget(e->kern, t[i].ifindex);
}

static bool is_gone(void *ctx, uint32_t ifindex, uint32_t number)
{
	return !find(ctx, ifindex);
}

/*
 * All interfaces were told: those that were not are gone, and the message that said so was lost, or no process was there
 * to read it. 0 or -EIO.
 */
static int all_told(struct engine *e)
{
	int err = e->interfaces_round ? 0 : fw_kern_ifaces_forget(e->kern, is_gone, e);

	for (size_t i = e->ninterfaces; i-- > 0;)
		if (e->interfaces[i].round != e->interfaces_round)
			err |= forget(e, &e->interfaces[i]);
	e->interfaces_round++;
	forget_traffic(e);
	return err ? -EIO : 0;
}

int engine_interface_told(struct engine *e, const struct fw_interface *told)
{
	struct interface_names *l = find(e, told->ifindex),
			       added = { .ifindex = told->ifindex, .told = { FW_IFACE_OTHER, FW_IFACE_OTHER, 0 } };
	int err;

	if (!told->ifindex)
		return all_told(e);
	if (told->gone)
		return l ? forget(e, l) : fw_kern_iface_clear(e->kern, told->ifindex);
	if (l)
		l->round = e->interfaces_round;
	if (l && same_names(l, told))
		return 0;
	if (!l && fw_vec_push(e->interfaces, e->ninterfaces, e->interfaces_cap, added))
		return -ENOMEM;
	l = l ? l : &e->interfaces[e->ninterfaces - 1];
	l->round = e->interfaces_round;
	snprintf(l->name, sizeof(l->name), "%s", told->name);
	err = altnames_copy(l, told);
	if (err)
		return err;
	return e->live->now ? number_set(e, e->live->now->rs, l) : number_read(e, l);
}

void ifaces_free(struct engine *e)
{
	for (size_t i = 0; i < e->ninterfaces; i++)
		altnames_free(&e->interfaces[i]);
	free(e->interfaces);
}

static bool rule_names(const struct fw_rule *r, uint32_t number)
{
	for (unsigned i = 0; i < r->nmatches; i++) {
		const struct fw_match *m = r->matches[i];

		for (unsigned k = 0; fw_field_is_iface(m->field) && k < m->n; k++)
			if (m->r[k].lo <= number && number <= m->r[k].hi)
				return true;
	}
	return false;
}

static const struct fw_rule *rule_on(const struct fw_ruleset *rs, uint32_t number)
{
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		if (rule_names(r, number))
			return r;
	return NULL;
}

int ifaces_check(const struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds)
{
	for (size_t i = 0; i < e->ninterfaces; i++) {
		const struct interface_names *l = &e->interfaces[i];
		char one[FW_ALTNAME_MAX + 1], other[FW_ALTNAME_MAX + 1];
		const struct fw_rule *first, *second;
		struct use u[2];

		if (!l->naltnames || uses(rs, l, u) < 2 || !u[1].used)
			continue;
		first = rule_on(rs, (uint32_t)u[0].number);
		second = rule_on(rs, (uint32_t)u[1].number);
		if (!first || !second)
			continue;
		return fw_diag_add(ds, (struct fw_place){ 0 }, "say the same name in all rules",
				   "rule %llu says '%s' and rule %llu '%s': both are names of interface %s",
				   (unsigned long long)first->id, FW_NAME(fw_iface_text(u[0].name, one)),
				   (unsigned long long)second->id, FW_NAME(fw_iface_text(u[1].name, other)),
				   FW_NAME(l->name));
	}
	return 0;
}

/*
 * Rules may use another name of an interface than before, or begin or cease to use one that a pattern of theirs matches, too. Then
 * it gets its new number in the very generation that knows the rules. The store is written first, so that the next process never
 * gives a number that packets have to another name.
 */
int ifaces_number(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds)
{
	int err = names_store(e, rs, ds), told = 0;

	for (size_t i = 0; !err && !told && i < e->ninterfaces; i++)
		told = number_change(e, rs, &e->interfaces[i]);
	return err ? err : engine_kernel_error(told, "tell an interface's number", ds);
}

bool ifaces_changed(const struct engine *e)
{
	for (size_t i = 0; i < e->ninterfaces; i++)
		if (is_changed(&e->interfaces[i]) && is_published(e, &e->interfaces[i]))
			return true;
	return false;
}

void ifaces_wait(struct engine *e)
{
	for (size_t i = 0; i < e->ninterfaces; i++)
		e->interfaces[i].waits = is_changed(&e->interfaces[i]) && is_published(e, &e->interfaces[i]);
}

void ifaces_settle(struct engine *e)
{
	for (size_t i = 0; i < e->ninterfaces; i++) {
		struct interface_names *l = &e->interfaces[i];

		/* If that fails, the next grace period tries again. */
		if (l->waits && is_changed(l) && !fw_kern_iface_set(e->kern, l->ifindex, l->told.number))
			l->told.before = l->told.number;
	}
}

int ifaces_renumber(struct engine *e)
{
	int err = 0;

	for (size_t i = 0; i < e->ninterfaces; i++)
		if (e->interfaces[i].numbered)
			err |= number_set(e, e->live->now->rs, &e->interfaces[i]);
	return err ? -EIO : 0;
}
