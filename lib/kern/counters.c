// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters: columns of chunks that are map values mapped into this process. Each CPU has a column; others hold what is not to be
 * counted, labels, and the buckets of rates.
 */
#include "kern.h"

#include "fw/table/prog.h"

#include <bpf/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK_BYTES (sizeof(struct fw_counter) * FW_COUNTER_CHUNK)

static int chunk_mmap(struct fw_kern *k, uint32_t index, int fd)
{
	void *at = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	__atomic_store_n(&k->chunks[index], at, __ATOMIC_RELEASE);
	return 0;
}

/* Readers have no use for buckets. */
static int chunk_share(const struct fw_kern *k, uint32_t index, int fd)
{
	if (index % k->columns == FW_COLUMN_BUCKETS(k->ncpus))
		return 0;
	return kern_readers_add(k, fd, FW_COUNTERS_PIN_CHUNK, index / k->columns, index % k->columns);
}

/* Does this column have a chunk only where it is needed? */
static bool is_sparse(const struct fw_kern *k, uint32_t index)
{
	return index % k->columns == FW_COLUMN_BASE(k->ncpus) || index % k->columns == FW_COLUMN_BUCKETS(k->ncpus);
}

/* Chunks that the program does not know yet. Each update of its map waits for a grace period, a batch for one. */
struct new_chunks {
	uint32_t index[PENDING_MAX];
	int fd[PENDING_MAX];
	uint32_t n;
};

static int new_chunks_tell(struct fw_kern *k, struct new_chunks *c)
{
	uint32_t n = c->n;
	int err = 0;

	if (n && bpf_map_update_batch(k->maps[MAP_COUNTERS], c->index, c->fd, &n, NULL))
		/* Kernels without the batch for this type of map. */
		for (uint32_t i = 0; i < c->n && !err; i++)
			err = bpf_map_update_elem(k->maps[MAP_COUNTERS], &c->index[i], &c->fd[i], 0) ? -errno : 0;
	for (uint32_t i = 0; i < c->n; i++) {
		close(c->fd[i]);
		if (err) {
			munmap(k->chunks[c->index[i]], CHUNK_BYTES);
			k->chunks[c->index[i]] = NULL;
		}
	}
	c->n = 0;
	return err;
}

static int chunk_new(struct fw_kern *k, uint32_t index, struct new_chunks *c)
{
	int fd, err = c->n == PENDING_MAX ? new_chunks_tell(k, c) : 0;

	if (err)
		return err;
	fd = kern_value_map("fw_counter_chunk", CHUNK_BYTES);
	if (fd < 0)
		return fd;
	err = chunk_share(k, index, fd);
	err = err ? err : chunk_mmap(k, index, fd);
	if (err) {
		close(fd);
		return err;
	}
	c->index[c->n] = index;
	c->fd[c->n++] = fd;
	return 0;
}

int kern_counters_adopt(struct fw_kern *k)
{
	uint32_t index = 0, id;
	int err = 0;

	for (; index < FW_COUNTER_CHUNKS * k->columns && !err; index++) {
		int fd = kern_inner_map(k->maps[MAP_COUNTERS], index, &id);

		if (fd == -ENOENT && is_sparse(k, index))
			continue;
		if (fd == -ENOENT)
			break;
		err = fd < 0 ? fd : chunk_share(k, index, fd);
		err = err ? err : chunk_mmap(k, index, fd);
		kern_close_fd(&fd);
	}
	k->nchunks = index / k->columns;
	return err;
}

int fw_kern_counters_reserve(struct fw_kern *k, uint32_t slots)
{
	uint32_t chunks =
		(uint32_t)(((uint64_t)slots + FW_COUNTER_RULES + FW_COUNTER_CHUNK - 1) >> FW_COUNTER_CHUNK_SHIFT);

	struct new_chunks new = { .n = 0 };
	int err = 0, told;

	if (chunks > FW_COUNTER_CHUNKS)
		return -ENOSPC;
	/* A process that was killed at it may have made some. */
	for (uint32_t i = k->nchunks * k->columns; i < chunks * k->columns && !err; i++)
		err = k->chunks[i] || is_sparse(k, i) ? 0 : chunk_new(k, i, &new);
	told = new_chunks_tell(k, &new);
	err = err ? err : told;
	if (!err && k->nchunks < chunks)
		__atomic_store_n(&k->nchunks, chunks, __ATOMIC_RELEASE);
	return err;
}

