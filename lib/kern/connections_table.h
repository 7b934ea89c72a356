/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts by key: a hash table whose keys are struct fw_connections_key. Private to lib/kern. */
#ifndef FW_CONNECTIONS_TABLE_H
#define FW_CONNECTIONS_TABLE_H

#include "fw/base.h"
#include "fw/table/connections.h"

struct connections_entry {
	struct fw_connections_key key;
	uint32_t count; /* 0: free */
	uint32_t pad;
};
struct connections_table {
	struct connections_entry *entries; /* a power of two of them; NULL: none */
	size_t cap, n, max;                /* max: entries in use at most */
	uint64_t seed;                     /* so that nobody can choose keys that collide */
};

void connections_table_free(struct connections_table *t);
uint32_t connections_table_count(const struct connections_table *t, const struct fw_connections_key *key);
/* Adds @by, 1 or -1, to the count of a key. Return: the count then; -1: there is no room, or no memory, or nothing to take away. */
int64_t connections_table_add(struct connections_table *t, const struct fw_connections_key *key, int by);

#endif
