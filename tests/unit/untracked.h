/* SPDX-License-Identifier: GPL-2.0-only */
/* The connection state of a packet where the kernel tracks nothing, written apart from the programs. */
#ifndef FW_TEST_UNTRACKED_H
#define FW_TEST_UNTRACKED_H

#include "fw/table/fields.h"

#include <stdbool.h>

/*
 * At `in` and `out`. @loose: TCP connections are picked up in the middle.
 * ICMP errors must not report a packet from where they go to.
 */
uint32_t untracked_state(const struct fw_key *key, bool loose);

#endif
