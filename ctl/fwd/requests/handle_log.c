// SPDX-License-Identifier: GPL-2.0-only
/* Packets that were logged: those that are kept, and as they come. */
#include "handlers.h"
#include "ctl/fwd/log/packet_log.h"

#include <string.h>

#define SOME 1024 /* entries that are looked at in one step */

struct reading {
	struct stream stream;
	struct follower follower; /* only if it follows */
	struct request *req;
	struct fw_query *query;     /* NULL: every packet */
	uint64_t rule;              /* id; 0: any */
	char name[FW_NAME_MAX + 1]; /* of the rule; empty: any */
	uint64_t next;              /* number of the next entry */
	uint64_t count;
	bool follows;
	struct fw_buf b;
};

static struct reading *of_follower(struct follower *f)
{
	return (struct reading *)((char *)f - offsetof(struct reading, follower));
}

static void reading_free(struct stream *s)
{
	struct reading *r = (struct reading *)s;

	if (r->follows)
		kept_leave(&r->req->fwd->packet_log->kept, &r->follower);
	fw_query_free(r->query);
	fw_buf_free(&r->b);
	free(r);
}

static void wake(struct follower *f)
{
	struct reading *r = of_follower(f);

	if (!r->req->reply.stream_waits)
		return;
	r->req->reply.stream_waits = false;
	request_wake(r->req);
}

/* Losses pass every query: they may have been of such packets. */
static bool passes(const struct reading *r, const struct logged *l)
{
	struct fw_key key;
	const struct fw_query_packet packet = { &key, l->in[0] ? l->in : NULL, l->out[0] ? l->out : NULL,
						l->event.verdict };

	if (l->is_loss)
		return true;
	if ((r->rule && l->rule != r->rule) || (r->name[0] && strcmp(r->name, l->name) != 0))
		return false;
	if (!r->query)
		return true;
	logged_key(l, &key);
	return fw_query_has(r->query, &packet);
}

/* The reader was slower than the packets. */
static void skip_missed(struct reading *r, uint64_t oldest)
{
	if (r->next >= oldest)
		return;
	fw_buf_printf(&r->b, "{\"missed\":%llu}\n", (unsigned long long)(oldest - r->next));
	r->next = oldest;
}

static void step(struct request *req, struct stream *s)
{
	struct reading *r = (struct reading *)s;
	const struct kept *k = &req->fwd->packet_log->kept;
	int looked = 0;

	skip_missed(r, kept_oldest(k));
	for (; r->next < k->next && r->b.len < REPLY_CHUNK && looked < SOME; looked++, r->next++) {
		const struct logged *l = kept_at(k, r->next);

		if (!passes(r, l))
			continue;
		logged_json(l, req->args.with_bytes, &r->b);
		r->count++;
	}
	reply_lines(&req->reply, &r->b);
	if (r->next < k->next)
		return;
	req->reply.stream_waits = r->follows;
	if (!r->follows)
		reply_end(&req->reply, json_pack("{sI}", "count", (json_int_t)r->count));
}

/* The place of the last @n entries that pass. */
static uint64_t last_of(const struct reading *r, const struct kept *k, uint64_t n)
{
	uint64_t oldest = kept_oldest(k), at = k->next;

	while (at > oldest && n)
		n -= passes(r, kept_at(k, --at));
	return at;
}

/*
 * Where reading begins: after the entry that the client has seen last, with the last entries that are asked for, or with the
 * oldest; one who follows and asks for none begins with the next.
 */
static uint64_t begin_at(const struct reading *r, const struct kept *k, const struct args *a)
{
	uint64_t oldest = kept_oldest(k);

	/* Other numbers are those of a process before. */
	if (json_object_get(a->object, "after"))
		return a->after >= k->begun && a->after < k->next ? a->after + 1 : k->begun;
	if (a->limit)
		return last_of(r, k, a->limit);
	return a->follow ? k->next : oldest;
}

/* A rule by id or name; it may be gone by now. */
static void set_rule(struct reading *r, const json_t *ref)
{
	const char *name = json_string_value(ref);
	char *end = NULL;

	r->rule = (uint64_t)json_integer_value(ref);
	if (name && name[0] >= '0' && name[0] <= '9')
		r->rule = strtoull(name, &end, 10);
	if (name && (!end || *end))
		snprintf(r->name, sizeof(r->name), "%s", name);
}

static const char *iface_name(void *ctx, size_t iface, size_t i)
{
	return engine_interface_name_at(ctx, iface, i);
}

static int set_query(struct reading *r, const char *text, struct engine *e, struct fw_diags *ds)
{
	int err = text ? fw_text_query(text, "filter", ds, &r->query) : 0;

	if (!err && r->query && fw_query_asks_effects(r->query))
		return fw_diag_add(ds, (struct fw_place){ 0 }, "select by match, verdict or --rule",
				   "the log does not tell what else the rules of its packets do");
	return err || !r->query ? err : fw_query_name(r->query, &(struct fw_query_names){ iface_name, e });
}

void handle_log(struct request *req)
{
	struct kept *k = &req->fwd->packet_log->kept;
	struct reading *r = calloc(1, sizeof(*r));
	struct fw_diags ds = { .n = 0 };
	int err = r ? set_query(r, req->args.query, req->fwd->engine, &ds) : -ENOMEM;

	if (err) {
		if (r)
			fw_query_free(r->query);
		free(r);
		reply_fail_errno(&req->reply, &ds, "cannot read the log", err);
		return;
	}
	packet_log_catch_up(req->fwd);
	r->stream = (struct stream){ .step = step, .free = reading_free };
	r->req = req;
	r->follower.wake = wake;
	if (req->args.rule)
		set_rule(r, req->args.rule);
	r->follows = req->args.follow;
	r->next = begin_at(r, k, &req->args);
	if (r->follows)
		kept_follow(k, &r->follower);
	req->reply.stream = &r->stream;
}
