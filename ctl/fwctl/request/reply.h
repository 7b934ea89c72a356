/* SPDX-License-Identifier: GPL-2.0-only */
/* What fwd answers: fields of its objects, and what many commands print of them. */
#ifndef FWCTL_REPLY_H
#define FWCTL_REPLY_H

#include "ctl/fwctl/command_line/command.h"

#include "fw/base.h"

#include <jansson.h>

/* A field of an object; a missing one is 0 or "". */
uint64_t ctl_field_u64(const json_t *o, const char *name);
double ctl_field_real(const json_t *o, const char *name);
const char *ctl_field_text(const json_t *o, const char *name);

/* Diagnostics of an array as ctl_json_diags() makes it, added to @ds. */
void ctl_diags_of(const json_t *array, struct fw_diags *ds);
/* The warnings of an END, added to @ds. */
void ctl_warnings_of(const json_t *end, struct fw_diags *ds);
/* The sum of the stages of END's "seconds". */
double ctl_seconds_of(const json_t *end);

/* The counters of an object, by ctl_print_count(). */
void ctl_print_counts(const json_t *o);
/* As wide, of what counts nothing. */
void ctl_print_no_counts(void);

/* What a load or a change did, from END: all counts, those of a change, or those but for rules. */
void ctl_print_load_counts(const json_t *end);
void ctl_print_change_counts(const json_t *end);
void ctl_print_other_counts(const json_t *end);
/* The same fields, for the help. */
#define CTL_COUNTS_JSON                                                                \
	"added, removed, changed, moved, kept, policies, sets {created, destroyed},\n" \
	"chains {created, deleted, changed} (if any are), elements {added, removed, prolonged (if any are)}"

/* --confirm: adds it to the arguments of a request; and prints by when to confirm what was done. */
void ctl_confirm_add(const struct ctl_settings *s, json_t *args);
void ctl_confirm_print(const struct ctl_settings *s, const char *heading);

#endif
