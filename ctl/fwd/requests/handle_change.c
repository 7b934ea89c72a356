// SPDX-License-Identifier: GPL-2.0-only
/* One transaction: what it did to the rules goes to the client, to the cursors of others and to the attachments. */
#include "ctl/fwd/base/to_json.h"
#include "ctl/fwd/base/record.h"
#include "ctl/fwd/connections/request.h"
#include "result.h"

#include <string.h>

/* Lives until the change is done, whatever becomes of the client. */
struct changing {
	struct client *c; /* NULL: gone */
	struct fwd *fwd;
	struct engine_edit edit;
	struct fw_buf lines;
	char *name, *body; /* that the edit points into, when they are not the client's */
	bool bulk;
};

static void changing_free(struct changing *ch)
{
	for (size_t i = 0; i < ch->edit.nfiles; i++)
		free((char *)ch->edit.files[i].path);
	free((void *)ch->edit.files);
	fw_buf_free(&ch->lines);
	free(ch->name);
	free(ch->body);
	free(ch);
}

/* A rule that only got another rank to make room says what it said, where it said it. */
static void add_line(struct changing *ch, const struct fw_ruleset *rs, const struct fw_rule_change *row)
{
	bool says_more = !row->before || !row->after || !fw_rule_same_text(row->before, row->after);

	if (!row->after || (!says_more && !row->moved))
		return;
	fw_buf_printf(&ch->lines, "{\"op\":\"%s\",\"rule\":", !row->before ? "add" : says_more ? "replace" : "move");
	to_json_rule(&ch->lines, rs, row->after, NULL);
	fw_buf_add(&ch->lines, "}\n", 2);
}

static void each(const struct fw_ruleset *rs, const struct fw_rule_change *row, void *ctx)
{
	struct changing *ch = ctx;

	if (!row->before && !row->after)
		return;
	/* Behind a large change the ruleset is another one, and cursors are lost. */
	if (!ch->edit.check && !ch->bulk)
		cursors_row(&ch->fwd->cursors, row);
	add_line(ch, rs, row);
}

static void done(const struct engine_result *r, void *ctx)
{
	struct changing *ch = ctx;
	struct client *c = ch->c;

	fwd_ruleset_changed(ch->fwd);
	if (c) {
		c->reporter = NULL;
		result_end(c, r, &ch->lines, false);
	}
	if (c && ch->bulk)
		client_pump(c);
	changing_free(ch);
}

/* The files that the text names, as the request brought them: paths are copied. 0 or -ENOMEM. */
static int files_of(const struct fw_message *m, struct engine_edit *edit)
{
	size_t n = (m->nparts - 2u) / 2;
	struct store_file *files = calloc(n + 1, sizeof(*files));

	edit->files = files;
	for (; files && edit->nfiles < n; edit->nfiles++) {
		const struct fw_part *path = &m->part[2 + 2 * edit->nfiles], *text = path + 1;

		files[edit->nfiles] = (struct store_file){ strndup(path->data, path->len), text->data, text->len };
		if (!files[edit->nfiles].path)
			return -ENOMEM;
	}
	return files ? 0 : -ENOMEM;
}

static int changing_new(struct client *c, struct changing **out)
{
	const struct fw_part *text = &c->message->part[1];
	struct changing *ch = calloc(1, sizeof(*ch));
	struct engine_edit *edit = ch ? &ch->edit : NULL;

	if (!ch)
		return -ENOMEM;
	ch->c = c;
	ch->fwd = c->fwd;
	ch->name = c->args.name ? strdup(c->args.name) : NULL;
	*edit = (struct engine_edit){
		.text = text->data,
		.len = text->len,
		.name = ch->name,
		.check = c->args.check,
		.waited = c->waited,
		.cause = { .who = client_who(c), .confirm = (unsigned)c->args.confirm },
		.each = each,
		.ctx = ch,
	};
	record_change(edit->cause.what, sizeof(edit->cause.what), text->data, text->len, c->args.name);
	if (files_of(c->message, edit) || (c->args.name && !ch->name)) {
		changing_free(ch);
		return -ENOMEM;
	}
	*out = ch;
	return 0;
}

static void change_bulk(struct client *c, struct changing *ch)
{
	struct fw_diags ds = { .n = 0 };
	int err;

	ch->bulk = true;
	err = engine_bulk_start(c->fwd->engine, &ch->edit, done, &ds);
	if (err) {
		client_fail_errno(c, &ds, "not done", err);
		changing_free(ch);
		return;
	}
	c->reporter = &ch->c;
	ch->body = fw_take(c->body);
	c->message->nparts = 0;
}

void handle_change(struct client *c)
{
	struct engine_result r = { .err = 0 };
	struct fwd *d = c->fwd;
	struct changing *ch;

	if (c->message->nparts < 2 || c->message->nparts % 2) {
		client_fail(
			c, NULL,
			"'change' wants the text of the changes as part 1, then two parts for each file: path and text");
		return;
	}
	if (changing_new(c, &ch)) {
		client_fail_errno(c, NULL, "not done", -ENOMEM);
		return;
	}
	if (!engine_edit_is_bulk(d->engine, &ch->edit))
		engine_change(d->engine, &ch->edit, &r);
	else
		r.bulk = true;
	if (r.bulk) {
		change_bulk(c, ch);
		return;
	}
	if (r.err == -EAGAIN) {
		c->waited = true;
		changing_free(ch);
		request_wait(c);
		return;
	}
	if (!r.err && !c->args.check)
		cursors_settle(&d->cursors, engine_ruleset(d->engine));
	done(&r, ch);
}
