// SPDX-License-Identifier: GPL-2.0-only
/*
 * The input of fw-exporter: headers and targets of any bytes, any objects and rule lines in place of fwd's, any text in place of
 * the iterator files'. Whatever becomes series must be valid lines of a page.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exporter/http/accept.h"
#include "ctl/exporter/host.h"
#include "ctl/exporter/scrape/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void headers(const char *text, size_t size)
{
	fw_autofree char *header = calloc(1, size + 1);

	memcpy(header, text, size);
	if (accept_format(header) >= PAGE_NFORMATS)
		abort();
	accept_gzip(header);
}

/* A Host header, and a target with that host: it is accepted only if it begins with a name of ours, or like an address. */
static void hosts(const char *text, size_t size)
{
	const struct hosts h = { .names = "metrics.example.org,b", .own = "fw1,fw1.example.net" };
	static const char *const ours[] = { "localhost", "metrics.example.org", "b", "fw1", "fw1.example.net" };
	fw_autofree char *host = calloc(1, size + 1);
	fw_autofree char *url = NULL;
	bool named = false;
	struct target t;

	memcpy(host, text, size);
	hosts_valid(host);
	size = strlen(host);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		named |= !strncasecmp(host, ours[i], strlen(ours[i]));
	if (hosts_allow(&h, host, size) && !named && *host != '[' && strspn(host, "0123456789.:") != size)
		abort();
	if (asprintf(&url, "http://%s", host) < 0)
		return;
	t = target_of(url);
	if (!t.host || t.len > size || *t.path != '/')
		abort();
}

/* Is it a sample: a name, labels with balanced or escaped quotes, and a number? */
static void check_sample(const char *s, const char *end)
{
	bool quoted = false;

	for (size_t n, left = (size_t)(end - s), at = 0; at < left; at += n) {
		n = fw_utf8_shown(s + at, left - at);
		if (!n)
			abort();
	}
	if (*s == '#')
		return;
	if (memcmp(s, "fw_", 3) != 0)
		abort();
	for (; s < end; s++) {
		if (*s == '\\' && quoted)
			s++;
		else if (*s == '"')
			quoted = !quoted;
	}
	if (quoted || !isdigit((unsigned char)end[-1]))
		abort();
}

static void check_page(const struct page *p)
{
	const char *s = p->b.text, *end;

	if (!p->b.len)
		return;
	end = s + p->b.len;
	while (s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));

		if (!newline)
			abort();
		check_sample(s, newline);
		s = newline + 1;
	}
}

static const struct metric *rule_metric(enum metric_rules rules)
{
	for (size_t i = 0; i < metrics_n; i++)
		if (metrics_table[i].rules == rules)
			return &metrics_table[i];
	abort();
}

/* 0 or -EPROTO. */
static int emit_lines(const struct metric *m, const char *text, const char *end, struct page *p)
{
	struct snapshot snap = { .rule_drops = 0 };
	struct fw_rule_line l;
	long bytes = 0;

	page_family(p, &m->family);
	for (; text < end && bytes >= 0; text += bytes) {
		bytes = fw_rule_line_parse(text, end, &l);
		if (bytes < 0)
			return (int)bytes;
		metrics_emit_rule(m, &l, &snap, p);
	}
	snapshot_free(&snap);
	return 0;
}

static void lines(const char *text, size_t size)
{
	struct page p[2] = { { .format = PAGE_PROMETHEUS }, { .format = PAGE_OPENMETRICS } };
	int err[2];

	for (int i = 0; i < 2; i++) {
		err[i] = emit_lines(rule_metric(i ? METRIC_BYTES : METRIC_PACKETS), text, text + size, &p[i]);
		check_page(&p[i]);
		fw_buf_free(&p[i].b);
	}
	if (err[0] != err[1] || (err[0] && err[0] != -EPROTO))
		abort();
}

static void choice(const char *text, size_t size)
{
	struct fw_rule_choice c;
	size_t at = 0;

	fw_rule_choice_init(&c, 5, 3, sizeof(struct fw_rule_row));
	for (; at + sizeof(uint32_t) <= size; at += sizeof(uint32_t)) {
		struct fw_rule_row rule = { .id = (uint8_t)text[at], .count = { (uint8_t)text[at + 2], 0 } };

		fw_rule_choice_add(&c, &rule, text[at + 1] & 1);
	}
	if (fw_rule_choice_end(&c, NULL, NULL) || c.marked.n > 8 || c.chosen.rules != c.marked.n ||
	    c.all.rules != at / sizeof(uint32_t))
		abort();
	fw_rule_choice_free(&c);
}

/* Objects of fwd, and all metrics that are made from them. */
static void snapshots(const char *text, size_t size)
{
	struct self self = { .resident = 0 };
	struct snapshot snap = { .rule_drops = 0 };
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline ? newline : end;

		source_fwd_objects(text, (size_t)(stop - text), &snap);
		text = stop + 1;
	}
	for (int f = 0; f < PAGE_NFORMATS; f++) {
		struct page p = { .format = (enum page_format)f };

		for (size_t i = 0; i < metrics_n; i++)
			if (metrics_table[i].emit)
				metrics_emit(&metrics_table[i], &snap, &self, &p);
		check_page(&p);
		fw_buf_free(&p.b);
	}
	snapshot_free(&snap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (!size--)
		return 0;
	switch ((uint8_t)(data[0] - '0') % 5) {
	case 0:
		headers(text, size);
		break;
	case 1:
		lines(text, size);
		break;
	case 2:
		choice(text, size);
		break;
	case 4:
		hosts(text, size);
		break;
	default:
		snapshots(text, size);
	}
	return 0;
}
