// SPDX-License-Identifier: GPL-2.0-only
/* JSON that commands print: values, and one object per line. */
#include "json.h"
#include "message.h"

#include <string.h>

json_t *ctl_json_text(const char *s)
{
	json_t *j = json_string(s);

	return j ? j : fw_json_text(s);
}

json_t *ctl_json_u64(uint64_t v)
{
	char buf[24];

	if (v <= INT64_MAX)
		return json_integer((json_int_t)v);
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	return json_string(buf);
}

json_t *ctl_json_count(struct fw_count count)
{
	return json_pack("{so so}", "packets", ctl_json_u64(count.packets), "bytes", ctl_json_u64(count.bytes));
}

json_t *ctl_json_rule(uint64_t id, const char *name, enum fw_verdict verdict, const char *text)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_json_rule_begin(&b, id, name, verdict);
	fw_buf_printf(&b, ",\"text\":");
	fw_json_string(&b, text);
	fw_buf_printf(&b, "}");
	return b.failed ? NULL : json_loadb(b.text, b.len, 0, NULL);
}

json_t *ctl_json_rule_of(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };
	json_t *o;

	fw_text_print_rule(&text, rs, rule);
	o = ctl_json_rule(rule->id, rule->name, fw_rule_verdict(rs, rule), text.text);
	if (rule->chain != FW_MAIN)
		json_object_set_new(o, "chain", json_string(rs->chains[rule->chain].name));
	if (fw_rule_audits(rs, rule))
		json_object_set_new(o, "audit", json_string(fw_rule_audits(rs, rule)));
	return o;
}

json_t *ctl_json_diags(const struct fw_diags *ds)
{
	json_t *array = fw_json_diags(ds), *d;
	size_t i;

	json_array_foreach(array, i, d)
	{
		if (!json_object_get(d, "file"))
			json_object_set_new(d, "file", json_null());
	}
	return array;
}

void ctl_json_clean(json_t *o)
{
	const char *s = json_string_value(o), *name;
	json_t *v;
	size_t i;

	if (s) {
		size_t len = json_string_length(o), n = 0, taken;
		fw_autofree char *clean = NULL;

		while (n < len && (taken = fw_utf8_shown(s + n, len - n)))
			n += taken;
		if (n < len)
			clean = fw_escaped(s);
		if (clean)
			json_string_set(o, clean);
	}
	json_array_foreach(o, i, v) ctl_json_clean(v);
	json_object_foreach(o, name, v) ctl_json_clean(v);
}

/* One character as \uXXXX; a byte that is not UTF-8 as U+FFFD. Return: how many bytes of @s it took. */
static size_t put_json_escape(const char *s, size_t left)
{
	uint32_t c = 0xfffd;
	size_t n = fw_utf8_read(s, left, &c);

	if (c > 0xffff)
		printf("\\u%04x\\u%04x", 0xd7c0u + (c >> 10), 0xdc00u | (c & 0x3ff));
	else
		printf("\\u%04x", c);
	return n ? n : 1;
}

void ctl_json_put(const char *text, size_t len)
{
	const char *from = text, *end = text + len;

	for (const char *s = text; s < end;) {
		size_t left, n;

		while (s < end && ((*s >= ' ' && *s <= '~') || *s == '\n')) /* the common case */
			s++;
		left = (size_t)(end - s);
		n = fw_utf8_shown(s, left);
		if (n || !left) {
			s += n;
			continue;
		}
		fwrite(from, 1, (size_t)(s - from), stdout);
		s += put_json_escape(s, left);
		from = s;
	}
	fwrite(from, 1, (size_t)(end - from), stdout);
}

int ctl_json_print(json_t *object)
{
	fw_autofree char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (text)
		ctl_json_put(text, strlen(text));
	if (!text || putchar('\n') == EOF || fflush(stdout)) {
		ctl_error("cannot write JSON");
		return -EIO;
	}
	return 0;
}

static struct {
	json_t *diags;
	bool answered;
} failure;

void ctl_json_failure_diags(const struct fw_diags *ds)
{
	if (ds->n && ctl_note_error(ds->d[0].message))
		failure.diags = ctl_json_diags(ds);
}

void ctl_json_failure_answered(void)
{
	failure.answered = true;
}

void ctl_json_failure(void)
{
	json_t *o;

	if (failure.answered)
		return;
	o = json_pack("{sb so}", "ok", 0, "error", fw_json_text(ctl_first_error()));
	if (failure.diags)
		json_object_set_new(o, "diags", failure.diags);
	ctl_json_print(o);
}
