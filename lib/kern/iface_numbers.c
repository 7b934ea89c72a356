// SPDX-License-Identifier: GPL-2.0-only
/* The map from interface index to the interface's number in the ruleset. */
#include "kern.h"

#include <bpf/bpf.h>

#define AT_ONCE 4096

int fw_kern_iface_change(struct fw_kern *k, uint32_t ifindex, const struct fw_iface_number *to)
{
	return bpf_map_update_elem(k->maps[MAP_IFACES], &ifindex, to, 0) ? -errno : 0;
}

int fw_kern_iface_set(struct fw_kern *k, uint32_t ifindex, uint32_t number)
{
	return fw_kern_iface_change(k, ifindex, &(struct fw_iface_number){ .number = number, .before = number });
}

int fw_kern_iface_read(struct fw_kern *k, uint32_t ifindex, struct fw_iface_number *out)
{
	return bpf_map_lookup_elem(k->maps[MAP_IFACES], &ifindex, out) ? -errno : 0;
}

int fw_kern_iface_clear(struct fw_kern *k, uint32_t ifindex)
{
	return bpf_map_delete_elem(k->maps[MAP_IFACES], &ifindex) && errno != ENOENT ? -errno : 0;
}

/* Entries of the map, read at once. */
struct entries {
	uint32_t ifindex[AT_ONCE];
	struct fw_iface_number number[AT_ONCE];
	uint32_t n;
};

static int forget(struct fw_kern *k, const struct entries *e, fw_kern_iface_gone *gone, void *ctx)
{
	int err = 0;

	for (uint32_t i = 0; i < e->n; i++)
		if (gone(ctx, e->ifindex[i], e->number[i].number) && !err)
			err = fw_kern_iface_clear(k, e->ifindex[i]);
	return err;
}

int fw_kern_ifaces_forget(struct fw_kern *k, fw_kern_iface_gone *gone, void *ctx)
{
	fw_autofree struct entries *e = malloc(sizeof(*e));
	uint32_t at, *from = NULL;
	int err = e ? 0 : -ENOMEM, last = 0;

	while (!err && !last) {
		e->n = AT_ONCE;
		last = bpf_map_lookup_batch(k->maps[MAP_IFACES], from, &at, e->ifindex, e->number, &e->n, NULL) ?
			     -errno :
			     0;
		if (last && last != -ENOENT)
			return last;
		err = forget(k, e, gone, ctx);
		from = &at;
	}
	return err;
}
