// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ends of the stage: the generator, which writes the next frame of the
 * traffic over what BPF_PROG_TEST_RUN gives it and sends it off, and the end,
 * which notes which frames came and drops them.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/perf/peers/stage_frame.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, STAGE_FRAMES);
	__type(key, __u32);
	__type(value, struct stage_frame);
} frames SEC(".maps");

/* The device that the generator sends by: it is in another namespace than who runs it. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} out SEC(".maps");

/* All of it is written on one CPU only. */
__u32 next_frame;
__u32 frame_count;
__u32 nowhere; /* frames are written, and dropped at once */
__u64 sent, passed;
__u32 batch, batch_left;
/* When the first and the latest batch began. */
struct stage_mark began, latest;
/* How long batches took, in ns. */
__u32 batches, batch_ns[STAGE_BATCHES];
/* By IPv4 identification, as it is in the packet: Linux 6.1 knows no bounds of one that was swapped. */
__u8 seen[STAGE_FRAMES];

/* When a batch begins, all of those before is through. */
static __always_inline void note_batch(void)
{
	__u64 now;

	if (batch_left--)
		return;
	batch_left = batch - 1;
	now = bpf_ktime_get_ns();
	if (began.at)
		batch_ns[batches++ & (STAGE_BATCHES - 1)] = now - latest.at;
	latest.at = now;
	latest.sent = sent;
	latest.passed = passed;
	if (!began.at)
		began = latest;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct stage_frame *to = (void *)(long)ctx->data;
	__u32 at = next_frame;
	struct stage_frame *from = bpf_map_lookup_elem(&frames, &at);

	next_frame = at + 1 < frame_count ? at + 1 : 0;
	if (!from || (void *)to + STAGE_FRAME > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	for (int i = 0; i < 7; i++)
		to->words[i] = from->words[i];
	to->last = from->last;
	note_batch();
	sent++;
	return nowhere ? XDP_DROP : (int)bpf_redirect_map(&out, 0, XDP_ABORTED);
}

SEC("xdp")
int end(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_DROP;
	seen[ip->id] = 1;
	passed++;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
