// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors with their place, as compilers show them:
 *
 *	FILE:LINE:COLUMN: message
 *	  the line of the file
 *	      ^
 *	  hint: what would be right
 */
#include "diags.h"
#include "json.h"
#include "message.h"

#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

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

/* Long lines are cut around the column, not inside a character. */
static struct text cut(struct text line, unsigned *column)
{
	size_t skip = 0;

	if (line.len > SHOWN && *column > BEFORE)
		skip = fw_utf8_cut(line.s, line.len, *column - BEFORE);
	line.s += skip;
	line.len -= skip;
	*column -= (unsigned)skip;
	line.len = fw_utf8_cut(line.s, line.len, SHOWN);
	return line;
}

/* Columns of a character on a terminal: 0 for combining marks, 2 for wide characters. */
static int width_of(const char *s, size_t n)
{
	uint32_t code = ' ';
	int width;

	fw_utf8_read(s, n, &code);
	width = wcwidth((wchar_t)code);
	return width < 0 ? 1 : width;
}

/* Prints one character, and adds as many blanks to @mark. Return: its bytes in the line. */
static size_t print_char(const char *s, size_t left, struct fw_buf *mark)
{
	char one[FW_ESCAPE_ONE];
	size_t n = fw_escape_one(one, s, left);

	if (*s == '\t') {
		fputc('\t', stderr);
		fw_buf_add(mark, "\t", 1);
		return 1;
	}
	fputs(one, stderr);
	fw_buf_printf(mark, "%*s", fw_utf8_shown(s, left) ? width_of(s, n) : (int)strlen(one), "");
	return n;
}

/* The mark is below the column even after tabs, wide characters, and those that are shown as several. */
static void print_marked(struct text line, unsigned column)
{
	fw_cleanup(fw_buf_free) struct fw_buf mark = { 0 };
	size_t marked = 0;

	if (!line.s || !column || column > line.len + 1)
		return;
	if (line.len >= 3 && column > 3 && !memcmp(line.s, "\xef\xbb\xbf", 3)) { /* a byte order mark is not shown */
		line = (struct text){ line.s + 3, line.len - 3 };
		column -= 3;
	}
	line = cut(line, &column);
	fputs("  ", stderr);
	for (size_t i = 0; i < line.len;) {
		i += print_char(line.s + i, line.len - i, &mark);
		if (i < column)
			marked = mark.len;
	}
	fprintf(stderr, "\n  %.*s^\n", (int)marked, mark.text ? mark.text : "");
}

/* A line of a file, to be freed; only of regular ones, which can be read without blocking or side effects. */
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

bool ctl_is_shown_as(const char *name, const char *shown)
{
	fw_autofree char *escaped = fw_escaped(name);

	return !strcmp(name, shown) || (escaped && !strcmp(escaped, shown));
}

/* The source that a diagnostic refers to; else the words of the command line; NULL: neither is there. */
/* The source that a diagnostic refers to; else the words of the command line; NULL: neither is there. */
static const struct ctl_source *source_of(const struct fw_diag *d, const struct ctl_source *sources)
{
	const struct ctl_source *any = NULL;

	for (; sources; sources = sources->next) {
		if (sources->name && ctl_is_shown_as(sources->name, d->file))
			return sources;
		any = sources->name ? any : sources;
	}
	return any;
}

/* The line that a diagnostic is about, marked, if it can be found. */
/* The line that a diagnostic is about, marked, if it can be found. */
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

/* Place, message, line and hint. Words of the command line have no name; a source may be printed under another one. */
/* Place, message, line and hint. Words of the command line have no name; a source may be printed under another one. */
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
	ctl_json_failure_diags(ds);
	fflush(stdout);
	for (unsigned i = 0; i < ds->n; i++)
		print_diag(&ds->d[i], sources);
	if (ds->total > ds->n)
		fprintf(stderr, "%u more not shown\n", ds->total - ds->n);
	if (ds->n && ds->d[0].file[0] && !(sources && !sources->name))
		fprintf(stderr, "%u error%s\n", ds->total, fw_plural(ds->total));
}

void ctl_print_failure(const struct fw_diags *ds, const char *what, int err)
{
	if (ds && ds->total)
		ctl_print_diags(ds, NULL);
	else
		ctl_error("%s: %s", what, strerror(-err));
}
