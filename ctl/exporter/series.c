// SPDX-License-Identifier: GPL-2.0-only
/* Series of rules, from lines. There may be a million of them, twice: their numbers are copied, not read and printed. */
#include "metrics.h"

#include <string.h>

static void note_shown(struct snapshot *s, const struct line *l)
{
	s->shown.count++;
	s->shown.sum.packets += line_number(l->field[LINE_PACKETS]);
	s->shown.sum.bytes += line_number(l->field[LINE_BYTES]);
	s->marked_shown += l->marked;
}

static char *put(char *to, const char *s, size_t len)
{
	return (char *)memcpy(to, s, len) + len;
}

/* The numbers go over as the text that they are. @prefix: all up to the id. */
static void add_rule(struct page *p, const char *prefix, size_t prefix_len, const struct line *l, enum line_field field)
{
	char sample[128 + PAGE_ESCAPED(LINE_BYTES_MAX)];
	char *to = put(sample, prefix, prefix_len);

	to = put(to, l->field[LINE_ID].s, l->field[LINE_ID].len);
	to = put(to, "\",name=\"", 8);
	to = page_escape(to, l->field[LINE_NAME].s, l->field[LINE_NAME].len);
	to = l->accept ? put(to, "\",verdict=\"accept\"} ", 20) : put(to, "\",verdict=\"drop\"} ", 18);
	to = put(to, l->field[field].s, l->field[field].len);
	*to++ = '\n';
	fw_buf_add(&p->b, sample, (size_t)(to - sample));
}

int metrics_emit_rules(const struct metric *m, const char *lines, size_t len, struct snapshot *s, struct page *p)
{
	const char *end = lines + len;
	char prefix[64];
	int prefix_len = snprintf(prefix, sizeof(prefix), "%s%s{id=\"", m->family.name, family_suffix(&m->family));
	struct line l;

	while (lines < end) {
		long bytes = line_parse(lines, end, &l);

		if (bytes < 0)
			return (int)bytes;
		lines += bytes;
		if (m->rules == LINE_PACKETS)
			note_shown(s, &l);
		page_begin(p);
		add_rule(p, prefix, (size_t)prefix_len, &l, m->rules);
	}
	return 0;
}
