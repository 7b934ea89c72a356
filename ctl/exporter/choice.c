// SPDX-License-Identifier: GPL-2.0-only
/* Which rules get series of their own: two heaps of limited size. */
#include "choice.h"

#include <string.h>

static bool higher_id(const struct chosen *a, const struct chosen *b)
{
	return a->id > b->id;
}

static bool fewer_packets(const struct chosen *a, const struct chosen *b)
{
	return a->count.packets < b->count.packets || (a->count.packets == b->count.packets && a->id > b->id);
}

void choice_init(struct choice *s, size_t max_marked, size_t top)
{
	*s = (struct choice){
		.marked = { .limit = max_marked, .leaves = higher_id },
		.top = { .limit = top, .leaves = fewer_packets },
	};
}

void choice_free(struct choice *s)
{
	free(s->marked.v);
	free(s->top.v);
	*s = (struct choice){ .all = { 0 } };
}

static void sift_down(struct chosen_heap *h)
{
	struct chosen moved = h->v[0];
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n && h->leaves(&h->v[child + 1], &h->v[child]))
			child++;
		if (!h->leaves(&h->v[child], &moved))
			break;
		h->v[at] = h->v[child];
	}
	h->v[at] = moved;
}

static void sift_up(struct chosen_heap *h, size_t at)
{
	struct chosen moved = h->v[at];

	for (; at && h->leaves(&moved, &h->v[(at - 1) / 2]); at = (at - 1) / 2)
		h->v[at] = h->v[(at - 1) / 2];
	h->v[at] = moved;
}

static int heap_add(struct chosen_heap *h, const struct chosen *c)
{
	if (h->n < h->limit) {
		if (fw_vec_push(h->v, h->n, h->cap, *c))
			return -ENOMEM;
		sift_up(h, h->n - 1);
	} else if (h->n && h->leaves(&h->v[0], c)) {
		h->v[0] = *c;
		sift_down(h);
	}
	return 0;
}

static void sum_up(struct snapshot_rules *r, const struct chosen *c)
{
	r->count++;
	r->sum.packets += c->count.packets;
	r->sum.bytes += c->count.bytes;
}

int choice_add(struct choice *s, const struct chosen *rule)
{
	sum_up(&s->all, rule);
	if (rule->marked)
		sum_up(&s->marked_all, rule);
	if (rule->marked)
		return heap_add(&s->marked, rule);
	return rule->count.packets ? heap_add(&s->top, rule) : 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct chosen *)a)->id, y = ((const struct chosen *)b)->id;

	return x < y ? -1 : x > y;
}

int choice_end(struct choice *s, struct snapshot *snap, const struct chosen **out, size_t *n)
{
	struct snapshot_rules left = s->all;

	snap->marked_left_out = s->marked_all.count - s->marked.n;
	for (size_t i = 0; i < s->top.n; i++)
		if (fw_vec_push(s->marked.v, s->marked.n, s->marked.cap, s->top.v[i]))
			return -ENOMEM;
	if (s->marked.n)
		qsort(s->marked.v, s->marked.n, sizeof(*s->marked.v), by_id);
	for (size_t i = 0; i < s->marked.n; i++) {
		left.count--;
		left.sum.packets -= s->marked.v[i].count.packets;
		left.sum.bytes -= s->marked.v[i].count.bytes;
	}
	snap->rules = s->all;
	snap->left_out = left;
	*out = s->marked.v;
	*n = s->marked.n;
	return 0;
}

size_t choice_line(const struct chosen *c, char *text)
{
	return (size_t)snprintf(text, LINE_BYTES_MAX, "%llu %llu %llu %s %s %s\n", (unsigned long long)c->id,
				(unsigned long long)c->count.packets, (unsigned long long)c->count.bytes,
				snapshot_verdicts[c->accept], c->counter ? "counter" : "-", c->name[0] ? c->name : "-");
}