int fw_kern_buckets_reserve(struct fw_kern *k)
{
	struct new_chunks new = { .n = 0 };
	int err = 0, told;

	for (uint32_t chunk = 0; chunk < k->nchunks && !err; chunk++) {
		uint32_t index = chunk * k->columns + FW_COLUMN_BUCKETS(k->ncpus);

		err = k->chunks[index] ? 0 : chunk_new(k, index, &new);
	}
	told = new_chunks_tell(k, &new);
	return err ? err : told;
}

uint32_t fw_kern_counter_slots(const struct fw_kern *k)
{
	uint32_t n = __atomic_load_n(&k->nchunks, __ATOMIC_ACQUIRE);

	return n ? n * FW_COUNTER_CHUNK - FW_COUNTER_RULES : 0;
}

void kern_counters_fini(struct fw_kern *k)
{
	for (uint32_t i = 0; k->chunks && i < FW_COUNTER_CHUNKS * k->columns; i++)
		if (k->chunks[i])
			munmap(k->chunks[i], CHUNK_BYTES);
	free(k->chunks);
}

/* A counter in a column; NULL: there is none. */
static struct fw_counter *counter_of(const struct fw_kern *k, uint32_t counter, uint32_t column)
{
	uint32_t chunk = counter >> FW_COUNTER_CHUNK_SHIFT;
	struct fw_counter *at = NULL;

	if (chunk < __atomic_load_n(&k->nchunks, __ATOMIC_ACQUIRE))
		at = __atomic_load_n(&k->chunks[chunk * k->columns + column], __ATOMIC_ACQUIRE);
	return at ? at + (counter & (FW_COUNTER_CHUNK - 1)) : NULL;
}

static void add(struct fw_count *sum, const struct fw_counter *c)
{
	sum->packets += c ? __atomic_load_n(&c->packets, __ATOMIC_RELAXED) : 0;
	sum->bytes += c ? __atomic_load_n(&c->bytes, __ATOMIC_RELAXED) : 0;
}

/* All that was ever counted. */
static struct fw_count raw_count(const struct fw_kern *k, uint32_t counter)
{
	struct fw_count sum = { 0 };

	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++)
		add(&sum, counter_of(k, counter, cpu));
	return sum;
}

static struct fw_count count(const struct fw_kern *k, uint32_t counter)
{
	const struct fw_counter *base = counter_of(k, counter, FW_COLUMN_BASE(k->ncpus));
	struct fw_count sum = raw_count(k, counter);

	sum.packets -= base ? base->packets : 0;
	sum.bytes -= base ? base->bytes : 0;
	return sum;
}

void fw_kern_counter_clear(struct fw_kern *k, uint32_t slot)
{
	fw_kern_label_set(k, slot + FW_COUNTER_RULES, &(struct fw_label){ 0 }, NULL);
	for (uint32_t column = 0; column < k->columns; column++) {
		struct fw_counter *c = counter_of(k, slot + FW_COUNTER_RULES, column);

		if (c && column != FW_COLUMN_LABEL(k->ncpus) && (c->packets | c->bytes))
			*c = (struct fw_counter){ 0 };
	}
}

/* The base of a counter; NULL: no memory. */
static struct fw_counter *base_make(struct fw_kern *k, uint32_t counter)
{
	uint32_t index = (counter >> FW_COUNTER_CHUNK_SHIFT) * k->columns + FW_COLUMN_BASE(k->ncpus);
	struct new_chunks new = { .n = 0 };

	if (!k->chunks[index] && (chunk_new(k, index, &new) || new_chunks_tell(k, &new)))
		return NULL;
	return counter_of(k, counter, FW_COLUMN_BASE(k->ncpus));
}

int fw_kern_count_reset(struct fw_kern *k, uint32_t counter)
{
	struct fw_counter *base = counter_of(k, counter, FW_COLUMN_BASE(k->ncpus));
	struct fw_count now = raw_count(k, counter);

	if (!base && !now.packets)
		return 0;
	base = base ? base : base_make(k, counter);
	if (!base)
		return -ENOMEM;
	*base = (struct fw_counter){ now.packets, now.bytes };
	return 0;
}

/* The base is what does not count, so it becomes less: below 0 if more was counted elsewhere than here. */
int fw_kern_count_add(struct fw_kern *k, uint32_t counter, struct fw_count more)
{
	struct fw_counter *base = counter_of(k, counter, FW_COLUMN_BASE(k->ncpus));

	base = base ? base : base_make(k, counter);
	if (!base)
		return -ENOMEM;
	*base = (struct fw_counter){ base->packets - more.packets, base->bytes - more.bytes };
	return 0;
}

