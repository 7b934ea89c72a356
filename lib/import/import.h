/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the importers. */
#ifndef FW_IMPORT_INTERNAL_H
#define FW_IMPORT_INTERNAL_H

#include <string.h>

#include "fw/import.h"

/* An import that goes on. */
struct import {
	const struct fw_import_file *files;
	size_t nfiles;
	struct fw_import_report *report;
	struct fw_buf *out;
	struct fw_region mem; /* for the importer, until it returns */
};

/* A place in a file, and the line around it. */
struct import_place {
	const struct fw_import_file *file;
	unsigned line, column;
	const char *text; /* the whole line, without its end */
	size_t len;
};

/**
 * import_note - adds a line to the report
 * @message: printf format; NULL: none
 * Return: the line, to be completed by the caller and valid until the next one is added; NULL: out of memory.
 */
struct fw_import_line *import_note(struct import *im, const struct import_place *at, enum fw_import_reason reason,
				   const char *message, ...) __attribute__((format(printf, 4, 5)));

/* The next line of a text: takes off its end, CR LF too. false: there is none. */
struct import_lines {
	const char *at, *end;
	unsigned line; /* of the last one */
};
bool import_next_line(struct import_lines *l, const char **text, size_t *len);

/* A table of things by name. Zero-initialised is empty. Names are borrowed. */
struct import_names {
	struct import_name {
		const char *name;
		void *value;
	} * slots;
	size_t n, cap;
};
/* NULL: it is not there. */
void *import_names_get(const struct import_names *t, const char *name);
/* Adds a name that is not there. 0 or -ENOMEM. */
int import_names_put(struct import_names *t, const char *name, void *value);

/* A MAC address: six bytes of two hexadecimal digits, separated by colons. false: it is none. */
#define IMPORT_MAC_BYTES 6
bool import_mac(const char *text, uint8_t mac[IMPORT_MAC_BYTES]);

/* strings.c */
/* The text without what is not printable, in at most @max bytes; @out has room for one more. */
void import_clean(char *out, size_t max, const char *s);
/* Between quotes, with escapes. */
void import_print_string(struct fw_buf *b, const char *s);

/* The format of a file; of iptables, the family too. AUTO: none that is known. */
enum fw_import_format import_detect(const struct fw_import_file *f);

/* The importers: all files of one firewall. 0, also when lines are refused; -ENOMEM. */
int import_iptables(struct import *im);
int import_nft(struct import *im);

#endif
