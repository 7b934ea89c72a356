/* SPDX-License-Identifier: GPL-2.0-only */
/* Children that work until they are killed. */
#ifndef FW_TEST_KILLED_H
#define FW_TEST_KILLED_H

#include "fw/text.h"

struct killed {
	/* Works from step @from on, for ever, and writes to @out what it has done. It returns when it cannot go on. */
	void (*work)(int out, uint64_t from);
	uint64_t from;
	unsigned us; /* it is killed at a random time within so many microseconds, */
	bool begun;  /* counted from its first byte on */
};

/* Appends to @said what the child had written when it was killed. A child that ends by itself fails the test. */
void kill_child(const struct killed *k, struct fw_buf *said);
/* How many bytes those were. */
uint64_t kill_child_counted(const struct killed *k);

#endif
