// SPDX-License-Identifier: GPL-2.0-only
/* One line a message, written at once. */
#include "tools/fw-exporter/exporter.h"

#include <stdarg.h>

void exporter_log(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "fw-exporter: %s\n", line);
}

void exporter_log_diags(const struct fw_diags *ds)
{
	char line[1024];

	for (unsigned i = 0; i < ds->n; i++)
		exporter_log("%s", fw_diag_format(&ds->d[i], line, sizeof(line)));
}
