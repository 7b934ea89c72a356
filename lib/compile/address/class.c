// SPDX-License-Identifier: GPL-2.0-only
/*
 * The records of classes in the pool, one for each list of identities, and the index that finds them by what they hold. A
 * record is written when a trie first refers to it, so that it is near the node that leads there, mostly in the same page; it
 * is retired with the last reference. While packets may read a record only two things change: signature bits are set, and an
 * identity is appended.
 */
#include "address.h"

#include <string.h>

static struct fw_class *class_at(const struct fw_tables *t, uint32_t line)
{
	return fw_pool_ptr(t->heap.pool, line);
}

void class_read(const struct fw_tables *t, uint32_t line, struct class_list *out)
{
	const struct fw_class *c = class_at(t, line);

	out->n = 0;
	for (uint32_t i = 0, lines = c->lines; i < lines; i++)
		for (uint32_t k = 0; k < c[i].n; k++)
			out->id[out->n++] = c[i].identity[k];
}

static uint64_t list_hash(const struct class_list *list)
{
	uint64_t hash = 0;

	for (uint32_t i = 0; i < list->n; i++)
		if (list->id[i] > FW_IDENTITY_FRAME)
			hash = class_hash_with(hash, list->id[i]);
	return hash;
}

static bool holds(const struct fw_tables *t, uint32_t line, const struct class_list *list)
{
	const struct fw_class *c = class_at(t, line);

	if (c->lines != (list->n + FW_CLASS_IDENTITIES - 1) / FW_CLASS_IDENTITIES)
		return false;
	for (uint32_t i = 0; i < c->lines; i++) {
		uint32_t n = list->n - i * FW_CLASS_IDENTITIES;

		if (c[i].n != (n < FW_CLASS_IDENTITIES ? n : FW_CLASS_IDENTITIES) ||
		    memcmp(c[i].identity, list->id + i * FW_CLASS_IDENTITIES, c[i].n * sizeof(uint32_t)))
			return false;
	}
	return true;
}

static size_t entry_put(struct side *s, struct class_entry e)
{
	size_t at = e.hash & (s->classes_room - 1);

	while (s->classes[at].line)
		at = (at + 1) & (s->classes_room - 1);
	s->classes[at] = e;
	return at;
}

int classes_reserve(struct side *s, size_t n)
{
	struct class_entry *old = s->classes;
	size_t room = s->classes_room ? s->classes_room : 64, was = s->classes_room;

	while (room < n * 2)
		room *= 2;
	if (room == was)
		return 0;
	s->classes = calloc(room, sizeof(*s->classes));
	if (!s->classes) {
		s->classes = old;
		return -ENOMEM;
	}
	fw_huge_pages(s->classes, room * sizeof(*s->classes));
	s->classes_room = room;
	for (size_t i = 0; i < was; i++)
		if (old[i].line)
			entry_put(s, old[i]);
	free(old);
	return 0;
}

/* The entry of the class at a line; it exists. */
static size_t entry_of(const struct fw_tables *t, const struct side *s, uint32_t line)
{
	struct class_list list;
	size_t at;

	class_read(t, line, &list);
	at = list_hash(&list) & (s->classes_room - 1);
	while (s->classes[at].line != line)
		at = (at + 1) & (s->classes_room - 1);
	return at;
}

/* Removes entry @at; later ones that it kept from their place move up. */
static void entry_remove(struct side *s, size_t at)
{
	size_t mask = s->classes_room - 1;

	for (size_t next = (at + 1) & mask; s->classes[next].line; next = (next + 1) & mask) {
		size_t home = s->classes[next].hash & mask;

		if (((next - home) & mask) < ((next - at) & mask))
			continue;
		s->classes[at] = s->classes[next];
		at = next;
	}
	s->classes[at] = (struct class_entry){ 0 };
	s->nclasses--;
}

int class_add(struct fw_tables *t, int side, const struct class_list *list, uint64_t hash, size_t *at)
{
	struct side *s = &t->side[side];
	uint32_t line, lines = (list->n + FW_CLASS_IDENTITIES - 1) / FW_CLASS_IDENTITIES;
	int err = classes_reserve(s, s->nclasses + 1);

	if (!err)
		err = tables_take(t, lines, &t->stats.class_bytes, &line);
	if (err)
		return err;

	struct fw_class *c = class_at(t, line);

	c->lines = (uint16_t)lines;
	for (uint32_t i = 0; i < list->n; i++) {
		struct fw_class *to = c + i / FW_CLASS_IDENTITIES;

		to->n++;
		to->identity[i % FW_CLASS_IDENTITIES] = list->id[i];
		to->signature[i % FW_CLASS_IDENTITIES] = s->ids[list->id[i]].signature;
	}
	*at = entry_put(s, (struct class_entry){ line, 0, (uint32_t)hash });
	s->nclasses++;
	return 0;
}

