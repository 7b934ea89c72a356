// SPDX-License-Identifier: GPL-2.0-only
/* What commands do with an answer while it comes: its fields, progress, and an end by a signal. */
#include "client.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_SECONDS 0.2

uint64_t ctl_field_u64(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_string(v) ? strtoull(json_string_value(v), NULL, 10) : (uint64_t)json_integer_value(v);
}

double ctl_field_real(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

const char *ctl_field_text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

void ctl_diags_of(const json_t *array, struct fw_diags *ds)
{
	const json_t *d;
	size_t i;

	json_array_foreach(array, i, d)
	{
		const char *file = ctl_field_text(d, "file"), *hint = ctl_field_text(d, "hint");
		struct fw_place at = {
			.file = file[0] ? file : NULL,
			.line = (unsigned)ctl_field_u64(d, "line"),
			.column = (unsigned)ctl_field_u64(d, "column"),
		};

		fw_diag_add(ds, at, hint[0] ? hint : NULL, "%s", ctl_field_text(d, "message"));
	}
}

void ctl_warnings_of(const json_t *end, struct fw_diags *ds)
{
	ctl_diags_of(json_object_get(end, "warnings"), ds);
	if (ctl_field_u64(end, "warnings_total") > ds->total)
		ds->total = (unsigned)ctl_field_u64(end, "warnings_total");
}

double ctl_seconds_of(const json_t *end)
{
	static const char *const stages[] = { "parse", "compile", "store", "swap" };
	const json_t *seconds = json_object_get(end, "seconds");
	double sum = 0;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		sum += ctl_field_real(seconds, stages[i]);
	return sum;
}

void ctl_print_counts(const json_t *o)
{
	char bytes[32];

	printf("%12llu %11s  ", (unsigned long long)ctl_field_u64(o, "packets"),
	       ctl_bytes(bytes, sizeof(bytes), ctl_field_u64(o, "bytes")));
}

static const char *volatile unlink_name; /* in unlink_folder; NULL: nothing */
static int unlink_folder;
static volatile sig_atomic_t progress_shown;

/* Only calls that are safe in a signal handler. The process then ends by the signal, as its parent expects. */
static void on_signal(int sig)
{
	if (progress_shown && write(STDERR_FILENO, "\r\033[K", 4) < 0)
		progress_shown = 0;
	if (unlink_name)
		unlinkat(unlink_folder, unlink_name, 0);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction was, now = { .sa_handler = on_signal };
	static bool done;

	for (size_t i = 0; !done && i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &was) && was.sa_handler != SIG_IGN)
			sigaction(signals[i], &now, NULL);
	done = true;
}

void ctl_signal_unlink(int folder, const char *name)
{
	unlink_name = NULL;
	unlink_folder = folder;
	unlink_name = name;
	if (name)
		catch_signals();
}

void ctl_progress(const char *fmt, ...)
{
	static double last;
	double now = fw_now();
	va_list ap;

	if (!last)
		last = now; /* what is done at once shows no progress */
	if (!isatty(STDERR_FILENO) || now - last < PROGRESS_SECONDS)
		return;
	last = now;
	catch_signals();
	progress_shown = 1;
	fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fflush(stderr);
}

void ctl_progress_end(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = 0;
}
