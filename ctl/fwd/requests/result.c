// SPDX-License-Identifier: GPL-2.0-only
/* What a change or a load did: lines, in pieces if there are many, and END. */
#include "result.h"

#include "ctl/fwd/engine/diff.h"
#include "fw/json.h"

#include <string.h>

/* The fields of END. */
static json_t *fields(const struct engine_result *r, bool load)
{
	const struct engine_seconds *s = &r->seconds;
	json_t *end = diff_counts(&r->counts);

	json_object_set_new(end, "generation", json_integer((json_int_t)r->generation));
	json_object_set_new(end, "edits", json_integer((json_int_t)r->edits));
	json_object_set_new(end, "seconds",
			    json_pack("{sf sf sf sf}", "parse", s->parse, "compile", s->compile, "store", s->store,
				      "swap", s->swap));
	if (load) {
		json_object_set_new(json_object_get(end, "seconds"), "total", json_real(s->total));
		json_object_set_new(end, "rules", json_integer((json_int_t)r->rules));
		if (r->cost.most.lines)
			json_object_set_new(end, "worst_packet", fw_json_cost(&r->cost));
	} else {
		json_object_set_new(end, "rebuilt", json_boolean(r->rebuilt));
	}
	json_object_set_new(end, "warnings", fw_json_diags(&r->warnings));
	if (r->warnings.total > r->warnings.n)
		json_object_set_new(end, "warnings_total", json_integer(r->warnings.total));
	if (r->confirm_by && end)
		json_object_set_new(end, "confirm_by", json_integer(r->confirm_by));
	return end;
}

/* Lines that are being sent. */
struct telling {
	struct stream stream;
	struct fw_buf lines;
	size_t at; /* of the next one to be sent */
	json_t *end;
};

static void telling_free(struct stream *s)
{
	struct telling *t = (struct telling *)s;

	fw_buf_free(&t->lines);
	json_decref(t->end);
	free(t);
}

static void telling_step(struct request *req, struct stream *s)
{
	struct telling *t = (struct telling *)s;
	size_t n = reply_some_lines(t->lines.text + t->at, t->lines.len - t->at);

	reply_lines_of(&req->reply, t->lines.text + t->at, n);
	t->at += n;
	if (t->at == t->lines.len)
		reply_end(&req->reply, fw_take(t->end));
}

static void tell(struct request *req, struct fw_buf *lines, json_t *end)
{
	struct telling *t = calloc(1, sizeof(*t));

	if (!t || lines->failed) {
		free(t);
		json_decref(end);
		req->reply.broken = true;
		return;
	}
	*t = (struct telling){ { telling_step, telling_free }, *lines, 0, end };
	*lines = (struct fw_buf){ 0 };
	req->reply.stream_bytes = t->lines.len;
	req->reply.stream = &t->stream;
}

void result_end(struct request *req, const struct engine_result *r, struct fw_buf *lines, bool load)
{
	if (r->err) {
		reply_fail_errno(&req->reply, &r->ds, "not done", r->err);
		return;
	}
	if (lines->len > REPLY_CHUNK || lines->failed) {
		tell(req, lines, fields(r, load));
		return;
	}
	reply_lines(&req->reply, lines);
	reply_end(&req->reply, fields(r, load));
}
