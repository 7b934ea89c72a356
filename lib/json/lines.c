// SPDX-License-Identifier: GPL-2.0-only
/* Reading objects that are lines of text, as messages of fwd's socket carry them. */
#include "fw/json.h"

#include <string.h>

int fw_json_lines(const char *text, size_t len, int (*each)(void *ctx, json_t *object), void *ctx)
{
	const char *end = text + len;
	int err = 0;

	while (text < end && !err) {
		const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline ? newline : end;
		json_auto_t *o = NULL;

		if (stop > text) {
			o = json_loadb(text, (size_t)(stop - text), 0, NULL);
			err = json_is_object(o) ? each(ctx, o) : -EPROTO;
		}
		text = stop + 1;
	}
	return err;
}
