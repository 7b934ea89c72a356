/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a list that is being read: shared by the forms of lines (list.c) and the hints for bad ones (list_hint.c). */
#ifndef FW_TEXT_LIST_H
#define FW_TEXT_LIST_H

#include "lib/text/internal.h"

/* What a line is; 0: none of these. */
enum { FW_LIST_ELEMENT = 1, FW_LIST_NOTHING };

struct fw_list {
	struct fw_set *set;
	struct fw_str ipset;          /* the set that `add` lines name; empty: none so far */
	bool expires;                 /* its elements expire, unless they have `timeout 0` */
	bool stored;                  /* the list was accepted before */
	struct fw_addr_range element; /* the addresses of the line that is read, if it holds any */
	bool mapped;                  /* they are IPv4-mapped, which is refused */
	bool began;                   /* a line of columns has been read */
	size_t skipped;               /* bad lines */
	unsigned first_bad;           /* line */
	struct fw_diags bad;          /* of that line */
};

/* The words of a line, with blanks between; the rest of a longer line is left out. */
#define FW_LIST_WORDS 24
struct fw_list_words {
	struct fw_str word[FW_LIST_WORDS];
	unsigned n;
};
void fw_list_words(struct fw_str s, struct fw_list_words *out);
/* Without blanks and carriage returns at both ends. */
struct fw_str fw_list_trim(const char *s, const char *end);
/* A line without surrounding blanks, comment ('#', ';' or '//') and trailing comma. */
struct fw_str fw_list_body(struct fw_str line);
/*
 * Does the comment of @line begin with another @element, as in `192.0.2.1;192.0.2.2`? Such a comment must have a blank before
 * and after its mark. @body: the line without the comment.
 */
bool fw_list_hides(struct fw_str line, struct fw_str body, struct fw_str *element);
/* One of the columns, from 0, without quotes; empty when there are fewer. */
struct fw_str fw_list_column(struct fw_str line, unsigned n);
/* Could a number after an address be a prefix length? It could if the address has no bits set beyond it. */
bool fw_list_maybe_length(struct fw_str addr, struct fw_str number);

/* Refuses a file that is not a list at all: 0 or -EINVAL. */
int fw_list_check(const char *text, size_t len, const char *name, struct fw_diags *ds);
/* Refuses a line (without blanks around it): always -EINVAL. */
int fw_list_refuse(const struct fw_list *l, struct fw_str line, struct fw_place at, struct fw_diags *ds);

#endif
