// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interfaces. Rules name them; packets have an index; tables have numbers, which
 * stay with a name for ever, also over a restart, so that the map from index to
 * number is right for the tables before and after a swap.
 */
#include "ctl/fwd/engine_internal.h"

#include <string.h>

#define SETTING "interfaces" /* names by number, one a line */

static int number_of(const struct fw_ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->nifaces; i++)
		if (!strcmp(rs->ifaces[i], name))
			return (int)i;
	return -ENOENT;
}

static struct link_name *find(const struct engine *e, uint32_t ifindex)
{
	for (size_t i = 0; i < e->nlinks; i++)
		if (e->links[i].ifindex == ifindex)
			return &e->links[i];
	return NULL;
}

static int number_set(struct engine *e, const struct link_name *l)
{
	int number = number_of(e->live->rs, l->name);

	if (number >= 0)
		return fw_kern_iface_set(e->kern, l->ifindex, (uint32_t)number);
	return fw_kern_iface_clear(e->kern, l->ifindex);
}

const char *engine_link_name(const struct engine *e, uint32_t ifindex)
{
	const struct link_name *l = find(e, ifindex);

	return l ? l->name : NULL;
}

int engine_link(struct engine *e, const struct fw_link *link)
{
	struct link_name *l = find(e, link->ifindex), added = { .ifindex = link->ifindex };

	if (link->gone) {
		if (l)
			*l = e->links[--e->nlinks];
		fw_kern_traffic_forget(e->kern, link->ifindex);
		return fw_kern_iface_clear(e->kern, link->ifindex);
	}
	if (l && !strcmp(l->name, link->name))
		return 0;
	if (!l && fw_vec_push(e->links, e->nlinks, e->links_cap, added))
		return -ENOMEM;
	l = l ? l : &e->links[e->nlinks - 1];
	snprintf(l->name, sizeof(l->name), "%s", link->name);
	return number_set(e, l);
}

void engine_links_known(struct engine *e)
{
	fw_autofree struct fw_traffic *t = NULL;
	size_t n;

	/* Without memory for that they are only not told apart from those that are there. */
	if (fw_kern_traffic(e->kern, &t, &n))
		return;
	for (size_t i = 1; i + 1 < n; i++)
		if (!find(e, t[i].ifindex))
			fw_kern_traffic_forget(e->kern, t[i].ifindex);
}

static int names_store(struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	int err;

	for (size_t i = 0; i < rs->nifaces; i++)
		fw_buf_printf(&b, "%s\n", rs->ifaces[i]);
	if (b.failed)
		return -ENOMEM;
	err = store_set(e->store, SETTING, b.text ? b.text : "", ds);
	if (!err)
		e->ifaces_stored = rs->nifaces;
	return err;
}

int ifaces_number(struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds)
{
	int err = 0;

	if (rs->nifaces <= e->ifaces_stored)
		return 0;
	for (size_t i = 0; !err && i < e->nlinks; i++) {
		int number = number_of(rs, e->links[i].name);

		if (number >= (int)e->ifaces_stored)
			err = fw_kern_iface_set(e->kern, e->links[i].ifindex, (uint32_t)number);
	}
	err = engine_kernel_error(err, "tell an interface's number", ds);
	return err ? err : names_store(e, rs, ds);
}

int ifaces_restore(struct engine *e, struct fw_ruleset *rs)
{
	fw_autofree char *names = NULL;
	char *save = NULL;
	int err = store_get(e->store, SETTING, &names);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (char *name = strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save))
		if (fw_ruleset_iface(rs, name) < 0)
			return -ENOMEM;
	return 0;
}
