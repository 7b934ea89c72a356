// SPDX-License-Identifier: GPL-2.0-only
/* JSON objects, as text where there are many, by jansson where there are few. */
#include "fw/json.h"

#include <string.h>

static bool plain(unsigned char ch)
{
	return ch >= 0x20 && ch < 0x7f && ch != '"' && ch != '\\';
}

/* One character, as fw_escape() shows it. Return: how many bytes of @s it took. */
static size_t escape_one(struct fw_buf *b, const char *s, size_t left)
{
	char one[FW_ESCAPE_ONE];
	size_t taken = fw_escape_one(one, s, left);

	if (*one == '"' || *one == '\\')
		fw_buf_add(b, "\\", 1);
	fw_buf_word(b, one);
	return taken;
}

static void escape(struct fw_buf *b, const char *s)
{
	const char *end = s + strlen(s);

	while (s < end) {
		const char *from = s;

		while (plain((unsigned char)*s))
			s++;
		fw_buf_add(b, from, (size_t)(s - from));
		if (s < end)
			s += escape_one(b, s, (size_t)(end - s));
	}
}

void fw_json_string(struct fw_buf *b, const char *s)
{
	if (!s) {
		fw_buf_add(b, "null", 4);
		return;
	}
	fw_buf_add(b, "\"", 1);
	escape(b, s);
	fw_buf_add(b, "\"", 1);
}

/* Escapes what was printed from @from on, for a JSON string. Mostly nothing has to be escaped. */
static void escape_in_place(struct fw_buf *b, size_t from)
{
	const char *s;

	if (b->failed || b->len == from)
		return;
	for (s = b->text + from; plain((unsigned char)*s); s++)
		;
	if (!*s)
		return;

	fw_autofree char *copy = strdup(b->text + from);

	if (!copy) {
		b->failed = true;
		return;
	}
	b->len = from;
	escape(b, copy);
}

static void counters(struct fw_buf *b, const struct fw_count *count)
{
	if (count)
		fw_buf_printf(b, ",\"packets\":%llu,\"bytes\":%llu", (unsigned long long)count->packets,
			      (unsigned long long)count->bytes);
}

void fw_json_rule_begin(struct fw_buf *b, uint64_t id, const char *name, enum fw_verdict verdict)
{
	const char *quote = id > INT64_MAX ? "\"" : ""; /* JSON libraries hold no larger integers */

	fw_buf_printf(b, "{\"id\":%s%llu%s,\"name\":", quote, (unsigned long long)id, quote);
	fw_json_string(b, name);
	fw_buf_printf(b, ",\"verdict\":\"%s\"", fw_verdict_name(verdict));
}

bool fw_json_rule_some(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_json_rule_piece *piece)
{
	const struct fw_rule *rule = piece->rule;
	size_t from;
	bool all;

	if (piece->at->part == FW_RULE_HEAD) {
		fw_json_rule_begin(b, rule->id, rule->name, (enum fw_verdict)fw_rule_verdict(rs, rule));
		if (fw_rule_audits(rs, rule))
			fw_buf_printf(b, ",\"audit\":\"%s\"", fw_rule_audits(rs, rule));
		if (rule->chain != FW_MAIN)
			fw_buf_printf(b, ",\"chain\":\"%s\"", rs->chains[rule->chain].name);
		if (rule->target != FW_MAIN)
			fw_buf_printf(b, ",\"target\":\"%s\"", rs->chains[rule->target].name);
		fw_buf_add(b, ",\"text\":\"", 9);
	}
	from = b->len;
	all = fw_text_print_rule_some(b, rs, rule, piece->at, piece->most);
	escape_in_place(b, from);
	if (!all)
		return false;
	fw_buf_add(b, "\"", 1);
	counters(b, fw_rule_is_plain_call(rule) ? NULL : piece->count);
	fw_buf_printf(b, ",\"slot\":%u}", rule->slot);
	return true;
}

