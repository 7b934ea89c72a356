/* SPDX-License-Identifier: GPL-2.0-only */
/* One change under way, shared by changes of rules (parse_edit.c), sets (parse_edit_set.c) and chains (parse_edit_chain.c). */
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
		fw_buf_word(c->log, s);
}

struct verb {
	const char *word;
	int (*change)(struct change *);
};

/* Takes one of the words of @verbs, which end with NULL, and calls its function. 0, -EINVAL with a diagnostic, -ENOMEM. */
int fw_change_dispatch(struct change *c, const struct verb *verbs, const char *expected);

/* Carries out what follows the word `set`. The same results. */
int fw_change_set(struct change *c);
/* The same of the word `chain`. */
int fw_change_chain(struct change *c);

#endif
