// SPDX-License-Identifier: GPL-2.0-only
/* A batch on any CPU: each step is the shared lookup's own. */
#include "tests/perf/peers/batch_state.h"

#include "fw/memory_pool.h"

#include "fw/table/flow.h"

static __always_inline __u32 batch_node(const void *node, __u32 tag, __u64 bits)
{
	const struct fw_runs32 *runs32 = node;
	const struct fw_runs8 *runs8 = node;

	if (tag == FW_REF_RUNS8)
		return runs8->ref[fw_runs8_find(runs8, bits >> 56) & 15];
	if (tag == FW_REF_TABLE8)
		return ((const __u32 *)node)[bits >> 56];
	return runs32->ref[fw_runs32_find(runs32, bits >> 32) & 7];
}

/* Appends the pairs of a packet's two class lines. */
static __always_inline unsigned batch_filter(struct batch *b, const struct fw_class *s, const struct fw_class *d,
					     __u64 packet, unsigned wanted)
{
	struct fw_cpu *cpu = b->cpu;

	cpu->wanted = 0;
	fw_filter(cpu, s, d);
	for (unsigned i = 0; i < cpu->wanted; i++)
		b->want[wanted++] = cpu->want[i] | packet << 48;
	return wanted;
}

static __always_inline void batch_homes(struct batch *b)
{
	for (unsigned k = 0; k < b->wanted; k++)
		b->line[k] = b->root.pairs + fw_pair_home(&b->root, b->want[k] & FW_PAIR_KEY_MASK);
}

struct batch_compare {
	__u64 guard;
};

static __always_inline struct batch_compare batch_compare_of(const struct fw_root *root)
{
	return (struct batch_compare){ root->lane_guard };
}

static __always_inline unsigned batch_match(const struct batch_compare *c, const struct fw_pair *pair, __u64 word,
					    __u64 lanes, __u64 *found, __u64 *match)
{
	unsigned entry = (unsigned)fw_is_zero((pair[1].key ^ word) << 16);
	const struct fw_pair *e = &pair[entry];
	__u64 other = (e->key ^ word) << 16, guard = c->guard;
	__u64 inside = ((lanes | guard) - e->lo) & (e->hi - lanes) & guard;

	*found = fw_is_zero(other);
	*match = fw_is_zero((inside ^ guard) | other);
	return entry;
}

static bool plain_has(void)
{
	return true;
}

#define BATCH_METHOD batch_plain
#define BATCH_NAME "plain"
#define BATCH_HAS plain_has
#include "tests/perf/peers/batch_walk.h"
