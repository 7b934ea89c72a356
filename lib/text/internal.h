/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of lib/text share. */
#ifndef FW_TEXT_INTERNAL_H
#define FW_TEXT_INTERNAL_H

#include <string.h>

#include "fw/text.h"
#include "lib/rule/internal.h"

/* A stretch of text; not ended by NUL. */
struct fw_str {
	const char *s;
	size_t len;
};
#define FW_STR(s) ((int)((s).len < 80 ? (s).len : 80)), (s).s /* for "%.*s" in messages */

static inline bool fw_str_is(struct fw_str a, const char *b)
{
	size_t len = strlen(b);

	return a.len == len && !memcmp(a.s, b, len);
}

/* Adds bytes as they are. */
void fw_buf_add(struct fw_buf *b, const char *s, size_t len);

/* A whole file in memory; free() @text. 0, -ENOMEM, or -errno with a diagnostic. "-" is standard input. */
int fw_file_read(const char *path, struct fw_place at, struct fw_diags *ds, char **text, size_t *len);

/* A number, decimal or 0x hexadecimal, that fills @s: 0, -EINVAL (no number), -ERANGE (does not fit). */
int fw_str_u64(struct fw_str s, uint64_t *out);

/**
 * fw_str_addr_range - an address, a prefix or a range a-b
 * @at: place of @s, for the diagnostics
 * Return: 0, or -EINVAL with a diagnostic.
 */
int fw_str_addr_range(struct fw_str s, struct fw_place at, struct fw_diags *ds, struct fw_addr_range *out);
/* An address alone: 0 or -EINVAL, no diagnostic. */
int fw_str_addr(struct fw_str s, enum fw_family *family, struct fw_addr *out);

/* The elements of a set's file, added to a set: every bad line is a diagnostic. 0, -EINVAL, -ENOMEM. */
int fw_text_set_elements(struct fw_set *set, const char *text, size_t len, const char *name, struct fw_diags *ds);

/*
 * The nearest of some words, when it is near: fw_nearest_try() with each of
 * them, then fw_nearest_hint() writes "did you mean 'x'?", or nothing.
 */
struct fw_nearest {
	struct fw_str word;
	const char *best;
	unsigned distance;
};
void fw_nearest_try(struct fw_nearest *n, const char *candidate);
const char *fw_nearest_hint(const struct fw_nearest *n, char *buf, size_t size);

/* Names of a field's values, with those of ethertypes and fragments that only the grammar has. */
const struct fw_name *fw_grammar_names(enum fw_field field, bool v6);
/* What a message calls the ethertypes of `ip` and `ip6`. */
#define FW_ETHERTYPE_IP 0x0800
#define FW_ETHERTYPE_IP6 0x86dd

/* Names of the TCP flags, bit 0 first. */
extern const char *const fw_flag_names[8];

#endif
