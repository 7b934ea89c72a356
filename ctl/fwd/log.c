// SPDX-License-Identifier: GPL-2.0-only
/* One line a message, written at once. */
#include "ctl/fwd/log.h"

#include <stdarg.h>
#include <string.h>

void log_say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "fwd: %s\n", line);
}

void log_failure(const struct fw_diags *ds, const char *what, int err)
{
	char line[1024];

	for (unsigned i = 0; ds && i < ds->n; i++)
		log_say("%s", fw_diag_format(&ds->d[i], line, sizeof(line)));
	if (ds && ds->total > ds->n)
		log_say("%u more not shown", ds->total - ds->n);
	if (!ds || !ds->n)
		log_say("%s: %s", what, strerror(-err));
}
