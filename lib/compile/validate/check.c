// SPDX-License-Identifier: GPL-2.0-only
/* What all checks of an image use. */
#include "check.h"

bool check_wrong(struct check *c, const char *reason)
{
	if (!c->reason)
		c->reason = reason;
	return false;
}

bool check_inside(const struct check *c, uint64_t line, uint64_t lines)
{
	if (!line || !lines || line + lines > (uint64_t)FW_POOL_SEGMENTS * FW_SEGMENT_LINES)
		return false;
	for (uint64_t i = line / FW_SEGMENT_LINES; i <= (line + lines - 1) / FW_SEGMENT_LINES; i++)
		if (!(c->pool->taken[i / 64] >> i % 64 & 1))
			return false;
	return true;
}

bool check_inside_segment(const struct check *c, uint64_t line, uint64_t lines)
{
	return check_inside(c, line, lines) && line % FW_SEGMENT_LINES + lines <= FW_SEGMENT_LINES;
}
