// SPDX-License-Identifier: GPL-2.0-only
/* What the parts of an agent share. */
#include "core.h"

#include "reporter.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#define LATER_MAX 60.0 /* seconds between attempts, at most */
#define PAUSE_MIN 0.001
#define STATE_FILE "state"

double agent_now(const struct agent *a)
{
	return a->setup.now();
}

double agent_jitter(struct agent *a, double seconds)
{
	return seconds * (0.8 + 0.4 * (double)fw_random_below(&a->random, 1000) / 1000);
}

double agent_pause(double seconds)
{
	return seconds <= 0 ? 0 : seconds < PAUSE_MIN ? PAUSE_MIN : seconds;
}

void agent_wake(struct agent *a, double seconds)
{
	double pause = agent_pause(seconds);

	if (!a->step.place || agent_now(a) + pause < a->step.at)
		fw_timer_set(a->setup.http, &a->step, pause);
}

void agent_ready(struct agent *a)
{
	a->waiting = false;
	agent_wake(a, 0);
}

void agent_changed(struct agent *a)
{
	reporter_changed(a);
	if (a->setup.changed)
		a->setup.changed(a->setup.ctx);
}

void agent_log(struct agent *a, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!a->setup.log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	a->setup.log(a->setup.ctx, line);
}

void agent_state(struct agent *a, enum fw_report_state state, const char *fmt, ...)
{
	struct fw_report *r = &a->status.report;
	char why[sizeof(r->why)];
	va_list ap;
	const struct fw_generation *running = a->attempt.stage >= STAGE_PROBE ? &a->attempt.to : &a->record.running;
	bool same = r->state == state;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	why[fw_utf8_cut(why, strlen(why), sizeof(why) - 1)] = '\0';
	if (same && !strcmp(why, r->why) && fw_generation_same(&r->wanted, &a->wanted) &&
	    fw_generation_same(&r->running, running))
		return;
	if (!same || strcmp(why, r->why))
		agent_log(a, "%s%s%s", fw_report_state_names[state], why[0] ? ": " : "", why);
	r->since = same && fw_generation_same(&r->wanted, &a->wanted) ? r->since : (uint64_t)time(NULL);
	r->state = state;
	r->wanted = a->wanted;
	r->running = *running;
	snprintf(r->why, sizeof(r->why), "%s", why);
	agent_changed(a);
}

void agent_error(struct agent *a, enum agent_error kind)
{
	a->status.errors[kind]++;
	agent_changed(a);
}

void agent_later(struct agent *a, enum agent_error kind, const char *fmt, ...)
{
	double pause = a->failures < 6 ? (double)(1u << a->failures) : LATER_MAX;
	char why[LOCAL_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	a->failures++;
	a->later = agent_now(a) + agent_jitter(a, pause);
	agent_error(a, kind);
	agent_state(a, a->status.report.state, "%s", why);
}

void agent_well(struct agent *a)
{
	a->failures = 0;
	a->later = 0;
}

static void put_name(const struct agent *a, const struct fw_generation *g, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%.63s/%llu/%.16s", a->setup.config->fleet, (unsigned long long)g->number,
		 g->manifest.hex);
}

static void asked(void *ctx, const struct local_answer *answer)
{
	struct agent *a = ctx;

	a->asking = false;
	agent_ready(a);
	a->answered(a, answer);
}

void agent_ask(struct agent *a, const struct local_request *request, const struct fw_generation *of,
	       void (*fn)(struct agent *a, const struct local_answer *answer))
{
	struct local_request r = *request;
	int err;

	if (of) {
		put_name(a, of, a->name);
		r.name = a->name;
	}
	r.done = asked;
	r.ctx = a;
	a->answered = fn;
	err = a->setup.local->start(a->setup.local, &r);
	if (err) {
		agent_later(a, AGENT_ERROR_FWD, "fwd cannot be asked: %s", strerror(-err));
		return;
	}
	a->asking = a->waiting = true;
}

bool agent_is_named(const struct agent *a, const char *text, const struct fw_generation *g)
{
	char name[NAME_BYTES];
	size_t len;

	put_name(a, g, name);
	len = strlen(name);
	return g->number && strlen(text) >= len && !strcmp(text + strlen(text) - len, name);
}

bool agent_save(struct agent *a)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	int err;

	record_print(&b, &a->record);
	err = b.failed ? -ENOMEM : a->setup.folder->write(a->setup.folder, STATE_FILE, b.text, b.len);
	a->dirty = err != 0;
	if (err)
		agent_later(a, AGENT_ERROR_DISK, "the agent's state cannot be written: %s", strerror(-err));
	return !err;
}