void fw_json_chain(struct fw_buf *b, const struct fw_chain *c)
{
	fw_buf_printf(b, "{\"chain\":\"%s\",\"rules\":%u,\"callers\":%u", c->name, c->nrules, c->calls);
	if (c->owned)
		fw_buf_printf(b, ",\"owner\":%u", c->owner);
	fw_buf_add(b, "}", 1);
}

void fw_json_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
		  const struct fw_count *count)
{
	struct fw_rule_place at = { 0 };

	fw_json_rule_some(b, rs, &(struct fw_json_rule_piece){ rule, count, &at, UINT32_MAX });
}

/* What a policy decided with verdicts that it had before; nothing if there is none. */
static void verdicts_before(struct fw_buf *b, enum fw_verdict is, const struct fw_count count[FW_NTERMINAL])
{
	const char *opens = ",\"before\":[", *closes = "";

	for (unsigned was = 0; was < FW_NTERMINAL; was++) {
		if (was == is || !count[was].packets)
			continue;
		fw_buf_printf(b, "%s{\"verdict\":\"%s\"", opens, fw_verdict_name(was));
		counters(b, &count[was]);
		fw_buf_add(b, "}", 1);
		opens = ",";
		closes = "]";
	}
	fw_buf_printf(b, "%s", closes);
}

void fw_json_policy(struct fw_buf *b, const struct fw_ruleset *rs, enum fw_reason reason,
		    const struct fw_count count[FW_NTERMINAL])
{
	enum fw_verdict is = fw_policy_verdict(rs, reason);
	struct fw_count sum = { 0 };
	size_t from;

	for (unsigned verdict = 0; count && verdict < FW_NTERMINAL; verdict++) {
		if (is != FW_FOLLOW && is != verdict)
			continue;
		fw_count_add(&sum, count[verdict]);
	}
	fw_buf_printf(b, "{\"policy\":\"%s\",\"verdict\":\"%s\",\"set\":%s,\"text\":\"", fw_reason_info[reason].name,
		      fw_verdict_name(is), rs->policy_set[reason] ? "true" : "false");
	from = b->len;
	fw_text_print_policy(b, rs, reason);
	escape_in_place(b, from);
	fw_buf_add(b, "\"", 1);
	counters(b, count ? &sum : NULL);
	if (count && is != FW_FOLLOW)
		verdicts_before(b, is, count);
	fw_buf_add(b, "}", 1);
}

void fw_json_line(struct fw_buf *b, json_t *object)
{
	fw_autofree char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(object);
	if (text)
		fw_buf_printf(b, "%s\n", text);
	else
		b->failed = true;
}

json_t *fw_json_text(const char *s)
{
	fw_autofree char *shown = s ? fw_escaped(s) : NULL;

	return s ? json_string(shown) : json_null();
}

json_t *fw_json_name(const char *name)
{
	return name ? json_string(FW_NAME(name)) : json_null();
}

static json_t *diag(const struct fw_diag *d)
{
	json_t *o = json_pack("{so}", "message", fw_json_text(d->message));

	if (o && d->file[0])
		json_object_set_new(o, "file", fw_json_text(d->file));
	if (o && d->line)
		json_object_set_new(o, "line", json_integer(d->line));
	if (o && d->column)
		json_object_set_new(o, "column", json_integer(d->column));
	if (o && d->hint[0])
		json_object_set_new(o, "hint", fw_json_text(d->hint));
	return o;
}

json_t *fw_json_diags(const struct fw_diags *ds)
{
	json_t *array = json_array();

	for (unsigned i = 0; array && i < ds->n; i++)
		json_array_append_new(array, diag(&ds->d[i]));
	return array;
}

json_t *fw_json_cost(const struct fw_cost_worst *w)
{
	return json_pack("{sf sI sI sI sI}", "seconds", fw_cost_seconds(w->most), "lines", (json_int_t)w->most.lines,
			 "rounds", (json_int_t)w->most.rounds, "pairs", (json_int_t)w->pairs, "blocks",
			 (json_int_t)w->blocks);
}
