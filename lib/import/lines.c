// SPDX-License-Identifier: GPL-2.0-only
/* A text as lines. */
#include "lib/import/import.h"

bool import_next_line(struct import_lines *l, const char **text, size_t *len)
{
	const char *end;

	if (l->at == l->end)
		return false;
	end = memchr(l->at, '\n', (size_t)(l->end - l->at));
	*text = l->at;
	*len = (size_t)((end ? end : l->end) - l->at);
	l->at = end ? end + 1 : l->end;
	l->line++;
	while (*len && (*text)[*len - 1] == '\r')
		--*len;
	return true;
}
