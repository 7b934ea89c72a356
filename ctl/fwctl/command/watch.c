// SPDX-License-Identifier: GPL-2.0-only
/* fwctl watch: reads the counters of fwd at intervals, until Ctrl-C or q. */
#include "rows.h"
#include "ctl/fwctl/output/counter_view.h"
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

/* A rule's counter at the last reading. */
struct seen {
	uint64_t id; /* 0: unused */
	struct fw_count count;
};

struct watch {
	const struct ctl_settings *settings;
	struct counter_view view;
	struct fw_client *client;
	struct seen *seen;                                  /* by id, open addressing, at most half full */
	size_t nseen, size;                                 /* a power of two, or 0 */
	struct fw_count reasons[FW_NREASONS][FW_NVERDICTS]; /* by enum fw_verdict */
	json_t *kept[COUNTER_VIEW_TOP + 1]; /* rules that the view holds, and one more while it decides */
	size_t nkept;
	bool lost;  /* fwd has ended */
	bool first; /* the first reading, which only tells what was counted before */
	char title[128];
	int signals;             /* descriptor that is readable when a signal is pending */
	bool keys;               /* standard input is a terminal that delivers each key at once */
	struct termios terminal; /* as it was */
};

static struct seen *slot_of(const struct watch *w, uint64_t id)
{
	size_t i = (size_t)fw_mix64(id) & (w->size - 1);

	while (w->seen[i].id && w->seen[i].id != id)
		i = (i + 1) & (w->size - 1);
	return &w->seen[i];
}

static int grow(struct watch *w)
{
	struct seen *old = w->seen;
	size_t n = w->size, want = n ? 2 * n : 1024;
	struct seen *fresh = calloc(want, sizeof(*fresh));

	if (!fresh)
		return -ENOMEM;
	w->seen = fresh;
	w->size = want;
	for (size_t i = 0; i < n; i++)
		if (old[i].id)
			*slot_of(w, old[i].id) = old[i];
	free(old);
	return 0;
}

/* The counter of a rule at the last reading; 0 if it is new. NULL: out of memory. */
static struct fw_count *seen(struct watch *w, uint64_t id)
{
	struct seen *s;

	if (2 * (w->nseen + 1) > w->size && grow(w))
		return NULL;
	s = slot_of(w, id);
	w->nseen += !s->id;
	s->id = id;
	return &s->count;
}

static void rule_text(const void *ctx, const struct counter_line *l, struct fw_buf *out)
{
	fw_buf_printf(out, "%s", ctl_field_text(l->rule, "text"));
}

static json_t *rule_json(const void *ctx, const struct counter_line *l)
{
	static const char *const fields[] = { "id", "name", "verdict", "text" };
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		json_object_set(o, fields[i], json_object_get(l->rule, fields[i]));
	return o;
}

static struct fw_count count_of(const json_t *o)
{
	return (struct fw_count){ ctl_field_u64(o, "packets"), ctl_field_u64(o, "bytes") };
}

static bool in_view(const struct counter_view *v, const json_t *o)
{
	for (size_t i = 0; i < v->ntop; i++)
		if (v->top[i].rule == o)
			return true;
	return false;
}

/* Keeps a reference to a rule while the view holds it, and drops that of the rule that it replaced. */
static void keep(struct watch *w, json_t *o)
{
	size_t n = 0;

	if (!in_view(&w->view, o))
		return;
	w->kept[w->nkept++] = json_incref(o);
	if (w->nkept <= w->view.ntop)
		return;
	for (size_t i = 0; i < w->nkept; i++) {
		if (in_view(&w->view, w->kept[i]))
			w->kept[n++] = w->kept[i];
		else
			json_decref(w->kept[i]);
	}
	w->nkept = n;
}

static void forget(struct watch *w)
{
	while (w->nkept)
		json_decref(w->kept[--w->nkept]);
}

