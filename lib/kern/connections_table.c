// SPDX-License-Identifier: GPL-2.0-only
/* Linear probing; an entry that goes is filled from behind, so that nothing is marked as deleted. */
#include "connections_table.h"

#include <string.h>

#define FEWEST 1024

void connections_table_free(struct connections_table *t)
{
	free(t->entries);
	*t = (struct connections_table){ .max = t->max, .seed = t->seed };
}

static size_t home(const struct connections_table *t, const struct fw_connections_key *key)
{
	uint64_t head = (uint64_t)key->side << 16 | (uint64_t)key->family << 8 | key->prefix;
	uint64_t h = fw_mix64(head ^ t->seed);

	h = fw_mix64(h ^ key->addr.hi);
	return (size_t)fw_mix64(h ^ key->addr.lo) & (t->cap - 1);
}

static bool same(const struct fw_connections_key *a, const struct fw_connections_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* The key's entry, or the free one where it belongs. There is one. */
static struct connections_entry *place(const struct connections_table *t, const struct fw_connections_key *key)
{
	size_t i = home(t, key);

	while (t->entries[i].count && !same(&t->entries[i].key, key))
		i = (i + 1) & (t->cap - 1);
	return &t->entries[i];
}

uint32_t connections_table_count(const struct connections_table *t, const struct fw_connections_key *key)
{
	return t->cap ? place(t, key)->count : 0;
}

static int grow(struct connections_table *t)
{
	struct connections_table larger = {
		.cap = t->cap ? t->cap * 2 : FEWEST, .n = t->n, .max = t->max, .seed = t->seed
	};

	larger.entries = calloc(larger.cap, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++)
		if (t->entries[i].count)
			*place(&larger, &t->entries[i].key) = t->entries[i];
	free(t->entries);
	*t = larger;
	return 0;
}

/* Fills the gap at @i with what is behind it and would not be found any more. */
static void close_gap(struct connections_table *t, size_t i)
{
	for (size_t k = (i + 1) & (t->cap - 1); t->entries[k].count; k = (k + 1) & (t->cap - 1)) {
		size_t from_home = (k - home(t, &t->entries[k].key)) & (t->cap - 1);

		if (from_home < ((k - i) & (t->cap - 1)))
			continue;
		t->entries[i] = t->entries[k];
		i = k;
	}
	t->entries[i].count = 0;
	t->n--;
}

int64_t connections_table_add(struct connections_table *t, const struct fw_connections_key *key, int by)
{
	struct connections_entry *e;

	if (by > 0 && t->n * 2 >= t->cap && t->n < t->max && grow(t) && t->n + 1 >= t->cap)
		return -1;
	if (!t->cap)
		return -1;
	e = place(t, key);
	if (!e->count && (by < 0 || t->n >= t->max || t->n + 1 >= t->cap))
		return -1;
	if (!e->count) {
		e->key = *key;
		t->n++;
	}
	e->count += (uint32_t)by;
	if (!e->count) {
		close_gap(t, (size_t)(e - t->entries));
		return 0;
	}
	return e->count;
}
