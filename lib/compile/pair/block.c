// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks: the rules of one pair as bit vectors, one per interval of each field
 * that some rule constrains. Bit i is the i-th rule, so the lowest bit set in
 * the vectors of all fields is the first match:
 *
 *	rule 0  tcp 80      dport    0-79   80   81-442  443   444-
 *	rule 1  tcp 443     rules    {2}   {0,2}  {2}   {1,2}  {2}
 *	rule 2  tcp any
 *
 * Up to 64 rules, a vector is one word. Above, it is a word that tells which of its words are not zero, and those words.
 *
 * After Lakshman and Stiliadis, "High-speed policy-based packet forwarding", SIGCOMM 1998; the aggregation after Baboescu
 * and Varghese, "Scalable packet classification", SIGCOMM 2001.
 */
#include "pair.h"

#include <string.h>

/* A block of more rules than one word is cut in two when it would be larger than this. */
#define BLOCK_BYTES_GOOD (512u * 1024)

/* One field of a block under construction. */
struct column {
	uint32_t field;
	uint32_t nends;
	uint32_t *ends;    /* the last value of each interval but the last */
	uint64_t *vectors; /* (nends + 1) x words, a bit per rule */
};

struct draft {
	struct rule_list rules;
	uint32_t words; /* of a vector, 64 bits each */
	struct column column[FW_NFIELDS];
	uint32_t ncolumns;
	uint8_t *out;  /* FW_SEGMENT_BYTES of room */
	uint32_t used; /* bytes of it */
};

struct fw_range *instance_ranges(const struct fw_instance *rule, uint32_t field, size_t *n)
{
	const struct fw_match *m = fw_instance_match(rule, field);
	struct fw_range *r = malloc((m ? FW_MATCH_RANGES_MAX(m) : 1) * sizeof(*r));

