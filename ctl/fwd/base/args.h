/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of requests: the JSON object in part 0, checked against one table. Pure. */
#ifndef FWD_ARGS_H
#define FWD_ARGS_H

#include "fw/rule.h"
#include "fw/wire.h"

#include <jansson.h>

enum args_what { ARGS_RULES, ARGS_SETS, ARGS_POLICY, ARGS_CHAINS };
enum args_shown { ARGS_SELECTED, ARGS_ALL, ARGS_NONE };
enum args_mode { ARGS_AUTO, ARGS_NATIVE, ARGS_GENERIC, ARGS_TC };
enum args_out { ARGS_OUT_AUTO, ARGS_OUT_YES, ARGS_OUT_NO };
extern const char *const args_modes[], *const args_outs[]; /* names of args_mode and args_out; ended by NULL */

/* Texts and JSON are NULL if the argument is missing, and valid as long as @object. */
struct args {
	json_t *object;
	const char *query, *set, *policy, *chain, *dev, *packet, *name;
	const json_t *from, *rule; /* each a REF: see args_rule() */
	const json_t *rules;       /* array of REFs */
	const json_t *counts;      /* array of [line, packets, bytes], by line */
	const json_t *devs;        /* one name or an array: see args_dev() */
	uint64_t limit, top, mark, confirm, max_cost, after;
	unsigned what, shown, hook, format, mode, out; /* index of the word, as in the enums above */
	bool terse, counters, check, diff, empty, later, follow, with_bytes, host;
};

/**
 * args_decode - decodes the arguments of a request; missing ones have defaults
 * @out: freed by args_free(); untouched on failure
 * Return: 0; -EINVAL with a diagnostic that names the argument and what it takes.
 */
int args_decode(enum fw_request request, const char *text, size_t len, struct fw_diags *ds, struct args *out);
void args_free(struct args *a);
/* The @i-th interface name of @devs; NULL: there are no more. */
const char *args_dev(const struct args *a, size_t i);
/* The rule that a REF (id or name) refers to; NULL with a diagnostic: there is none. */
struct fw_rule *args_rule(const struct fw_ruleset *rs, const json_t *ref, struct fw_diags *ds);

#endif
