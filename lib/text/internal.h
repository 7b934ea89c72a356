/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of lib/text. */
#ifndef FW_TEXT_INTERNAL_H
#define FW_TEXT_INTERNAL_H

#include <string.h>

#include "fw/text.h"
#include "fw/draft.h"

/* Text for a message: escaped, and truncated if it is long. */
#define FW_SHOWN 64
struct fw_shown {
	char s[FW_SHOWN + 4];
};
struct fw_shown fw_str_show(struct fw_str s);
#define FW_SHOW(str) fw_str_show(str).s

static inline bool fw_str_is(struct fw_str a, const char *b)
{
	size_t len = strlen(b);

	return a.len == len && !memcmp(a.s, b, len);
}

/* Skips the byte order mark that some editors write at the start of UTF-8 text. */
static inline const char *fw_str_behind_mark(const char *s, const char *end)
{
	return end - s >= 3 && !memcmp(s, "\xef\xbb\xbf", 3) ? s + 3 : s;
}

/* ` ID [name NAME] { match } verdict [comment STRING]`, with a blank in front. */
void fw_print_rule_body(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule);

/* Prints a string, in quotes and with escapes. */
void fw_print_string(struct fw_buf *b, const char *s);

/* Prints the words that follow a set's file, each after a space. */
void fw_print_set_words(struct fw_buf *b, const struct fw_set *set);

/* fw_file_read() of a file that is no device. 0, -ENOMEM, or -errno with a diagnostic. */
int fw_text_file_read(const char *path, struct fw_place at, struct fw_diags *ds, char **text, size_t *len);

/* A number, decimal or 0x hexadecimal, that fills @s: 0, -EINVAL (no number), -ERANGE (does not fit). */
int fw_str_u64(struct fw_str s, uint64_t *out);

/* A span of time, "90s" or "1h30m", that fills @s: 0, or -EINVAL: it is none from 1s to FW_TIMEOUT_MAX. */
int fw_str_time(struct fw_str s, uint32_t *seconds);
#define FW_TIME_HINT "a time from 1s to 3650d, such as 10m, 1h30m or 7d"

/**
 * fw_str_addr_range - an address, a prefix or a range a-b
 * @at: place of @s, for the diagnostics
 * Return: 0, or -EINVAL with a diagnostic.
 */
int fw_str_addr_range(struct fw_str s, struct fw_place at, struct fw_diags *ds, struct fw_addr_range *out);
/*
 * Addresses of ::ffff:0:0/96, but not the whole of it: programs write IPv4 addresses like that, and no packet has them.
 * fw_addr_refuse_mapped(): always -EINVAL, with the IPv4 ones as a hint.
 */
bool fw_addr_is_mapped(const struct fw_addr_range *r);
int fw_addr_refuse_mapped(const struct fw_addr_range *r, struct fw_str s, struct fw_place at, struct fw_diags *ds);
/* Why a word is not an element; of FW_ADDR_HOST_BITS and FW_ADDR_FINE, *out is the prefix or the range. */
enum fw_addr_fault {
	FW_ADDR_FINE,
	FW_ADDR_NONE,
	FW_ADDR_NO_LENGTH,
	FW_ADDR_HOST_BITS,
	FW_ADDR_TWO_FAMILIES,
	FW_ADDR_EMPTY
};
enum fw_addr_fault fw_str_element(struct fw_str s, struct fw_addr_range *out);
/* Is it an element? *out is undefined when it is not. */
bool fw_str_is_element(struct fw_str s, struct fw_addr_range *out);
/* An address alone: 0 or -EINVAL, no diagnostic. */
int fw_str_addr(struct fw_str s, enum fw_family *family, struct fw_addr *out);
/* Parses an IPv4 network and its mask, 10.0.0.0 and 255.0.0.0. false: they are not, or the address has bits outside the mask. */
bool fw_str_masked(struct fw_str addr, struct fw_str mask, struct fw_addr_range *out);
/* Writes into an empty buffer what to write instead of a word that is not an address. false: no suggestion. */
bool fw_addr_hint(struct fw_str s, struct fw_buf *b);

/**
 * fw_list_read - the elements of a set's file, added to the set
 * @set:  gets the elements; set->words tell the format of the file
 * @name: of the file, for diagnostics
 * @stored: it was accepted before
 *
 * Every bad line gets a diagnostic. With skip-bad, bad lines are only counted, and the ruleset gets one warning.
 * Return: 0, -EINVAL with diagnostics, -ENOMEM.
 */
int fw_list_read(struct fw_ruleset *rs, struct fw_set *set, const char *text, size_t len, const char *name, bool stored,
		 struct fw_diags *ds);

/**
 * fw_str_value - a name, a number or a range a-b of a field's values
 * Return: 0, or -EINVAL with a diagnostic.
 */
int fw_str_value(struct fw_str s, enum fw_field field, bool v6, struct fw_place at, struct fw_diags *ds,
		 struct fw_range *out);
/* TCP flags as VALUE/MASK or VALUE: 0, or -EINVAL with a diagnostic. */
/* A MAC address as two halves of FW_MAC_BITS; false: it is none. */
bool fw_str_mac(struct fw_str s, uint32_t *high, uint32_t *low);
void fw_text_print_mac(struct fw_buf *b, uint32_t high, uint32_t low);
int fw_str_flags(struct fw_str s, enum fw_field field, struct fw_place at, struct fw_diags *ds, struct fw_range *out);

enum fw_token_kind {
	FW_T_END,
	FW_T_NEWLINE,
	FW_T_WORD,
	FW_T_STRING, /* text: between the quotes, escapes not resolved */
	FW_T_OPEN,
	FW_T_CLOSE,
	FW_T_COMMA,
	FW_T_BAD, /* text: a byte, or a string without an end; why: what is wrong */
};
struct fw_token {
	enum fw_token_kind kind;
	struct fw_str text;
	const char *why;
	unsigned line, column;
};
struct fw_lexer {
	const char *s, *end, *line_start;
	unsigned line;
	bool commas; /* a comma between two word characters belongs to the word: syn/syn,ack */
};
/* The next token; after the end: FW_T_END again and again. */
struct fw_token fw_lex(struct fw_lexer *lx);
/* Would these bytes be one word? */
bool fw_lex_is_word(const char *s);

#endif
