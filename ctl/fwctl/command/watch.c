// SPDX-License-Identifier: GPL-2.0-only
/* fwctl watch: reads the counters of fwd at intervals, until Ctrl-C or q. */
#include "rows.h"
#include "watch_readings.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/request.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static const struct ctl_option *const options[] = { &ctl_opt_interval, NULL };

struct watch {
	const struct ctl_settings *settings;
	struct fw_client *client;
	struct readings readings;
	bool lost; /* fwd has ended */
	char title[128];
	int signals;             /* descriptor that is readable when a signal is pending */
	bool keys;               /* standard input is a terminal that delivers each key at once */
	struct termios terminal; /* as it was */
};

/* A load that replaces the ruleset meanwhile ends the answer with an error; then it is asked for again, once. */
static enum ctl_exit read_all(struct watch *w)
{
	struct ctl_request request = {
		.kind = FW_REQ_COUNTERS,
		.quiet = true,
		.patient = true,
		.line = readings_line,
		.ctx = &w->readings,
	};

	for (;;) {
		enum ctl_exit code;

		readings_begin(&w->readings);
		code = ctl_request_send(w->client, &request, NULL);
		w->lost = request.lost;
		if (code == CTL_OK || !request.refused || !request.quiet)
			return code;
		request.quiet = false;
	}
}

/* Each key is delivered at once and not echoed, until watch_end(). */
static void keys_begin(struct watch *w)
{
	struct termios t;

	if (!counter_view_is_table(&w->readings.view) || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &w->terminal))
		return;
	t = w->terminal;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	w->keys = !tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

static int signals_begin(struct watch *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return w->signals < 0 ? -errno : 0;
}

/* Waits until @deadline. Return: true: the user ended it. */
static bool wait_for_end(const struct watch *w, double deadline)
{
	struct pollfd fds[] = { { w->signals, POLLIN, 0 }, { w->keys ? STDIN_FILENO : -1, POLLIN, 0 } };
	char key;

	for (;;) {
		double left = deadline - fw_now();
		int n = poll(fds, 2, left > 0 ? (int)(left * 1000) + 1 : 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0;
		if (fds[0].revents)
			return true;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q')
			return true;
	}
}

/* Whether fwd is there, on a line of its own, below the table if there is one. */
static void say_event(const struct watch *w, const char *event, const char *text)
{
	if (w->settings->json)
		ctl_json_print(json_pack("{ss sf}", "event", event, "seconds", fw_now() - w->readings.view.start));
	else
		puts(text);
	fflush(stdout);
}

/* fwd was restarted, or will be: counters continue. Return: true: the user ended it meanwhile. */
static bool wait_for_fwd(struct watch *w, double interval)
{
	bool end = false;

	fw_client_close(fw_take(w->client));
	say_event(w, "away", "fwd is not running; filtering and counting continue: waiting for it");
	while (!end && ctl_connect_try(w->settings, &w->client))
		end = wait_for_end(w, fw_now() + interval);
	if (!end)
		say_event(w, "back", "fwd is running again");
	return end;
}

/* Reads and shows until the user ends it, standard output is closed, or fwd refuses. */
static enum ctl_exit loop(struct watch *w, double interval)
{
	double deadline = fw_now();
	enum ctl_exit code;

	for (;;) {
		code = read_all(w);
		if (code != CTL_OK && w->lost) {
			if (wait_for_fwd(w, interval))
				return CTL_OK;
			continue;
		}
		if (code != CTL_OK)
			return code;
		if (!w->readings.first || counter_view_is_table(&w->readings.view))
			counter_view_show(&w->readings.view, w->title);
		w->readings.first = false;
		if (deadline + interval < fw_now()) /* reading took longer than the interval */
			deadline = fw_now();
		deadline += interval;
		if (ferror(stdout) || wait_for_end(w, deadline))
			return CTL_OK;
	}
}

static void watch_end(struct watch *w)
{
	if (w->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &w->terminal);
	if (w->signals >= 0)
		close(w->signals);
	readings_free(&w->readings);
	fw_client_close(w->client);
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(watch_end) struct watch w = { .settings = s, .signals = -1 };
	enum ctl_exit code = ctl_connect(s, &w.client);

	if (code != CTL_OK)
		return code;
	readings_init(&w.readings, s->json);
	snprintf(w.title, sizeof(w.title), "fwd, every %g s; q ends", s->interval);
	if (signals_begin(&w)) {
		ctl_error("watch: %s", strerror(errno));
		return CTL_FAILED;
	}
	keys_begin(&w);
	return loop(&w, s->interval);
}

const struct ctl_command ctl_watch = {
	.name = "watch",
	.operands = "",
	.summary = "show live what rules and policies decide, until Ctrl-C or q",
	.details =
		"On a terminal, a table of the busiest rules is updated in place; else each interval prints what moved in it.\n"
		"When fwd is restarted, it says so and continues.\n\n"
		"JSON, one object per interval: {event (\"interval\"), seconds (since the start), interval, all (sums),\n"
		"rules (the 10 busiest of the interval), policies, active_rules (that ever decided on a packet)}.\n"
		"A rule has id, name, verdict and text, a policy name and verdict (and a second object for what it decided\n"
		"with the other one, which it had before); both packets and bytes, moved_packets and moved_bytes (in the interval).\n"
		"When fwd ends and when it runs again: {event (\"away\" or \"back\"), seconds}.\n",
	.options = options,
	.run = run,
};
