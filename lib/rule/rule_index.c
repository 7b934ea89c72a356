// SPDX-License-Identifier: GPL-2.0-only
/* Hash tables of a ruleset: names, ids, address expressions, and the constant bytes that rules share. */
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
	fw_huge_pages(grown.entries, grown.cap * sizeof(*grown.entries));
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

/* Without tombstones: entries after the gap move up if that brings them nearer to their own position. */
void fw_table_delete(struct fw_table *t, uint32_t hash, uint32_t value)
{
	struct fw_table_entry *e = t->entries;
	uint32_t mask = t->cap - 1, gap = hash & mask;

	while (e[gap].hash != hash || e[gap].value != value + 1)
		gap = (gap + 1) & mask;
	for (uint32_t i = (gap + 1) & mask; e[i].value; i = (i + 1) & mask) {
		if (((i - e[i].hash) & mask) < ((i - gap) & mask))
			continue;
		e[gap] = e[i];
		gap = i;
	}
	e[gap].value = 0;
	t->n--;
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

static int blob_number(struct fw_rule_index *ix, struct fw_blob *b)
{
	if (!ix->blob_free) {
		if (fw_vec_grow(&ix->blob, ix->nblobs, &ix->blobs_cap, sizeof(*ix->blob)))
			return -ENOMEM;
		b->number = (uint32_t)ix->nblobs++;
	} else {
		b->number = ix->blob_free - 1;
		ix->blob_free = ix->blob[b->number].next_free;
	}
	ix->blob[b->number].blob = b;
	return 0;
}

const void *fw_intern(struct fw_ruleset *rs, const void *data, size_t len)
{
	struct fw_rule_index *ix = rs->index;
	uint32_t hash = fw_hash_bytes(data, len), v;

	for (uint32_t pos = hash; fw_table_next(&ix->blobs, hash, &pos, &v);) {
		struct fw_blob *b = ix->blob[v].blob;

		if (b->len == len && !memcmp(b->data, data, len)) {
			b->refs++;
			return b->data;
		}
	}

	struct fw_blob *b = fw_region_alloc(&rs->region, sizeof(*b) + len);

	if (!b)
		return NULL;
	if (fw_table_reserve(&ix->blobs) || blob_number(ix, b)) {
		fw_region_recycle(&rs->region, b, sizeof(*b) + len);
		return NULL;
	}
	b->hash = hash;
	b->refs = 1;
	b->len = (uint32_t)len;
	memcpy(b->data, data, len);
	fw_table_put(&ix->blobs, hash, b->number);
	return b->data;
}

void fw_intern_put(struct fw_ruleset *rs, const void *data)
{
	struct fw_rule_index *ix = rs->index;
	struct fw_blob *b = fw_blob_of(data);

	if (--b->refs)
		return;
	fw_table_delete(&ix->blobs, b->hash, b->number);
	ix->blob[b->number].next_free = ix->blob_free;
	ix->blob_free = b->number + 1;
	fw_region_recycle(&rs->region, b, sizeof(*b) + b->len);
}

uint32_t fw_id_hash(uint64_t id)
{
	return (uint32_t)(fw_mix64(id >> 3) << 3 | (id & 7));
}

struct fw_rule *fw_ruleset_by_id(const struct fw_ruleset *rs, uint64_t id)
{
	const struct fw_rule_index *ix = rs->index;
	uint32_t hash = fw_id_hash(id), v;

	for (uint32_t pos = hash; fw_table_next(&ix->ids, hash, &pos, &v);)
		if (ix->by_slot[v].rule->id == id)
			return ix->by_slot[v].rule;
	return NULL;
}

uint64_t fw_id_next(struct fw_ruleset *rs)
{
	struct fw_rule_index *ix = rs->index;

	while (!rs->next_id && (!ix->id_free || fw_ruleset_by_id(rs, ix->id_free)))
		ix->id_free++;
	return rs->next_id ? rs->next_id : ix->id_free;
}

struct fw_rule *fw_ruleset_by_name(const struct fw_ruleset *rs, const char *name)
{
	const struct fw_rule_index *ix = rs->index;
	uint32_t hash = fw_hash_string(name), v;

	for (uint32_t pos = hash; fw_table_next(&ix->names, hash, &pos, &v);)
		if (!strcmp(ix->by_slot[v].rule->name, name))
			return ix->by_slot[v].rule;
	return NULL;
}
