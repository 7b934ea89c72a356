/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of metrics: both formats, the list of them and its documentation come from it, in the order of the page. Pure. */
#ifndef EXPORTER_METRICS_H
#define EXPORTER_METRICS_H

#include "lines.h"
#include "page.h"
#include "snapshot.h"

enum scrape_result { SCRAPE_OK, SCRAPE_CONTROLLER_DOWN, SCRAPE_FAILED, SCRAPE_NRESULTS };

/* What the exporter says of itself. */
struct self {
	uint64_t scrapes[SCRAPE_NRESULTS]; /* that ended */
	uint64_t resident;                 /* bytes */
	double began;                      /* this scrape, by fw_now() */
};

struct metric {
	struct family family;
	/* Adds the samples. NULL: there is one for each rule, the field @rules of its line. */
	void (*emit)(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p);
	enum line_field rules;
	const char *path;       /* where in the status, by dots; of @emit */
	const char *members[4]; /* that are looked at there, each a value of the label */
};
extern const struct metric metrics_table[];
extern const size_t metrics_n;

/* The samples of a metric that has no rules. */
void metrics_emit(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p);
/**
 * metrics_emit_rules - samples for lines of rules
 * @text: whole lines
 * @s:    the packets' pass adds to @shown and @marked_shown
 * Return: 0, or -EPROTO.
 */
int metrics_emit_rules(const struct metric *m, const char *text, size_t len, struct snapshot *s, struct page *p);
/* All metrics as a table in Markdown. */
void metrics_describe(struct fw_buf *out);

#endif
