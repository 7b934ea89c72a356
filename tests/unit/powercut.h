/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files as a power cut would leave them. An SQLite VFS on top of the usual one keeps, for each file, what was synced and every
 * write since: of those, a disk may have any sector or none.
 */
#ifndef FW_TEST_POWERCUT_H
#define FW_TEST_POWERCUT_H

#include "fw/base.h"

/* Databases are opened through it from now on. */
void powercut_begin(void);
/* Databases are opened as usual; those that are open keep using it. */
void powercut_pause(void);
void powercut_resume(void);
/* Databases are opened as usual again; all files are forgotten. */
void powercut_end(void);
/* The number of writes and syncs so far; the function called at each of them, NULL: none. */
uint64_t powercut_operations(void);
void powercut_watch(void (*operation)(void));
/* All operations from this one on fail with this errno; 0: none does. */
void powercut_fail(uint64_t at, int err);
/* Writes the files to a folder, as they could be found if the power failed now. */
void powercut_image(const char *folder);

#endif
