/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Constraints on one field of a packet, as rules state them and tables are made from them.
 */
#ifndef FW_MATCH_H
#define FW_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/field.h"

/* Values lo to hi, both included. For a field of flags: lo is the mask and hi the value, (flags & lo) == hi. */
struct fw_range {
	uint32_t lo, hi;
};

/*
 * A constraint on one field: the packet's value lies in one of the ranges or, if
 * negated, the packet has the field and its value lies in none of them.
 * Ranges are sorted, disjoint and not adjacent, except for fields of flags, where
 * they are (mask, value) pairs in the order written.
 */
struct fw_match {
	uint8_t field; /* enum fw_field */
	uint8_t negated;
	uint16_t n;
	struct fw_range r[];
};

/**
 * fw_match_ranges - a match as plain ranges of values: negation carried out, flags expanded
 * @out: room for FW_MATCH_RANGES_MAX(match) ranges; filled with sorted, disjoint, not adjacent ones
 * Return: how many.
 */
size_t fw_match_ranges(const struct fw_match *m, struct fw_range *out);
#define FW_MATCH_RANGES_MAX(m) (fw_field_is_flags((m)->field) ? 256 : (size_t)(m)->n + 1)

/* Does the match accept this value? */
bool fw_match_has(const struct fw_match *m, uint32_t value);
/* Which of the values below @n it has, a bit each; all of them if @m is NULL. */
unsigned fw_match_bits(const struct fw_match *m, unsigned n);

#endif
