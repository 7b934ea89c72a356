/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon may do once it is running. */
#ifndef FWD_PRIVILEGES_H
#define FWD_PRIVILEGES_H

#include "fw/base.h"

/* Raises the limit of open files as far as allowed: each segment of the tables is one. */
void privileges_files(void);
/* Raises the priority: clients cannot keep the loop from its CPU. Threads inherit it. */
void privileges_first(void);
/**
 * privileges_drop - gives up, for good, every capability but those that changes and new interfaces need
 *
 * The user stays root, who owns the store, the pins and the socket; without capabilities that override permissions, root can
 * touch no files but its own.
 * Return: 0, or -errno with a diagnostic.
 */
int privileges_drop(struct fw_diags *ds);

#endif
