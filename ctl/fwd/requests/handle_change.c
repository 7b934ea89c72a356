// SPDX-License-Identifier: GPL-2.0-only
/* One transaction. What it changes is reported to the client, to cursors of other replies, and to the attachments. */
#include "fw/json.h"
#include "ctl/fwd/base/record.h"
#include "ctl/fwd/engine/owners.h"
#include "handlers.h"
#include "result.h"

#include <string.h>

/* Exists until the change is done, even if the client is gone by then. */
struct changing {
	struct request *req; /* NULL: gone */
	struct fwd *fwd;
	struct engine_edit edit;
	struct fw_buf lines;
	char *name, *chain, *body;   /* that the edit points into; @body NULL: it is still the request's */
	struct owners_rights rights; /* unless everything may differ */
	uint32_t *groups;            /* of them */
	bool bulk;
};

static void changing_free(struct changing *ch)
{
	for (size_t i = 0; i < ch->edit.source.nfiles; i++)
		free((char *)ch->edit.source.files[i].path);
	free((void *)ch->edit.source.files);
	fw_buf_free(&ch->lines);
	free(ch->name);
	free(ch->chain);
	free(ch->groups);
	free(ch->body);
	free(ch);
}

/* An object for a rule that was added, replaced or moved. One that only got another rank to make room is none of them. */
static void add_line(struct changing *ch, const struct fw_ruleset *rs, const struct fw_rule_change *row)
{
	bool differs = !row->before || !row->after || !fw_rule_same_text(row->before, row->after);

	if (!row->after || (!differs && !row->moved))
		return;
	fw_buf_printf(&ch->lines, "{\"op\":\"%s\",\"rule\":", !row->before ? "add" : differs ? "replace" : "move");
	fw_json_rule(&ch->lines, rs, row->after, NULL);
	fw_buf_add(&ch->lines, "}\n", 2);
}

static void each(const struct fw_ruleset *rs, const struct fw_rule_change *row, void *ctx)
{
	struct changing *ch = ctx;

	if (!row->before && !row->after)
		return;
	/* After a large change the ruleset is another one, and cursors are lost. */
	if (!ch->edit.check && !ch->bulk)
		cursors_row(&ch->fwd->cursors, row);
	add_line(ch, rs, row);
}

static void done(const struct engine_result *r, void *ctx)
{
	struct changing *ch = ctx;
	struct request *req = ch->req;

	fwd_ruleset_changed(ch->fwd);
	if (req) {
		req->reporter = NULL;
		result_end(req, r, &ch->lines, false);
	}
	if (req && ch->bulk)
		request_wake(req);
	changing_free(ch);
}

/* The files that the text names, which are parts of the request; their paths are copied. 0 or -ENOMEM. */
static int files_of(const struct fw_message *m, struct engine_edit *edit)
{
	size_t n = (m->nparts - 2u) / 2;
	struct store_file *files = calloc(n + 1, sizeof(*files));

	edit->source.files = files;
	for (; files && edit->source.nfiles < n; edit->source.nfiles++) {
		const struct fw_part *path = &m->part[2 + 2 * edit->source.nfiles], *text = path + 1;

		files[edit->source.nfiles] =
			(struct store_file){ strndup(path->data, path->len), text->data, text->len };
		if (!files[edit->source.nfiles].path)
			return -ENOMEM;
	}
	return files ? 0 : -ENOMEM;
}

/* What who asks may change. 0 or -ENOMEM. */
static int rights_of(struct request *req, struct changing *ch)
{
	struct owners_rights *r = &ch->rights;
	int err = req->admin ? 0 : request_owners(req, &ch->groups, &r->n);

	r->groups = ch->groups;
	r->admin = req->admin;
	r->owner = request_owner(req);
	if (!req->admin || r->owner)
		ch->edit.rights = r;
	return err;
}

/* What the request asks for, as an edit. 0 or -ENOMEM. */
static int changing_new(struct request *req, struct changing **out)
{
	const struct fw_part *text = &req->message->part[1];
	struct changing *ch = calloc(1, sizeof(*ch));
	struct engine_edit *edit = ch ? &ch->edit : NULL;

	if (!ch)
		return -ENOMEM;
	ch->req = req;
	ch->fwd = req->fwd;
	ch->name = req->args.name ? strdup(req->args.name) : NULL;
	ch->chain = req->args.chain ? strdup(req->args.chain) : NULL;
	*edit = (struct engine_edit){
		.source.text = text->data,
		.source.len = text->len,
		.source.name = ch->name,
		.chain = ch->chain,
		.check = req->args.check,
		.waited = req->waited,
		.cause = { .who = request_who(req), .confirm = (unsigned)req->args.confirm },
		.each = each,
		.ctx = ch,
	};
	record_change(edit->cause.what, sizeof(edit->cause.what), text->data, text->len, req->args.name);
	if (files_of(req->message, edit) || (req->args.name && !ch->name) || (req->args.chain && !ch->chain) ||
	    rights_of(req, ch)) {
		changing_free(ch);
		return -ENOMEM;
	}
	*out = ch;
	return 0;
}

/* Lets the engine's worker do it; the request's body is kept for it. */
static void change_bulk(struct request *req, struct changing *ch)
{
	struct fw_diags ds = { .n = 0 };
	int err;

	ch->bulk = true;
	err = engine_bulk_start(req->fwd->engine, &ch->edit, done, &ds);
	if (err) {
		reply_fail_errno(&req->reply, &ds, "not done", err);
		changing_free(ch);
		return;
	}
	req->reporter = &ch->req;
	ch->body = fw_take(req->body);
	req->message->nparts = 0;
}

void handle_change(struct request *req)
{
	struct engine_result r = { .err = 0 };
	struct fwd *d = req->fwd;
	struct changing *ch;

	if (req->message->nparts < 2 || req->message->nparts % 2) {
		reply_fail(
			&req->reply, NULL,
			"'change' wants the text of the changes as part 1, then two parts for each file: path and text");
		return;
	}
	if (!req->admin && req->args.confirm) {
		reply_fail(&req->reply, NULL, "only root and members of the group '%s' may use 'confirm'",
			   req->fwd->config.admin_group);
		return;
	}
	if (changing_new(req, &ch)) {
		reply_fail_errno(&req->reply, NULL, "not done", -ENOMEM);
		return;
	}
	if (!engine_edit_is_bulk(&ch->edit))
		engine_change(d->engine, &ch->edit, &r);
	else
		r.bulk = true;
	if (r.bulk) {
		change_bulk(req, ch);
		return;
	}
	if (r.err == -EAGAIN) {
		req->waited = true;
		changing_free(ch);
		req->again = true;
		return;
	}
	if (!r.err && !req->args.check)
		cursors_settle(&d->cursors, engine_ruleset(d->engine));
	done(&r, ch);
}
