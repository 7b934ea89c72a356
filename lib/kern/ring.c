// SPDX-License-Identifier: GPL-2.0-only
/* The ring of events, as the only process reads it that uses the pins. */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

struct events {
	struct ring_buffer *ring;
	struct fw_event_counts *counts; /* by CPU, mmapped */
	size_t counts_bytes;
	/* of the read at hand */
	fw_kern_event *each;
	void *ctx;
	unsigned left, n;
};

/* Is it a whole event that a program of ours has written? Nobody else can write the ring, but another version may have. */
static bool is_sound(const struct fw_event *e, size_t size)
{
	if (size < FW_EVENT_HEAD || e->kind >= FW_NEVENTS || e->prog >= FW_NPROGS || e->verdict >= FW_NVERDICTS)
		return false;
	return e->kind != FW_EVENT_LOG || (size >= sizeof(*e) && e->captured <= FW_EVENT_BYTES);
}

static int take(void *ctx, void *data, size_t size)
{
	struct events *v = ctx;

	if (is_sound(data, size))
		v->each(data, v->ctx);
	v->n++;
	return --v->left ? 0 : -ECANCELED;
}

static int map_counts(struct fw_kern *k)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = k->ncpus * sizeof(struct fw_event_counts);
	void *at;

	k->events->counts_bytes = (bytes + page - 1) / page * page;
	at = mmap(NULL, k->events->counts_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, k->maps[MAP_EVENT_COUNTS], 0);
	if (at == MAP_FAILED)
		return -errno;
	k->events->counts = at;
	return 0;
}

int kern_events_open(struct fw_kern *k)
{
	k->events = calloc(1, sizeof(*k->events));
	if (!k->events)
		return -ENOMEM;
	k->events->ring = ring_buffer__new(k->maps[MAP_RING], take, k->events, NULL);
	return k->events->ring ? map_counts(k) : -errno;
}

void kern_events_close(struct fw_kern *k)
{
	if (!k->events)
		return;
	ring_buffer__free(k->events->ring);
	if (k->events->counts)
		munmap(k->events->counts, k->events->counts_bytes);
	free(k->events);
}

int fw_kern_events_fd(const struct fw_kern *k)
{
	return ring_buffer__epoll_fd(k->events->ring);
}

unsigned fw_kern_events(struct fw_kern *k, unsigned max, fw_kern_event *each, void *ctx)
{
	struct events *v = k->events;

	if (!max)
		return 0;
	v->each = each;
	v->ctx = ctx;
	v->left = max;
	v->n = 0;
	ring_buffer__consume(v->ring);
	return v->n;
}

void fw_kern_event_counts(const struct fw_kern *k, struct fw_event_counts *out)
{
	*out = (struct fw_event_counts){ 0 };
	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++) {
		const struct fw_event_counts *c = &k->events->counts[cpu];

		for (int kind = 0; kind < FW_NEVENTS; kind++) {
			out->sent[kind] += FW_READ(c->sent[kind]);
			out->lost[kind] += FW_READ(c->lost[kind]);
		}
		out->limited += FW_READ(c->limited);
	}
}

bool fw_kern_events_lost(struct fw_kern *k, uint64_t out[FW_NLOSSES])
{
	__u64 *told = k->events->counts[0].told;
	struct fw_event_counts now;
	bool any = false;

	fw_kern_event_counts(k, &now);
	out[FW_LOST_LOG] = now.lost[FW_EVENT_LOG];
	out[FW_LOST_ADD] = now.lost[FW_EVENT_ADD];
	out[FW_LOST_RATE] = now.limited;
	for (int i = 0; i < FW_NLOSSES; i++) {
		uint64_t before = told[i];

		told[i] = out[i];
		out[i] -= before;
		any |= out[i] != 0;
	}
	return any;
}
