/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of packets in the journal, or in fwd's own log where there is no journal, if the setting log-journal says so. */
#ifndef FWD_LOG_JOURNAL_H
#define FWD_LOG_JOURNAL_H

#include "ctl/fwd/log/packet_log.h"

/* Writes an entry. Beyond some hundreds in a second they are left out, and counted. */
void log_journal(struct fwd *d, const struct logged *l);
/* Reports how many were left out, once in a while. */
void log_journal_tick(struct fwd *d);

#endif
