/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet of a parser's metadata as a question to the kernel. */
#ifndef FW_TEST_PROBE_H
#define FW_TEST_PROBE_H

#include "fw/kern.h"
#include "fw/table/packet.h"

/* @first: the index of the interface that has number 0 in the ruleset; those of the others follow. */
struct fw_probe probe_of(const struct fw_meta *meta, const void *frame, uint32_t first);

#endif
