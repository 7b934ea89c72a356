// SPDX-License-Identifier: GPL-2.0-only
/* Reads fwd's reply to `metrics`, message by message. */
#include "source.h"

#include "fw/client.h"
#include "fw/json.h"

#include <string.h>

struct reply {
	struct source source;
	const struct settings *settings;
	struct fw_client *client;
	const char *line, *lines_end; /* lines of rules that were not taken yet; NULL: none */
	unsigned pass;                /* of these lines */
	json_t *end;                  /* the object of END; NULL: it has not arrived */
};

/* Connects and asks. Return: 0 or -errno. */
static int request(struct reply *r)
{
	const struct settings *c = r->settings;
	char args[128];
	struct fw_part part = { args, 0 };
	int err = fw_client_open(c->socket, SOURCE_SECONDS, &r->client);

	if (err)
		return err;
	if (c->rules == RULES_SELECTED)
		snprintf(args, sizeof(args), "{\"rules\":\"selected\",\"limit\":%u,\"top\":%u}", c->max_rules, c->top);
	else
		snprintf(args, sizeof(args), "{\"rules\":\"%s\"}", rules_names[c->rules]);
	part.len = (uint32_t)strlen(args);
	return fw_client_send(r->client, FW_REQ_METRICS, &part, 1);
}

static uint64_t count(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));

	return v > 0 ? (uint64_t)v : 0;
}

static int hook_of(const json_t *o)
{
	const char *name = json_string_value(json_object_get(o, "hook"));

	return name ? snapshot_hook(name, strlen(name)) : -1;
}

static int verdict_of(const json_t *o)
{
	const char *name = json_string_value(json_object_get(o, "verdict"));

	return name ? fw_verdict_find(name, strlen(name), FW_TERMINAL) : -1;
}

/* {"policy", "hooks": [{"hook", "verdict", "packets", "bytes"}]} */
static int take_policy(const json_t *o, struct snapshot *snap)
{
	const char *name = json_string_value(json_object_get(o, "policy"));
	const json_t *hooks = json_object_get(o, "hooks"), *h;
	int reason = name ? snapshot_reason(name, strlen(name)) : -1;
	size_t i;

	if (reason < 0)
		return -EPROTO;
	json_array_foreach(hooks, i, h)
	{
		int hook = hook_of(h), verdict = verdict_of(h);

		if (hook < 0 || verdict < 0)
			return -EPROTO;
		snap->policy[reason].there[hook][verdict] = true;
		snap->policy[reason].count[hook][verdict] = (struct fw_count){ count(h, "packets"), count(h, "bytes") };
	}
	return 0;
}

/* {"interface", "index", "hook", VERDICT: {"rule", "policy"}}; of interfaces that are gone only drops by rules count. */
static int take_interface(const json_t *o, struct snapshot *snap)
{
	const char *name = json_string_value(json_object_get(o, "interface"));
	bool gone = !name && json_integer_value(json_object_get(o, "index")) < 0;
	int hook = hook_of(o), err = 0;

	if (hook < 0)
		return -EPROTO;
	for (unsigned verdict = 0; verdict < FW_NTERMINAL && !err; verdict++) {
		const json_t *by = json_object_get(o, fw_verdict_name(verdict));

		if (!gone)
			err = snapshot_add_traffic(snap, name ? name : "", hook, (enum fw_verdict)verdict,
						   count(by, "rule") + count(by, "policy"));
		if (verdict == FW_DROP)
			snap->rule_drops += count(by, "rule");
	}
	return err;
}

static int take_object(void *ctx, json_t *o)
{
	struct snapshot *snap = ctx;

	if (json_object_get(o, "policy"))
		return take_policy(o, snap);
	if (json_object_get(o, "hook"))
		return take_interface(o, snap);
	if (json_object_get(o, "version") && !snap->status)
		snap->status = json_incref(o);
	return 0;
}

int source_fwd_objects(const char *text, size_t len, struct snapshot *snap)
{
	return fw_json_lines(text, len, take_object, snap);
}

static int take_text(struct reply *r, const struct fw_message *m)
{
	json_t *o = m->nparts == 2 ? json_loadb(m->part[0].data, m->part[0].len, 0, NULL) : NULL;
	unsigned pass = (unsigned)json_integer_value(json_object_get(o, "pass"));

	json_decref(o);
	if (pass < 1 || pass > 2 || pass < r->pass)
		return -EPROTO;
	r->pass = pass;
	if (!m->part[1].len)
		return 0;
	r->line = m->part[1].data;
	r->lines_end = r->line + m->part[1].len;
	return 0;
}

