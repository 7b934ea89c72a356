// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has to be confirmed: a load, a change, or something other than the ruleset that brings its own way back. The store keeps
 * what was before, and a setting, which is written first, says until when. engine_decide.c and engine_undo.c go back.
 */
#include "engine_internal.h"

#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE "confirm" /* "seconds since the epoch" "seconds given" "rules" "uid" "what" */
#define BEFORE "before"    /* how to undo what is not the ruleset */
#define UNDONE "undone"    /* after a newline the reason */

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

void confirm_timer(struct engine *e, int64_t seconds)
{
	struct itimerspec at = { .it_value = { .tv_sec = seconds > 0 ? seconds : 0, .tv_nsec = 1 } };

	timerfd_settime(e->confirm.timer, 0, &at, NULL);
}

static void timer_stop(struct engine *e)
{
	const struct itimerspec never = { 0 };

	timerfd_settime(e->confirm.timer, 0, &never, NULL);
}

static const char *clock_text(int64_t seconds, char *out, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, size, "second %lld", (long long)seconds);
	return out;
}

int engine_waits(const struct engine *e, struct fw_diags *ds)
{
	const struct confirm *c = &e->confirm;
	char by[64];

	if (!c->by)
		return 0;
	if (c->undoing)
		fw_diag_add(ds, (struct fw_place){ 0 }, "try again when that is done; `fwctl status` says how it went",
			    "'%s' is being undone%s%s", c->what, c->error[0] ? ": " : "", c->error);
	else
		fw_diag_add(ds, (struct fw_place){ 0 },
			    "`fwctl confirm` keeps it, `fwctl undo` takes it back; other changes have to wait",
			    "'%s' waits until %s to be confirmed", c->what, clock_text(c->by, by, sizeof(by)));
	return -EBUSY;
}

/* Why there is nothing to confirm or to undo. */
int confirm_nothing_waits(const struct engine *e, const char *done, struct fw_diags *ds)
{
	const struct engine_undone *u = &e->undone;
	char at[64];

	if (u->at)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "too late: '%s' was undone at %s: %s", u->what,
			    clock_text(u->at, at, sizeof(at)), u->reason);
	else
		fw_diag_add(ds, (struct fw_place){ 0 }, "`--confirm TIME` makes a change wait",
			    "nothing is waiting to be %s", done);
	return -ENOENT;
}

int confirm_prepare(struct engine *e, const struct engine_cause *w, size_t rules, struct fw_diags *ds)
{
	char value[RECORD_WHAT + 64];

	snprintf(value, sizeof(value), "%lld %u %zu %u %s", (long long)now() + w->confirm, w->confirm, rules,
		 w->who.uid, w->what);
	return store_set(e->store, DEADLINE, value, ds);
}

void confirm_begin(struct engine *e, const struct engine_cause *w, size_t rules, uint32_t *slots, size_t nslots)
{
	struct confirm *c = &e->confirm;

	c->by = now() + w->confirm;
	c->seconds = w->confirm;
	c->rules = rules;
	c->uid = w->who.uid;
	c->slots = slots;
	c->nslots = nslots;
	c->error[0] = '\0';
	snprintf(c->what, sizeof(c->what), "%s", w->what);
	confirm_timer(e, w->confirm);
}

void confirm_resume(struct engine *e, int64_t left)
{
	e->confirm.by = now() + left;
	confirm_timer(e, left);
}

void confirm_end(struct engine *e)
{
	e->confirm.by = 0;
	e->confirm.undoing = false;
	timer_stop(e);
	store_set(e->store, DEADLINE, NULL, NULL); /* it means nothing if the store keeps no former ruleset */
}

/* The setting is written first: without a deadline, or with one that is over, it describes the state as it is. */
int engine_outside_begin(struct engine *e, const struct engine_cause *w, const char *before, struct fw_diags *ds)
{
	size_t rules = e->live->now->rs->nrules;
	int err = engine_waits(e, ds);

	if (!err)
		err = store_set(e->store, BEFORE, before, ds);
	if (!err)
		err = confirm_prepare(e, w, rules, ds);
	if (err)
		return err;
	confirm_begin(e, w, rules, NULL, 0);
	e->confirm.outside = true;
	return 0;
}

