// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of the setting `rules`. The ruleset in the store takes precedence over it, so they may drift apart: at the start the
 * file is compared with the live ruleset, by meaning, not by text; SIGHUP loads it.
 */
#include "ctl/fwd/rules_file.h"

#include "ctl/fwd/history.h"
#include "ctl/fwd/owner.h"
#include "fw/log.h"
#include "fw/json.h"
#include "fw/service.h"

#include <string.h>
#include <time.h>

int rules_file_read(struct fwd *d, struct engine_load *out, struct fw_diags *ds)
{
	int err;

	if (!d->config.rules[0])
		return fw_diag_add(
			ds, (struct fw_place){ 0 },
			"name a file, or give fwd the setting `rules` (fwd.conf), the file that it starts with",
			"fwd has no file of its own to load");
	err = engine_load_read(d->config.rules, out, ds);
	if (err && !ds->n)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "cannot read %s: %s", d->config.rules, strerror(-err));
	return err;
}

static bool same(const struct fw_diff_counts *c)
{
	return !(c->added + c->removed + c->changed + c->moved + c->policies + c->sets_created + c->sets_destroyed +
		 c->chains_created + c->chains_deleted + c->chains_changed + c->elements_added + c->elements_removed);
}

/* The state as of the live generation. */
static void note(struct fwd *d, enum rules_file_state state, const char *why)
{
	struct rules_file *f = &d->rules_file;

	f->state = state;
	f->generation = fw_kern_generation(engine_kern(d->engine));
	snprintf(f->why, sizeof(f->why), "%s", why);
}

void rules_file_loaded(struct fwd *d)
{
	note(d, RULES_FILE_SAME, "");
}

static void cannot_compare(struct fwd *d, const struct fw_diags *ds, int err)
{
	char line[sizeof(d->rules_file.why)];

	record_diag(line, sizeof(line), ds, err);
	note(d, RULES_FILE_UNKNOWN, line);
	fw_log("cannot compare %s with the live ruleset: %s", d->config.rules, line);
}

static void compared(const struct engine_result *r, void *ctx)
{
	struct fwd *d = ctx;

	if (r->err == -ECANCELED)
		return;
	if (r->err) {
		cannot_compare(d, &r->ds, r->err);
		return;
	}
	note(d, same(&r->counts) ? RULES_FILE_SAME : RULES_FILE_DIFFERS, "");
	if (d->rules_file.state == RULES_FILE_DIFFERS)
		fw_log("%s differs from the live ruleset, which comes from the store: `fwctl load --diff --check` shows how, "
		       "`systemctl reload fwd` or SIGHUP loads it",
		       d->config.rules);
}

void rules_file_compare(struct fwd *d)
{
	struct engine_load l = { .check = true, .compare = true, .empty = true, .done = compared, .ctx = d };
	struct fw_diags ds = { .n = 0 };
	int err = d->config.rules[0] ? rules_file_read(d, &l, &ds) : -ENOENT;

	if (!err)
		err = engine_load_start(d->engine, &l);
	else
		engine_load_free(&l);
	if (err == -EBUSY)
		engine_waits(d->engine, &ds);
	if (err && d->config.rules[0])
		cannot_compare(d, &ds, err);
}

static void reloaded(const struct engine_result *r, void *ctx)
{
	struct fwd *d = ctx;

	if (!r->err) {
		fw_log_diags(&r->warnings); /* no client is told */
		fwd_ruleset_changed(d);
		rules_file_loaded(d);
	}
	fw_service_say("READY=1");
}

/* Starts the load. If it cannot, the service manager is told right away that the reload is over. */
static void reload(struct fwd *d)
{
	struct engine_load l = { .cause.who = d->rules_file.who, .done = reloaded, .ctx = d };
	struct fw_diags ds = { .n = 0 };
	char what[FW_SETTING_TEXT + 32], why[RECORD_WHY];
	int err;

	snprintf(what, sizeof(what), "load %s (SIGHUP)", d->config.rules);
	record_text(l.cause.what, sizeof(l.cause.what), what, strlen(what));
	if (owner_check(d, &(struct history_event){ .action = RECORD_LOAD, .who = l.cause.who, .what = what },
			"load it", &ds)) {
		fw_service_say("READY=1");
		return;
	}
	err = rules_file_read(d, &l, &ds);
	if (!err && !engine_load_start(d->engine, &l))
		return;
	if (err) {
		history_say(d, &(struct history_event){ RECORD_LOAD, d->rules_file.who, what, true,
							record_diag(why, sizeof(why), &ds, err) });
		engine_load_free(&l);
	}
	fw_service_say("READY=1");
}

void rules_file_reload(struct fwd *d, const struct record_who *who)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	fw_service_say("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	d->rules_file.waits = true;
	d->rules_file.who = *who;
	rules_file_resume(d);
}

void rules_file_resume(struct fwd *d)
{
	if (!d->rules_file.waits || engine_busy(d->engine))
		return;
	d->rules_file.waits = false;
	reload(d);
}

json_t *rules_file_json(const struct fwd *d)
{
	const struct rules_file *f = &d->rules_file;
	bool since = f->generation != fw_kern_generation(engine_kern(d->engine));

	if (!d->config.rules[0])
		return json_null();
	return json_pack("{so so sb so}", "path", fw_json_text(d->config.rules), "differs",
			 f->state == RULES_FILE_UNKNOWN ? json_null() : json_boolean(f->state == RULES_FILE_DIFFERS),
			 "changed_since", since, "why", fw_json_text(f->why[0] ? f->why : NULL));
}
