// SPDX-License-Identifier: GPL-2.0-only
/* What every command says to the user in the same way: errors, sizes, JSON. */
#include "ctl.h"

#include <stdarg.h>
#include <string.h>

/* The first error that was said, for who reads JSON. */
static struct {
	char error[512];
	json_t *diags;
	bool answered; /* an object says already how it ended */
} failure;

static void note(const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	if (!failure.error[0])
		vsnprintf(failure.error, sizeof(failure.error), fmt, again);
	va_end(again);
}

static json_t *json_diag(const struct fw_diag *d)
{
	json_t *o = json_pack("{so so}", "file", ctl_json_string(d->file[0] ? d->file : NULL), "message",
			      ctl_json_string(d->message));

	if (d->line)
		json_object_set_new(o, "line", json_integer(d->line));
	if (d->column)
		json_object_set_new(o, "column", json_integer(d->column));
	if (d->hint[0])
		json_object_set_new(o, "hint", ctl_json_string(d->hint));
	return o;
}

json_t *ctl_json_diags(const struct fw_diags *ds)
{
	json_t *array = json_array();

	for (unsigned i = 0; ds && i < ds->n; i++)
		json_array_append_new(array, json_diag(&ds->d[i]));
	return array;
}

void ctl_note_diags(const struct fw_diags *ds)
{
	if (failure.error[0] || !ds->n)
		return;
	snprintf(failure.error, sizeof(failure.error), "%s", ds->d[0].message);
	failure.diags = ctl_json_diags(ds);
}

void ctl_note_answer(void)
{
	failure.answered = true;
}

void ctl_json_failure(void)
{
	json_t *o;

	if (failure.answered)
		return;
	o = json_pack("{sb so}", "ok", 0, "error", ctl_json_string(failure.error));
	if (failure.diags)
		json_object_set_new(o, "diags", failure.diags);
	ctl_json_print(o);
}

void ctl_put(FILE *f, const char *s)
{
	char one[FW_ESCAPE_ONE];

	for (size_t left = strlen(s), taken; left; s += taken, left -= taken) {
		taken = fw_escape_one(one, s, left);
		fputs(one, f);
	}
}

static void say(const char *kind, const char *fmt, va_list ap)
{
	fw_autofree char *text = NULL;

	fflush(stdout);
	fputs(kind, stderr);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	ctl_put(stderr, text ? text : "out of memory");
	fputc('\n', stderr);
}

void ctl_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(fmt, ap);
	say("fwctl: ", fmt, ap);
	va_end(ap);
}

void ctl_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("fwctl: warning: ", fmt, ap);
	va_end(ap);
}

void ctl_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("  hint: ", fmt, ap);
	va_end(ap);
}

void ctl_print_failure(const struct fw_diags *ds, const char *what, int err)
{
	if (ds && ds->total)
		ctl_print_diags(ds, NULL);
	else
		ctl_error("%s: %s", what, strerror(-err));
}

const char *ctl_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;

	for (; v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0]); u++)
		v /= 1024;
	snprintf(buf, size, u ? "%.1f %s" : "%.0f %s", v, units[u]);
	return buf;
}

/* The file holds ranges as "0-3,8-11"; the last number is the highest CPU. */
unsigned ctl_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	char text[256] = "";
	size_t last;

	if (!f)
		return 1;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	for (last = strlen(text); last && text[last - 1] >= '0' && text[last - 1] <= '9'; last--)
		;
	return (unsigned)strtoul(text + last, NULL, 10) + 1;
}

bool ctl_is_shown_as(const char *name, const char *shown)
{
	fw_autofree char *escaped = fw_escaped(name);

	return !strcmp(name, shown) || (escaped && !strcmp(escaped, shown));
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

json_t *ctl_json_string(const char *s)
{
	fw_autofree char *shown = s ? fw_escaped(s) : NULL;

	return s ? json_string(shown) : json_null();
}

json_t *ctl_json_text(const char *s)
{
	json_t *j = json_string(s);

	return j ? j : ctl_json_string(s);
}

/* Above what JSON libraries hold as an integer it is a string. */
json_t *ctl_json_u64(uint64_t v)
{
	char buf[24];

	if (v <= INT64_MAX)
		return json_integer((json_int_t)v);
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	return json_string(buf);
}

json_t *ctl_json_rule(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	fw_cleanup(ctl_buf_clear) struct fw_buf text = { 0 };

	fw_text_print_rule(&text, rs, rule);
	return json_pack("{so so ss so}", "id", ctl_json_u64(rule->id), "name", ctl_json_string(rule->name), "verdict",
			 fw_verdict_name(rule->verdict), "text", ctl_json_string(text.text));
}

/* A byte that is no UTF-8 becomes the character that stands for such. */
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

void ctl_put_json(const char *text, size_t len)
{
	const char *from = text, *end = text + len;

	for (const char *s = text; s < end;) {
		size_t left, n;

		while (s < end && ((*s >= ' ' && *s <= '~') || *s == '\n')) /* nearly all of it */
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
		ctl_put_json(text, strlen(text));
	if (!text || putchar('\n') == EOF || fflush(stdout)) {
		ctl_error("cannot write JSON");
		return -EIO;
	}
	return 0;
}
