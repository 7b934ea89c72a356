// SPDX-License-Identifier: GPL-2.0-only
/* For everything that writes tables: lines of the pool, and diagnostics about instances. */
#include "tables.h"

#include <stdarg.h>

int tables_take(struct fw_tables *t, uint32_t lines, uint64_t *bytes, uint32_t *line)
{
	int err = heap_alloc(&t->heap, lines, line);

	if (!err)
		*bytes += (uint64_t)lines * FW_LINE;
	if (err == -ENOSPC)
		fw_diag_add(t->ds, (struct fw_place){ t->from ? t->from->file : NULL, 0, 0 }, NULL,
			    "the tables need more than the pool's %u MiB",
			    t->heap.pool->limit * (FW_SEGMENT_BYTES >> 20));
	return err;
}

int tables_refuse(const struct fw_lowering *from, struct fw_diags *ds, const struct fw_instance *r, const char *hint,
		  const char *fmt, ...)
{
	char text[256], name[FW_INSTANCE_LABEL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fw_diag_add(ds, (struct fw_place){ from->file, r->line, 0 }, hint, "rule %s: %s",
		    from->label(from, r, name, sizeof(name)), text);
	return -E2BIG;
}
