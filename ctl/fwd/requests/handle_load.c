// SPDX-License-Identifier: GPL-2.0-only
/* Replaces the live ruleset: the engine compiles the new one in a thread of its own and reports here. */
#include "ctl/fwd/engine/diff.h"
#include "ctl/fwd/history.h"
#include "ctl/fwd/base/record.h"
#include "handlers.h"
#include "result.h"
#include "ctl/fwd/owner.h"
#include "ctl/fwd/rules_file.h"

#include <string.h>

/* Exists from the start of the load to its end, even if the client is gone by then. */
struct load_request {
	struct request *req; /* NULL: gone */
	struct fwd *fwd;
	bool own;           /* it loads the file of the setting `rules` */
	struct fw_buf diff; /* written by the engine's worker, read when the load is done */
};

static void diff(const struct fw_diff *d, void *ctx)
{
	struct load_request *job = ctx;

	diff_lines(&job->diff, d);
}

static void progress(const char *stage, void *ctx)
{
	struct load_request *job = ctx;

	if (!job->req)
		return;
	reply_progress(&job->req->reply, stage);
	request_wake(job->req);
}

static void done(const struct engine_result *r, void *ctx)
{
	struct load_request *job = ctx;
	struct request *req = job->req;

	fwd_ruleset_changed(job->fwd);
	if (!r->err && job->own)
		rules_file_loaded(job->fwd);
	if (req) {
		req->reporter = NULL;
		result_end(req, r, &job->diff, true);
		request_wake(req);
	}
	fw_buf_free(&job->diff);
	free(job);
}

/* Where counters of new rules begin. 0 or -ENOMEM. */
static int fill_begins(struct engine_load *l, const json_t *counts)
{
	l->begins = calloc(json_array_size(counts) + 1, sizeof(*l->begins));
	if (!l->begins)
		return -ENOMEM;
	for (; l->nbegins < json_array_size(counts); l->nbegins++) {
		const json_t *row = json_array_get(counts, l->nbegins);

		l->begins[l->nbegins] = (struct engine_begin){
			.line = (uint32_t)json_integer_value(json_array_get(row, 0)),
			.count = { (uint64_t)json_integer_value(json_array_get(row, 1)),
				   (uint64_t)json_integer_value(json_array_get(row, 2)) },
		};
	}
	return 0;
}

/* Hands the body of the request over to the engine: texts stay where they are, paths are copied. 0; -ENOMEM: all is freed. */
static int load_fill(struct engine_load *l, struct request *req)
{
	const struct fw_message *m = req->message;
	size_t nfiles = (m->nparts - 2u) / 2;
	struct store_file *files = calloc(nfiles + 1, sizeof(*files));
	bool failed;

	l->source = (struct store_text){
		.name = req->args.name ? strdup(req->args.name) : NULL,
		.format = l->source.format,
		.text = m->part[1].data,
		.len = m->part[1].len,
		.files = files,
		.nfiles = files ? nfiles : 0,
	};
	failed = !files || (req->args.name && !l->source.name);
	for (size_t i = 0; i < l->source.nfiles; i++) {
		const struct fw_part *path = &m->part[2 + 2 * i], *text = path + 1;

		files[i] = (struct store_file){ strndup(path->data, path->len), text->data, text->len };
		failed |= !files[i].path;
	}
	failed |= fill_begins(l, req->args.counts) != 0;
	l->body = fw_take(req->body);
	req->message->nparts = 0;
	if (failed)
		engine_load_free(l);
	return failed ? -ENOMEM : 0;
}

static void title(struct engine_load *l)
{
	char text[300];

	snprintf(text, sizeof(text), "load %s", l->source.name ? l->source.name : "");
	if (l->kind == ENGINE_FLUSH)
		snprintf(text, sizeof(text), "flush");
	record_text(l->cause.what, sizeof(l->cause.what), text, strlen(text));
}

