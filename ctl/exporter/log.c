// SPDX-License-Identifier: GPL-2.0-only
/* One line a message, written at once. */
#include "exporter.h"

#include <stdarg.h>
#include <string.h>

void exporter_log(const char *fmt, ...)
{
	char line[1024], clean[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "fw-exporter: %s\n", fw_escape(clean, sizeof(clean), line, strlen(line)));
}

void exporter_log_diags(const struct fw_diags *ds)
{
	char line[1024];

	for (unsigned i = 0; i < ds->n; i++) {
		struct fw_diag d = ds->d[i];

		d.hint[0] = '\0';
		exporter_log("%s", fw_diag_format(&d, line, sizeof(line)));
		if (ds->d[i].hint[0])
			exporter_log("  hint: %s", ds->d[i].hint);
	}
}
