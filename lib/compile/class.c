// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classes' records in the pool. Each is written when a trie first refers to
 * it, so that it stands near the node that leads there, mostly in the same page.
 */
#include "tables.h"

/* Puts identity @id into place @n of the class at @line. */
static void class_put(struct compilation *c, const struct side *s, uint32_t line, uint32_t n, uint32_t id)
{
	struct fw_class *to = fw_pool_ptr(c->pool, line + n / FW_CLASS_IDENTITIES);

	to->n++;
	to->identity[n % FW_CLASS_IDENTITIES] = id;
	to->signature[n % FW_CLASS_IDENTITIES] = s->signature[id];
}

static int class_write(struct compilation *c, const struct side *s, struct class *class)
{
	uint32_t n = 0, all = class->n + 1 + c->frame_rules;
	uint32_t lines = (all + FW_CLASS_IDENTITIES - 1) / FW_CLASS_IDENTITIES;
	int err = take_lines(c, lines, &c->stats.class_bytes, &class->line);

	if (err)
		return err;
	((struct fw_class *)fw_pool_ptr(c->pool, class->line))->lines = (uint16_t)lines;
	class_put(c, s, class->line, n++, FW_IDENTITY_ANY);
	if (c->frame_rules)
		class_put(c, s, class->line, n++, FW_IDENTITY_FRAME);
	for (uint32_t i = 0; i < class->n; i++)
		class_put(c, s, class->line, n++, s->classes.ids[class->first + i]);
	return 0;
}

int frame_class_write(struct compilation *c, int side)
{
	uint32_t *line = &c->root.trie[side][FW_FAMILY_NONE];
	int err = take_lines(c, 1, &c->stats.class_bytes, line);

	if (err)
		return err;
	((struct fw_class *)fw_pool_ptr(c->pool, *line))->lines = 1;
	class_put(c, &c->side[side], *line, 0, FW_IDENTITY_FRAME);
	return 0;
}

int class_ref(struct compilation *c, int side, uint32_t number, uint32_t *ref)
{
	struct class *class = &c->side[side].classes.c[number];
	int err = class->line ? 0 : class_write(c, &c->side[side], class);

	*ref = FW_REF(class->line, FW_REF_CLASS);
	return err;
}
