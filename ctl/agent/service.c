// SPDX-License-Identifier: GPL-2.0-only
#include "service.h"

#include "agent.h"
#include "folder.h"
#include "local_fwd.h"
#include "prober.h"
#include "status.h"

#include "fw/fleet/lead.h"
#include "fw/fleet/probe.h"
#include "fw/log.h"
#include "fw/service.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define TICK 1.0          /* seconds that the loop sleeps at most */
#define WRITE_EVERY 30.0  /* seconds between writes of the status, at most: FW_FLEET_STATUS_AGE is more */
#define RESIGN 2.0        /* seconds in which the lead is given back */
#define ETCD_SECONDS 10.0 /* of an operation */
#define FILE_BYTES 65536  /* of keys and passwords */

struct service {
	const struct fw_fleet_config *config;
	struct fw_loop loop;
	struct fw_http *http;
	struct fw_etcd *etcd;
	struct fw_public_keys keys;
	struct folder_real folder;
	struct local *local;
	struct probes *probes;
	struct agent *agent;
	struct fw_lead *lead;
	struct fw_loop_source signals;
	struct fw_timer resign;
	char host[FW_SETTING_TEXT], by[FW_LEADER_NAME], *password;
	bool changed; /* the status is not written yet */
	int status_error;
	double written, alive, watchdog;
};

static int missing(const char *name, struct fw_diags *ds)
{
	return fw_diag_add(ds, (struct fw_place){ 0 }, "see " FW_FLEET_CONFIG, "the setting '%s' is missing", name);
}

static int read_keys(const struct fw_fleet_config *c, struct fw_public_keys *out, struct fw_diags *ds)
{
	fw_autofree char *text = NULL;
	size_t len;
	int err = fw_file_read(c->keys, FW_FILE_REGULAR, FILE_BYTES, &text, &len);

	if (err) {
		fw_diag_add(ds, (struct fw_place){ 0 }, "`fwctl keys` makes a pair", "cannot read %s: %s", c->keys,
			    strerror(-err));
		return err;
	}
	err = fw_keys_parse(text, len, c->keys, out, ds);
	if (!err && !out->n)
		err = fw_diag_add(ds, (struct fw_place){ .file = c->keys }, "`fwctl keys` makes a pair",
				  "there is no key");
	return err;
}

/* The file's first line. @out: free() it. 0, or -errno with a diagnostic. */
static int read_password(const struct fw_fleet_config *c, char **out, struct fw_diags *ds)
{
	size_t len;
	int err = c->password[0] ? fw_file_read(c->password, FW_FILE_REGULAR, FILE_BYTES, out, &len) : 0;

	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "cannot read %s: %s", c->password, strerror(-err));
	else if (*out)
		(*out)[strcspn(*out, "\r\n")] = '\0';
	return err;
}

int service_check(const struct fw_fleet_config *c, struct fw_diags *ds)
{
	struct fw_public_keys keys = { .n = 0 };
	int err = 0;

	if (!c->fleet[0])
		err = missing("fleet", ds);
	if (!c->url[0])
		err = missing("url", ds);
	if (!c->cert[0] != !c->key[0])
		err = missing(c->cert[0] ? "key" : "cert", ds);
	if (c->user[0] && !c->password[0])
		err = missing("password", ds);
	if (c->lead && !c->etcd[0])
		err = fw_diag_add(ds, (struct fw_place){ 0 }, "set 'etcd', or leave 'lead' out",
				  "'lead on' needs etcd, where rollouts are kept");
	return err ? err : read_keys(c, &keys, ds);
}

static void log_line(void *ctx, const char *line)
{
	fw_log("%s", line);
}

static void changed(void *ctx)
{
	((struct service *)ctx)->changed = true;
}

/* The folder of the status is the service manager's; an error is logged once. */
static void write_status(struct service *s, double now)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	const struct agent_status *st = agent_status(s->agent);
	uint64_t clock = (uint64_t)time(NULL);
	const struct agent_setup about = { .config = s->config, .etcd = s->etcd };
	int err;

	s->changed = false;
	s->written = now;
	if (!s->config->status[0])
		return;
	status_print(&b, &about, st, st->heard > 0 ? clock - (uint64_t)(now - st->heard) : 0, clock);
	err = b.failed ? -ENOMEM : folder_replace(AT_FDCWD, s->config->status, b.text, b.len, false);
	if (err && err != s->status_error)
		fw_log("cannot write %s: %s", s->config->status, strerror(-err));
	s->status_error = err;
}

static void round_over(struct fw_loop *l)
{
	struct service *s = (struct service *)((char *)l - offsetof(struct service, loop));
	double now = fw_now();

	if (s->changed || now - s->written >= WRITE_EVERY)
		write_status(s, now);
	if (s->watchdog > 0 && now - s->alive >= s->watchdog) {
		fw_service_say("WATCHDOG=1");
		s->alive = now;
	}
}

static void end(void *ctx)
{
	((struct service *)ctx)->loop.end = true;
}

static void resign_over(struct fw_timer *t)
{
	end((char *)t - offsetof(struct service, resign));
}

