/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON objects that replies are made of (docs/fwd.socket.md), written straight into text: a list may have a million. */
#ifndef FWD_TO_JSON_H
#define FWD_TO_JSON_H

#include "fw/cost.h"
#include "fw/kern.h"
#include "fw/text.h"

#include <jansson.h>

/* A JSON string with its quotes, of text as fw_escape() shows it, so that no reader gets more than that. NULL becomes null. */
void to_json_string(struct fw_buf *b, const char *s);
/* @count NULL: without counters. */
void to_json_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
		  const struct fw_count *count);
/* In pieces, as fw_text_print_rule_some(). */
bool to_json_rule_some(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
		       const struct fw_count *count, struct fw_rule_place *at, uint32_t most);
/* @count: by enum fw_verdict. */
void to_json_policy(struct fw_buf *b, const struct fw_ruleset *rs, enum fw_reason reason,
		    const struct fw_count count[FW_NTERMINAL]);
/* An object made by jansson, which is taken, and a newline. */
void to_json_line(struct fw_buf *b, json_t *object);
/* Diagnostics as an array, or NULL when memory is out. */
json_t *to_json_diags(const struct fw_diags *ds);
/* The same for json_pack()'s "o": never NULL but when memory is out. */
json_t *to_json_text(const char *s);
/* The name of an interface, as FW_NAME() shows it, so that it can be asked for by what is said. */
json_t *to_json_name(const char *name);
/* What the dearest packet costs. */
json_t *to_json_cost(const struct fw_cost_worst *w);

#endif
