// SPDX-License-Identifier: GPL-2.0-only
/* What was done and refused lately. */
#include "ctl/fwd/connections/request.h"

struct reading {
	struct client *c;
	struct fw_buf lines;
	size_t n;
};

static void each(const char *text, size_t len, void *ctx)
{
	struct reading *r = ctx;

	fw_buf_add(&r->lines, text, len);
	fw_buf_add(&r->lines, "\n", 1);
	r->n++;
}

void handle_history(struct client *c)
{
	struct reading r = { .c = c };
	int err = store_history(engine_store(c->fwd->engine), c->args.limit ? c->args.limit : SIZE_MAX / 2, each, &r);

	if (err)
		client_fail_errno(c, NULL, "cannot read what was done", err);
	else
		client_lines(c, &r.lines);
	if (!err)
		client_end(c, json_pack("{sI}", "count", (json_int_t)r.n));
	fw_buf_free(&r.lines);
}
