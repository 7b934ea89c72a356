/* SPDX-License-Identifier: GPL-2.0-only */
/* Progress on the terminal, and what is cleaned up when a signal ends the command. */
#ifndef FWCTL_PROGRESS_H
#define FWCTL_PROGRESS_H

/* One line of standard error, written over each time; nothing where that is no terminal. */
void ctl_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_progress_end(void);
/* When a signal ends the command, this file of an open folder is removed; NULL: none. */
void ctl_signal_unlink(int folder, const char *name);

#endif