static int take_end(struct reply *r, const struct fw_part *part)
{
	const char *error;

	r->end = json_loadb(part->data, part->len, 0, NULL);
	if (json_is_true(json_object_get(r->end, "ok")))
		return 0;
	error = json_string_value(json_object_get(r->end, "error"));
	snprintf(r->source.why, sizeof(r->source.why), "%s", error ? error : "");
	return r->end ? -EREMOTEIO : -EPROTO;
}

/* Reads messages up to lines of rules or the end. @snap: takes what precedes the rules; NULL: that is over. */
static int next(struct reply *r, struct snapshot *snap)
{
	const struct fw_message *m;
	int err = 0;

	while (!r->line && !r->end && !err) {
		err = fw_client_next(r->client, &m);
		if (err)
			break;
		if (m->kind == FW_REPLY_LINES)
			err = snap ? source_fwd_objects(m->part[0].data, m->part[0].len, snap) : -EPROTO;
		else if (m->kind == FW_REPLY_TEXT)
			err = take_text(r, m);
		else if (m->kind == FW_REPLY_END)
			err = take_end(r, &m->part[0]);
		else
			err = m->kind == FW_REPLY_PROGRESS ? 0 : -EPROTO;
	}
	return err;
}

static int reply_begin(struct source *s, struct snapshot *snap)
{
	struct reply *r = (struct reply *)s;
	int err = request(r);

	if (!err)
		err = next(r, snap);
	if (!err && !snap->status)
		err = -EPROTO;
	snap->all_shown = r->settings->rules == RULES_ALL;
	return err;
}

static int reply_rule(struct source *s, unsigned pass, struct fw_rule_line *out)
{
	struct reply *r = (struct reply *)s;
	int err = next(r, NULL);
	long bytes;

	if (err)
		return err;
	if (!r->line || r->pass != pass)
		return r->line && r->pass < pass ? -EPROTO : 0;
	bytes = fw_rule_line_parse(r->line, r->lines_end, out);
	if (bytes < 0)
		return (int)bytes;
	r->line = r->line + bytes < r->lines_end ? r->line + bytes : NULL;
	return 1;
}

static struct fw_rule_sum sum(const json_t *end, const char *name)
{
	const json_t *o = json_object_get(end, name);

	return (struct fw_rule_sum){ count(o, "count"), { count(o, "packets"), count(o, "bytes") } };
}

/* The sums; the number of rules must be the one that fwd has sent. */
static int reply_end(struct source *s, struct snapshot *snap)
{
	struct reply *r = (struct reply *)s;
	int err = next(r, NULL);

	if (err)
		return err;
	if (r->line)
		return -EPROTO;
	snap->rules = sum(r->end, "rules");
	snap->left_out = sum(r->end, "left_out");
	snap->marked_left_out = count(r->end, "marked_left_out");
	return snap->shown.rules == sum(r->end, "shown").rules ? 0 : -EPROTO;
}

static void reply_close(struct source *s)
{
	struct reply *r = (struct reply *)s;

	fw_client_close(r->client);
	json_decref(r->end);
	free(r);
}

static const struct source_ops reply_ops = { "fwd", reply_begin, reply_rule, reply_end, reply_close };

int source_fwd(const struct settings *c, struct source **out)
{
	struct reply *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->source.ops = &reply_ops;
	r->settings = c;
	*out = &r->source;
	return 0;
}

void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}

int source_fwd_check(const struct settings *c, char why[SOURCE_WHY])
{
	fw_cleanup(fw_client_closep) struct fw_client *client = NULL;
	const struct fw_part none = { "{}", 2 };
	const struct fw_message *m = NULL;
	struct reply r = { .source = { .why = "" } };
	int err = fw_client_open(c->socket, SOURCE_SECONDS, &client);

	if (!err)
		err = fw_client_send(client, FW_REQ_STATUS, &none, 1);
	while (!err && !(m && m->kind == FW_REPLY_END))
		err = fw_client_next(client, &m);
	if (!err)
		err = take_end(&r, &m->part[0]);
	json_decref(r.end);
	snprintf(why, SOURCE_WHY, "%s", r.source.why[0] ? r.source.why : strerror(-err));
	return err;
}
