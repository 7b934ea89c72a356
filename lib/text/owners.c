// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of users and groups as numbers: /etc/passwd and /etc/group, read once per text. Not getpwnam(): the meaning of a rule
 * must not depend on a network.
 */
#include "lib/text/parse.h"

/* The next field of a line of fields with colons between them. */
static struct fw_str next_field(const char **at, const char *end)
{
	const char *from = *at, *colon = memchr(from, ':', (size_t)(end - from));

	*at = colon ? colon + 1 : end;
	return (struct fw_str){ from, (size_t)((colon ? colon : end) - from) };
}

/* `NAME:PASSWORD:NUMBER:...` with this name. */
static bool is_line_of(const char *line, const char *end, struct fw_str name, uint64_t *number)
{
	struct fw_str first = next_field(&line, end);

	if (first.len != name.len || memcmp(first.s, name.s, name.len) != 0)
		return false;
	next_field(&line, end);
	return !fw_str_u64(next_field(&line, end), number);
}

static bool find(const struct fw_names_file *f, struct fw_str name, uint64_t *number)
{
	const char *end = f->text + f->len, *next;

	for (const char *line = f->text; f->len && line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		next = newline ? newline + 1 : end;
		if (is_line_of(line, newline ? newline : end, name, number))
			return true;
	}
	return false;
}

int fw_parse_owner(struct fw_parser *p, enum fw_field field, struct fw_range *out)
{
	struct fw_names_file *file = field == FW_F_UID ? &p->users : &p->groups;
	const char *path = field == FW_F_UID ? "/etc/passwd" : "/etc/group";
	struct fw_str s = p->tok.text;
	struct fw_place at = fw_parser_here(p);
	uint64_t number;
	char hint[64];

	if (!fw_str_value(s, field, false, at, NULL, out))
		return 0;
	if (s.len && s.s[0] >= '0' && s.s[0] <= '9')
		return fw_str_value(s, field, false, at, p->ds, out);
	fw_names_file_read(file, path);
	if (find(file, s, &number) && number <= fw_field_info[field].max) {
		p->rs->names_services |= !p->edit; /* changes are written down with numbers */
		*out = (struct fw_range){ (uint32_t)number, (uint32_t)number };
		return 0;
	}
	snprintf(hint, sizeof(hint), "a number, or a name that is in %s", path);
	return fw_diag_add(p->ds, at, hint, "'%s' is not a %s", FW_SHOW(s), field == FW_F_UID ? "user" : "group");
}