/* Does the ruleset belong to somebody else than who asks? 0, or -EPERM with a diagnostic. */
static int check_owner(struct request *req, const struct engine_load *l, struct fw_diags *ds)
{
	bool flush = l->kind == ENGINE_FLUSH;
	const struct history_event e = { .action = flush ? RECORD_FLUSH : RECORD_LOAD,
					 .who = l->cause.who,
					 .what = l->cause.what };

	return l->check ? 0 : owner_check(req->fwd, &e, flush ? "flush it" : "load it", ds);
}

/* Starts the load, which takes what @l points to, or fails the request. */
static void start(struct request *req, struct engine_load *l, bool own)
{
	struct load_request *job;
	struct fw_diags ds = { .n = 0 };
	int err;

	l->cause.who = request_who(req);
	title(l);
	err = check_owner(req, l, &ds);
	if (err) {
		engine_load_free(l);
		reply_fail_errno(&req->reply, &ds, "cannot load", err);
		return;
	}
	job = calloc(1, sizeof(*job));
	if (!job) {
		engine_load_free(l);
		reply_fail_errno(&req->reply, NULL, "cannot load", -ENOMEM);
		return;
	}
	*job = (struct load_request){ .req = req, .fwd = req->fwd, .own = own && !l->check };
	l->progress = progress;
	l->done = done;
	l->ctx = job;
	l->cause.confirm = (unsigned)req->args.confirm;
	err = engine_load_start(req->fwd->engine, l);
	if (!err) {
		req->reporter = &job->req;
		return;
	}
	free(job);
	engine_waits(req->fwd->engine, &ds);
	reply_fail_errno(&req->reply, &ds, "cannot load", err);
}

/* The engine records what it refuses, but a file that cannot be read never gets there. */
static void record_unread(struct request *req, const struct fw_diags *ds, int err)
{
	const char *path = req->fwd->config.rules;
	char what[FW_SETTING_TEXT + 8], why[RECORD_WHY];

	snprintf(what, sizeof(what), "load%s%s", path[0] ? " " : "", path);
	history_say(req->fwd, &(struct history_event){ RECORD_LOAD, request_who(req), what, true,
						       record_diag(why, sizeof(why), ds, err) });
}

/* Loads the file of the setting `rules`. */
static void load_own(struct request *req, struct engine_load *l)
{
	struct fw_diags ds = { .n = 0 };
	int err;

	if (req->args.format) {
		reply_fail(&req->reply, NULL, "the file of the setting `rules` has the format `rules`");
		return;
	}
	err = rules_file_read(req->fwd, l, &ds);
	if (!err) {
		start(req, l, true);
		return;
	}
	if (!l->check)
		record_unread(req, &ds, err);
	engine_load_free(l);
	reply_fail_errno(&req->reply, &ds, "cannot load", err);
}

void handle_load(struct request *req)
{
	struct engine_load l = {
		.source.format = (enum fw_format)req->args.format,
		.check = req->args.check,
		.empty = req->args.empty,
		.max_cost = req->args.max_cost,
		.diff = req->args.diff ? diff : NULL,
	};

	if (req->message->nparts == 1) {
		load_own(req, &l);
		return;
	}
	if (req->message->nparts % 2) {
		reply_fail(&req->reply, NULL,
			   "'load' wants the text as part 1, then two parts for each file: path and text");
		return;
	}
	if (load_fill(&l, req)) {
		reply_fail_errno(&req->reply, NULL, "cannot load", -ENOMEM);
		return;
	}
	start(req, &l, false);
}

/* An empty ruleset: no rules, no sets, default policies. */
void handle_flush(struct request *req)
{
	struct engine_load l = { .kind = ENGINE_FLUSH, .source.text = calloc(1, 1) };

	if (l.source.text) {
		start(req, &l, false);
		return;
	}
	engine_load_free(&l);
	reply_fail_errno(&req->reply, NULL, "cannot flush", -ENOMEM);
}
