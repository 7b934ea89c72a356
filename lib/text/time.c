// SPDX-License-Identifier: GPL-2.0-only
/* Spans of time as text: 90s, 10m, 1h30m, 7d. */
#include "lib/text/internal.h"

static const struct {
	char unit;
	uint32_t seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
#define NUNITS (sizeof(units) / sizeof(*units))

/* A number at the beginning of *s, which is passed over: 0, or -EINVAL above FW_TIMEOUT_MAX or without a digit. */
static int take_number(struct fw_str *s, uint64_t *out)
{
	size_t i = 0;

	for (*out = 0; i < s->len && s->s[i] >= '0' && s->s[i] <= '9' && *out <= FW_TIMEOUT_MAX; i++)
		*out = *out * 10 + (uint64_t)(s->s[i] - '0');
	if (!i || *out > FW_TIMEOUT_MAX)
		return -EINVAL;
	*s = (struct fw_str){ s->s + i, s->len - i };
	return 0;
}

int fw_str_time(struct fw_str s, uint32_t *seconds)
{
	uint64_t sum = 0, n;
	size_t unit = 0;

	do {
		if (take_number(&s, &n))
			return -EINVAL;
		while (s.len && unit < NUNITS && units[unit].unit != s.s[0])
			unit++;
		if (unit == NUNITS || (!s.len && sum))
			return -EINVAL;
		sum += n * (s.len ? units[unit].seconds : 1);
		unit++;
		s = s.len ? (struct fw_str){ s.s + 1, s.len - 1 } : s;
	} while (s.len);
	if (!sum || sum > FW_TIMEOUT_MAX)
		return -EINVAL;
	*seconds = (uint32_t)sum;
	return 0;
}

void fw_text_print_time(struct fw_buf *b, uint32_t seconds)
{
	for (size_t i = 0; i < NUNITS; i++) {
		if (seconds >= units[i].seconds)
			fw_buf_printf(b, "%u%c", seconds / units[i].seconds, units[i].unit);
		seconds %= units[i].seconds;
	}
}
