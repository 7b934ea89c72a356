// SPDX-License-Identifier: GPL-2.0-only
/* fwctl rollout lead: takes the steps of rollouts, as a host with `lead on` does. */
#include "rows.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/rollout/session.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define RESIGN_SECONDS 3.0

static const struct ctl_option *const options[] = { &ctl_opt_config, NULL };

struct leading {
	struct fw_loop_source signals; /* first */
	struct fw_timer patience;      /* after which it ends without having resigned */
	struct session session;
	struct fw_lead *lead;
	bool json, ends;
};

static void print_line(void *ctx, const char *line)
{
	const struct leading *l = ctx;
	uint64_t now = (uint64_t)time(NULL);
	char at[32];

	if (l->json) {
		ctl_json_print(json_pack("{sI so}", "at", (json_int_t)now, "text", fw_json_text(line)));
		return;
	}
	printf("%s  ", ctl_time(at, sizeof(at), now));
	ctl_put(stdout, line);
	putchar('\n');
	fflush(stdout);
}

static void end(void *ctx)
{
	struct leading *l = ctx;

	l->session.loop.end = true;
}

static void patience_rings(struct fw_timer *t)
{
	end((char *)t - offsetof(struct leading, patience));
}

/* The first signal gives the lead back, a second one ends at once. */
static void signalled(struct fw_loop_source *s, uint32_t events)
{
	struct leading *l = (struct leading *)s;
	struct signalfd_siginfo info;

	if (read(s->fd, &info, sizeof(info)) < 0)
		return;
	if (l->ends || fw_timer_set(l->session.http, &l->patience, RESIGN_SECONDS)) {
		end(l);
		return;
	}
	l->ends = true;
	fw_lead_resign(l->lead, end, l);
}

static int watch_signals(struct leading *l)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l->signals.name = "signals";
	l->signals.ready = signalled;
	return l->signals.fd < 0 ? -errno : fw_loop_add(&l->session.loop, &l->signals, EPOLLIN);
}

static void leading_end(struct leading *l)
{
	fw_lead_close(l->lead);
	if (l->session.http)
		fw_timer_stop(l->session.http, &l->patience);
	session_close(&l->session);
	if (l->signals.fd >= 0)
		close(l->signals.fd);
}

/* A candidate tries for ever, so whether etcd is there is seen first. */
static int check_fleet(struct session *session)
{
	fw_cleanup(fleet_state_free) struct fleet_state s = { .n = 0 };
	int err = session_read(session, &s);

	if (!err && s.leader[0])
		ctl_warn("%s leads now; this is the next one if it ends", s.leader);
	return err;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(leading_end) struct leading l = { .signals = { .fd = -1 }, .json = s->json };
	char by[FW_LEADER_NAME];
	struct fw_lead_setup setup;
	int err;

	l.patience.ring = patience_rings;
	if (session_open(s, &l.session) || check_fleet(&l.session))
		return CTL_FAILED;
	snprintf(by, sizeof(by), "fwctl[%d] of %.256s", (int)getpid(), l.session.by);
	setup = (struct fw_lead_setup){ .http = l.session.http,
					.etcd = l.session.etcd,
					.fleet = l.session.config.fleet,
					.by = by,
					.now = fw_now,
					.log = print_line,
					.ctx = &l };
	err = watch_signals(&l);
	if (!err)
		err = fw_lead_open(&setup, &l.lead);
	l.session.loop.end = false;
	if (!err)
		err = fw_loop_run(&l.session.loop);
	if (err)
		ctl_error("cannot lead: %s", strerror(-err));
	return err ? CTL_FAILED : CTL_OK;
}

const struct ctl_command ctl_rollout_lead = {
	.name = "rollout lead",
	.operands = "",
	.summary = "lead the rollouts of a fleet, until Ctrl-C",
	.details =
		"Leads if nobody does, otherwise waits until whoever leads ends. A leader reads the reports of the hosts while a rollout is\n"
		"under way, and tells the next ring or takes all back. It needs no fwd here. Hosts with `lead on` in fleet.conf do the same;\n"
		"have two or three of either kind. One that is killed is replaced within 15 seconds, and the soak of the ring begins again.\n\n"
		"JSON: {at, text} for each step and each change of the lead.\n",
	.options = options,
	.run = run,
};
