// SPDX-License-Identifier: GPL-2.0-only
/* A whole ruleset takes the place of the live one: the engine compiles it in a thread of its own and reports here. */
#include "ctl/fwd/engine/diff.h"
#include "ctl/fwd/history.h"
#include "ctl/fwd/base/record.h"
#include "ctl/fwd/connections/request.h"
#include "result.h"
#include "ctl/fwd/rules_file.h"

#include <string.h>

/* Lives from the start of the load to its end, whatever becomes of the client. */
struct load_job {
	struct client *client; /* NULL: gone */
	struct fwd *fwd;
	bool own;           /* it is the file of the setting `rules` */
	struct fw_buf diff; /* written by the engine's worker, read when the load is done */
};

static void diff(const struct fw_diff *d, void *ctx)
{
	struct load_job *job = ctx;

	diff_lines(&job->diff, d);
}

static void progress(const char *stage, void *ctx)
{
	struct load_job *job = ctx;

	if (!job->client)
		return;
	client_progress(job->client, stage);
	client_pump(job->client);
}

static void done(const struct engine_result *r, void *ctx)
{
	struct load_job *job = ctx;
	struct client *c = job->client;

	fwd_ruleset_changed(job->fwd);
	if (!r->err && job->own)
		rules_file_loaded(job->fwd);
	if (c) {
		c->reporter = NULL;
		result_end(c, r, &job->diff, true);
		client_pump(c);
	}
	fw_buf_free(&job->diff);
	free(job);
}

/* The engine takes over the body of the request, and the texts stay where they are. 0 or -ENOMEM, and then nothing is left. */
static int load_fill(struct engine_load *l, struct client *c)
{
	const struct fw_message *m = c->message;
	bool failed;

	l->nfiles = (m->nparts - 2u) / 2;
	l->text = (char *)m->part[1].data;
	l->len = m->part[1].len;
	l->name = c->args.name ? strdup(c->args.name) : NULL;
	l->files = calloc(l->nfiles + 1, sizeof(*l->files));
	failed = !l->files || (c->args.name && !l->name);
	if (!l->files)
		l->nfiles = 0;
	for (size_t i = 0; i < l->nfiles; i++) {
		const struct fw_part *path = &m->part[2 + 2 * i], *text = path + 1;

		l->files[i] = (struct store_file){ strndup(path->data, path->len), text->data, text->len };
		failed |= !l->files[i].path;
	}
	l->body = fw_take(c->body);
	c->message->nparts = 0;
	if (failed)
		engine_load_free(l);
	return failed ? -ENOMEM : 0;
}

static void title(struct engine_load *l)
{
	char text[300];

	snprintf(text, sizeof(text), "load %s", l->name ? l->name : "");
	if (l->kind == ENGINE_FLUSH)
		snprintf(text, sizeof(text), "flush");
	record_text(l->cause.what, sizeof(l->cause.what), text, strlen(text));
}

static void start(struct client *c, struct engine_load *l, bool own)
{
	struct load_job *job = calloc(1, sizeof(*job));
	struct fw_diags ds = { .n = 0 };
	int err;

	if (!job) {
		engine_load_free(l);
		client_fail_errno(c, NULL, "cannot load", -ENOMEM);
		return;
	}
	*job = (struct load_job){ .client = c, .fwd = c->fwd, .own = own && !l->check };
	l->progress = progress;
	l->done = done;
	l->ctx = job;
	l->cause.confirm = (unsigned)c->args.confirm;
	l->cause.who = client_who(c);
	title(l);
	err = engine_load_start(c->fwd->engine, l);
	if (!err) {
		c->reporter = &job->client;
		return;
	}
	free(job);
	engine_waits(c->fwd->engine, &ds);
	client_fail_errno(c, &ds, "cannot load", err);
}

/* The engine records what it refuses; a file that cannot be read never gets there. */
static void record_unread(struct client *c, const struct fw_diags *ds, int err)
{
	const struct record_who who = client_who(c);
	const char *path = c->fwd->config.rules;
	char what[FW_SETTING_TEXT + 8], why[RECORD_WHY];

	snprintf(what, sizeof(what), "load%s%s", path[0] ? " " : "", path);
	history_say(c->fwd, RECORD_LOAD, &who, what, true, record_diag(why, sizeof(why), ds, err));
}

/* The file of the setting. */
static void load_own(struct client *c, struct engine_load *l)
{
	struct fw_diags ds = { .n = 0 };
	int err;

	if (c->args.format) {
		client_fail(c, NULL, "the file of the setting `rules` has the format `rules`");
		return;
	}
	err = rules_file_read(c->fwd, l, &ds);
	if (!err) {
		start(c, l, true);
		return;
	}
	if (!l->check)
		record_unread(c, &ds, err);
	engine_load_free(l);
	client_fail_errno(c, &ds, "cannot load", err);
}

void handle_load(struct client *c)
{
	struct engine_load l = {
		.format = c->args.format ? FW_FORMAT_CLASSBENCH : FW_FORMAT_RULES,
		.check = c->args.check,
		.empty = c->args.empty,
		.max_cost = c->args.max_cost,
		.diff = c->args.diff ? diff : NULL,
	};

	if (c->message->nparts == 1) {
		load_own(c, &l);
		return;
	}
	if (c->message->nparts % 2) {
		client_fail(c, NULL, "'load' wants the text as part 1, then two parts for each file: path and text");
		return;
	}
	if (load_fill(&l, c)) {
		client_fail_errno(c, NULL, "cannot load", -ENOMEM);
		return;
	}
	start(c, &l, false);
}

/* No rules, no sets, the policies that nobody set: an empty ruleset in the place of this one. */
void handle_flush(struct client *c)
{
	struct engine_load l = { .kind = ENGINE_FLUSH, .text = calloc(1, 1), .files = calloc(1, sizeof(*l.files)) };

	if (l.text && l.files) {
		start(c, &l, false);
		return;
	}
	engine_load_free(&l);
	client_fail_errno(c, NULL, "cannot flush", -ENOMEM);
}
