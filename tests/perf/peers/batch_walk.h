/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stages of a batch. Who includes this has fw/table/flow.h, and provides
 *
 *	batch_node(node, tag, bits)		where a walk continues from a node, by the upper of @bits
 *	batch_filter(b, s, d, packet, wanted)	pairs of two class lines into b->want[]: how many there are now
 *	batch_homes(b)				b->line[] of b->want[]
 *	struct batch_compare, batch_compare_of(root), batch_match(...)
 *						a line of pairs compared with a packet: which entry is the pair's, is it
 *						there, does its rule match
 *
 * and BATCH_METHOD, BATCH_NAME and BATCH_HAS.
 *
 * Each stage is a loop over all packets, or over a list of what they ask for, without a branch on what the tables hold; it
 * prefetches what the next one reads. Rare cases are processed one packet at a time: classes of more than one line, pairs
 * that are being changed, frames that are not IP, rules that let a packet go on.
 */
#include <string.h>

/* One function each: in a single one the compiler runs out of registers. */
#define BATCH_STAGE __attribute__((noinline))

/* Of the longest walk: a split takes a step and no bits. */
#define BATCH_STEPS (2 * 128 / 8)

static __always_inline void batch_prefetch(__u32 line)
{
	__builtin_prefetch(fw_pool_line(line));
}

/* Bits that a node takes from the address, by its tag. */
#define BATCH_BITS ((__u64)8 << 8 * FW_REF_RUNS8 | (__u64)32 << 8 * FW_REF_RUNS32 | (__u64)8 << 8 * FW_REF_TABLE8)

/* As fw_trie_step(), of what is no class. */
static __always_inline __u32 batch_step(__u32 ref, struct fw_addr *rest, int family)
{
	__u32 tag = FW_REF_TAG(ref), bits = BATCH_BITS >> 8 * tag & 63;
	__u64 hi = rest->hi;

	rest->hi = hi << bits;
	if (family == FW_IP6) {
		rest->hi |= rest->lo >> (63 - bits) >> 1;
		rest->lo <<= bits;
	}
	return batch_node(fw_pool_line(FW_REF_LINE(ref)), tag, hi);
}

/* As fw_trie_root(). */
static __always_inline __u32 batch_root(__u32 line, const struct fw_addr *a, struct fw_addr *rest, int family)
{
	const __u32 *table = fw_pool_line(line);
	__u64 hi = a->hi;

	rest->hi = hi << FW_TRIE_ROOT_BITS;
	if (family == FW_IP6) {
		rest->hi |= a->lo >> (64 - FW_TRIE_ROOT_BITS);
		rest->lo = a->lo << FW_TRIE_ROOT_BITS;
	}
	return FW_READ(table[hi >> (64 - FW_TRIE_ROOT_BITS)]);
}

/* Both addresses of all packets of a family, to their classes. */
static __always_inline void batch_family(struct batch *b, const struct fw_key *keys, const __u8 *packet, unsigned n,
					 int family)
{
	__u32 src = b->root.trie[0][family], dst = b->root.trie[1][family];
	__u8 left[BATCH_SIDES + 1];
	unsigned m = 0;

	for (unsigned k = 0; k < n; k++) {
		unsigned side = 2u * packet[k];

		b->ref[side] = batch_root(src, &keys[packet[k]].src, &b->rest[side], family);
		b->ref[side + 1] = batch_root(dst, &keys[packet[k]].dst, &b->rest[side + 1], family);
		for (unsigned i = side; i < side + 2; i++) {
			batch_prefetch(FW_REF_LINE(b->ref[i]));
			left[m] = (__u8)i;
			m += FW_REF_TAG(b->ref[i]) != FW_REF_CLASS;
		}
	}
	for (int step = 0; step < BATCH_STEPS && m; step++) {
		unsigned more = 0;

		for (unsigned k = 0; k < m; k++) {
			unsigned i = left[k];
			__u32 ref = batch_step(b->ref[i], &b->rest[i], family);

			b->ref[i] = ref;
			batch_prefetch(FW_REF_LINE(ref));
			left[more] = (__u8)i;
			more += FW_REF_TAG(ref) != FW_REF_CLASS;
		}
		m = more;
	}
}

/* Those that the stages are for. */
static BATCH_STAGE void batch_walks(struct batch *b, const struct fw_key *keys, unsigned n)
{
	__u8 ip4[BATCH_PACKETS + 1] = { 0 }, ip6[BATCH_PACKETS + 1] = { 0 };
	unsigned n4 = 0, n6 = 0;
	__u32 alone = 0;

	for (unsigned p = 0; p < n; p++) {
		__u32 family = keys[p].family, other = keys[p].reason ^ FW_R_NONE;
		unsigned is4 = !((family ^ FW_IP4) | other), is6 = !((family ^ FW_IP6) | other);

		ip4[n4] = ip6[n6] = (__u8)p;
		n4 += is4;
		n6 += is6;
		alone |= (__u32) !(is4 | is6) << p;
	}
	b->alone = alone;
	batch_family(b, keys, ip4, n4, FW_IP4);
	batch_family(b, keys, ip6, n6, FW_IP6);
}

