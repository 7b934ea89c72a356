// SPDX-License-Identifier: GPL-2.0-only
/* The log of a service. */
#include "fw/log.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void fw_log(const char *fmt, ...)
{
	char line[1024], clean[1024], text[sizeof(clean) + 256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n = snprintf(text, sizeof(text), "%.200s: %s\n", program_invocation_short_name,
		     fw_escape(clean, sizeof(clean), line, strlen(line)));
	/* The journal is a socket. If nobody reads it, the line is left out: the service must not wait. */
	if (send(STDERR_FILENO, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK)
		fputs(text, stderr);
}

void fw_log_diags(const struct fw_diags *ds)
{
	char line[1024];

	for (unsigned i = 0; i < ds->n; i++) {
		struct fw_diag d = ds->d[i];

		d.hint[0] = '\0';
		fw_log("%s", fw_diag_format(&d, line, sizeof(line)));
		if (ds->d[i].hint[0])
			fw_log("  hint: %s", ds->d[i].hint);
	}
	if (ds->total > ds->n)
		fw_log("%u more not shown", ds->total - ds->n);
}

void fw_log_failure(const struct fw_diags *ds, const char *what, int err)
{
	if (ds && ds->n)
		fw_log_diags(ds);
	else
		fw_log("%s: %s", what, strerror(-err));
}
