// SPDX-License-Identifier: GPL-2.0-only
/* Hash tables behind a ruleset: names, ids, address expressions, and the constant bytes that rules share. */
#include "lib/rule/internal.h"

static void put(struct fw_table *t, struct fw_table_entry e)
{
	uint32_t pos = e.hash;

	while (t->entries[pos & (t->cap - 1)].value)
		pos++;
	t->entries[pos & (t->cap - 1)] = e;
}

int fw_table_reserve(struct fw_table *t)
{
	if ((uint64_t)(t->n + 1) * 4 <= (uint64_t)t->cap * 3)
		return 0;
	if (t->cap > UINT32_MAX / 2)
		return -ENOMEM;

	struct fw_table grown = { .cap = t->cap ? t->cap * 2 : 16, .n = t->n };

	grown.entries = calloc(grown.cap, sizeof(*grown.entries));
	if (!grown.entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->entries[i].value)
			put(&grown, t->entries[i]);
	free(t->entries);
	*t = grown;
	return 0;
}

void fw_table_put(struct fw_table *t, uint32_t hash, uint32_t value)
{
	put(t, (struct fw_table_entry){ hash, value + 1 });
	t->n++;
}

uint32_t fw_hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = fw_mix64(len + 1), word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		h = fw_mix64(h ^ word);
	}
	word = 0;
	memcpy(&word, p, len);
	return (uint32_t)fw_mix64(h ^ word);
}

const void *fw_intern(struct fw_ruleset *rs, const void *data, size_t len)
{
	struct fw_rule_index *ix = rs->index;
	uint32_t hash = fw_hash_bytes(data, len), v;

	for (uint32_t pos = hash; fw_table_next(&ix->blobs, hash, &pos, &v);)
		if (ix->blob[v]->len == len && !memcmp(ix->blob[v]->data, data, len))
			return ix->blob[v]->data;

	struct fw_blob *b = fw_arena_alloc(&rs->arena, sizeof(*b) + len);

	if (!b || fw_table_reserve(&ix->blobs))
		return NULL;
	b->len = len;
	memcpy(b->data, data, len);
	if (fw_vec_push(ix->blob, ix->nblobs, ix->blobs_cap, b))
		return NULL;
	fw_table_put(&ix->blobs, hash, (uint32_t)ix->nblobs - 1);
	return b->data;
}
