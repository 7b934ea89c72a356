// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of the start: first the socket, which shows whether another fwd is running; then the tables, among them the
 * pinned ones, which need CAP_SYS_ADMIN; then capabilities are dropped, before there is a second thread, since each thread has
 * its own; then attachments; clients last.
 */
#include "ctl/fwd/daemon.h"

#include "ctl/fwd/additions.h"
#include "ctl/fwd/closed.h"
#include "ctl/fwd/devices/devices.h"
#include "ctl/fwd/base/peer.h"
#include "ctl/fwd/connections/exchange.h"
#include "ctl/fwd/history.h"
#include "ctl/fwd/log/packet_log.h"
#include "ctl/fwd/owner.h"
#include "fw/log.h"
#include "fw/service.h"
#include "fw/unix_socket.h"
#include "ctl/fwd/base/privileges.h"
#include "ctl/fwd/rules_file.h"
#include "ctl/fwd/connections/server.h"
#include "ctl/fwd/tracked.h"
#include "ctl/fwd/tracking.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK 1.0 /* seconds that the loop sleeps at most */

static void work_ready(struct fw_loop_source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, work));

	packet_log_catch_up(d);
	engine_work(d->engine);
	fwd_ruleset_changed(d);
	rules_file_resume(d);
}

static void reap(struct fwd *d)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		exchange_reap(d, pid, WIFEXITED(status) && !WEXITSTATUS(status));
}

static void hang_up(struct fwd *d, const struct signalfd_siginfo *info)
{
	struct record_who who = { .pid = info->ssi_pid ? (int32_t)info->ssi_pid : -1, .uid = info->ssi_uid };

	peer_process((pid_t)info->ssi_pid, who.process, sizeof(who.process));
	rules_file_reload(d, &who);
}

/* SIGHUP reloads rules, not settings: those are read at the start only. */
static void signal_ready(struct fw_loop_source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, signals));
	struct signalfd_siginfo info;

	while (read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(d);
		else if (info.ssi_signo == SIGHUP)
			hang_up(d, &info);
		else
			d->loop.end = true;
	}
}

static int signals_open(struct fwd *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = (struct fw_loop_source){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					      .name = "signals",
					      .ready = signal_ready };
	return d->signals.fd < 0 ? -errno : fw_loop_add(&d->loop, &d->signals, EPOLLIN);
}

/* At most once in a TICK, however fast things change. */
static void report_status(struct fwd *d, double now)
{
	struct service_state *s = &d->service;
	uint32_t generation = fw_kern_generation(engine_kern(d->engine));
	size_t n = d->ruleset->nrules;

	if (s->generation == generation && s->nrules == n)
		return;
	s->told_at = now;
	s->nrules = n;
	s->generation = generation;
	fw_service_say("STATUS=%zu rule%s, generation %u", n, fw_plural(n), generation);
}

/* Whoever asks for a change is told of a fault in the store; the log should know before. */
static void watch_store(struct fwd *d)
{
	struct fw_diags ds = { .n = 0 };
	struct store *s = engine_store(d->engine);
	int err;

	store_look(s);
	err = store_trouble(s, &ds);
	if (err && err != d->store_trouble)
		fw_log_diags(&ds);
	else if (!err && d->store_trouble)
		fw_log("the store is writable again");
	d->store_trouble = err;
}

/* Once, at the start: somebody has replaced the store's database. */
static void report_aside(struct fwd *d)
{
	const char *aside = store_aside(engine_store(d->engine));

	if (aside)
		fw_log("the store was replaced while fwd was not running: its log of changes belonged to the former database and "
		       "is now %s",
		       aside);
}

static void round_over(struct fw_loop *l)
{
	struct fwd *d = (struct fwd *)((char *)l - offsetof(struct fwd, loop));
	double log = packet_log_round(d, fw_now()), additions = additions_round(d, fw_now());
	bool more = server_round(d);
	double now = fw_now();

	l->tick = more ? 0 : d->server.waiting_long ? EXCHANGE_LOOK : d->tick;
	l->tick = log < l->tick ? log : l->tick;
	l->tick = additions < l->tick ? additions : l->tick;
	history_tick(d, now);
	devices_tick(d, now);
	if (d->service.watchdog && now - d->service.alive >= d->service.watchdog) {
		fw_service_say("WATCHDOG=1");
		d->service.alive = now;
	}
	if (now - d->service.told_at >= TICK)
		report_status(d, now);
	if (now - d->looked >= TICK) {
		d->looked = now;
		watch_store(d);
		closed_look(d);
		tracking_look(d);
		tracked_look(d);
	}
}

