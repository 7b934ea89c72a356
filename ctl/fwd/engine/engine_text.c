// SPDX-License-Identifier: GPL-2.0-only
/* Texts of rules with the files that their sets are read from: reads them from disk and parses them into a ruleset. */
#include "engine_text.h"

#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)

void engine_load_free(struct engine_load *l)
{
	struct store_text *t = &l->source;

	for (size_t i = 0; i < t->nfiles; i++) {
		free((char *)t->files[i].path);
		if (!l->body)
			free((char *)t->files[i].text);
	}
	free((void *)t->files);
	free((char *)t->name);
	free(fw_take(l->begins));
	free(l->body ? l->body : (char *)t->text);
	*t = (struct store_text){ .name = NULL };
	l->body = NULL;
}

int text_find_file(void *ctx, const char *path, const char **text, size_t *len)
{
	const struct store_text *t = ctx;

	for (size_t i = 0; i < t->nfiles; i++) {
		if (strcmp(t->files[i].path, path))
			continue;
		*text = t->files[i].text;
		*len = t->files[i].len;
		return 0;
	}
	return -ENOENT;
}

int text_parse(const struct store_text *t, bool accepted, struct fw_ruleset *rs, struct fw_diags *ds)
{
	const struct fw_files files = { text_find_file, (void *)t, accepted };
	const char *name = t->name ? t->name : "<text>";

	if (t->format == FW_FORMAT_RULES)
		return fw_text_parse_with(rs, t->text, t->len, name, &files, ds);
	if (t->format >= FW_NFORMATS)
		return fw_diag_add(ds, (struct fw_place){ name, 0, 0 }, "it was stored by a newer fwd: use that one",
				   "the ruleset has a format that this fwd does not know");
	return fw_text_parser_of(t->format)(rs, t->text, t->len, name, ds);
}

/* @at: the file that names @path, or NULL. 0, -errno with a diagnostic or -ENOMEM. */
static int read_file(const char *path, const char *at, struct fw_diags *ds, char **text, size_t *len)
{
	int err = fw_file_read(path, FW_FILE_REGULAR, FILE_BYTES_MAX, text, len);

	if (err && err != -ENOMEM)
		fw_diag_add(ds, (struct fw_place){ at, 0, 0 }, "name a file that fwd can read", "cannot read '%s': %s",
			    path, strerror(-err));
	return err;
}

struct reading {
	struct store_text *t;
	struct store_file *files; /* of @t, for writing */
	size_t cap;
	const char *rules;
	struct fw_diags *ds;
};

static bool have(const struct store_text *t, const char *path)
{
	const char *text;
	size_t len;

	return !text_find_file((void *)t, path, &text, &len);
}

/* A relative path is relative to the directory of the rules. */
static int file_add(const char *path, void *ctx)
{
	struct reading *r = ctx;
	const char *slash = strrchr(r->rules, '/');
	int dir = slash && path[0] != '/' ? (int)(slash - r->rules) + 1 : 0;
	fw_autofree char *full = NULL, *text = NULL;
	struct store_file file = { 0 };
	int err;

	if (have(r->t, path))
		return 0;
	if (asprintf(&full, "%.*s%s", dir, r->rules, path) < 0)
		return -ENOMEM;
	err = read_file(full, r->rules, r->ds, &text, &file.len);
	if (err)
		return err;
	file.path = strdup(path);
	file.text = text;
	if (!file.path || fw_vec_push(r->files, r->t->nfiles, r->cap, file)) {
		free((char *)file.path);
		return -ENOMEM;
	}
	r->t->files = r->files;
	text = NULL;
	return 0;
}

int engine_load_read(const char *path, struct engine_load *out, struct fw_diags *ds)
{
	struct store_text *t = &out->source;
	struct reading r = { .t = t, .rules = path, .ds = ds };
	char *text;
	int err = read_file(path, NULL, ds, &text, &t->len);

	if (err)
		return err;
	t->text = text;
	t->name = strdup(path);
	return t->name ? fw_text_files(text, t->len, file_add, &r) : -ENOMEM;
}

static bool is_blank(const struct fw_ruleset *rs)
{
	bool policies = false;

	for (size_t r = 0; r < FW_NREASONS; r++)
		policies |= rs->policy_set[r];
	return !rs->nrules && !rs->nsets && !policies;
}

int text_check_empty(const struct engine_load *l, const struct fw_ruleset *rs, const struct fw_ruleset *old,
		     struct fw_diags *ds)
{
	const struct fw_place at = { .file = rs->file };
	const char *hint = "was the file cut off? If that is what you want, load it with --yes";
	int closed;

	if (l->empty || l->kind != ENGINE_LOAD || !fw_ruleset_is_open(rs))
		return 0;
	if (old->nrules)
		return fw_diag_add(ds, at, hint,
				   "there are no rules in it and its policy in is accept: it would take the place of "
				   "%zu rule%s",
				   old->nrules, fw_plural(old->nrules));
	closed = fw_ruleset_closed_by(old);
	if (closed >= 0)
		return fw_diag_add(ds, at, hint,
				   "there are no rules in it and its policy in is accept: it would take the place of "
				   "policy %s %s",
				   fw_reason_info[closed].name,
				   fw_verdict_name(fw_policy_verdict(old, (enum fw_reason)closed)));
	return is_blank(rs) ? fw_diag_add(ds, at, hint, "there is nothing in it: no policy, no set, no rule") : 0;
}
