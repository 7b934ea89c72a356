// SPDX-License-Identifier: GPL-2.0-only
#include "follow.h"
#include "show.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define LLU(x) ((unsigned long long)(x))
#define WAIT 1       /* seconds between readings */
#define READ_SHARE 4 /* of the time that a reading takes there is none */

/* What was printed last. */
struct following {
	struct session *session;
	const struct ctl_settings *s;
	uint64_t rollout; /* revision */
	bool lost;        /* etcd does not answer */
	bool leaderless;
};

static void print_step(const struct following *f, const struct fleet_state *s)
{
	char at[32], step[256];
	const struct fw_rollout *r = &s->rollout;

	if (f->s->json) {
		ctl_json_print(show_rollout_json(s));
		return;
	}
	show_step(s, step, sizeof(step));
	printf("%s  generation %llu %s: %s\n", ctl_time(at, sizeof(at), (uint64_t)time(NULL)), LLU(r->to.number),
	       fw_rollout_state_names[r->state],
	       r->state == FW_ROLLOUT_DONE ? "all rings have it" :
	       r->why[0]                   ? r->why :
					     step);
	fflush(stdout);
}

/* Tells once that etcd is lost or there again. Return: is it lost? */
static bool tell_lost(struct following *f, int err)
{
	if (err && !f->lost) {
		ctl_progress_end();
		ctl_warn("etcd does not answer: %s", f->session->why);
		ctl_hint("hosts keep what they run; no step is taken meanwhile. This goes on when etcd does");
	}
	f->lost = err != 0;
	return f->lost;
}

static void tell_leaderless(struct following *f, const struct fleet_state *s)
{
	if (!s->leader[0] && !f->leaderless) {
		ctl_progress_end();
		ctl_warn("nobody leads: no step is taken until somebody does");
		ctl_hint(
			"a leader that has died is replaced within %d seconds, if there is another; or run `fwctl rollout lead`",
			FW_LEAD_LEASE);
	}
	f->leaderless = !s->leader[0];
}

/* Return: -1: it goes on; otherwise the exit code. */
static int look(struct following *f)
{
	fw_cleanup(fleet_state_free) struct fleet_state s = { .n = 0 };
	char step[256];

	if (tell_lost(f, session_read(f->session, &s)))
		return -1;
	if (!s.rollout_modified) {
		ctl_error("there is no rollout to follow");
		return CTL_FAILED;
	}
	if (s.rollout_modified != f->rollout) {
		ctl_progress_end();
		print_step(f, &s);
		f->rollout = s.rollout_modified;
	}
	if (!fleet_state_active(&s))
		return s.rollout.state == FW_ROLLOUT_DONE ? CTL_OK : CTL_FAILED;
	tell_leaderless(f, &s);
	show_step(&s, step, sizeof(step));
	ctl_progress("%s", step);
	return -1;
}

int follow(struct session *session, const struct ctl_settings *s)
{
	struct following f = { .session = session, .s = s };
	int code;

	session->patient = true;
	for (;;) {
		double began = fw_now(), took;

		code = look(&f);
		if (code >= 0)
			break;
		took = READ_SHARE * (fw_now() - began);
		usleep((useconds_t)(1e6 * (took > WAIT && took < 60 ? took : WAIT)));
	}
	ctl_progress_end();
	return code;
}
