/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The JSON objects of fwd's socket (docs/fwd.socket.md) and of fwctl. Those of which there may be a million are written
 * directly as text, the others are made by jansson.
 */
#ifndef FW_JSON_H
#define FW_JSON_H

#include "fw/cost.h"
#include "fw/kern.h"
#include "fw/text.h"

#include <jansson.h>

/* Calls @each for every object, one a line. Return: 0; -EPROTO: a line is not an object; or the first error of @each. */
int fw_json_lines(const char *text, size_t len, int (*each)(void *ctx, json_t *object), void *ctx);

/* Writes a JSON string, with its quotes, of text as fw_escape() shows it. NULL becomes null. */
void fw_json_string(struct fw_buf *b, const char *s);
/* Writes the beginning of a rule's object: {"id", "name", "verdict". The caller goes on with a comma, or closes it. */
void fw_json_rule_begin(struct fw_buf *b, uint64_t id, const char *name, enum fw_verdict verdict);
/* Writes a rule: {"id", "name", "verdict", "text", "packets", "bytes", "slot"}. @count: NULL: without counters. */
void fw_json_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
		  const struct fw_count *count);
/* Writes a chain: {"chain" (name), "rules", "callers" (how many rules jump or go to it), "owner" (group, if it has one)}. */
void fw_json_chain(struct fw_buf *b, const struct fw_chain *c);
/* A rule that is written in pieces, as by fw_text_print_rule_some(). */
struct fw_json_rule_piece {
	const struct fw_rule *rule;
	const struct fw_count *count; /* NULL: without counters */
	struct fw_rule_place *at;
	uint32_t most;
};
/* The next piece. Return: is the rule complete? */
bool fw_json_rule_some(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_json_rule_piece *piece);
/* Writes a policy: {"policy", "verdict", "set", "text", "packets", "bytes", "before"}. @count: by verdict; NULL: without counters. */
void fw_json_policy(struct fw_buf *b, const struct fw_ruleset *rs, enum fw_reason reason,
		    const struct fw_count count[FW_NTERMINAL]);
/* Writes an object, which is taken, and a newline. */
void fw_json_line(struct fw_buf *b, json_t *object);
/* An array of {"message", "file", "line", "column", "hint"}. NULL: out of memory. */
json_t *fw_json_diags(const struct fw_diags *ds);
/* A string as fw_escape() shows it, for json_pack()'s "o". NULL becomes null. Return: NULL: out of memory. */
json_t *fw_json_text(const char *s);
/* The name of an interface as FW_NAME() shows it, which requests accept too. */
json_t *fw_json_name(const char *name);
/* The cost of the worst packet. */
json_t *fw_json_cost(const struct fw_cost_worst *w);

#endif
