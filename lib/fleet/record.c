// SPDX-License-Identifier: GPL-2.0-only
/* Records: structs as JSON objects, by tables. */
#include "record.h"

#include <stdarg.h>
#include <string.h>

int fw_record_error(char why[256], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (why)
		vsnprintf(why, 256, fmt, ap);
	va_end(ap);
	return -EPROTO;
}

static const struct fw_record_row *row_of(const struct fw_record *r, const char *name)
{
	for (const struct fw_record_row *row = r->rows; row < r->rows + r->n; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

/* Is each member known? */
static int check_names(const struct fw_record *r, const json_t *object, const char **bad, char why[256])
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)object, name, v)
	{
		if (row_of(r, name))
			continue;
		if (bad)
			*bad = name;
		return fw_record_error(why, "%s has no member `%.40s`", r->what, name);
	}
	return 0;
}

static int read_row(const struct fw_record *r, const struct fw_record_row *row, const json_t *object, void *out,
		    char why[256])
{
	const json_t *v = json_object_get(object, row->name);
	int err;

	if (!v)
		return row->optional ? 0 : fw_record_error(why, "%s needs `%s`: %s", r->what, row->name, row->want);
	err = row->parse(row, v, (char *)out + row->at);
	return err == -EINVAL ? fw_record_error(why, "`%s` has to be %s", row->name, row->want) : err;
}

int fw_record_read(const struct fw_record *r, const json_t *object, void *out, const char **bad, char why[256])
{
	int err;

	if (!json_is_object(object))
		return fw_record_error(why, "%s has to be an object", r->what);
	err = check_names(r, object, bad, why);
	for (const struct fw_record_row *row = r->rows; !err && row < r->rows + r->n; row++) {
		err = read_row(r, row, object, out, why);
		if (err && bad)
			*bad = row->name;
	}
	return err;
}

json_t *fw_record_json(const struct fw_record *r, const void *in)
{
	json_auto_t *o = json_object();

	for (const struct fw_record_row *row = r->rows; row < r->rows + r->n; row++) {
		json_t *v = row->print(row, (const char *)in + row->at);

		if (!v && row->optional)
			continue;
		if (json_object_set_new(o, row->name, v))
			return NULL;
	}
	return json_incref(o);
}

int fw_record_parse(const struct fw_record *r, const char *text, size_t len, void *out, char why[256])
{
	json_error_t error;
	json_auto_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!o)
		return fw_record_error(why, "%s is no JSON: %s", r->what, error.text);
	return fw_record_read(r, o, out, NULL, why);
}

void fw_record_print(const struct fw_record *r, const void *in, struct fw_buf *b)
{
	json_auto_t *o = fw_record_json(r, in);
	fw_autofree char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

	if (text)
		fw_buf_word(b, text);
	else
		b->failed = true;
}
