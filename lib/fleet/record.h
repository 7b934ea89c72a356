/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record is a struct that is kept as a JSON object, described by a table with a row for each member. All members are written, in
 * the order of the table; a member that the table does not know is an error, and so is one that is missing without a default.
 */
#ifndef FW_LIB_FLEET_RECORD_H
#define FW_LIB_FLEET_RECORD_H

#include "fw/base.h"

#include <jansson.h>

struct fw_record_row {
	const char *name;
	/* Sets the field. Return: 0, -EINVAL, -ENOMEM. */
	int (*parse)(const struct fw_record_row *row, const json_t *value, void *field);
	/* Return: the value; NULL: out of memory, or with @optional: nothing to write. */
	json_t *(*print)(const struct fw_record_row *row, const void *field);
	const char *want; /* the valid values, for errors */
	size_t at;        /* offset of the field */
	size_t size;      /* of the field, in bytes */
	double min, max;  /* of a number; max 0 of a whole number: none */
	const char *const *words;
	size_t nwords;
	bool optional; /* may be missing; the field stays as it is then */
};
struct fw_record {
	const char *what; /* for errors: "a report" */
	const struct fw_record_row *rows;
	size_t n;
};

/* Kinds of fields: char[size], without controls; enum; bool; uint64_t; unsigned; double; struct fw_generation, null for none. */
#define FW_RECORD_KIND(kind)                                                                           \
	int fw_record_parse_##kind(const struct fw_record_row *row, const json_t *value, void *field); \
	json_t *fw_record_print_##kind(const struct fw_record_row *row, const void *field)
FW_RECORD_KIND(text);
FW_RECORD_KIND(choice);
FW_RECORD_KIND(flag);
FW_RECORD_KIND(u64);
FW_RECORD_KIND(unsigned);
FW_RECORD_KIND(real);
FW_RECORD_KIND(generation);
#undef FW_RECORD_KIND

/* A row: FW_RECORD_ROW(kind, "name", struct fw_x, field, "the valid values", .max = 5) */
#define FW_RECORD_ROW(kind, n, type, field, w, ...)                                                         \
	{                                                                                                   \
		.name = (n), .parse = fw_record_parse_##kind, .print = fw_record_print_##kind, .want = (w), \
		.at = offsetof(type, field), .size = sizeof(((type *)0)->field), ##__VA_ARGS__              \
	}

/* Formats @why; NULL drops it. Return: -EPROTO. */
int fw_record_error(char why[256], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/**
 * fw_record_read - set the fields of @out from a JSON object
 * @bad: the member that is wrong, for its place in a text; may be NULL
 * @why: if it fails: one line for people; may be NULL
 * Return: 0, -EPROTO, -ENOMEM; @out may be half set then.
 */
int fw_record_read(const struct fw_record *r, const json_t *object, void *out, const char **bad, char why[256]);
/* NULL: out of memory. */
json_t *fw_record_json(const struct fw_record *r, const void *in);

/* The same for a text with nothing but the object. */
int fw_record_parse(const struct fw_record *r, const char *text, size_t len, void *out, char why[256]);
void fw_record_print(const struct fw_record *r, const void *in, struct fw_buf *b);

#endif
