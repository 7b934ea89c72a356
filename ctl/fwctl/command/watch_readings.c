// SPDX-License-Identifier: GPL-2.0-only
/* Readings of fwd's counters. A table by id remembers the last value of each rule, since there may be a million of them. */
#include "watch_readings.h"
#include "ctl/fwctl/request/reply.h"

#include <string.h>

static struct reading *slot_of(const struct readings *r, uint64_t id)
{
	size_t i = (size_t)fw_mix64(id) & (r->size - 1);

	while (r->by_id[i].id && r->by_id[i].id != id)
		i = (i + 1) & (r->size - 1);
	return &r->by_id[i];
}

static int grow(struct readings *r)
{
	struct reading *old = r->by_id;
	size_t n = r->size, want = n ? 2 * n : 1024;
	struct reading *fresh = calloc(want, sizeof(*fresh));

	if (!fresh)
		return -ENOMEM;
	r->by_id = fresh;
	r->size = want;
	for (size_t i = 0; i < n; i++)
		if (old[i].id)
			*slot_of(r, old[i].id) = old[i];
	free(old);
	return 0;
}

/* The counter of a rule at the last reading; 0 if it is new. NULL: out of memory. */
static struct fw_count *last_count(struct readings *r, uint64_t id)
{
	struct reading *s;

	if (2 * (r->n + 1) > r->size && grow(r))
		return NULL;
	s = slot_of(r, id);
	r->n += !s->id;
	s->id = id;
	return &s->count;
}

static void rule_text(const void *ctx, const struct counter_line *l, struct fw_buf *out)
{
	fw_buf_printf(out, "%s", ctl_field_text(l->rule, "text"));
}

static json_t *rule_json(const void *ctx, const struct counter_line *l)
{
	static const char *const fields[] = { "id", "name", "verdict", "text" };
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		json_object_set(o, fields[i], json_object_get(l->rule, fields[i]));
	return o;
}

static struct fw_count count_of(const json_t *o)
{
	return (struct fw_count){ ctl_field_u64(o, "packets"), ctl_field_u64(o, "bytes") };
}

static bool in_view(const struct counter_view *v, const json_t *o)
{
	for (size_t i = 0; i < v->ntop; i++)
		if (v->top[i].rule == o)
			return true;
	return false;
}

/* Keeps a reference to a rule while the view holds it, and drops that of the rule that it replaced. */
static void keep(struct readings *r, json_t *o)
{
	size_t n = 0;

	if (!in_view(&r->view, o))
		return;
	r->kept[r->nkept++] = json_incref(o);
	if (r->nkept <= r->view.ntop)
		return;
	for (size_t i = 0; i < r->nkept; i++) {
		if (in_view(&r->view, r->kept[i]))
			r->kept[n++] = r->kept[i];
		else
			json_decref(r->kept[i]);
	}
	r->nkept = n;
}

static void forget(struct readings *r)
{
	while (r->nkept)
		json_decref(r->kept[--r->nkept]);
}

/* What a policy decided with a verdict. @has: it has that verdict now, and is shown even if it decided nothing. */
static void add_verdict(struct readings *r, enum fw_reason reason, enum fw_verdict verdict, struct fw_count count,
			bool has)
{
	struct fw_count *was = &r->reasons[reason][verdict];

	if (r->first)
		*was = count;

	struct counter_line l = counter_step(was, count);

	l.reason = reason;
	l.verdict = verdict;
	if (has || count.packets)
		counter_view_policy(&r->view, &l);
}

/* Of a policy; negative: it has none that is known here. */
static int verdict_of(const json_t *o)
{
	const char *name = ctl_field_text(o, "verdict");

	return fw_verdict_find(name, strlen(name), FW_OF_POLICIES);
}

/* What a policy decided with a verdict that it had before. */
static struct fw_count count_before(const json_t *policy, int verdict)
{
	const json_t *before;
	size_t i;

	json_array_foreach(json_object_get(policy, "before"), i,
			   before) if (verdict_of(before) == verdict) return count_of(before);
	return (struct fw_count){ 0 };
}

static void add_policy(struct readings *r, const json_t *o)
{
	const char *name = ctl_field_text(o, "policy");
	int is = verdict_of(o);

	for (unsigned i = 0; is >= 0 && i < FW_NREASONS; i++) {
		if (strcmp(name, fw_reason_info[i].name))
			continue;
		add_verdict(r, (enum fw_reason)i, (enum fw_verdict)is, count_of(o), true);
		for (int v = 0; is < FW_NTERMINAL && v < FW_NTERMINAL; v++)
			if (v != is)
				add_verdict(r, (enum fw_reason)i, (enum fw_verdict)v, count_before(o, v), false);
	}
}

int readings_line(void *ctx, json_t *o)
{
	struct readings *r = ctx;
	struct fw_count *was;

	if (json_object_get(o, "policy")) {
		add_policy(r, o);
		return 0;
	}
	was = last_count(r, ctl_field_u64(o, "id"));
	if (!was)
		return -ENOMEM;
	if (r->first)
		*was = count_of(o);

	struct counter_line l = counter_step(was, count_of(o));

	l.rule = o;
	counter_view_rule(&r->view, &l);
	keep(r, o);
	return 0;
}

void readings_init(struct readings *r, bool json)
{
	const struct counter_source source = { rule_text, rule_json, NULL };

	*r = (struct readings){ .first = true };
	counter_view_init(&r->view, &source, json);
}

void readings_free(struct readings *r)
{
	forget(r);
	free(r->by_id);
}

void readings_begin(struct readings *r)
{
	forget(r);
	counter_view_begin(&r->view, counter_view_fits(&r->view));
}
