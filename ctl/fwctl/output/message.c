// SPDX-License-Identifier: GPL-2.0-only
/* Errors, warnings, hints, rows of a table and sizes: what all commands print in the same way. */
#include "message.h"

#include "fw/text.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

static char first_error[512]; /* for readers of JSON */

bool ctl_note_error(const char *text)
{
	if (first_error[0])
		return false;
	snprintf(first_error, sizeof(first_error), "%s", text);
	return true;
}

const char *ctl_first_error(void)
{
	return first_error;
}

void ctl_put(FILE *f, const char *s)
{
	char one[FW_ESCAPE_ONE];

	for (size_t left = strlen(s), taken; left; s += taken, left -= taken) {
		taken = fw_escape_one(one, s, left);
		fputs(one, f);
	}
}

/* Return: the text, to be freed; NULL: out of memory. */
static char *say(const char *kind, const char *fmt, va_list ap)
{
	char *text = NULL;

	fflush(stdout);
	fputs(kind, stderr);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	ctl_put(stderr, text ? text : "out of memory");
	fputc('\n', stderr);
	return text;
}

void ctl_error(const char *fmt, ...)
{
	fw_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = say("fwctl: ", fmt, ap);
	va_end(ap);
	ctl_note_error(text ? text : "out of memory");
}

void ctl_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(say("fwctl: warning: ", fmt, ap));
	va_end(ap);
}

void ctl_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(say("  hint: ", fmt, ap));
	va_end(ap);
}

void ctl_print_row(int indent, int width, const char *what, const char *fmt, ...)
{
	va_list ap;

	printf("%*s%-*s ", indent, "", width, what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

const char *ctl_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;

	for (; v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0]); u++)
		v /= 1024;
	snprintf(buf, size, u ? "%.1f %s" : "%.0f %s", v, units[u]);
	return buf;
}

void ctl_print_count(uint64_t packets, uint64_t bytes)
{
	char text[32];

	printf("%12llu %11s  ", (unsigned long long)packets, ctl_bytes(text, sizeof(text), bytes));
}

const char *ctl_time(char *buf, size_t size, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, size, "%F %T", &tm))
		snprintf(buf, size, "%llu", (unsigned long long)seconds);
	return buf;
}
