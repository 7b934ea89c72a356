// SPDX-License-Identifier: GPL-2.0-only
/* From a snapshot to rules, and the ids that published rules get. */
#include "fw/fleet/snapshot.h"

#include "fw/edit.h"
#include "fw/text.h"

#include <string.h>

#define RULE_WORD "rule"

/* A list file of the snapshot. */
static int find_file(void *ctx, const char *path, const char **text, size_t *len)
{
	const struct fw_message *m = ctx;

	for (unsigned i = 2; i + 1 < m->nparts; i += 2)
		if (m->part[i].len == strlen(path) && !memcmp(m->part[i].data, path, m->part[i].len)) {
			*text = m->part[i + 1].data;
			*len = m->part[i + 1].len;
			return 0;
		}
	return -ENOENT;
}

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

static int adopt(struct fw_ruleset *rs, const struct fw_ruleset *old, struct fw_diags *ds)
{
	struct fw_adoption adoption = { .freed = NULL };
	int err = fw_ruleset_adopt(rs, old, ds, &adoption);

	free(adoption.freed);
	return err;
}

int fw_snapshot_ruleset(const struct fw_message *m, const char *name, const struct fw_ruleset *follows,
			struct fw_ruleset **out, struct fw_diags *ds)
{
	const struct fw_files files = { .find = find_file, .ctx = (void *)m };
	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = fw_ruleset_new(name);
	int err = rs ? 0 : -ENOMEM;

	if (!err && follows)
		err = fw_ruleset_follow(rs, follows);
	if (!err)
		err = fw_text_parse_with(rs, m->part[1].data, m->part[1].len, name, &files, ds);
	if (!err && follows)
		err = adopt(rs, follows, ds);
	if (!err)
		*out = fw_take(rs);
	return err;
}

/* The ids to add, by line; 0: none. NULL: out of memory. */
static uint64_t *ids_by_line(const struct fw_ruleset *rs, size_t nlines)
{
	uint64_t *ids = calloc(nlines + 1, sizeof(*ids));

	for (const struct fw_rule *r = rs->first; ids && r; r = r->next)
		if (!r->own_id && r->line && r->line <= nlines)
			ids[r->line] = r->id;
	return ids;
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 1;

	for (const char *s = text; (s = memchr(s, '\n', len - (size_t)(s - text))); s++)
		n++;
	return n;
}

void fw_snapshot_number(struct fw_buf *out, const struct fw_ruleset *rs, const char *text, size_t len)
{
	size_t nlines = count_lines(text, len);
	fw_autofree uint64_t *ids = ids_by_line(rs, nlines);
	const char *end = text + len;

	out->failed |= !ids;
	for (size_t line = 1; ids && line <= nlines; line++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text)), *next = newline ? newline + 1 : end;
		const char *word = text;

		while (ids[line] && word < next && (*word == ' ' || *word == '\t' || *word == '\r'))
			word++;
		/* A rule's line begins with this word: statements have lines of their own. */
		if (ids[line] && (size_t)(next - word) > strlen(RULE_WORD)) {
			word += strlen(RULE_WORD);
			fw_buf_add(out, text, (size_t)(word - text));
			fw_buf_word(out, " ");
			fw_buf_u64(out, ids[line]);
			text = word;
		}
		fw_buf_add(out, text, (size_t)(next - text));
		text = next;
	}
}
