// SPDX-License-Identifier: GPL-2.0-only
/* The map from addresses to the number of their connections. */
#include "kern.h"

#include <bpf/bpf.h>

int fw_kern_connections_set(struct fw_kern *k, const struct fw_connections_key *key, uint32_t count)
{
	if (count)
		return bpf_map_update_elem(k->maps[MAP_CONNECTIONS], key, &count, BPF_ANY) ? -errno : 0;
	return bpf_map_delete_elem(k->maps[MAP_CONNECTIONS], key) && errno != ENOENT ? -errno : 0;
}

int fw_kern_connections_clear(struct fw_kern *k)
{
	struct fw_connections_key key;

	while (!bpf_map_get_next_key(k->maps[MAP_CONNECTIONS], NULL, &key))
		if (bpf_map_delete_elem(k->maps[MAP_CONNECTIONS], &key) && errno != ENOENT)
			return -errno;
	return errno == ENOENT ? 0 : -errno;
}
