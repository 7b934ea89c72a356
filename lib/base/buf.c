// SPDX-License-Identifier: GPL-2.0-only
/* A text that grows. */
#include "fw/base.h"

#include <stdarg.h>
#include <string.h>

/* Room for @len more bytes and a NUL. */
static bool room(struct fw_buf *b, size_t len)
{
	size_t want = b->cap ? b->cap : 256;

	if (b->failed)
		return false;
	if (b->cap - b->len > len)
		return true;
	while (want - b->len <= len && want < SIZE_MAX / 2)
		want *= 2;

	char *grown = want - b->len > len ? realloc(b->text, want) : NULL;

	if (!grown) {
		b->failed = true;
		return false;
	}
	b->text = grown;
	b->cap = want;
	return true;
}

void fw_buf_add(struct fw_buf *b, const char *s, size_t len)
{
	if (!room(b, len))
		return;
	memcpy(b->text + b->len, s, len);
	b->len += len;
	b->text[b->len] = '\0';
}

void fw_buf_word(struct fw_buf *b, const char *s)
{
	fw_buf_add(b, s, strlen(s));
}

void fw_buf_u64(struct fw_buf *b, uint64_t v)
{
	char digits[FW_U64_DIGITS];
	const char *end = fw_put_u64(digits, v);

	fw_buf_add(b, digits, (size_t)(end - digits));
}

void fw_buf_printf(struct fw_buf *b, const char *fmt, ...)
{
	va_list ap, again;

	if (!room(b, 64)) /* enough for most texts, which are then formatted only once */
		return;
	va_start(ap, fmt);
	va_copy(again, ap);

	int len = vsnprintf(b->text + b->len, b->cap - b->len, fmt, ap);

	if (len < 0) {
		b->failed = true;
	} else if ((size_t)len >= b->cap - b->len && room(b, (size_t)len)) {
		vsnprintf(b->text + b->len, (size_t)len + 1, fmt, again);
	}
	if (b->failed)
		b->text[b->len] = '\0';
	else
		b->len += (size_t)len;
	va_end(again);
	va_end(ap);
}

void fw_buf_free(struct fw_buf *b)
{
	free(b->text);
	*b = (struct fw_buf){ 0 };
}

char *fw_put_u64(char *out, uint64_t v)
{
	char digits[FW_U64_DIGITS];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*out++ = digits[--n];
	return out;
}
