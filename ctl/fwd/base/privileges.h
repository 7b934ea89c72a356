/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon may do once it runs. */
#ifndef FWD_PRIVILEGES_H
#define FWD_PRIVILEGES_H

#include "fw/base.h"

/* As many open files as the system lets us have: each segment of the tables is one. */
void privileges_files(void);
/* The loop goes before the processes of all those who ask it: they cannot keep it from its CPU. Threads inherit it. */
void privileges_first(void);
/**
 * privileges_drop - gives up every capability but those that changes and new interfaces need, for good
 *
 * The user stays root: the store, the pins and the socket are root's, and with no capability left that goes past
 * permissions, a root without capabilities can touch nothing but root's files.
 * Return: 0, or -errno with a diagnostic.
 */
int privileges_drop(struct fw_diags *ds);

#endif
