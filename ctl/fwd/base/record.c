// SPDX-License-Identifier: GPL-2.0-only
/* Records as lines of a log, as JSON and as fields of the journal. Text of users cannot pass for other lines. */
#include "ctl/fwd/base/record.h"

#include "fw/json.h"

#include <string.h>

static const char *const actions[] = {
#define RECORD_NAME(sym, name) [RECORD_##sym] = (name),
	RECORD_ACTIONS(RECORD_NAME)
#undef RECORD_NAME
};

char *record_text(char *out, size_t size, const char *text, size_t len)
{
	return fw_escape(out, size, text, len);
}

char *record_diag(char *out, size_t size, const struct fw_diags *ds, int err)
{
	const struct fw_diag *d = ds && ds->n ? &ds->d[0] : NULL;
	char text[sizeof(d->message) + 32];

	if (d && d->line)
		snprintf(text, sizeof(text), "line %u: %s", d->line, d->message);
	else
		snprintf(text, sizeof(text), "%s", d ? d->message : strerror(-err));
	return record_text(out, size, text, strlen(text));
}

char *record_change(char *out, size_t size, const char *text, size_t len, const char *name)
{
	const char *newline = memchr(text, '\n', len);
	size_t first = newline ? (size_t)(newline - text) : len, next = first;
	char all[256];

	while (next < len && strchr(" \t\n", text[next]))
		next++;
	if (next == len)
		return record_text(out, size, text, first);
	snprintf(all, sizeof(all), "batch %s", name ? name : "");
	return record_text(out, size, all, strlen(all));
}

enum record_ring record_ring(const struct record *r)
{
	const struct fw_diff_counts *c = &r->counts;

	if (r->refused)
		return RECORD_REFUSALS;
	if (r->action == RECORD_CHANGE && !r->confirm_by &&
	    c->elements_added + c->elements_removed + c->elements_prolonged &&
	    !(c->added + c->removed + c->changed + c->moved + c->policies + c->sets_created + c->sets_destroyed +
	      c->chains_created + c->chains_deleted))
		return RECORD_ELEMENTS;
	return RECORD_CHANGES;
}

/* Counts, with their names in text ("1 rule added", "2 policies changed"), in JSON and in the journal. */
static const struct {
	size_t at;
	const char *one, *many, *did, *json, *field;
} counts[] = {
#define COUNT(name, one, many, did, field)                                          \
	{                                                                           \
		offsetof(struct fw_diff_counts, name), one, many, did, #name, field \
	}
	COUNT(added, "rule", "rules", "added", "ADDED"),
	COUNT(removed, "rule", "rules", "removed", "REMOVED"),
	COUNT(changed, "rule", "rules", "changed", "CHANGED"),
	COUNT(moved, "rule", "rules", "moved", "MOVED"),
	COUNT(policies, "policy", "policies", "changed", "POLICIES"),
	COUNT(sets_created, "set", "sets", "created", "SETS_CREATED"),
	COUNT(sets_destroyed, "set", "sets", "destroyed", "SETS_DESTROYED"),
	COUNT(chains_created, "chain", "chains", "created", "CHAINS_CREATED"),
	COUNT(chains_deleted, "chain", "chains", "deleted", "CHAINS_DELETED"),
	COUNT(elements_added, "element", "elements", "added", "ELEMENTS_ADDED"),
	COUNT(elements_removed, "element", "elements", "removed", "ELEMENTS_REMOVED"),
	COUNT(elements_prolonged, "element", "elements", "prolonged", "ELEMENTS_PROLONGED"),
#undef COUNT
};
#define NCOUNTS (sizeof(counts) / sizeof(counts[0]))

static unsigned long long count_of(const struct record *r, size_t i)
{
	return *(const size_t *)(const void *)((const char *)&r->counts + counts[i].at);
}

