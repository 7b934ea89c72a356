/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of metrics: both formats, the list of them and its documentation come from it, in the order of the page. Pure. */
#ifndef EXPORTER_METRICS_H
#define EXPORTER_METRICS_H

#include "page.h"
#include "snapshot.h"

#include "fw/rule_line.h"

enum scrape_result { SCRAPE_OK, SCRAPE_CONTROLLER_DOWN, SCRAPE_FAILED, SCRAPE_NRESULTS };

/* What the exporter says of itself. */
struct self {
	uint64_t scrapes[SCRAPE_NRESULTS]; /* that ended */
	uint64_t resident;                 /* bytes */
	double began;                      /* this scrape, by fw_now() */
};

/* What a metric has a sample of for each rule. Its value is the pass in which the rules come for it, see struct source_ops. */
enum metric_rules { METRIC_NO_RULES, METRIC_PACKETS, METRIC_BYTES };

struct metric {
	struct family family;
	/* Adds the samples. NULL: there is one for each rule, see @rules. */
	void (*emit)(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p);
	enum metric_rules rules;
	const char *path;       /* where in the status, by dots; of @emit */
	const char *members[4]; /* that are looked at there, each a value of the label */
};
extern const struct metric metrics_table[];
extern const size_t metrics_n;

/* The samples of a metric that has no rules. */
void metrics_emit(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p);
/* The sample of a metric for one rule. METRIC_PACKETS adds to @shown and @marked_shown of the snapshot, too. */
void metrics_emit_rule(const struct metric *m, const struct fw_rule_line *l, struct snapshot *s, struct page *p);
/* All metrics as a table in Markdown. */
void metrics_describe(struct fw_buf *out);

#endif
