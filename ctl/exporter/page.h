/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page of metrics as text, in Prometheus's text format 0.0.4 or in
 * OpenMetrics 1.0: families, samples, and what both ask to be escaped. Pure.
 */
#ifndef EXPORTER_PAGE_H
#define EXPORTER_PAGE_H

#include "fw/text.h"

enum page_format { PAGE_PROMETHEUS, PAGE_OPENMETRICS, PAGE_NFORMATS };
extern const char *const page_format_names[PAGE_NFORMATS];
/* For the header Content-Type. */
extern const char *const page_content_type[PAGE_NFORMATS];

enum family_type { FAMILY_COUNTER, FAMILY_GAUGE, FAMILY_HISTOGRAM, FAMILY_INFO, FAMILY_NTYPES };
extern const char *const family_type_names[FAMILY_NTYPES];

#define FAMILY_LABELS 4

/* Metrics of one name. */
struct family {
	const char *name; /* without the suffix */
	enum family_type type;
	const char *help;
	const char *labels[FAMILY_LABELS]; /* names, ended by NULL when there are fewer */
};
/* What the samples' names have behind that of the family: "_total", "_info" or "". */
const char *family_suffix(const struct family *f);

struct page {
	enum page_format format;
	struct fw_buf b;
	const struct family *family; /* the one that samples are added to */
	bool begun;                  /* its HELP and TYPE are there */
};

/* Samples of this family follow, all at once. HELP and TYPE stand before the first: a family without samples is not there. */
void page_family(struct page *p, const struct family *f);
/* A sample: a value for each label of the family. */
void page_u64(struct page *p, const char *const *values, uint64_t v);
void page_real(struct page *p, const char *const *values, double v);
/*
 * A histogram without labels. @counts: of each interval, one more than there are bounds.
 */
void page_histogram(struct page *p, const double *bounds, const uint64_t *counts, size_t nbounds, double sum);
/* For who adds samples of the family otherwise: before each of them. */
void page_begin(struct page *p);
/* The end of the page. */
void page_end(struct page *p);

/* A number as both formats take it, with a point or an exponent when it is no counter. Return: @buf. */
#define PAGE_NUMBER 32
const char *page_number(char buf[PAGE_NUMBER], double v);

/*
 * A label's value of @len bytes, escaped; what is not shown, or no UTF-8, which would cost the whole page, becomes \xNN. Return: the
 * end of what was written, at most PAGE_ESCAPED(len) bytes.
 */
#define PAGE_ESCAPED(len) ((len)*5)
char *page_escape(char *to, const char *value, size_t len);

#endif
