/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of rules as lines of text, as fwd's reply to `metrics` brings them: ID
 * PACKETS BYTES VERDICT counter|- NAME|-. Pure.
 */
#ifndef EXPORTER_LINES_H
#define EXPORTER_LINES_H

#include "fw/base.h"

enum line_field { LINE_ID, LINE_PACKETS, LINE_BYTES, LINE_VERDICT, LINE_MARK, LINE_NAME, LINE_NFIELDS };
#define LINE_BYTES_MAX 512 /* of a line, its newline included */

struct line_span {
	const char *s;
	size_t len;
};
bool line_is(struct line_span field, const char *word);
/* What a field that is a number is. UINT64_MAX when it is larger. */
uint64_t line_number(struct line_span field);

/* Fields point into the text. A name of `-` is none and has no bytes. */
struct line {
	struct line_span field[LINE_NFIELDS];
	bool marked; /* named, or says `counter` */
	bool accept;
};

/**
 * line_parse - the line that @text begins with
 * Return: its bytes, the newline included; -EPROTO when it is none, or is not whole.
 */
long line_parse(const char *text, const char *end, struct line *out);

#endif
