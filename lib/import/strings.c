// SPDX-License-Identifier: GPL-2.0-only
/* Texts of other packet filters as strings of ours. */
#include "lib/import/import.h"

void import_clean(char *out, size_t max, const char *s)
{
	size_t len = 0;

	while (*s) {
		size_t n = fw_utf8_len(s, strlen(s));

		if (len + n > max)
			break;
		memcpy(out + len, s, n);
		len += n;
		s += n ? n : 1;
	}
	out[len] = '\0';
}

void import_print_string(struct fw_buf *b, const char *s)
{
	size_t n;

	fw_buf_add(b, "\"", 1);
	for (; *s; s += n) {
		n = fw_utf8_shown(s, strlen(s));
		if (!n)
			fw_buf_printf(b, "\\x%02x", (uint8_t)*s);
		else if (*s == '"' || *s == '\\')
			fw_buf_add(b, "\\", 1);
		fw_buf_add(b, s, n);
		n = n ? n : 1;
	}
	fw_buf_add(b, "\"", 1);
}
