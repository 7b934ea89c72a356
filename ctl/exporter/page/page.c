// SPDX-License-Identifier: GPL-2.0-only
/* The page of metrics as text. */
#include "page.h"

#include <math.h>
#include <string.h>

const char *const page_format_names[PAGE_NFORMATS] = { "prometheus", "openmetrics" };
const char *const page_content_type[PAGE_NFORMATS] = {
	[PAGE_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
	[PAGE_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};
const char *const family_type_names[FAMILY_NTYPES] = { "counter", "gauge", "histogram", "info" };

const char *family_suffix(const struct family *f)
{
	static const char *const suffixes[FAMILY_NTYPES] = { [FAMILY_COUNTER] = "_total", [FAMILY_INFO] = "_info" };

	return suffixes[f->type] ? suffixes[f->type] : "";
}

static void add(struct page *p, const char *s)
{
	fw_buf_word(&p->b, s);
}

/* The text of HELP. OpenMetrics escapes quotes too. */
static void add_help(struct page *p, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			add(p, "\\n");
		else if (*s == '\\' || (*s == '"' && p->format == PAGE_OPENMETRICS))
			fw_buf_printf(&p->b, "\\%c", *s);
		else
			fw_buf_add(&p->b, s, 1);
	}
}

/* The unit that a name ends with, if it is one that OpenMetrics recommends; NULL: none. */
static const char *unit(const char *name)
{
	static const char *const units[] = { "seconds", "bytes" };
	const char *last = strrchr(name, '_');

	for (size_t i = 0; last && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(last + 1, units[i]))
			return units[i];
	return NULL;
}

/* HELP and TYPE name the family in OpenMetrics, and its samples in the older format, which has no type for information. */
static void add_head(struct page *p)
{
	const struct family *f = p->family;
	bool open = p->format == PAGE_OPENMETRICS;
	const char *suffix = open ? "" : family_suffix(f);
	enum family_type type = !open && f->type == FAMILY_INFO ? FAMILY_GAUGE : f->type;

	fw_buf_printf(&p->b, "# HELP %s%s ", f->name, suffix);
	add_help(p, f->help);
	fw_buf_printf(&p->b, "\n# TYPE %s%s %s\n", f->name, suffix, family_type_names[type]);
	if (open && unit(f->name))
		fw_buf_printf(&p->b, "# UNIT %s %s\n", f->name, unit(f->name));
}

void page_family(struct page *p, const struct family *f)
{
	p->family = f;
	p->begun = false;
}

void page_begin(struct page *p)
{
	if (!p->begun)
		add_head(p);
	p->begun = true;
}

static char *put(char *to, const char *s, size_t len)
{
	return (char *)memcpy(to, s, len) + len;
}

/* An unprintable byte; the backslash is escaped itself. */
static char *put_hex(char *to, unsigned char ch)
{
	static const char digits[] = "0123456789abcdef";
	const char hex[] = { '\\', '\\', 'x', digits[ch >> 4], digits[ch & 15] };

	return put(to, hex, sizeof(hex));
}

static bool plain(char ch)
{
	return ch >= ' ' && ch <= '~' && ch != '"' && ch != '\\';
}

char *page_escape(char *to, const char *value, size_t len)
{
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		if (plain(value[i])) {
			*to++ = value[i];
			n = 1;
			continue;
		}
		n = fw_utf8_shown(value + i, len - i);
		if (value[i] == '\n')
			to = put(to, "\\n", 2);
		else if (!n)
			to = put_hex(to, (unsigned char)value[i]);
		else {
			if (value[i] == '\\' || value[i] == '"')
				*to++ = '\\';
			to = put(to, value + i, n);
		}
	}
	return to;
}

/* NAME{LABEL="VALUE",...} and a space. */
static void add_name(struct page *p, const char *suffix, const char *const *values)
{
	const struct family *f = p->family;

	page_begin(p);
	add(p, f->name);
	add(p, suffix);
	for (size_t i = 0; i < FAMILY_LABELS && f->labels[i]; i++) {
		size_t len = strlen(values[i]);
		fw_autofree char *escaped = malloc(PAGE_ESCAPED(len) + 1);

		if (!escaped) {
			p->b.failed = true;
			return;
		}
		fw_buf_printf(&p->b, "%c%s=\"", i ? ',' : '{', f->labels[i]);
		fw_buf_add(&p->b, escaped, (size_t)(page_escape(escaped, values[i], len) - escaped));
		add(p, "\"");
	}
	add(p, f->labels[0] ? "} " : " ");
}

void page_u64(struct page *p, const char *const *values, uint64_t v)
{
	add_name(p, family_suffix(p->family), values);
	fw_buf_printf(&p->b, "%llu\n", (unsigned long long)v);
}

/* With 9, 13 or 17 digits: as few as read back as the same number. */
const char *page_number(char buf[PAGE_NUMBER], double v)
{
	if (isnan(v) || isinf(v)) {
		snprintf(buf, PAGE_NUMBER, "%s", isnan(v) ? "NaN" : v < 0 ? "-Inf" : "+Inf");
		return buf;
	}
	for (int digits = 9; digits <= 17; digits += 4) {
		snprintf(buf, PAGE_NUMBER, "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	if (!strpbrk(buf, ".e"))
		strcat(buf, ".0");
	return buf;
}

void page_real(struct page *p, const char *const *values, double v)
{
	char number[PAGE_NUMBER];

	add_name(p, family_suffix(p->family), values);
	fw_buf_printf(&p->b, "%s\n", page_number(number, v));
}

void page_histogram(struct page *p, const double *bounds, const uint64_t *counts, size_t nbounds, double sum)
{
	const char *name = p->family->name;
	char number[PAGE_NUMBER];
	uint64_t below = 0;

	page_begin(p);
	for (size_t i = 0; i <= nbounds; i++) {
		below += counts[i];
		fw_buf_printf(&p->b, "%s_bucket{le=\"%s\"} %llu\n", name,
			      page_number(number, i < nbounds ? bounds[i] : INFINITY), (unsigned long long)below);
	}
	fw_buf_printf(&p->b, "%s_sum %s\n", name, page_number(number, sum));
	fw_buf_printf(&p->b, "%s_count %llu\n", name, (unsigned long long)below);
}

void page_end(struct page *p)
{
	if (p->format == PAGE_OPENMETRICS)
		add(p, "# EOF\n");
}
