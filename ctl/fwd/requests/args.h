/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request's part 0 asks for: a JSON object against one table of arguments. Pure. */
#ifndef FWD_ARGS_H
#define FWD_ARGS_H

#include "fw/rule.h"
#include "fw/wire.h"

#include <jansson.h>

enum args_what { ARGS_RULES, ARGS_SETS, ARGS_POLICY };
enum args_shown { ARGS_SELECTED, ARGS_ALL, ARGS_NONE };
enum args_mode { ARGS_AUTO, ARGS_NATIVE, ARGS_GENERIC, ARGS_TC };
enum args_out { ARGS_OUT_AUTO, ARGS_OUT_YES, ARGS_OUT_NO };
extern const char *const args_modes[], *const args_outs[]; /* their names; ended by NULL */

/* Texts and JSON are NULL where an argument is missing; they live as long as @object. */
struct args {
	json_t *object;
	const char *filter, *set, *policy, *dev, *packet, *name;
	const json_t *from, *rule; /* each a REF: see args_rule() */
	const json_t *rules;       /* array of them */
	const json_t *devs;        /* one name, or several: see args_dev() */
	uint64_t limit, top, mark, confirm, max_cost;
	unsigned what, shown, hook, format, mode, out; /* which of the words */
	bool terse, counters, check, diff, empty, later;
};

/**
 * args_decode - the arguments of a request, with defaults for those that are missing
 * @out: given back with args_free(); untouched on failure
 * Return: 0; -EINVAL with a diagnostic that names the argument and what would be right.
 */
int args_decode(enum fw_request request, const char *text, size_t len, struct fw_diags *ds, struct args *out);
void args_free(struct args *a);
/* The @i-th name of an interface; NULL: there are no more. */
const char *args_dev(const struct args *a, size_t i);
/* The rule that a REF means, or NULL with a diagnostic. */
struct fw_rule *args_rule(const struct fw_ruleset *rs, const json_t *ref, struct fw_diags *ds);

#endif