static bool is_change(const struct record *r)
{
	return !r->refused && (r->action == RECORD_LOAD || r->action == RECORD_FLUSH || r->action == RECORD_CHANGE);
}

/* "load FILE: 3 rules, 1 rule added: REASON, to be confirmed" */
static void text(struct fw_buf *b, const struct record *r)
{
	const char *sep = ": ";

	fw_buf_printf(b, "%s%s", r->refused ? "refused: " : "", r->what);
	if (is_change(r) && r->action != RECORD_CHANGE) {
		fw_buf_printf(b, ": %zu rule%s", r->rules, fw_plural(r->rules));
		sep = ", ";
	}
	for (size_t i = 0; is_change(r) && i < NCOUNTS; i++) {
		unsigned long long n = count_of(r, i);

		if (!n)
			continue;
		fw_buf_printf(b, "%s%llu %s %s", sep, n, n == 1 ? counts[i].one : counts[i].many, counts[i].did);
		sep = ", ";
	}
	if (r->why[0]) {
		fw_buf_printf(b, ": %s", r->why);
		sep = ", ";
	}
	if (r->confirm_by)
		fw_buf_printf(b, "%sto be confirmed", sep);
}

void record_line(struct fw_buf *b, const struct record *r)
{
	text(b, r);
	if (r->who.pid)
		fw_buf_printf(b, ", by %s (pid %d, uid %u)", r->who.process, r->who.pid, r->who.uid);
}

/* As a JSON string. */
static void text_json(struct fw_buf *b, const struct record *r)
{
	fw_cleanup(fw_buf_free) struct fw_buf plain = { 0 };

	text(&plain, r);
	b->failed |= plain.failed;
	fw_json_string(b, plain.text);
}

void record_json(struct fw_buf *b, const struct record *r)
{
	fw_buf_printf(b, "{\"at\":%.3f,\"text\":", r->at);
	text_json(b, r);
	fw_buf_printf(b, ",\"action\":\"%s\",\"what\":", actions[r->action]);
	fw_json_string(b, r->what);
	fw_buf_printf(b, ",\"result\":\"%s\",\"why\":", r->refused ? "refused" : "done");
	fw_json_string(b, r->why[0] ? r->why : NULL);
	fw_buf_printf(b, ",\"pid\":%d,\"uid\":%u,\"process\":", r->who.pid, r->who.uid);
	fw_json_string(b, r->who.pid ? r->who.process : "fwd");
	for (size_t i = 0; is_change(r) && i < NCOUNTS; i++)
		fw_buf_printf(b, ",\"%s\":%llu", counts[i].json, count_of(r, i));
	fw_buf_printf(b, ",\"rules\":%zu", r->rules);
	if (r->confirm_by)
		fw_buf_printf(b, ",\"confirm_by\":%lld", (long long)r->confirm_by);
	fw_buf_add(b, "}", 1);
}

/* A newline would begin another field. */
static void field(struct fw_buf *b, const char *name, const char *value)
{
	fw_autofree char *line = fw_escaped(value);

	b->failed |= !line;
	fw_buf_printf(b, "%s=%s\n", name, line ? line : "");
}

void record_fields(struct fw_buf *b, const struct record *r)
{
	field(b, "FWD_ACTION", actions[r->action]);
	field(b, "FWD_WHAT", r->what);
	fw_buf_printf(b, "FWD_RESULT=%s\nFWD_PID=%d\nFWD_UID=%u\n", r->refused ? "refused" : "done", r->who.pid,
		      r->who.uid);
	field(b, "FWD_PROCESS", r->who.pid ? r->who.process : "fwd");
	if (r->why[0])
		field(b, "FWD_WHY", r->why);
	for (size_t i = 0; is_change(r) && i < NCOUNTS; i++)
		fw_buf_printf(b, "FWD_%s=%llu\n", counts[i].field, count_of(r, i));
	fw_buf_printf(b, "FWD_RULES=%zu\n", r->rules);
}
