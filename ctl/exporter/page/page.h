/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics as text, in Prometheus's text format 0.0.4 or in OpenMetrics 1.0: families, samples and escapes. Pure. */
#ifndef EXPORTER_PAGE_H
#define EXPORTER_PAGE_H

#include "fw/text.h"

enum page_format { PAGE_PROMETHEUS, PAGE_OPENMETRICS, PAGE_NFORMATS };
extern const char *const page_format_names[PAGE_NFORMATS];
/* The header Content-Type. */
extern const char *const page_content_type[PAGE_NFORMATS];

enum family_type { FAMILY_COUNTER, FAMILY_GAUGE, FAMILY_HISTOGRAM, FAMILY_INFO, FAMILY_NTYPES };
extern const char *const family_type_names[FAMILY_NTYPES];

#define FAMILY_LABELS 4

/* Metrics with one name. */
struct family {
	const char *name; /* without the suffix */
	enum family_type type;
	const char *help;
	const char *labels[FAMILY_LABELS]; /* names, ended by NULL when there are fewer */
};
/* What the names of samples add to that of the family: "_total", "_info" or "". */
const char *family_suffix(const struct family *f);

struct page {
	enum page_format format;
	struct fw_buf b;
	const struct family *family; /* that samples are added to */
	bool begun;                  /* its HELP and TYPE were added */
};

/* All samples of this family follow. HELP and TYPE precede the first; a family without samples is left out. */
void page_family(struct page *p, const struct family *f);
/* Adds a sample. @values: of each label of the family. */
void page_u64(struct page *p, const char *const *values, uint64_t v);
void page_real(struct page *p, const char *const *values, double v);
/* A histogram without labels. @counts: of each interval, one more than there are bounds. */
void page_histogram(struct page *p, const double *bounds, const uint64_t *counts, size_t nbounds, double sum);
/* To be called before samples that the caller adds to @p->b. */
void page_begin(struct page *p);
/* Ends the page. */
void page_end(struct page *p);

/* A floating-point number as both formats take it, with a point or an exponent. Return: @buf. */
#define PAGE_NUMBER 32
const char *page_number(char buf[PAGE_NUMBER], double v);

/*
 * Escapes the value of a label. Unprintable characters, and bytes that are not UTF-8, which would make the whole page invalid,
 * become \xNN. Return: the end of what was written, at most PAGE_ESCAPED(len) bytes.
 */
#define PAGE_ESCAPED(len) ((len)*5)
char *page_escape(char *to, const char *value, size_t len);

#endif
