/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON on standard output. What nobody would see on a terminal (controls, invisible characters, bytes that are not UTF-8)
 * is escaped before it is printed.
 */
#ifndef FWCTL_JSON_H
#define FWCTL_JSON_H

#include "fw/json.h"

#include <jansson.h>

/* A text of fwd's languages: unchanged if it is UTF-8, else escaped. */
json_t *ctl_json_text(const char *s);
/* A number; above INT64_MAX, which JSON libraries do not hold, a string. */
json_t *ctl_json_u64(uint64_t v);
/* {"packets", "bytes"} */
json_t *ctl_json_count(struct fw_count count);
/* {"id", "name", "verdict", "text"}; @name and @text may be NULL. */
json_t *ctl_json_rule(uint64_t id, const char *name, enum fw_verdict verdict, const char *text);
/* The same of a rule of a ruleset. */
json_t *ctl_json_rule_of(const struct fw_ruleset *rs, const struct fw_rule *rule);
/* As fw_json_diags(); "file" is null where there is none. */
json_t *ctl_json_diags(const struct fw_diags *ds);

/* Escapes all strings of a value in place; NULL is fine. */
void ctl_json_clean(json_t *o);
/* Prints JSON that is text already; escapes by \u what its writer left unescaped. */
void ctl_json_put(const char *text, size_t len);
/* One object on one line; takes @object. Return: 0, or -EIO. */
int ctl_json_print(json_t *object);

/*
 * A command that fails with --json ends by an object too: {"ok": false, "error", "diags"}, of its first error, unless it
 * printed an answer of fwd that holds the error.
 */
void ctl_json_failure(void);
/* The diagnostics are the error, unless one was printed before. */
void ctl_json_failure_diags(const struct fw_diags *ds);
/* An answer of fwd was printed. */
void ctl_json_failure_answered(void);

#endif