	if (!r)
		return NULL;
	r[0] = (struct fw_range){ 0, UINT32_MAX };
	*n = m ? fw_match_ranges(m, r) : 1;
	return r;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The ends of the intervals that the rules' ranges divide the field into. */
static int column_ends(const struct draft *d, struct column *col)
{
	size_t n = 0, cap = 0, out = 0;

	for (uint32_t i = 0; i < d->rules.n; i++) {
		size_t nr = 0;
		fw_autofree struct fw_range *r = instance_ranges(d->rules.r[i], col->field, &nr);

		if (!r)
			return -ENOMEM;
		for (size_t k = 0; k < nr; k++) {
			if (r[k].lo && fw_vec_push(col->ends, n, cap, r[k].lo - 1))
				return -ENOMEM;
			if (r[k].hi != UINT32_MAX && fw_vec_push(col->ends, n, cap, r[k].hi))
				return -ENOMEM;
		}
	}
	if (n)
		qsort(col->ends, n, sizeof(*col->ends), compare_u32);
	for (size_t i = 0; i < n; i++)
		if (!out || col->ends[out - 1] != col->ends[i])
			col->ends[out++] = col->ends[i];
	col->nends = (uint32_t)out;
	return 0;
}

/* The interval that ends at @end or, if none does, the last one. */
static uint32_t interval_ending(const struct column *col, uint32_t end)
{
	uint32_t lo = 0, hi = col->nends;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (col->ends[mid] < end)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void column_mark(const struct draft *d, struct column *col, uint32_t from, uint32_t to, uint32_t rule)
{
	for (uint32_t i = from; i <= to; i++)
		col->vectors[(size_t)i * d->words + rule / 64] |= 1ull << rule % 64;
}

static int column_vectors(const struct draft *d, struct column *col)
{
	col->vectors = calloc((size_t)(col->nends + 1) * d->words, sizeof(*col->vectors));
	if (!col->vectors)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->rules.n; i++) {
		size_t nr = 0;
		fw_autofree struct fw_range *r = instance_ranges(d->rules.r[i], col->field, &nr);

		if (!r)
			return -ENOMEM;
		for (size_t k = 0; k < nr; k++)
			column_mark(d, col, r[k].lo ? interval_ending(col, r[k].lo - 1) + 1 : 0,
				    interval_ending(col, r[k].hi), i);
	}
	return 0;
}

static void draft_free(struct draft *d)
{
	for (uint32_t i = 0; i < d->ncolumns; i++) {
		free(d->column[i].ends);
		free(d->column[i].vectors);
	}
	d->ncolumns = 0;
}

/* A column for each field that a rule constrains. 0; -E2BIG: they would not fit a segment; -ENOMEM. */
static int draft_columns(struct draft *d)
{
	uint64_t least = 0;
	uint64_t used = 0;
	int err = 0;

	for (uint32_t i = 0; i < d->rules.n; i++) {
		const struct fw_instance *r = d->rules.r[i];

		for (unsigned m = 0; m < r->nmatches; m++)
			used |= FW_FIELD_BIT(r->matches[m]->field);
	}
	d->words = (d->rules.n + 63) / 64;
	for (uint32_t f = 0; !err && f < FW_NFIELDS; f++) {
		struct column *col = &d->column[d->ncolumns];

		if (!(used & FW_FIELD_BIT(f)))
			continue;
		d->ncolumns++;
		*col = (struct column){ .field = f };
		err = column_ends(d, col);
		least += (col->nends + 1ull) * (d->words > 1 ? 16 : 12);
		if (least > FW_SEGMENT_BYTES)
			err = -E2BIG;
	}
	for (uint32_t i = 0; !err && i < d->ncolumns; i++)
		err = column_vectors(d, &d->column[i]);
	return err;
}

/* Appends @bytes (a multiple of 8 is taken) to the block. Return: their offset, 0 if they do not fit. */
static uint32_t draft_put(struct draft *d, const void *data, size_t bytes)
{
	uint32_t at = d->used;

	if (bytes > FW_SEGMENT_BYTES - at)
		return 0;
	if (bytes)
		memcpy(d->out + at, data, bytes);
	d->used += (uint32_t)((bytes + 7) & ~(size_t)7);
	return at;
}

/* The ends, padded to a power of two with at least one end that nothing is above. */
static int put_ends(struct draft *d, const struct column *col, struct fw_block_field *to)
{
	uint32_t steps = 0, pad = UINT32_MAX;

	while (1u << steps < col->nends + 1)
		steps++;
	if (d->used + (4ull << steps) > FW_SEGMENT_BYTES)
		return -E2BIG;
	to->steps = steps;
	to->ends = draft_put(d, col->ends, col->nends * sizeof(*col->ends));
	d->used = to->ends + col->nends * 4;
	for (uint32_t i = col->nends; i < 1u << steps; i++, d->used += 4)
		memcpy(d->out + d->used, &pad, 4);
	/* Padding after a single end, so that no bytes of an earlier block remain. */
	if (d->used % 8) {
		memset(d->out + d->used, 0, 4);
		d->used += 4;
	}
	return 0;
}

/* One aggregated vector: which words are not zero, and those words. Return: their offset, 0: no room. */
static uint32_t put_words(struct draft *d, const uint64_t *vector, uint64_t *which)
{
	uint64_t some[FW_BLOCK_RULES / 64];
	uint32_t n = 0;

	*which = 0;
	for (uint32_t w = 0; w < d->words; w++) {
		if (!vector[w])
			continue;
		*which |= 1ull << w;
		some[n++] = vector[w];
	}
	return n ? draft_put(d, some, n * sizeof(*some)) : d->used;
}

static uint64_t vector_hash(const uint64_t *v, uint32_t words)
{
	uint64_t h = words;

	for (uint32_t i = 0; i < words; i++)
		h = fw_mix64(h ^ v[i]) + i;
	return h;
}

/* Vectors of more than one word; intervals with the same rules share their words. */
static int put_aggregated(struct draft *d, const struct column *col, uint64_t *which, uint32_t *words)
{
	size_t n = (size_t)col->nends + 1, mask = 1;

	while (mask < n * 2)
		mask *= 2;

	fw_autofree uint32_t *seen = calloc(mask, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	mask--;
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t *v = col->vectors + (size_t)i * d->words;
		size_t at = vector_hash(v, d->words) & mask;

		while (seen[at] && memcmp(v, col->vectors + (size_t)(seen[at] - 1) * d->words, d->words * 8))
			at = (at + 1) & mask;
		if (seen[at]) {
			which[i] = which[seen[at] - 1];
			words[i] = words[seen[at] - 1];
			continue;
		}
		seen[at] = i + 1;
		words[i] = put_words(d, v, &which[i]);
		if (!words[i])
			return -E2BIG;
	}
	return 0;
}

static int put_vectors(struct draft *d, const struct column *col, struct fw_block_field *to)
{
	size_t n = (size_t)col->nends + 1;

	if (d->words == 1) {
		to->vectors = draft_put(d, col->vectors, n * 8);
		return to->vectors ? 0 : -E2BIG;
	}

	fw_autofree uint64_t *which = malloc(n * sizeof(*which));
	fw_autofree uint32_t *words = malloc(n * sizeof(*words));
	int err = which && words ? put_aggregated(d, col, which, words) : -ENOMEM;

	if (err)
		return err;
	to->vectors = draft_put(d, which, n * sizeof(*which));
	to->words = draft_put(d, words, n * sizeof(*words));
	return to->vectors && to->words ? 0 : -E2BIG;
}

/* The block in d->out. -E2BIG: it does not fit a segment. */
static int draft_serialise(struct draft *d)
{
	struct fw_block head; /* as many of its fields as there are columns */
	uint32_t header = offsetof(struct fw_block, field) + d->ncolumns * (uint32_t)sizeof(struct fw_block_field);
	int err = 0;

	d->used = header;
	memset(&head, 0, header);
	head.rules = d->rules.n;
	head.fields = d->ncolumns;
	head.next = FW_HIT_NONE;
	head.hits = d->used;
	for (uint32_t i = 0; i < d->rules.n; i++) {
		uint64_t hit = instance_hit(d->rules.r[i]);

		draft_put(d, &hit, sizeof(hit));
	}
	for (uint32_t i = 0; !err && i < d->ncolumns; i++) {
		head.field[i].field = d->column[i].field;
		err = put_ends(d, &d->column[i], &head.field[i]);
		if (!err)
			err = put_vectors(d, &d->column[i], &head.field[i]);
	}
	head.bytes = d->used;
	memcpy(d->out, &head, header);
	return err;
}

/* Builds one block of the first of the rules in t->block, or of fewer where it would be too large. Return: how many, or -errno. */
static long block_build(struct fw_tables *t, struct rule_list rules, uint32_t *bytes)
{
	struct draft d = { .rules = rules, .out = t->block };

	for (;; d.rules.n /= 2) {
		int err = draft_columns(&d);

		if (!err)
			err = draft_serialise(&d);
		draft_free(&d);
		if (!err && (d.rules.n <= 64 || d.used <= BLOCK_BYTES_GOOD)) {
			*bytes = d.used;
			return d.rules.n;
		}
		if (err && err != -E2BIG)
			return err;
		if (d.rules.n == 1)
			return tables_refuse(t->from, t->ds, rules.r[0], "use fewer values, or split the rule",
					     "its lists of values are too long for one rule");
	}
}

void block_free(struct fw_tables *t, const struct block_lines *o)
{
	t->extra_blocks -= o->extra;
	t->stats.block_bytes -= (uint64_t)o->lines * FW_LINE;
	heap_free(&t->heap, o->line, o->lines);
}

int block_take(struct fw_tables *t, uint32_t bytes, bool extra, uint32_t *line)
{
	struct block_lines o = { .lines = (bytes + FW_LINE - 1) / FW_LINE, .extra = extra };
	int err = tables_take(t, o.lines, &t->stats.block_bytes, &o.line);

	if (err)
		return err;
	t->extra_blocks += extra;
	err = t->made ? fw_vec_push(t->made->b, t->made->n, t->made->cap, o) : 0;
	if (err)
		block_free(t, &o);
	else
		*line = o.line;
	return err;
}

int block_write(struct fw_tables *t, struct rule_list rules, __u64 *hit)
{
	__u64 *to = hit;
	uint32_t most = FW_BLOCK_RULES;

	for (uint32_t done = 0; done < rules.n;) {
		const struct rule_list rest = { rules.r + done, rules.n - done < most ? rules.n - done : most };
		uint32_t bytes = 0, line;
		long took = block_build(t, rest, &bytes);

		if (took < 0)
			return (int)took;
		/* What follows is like what came before: try little more than that. */
		if (took < most)
			most = (uint32_t)took * 2;
		if (done && t->extra_blocks == FW_BLOCK_CHAIN)
			return tables_refuse(t->from, t->ds, rest.r[0],
					     "give the rules addresses, so that they spread over pairs",
					     "too many rules share their source and destination");

		int err = block_take(t, bytes, done > 0, &line);

		if (err)
			return err;
		memcpy(fw_pool_ptr(t->heap.pool, line), t->block, bytes);
		*to = FW_HIT(rest.r[0]->rank, 1, line);
		to = &((struct fw_block *)fw_pool_ptr(t->heap.pool, line))->next;
		done += (uint32_t)took;
	}
	return 0;
}