static int open_engine(struct fwd *d, struct fw_diags *ds)
{
	struct engine_options opts = {
		.store = d->config.store,
		.pins = d->config.pins,
		.pool = d->config.pool,
		.readers = peer_group(d->config.group),
		.rules = d->config.rules[0] ? d->config.rules : NULL,
		.interfaces = fw_interfaces_all,
		.opened = privileges_drop,
		.record = history_record,
		.record_ctx = d,
	};
	int err = engine_open(&opts, ds, &d->engine);

	if (!err)
		err = fw_kern_reply_rate(engine_kern(d->engine), d->config.reject_rate);
	if (err)
		return err;
	d->work = (struct fw_loop_source){ .fd = engine_fd(d->engine), .name = "engine", .ready = work_ready };
	fwd_ruleset_changed(d);
	return fw_loop_add(&d->loop, &d->work, EPOLLIN);
}

static void check_pins(struct fwd *d)
{
	d->pins_private = fw_kern_pins_private(d->config.pins);
	if (d->pins_private)
		fw_log("%s is in a private mount namespace (as of `ip netns exec`): filtering ends with the last process in it; "
		       "to keep it, start fwd with `nsenter --net=/run/netns/NAME`, or bind a bpffs from outside",
		       d->config.pins);
}

static int start(struct fwd *d, struct fw_diags *ds)
{
	int err;

	privileges_files();
	privileges_first();
	check_pins(d);
	err = fw_loop_open(&d->loop);
	if (!err)
		err = signals_open(d);
	owner_open(d);
	if (!err)
		err = listen_open(&d->config, &d->server.listener, ds);
	if (!err)
		err = open_engine(d, ds);
	if (!err)
		err = devices_open(d, ds);
	if (!err)
		err = additions_open(d);
	if (!err)
		err = packet_log_open(d);
	if (!err)
		err = server_start(d);
	return err;
}

static void stop(struct fwd *d)
{
	server_stop(d);
	listen_close(&d->server.listener);
	devices_close(d);
	tracked_close(d);
	packet_log_close(d);
	additions_close(d);
	if (d->engine)
		engine_close(d->engine);
	if (d->signals.fd > 0)
		close(d->signals.fd);
	fw_loop_close(&d->loop);
}

static double epoch(void)
{
	struct timespec t;
	long milliseconds;

	clock_gettime(CLOCK_REALTIME, &t);
	milliseconds = t.tv_nsec / 1000000;
	return (double)t.tv_sec + (double)milliseconds / 1000;
}

int daemon_run(const struct config *c, struct fw_diags *ds)
{
	struct fwd d = { .config = *c,
			 .started = fw_now(),
			 .born = epoch(),
			 .server.listener = { .fd = -1 },
			 .loop = { .fd = -1 } };
	int err;

	d.loop.round = round_over;
	d.service.watchdog = fw_service_watchdog();
	d.tick = d.loop.tick = d.service.watchdog && d.service.watchdog < TICK ? d.service.watchdog : TICK;
	err = start(&d, ds);
	if (!err) {
		fw_log("ready: %zu rule%s, on %s", d.ruleset->nrules, fw_plural(d.ruleset->nrules), c->socket);
		history_say(&d, &(struct history_event){ .action = RECORD_START, .what = "start of fwd " FW_VERSION });
		fw_service_say("READY=1");
		report_status(&d, fw_now());
		closed_look(&d);
		tracking_look(&d);
		report_aside(&d);
		watch_store(&d);
		rules_file_compare(&d);
		err = fw_loop_run(&d.loop);
		fw_service_say("STOPPING=1");
	}
	stop(&d);
	return err;
}

int daemon_detach(const struct config *c, struct fw_diags *ds)
{
	struct fw_kern_options opts = { .pins = c->pins, .pool = c->pool };
	struct fw_kern *k;
	int err;

	if (fw_unix_alive(c->socket)) {
		fw_diag_add(ds, (struct fw_place){ c->socket, 0, 0 },
			    "stop it first: systemctl stop fwd.service fwd.socket",
			    "fwd is running and would continue to filter");
		return -EBUSY;
	}
	privileges_files();
	err = fw_kern_open(&opts, ds, &k);
	if (err)
		return err;
	fw_kern_unpin(k);
	fw_kern_close(k);
	return 0;
}
