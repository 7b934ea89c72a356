// SPDX-License-Identifier: GPL-2.0-only
#include "record.h"

#include <jansson.h>
#include <string.h>

static json_t *put_generation(const struct fw_generation *g)
{
	if (!g->number)
		return json_null();
	return json_pack("{sI ss}", "generation", (json_int_t)g->number, "manifest", g->manifest.hex);
}

static json_t *put_mark(const struct mark *m)
{
	return json_pack("{sf sI}", "started", m->started, "version", (json_int_t)m->version);
}

static json_t *put_trying(const struct trying *t)
{
	if (!t->to.number)
		return json_null();
	return json_pack("{so sb si so sI ss}", "to", put_generation(&t->to), "open", t->open, "starts", (int)t->starts,
			 "before", put_mark(&t->before), "after", (json_int_t)t->after, "why", t->why);
}

static json_t *put_failed(const struct failed *f)
{
	if (!f->to.number)
		return json_null();
	return json_pack("{so ss ss}", "to", put_generation(&f->to), "state", fw_report_state_names[f->state], "why",
			 f->why);
}

void record_print(struct fw_buf *b, const struct record *r)
{
	json_t *o = json_pack("{ss so so so so so so so si sb}", "fleet", r->fleet, "highest",
			      put_generation(&r->highest), "parent", put_generation(&r->parent), "running",
			      put_generation(&r->running), "mark", put_mark(&r->mark), "held", put_generation(&r->held),
			      "trying", put_trying(&r->trying), "failed", put_failed(&r->failed), "known",
			      (int)r->known, "overruled", r->overruled);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	struct fw_sha256 hash;

	b->failed |= !text;
	if (text) {
		fw_sha256_of(text, strlen(text), &hash);
		fw_buf_printf(b, "%s\n%s\n", text, hash.hex);
	}
	free(text);
	json_decref(o);
}

/* A text of at most @size - 1 bytes. 0 or -EPROTO. */
static int take_text(const json_t *o, const char *name, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(o, name));

	if (!s || strlen(s) >= size)
		return -EPROTO;
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

static int take_number(const json_t *o, const char *name, uint64_t *out)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -EPROTO;
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

/* null is none. */
static int take_generation(const json_t *parent, const char *name, struct fw_generation *out)
{
	const json_t *o = json_object_get(parent, name);

	if (json_is_null(o))
		return 0;
	if (take_number(o, "generation", &out->number) || !out->number ||
	    take_text(o, "manifest", out->manifest.hex, sizeof(out->manifest.hex)))
		return -EPROTO;
	return fw_sha256_valid(out->manifest.hex, strlen(out->manifest.hex)) ? 0 : -EPROTO;
}

static int take_mark(const json_t *parent, const char *name, struct mark *out)
{
	const json_t *o = json_object_get(parent, name);

	out->started = json_number_value(json_object_get(o, "started"));
	return take_number(o, "version", &out->version);
}

static int take_trying(const json_t *o, struct trying *out)
{
	uint64_t starts = 0;
	int err;

	if (json_is_null(o))
		return 0;
	err = take_generation(o, "to", &out->to);
	err = err ? err : take_number(o, "starts", &starts);
	err = err ? err : take_mark(o, "before", &out->before);
	err = err ? err : take_number(o, "after", &out->after);
	out->open = json_is_true(json_object_get(o, "open"));
	out->starts = (unsigned)starts;
	return err ? err : take_text(o, "why", out->why, sizeof(out->why));
}

static int take_failed(const json_t *o, struct failed *out)
{
	const char *state = json_string_value(json_object_get(o, "state"));

	if (json_is_null(o))
		return 0;
	for (int i = 0; state && i < FW_NREPORT_STATES; i++)
		if (!strcmp(state, fw_report_state_names[i]))
			out->state = (enum fw_report_state)i;
	return take_generation(o, "to", &out->to) ? -EPROTO : take_text(o, "why", out->why, sizeof(out->why));
}

static int take_all(const json_t *o, struct record *r)
{
	int err = take_text(o, "fleet", r->fleet, sizeof(r->fleet));

	err = err ? err : take_generation(o, "highest", &r->highest);
	err = err ? err : take_generation(o, "parent", &r->parent);
	err = err ? err : take_generation(o, "running", &r->running);
	err = err ? err : take_mark(o, "mark", &r->mark);
	err = err ? err : take_generation(o, "held", &r->held);
	err = err ? err : take_trying(json_object_get(o, "trying"), &r->trying);
	err = err ? err : take_failed(json_object_get(o, "failed"), &r->failed);
	r->known = (uint32_t)json_integer_value(json_object_get(o, "known"));
	r->overruled = json_is_true(json_object_get(o, "overruled"));
	return err;
}

int record_parse(const char *text, size_t len, struct record *out)
{
	const char *newline = memchr(text, '\n', len);
	size_t line = newline ? (size_t)(newline - text) : 0;
	struct fw_sha256 hash;
	json_t *o = NULL;
	int err;

	fw_sha256_of(text, line, &hash);
	if (len == line + FW_SHA256_HEX + 2 && !memcmp(newline + 1, hash.hex, FW_SHA256_HEX))
		o = json_loadb(text, line, JSON_REJECT_DUPLICATES, NULL);
	*out = (struct record){ .overruled = false };
	err = json_is_object(o) ? take_all(o, out) : -EPROTO;
	if (err)
		*out = (struct record){ .overruled = false };
	json_decref(o);
	return err;
}
