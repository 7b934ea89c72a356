/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries with fields for systemd's journal. Without a journal messages go to standard error, see fw/log.h. */
#ifndef FWD_JOURNAL_H
#define FWD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Does standard error go to the journal? Only then are all messages in one place. */
bool journal_is_there(void);
/**
 * journal_send - one entry
 * @fields: "NAME=value" lines, none of whose values has a line break
 * Return: false: the journal did not take it.
 */
bool journal_send(const char *fields, size_t len);
/*
 * A message of fwd with @fields, lines as above, of which there may be none. Without a journal, or when it does not take the
 * entry, the message alone goes to the log.
 * @priority: as in syslog(3)
 */
void journal_say(int priority, const char *message, const char *fields);

#endif
