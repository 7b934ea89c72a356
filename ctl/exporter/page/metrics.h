/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of metrics, in the order of the page. Both formats, the list and the documentation are made from it. Pure. */
#ifndef EXPORTER_METRICS_H
#define EXPORTER_METRICS_H

#include "page.h"
#include "snapshot.h"

#include "fw/rule_line.h"

enum scrape_result { SCRAPE_OK, SCRAPE_CONTROLLER_DOWN, SCRAPE_FAILED, SCRAPE_NRESULTS };

/* Metrics of the exporter itself. */
struct self {
	uint64_t scrapes[SCRAPE_NRESULTS]; /* that ended */
	uint64_t resident;                 /* bytes */
	double began;                      /* when this scrape began, by fw_now() */
};

/* Of which counter of rules a metric has samples. The value is the pass over the rules, see struct source_ops. */
enum metric_rules { METRIC_NO_RULES, METRIC_PACKETS, METRIC_BYTES };

struct metric {
	struct family family;
	/* Adds the samples. NULL: there is one for each rule, see @rules. */
	void (*emit)(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p);
	enum metric_rules rules;
	const char *path;       /* of its value in the status, separated by dots; for @emit */
	const char *members[4]; /* of the object there; each is a value of the label */
};
extern const struct metric metrics_table[];
extern const size_t metrics_n;

/* Adds the samples of a metric without rules. */
void metrics_emit(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p);
/* Adds the sample of a metric for one rule. METRIC_PACKETS also adds to @shown and @marked_shown of the snapshot. */
void metrics_emit_rule(const struct metric *m, const struct fw_rule_line *l, struct snapshot *s, struct page *p);
/* Writes all metrics as a table in Markdown. */
void metrics_describe(struct fw_buf *out);

#endif