void fw_kern_label_set(struct fw_kern *k, uint32_t counter, const struct fw_label *label,
		       const struct fw_label_names *names)
{
	struct fw_label *at = (struct fw_label *)(void *)counter_of(k, counter, FW_COLUMN_LABEL(k->ncpus));

	_Static_assert(sizeof(struct fw_label) == sizeof(struct fw_counter), "a label stands in a counter's place");
	if (!at)
		return;
	if (at->id == label->id && at->what == label->what && !names)
		return;
	if (names)
		kern_readers_room(k, counter, names);
	/* Nobody's while it changes: no line shows half of each. */
	__atomic_store_n(&at->id, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&at->what, label->what, __ATOMIC_RELEASE);
	if (names)
		kern_readers_names(k, counter, names);
	__atomic_store_n(&at->id, label->id, __ATOMIC_RELEASE);
}

void fw_kern_names_set(struct fw_kern *k, uint32_t slot, const struct fw_label_names *names)
{
	kern_readers_names(k, slot + FW_COUNTER_RULES, names);
}

static void chunk_labels(struct fw_label *at, const struct fw_label *labels, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		__atomic_store_n(&at[i].what, labels[i].what, __ATOMIC_RELAXED);
		__atomic_store_n(&at[i].id, labels[i].id, __ATOMIC_RELEASE);
	}
}

void fw_kern_labels_put(struct fw_kern *k, uint32_t slot, const struct fw_label *labels, uint32_t n)
{
	while (n) {
		uint32_t counter = slot + FW_COUNTER_RULES;
		uint32_t here = FW_COUNTER_CHUNK - (counter & (FW_COUNTER_CHUNK - 1));
		struct fw_label *at = (struct fw_label *)(void *)counter_of(k, counter, FW_COLUMN_LABEL(k->ncpus));

		here = n < here ? n : here;
		if (at)
			chunk_labels(at, labels, here);
		slot += here;
		labels += here;
		n -= here;
	}
}

struct fw_count fw_kern_rule_count(const struct fw_kern *k, uint32_t slot)
{
	return count(k, slot + FW_COUNTER_RULES);
}

struct fw_count fw_kern_prog_count(const struct fw_kern *k, enum fw_prog prog, enum fw_reason reason,
				   enum fw_verdict verdict)
{
	return count(k, FW_COUNTER_REASON(prog, reason, verdict));
}

struct fw_count fw_kern_reason_count(const struct fw_kern *k, enum fw_reason reason, enum fw_verdict verdict)
{
	struct fw_count sum = { 0 };

	for (int prog = 0; prog < FW_NPROGS; prog++) {
		fw_count_add(&sum, fw_kern_prog_count(k, (enum fw_prog)prog, reason, verdict));
	}
	return sum;
}

/* Rows of counters that lie in one chunk: column by column, since so memory is read in order. */
static void chunk_rows(const struct fw_kern *k, uint32_t counter, uint32_t n, struct fw_kern_row *rows)
{
	const struct fw_counter *base = counter_of(k, counter, FW_COLUMN_BASE(k->ncpus));
	const struct fw_label *label = (const void *)counter_of(k, counter, FW_COLUMN_LABEL(k->ncpus));

	memset(rows, 0, n * sizeof(*rows));
	for (uint32_t cpu = 0; label && cpu < k->ncpus; cpu++) {
		const struct fw_counter *c = counter_of(k, counter, cpu);

		for (uint32_t i = 0; i < n; i++)
			add(&rows[i].count, &c[i]);
	}
	for (uint32_t i = 0; base && i < n; i++) {
		rows[i].count.packets -= base[i].packets;
		rows[i].count.bytes -= base[i].bytes;
	}
	for (uint32_t i = 0; label && i < n; i++)
		rows[i].label = label[i];
}

void fw_kern_rows(const struct fw_kern *k, uint32_t slot, uint32_t n, struct fw_kern_row *rows)
{
	while (n) {
		uint32_t counter = slot + FW_COUNTER_RULES;
		uint32_t here = FW_COUNTER_CHUNK - (counter & (FW_COUNTER_CHUNK - 1));

		here = n < here ? n : here;
		chunk_rows(k, counter, here, rows);
		slot += here;
		rows += here;
		n -= here;
	}
}

/* Some chunks have no bases. */
static uint64_t chunks_bytes(const struct fw_kern *k)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < __atomic_load_n(&k->nchunks, __ATOMIC_ACQUIRE) * k->columns; i++)
		n += k->chunks[i] != NULL;
	return n * CHUNK_BYTES;
}

uint64_t fw_kern_memory(const struct fw_kern *k)
{
	return (uint64_t)k->pool.nsegments * (FW_SEGMENT_BYTES + FW_SLACK) + chunks_bytes(k) +
	       (uint64_t)FW_CPU_STATES(k->ncpus) * sizeof(struct fw_cpu) + (uint64_t)k->ncpus * sizeof(*k->traffic);
}