/* As fw_lanes(), of all packets. */
static BATCH_STAGE void batch_lanes(struct batch *b, const struct fw_key *keys, unsigned n)
{
	unsigned lanes = b->root.lanes;

	memset(b->lanes, 0, sizeof(b->lanes));
	for (unsigned i = 0; i < lanes; i++) {
		unsigned field = b->root.lane_field[i] & (FW_KEY_SLOTS - 1), shift = b->root.lane_shift[i] & 63;

		for (unsigned p = 0; p < n; p++)
			b->lanes[p] |= (__u64)keys[p].f[field] << shift;
	}
}

/* The pairs of all packets, and where they may be. */
static BATCH_STAGE void batch_pairs(struct batch *b, unsigned n)
{
	unsigned wanted = 0;

	for (unsigned p = 0; p < n; p++) {
		if (b->alone >> p & 1)
			continue;

		const struct fw_class *s = fw_pool_line(FW_REF_LINE(b->ref[2 * p])),
				      *d = fw_pool_line(FW_REF_LINE(b->ref[2 * p + 1]));

		if ((s->lines | d->lines) > 1)
			b->alone |= 1u << p;
		else
			wanted = batch_filter(b, s, d, p, wanted);
	}
	b->wanted = wanted;
	batch_homes(b);
	for (unsigned k = 0; k < wanted; k++)
		batch_prefetch(b->line[k]);
}

#include "tests/perf/peers/batch_blocks.h"

/* As fw_probe(). */
static BATCH_STAGE void batch_probe(struct batch *b)
{
	struct batch_compare compare = batch_compare_of(&b->root);
	unsigned n = 0;

	for (unsigned k = 0; k < b->wanted; k++) {
		const struct fw_pair *pair = fw_pool_line(b->line[k]);
		__u64 word = b->want[k], found, match;

		b->hit[n] = pair[batch_match(&compare, pair, word, b->lanes[word >> 48], &found, &match)].hit;
		b->hit_packet[n] = (__u8)(word >> 48);
		n += (unsigned)match;
		if (pair[0].key >> 63 & ~found) {
			b->want[b->wanted] = word;
			b->line[b->wanted++] = b->line[k] + 1;
		}
	}
	b->nhits = n;
}

/* Hits that are rules: the lowest of each packet. Return: are there any others? */
static BATCH_STAGE __u64 batch_rules(struct batch *b)
{
	__u64 blocks = 0;

	for (unsigned p = 0; p < BATCH_PACKETS; p++)
		b->best[p] = FW_HIT_NONE;
	for (unsigned k = 0; k < b->nhits; k++) {
		__u64 hit = b->hit[k], block = FW_HIT_BLOCK(hit), *best = &b->best[b->hit_packet[k]];

		*best = fw_min_hit(*best, (hit | -block) & FW_HIT_NONE);
		blocks |= block;
	}
	return blocks;
}

static void batch_single(struct batch *b, const struct fw_key *key, __u32 *what)
{
	b->cpu->key = *key;
	*what = FW_WHAT(FW_R_INTERNAL, FW_DROP);
	if (fw_begin(b->cpu, b->control))
		return;
	fw_classify(b->cpu, 0);
	*what = b->cpu->answer.what;
}

static void batch_run(struct batch *b, const struct fw_key *keys, unsigned n, uint32_t *what)
{
	fw_pool_base = b->pool->base;
	b->cpu->floor = 0;
	batch_walks(b, keys, n);
	batch_lanes(b, keys, n);
	batch_pairs(b, n);
	batch_probe(b);
	if (batch_rules(b))
		batch_blocks(b, keys);
	for (unsigned p = 0; p < n; p++) {
		__u32 reason = keys[p].f[FW_F_HOOK] & (FW_HOOK_ROWS - 1),
		      policy = FW_WHAT(reason, b->root.policy[reason][reason]);

		what[p] = b->best[p] != FW_HIT_NONE ? (__u32)b->best[p] : policy;
		b->alone |= (__u32)(FW_WHAT_ACTION(what[p]) >= FW_NTERMINAL) << p;
	}
	for (__u32 left = b->alone; left; left &= left - 1)
		batch_single(b, &keys[fw_lowest_bit(left)], &what[fw_lowest_bit(left)]);
}

const struct batch_method BATCH_METHOD = { BATCH_NAME, BATCH_HAS, batch_run };
