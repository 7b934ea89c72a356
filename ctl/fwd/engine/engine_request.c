// SPDX-License-Identifier: GPL-2.0-only
/* What is to be loaded: a text and the files of its sets. */
#include "engine_internal.h"

#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)

void engine_load_free(struct engine_load *l)
{
	for (size_t i = 0; i < l->nfiles; i++) {
		free((char *)l->files[i].path);
		if (!l->body)
			free((char *)l->files[i].text);
	}
	free(l->files);
	free(l->name);
	free(l->body ? l->body : l->text);
	l->nfiles = 0;
	l->files = NULL;
	l->name = l->text = l->body = NULL;
}

/* @at: the file that names @path; NULL: none does. */
static int read_file(const char *path, const char *at, struct fw_diags *ds, char **text, size_t *len)
{
	int err = fw_file_read(path, FW_FILE_REGULAR, FILE_BYTES_MAX, text, len);

	if (err && err != -ENOMEM)
		fw_diag_add(ds, (struct fw_place){ at, 0, 0 }, "name a file that fwd can read", "cannot read '%s': %s",
			    path, strerror(-err));
	return err;
}

struct reading {
	struct engine_load *l;
	const char *rules;
	struct fw_diags *ds;
	size_t cap;
};

static bool have(const struct engine_load *l, const char *path)
{
	for (size_t i = 0; i < l->nfiles; i++)
		if (!strcmp(l->files[i].path, path))
			return true;
	return false;
}

/* A relative path starts from the directory of the rules. */
static int file_add(const char *path, void *ctx)
{
	struct reading *r = ctx;
	const char *slash = strrchr(r->rules, '/');
	int dir = slash && path[0] != '/' ? (int)(slash - r->rules) + 1 : 0;
	fw_autofree char *full = NULL, *text = NULL;
	struct store_file file = { 0 };
	int err;

	if (have(r->l, path))
		return 0;
	if (asprintf(&full, "%.*s%s", dir, r->rules, path) < 0)
		return -ENOMEM;
	err = read_file(full, r->rules, r->ds, &text, &file.len);
	if (err)
		return err;
	file.path = strdup(path);
	file.text = text;
	if (!file.path || fw_vec_push(r->l->files, r->l->nfiles, r->cap, file)) {
		free((char *)file.path);
		return -ENOMEM;
	}
	text = NULL;
	return 0;
}

int engine_load_read(const char *path, struct engine_load *out, struct fw_diags *ds)
{
	struct reading r = { .l = out, .rules = path, .ds = ds };
	int err = read_file(path, NULL, ds, &out->text, &out->len);

	if (err)
		return err;
	out->name = strdup(path);
	return out->name ? fw_text_files(out->text, out->len, file_add, &r) : -ENOMEM;
}

static bool says_nothing(const struct fw_ruleset *rs)
{
	bool policies = false;

	for (size_t r = 0; r < FW_NREASONS; r++)
		policies |= rs->policy_set[r];
	return !rs->nrules && !rs->nsets && !policies;
}

int load_check_empty(const struct engine_load *l, const struct fw_ruleset *rs, const struct fw_ruleset *old,
		     struct fw_diags *ds)
{
	const struct fw_place at = { .file = rs->file };
	const char *hint = "was the file cut off? If that is what you want, load it with --yes";

	if (l->empty || l->kind != ENGINE_LOAD || !fw_ruleset_is_open(rs))
		return 0;
	if (old->nrules)
		return fw_diag_add(ds, at, hint,
				   "there are no rules in it and its policy in is accept: it would take the place of "
				   "%zu rule%s",
				   old->nrules, fw_plural(old->nrules));
	if (!fw_ruleset_is_open(old))
		return fw_diag_add(ds, at, hint,
				   "there are no rules in it and its policy in is accept: it would take the place of "
				   "policy in drop");
	return says_nothing(rs) ? fw_diag_add(ds, at, hint, "there is nothing in it: no policy, no set, no rule") : 0;
}
