// SPDX-License-Identifier: GPL-2.0-only
/* What the program does: serve, print a page, or list the metrics. */
#include "exporter.h"

#include "ctl/exporter/http/address.h"
#include "ctl/exporter/http/web.h"

#include "fw/log.h"
#include "fw/service.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_SECONDS 1
#define LARGE (128 << 10) /* bytes from which freed memory is returned to the system */

/* Blocks the signals that end the program, for watch(); writing to a closed connection is an ordinary error. */
static void hold_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Without this, the allocator keeps an arena for each thread that ever served a connection. */
static void save_memory(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, LARGE);
}

/* Closes slow connections, and keeps the watchdog quiet, until a signal arrives. */
static void watch(struct web *w, const sigset_t *set)
{
	const struct timespec pause = { .tv_sec = SWEEP_SECONDS };
	bool watched = fw_service_watchdog() > 0;

	while (sigtimedwait(set, NULL, &pause) < 0) {
		connections_sweep(&w->connections);
		if (watched)
			fw_service_say("WATCHDOG=1");
	}
}

int exporter_run(const struct settings *c, struct fw_diags *ds)
{
	char where[ADDRESS_TEXT];
	struct web web;
	sigset_t set;
	bool made = fw_service_socket() == -ENOENT && settings_is_unix(c);
	int fd = address_listen(c, ds), err;

	if (fd < 0)
		return fd;
	hold_signals(&set);
	save_memory();
	address_text(fd, where);
	err = web_start(&web, c, fd, ds);
	if (err)
		return err;
	if (address_is_unix(fd))
		fw_log("listening on %s", where);
	else
		fw_log("listening on http%s://%s/metrics", c->tls_cert[0] ? "s" : "", where);
	fw_service_say("READY=1");
	watch(&web, &set);
	fw_service_say("STOPPING=1");
	if (made)
		unlink(c->address);
	web_stop(&web);
	return 0;
}

static int print(struct scrape *s)
{
	bool done = false;
	const char *text;
	size_t len;

	while (!done) {
		int err = scrape_fill(s, 1 << 16, &done);

		if (err)
			return err;
		text = scrape_text(s, &len);
		if (fwrite(text, 1, len, stdout) != len)
			return -EIO;
		scrape_take(s, len);
	}
	return fflush(stdout) ? -EIO : 0;
}

int exporter_once(const struct settings *c, struct fw_diags *ds)
{
	fw_cleanup(scrape_freep) struct scrape *s = NULL;
	struct scrapes all = { .last = SCRAPE_OK };
	int err = scrape_new(c, &all, (enum page_format)c->format, &s);

	if (!err)
		err = print(s);
	/* Why there is no page was logged already. */
	if (err && !(s && scrape_why(s)[0]))
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "no page: %s", strerror(-err));
	return err;
}

int exporter_list(void)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	metrics_describe(&b);
	if (b.failed)
		return -ENOMEM;
	return fputs(b.text, stdout) < 0 || fflush(stdout) ? -EIO : 0;
}
