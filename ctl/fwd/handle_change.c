// SPDX-License-Identifier: GPL-2.0-only
/* One transaction: what it did to the rules goes to the client, to the cursors of others and to the attachments. */
#include "ctl/fwd/objects.h"
#include "ctl/fwd/record.h"
#include "ctl/fwd/request.h"
#include "ctl/fwd/result.h"

struct changing {
	struct client *c;
	struct fw_buf lines;
};

/* A rule that only got another rank to make room says what it said, where it said it. */
static void add_line(struct changing *ch, const struct fw_rule_change *row)
{
	bool says_more = !row->old || !row->new || !fw_rule_same_text(row->old, row->new);

	if (!row->new || (!says_more && !row->moved))
		return;
	fw_buf_printf(&ch->lines, "{\"op\":\"%s\",\"rule\":", !row->old ? "add" : says_more ? "replace" : "move");
	objects_rule(&ch->lines, engine_ruleset(ch->c->fwd->engine), row->new, NULL);
	fw_buf_add(&ch->lines, "}\n", 2);
}

static void each(const struct fw_rule_change *row, void *ctx)
{
	struct changing *ch = ctx;
	struct fwd *d = ch->c->fwd;

	if (!row->old && !row->new)
		return;
	if (!ch->c->args.check)
		cursors_row(&d->cursors, row);
	add_line(ch, row);
}

void handle_change(struct client *c)
{
	const struct fw_part *text = &c->message->part[1];
	struct changing ch = { .c = c };
	struct engine_edit edit = { .name = c->args.name,
				    .check = c->args.check,
				    .cause = { .who = client_who(c), .confirm = (unsigned)c->args.confirm },
				    .each = each,
				    .ctx = &ch };
	struct engine_result r = { .err = 0 };
	struct fwd *d = c->fwd;

	if (c->message->nparts < 2) {
		client_fail(c, NULL, "'change' wants the text of the changes as part 1");
		return;
	}
	edit.text = text->data;
	edit.len = text->len;
	record_change(edit.cause.what, sizeof(edit.cause.what), text->data, text->len, c->args.name);
	engine_change(d->engine, &edit, &r);
	if (!r.err && !c->args.check)
		cursors_settle(&d->cursors, engine_ruleset(d->engine));
	fwd_ruleset_changed(d);
	if (!r.err)
		client_lines(c, &ch.lines);
	fw_buf_free(&ch.lines);
	result_end(c, &r, false);
}
