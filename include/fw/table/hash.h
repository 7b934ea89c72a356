/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The position of a pair in its table and the signature bit of an identity, for
 * the lookup and for the compiler that writes both.
 */
#ifndef FW_HASH_H
#define FW_HASH_H

#include "fw/table/format.h"

/* Bit of an identity in the signatures of the other side: the upper six of its product. */
#define FW_SIGNATURE_MULTIPLIER 0x9e3779b1u
#define FW_SIGNATURE_SHIFT 26
static __always_inline __u32 fw_signature_bit(__u32 identity)
{
	return identity * FW_SIGNATURE_MULTIPLIER >> FW_SIGNATURE_SHIFT;
}

#define FW_PAIR_MULTIPLIER 0x9e3779b97f4a7c15ull
#define FW_PAIR_MULTIPLIER2 0x9fb21c651e98df25ull
/* The line, counted from the table's first, where a pair's search begins. */
static __always_inline __u32 fw_pair_home(const struct fw_root *root, __u64 key)
{
	__u64 h = key * FW_PAIR_MULTIPLIER;

	h = (h ^ h >> 32) * FW_PAIR_MULTIPLIER2;
	return (h >> 32) * root->pair_lines >> 32;
}

#endif
