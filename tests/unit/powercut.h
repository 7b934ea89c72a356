/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files as a power cut would leave them. An SQLite VFS over the usual one keeps,
 * of each file, what was synced and every write since: of those, a disk may have
 * any sector or none.
 */
#ifndef FW_TEST_POWERCUT_H
#define FW_TEST_POWERCUT_H

#include "fw/base.h"

/* From now on databases are opened through it. */
void powercut_begin(void);
/* Databases are opened as usual; those that are open go on, and are resumed. */
void powercut_pause(void);
void powercut_resume(void);
/* As usual again; all files are forgotten. */
void powercut_end(void);
/* Writes and syncs so far, and what to call at each of them; NULL: nothing. */
uint64_t powercut_operations(void);
void powercut_watch(void (*operation)(void));
/* From this operation on all fail, with this errno; 0: none does. */
void powercut_fail(uint64_t at, int err);
/* Puts the files into a folder as they could be found if power failed now. */
void powercut_image(const char *folder);

#endif
