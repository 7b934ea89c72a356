// SPDX-License-Identifier: GPL-2.0-only
/* One transaction: what it did to the rules goes to the client, to the cursors of others and to the attachments. */
#include "ctl/fwd/objects.h"
#include "ctl/fwd/request.h"
#include "ctl/fwd/result.h"

#include <string.h>

struct changing {
	struct client *c;
	struct fw_buf lines;
};

static bool same_text(const struct fw_ruleset *rs, const struct fw_rule *a, const struct fw_rule *b)
{
	fw_cleanup(fw_buf_free) struct fw_buf x = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf y = { 0 };

	fw_text_print_rule(&x, rs, a);
	fw_text_print_rule(&y, rs, b);
	return !x.failed && !y.failed && !strcmp(x.text, y.text);
}

/* A rule that only stands elsewhere, or got another rank to make room, says what it said. */
static void add_line(struct changing *ch, const struct fw_rule_change *row)
{
	const struct fw_ruleset *rs = engine_ruleset(ch->c->fwd->engine);

	if (!row->new || (row->old && same_text(rs, row->old, row->new)))
		return;
	fw_buf_printf(&ch->lines, "{\"op\":\"%s\",\"rule\":", row->old ? "replace" : "add");
	objects_rule(&ch->lines, rs, row->new, NULL);
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
	struct engine_result r = { .err = 0 };
	struct fwd *d = c->fwd;

	if (c->message->nparts < 2) {
		client_fail(c, NULL, "'change' wants the text of the changes as part 1");
		return;
	}
	engine_change(d->engine, text->data, text->len, c->args.name, c->args.check, each, &ch, &r);
	if (!r.err && !c->args.check)
		cursors_settle(&d->cursors, engine_ruleset(d->engine));
	fwd_ruleset_changed(d);
	if (!r.err)
		client_lines(c, &ch.lines);
	fw_buf_free(&ch.lines);
	result_end(c, &r, false);
}

void handle_confirm(struct client *c)
{
	struct fw_diags ds = { .n = 0 };
	bool waiting = false;
	int err = engine_confirm(c->fwd->engine, &waiting, &ds);

	if (err)
		client_fail_errno(c, &ds, "cannot confirm", err);
	else
		client_end(c, json_pack("{sb}", "confirmed", waiting));
}
