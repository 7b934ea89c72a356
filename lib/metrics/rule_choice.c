// SPDX-License-Identifier: GPL-2.0-only
/*
 * Heaps of bounded size. Until one is full, rows are only appended: mostly all of them fit, and then there is nothing to do
 * but to sort them.
 */
#include "fw/rule_choice.h"

#include <string.h>

#define ROW_MAX 192 /* bytes */

bool fw_rule_by_packets(const struct fw_rule_row *a, const struct fw_rule_row *b)
{
	return a->count.packets > b->count.packets || (a->count.packets == b->count.packets && a->id < b->id);
}

bool fw_rule_by_id(const struct fw_rule_row *a, const struct fw_rule_row *b)
{
	return a->id < b->id;
}

/* Rows are compared through a pointer to their first bytes, wherever these are. */
static bool better(const struct fw_rule_heap *h, const void *a, const void *b)
{
	return h->better(a, b);
}

static char *at(const struct fw_rule_heap *h, size_t i)
{
	return h->rows + i * h->size;
}

void fw_rule_heap_init(struct fw_rule_heap *h, size_t room, size_t size, fw_rule_order *order)
{
	*h = (struct fw_rule_heap){ .better = order, .room = room, .size = size };
}

void fw_rule_heap_free(struct fw_rule_heap *h)
{
	free(fw_take(h->rows));
	h->n = h->cap = 0;
}

/* Row @i sinks until those below it, of the first @n, are better. */
static void sift_down(struct fw_rule_heap *h, size_t n, size_t i)
{
	_Alignas(struct fw_rule_row) char moved[ROW_MAX];

	memcpy(moved, at(h, i), h->size);
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && better(h, at(h, child), at(h, child + 1)))
			child++;
		if (!better(h, moved, at(h, child)))
			break;
		memcpy(at(h, i), at(h, child), h->size);
	}
	memcpy(at(h, i), moved, h->size);
}

static void heapify(struct fw_rule_heap *h)
{
	for (size_t i = h->n / 2; i--;)
		sift_down(h, h->n, i);
}

void fw_rule_heap_add(struct fw_rule_heap *h, const void *row)
{
	if (h->n == h->room) {
		if (h->n && better(h, row, at(h, 0))) {
			memcpy(at(h, 0), row, h->size);
			sift_down(h, h->n, 0);
		}
		return;
	}
	if (h->size > ROW_MAX || fw_vec_grow(&h->rows, h->n, &h->cap, h->size)) {
		h->failed = true;
		return;
	}
	memcpy(at(h, h->n++), row, h->size);
	if (h->n == h->room)
		heapify(h);
}

static bool is_sorted(const struct fw_rule_heap *h)
{
	for (size_t i = 1; i < h->n; i++)
		if (better(h, at(h, i), at(h, i - 1)))
			return false;
	return true;
}

/* Heapsort: the worst of what is left moves to the end, again and again. */
void fw_rule_heap_sort(struct fw_rule_heap *h)
{
	_Alignas(struct fw_rule_row) char worst[ROW_MAX];

	if (is_sorted(h))
		return;
	heapify(h);
	for (size_t n = h->n; n > 1;) {
		memcpy(worst, at(h, 0), h->size);
		memcpy(at(h, 0), at(h, --n), h->size);
		sift_down(h, n, 0);
		memcpy(at(h, n), worst, h->size);
	}
}

void fw_rule_heap_filter(struct fw_rule_heap *h, bool (*keep)(const void *row, void *ctx), void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		if (!keep(at(h, i), ctx))
			continue;
		if (kept != i)
			memcpy(at(h, kept), at(h, i), h->size);
		kept++;
	}
	h->n = kept;
}

void fw_rule_sum_add(struct fw_rule_sum *sum, struct fw_count count)
{
	sum->rules++;
	sum->count.packets += count.packets;
	sum->count.bytes += count.bytes;
}

struct fw_rule_sum fw_rule_sum_rest(const struct fw_rule_sum *all, const struct fw_rule_sum *part)
{
	return (struct fw_rule_sum){
		.rules = all->rules - part->rules,
		.count = { all->count.packets - part->count.packets, all->count.bytes - part->count.bytes },
	};
}

void fw_rule_choice_init(struct fw_rule_choice *c, size_t limit, size_t top, size_t size)
{
	*c = (struct fw_rule_choice){ .nmarked = 0 };
	fw_rule_heap_init(&c->marked, limit, size, fw_rule_by_id);
	fw_rule_heap_init(&c->top, top, size, fw_rule_by_packets);
}

void fw_rule_choice_free(struct fw_rule_choice *c)
{
	fw_rule_heap_free(&c->marked);
	fw_rule_heap_free(&c->top);
}

void fw_rule_choice_add(struct fw_rule_choice *c, const void *row, bool marked)
{
	const struct fw_rule_row *r = row;

	fw_rule_sum_add(&c->all, r->count);
	c->nmarked += marked;
	if (marked)
		fw_rule_heap_add(&c->marked, row);
	else if (r->count.packets)
		fw_rule_heap_add(&c->top, row);
}

/* Appends the rows of @from, whatever room @to was made for. 0 or -ENOMEM. */
static int append(struct fw_rule_heap *to, const struct fw_rule_heap *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (fw_vec_grow(&to->rows, to->n, &to->cap, to->size))
			return -ENOMEM;
		memcpy(at(to, to->n++), at(from, i), to->size);
	}
	return 0;
}

int fw_rule_choice_end(struct fw_rule_choice *c, bool (*keep)(const void *row, void *ctx), void *ctx)
{
	struct fw_rule_heap *chosen = &c->marked;

	if (keep) {
		fw_rule_heap_filter(&c->marked, keep, ctx);
		fw_rule_heap_filter(&c->top, keep, ctx);
	}
	c->marked_left_out = c->nmarked - chosen->n;
	if (chosen->failed || c->top.failed || append(chosen, &c->top))
		return -ENOMEM;
	fw_rule_heap_sort(chosen);
	for (size_t i = 0; i < chosen->n; i++)
		fw_rule_sum_add(&c->chosen, ((const struct fw_rule_row *)fw_rule_heap_at(chosen, i))->count);
	return 0;
}
