// SPDX-License-Identifier: GPL-2.0-only
/* Progress on one line of the terminal. A signal clears it, and removes a file that is half written. */
#include "progress.h"

#include "fw/base.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRESS_SECONDS 0.2

static const char *volatile unlink_name; /* in unlink_folder; NULL: none */
static int unlink_folder;
static volatile sig_atomic_t progress_shown;

/* Makes only calls that are safe in a signal handler. The process then ends by the signal, as its parent expects. */
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
		last = now; /* quick commands show none */
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
