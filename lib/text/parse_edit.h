/* SPDX-License-Identifier: GPL-2.0-only */
/* One change under way, shared by changes of rules (parse_edit.c) and of sets (parse_edit_set.c). */
#ifndef FW_TEXT_PARSE_EDIT_H
#define FW_TEXT_PARSE_EDIT_H

#include "lib/text/parse.h"

struct change {
	struct fw_parser p;
	struct fw_buf *log; /* may be NULL */
};

static inline void log_text(struct change *c, const char *s)
{
	if (c->log)
		fw_buf_add(c->log, s, strlen(s));
}

struct verb {
	const char *word;
	int (*change)(struct change *);
};

/* Passes over one of some words, up to NULL, and does what it says. */
int fw_change_dispatch(struct change *c, const struct verb *verbs, const char *expected);

/* Behind the word `set`. */
int fw_change_set(struct change *c);

#endif
