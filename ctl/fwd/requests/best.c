// SPDX-License-Identifier: GPL-2.0-only
/*
 * A heap of bounded size. Until it is full, rows are only appended: where they
 * all find room, which is usual, there is nothing to be done but to sort them.
 */
#include "best.h"

bool best_by_packets(const struct best_row *a, const struct best_row *b)
{
	return a->count.packets > b->count.packets || (a->count.packets == b->count.packets && a->id < b->id);
}

bool best_by_id(const struct best_row *a, const struct best_row *b)
{
	return a->id < b->id;
}

void best_init(struct best *b, size_t room, bool (*better)(const struct best_row *a, const struct best_row *b_row))
{
	*b = (struct best){ .better = better, .room = room };
}

void best_free(struct best *b)
{
	free(b->rows);
	b->rows = NULL;
	b->n = b->cap = 0;
}

/* The row at @at goes down until those below it, of the first @n, are better. */
static void sift_down(struct best *b, size_t n, size_t at)
{
	struct best_row *heap = b->rows, moved = heap[at];

	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && b->better(&heap[child], &heap[child + 1]))
			child++;
		if (!b->better(&moved, &heap[child]))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

static void heapify(struct best *b)
{
	for (size_t at = b->n / 2; at--;)
		sift_down(b, b->n, at);
}

void best_add(struct best *b, struct best_row row)
{
	if (b->n == b->room) {
		if (b->n && b->better(&row, &b->rows[0])) {
			b->rows[0] = row;
			sift_down(b, b->n, 0);
		}
		return;
	}
	if (fw_vec_push(b->rows, b->n, b->cap, row))
		b->failed = true;
	else if (b->n == b->room)
		heapify(b);
}

static bool sorted(const struct best *b)
{
	for (size_t i = 1; i < b->n; i++)
		if (b->better(&b->rows[i], &b->rows[i - 1]))
			return false;
	return true;
}

/* The worst of what is left goes to the end, again and again. */
void best_sort(struct best *b)
{
	if (sorted(b))
		return;
	heapify(b);
	for (size_t n = b->n; n > 1;) {
		struct best_row worst = b->rows[0];

		b->rows[0] = b->rows[--n];
		sift_down(b, n, 0);
		b->rows[n] = worst;
	}
}
