/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of rules, sets and policies: a text in the language of `fwctl batch`, sent as one transaction. */
#ifndef FWCTL_CHANGE_H
#define FWCTL_CHANGE_H

#include "parts.h"
#include "reply.h"

/* What is printed of a change: for each rule added or changed, and at the end. NULL: nothing. */
struct ctl_change_report {
	const char *chain; /* the text is of rules that take the place of this chain's; NULL: of changes */
	int (*line)(void *ctx, json_t *o); /* as of struct ctl_request */
	void (*summary)(const struct ctl_settings *s, const char *name, const json_t *end); /* name: of the text */
};
/* Sends a text. Return: enum ctl_exit. */
int ctl_change(const struct ctl_settings *s, const struct ctl_parts *t, const struct ctl_change_report *report);
/* Sends words of a command line, which begin with @command. Return: enum ctl_exit. */
int ctl_change_words(const struct ctl_settings *s, const char *command, int n, char **words,
		     const struct ctl_change_report *report);
/* A report's summary: NAME: COUNTS in TIME. */
void ctl_change_print_summary(const struct ctl_settings *s, const char *name, const json_t *end);

#define CTL_CHANGE_JSON                                                                                      \
	"JSON: {op, rule {id, name, verdict, text, ...}} for each rule that was added, replaced or moved;\n" \
	"at last {ok, " CTL_COUNTS_JSON ",\n"                                                                \
	"generation, edits, seconds {parse, compile, store, swap}, rebuilt,\n"                               \
	"warnings (array of {message, hint}), warnings_total}.\n"
#define CTL_CHANGE_JSON_AS_ADD "JSON: as for `fwctl add rule`.\n"

#endif