int engine_outside_end(struct engine *e, struct fw_diags *ds)
{
	int err = store_set(e->store, BEFORE, NULL, ds);

	if (err)
		return err;
	e->confirm.outside = false;
	confirm_end(e);
	return 0;
}

void engine_outside(struct engine *e, engine_outside_undo *undo, void *ctx)
{
	e->outside_undo = undo;
	e->outside_ctx = ctx;
}

int confirm_before(struct engine *e, char **out)
{
	return store_get(e->store, BEFORE, out);
}

void confirm_late(const struct engine *e, char *out, size_t size)
{
	snprintf(out, size, "not confirmed within %u s", e->confirm.seconds);
}

void undone_note(struct engine *e, int64_t restored, const char *why)
{
	struct engine_undone *u = &e->undone;
	char value[2 * RECORD_WHAT + 160];

	if (u->reason != why)
		snprintf(u->reason, sizeof(u->reason), "%s", why);
	u->at = now();
	u->rules = e->confirm.outside ? -1 : (int64_t)e->confirm.rules;
	u->restored = restored;
	u->counts = (struct fw_diff_counts){ .added = 0 };
	snprintf(u->what, sizeof(u->what), "%s", e->confirm.what);
	snprintf(value, sizeof(value), "%lld %lld %lld %s\n%s", (long long)u->at, (long long)u->rules,
		 (long long)restored, u->what, u->reason);
	store_set(e->store, UNDONE, value, NULL);
}

/* @n numbers at the start of @text. Return: the rest after a blank, which may be empty; NULL: the numbers are not there. */
static const char *take_numbers(const char *text, int64_t *out, int n)
{
	for (int i = 0; i < n; i++) {
		char *end;

		errno = 0;
		out[i] = strtoll(text, &end, 10);
		if (errno || end == text)
			return NULL;
		text = end;
	}
	return text + strspn(text, " ");
}

void undone_read(struct engine *e)
{
	struct engine_undone *u = &e->undone;
	fw_autofree char *value = NULL;
	const char *rest, *newline;
	int64_t n[3];

	if (store_get(e->store, UNDONE, &value))
		return;
	rest = take_numbers(value, n, 3);
	newline = rest ? strchr(rest, '\n') : NULL;
	if (!newline)
		return;
	*u = (struct engine_undone){ .at = n[0], .rules = n[1], .restored = n[2] };
	snprintf(u->what, sizeof(u->what), "%.*s", (int)(newline - rest), rest);
	snprintf(u->reason, sizeof(u->reason), "%s", newline + 1);
}

/* Until when, and what it is that waits. A damaged or missing setting: no longer. Earlier versions wrote fewer numbers. */
int confirm_read_deadline(struct engine *e, int64_t *left)
{
	struct confirm *c = &e->confirm;
	fw_autofree char *value = NULL;
	int64_t n[4] = { [3] = UINT32_MAX };
	const char *what = NULL;
	int err = store_get(e->store, DEADLINE, &value);

	if (err && err != -ENOENT)
		return err;
	for (int numbers = 4; value && !what && numbers >= 2; numbers--)
		what = take_numbers(value, n, numbers);
	c->seconds = (unsigned)n[1];
	c->rules = (size_t)n[2];
	c->uid = (uint32_t)n[3];
	snprintf(c->what, sizeof(c->what), "%s", what && what[0] ? what : "load");
	/* A clock that was set back does not prolong it. */
	*left = n[0] - now();
	*left = *left > n[1] ? n[1] : *left > 0 ? *left : 0;
	return 0;
}

void undone_forget(struct engine *e)
{
	if (!e->undone.at)
		return;
	e->undone = (struct engine_undone){ .at = 0 };
	store_set(e->store, UNDONE, NULL, NULL);
}
