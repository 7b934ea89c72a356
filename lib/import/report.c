// SPDX-License-Identifier: GPL-2.0-only
/* The report that all importers write, and its words. */
#include <stdarg.h>

#include "lib/import/import.h"

const char *const fw_import_format_names[] = {
#define NAME(sym, name) name,
	FW_IMPORT_FORMATS(NAME)
#undef NAME
		NULL,
};

const char *const fw_import_reason_words[] = {
#define WORD(sym, word, text) word,
	FW_IMPORT_REASONS(WORD)
#undef WORD
};

const char *const fw_import_reason_texts[] = {
#define TEXT(sym, word, text) text,
	FW_IMPORT_REASONS(TEXT)
#undef TEXT
};

void fw_import_report_free(struct fw_import_report *r)
{
	free(r->lines);
	fw_region_free(&r->mem);
	*r = (struct fw_import_report){ 0 };
}

struct fw_import_line *import_note(struct import *im, const struct import_place *at, enum fw_import_reason reason,
				   const char *message, ...)
{
	struct fw_import_report *r = im->report;
	struct fw_import_line line = { .file = at->file->name,
				       .line = at->line,
				       .column = at->column,
				       .reason = reason,
				       .text = at->text,
				       .len = at->len,
				       .counts = SIZE_MAX };
	char text[512];
	va_list args;

	if (message) {
		va_start(args, message);
		vsnprintf(text, sizeof(text), message, args);
		va_end(args);
		line.message = fw_region_strdup(&r->mem, text, strlen(text));
		if (!line.message)
			return NULL;
	}
	if (fw_vec_push(r->lines, r->n, r->cap, line))
		return NULL;
	r->refused += reason > FW_IMPORT_AS_KERNEL;
	return &r->lines[r->n - 1];
}
