// SPDX-License-Identifier: GPL-2.0-only
/* Lines of numbers, written by hand: there may be a million of them, twice. */
#include "ctl/fwd/metric.h"

#include "ctl/fwd/objects.h"

#include <string.h>

#define DIGITS 20 /* of a u64 at most */

static char *put_number(char *at, uint64_t v)
{
	char digits[DIGITS];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*at++ = digits[--n];
	return at;
}

static char *put_text(char *at, const char *s, size_t len)
{
	memcpy(at, s, len);
	return at + len;
}

void metric_rule(struct fw_buf *b, const struct fw_rule *rule, struct fw_count count)
{
	char line[3 * (DIGITS + 1) + sizeof(" accept counter ") + FW_NAME_MAX + 1];
	char *at = put_number(line, rule->id);

	*at++ = ' ';
	at = put_number(at, count.packets);
	*at++ = ' ';
	at = put_number(at, count.bytes);
	at = rule->verdict == FW_ACCEPT ? put_text(at, " accept ", 8) : put_text(at, " drop ", 6);
	at = rule->counter ? put_text(at, "counter ", 8) : put_text(at, "- ", 2);
	at = rule->name ? put_text(at, rule->name, strlen(rule->name)) : put_text(at, "-", 1);
	*at++ = '\n';
	fw_buf_add(b, line, (size_t)(at - line));
}

void metric_policy(struct fw_buf *b, const struct engine *e, enum fw_reason reason)
{
	struct fw_count count = engine_reason_count(e, reason);

	objects_policy(b, engine_ruleset(e), reason, &count);
	fw_buf_add(b, "\n", 1);
}
