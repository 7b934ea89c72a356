// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors with their place, as compilers show them:
 *
 *	FILE:LINE:COLUMN: message
 *	  the line as it stands there
 *	      ^
 *	  hint: what would be right
 */
#include "ctl.h"

#include <string.h>
#include <sys/stat.h>

#define SHOWN 110 /* bytes of a line that are shown, at most */
#define BEFORE 70 /* bytes before the column, when the line is longer */

struct text {
	const char *s;
	size_t len;
};

/* NULL: there is no such line. */
static struct text line_of(struct text all, unsigned number)
{
	const char *end = all.s + all.len;

	for (const char *s = all.s; s < end;) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		const char *stop = newline ? newline : end;

		if (!--number)
			return (struct text){ s, (size_t)(stop - s) };
		s = stop + 1;
	}
	return (struct text){ NULL, 0 };
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Long lines are cut around the column, not inside a character. */
static struct text cut(struct text line, unsigned *column)
{
	size_t skip = 0;

	if (line.len > SHOWN && *column > BEFORE)
		skip = *column - BEFORE;
	while (skip && skip < line.len && is_continuation(line.s[skip]))
		skip++;
	line.s += skip;
	line.len -= skip;
	*column -= (unsigned)skip;
	if (line.len > SHOWN)
		line.len = SHOWN;
	return line;
}

/* The mark stands below the column also behind tabs and characters of several bytes. */
static void print_marked(struct text line, unsigned column)
{
	if (!line.s || !column || column > line.len + 1)
		return;
	if (line.len >= 3 && column > 3 && !memcmp(line.s, "\xef\xbb\xbf", 3)) { /* a byte order mark takes no place */
		line = (struct text){ line.s + 3, line.len - 3 };
		column -= 3;
	}
	line = cut(line, &column);
	fputs("  ", stderr);
	for (size_t i = 0, n; i < line.len; i += n) {
		n = fw_utf8_len(line.s + i, line.len - i);
		if (n)
			fwrite(line.s + i, 1, n, stderr);
		else
			fputc(line.s[i] == '\t' ? '\t' : ' ', stderr);
		n = n ? n : 1;
	}
	fputs("\n  ", stderr);
	for (size_t i = 0; i + 1 < column; i++)
		if (!is_continuation(line.s[i]))
			fputc(line.s[i] == '\t' ? '\t' : ' ', stderr);
	fputs("^\n", stderr);
}

/* A line of a file; only of regular ones, whose reading can neither block nor change anything. */
static char *file_line(const char *path, unsigned number, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	struct stat st;
	ssize_t got = -1;

	if (!f)
		return NULL;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode))
		while (number-- && (got = getline(&line, &cap, f)) > 0)
			;
	fclose(f);
	if (got <= 0) {
		free(line);
		return NULL;
	}
	*len = (size_t)got - (line[got - 1] == '\n');
	return line;
}

static const struct ctl_source *source_of(const struct fw_diag *d, const struct ctl_source *sources)
{
	const struct ctl_source *any = NULL;

	for (; sources; sources = sources->next) {
		if (sources->name && !strcmp(sources->name, d->file))
			return sources;
		any = sources->name ? any : sources;
	}
	return any;
}

static void print_source(const struct fw_diag *d, const struct ctl_source *source)
{
	fw_autofree char *line = NULL;
	size_t len;

	if (!d->line && !(source && !source->name))
		return;
	if (source) {
		print_marked(line_of((struct text){ source->text, source->len }, d->line ? d->line : 1), d->column);
		return;
	}
	line = file_line(d->file, d->line, &len);
	if (line)
		print_marked((struct text){ line, len }, d->column);
}

static void print_diag(const struct fw_diag *d, const struct ctl_source *sources)
{
	const struct ctl_source *source = source_of(d, sources);
	struct fw_diag head = *d;
	char buf[1024];

	head.hint[0] = '\0';
	if (source && !source->name)
		head.file[0] = '\0';
	else if (source && source->shown)
		snprintf(head.file, sizeof(head.file), "%s", source->shown);
	fputs(head.file[0] ? "" : "fwctl: ", stderr);
	ctl_put(stderr, fw_diag_format(&head, buf, sizeof(buf)));
	fputc('\n', stderr);
	print_source(d, source);
	if (d->hint[0])
		ctl_hint("%s", d->hint);
}

void ctl_print_warnings(const struct fw_diags *ds)
{
	char buf[1024];

	for (unsigned i = 0; ds && i < ds->n; i++) {
		struct fw_diag head = ds->d[i];

		head.hint[0] = '\0';
		ctl_warn("%s", fw_diag_format(&head, buf, sizeof(buf)));
		if (ds->d[i].hint[0])
			ctl_hint("%s", ds->d[i].hint);
	}
	if (ds && ds->total > ds->n)
		ctl_warn("%u more not shown", ds->total - ds->n);
}

void ctl_print_diags(const struct fw_diags *ds, const struct ctl_source *sources)
{
	ctl_note_diags(ds);
	fflush(stdout);
	for (unsigned i = 0; i < ds->n; i++)
		print_diag(&ds->d[i], sources);
	if (ds->total > ds->n)
		fprintf(stderr, "%u more not shown\n", ds->total - ds->n);
	if (ds->n && ds->d[0].file[0] && !(sources && !sources->name))
		fprintf(stderr, "%u error%s\n", ds->total, fw_plural(ds->total));
}
