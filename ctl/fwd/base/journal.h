/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries with fields for systemd's journal. Without it what is said goes to standard error, see log.h. */
#ifndef FWD_JOURNAL_H
#define FWD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Does standard error go to the journal? Only then does somebody who looks at one of them miss nothing. */
bool journal_is_there(void);
/**
 * journal_send - one entry
 * @fields: "NAME=value" lines, none of whose values has a line break
 * Return: false: it was not taken.
 */
bool journal_send(const char *fields, size_t len);

#endif
