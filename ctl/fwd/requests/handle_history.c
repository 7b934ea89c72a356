// SPDX-License-Identifier: GPL-2.0-only
/* The latest records of what was done and refused. */
#include "handlers.h"

struct reading {
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

void handle_history(struct request *req)
{
	struct reading r = { .n = 0 };
	int err = store_history(engine_store(req->fwd->engine), req->args.limit ? req->args.limit : SIZE_MAX / 2, each,
				&r);

	if (err)
		reply_fail_errno(&req->reply, NULL, "cannot read what was done", err);
	else
		reply_lines(&req->reply, &r.lines);
	if (!err)
		reply_end(&req->reply, json_pack("{sI}", "count", (json_int_t)r.n));
	fw_buf_free(&r.lines);
}
