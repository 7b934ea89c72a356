// SPDX-License-Identifier: GPL-2.0-only
/* Entries for the journal, no more in a second than it and its readers can take. */
#include "ctl/fwd/log/log_journal.h"

#include "ctl/fwd/base/journal.h"

#include <syslog.h>

#define LINES 500 /* in a second */

void log_journal_tick(struct fwd *d)
{
	struct packet_log *p = d->packet_log;
	char message[80];

	if (!p->journal_left_out)
		return;
	snprintf(message, sizeof(message), "and %llu more packets within a second, not shown here",
		 (unsigned long long)p->journal_left_out);
	journal_say(LOG_WARNING, message, "");
	p->journal_left_out = 0;
}

void log_journal(struct fwd *d, const struct logged *l)
{
	fw_cleanup(fw_buf_free) struct fw_buf message = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf fields = { 0 };
	struct packet_log *p = d->packet_log;

	if (!d->config.log_journal)
		return;
	if (p->read_at - p->journal_since >= 1) {
		log_journal_tick(d);
		p->journal_since = p->read_at;
		p->journal_lines = 0;
	}
	if (p->journal_lines++ >= LINES) {
		p->journal_left_out++;
		p->journal_left_out_all++;
		return;
	}
	logged_line(l, &message);
	logged_fields(l, &fields);
	if (!message.failed && !fields.failed)
		journal_say(l->is_loss ? LOG_WARNING : l->level, message.text, fields.text ? fields.text : "");
}
