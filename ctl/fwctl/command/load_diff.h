/* SPDX-License-Identifier: GPL-2.0-only */
/* What another ruleset changes, for people. */
#ifndef FWCTL_LOAD_DIFF_H
#define FWCTL_LOAD_DIFF_H

#include <jansson.h>

/* Prints one object of `load --diff`; as `line` of struct ctl_request. */
int ctl_load_diff_print(void *ctx, json_t *o);
/* Its fields, for the help. */
#define CTL_LOAD_DIFF_JSON                                                                                          \
	"JSON: with --diff {change: policy, policy, old}, {change: set, set, is, removed, removed_ranges, added,\n" \
	"added_ranges} and {change: added, removed, changed or moved, rule, old, after} for each that differs;\n"

#endif
