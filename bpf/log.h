/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing events (fw/table/event.h) into the ring. A program reserves a record, copies its packet by the means of its hook, and
 * submits it. The kernel wakes the reader only if that had read everything; while events are frequent, the reader looks at
 * intervals and does not wait to be woken.
 */
#ifndef FW_BPF_LOG_H
#define FW_BPF_LOG_H

#include "bpf/cpu.h"

#include "fw/table/event.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, FW_EVENT_RING);
} fw_ring SEC(".maps");

/* By CPU. User space sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_event_counts);
} fw_event_counts SEC(".maps");

/* The counts of this CPU. A packet that interrupts another one may make it lose a count. */
static __always_inline struct fw_event_counts *fw_event_counts_here(void)
{
	__u32 n = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&fw_event_counts, &n);
}

/* A packet was not logged because its rule's rate is used up. */
static __always_inline void fw_event_limited(void)
{
	struct fw_event_counts *c = fw_event_counts_here();

	if (c)
		c->limited++;
}

/*
 * A record with kind and time set, and zeroes otherwise except for bytes[]; NULL, and counted: the ring is full.
 * The caller fills it, and must then submit it.
 */
static __always_inline struct fw_event *fw_event_reserve(enum fw_event_kind kind)
{
	struct fw_event_counts *c = fw_event_counts_here();
	struct fw_event *e = kind == FW_EVENT_LOG ? bpf_ringbuf_reserve(&fw_ring, sizeof(*e), 0) :
						    bpf_ringbuf_reserve(&fw_ring, FW_EVENT_HEAD, 0);

	if (!e) {
		if (c)
			c->lost[kind]++;
		return NULL;
	}
	/* Old verifiers forget in a second branch that the record exists: the compiler must not join the two counts. */
	fw_forget();
	if (c)
		c->sent[kind]++;
	__builtin_memset(e, 0, FW_EVENT_HEAD);
	e->time = fw_clock();
	e->kind = kind;
	return e;
}

static __always_inline void fw_event_submit(struct fw_event *e)
{
	bpf_ringbuf_submit(e, 0);
}

/* How many bytes of a packet of @len bytes are captured. */
static __always_inline __u32 fw_event_captured(__u32 len)
{
	return len < FW_EVENT_BYTES ? len : FW_EVENT_BYTES;
}

/* Copies the first bytes of a frame at XDP. */
static __always_inline void fw_event_copy_xdp(struct fw_event *e, struct xdp_md *ctx)
{
	__u32 len = bpf_xdp_get_buff_len(ctx);
	__u64 n = fw_event_captured(len);

	e->len = len;
	if (fw_is_between(&n, 1, FW_EVENT_BYTES) && !bpf_xdp_load_bytes(ctx, 0, e->bytes, n))
		e->captured = n;
}

/* The same of an skb, from @at on, where @len bytes follow. */
static __always_inline void fw_event_copy_skb(struct fw_event *e, struct __sk_buff *skb, __u32 at, __u32 len)
{
	__u64 n = fw_event_captured(len);

	e->len = len;
	if (fw_is_between(&n, 1, FW_EVENT_BYTES) && !bpf_skb_load_bytes(skb, at, e->bytes, n))
		e->captured = n;
}

#endif