static void add_verdict(struct watch *w, enum fw_reason reason, enum fw_verdict verdict, struct fw_count count,
			bool has)
{
	struct fw_count *was = &w->reasons[reason][verdict];

	if (w->first)
		*was = count;

	struct counter_line l = counter_step(was, count);

	l.reason = reason;
	l.verdict = verdict;
	if (has || count.packets)
		counter_view_policy(&w->view, &l);
}

/* Of a policy; negative: it has none that is known here. */
static int verdict_of(const json_t *o)
{
	const char *name = ctl_field_text(o, "verdict");

	return fw_verdict_find(name, strlen(name), FW_OF_POLICIES);
}

static void add_policy(struct watch *w, const json_t *o)
{
	const char *name = ctl_field_text(o, "policy");
	const json_t *before = json_object_get(o, "before");
	int is = verdict_of(o), was = verdict_of(before);

	for (unsigned i = 0; is >= 0 && i < FW_NREASONS; i++) {
		if (strcmp(name, fw_reason_info[i].name))
			continue;
		add_verdict(w, (enum fw_reason)i, (enum fw_verdict)is, count_of(o), true);
		for (int v = 0; is < FW_NTERMINAL && v < FW_NTERMINAL; v++)
			if (v != is)
				add_verdict(w, (enum fw_reason)i, (enum fw_verdict)v,
					    count_of(v == was ? before : NULL), false);
	}
}

/* A rule or a policy of a reading. Return: 0 or -ENOMEM. */
static int on_line(void *ctx, json_t *o)
{
	struct watch *w = ctx;
	struct fw_count *was;

	if (json_object_get(o, "policy")) {
		add_policy(w, o);
		return 0;
	}
	was = seen(w, ctl_field_u64(o, "id"));
	if (!was)
		return -ENOMEM;
	if (w->first)
		*was = count_of(o);

	struct counter_line l = counter_step(was, count_of(o));

	l.rule = o;
	counter_view_rule(&w->view, &l);
	keep(w, o);
	return 0;
}

/* A load that replaces the ruleset meanwhile ends the answer with an error; then it is asked for again, once. */
static enum ctl_exit read_all(struct watch *w)
{
	struct ctl_request request = {
		.kind = FW_REQ_COUNTERS, .quiet = true, .patient = true, .line = on_line, .ctx = w
	};

	for (;;) {
		enum ctl_exit code;

		forget(w);
		counter_view_begin(&w->view, counter_view_fits(&w->view));
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

	if (!counter_view_is_table(&w->view) || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &w->terminal))
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
		ctl_json_print(json_pack("{ss sf}", "event", event, "seconds", fw_now() - w->view.start));
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

	w->first = true;
	for (;;) {
		code = read_all(w);
		if (code != CTL_OK && w->lost) {
			if (wait_for_fwd(w, interval))
				return CTL_OK;
			continue;
		}
		if (code != CTL_OK)
			return code;
		if (!w->first || counter_view_is_table(&w->view))
			counter_view_show(&w->view, w->title);
		w->first = false;
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
	forget(w);
	free(w->seen);
	fw_client_close(w->client);
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	const struct counter_source source = { rule_text, rule_json, NULL };
	fw_cleanup(watch_end) struct watch w = { .settings = s, .signals = -1 };
	enum ctl_exit code = ctl_connect(s, &w.client);

	if (code != CTL_OK)
		return code;
	counter_view_init(&w.view, &source, s->json);
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
		"JSON, one object an interval: {event (\"interval\"), seconds (since the start), interval, all (sums),\n"
		"rules (the 10 busiest of the interval), policies, active_rules (that ever decided on a packet)}.\n"
		"A rule has id, name, verdict and text, a policy name and verdict (and a second object for what it decided\n"
		"with the other one, which it had before); both packets and bytes, moved_packets and moved_bytes (in the interval).\n"
		"When fwd ends and when it runs again: {event (\"away\" or \"back\"), seconds}.\n",
	.options = options,
	.run = run,
};
