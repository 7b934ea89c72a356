// SPDX-License-Identifier: GPL-2.0-only
#include "status.h"

#include <jansson.h>

const char *const agent_error_names[AGENT_NERRORS] = {
#define AGENT_ERROR(sym, word) word,
	AGENT_ERRORS(AGENT_ERROR)
#undef AGENT_ERROR
};

static json_t *text_or_null(const char *s)
{
	return s[0] ? json_string(s) : json_null();
}

static json_t *time_or_null(uint64_t t)
{
	return t ? json_integer((json_int_t)t) : json_null();
}

static json_t *generation(const struct fw_generation *g)
{
	if (!g->number)
		return json_null();
	return json_pack("{sI ss}", "generation", (json_int_t)g->number, "manifest", g->manifest.hex);
}

static json_t *errors(const struct agent_status *s)
{
	json_t *o = json_object();

	for (int i = 0; i < AGENT_NERRORS; i++)
		json_object_set_new(o, agent_error_names[i], json_integer((json_int_t)s->errors[i]));
	return o;
}

void status_print(struct fw_buf *b, const struct agent_setup *setup, const struct agent_status *s, uint64_t heard,
		  uint64_t now)
{
	const struct fw_report *r = &s->report;
	json_t *o = json_pack("{ss ss so ss sI so}", "fleet", setup->config->fleet, "host", r->host, "ring",
			      text_or_null(r->ring), "state", fw_report_state_names[r->state], "since",
			      (json_int_t)r->since, "why", text_or_null(r->why));
	char *text;

	json_object_set_new(o, "running", generation(&r->running));
	json_object_set_new(o, "wanted", generation(&r->wanted));
	json_object_set_new(o, "confirmed", generation(&s->confirmed));
	json_object_set_new(o, "worse", json_boolean(r->worse));
	json_object_set_new(o, "dropped", json_real(r->dropped));
	json_object_set_new(o, "etcd", setup->etcd ? json_boolean(s->connected) : json_null());
	json_object_set_new(o, "heard", time_or_null(heard));
	json_object_set_new(o, "written", time_or_null(now));
	json_object_set_new(o, "errors", errors(s));
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
	b->failed |= !text;
	if (text)
		fw_buf_printf(b, "%s\n", text);
	free(text);
	json_decref(o);
}
