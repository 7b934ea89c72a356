// SPDX-License-Identifier: GPL-2.0-only
/* One line for each thing that was done, but of each kind no more in a second than somebody can read. */
#include "ctl/fwd/history.h"

#include "ctl/fwd/base/journal.h"

#include <string.h>
#include <syslog.h>

#define LINES 20 /* of one kind in a second */

static void report_left_out(struct history *h, enum record_ring ring)
{
	static const char *const what[] = { "changes", "changes of sets", "refusals" };
	char message[100];

	if (!h->left_out)
		return;
	snprintf(message, sizeof(message), "and %llu more %s within a second, not shown here",
		 (unsigned long long)h->left_out, what[ring]);
	journal_say(LOG_INFO, message, "");
	h->left_out = 0;
}

bool history_record(const struct record *r, void *ctx)
{
	fw_cleanup(fw_buf_free) struct fw_buf line = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf fields = { 0 };
	struct fwd *d = ctx;
	enum record_ring ring = record_ring(r);
	struct history *h = &d->history[ring];
	double now = fw_now();

	if (now - h->since >= 1) {
		report_left_out(h, ring);
		h->since = now;
		h->lines = 0;
	}
	if (h->lines++ >= LINES) {
		h->left_out++;
		return !r->refused;
	}
	record_line(&line, r);
	record_fields(&fields, r);
	if (!line.failed && !fields.failed)
		journal_say(r->refused ? LOG_WARNING : LOG_INFO, line.text, fields.text);
	return true;
}

void history_tick(struct fwd *d, double now)
{
	for (int ring = 0; ring < RECORD_NRINGS; ring++)
		if (now - d->history[ring].since >= 1)
			report_left_out(&d->history[ring], (enum record_ring)ring);
}

void history_say(struct fwd *d, const struct history_event *e)
{
	struct record r = { .action = e->action, .who = e->who, .refused = e->refused };

	record_text(r.what, sizeof(r.what), e->what, strlen(e->what));
	if (e->why)
		record_text(r.why, sizeof(r.why), e->why, strlen(e->why));
	engine_record(d->engine, &r);
}