/* The line of the class with these identities; 0: there is none. */
static uint32_t class_find(const struct fw_tables *t, const struct side *s, const struct class_list *list,
			   uint64_t hash)
{
	size_t mask = s->classes_room - 1, at = hash & mask;

	for (; s->classes_room && s->classes[at].line; at = (at + 1) & mask)
		if (s->classes[at].hash == (uint32_t)hash && holds(t, s->classes[at].line, list))
			return s->classes[at].line;
	return 0;
}

int class_intern(struct fw_tables *t, int side, const struct class_list *list, uint32_t *line)
{
	struct side *s = &t->side[side];
	uint64_t hash = list_hash(list);
	size_t at;

	*line = class_find(t, s, list, hash);
	if (*line) {
		/* A bit may be missing that did not matter where the class was used so far. */
		for (uint32_t i = 0; i < list->n; i++)
			class_sign(t, *line, list->id[i], s->ids[list->id[i]].signature);
		return 0;
	}

	int err = class_add(t, side, list, hash, &at);

	*line = err ? 0 : s->classes[at].line;
	return err;
}

/* Is the list that of the class with one more identity, and room for it in the last line? */
static bool is_one_longer(const struct fw_class *c, const struct class_list *list)
{
	const struct fw_class *last = c + c->lines - 1;
	uint32_t n = (c->lines - 1u) * FW_CLASS_IDENTITIES + last->n;

	if (list->n != n + 1 || last->n == FW_CLASS_IDENTITIES)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (c[i / FW_CLASS_IDENTITIES].identity[i % FW_CLASS_IDENTITIES] != list->id[i])
			return false;
	return true;
}

bool class_append(struct fw_tables *t, int side, uint32_t line, const struct class_list *list)
{
	struct side *s = &t->side[side];
	struct fw_class *c = class_at(t, line), *last = c + c->lines - 1;
	uint32_t identity = list->id[list->n - 1];
	uint64_t hash = list_hash(list);
	size_t at;

	if (!is_one_longer(c, list))
		return false;
	at = entry_of(t, s, line);
	if (s->classes[at].refs != 1 || class_find(t, s, list, hash))
		return false;
	entry_remove(s, at);
	__atomic_store_n(&last->identity[last->n], identity, __ATOMIC_RELAXED);
	__atomic_store_n(&last->signature[last->n], s->ids[identity].signature, __ATOMIC_RELAXED);
	__atomic_store_n(&last->n, last->n + 1, __ATOMIC_RELEASE);
	entry_put(s, (struct class_entry){ line, 1, (uint32_t)hash });
	s->nclasses++;
	return true;
}

void class_hold(struct fw_tables *t, int side, uint32_t line, uint32_t n)
{
	struct side *s = &t->side[side];

	s->classes[entry_of(t, s, line)].refs += n;
}

void class_drop(struct fw_tables *t, int side, uint32_t line)
{
	struct side *s = &t->side[side];
	size_t at = entry_of(t, s, line);
	uint32_t lines = class_at(t, line)->lines;

	if (--s->classes[at].refs)
		return;
	entry_remove(s, at);
	t->stats.class_bytes -= (uint64_t)lines * FW_LINE;
	retire_lines(t, line, lines);
}

void class_sign(const struct fw_tables *t, uint32_t line, uint32_t identity, uint64_t bits)
{
	struct fw_class *c = class_at(t, line);

	for (uint32_t i = 0; i < c->lines; i++)
		for (uint32_t k = 0; k < c[i].n; k++)
			if (c[i].identity[k] == identity && bits & ~c[i].signature[k])
				__atomic_store_n(&c[i].signature[k], c[i].signature[k] | bits, __ATOMIC_RELAXED);
}

void classes_sign(const struct fw_tables *t, int side, uint32_t identity, uint64_t bits)
{
	const struct side *s = &t->side[side];

	for (size_t i = 0; i < s->classes_room; i++)
		if (s->classes[i].line)
			class_sign(t, s->classes[i].line, identity, bits);
	if (t->root.trie[side][FW_FAMILY_NONE])
		class_sign(t, t->root.trie[side][FW_FAMILY_NONE], identity, bits);
}

int class_write_frame(struct fw_tables *t, int side)
{
	uint32_t *line = &t->root.trie[side][FW_FAMILY_NONE];
	int err = tables_take(t, 1, &t->stats.class_bytes, line);

	if (err)
		return err;
	*class_at(t, *line) = (struct fw_class){ .n = 1,
						 .lines = 1,
						 .identity = { FW_IDENTITY_FRAME },
						 .signature = { t->side[side].ids[FW_IDENTITY_FRAME].signature } };
	return 0;
}
