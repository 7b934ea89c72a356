// SPDX-License-Identifier: GPL-2.0-only
/* fwctl rollout pause, resume and abort. */
#include "rows.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/rollout/session.h"
#include "ctl/fwctl/rollout/show.h"

#include <string.h>
#include <time.h>

#define LLU(x) ((unsigned long long)(x))
#define TRIES 5 /* against a leader that takes a step at the same time */

static const struct ctl_option *const options[] = { &ctl_opt_config, NULL };

/* One of the three. */
struct act {
	const char *name, *done;
	unsigned from; /* in which states it is possible, as bits */
	enum fw_rollout_state to;
	const char *otherwise; /* what to do in other states */
};
#define IN(state) (1u << FW_ROLLOUT_##state)
static const struct act pause_act = { "pause", "paused", IN(RUNNING), FW_ROLLOUT_PAUSED,
				      "only a running rollout can be paused" };
static const struct act resume_act = {
	"resume", "resumed", IN(PAUSED), FW_ROLLOUT_RUNNING,
	"only a paused rollout can be resumed; one that has ended is begun again by `fwctl rollout start`"
};
static const struct act abort_act = { "abort", "aborted", IN(RUNNING) | IN(PAUSED) | IN(DONE), FW_ROLLOUT_ABORTED,
				      "the hosts were told to go back already" };

static int check_act(const struct act *a, const struct fleet_state *s)
{
	const struct fw_rollout *r = &s->rollout;

	if (!s->rollout_modified) {
		ctl_error("there is no rollout to %s", a->name);
		return -ENOENT;
	}
	if (!(a->from & 1u << r->state)) {
		ctl_error("the rollout of generation %llu is %s", LLU(r->to.number), fw_rollout_state_names[r->state]);
		ctl_hint("%s", a->otherwise);
		return -EINVAL;
	}
	if (a->to != FW_ROLLOUT_ABORTED || r->from.number)
		return 0;
	ctl_warn("generation %llu is the first: there is none to go back to, so hosts that run it keep it",
		 LLU(r->to.number));
	return 0;
}

/* Joins the words of the reason, after who says it. */
static void set_why(const struct act *a, struct fw_rollout *r, const char *by, int n, char **words)
{
	size_t len = 0;

	r->why[0] = '\0';
	if (a->to == FW_ROLLOUT_RUNNING)
		return;
	len = (size_t)snprintf(r->why, sizeof(r->why), "by %s", by);
	for (int i = 0; i < n && len < sizeof(r->why); i++)
		len += (size_t)snprintf(r->why + len, sizeof(r->why) - len, "%s%s", i ? " " : ": ", words[i]);
}

/* 0; -ECANCELED: the rollout has changed meanwhile; -errno, which is printed. @out: the rollout then. */
static int try_act(const struct act *a, struct session *session, int n, char **words, struct fw_rollout *out)
{
	fw_cleanup(fleet_state_free) struct fleet_state s = { .n = 0 };
	struct change c = { .session = session, .state = &s };
	int err = session_read(session, &s);

	if (!err)
		err = check_act(a, &s);
	if (err)
		return err;
	*out = s.rollout;
	out->state = a->to;
	out->since = (uint64_t)time(NULL);
	out->well = 0;
	set_why(a, out, session->by, n, words);
	change_rollout(&c, out);
	for (unsigned i = 0; i < s.rings.n; i++)
		change_head(&c, s.rings.ring[i].name, fw_rollout_head(out, i));
	return session_write(session, &c);
}

static int print_done(const struct ctl_settings *s, const struct act *a, const struct fw_rollout *r)
{
	if (s->json)
		return ctl_json_print(json_pack("{ss sI sI so}", "rollout", fw_rollout_state_names[r->state],
						"generation", (json_int_t)r->to.number, "from",
						(json_int_t)r->from.number, "why",
						r->why[0] ? fw_json_text(r->why) : json_null()));
	printf("generation %llu: %s", LLU(r->to.number), a->done);
	if (r->state == FW_ROLLOUT_ABORTED && r->from.number)
		printf(", all hosts go back to generation %llu", LLU(r->from.number));
	putchar('\n');
	return 0;
}

static int act(const struct act *a, const struct ctl_settings *s, int n, char **words)
{
	fw_cleanup(session_close) struct session session;
	struct fw_rollout r;
	int err = session_open(s, &session);

	if (err)
		return CTL_FAILED;
	for (unsigned i = 0; i < TRIES; i++) {
		err = try_act(a, &session, n, words, &r);
		if (err != -ECANCELED)
			break;
	}
	if (err == -ECANCELED)
		ctl_error("the rollout changes all the time: nothing was done, try again");
	return err || print_done(s, a, &r) ? CTL_FAILED : CTL_OK;
}

static int run_pause(const struct ctl_settings *s, int n, char **operands)
{
	return act(&pause_act, s, n, operands);
}

static int run_resume(const struct ctl_settings *s, int n, char **operands)
{
	return act(&resume_act, s, n, operands);
}

static int run_abort(const struct ctl_settings *s, int n, char **operands)
{
	return act(&abort_act, s, n, operands);
}

#define JSON "JSON: {rollout (its state now), generation, from, why}.\n"

const struct ctl_command ctl_rollout_pause = {
	.name = "rollout pause",
	.operands = "[REASON...]",
	.summary = "stop a rollout where it is: no further ring is told",
	.details =
		"Hosts that were told keep the new generation. A host that is worse still takes all back. `rollout resume` goes on, with the\n"
		"soak of the present ring from its beginning; `rollout abort` puts all back.\n\n" JSON,
	.options = options,
	.max_operands = -1,
	.run = run_pause,
};

const struct ctl_command ctl_rollout_resume = {
	.name = "rollout resume",
	.operands = "",
	.summary = "go on with a rollout that was paused",
	.details = JSON,
	.options = options,
	.run = run_resume,
};

const struct ctl_command ctl_rollout_abort = {
	.name = "rollout abort",
	.operands = "[REASON...]",
	.summary = "take a rollout back: all hosts are told to run what the fleet ran before",
	.details = "All rings at once, and also after the rollout is done.\n\n" JSON,
	.options = options,
	.max_operands = -1,
	.run = run_abort,
};
