// SPDX-License-Identifier: GPL-2.0-only
/* Samples of rules. There may be a million of them, twice, so they are put together without printf(). */
#include "metrics.h"

#include <string.h>

static void note_shown(struct snapshot *s, const struct fw_rule_line *l)
{
	fw_rule_sum_add(&s->shown, l->count);
	s->marked_shown += fw_rule_line_marked(l);
}

static char *put(char *to, const char *s, size_t len)
{
	return (char *)memcpy(to, s, len) + len;
}

static char *put_word(char *to, const char *word)
{
	return put(to, word, strlen(word));
}

void metrics_emit_rule(const struct metric *m, const struct fw_rule_line *l, struct snapshot *s, struct page *p)
{
	bool packets = m->rules == METRIC_PACKETS;
	char sample[256 + PAGE_ESCAPED(FW_RULE_LINE_MAX)];
	char *to = put_word(sample, m->family.name);

	if (packets)
		note_shown(s, l);
	page_begin(p);
	to = put_word(to, family_suffix(&m->family));
	to = put_word(to, "{id=\"");
	to = fw_put_u64(to, l->id);
	to = put_word(to, "\",name=\"");
	to = page_escape(to, l->name, l->name_len);
	if (l->chain_len) {
		to = put_word(to, "\",chain=\"");
		to = page_escape(to, l->chain, l->chain_len);
	}
	to = put_word(to, "\",verdict=\"");
	to = put_word(to, fw_verdict_name(l->verdict));
	to = put_word(to, "\"} ");
	to = fw_put_u64(to, packets ? l->count.packets : l->count.bytes);
	*to++ = '\n';
	fw_buf_add(&p->b, sample, (size_t)(to - sample));
}