/* Whoever leads gives that back first, so that nobody has to wait. */
static void end_soon(struct service *s)
{
	fw_service_say("STOPPING=1");
	if (!s->lead || !fw_lead_leads(s->lead) || s->resign.ring) {
		s->loop.end = true;
		return;
	}
	s->resign.ring = resign_over;
	fw_timer_set(s->http, &s->resign, RESIGN);
	fw_lead_resign(s->lead, end, s);
}

/* Reads the keys again; those that cannot be read stay as they are. */
static void again(struct service *s)
{
	struct fw_public_keys keys = { .n = 0 };
	struct fw_diags ds = { .n = 0 };

	if (read_keys(s->config, &keys, &ds))
		fw_log_diags(&ds);
	else
		s->keys = keys;
	agent_retry(s->agent);
}

static void signalled(struct fw_loop_source *source, uint32_t events)
{
	struct service *s = (struct service *)((char *)source - offsetof(struct service, signals));
	struct signalfd_siginfo info;

	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGHUP)
			again(s);
		else
			end_soon(s);
}

/* Before there is a second thread. */
static int open_signals(struct service *s)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = (struct fw_loop_source){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					      .name = "signals",
					      .ready = signalled };
	return s->signals.fd < 0 ? -errno : fw_loop_add(&s->loop, &s->signals, EPOLLIN);
}

static int open_etcd(struct service *s, struct fw_etcd_settings *e, struct fw_diags *ds)
{
	const struct fw_fleet_config *c = s->config;
	int err = read_password(c, &s->password, ds);

	if (err || !c->etcd[0])
		return err;
	*e = (struct fw_etcd_settings){ .endpoints = c->etcd,
					.user = c->user,
					.password = s->password,
					.identity = { c->ca, c->cert, c->key },
					.timeout = ETCD_SECONDS };
	return fw_etcd_open(s->http, e, &s->etcd, ds);
}

static int open_host(struct service *s, struct fw_diags *ds)
{
	const struct fw_fleet_config *c = s->config;
	struct fw_probes targets = { .n = 0 };
	int err = folder_open(c->state, &s->folder);

	if (err) {
		fw_diag_add(ds, (struct fw_place){ 0 }, "it must exist, and be the agent's own", "cannot open %s: %s",
			    c->state, strerror(-err));
		return err;
	}
	fw_probes_parse(c->probes, &targets);
	err = prober_open(&s->loop, s->http, &targets, &s->probes);
	return err ? err : local_fwd_open(&s->loop, c->socket, &s->local);
}

static int open_lead(struct service *s, const char *host)
{
	const struct fw_lead_setup setup = {
		.http = s->http, .etcd = s->etcd, .fleet = s->config->fleet, .by = s->by, .now = fw_now, .log = log_line
	};

	snprintf(s->by, sizeof(s->by), "fw-agent@%s", host);
	return s->config->lead ? fw_lead_open(&setup, &s->lead) : 0;
}

static int open_agent(struct service *s, const char *host)
{
	const struct agent_setup setup = { .config = s->config,
					   .host = host,
					   .keys = &s->keys,
					   .http = s->http,
					   .etcd = s->etcd,
					   .local = s->local,
					   .probes = s->probes,
					   .folder = &s->folder.folder,
					   .now = fw_now,
					   .changed = changed,
					   .log = log_line,
					   .ctx = s };

	return agent_open(&setup, &s->agent);
}

static int serve(struct service *s)
{
	int err;

	fw_log("fleet %s, host %s", s->config->fleet, s->agent ? agent_status(s->agent)->report.host : "");
	fw_service_say("READY=1");
	s->watchdog = fw_service_watchdog();
	s->changed = true;
	s->loop.tick = TICK;
	s->loop.round = round_over;
	err = fw_loop_run(&s->loop);
	s->loop.round = NULL;
	return err;
}

static void close_all(struct service *s)
{
	fw_lead_close(s->lead);
	agent_close(s->agent);
	local_fwd_close(s->local);
	prober_close(s->probes);
	if (s->folder.fd >= 0)
		folder_close(&s->folder);
	fw_etcd_close(s->etcd);
	fw_http_close(s->http);
	if (s->signals.fd >= 0)
		close(s->signals.fd);
	fw_loop_close(&s->loop);
	free(s->password);
}

int service_run(const struct fw_fleet_config *c, struct fw_diags *ds)
{
	struct service s = { .config = c, .folder.fd = -1, .signals.fd = -1, .loop.fd = -1 };
	struct fw_etcd_settings etcd;
	const char *host = fw_fleet_host(c, s.host);
	int err = read_keys(c, &s.keys, ds);

	err = err ? err : fw_loop_open(&s.loop);
	err = err ? err : open_signals(&s);
	err = err ? err : fw_http_open(&s.loop, "fw-agent/" FW_VERSION, &s.http);
	err = err ? err : open_etcd(&s, &etcd, ds);
	err = err ? err : open_host(&s, ds);
	err = err ? err : open_lead(&s, host);
	err = err ? err : open_agent(&s, host);
	err = err ? err : serve(&s);
	close_all(&s);
	return err;
}
