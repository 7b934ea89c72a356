// SPDX-License-Identifier: GPL-2.0-only
/* A table of things by name: open addressing, at most half full. */
#include "lib/import/import.h"

static size_t hash(const char *s)
{
	uint64_t h = 0;

	for (; *s; s++)
		h = fw_mix64(h ^ (uint8_t)*s);
	return (size_t)h;
}

/* The slot of the name, or the free one where it belongs. */
static struct import_name *slot_of(const struct import_names *t, const char *name)
{
	size_t i = hash(name) & (t->cap - 1);

	while (t->slots[i].name && strcmp(t->slots[i].name, name) != 0)
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

void *import_names_get(const struct import_names *t, const char *name)
{
	return t->cap ? slot_of(t, name)->value : NULL;
}

static int grow(struct import_names *t)
{
	struct import_names new = { .cap = t->cap ? 2 * t->cap : 16, .n = t->n };

	new.slots = calloc(new.cap, sizeof(*new.slots));
	if (!new.slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].name)
			*slot_of(&new, t->slots[i].name) = t->slots[i];
	free(t->slots);
	*t = new;
	return 0;
}

int import_names_put(struct import_names *t, const char *name, void *value)
{
	if (2 * t->n >= t->cap && grow(t))
		return -ENOMEM;
	*slot_of(t, name) = (struct import_name){ name, value };
	t->n++;
	return 0;
}
