// SPDX-License-Identifier: GPL-2.0-only
/* One line a message, written at once, in which nobody's words look like another one. */
#include "ctl/fwd/log.h"

#include "ctl/fwd/base/record.h"

#include <stdarg.h>
#include <string.h>

void log_say(const char *fmt, ...)
{
	char line[1024], clean[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "fwd: %s\n", record_text(clean, sizeof(clean), line, strlen(line)));
}

void log_diags(const struct fw_diags *ds)
{
	char line[1024];

	for (unsigned i = 0; i < ds->n; i++) {
		struct fw_diag d = ds->d[i];

		d.hint[0] = '\0';
		log_say("%s", fw_diag_format(&d, line, sizeof(line)));
		if (ds->d[i].hint[0])
			log_say("  hint: %s", ds->d[i].hint);
	}
	if (ds->total > ds->n)
		log_say("%u more not shown", ds->total - ds->n);
}

void log_failure(const struct fw_diags *ds, const char *what, int err)
{
	if (ds && ds->n)
		log_diags(ds);
	else
		log_say("%s: %s", what, strerror(-err));
}
