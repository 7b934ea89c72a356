// SPDX-License-Identifier: GPL-2.0-only
/* Which lines of an image's segments are in use. */
#include "heap.h"

#include <string.h>

/* Empty segments that are kept: this many, and one more for each SPARE_SHARE segments. */
#define SPARE_LEAST 1
#define SPARE_SHARE 16

/* The first position from @from to before @to whose bit is @value, or @to. */
static uint32_t bit_find(const uint64_t *map, uint32_t from, uint32_t to, bool value)
{
	while (from < to) {
		uint64_t word = (value ? map[from / 64] : ~map[from / 64]) >> from % 64;

		if (word) {
			from += (uint32_t)__builtin_ctzll(word);
			return from < to ? from : to;
		}
		from = (from / 64 + 1) * 64;
	}
	return to;
}

static void bits_set(uint64_t *map, uint32_t from, uint32_t n, bool value)
{
	for (uint32_t i = from; i < from + n;) {
		uint32_t width = 64 - i % 64 < from + n - i ? 64 - i % 64 : from + n - i;
		uint64_t mask = (width == 64 ? ~0ull : (1ull << width) - 1) << i % 64;

		map[i / 64] = value ? map[i / 64] | mask : map[i / 64] & ~mask;
		i += width;
	}
}

/* A run of free lines between two positions, or FW_SEGMENT_LINES. */
static uint32_t run_find(const struct heap_segment *s, uint32_t from, uint32_t to, uint32_t lines)
{
	while (from + lines <= to) {
		uint32_t end;

		from = bit_find(s->map, from, to, false);
		if (from + lines > to)
			break;
		end = bit_find(s->map, from, from + lines, true);
		if (end == from + lines)
			return from;
		from = end;
	}
	return FW_SEGMENT_LINES;
}

/* Takes lines of one segment; false: they do not fit. */
static bool segment_take(struct heap *h, struct heap_segment *s, uint32_t lines, uint32_t *line)
{
	uint32_t at;

	if (s->span || FW_SEGMENT_LINES - s->used < lines || lines >= s->misses)
		return false;
	at = run_find(s, s->next, FW_SEGMENT_LINES, lines);
	if (at == FW_SEGMENT_LINES && s->next)
		at = run_find(s, 0, FW_SEGMENT_LINES, lines);
	if (at == FW_SEGMENT_LINES) {
		s->misses = lines;
		return false;
	}
	bits_set(s->map, at, lines, true);
	s->used += lines;
	s->next = at + lines;
	h->used += lines;
	*line = s->index * FW_SEGMENT_LINES + at;
	if (s->dirty)
		memset(fw_pool_ptr(h->pool, *line), 0, (size_t)lines * FW_LINE);
	return true;
}

static void segment_drop(struct heap *h, struct heap_segment *s)
{
	size_t i = 0;

	while (h->segments[i] != s)
		i++;
	h->segments[i] = h->segments[--h->n];
	h->current = 0;
	h->of[s->index] = NULL;
	fw_pool_give(h->pool, s->index, s->span ? s->span : 1);
	free(s);
}

/* One more segment, or a span of them. */
static int segment_new(struct heap *h, uint32_t span, struct heap_segment **out)
{
	struct heap_segment *s = calloc(1, sizeof(*s));
	int err = s ? fw_pool_take(h->pool, span ? span : 1, &s->index) : -ENOMEM;

	if (!err) {
		err = fw_vec_push(h->segments, h->n, h->cap, s);
		if (err)
			fw_pool_give(h->pool, s->index, span ? span : 1);
	}
	if (err) {
		free(s);
		return err;
	}
	s->span = span;
	s->misses = FW_SEGMENT_LINES + 1;
	if (!s->index) {
		/* Line 0 of the pool means "nothing". */
		s->map[0] = 1;
		s->used = 1;
	}
	h->of[s->index] = s;
	err = h->live && h->pool->sync ? h->pool->sync(h->pool) : 0;
	if (err)
		segment_drop(h, s);
	else
		*out = s;
	return err;
}

/* Segments of its own for an object of a segment or more. Errors as of heap_alloc(). */
static int span_alloc(struct heap *h, uint32_t lines, uint32_t *line)
{
	struct heap_segment *s;
	uint32_t n = (lines + FW_SEGMENT_LINES - 1) / FW_SEGMENT_LINES;
	int err = segment_new(h, n, &s);

	if (err)
		return err;
	if (!s->index) {
		/* A larger object may not begin at line 0: this segment is for small ones. */
		struct heap_segment *first = s;

		fw_pool_give(h->pool, 1, n - 1);
		first->span = 0;
		err = segment_new(h, n, &s);
		if (err)
			return err;
	}
	h->used += lines;
	*line = s->index * FW_SEGMENT_LINES;
	return 0;
}

int heap_alloc(struct heap *h, uint32_t lines, uint32_t *line)
{
	struct heap_segment *s;
	int err;

	if (!lines)
		return -EINVAL;
	if (lines >= FW_SEGMENT_LINES)
		return span_alloc(h, lines, line);
	if (h->n && segment_take(h, h->segments[h->current], lines, line))
		return 0;
	for (size_t i = 0; i < h->n; i++)
		if (segment_take(h, h->segments[i], lines, line)) {
			h->current = i;
			return 0;
		}
	err = segment_new(h, 0, &s);
	if (err)
		return err;
	h->current = h->n - 1;
	return segment_take(h, s, lines, line) ? 0 : -ENOSPC;
}

static bool is_empty(const struct heap_segment *s)
{
	return !s->span && s->used == !s->index;
}

/* Keeps some empty segments: else the next update would have to ask the kernel for them, and wait until packets can read them. */
static void spare_keep(struct heap *h, struct heap_segment *empty)
{
	size_t spare = 0;

	for (size_t i = 0; i < h->n; i++)
		spare += is_empty(h->segments[i]);
	if (spare > SPARE_LEAST + h->n / SPARE_SHARE)
		segment_drop(h, empty);
}

void heap_free(struct heap *h, uint32_t line, uint32_t lines)
{
	struct heap_segment *s = h->of[line / FW_SEGMENT_LINES];

	h->used -= lines;
	if (s->span) {
		segment_drop(h, s);
		return;
	}
	bits_set(s->map, line % FW_SEGMENT_LINES, lines, false);
	s->used -= lines;
	s->misses = FW_SEGMENT_LINES + 1;
	s->dirty = true;
	if (is_empty(s))
		spare_keep(h, s);
}

void heap_end(struct heap *h)
{
	while (h->n)
		segment_drop(h, h->segments[h->n - 1]);
	free(h->segments);
	h->segments = NULL;
	h->cap = 0;
}
