/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the addresses of a rule and those of a filter meet (filter_addrs.c). */
#ifndef FW_TEXT_FILTER_H
#define FW_TEXT_FILTER_H

#include "lib/text/internal.h"

/* Bit 1 << family for every family of which an address lies in the expression and in one of @n ranges, which are merged. */
unsigned fw_filter_families(const struct fw_ruleset *rs, uint32_t number, const struct fw_addr_range *r, size_t n);

#endif
