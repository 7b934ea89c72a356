/* SPDX-License-Identifier: GPL-2.0-only */
/* Child processes that work until they are killed. */
#ifndef FW_TEST_KILLED_H
#define FW_TEST_KILLED_H

#include "fw/text.h"

struct killed {
	/* Works from step @from on, forever, and writes to @out what it has done. Returns if it cannot continue. */
	void (*work)(int out, uint64_t from);
	uint64_t from;
	unsigned us; /* it is killed at a random time within this many microseconds, */
	bool begun;  /* counted from its first byte on, else from the fork */
};

/* Appends to @said what the child had written when it was killed. A child that ends by itself fails the test. */
void kill_child(const struct killed *k, struct fw_buf *said);
/* How many bytes those were. */
uint64_t kill_child_counted(const struct killed *k);

#endif
