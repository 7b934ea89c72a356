// SPDX-License-Identifier: GPL-2.0-only
/* The files that sets are read from: their paths and their text. */
#include <limits.h>

#include "lib/text/parse.h"

/* The path as seen from the rules' own directory. */
static char *set_path(const struct fw_parser *p, const char *path)
{
	const char *slash = path[0] == '/' ? NULL : strrchr(p->name, '/');
	int directory = slash ? (int)(slash - p->name) + 1 : 0;
	char *full;

	return asprintf(&full, "%.*s%s", directory, p->name, path) < 0 ? NULL : full;
}

static int find_file(struct fw_parser *p, const char *path, struct fw_place at, struct fw_set_file *out)
{
	int err = p->files->find(p->files->ctx, path, &out->text, &out->len);

	if (err == -ENOMEM)
		return err;
	out->name = path;
	return err ? fw_diag_add(p->ds, at, NULL, "cannot read '%s': %s", path, strerror(-err)) : 0;
}

int fw_set_file_read(struct fw_parser *p, const char *path, struct fw_place at, struct fw_set_file *out)
{
	if (p->files)
		return find_file(p, path, at, out);
	if (!p->name)
		return fw_diag_add(p->ds, at, "list the addresses between '{' and '}'",
				   "sets can be read from files only by rules that are in a file");
	out->own_name = set_path(p, path);
	if (!out->own_name)
		return -ENOMEM;

	int err = fw_text_file_read(out->own_name, at, p->ds, &out->own_text, &out->len);

	out->name = out->own_name;
	out->text = out->own_text;
	return err && err != -ENOMEM ? -EINVAL : err;
}

void fw_set_file_free(struct fw_set_file *f)
{
	free(f->own_name);
	free(f->own_text);
}

/* The path of `set [replace] NAME file "PATH"`; false: the line is something else. */
static bool line_path(const char *line, const char *end, char *out, size_t max)
{
	struct fw_lexer lx = { .s = line, .end = end, .line_start = line, .line = 1 };
	struct fw_token set = fw_lex(&lx), name = fw_lex(&lx), file = fw_lex(&lx), path = fw_lex(&lx);

	if (path.kind == FW_T_WORD && name.kind == FW_T_WORD && fw_str_is(name.text, "replace")) {
		name = file;
		file = path;
		path = fw_lex(&lx);
	}
	return set.kind == FW_T_WORD && fw_str_is(set.text, "set") && name.kind == FW_T_WORD &&
	       file.kind == FW_T_WORD && fw_str_is(file.text, "file") && path.kind == FW_T_STRING &&
	       !fw_str_unescape(path.text, "", (struct fw_place){ 0 }, NULL, out, max);
}

int fw_text_files(const char *text, size_t len, int (*path)(const char *path, void *ctx), void *ctx)
{
	const char *end = text + len, *next;
	char name[PATH_MAX];
	int result = 0;

	for (const char *line = fw_str_behind_mark(text, end); line < end && !result; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line)), *s = line;

		next = newline ? newline + 1 : end;
		while (s < next && (*s == ' ' || *s == '\t'))
			s++;
		if (s < next && *s == 's' && line_path(s, newline ? newline : end, name, sizeof(name)))
			result = path(name, ctx);
	}
	return result;
}
