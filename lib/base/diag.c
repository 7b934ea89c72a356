// SPDX-License-Identifier: GPL-2.0-only
/* Diagnostics: the user's errors, collected and formatted. Nothing here prints. */
#include "fw/base.h"

#include <stdarg.h>
#include <time.h>

void fw_diag_note(struct fw_diags *ds, struct fw_place at, const char *hint, const char *fmt, ...)
{
	if (!ds)
		return;
	ds->total++;
	if (ds->n == FW_MAX_DIAGS)
		return;

	struct fw_diag *d = &ds->d[ds->n++];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->message, sizeof(d->message), fmt, ap);
	va_end(ap);
	snprintf(d->file, sizeof(d->file), "%s", at.file ? at.file : "");
	snprintf(d->hint, sizeof(d->hint), "%s", hint ? hint : "");
	d->line = at.line;
	d->column = at.column;
}

void fw_diags_append(struct fw_diags *to, const struct fw_diags *from)
{
	if (!to)
		return;
	for (unsigned i = 0; i < from->n && to->n < FW_MAX_DIAGS; i++)
		to->d[to->n++] = from->d[i];
	to->total += from->total;
}

const char *fw_diag_format(const struct fw_diag *d, char *buf, size_t size)
{
	char where[320] = "", hint[256] = "";

	if (d->file[0] && d->line && d->column)
		snprintf(where, sizeof(where), "%s:%u:%u: ", d->file, d->line, d->column);
	else if (d->file[0] && d->line)
		snprintf(where, sizeof(where), "%s:%u: ", d->file, d->line);
	else if (d->file[0])
		snprintf(where, sizeof(where), "%s: ", d->file);
	if (d->hint[0])
		snprintf(hint, sizeof(hint), "\n  hint: %s", d->hint);
	snprintf(buf, size, "%s%s%s", where, d->message, hint);
	return buf;
}

double fw_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}
