// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file, line by line. */
#include "fw/settings.h"

#include <string.h>

#define FILE_BYTES_MAX 65536

/* A file being parsed. */
struct reader {
	const struct fw_settings *table;
	void *into;
	struct fw_diags *ds;
	struct fw_place at;
	unsigned set_in[FW_SETTINGS_MAX]; /* line of each setting; 0: not set yet */
};

static const struct fw_setting *find(const struct fw_settings *t, const char *name, size_t len)
{
	for (size_t i = 0; i < t->n; i++)
		if (strlen(t->rows[i].name) == len && !memcmp(t->rows[i].name, name, len))
			return &t->rows[i];
	return NULL;
}

static int unknown(const struct reader *r, const char *name, size_t len)
{
	const struct fw_settings *t = r->table;
	char hint[240] = "the settings are";

	for (size_t i = 0, n = strlen(hint); i < t->n && n < sizeof(hint); i++)
		n += (size_t)snprintf(hint + n, sizeof(hint) - n, "%s %s", i ? "," : "", t->rows[i].name);
	return fw_diag_add(r->ds, r->at, hint, "there is no setting '%.*s'", (int)(len < 64 ? len : 64), name);
}

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r';
}

static int assign(struct reader *r, const struct fw_setting *s, const char *value, size_t len)
{
	unsigned *set_in = &r->set_in[s - r->table->rows];
	char text[FW_SETTING_TEXT];

	if (*set_in)
		return fw_diag_add(r->ds, r->at, NULL, "'%s' is already set in line %u", s->name, *set_in);
	*set_in = r->at.line;
	if (len >= sizeof(text) || memchr(value, '\0', len))
		return fw_diag_add(r->ds, r->at, NULL, "'%s' wants %s", s->name, s->want);
	memcpy(text, value, len);
	text[len] = '\0';
	return fw_settings_set(s, r->into, text, r->at, r->ds);
}

/* Parses `SETTING VALUE`, a comment or an empty line. 0, or -EINVAL with a diagnostic. */
static int parse_line(struct reader *r, const char *line, const char *end)
{
	const char *name = line, *name_end, *value;
	const struct fw_setting *s;

	while (end > name && blank(end[-1]))
		end--;
	while (name < end && blank(*name))
		name++;
	if (name == end || *name == '#')
		return 0;
	for (name_end = name; name_end < end && !blank(*name_end); name_end++)
		;
	for (value = name_end; value < end && blank(*value); value++)
		;
	r->at.column = (unsigned)(name - line) + 1;
	s = find(r->table, name, (size_t)(name_end - name));
	if (!s)
		return unknown(r, name, (size_t)(name_end - name));
	r->at.column = (unsigned)(value - line) + 1;
	return assign(r, s, value, (size_t)(end - value));
}

int fw_settings_parse(const struct fw_settings *t, void *into, const char *text, size_t len, const char *name,
		      struct fw_diags *ds)
{
	struct reader r = { .table = t, .into = into, .ds = ds, .at = { .file = name } };
	const char *end = text + len;
	int err = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		r.at.line++;
		if (parse_line(&r, text, line_end))
			err = -EINVAL;
		text = newline ? newline + 1 : end;
	}
	return err;
}

int fw_settings_read(const struct fw_settings *t, void *into, const char *path, bool must, struct fw_diags *ds)
{
	fw_autofree char *text = NULL;
	size_t len = 0;
	int err = fw_file_read(path, FW_FILE_ANY, FILE_BYTES_MAX, &text, &len);

	if (err == -ENOENT && !must)
		return 0;
	if (err) {
		fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "cannot be read: %s", strerror(-err));
		return err;
	}
	return fw_settings_parse(t, into, text, len, path, ds);
}
