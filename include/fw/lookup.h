/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lookup: from a packet's key to the rule that decides. One source for the
 * BPF program and for user space. Who includes this provides
 *
 *	static __always_inline const void *fw_pool_line(__u32 line);
 *
 * a pointer to a line of the pool, good for FW_LINE + FW_SLACK bytes, or NULL, and
 *
 *	struct fw_object;
 *	static __always_inline struct fw_object fw_pool_object(__u32 line);
 *	static __always_inline const void *fw_object_start(struct fw_object o);
 *	static __always_inline __u32 fw_word32(struct fw_object o, __u32 offset);
 *	static __always_inline __u64 fw_word64(struct fw_object o, __u32 offset);
 *
 * a large object and the words in it by byte offset (o.base is NULL when it is not there). Nothing here knows what backs
 * the pool.
 *
 * How a packet finds its rule, on three rules:
 *
 *	rule 1  from 10.0.0.0/8  proto tcp  dport 22  accept
 *	rule 2  from 10.1.0.0/16            drop
 *	rule 3                   proto icmp accept
 *
 * tcp 10.1.2.3:999 > 192.0.2.1:22. The source walk ends at the class {any, 10/8, 10.1/16}, the destination's at {any}.
 * Signatures say that (any, any), (10/8, any) and (10.1/16, any) may be pairs; all three are read from the pair table at
 * once. Each holds a single rule, compared in place: 3 fails on its protocol, 1 and 2 hit; the rank of 1 is the lower.
 *
 * Written for the verifier: loops are bounded by constants and end on counts that live in memory, so that their states
 * merge; conditional updates are arithmetic; every offset is masked right before use.
 */
#ifndef FW_LOOKUP_H
#define FW_LOOKUP_H

#include "fw/hash.h"

/* The sign bit of x, as 0 or 1. Opaque before and after, or the compiler makes a compare and a branch of it. */
static __always_inline __u64 fw_sign(__u64 x)
{
	fw_opaque(x);
	x >>= 63;
	fw_opaque(x);
	return x;
}

/* 1 when x is 0, else 0. */
static __always_inline __u64 fw_is_zero(__u64 x)
{
	return fw_sign(~x & (x - 1));
}

/* The smaller one; both below 2^63. */
static __always_inline __u64 fw_min_hit(__u64 a, __u64 b)
{
	__u64 d = b - a;

	return a + (d & -fw_sign(d));
}

/* Number of trailing zeros of x, which is not 0: the population count of the bits below the lowest one. */
static __always_inline __u32 fw_popcount(__u64 x)
{
	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return x * 0x0101010101010101ull >> 56;
}

static __always_inline __u32 fw_lowest_bit(__u64 x)
{
	return fw_popcount((x & -x) - 1);
}

/* How many of the four bytes in the even places of x are at least b: 16-bit lanes leave room for the borrow. */
#define FW_EVEN_BYTES 0x00ff00ff00ff00ffull
#define FW_BYTE_LANES 0x0001000100010001ull
static __always_inline __u64 fw_lanes_at_least(__u64 x, __u64 b)
{
	return ((FW_BYTE_LANES << 8 | (x & FW_EVEN_BYTES)) - b * FW_BYTE_LANES) >> 8 & FW_BYTE_LANES;
}

/* The run of a byte: how many runs end below it. */
static __always_inline __u32 fw_runs8_find(const struct fw_runs8 *node, __u64 b)
{
	__u64 low = *(const __u64 *)node->last, high = *(const __u32 *)(node->last + 8);
	__u64 lanes = fw_lanes_at_least(low, b) + fw_lanes_at_least(low >> 8, b);

	/* The four lanes above the last four bytes hold 0xff and count as at least b: hence the 4 below. */
	high |= 0xffffffff00000000ull;
	lanes += fw_lanes_at_least(high, b) + fw_lanes_at_least(high >> 8, b);
	return FW_RUNS8 - 1 + 4 - (__u32)(lanes * FW_BYTE_LANES >> 48);
}

static __always_inline __u32 fw_runs32_find(const struct fw_runs32 *node, __u64 value)
{
	__u32 n = 0;

#pragma GCC unroll 8
	for (int i = 0; i < FW_RUNS32 - 1; i++)
		n += fw_sign(node->last[i] - value);
	return n;
}

/* Moves bits out. The address is in memory, where the verifier forgets which bits are 0. IPv4 has none in @a->lo. */
static __always_inline void fw_addr_shift(volatile struct fw_addr *a, __u32 bits, int family)
{
	__u64 hi = a->hi, lo;

	if (family == FW_IP4) {
		a->hi = hi << bits;
		return;
	}
	lo = a->lo;
	a->hi = hi << bits | lo >> (64 - bits);
	a->lo = lo << bits;
}

/*
 * One step of a walk: @ref by the next bits of @rest, which move out. A class
 * stays as it is. 0 is line 0 of the pool, which holds no class, and means that the pool does not hold together.
 */
static __always_inline __u32 fw_trie_step(__u32 ref, volatile struct fw_addr *rest, int family)
{
	__u32 tag = FW_REF_TAG(ref);

	if (tag == FW_REF_CLASS)
		return ref;

	const void *node = fw_pool_line(FW_REF_LINE(ref));
	__u64 bits = rest->hi;

	if (!node)
		return 0;
	if (tag == FW_REF_RUNS32 || tag == FW_REF_SPLIT) {
		const struct fw_runs32 *r = node;

		ref = r->ref[fw_runs32_find(r, bits >> 32) & 7];
		/* A split's nodes are all of runs of 32 bits; only an IPv6 walk goes on behind those. */
		if (family == FW_IP6 && tag == FW_REF_RUNS32)
			fw_addr_shift(rest, 32, family);
		return ref;
	}
	if (tag == FW_REF_RUNS8) {
		const struct fw_runs8 *r = node;

		ref = r->ref[fw_runs8_find(r, bits >> 56) & 15];
	} else {
		const __u32 *table = node;

		ref = table[bits >> 56];
	}
	fw_addr_shift(rest, 8, family);
	return ref;
}

/* The first reference below the root, whose table is indexed by the upper 16 bits. */
static __always_inline __u32 fw_trie_root(__u32 line, volatile struct fw_addr *rest, int family)
{
	__u32 index = rest->hi >> (64 - FW_TRIE_ROOT_BITS);
	const __u32 *row = fw_pool_line(line + index / (FW_LINE / 4));

	if (!row)
		return 0;
	fw_addr_shift(rest, FW_TRIE_ROOT_BITS, family);
	return row[index % (FW_LINE / 4)];
}

/* Both addresses' classes; the two walks go in step, so that their cache misses overlap. */
static __always_inline void fw_walk_family(struct fw_cpu *cpu, int family, int steps)
{
	struct fw_addr *rest = cpu->rest;
	__u32 s, d;

	rest[0] = cpu->key.src;
	rest[1] = cpu->key.dst;
	s = fw_trie_root(cpu->root.trie[0][family], &rest[0], family);
	d = fw_trie_root(cpu->root.trie[1][family], &rest[1], family);
	for (int i = 0; i < steps; i++) {
		if (!(FW_REF_TAG(s) | FW_REF_TAG(d)))
			break;
		s = fw_trie_step(s, &rest[0], family);
		d = fw_trie_step(d, &rest[1], family);
	}
	cpu->class_line[0] = FW_REF_LINE(s);
	cpu->class_line[1] = FW_REF_LINE(d);
}

static __always_inline void fw_walk(struct fw_cpu *cpu)
{
	if (cpu->key.family == FW_IP4) {
		fw_walk_family(cpu, FW_IP4, FW_TRIE_STEPS4);
	} else if (cpu->key.family == FW_IP6) {
		fw_walk_family(cpu, FW_IP6, FW_TRIE_STEPS6);
	} else {
		cpu->class_line[0] = cpu->root.trie[0][FW_FAMILY_NONE];
		cpu->class_line[1] = cpu->root.trie[1][FW_FAMILY_NONE];
	}
}

/* Appends to want[] the pairs of two class lines that the signatures on both sides let pass. */
static __always_inline void fw_filter(struct fw_cpu *cpu, const struct fw_class *s, const struct fw_class *d)
{
	__u32 bit[FW_CLASS_IDENTITIES];
	__u64 n = cpu->wanted;

#pragma GCC unroll 5
	for (int j = 0; j < FW_CLASS_IDENTITIES; j++)
		bit[j] = fw_signature_bit(d->identity[j]);
	for (int i = 0; i < FW_CLASS_IDENTITIES; i++) {
		if (i >= s->n)
			break;

		__u32 src = s->identity[i], src_bit = fw_signature_bit(src);
		__u64 signature = s->signature[i];

#pragma GCC unroll 5
		for (int j = 0; j < FW_CLASS_IDENTITIES; j++) {
			cpu->want[n & (FW_BATCH_ROOM - 1)] = FW_PAIR_KEY(src, d->identity[j]);
			n += signature >> bit[j] & d->signature[j] >> src_bit & 1;
		}
	}
	cpu->wanted = n;
}

/* The packet's values in the lanes of the pairs' entries. */
static __always_inline __u64 fw_lanes(const struct fw_root *root, const struct fw_key *key)
{
	__u64 lanes = 0;

	for (__u32 i = 0; i < FW_LANES; i++) {
		if (i >= root->lanes)
			break;
		lanes |= (__u64)key->f[root->lane_field[i] & (FW_KEY_SLOTS - 1)] << (root->lane_shift[i] & 63);
	}
	return lanes;
}

/* The two lowest of hits[]; and of those that are rules, the lowest goes to cpu->hit. */
static __always_inline void fw_best(struct fw_cpu *cpu)
{
	__u64 best = cpu->hit, first = FW_HIT_NONE, second = FW_HIT_NONE;

	for (__u32 i = 0; i < FW_BATCH; i++) {
		if (i >= *(volatile __u32 *)&cpu->nhits)
			break;

		__u64 hit = cpu->hits[i];

		__u64 lower = fw_min_hit(first, hit);

		second = fw_min_hit(second, first ^ hit ^ lower);
		first = lower;
		best = fw_min_hit(best, (hit | -FW_HIT_BLOCK(hit)) & FW_HIT_NONE);
	}
	cpu->hit = best;
	cpu->first = first;
	cpu->second = second;
}

/*
 * Looks up every pair of want[]; rules that match and blocks go to hits[]. What
 * an entry holds decides no branch, but for the rare pair that may stand in the
 * next line and is put at the end of the list again: so the misses of all pairs overlap.
 */
static __always_inline int fw_probe(struct fw_cpu *cpu, __u32 room)
{
	__u64 lanes = cpu->lanes, guard = cpu->root.lane_guard, n = 0;

	for (__u32 i = 0; i < room; i++) {
		if (i >= *(volatile __u32 *)&cpu->wanted)
			break;

		__u64 word = cpu->want[i], key = word & FW_PAIR_KEY_MASK;
		__u32 line = cpu->root.pairs + fw_pair_home(&cpu->root, key) + (__u32)(word >> 48);
		const struct fw_pair *pair = fw_pool_line(line);

		if (!pair)
			return -1;

		const struct fw_pair *e = &pair[fw_is_zero((pair[1].key ^ key) << 16)];
		__u64 other = (e->key ^ key) << 16;
		__u64 inside = ((lanes | guard) - e->lo) & (e->hi - lanes) & guard;

		cpu->hits[n & (FW_BATCH - 1)] = e->hit;
		n += fw_is_zero((inside ^ guard) | other);
		if (pair[0].key & FW_PAIR_OVERFLOW && other) {
			__u32 last = *(volatile __u32 *)&cpu->wanted;

			cpu->want[last & (FW_BATCH_ROOM - 1)] = word + (1ull << 48);
			cpu->wanted = last + 1;
		}
	}
	cpu->nhits = n;
	fw_best(cpu);
	return 0;
}

/*
 * The interval of a value: how many ends lie below it. Ends are padded to a power of two with values that nothing is
 * above, so the search has no other case.
 */
static __always_inline __u32 fw_interval(struct fw_cpu *cpu, struct fw_object o, const struct fw_block_field *field,
					 __u64 value)
{
	/* In bytes: at is the end before those that are still to be searched. */
	__u64 start = field->ends - 4, at = start, step = 4ull << (field->steps & 31) >> 1;

	for (int i = 0; i < FW_BLOCK_STEPS; i++) {
		if (step < 4)
			break;
		at += step & -fw_sign(fw_word32(o, at + step) - value);
		step >>= 1;
	}
	at = (at - start) >> 2;
	/* By way of memory, so that the verifier takes the searches of all lengths for one. */
	*(volatile __u32 *)&cpu->interval = at;
	return *(volatile __u32 *)&cpu->interval;
}

/*
 * A block of more than 64 rules: @words says in which words every field has bits. The first word in which all of them
 * share one holds the first match.
 */
FW_GLOBAL int fw_block_words(struct fw_cpu *cpu, __u32 line, __u64 words)
{
	struct fw_object o = fw_pool_object(line);
	const struct fw_block *b = fw_object_start(o);

	if (!cpu || !b)
		return -1;
	for (int i = 0; i < 64; i++) {
		if (!words)
			break;

		__u32 w = fw_lowest_bit(words);
		__u64 common = ~0ull;

		for (__u32 f = 0; f < FW_NFIELDS; f++) {
			if (f >= b->fields)
				break;
			__u64 below = cpu->vector[f] & ((1ull << (w & 63)) - 1);

			common &= fw_word64(o, cpu->words[f] + fw_popcount(below) * 8);
		}
		if (common) {
			cpu->hit = fw_min_hit(cpu->hit, fw_word64(o, b->hits + (w * 64 + fw_lowest_bit(common)) * 8));
			break;
		}
		words &= words - 1;
	}
	return 0;
}

/* The first match in a block goes to cpu->hit if it is better. Returns the hit of the pair's next block. */
static __always_inline __u64 fw_block_search(struct fw_cpu *cpu, __u32 line)
{
	struct fw_object o = fw_pool_object(line);
	const struct fw_block *b = fw_object_start(o);
	__u64 common = ~0ull;

	if (!b)
		return FW_HIT_NONE;
	for (__u32 f = 0; f < FW_NFIELDS; f++) {
		if (f >= b->fields)
			break;

		const struct fw_block_field *field = &b->field[f];
		__u32 at = fw_interval(cpu, o, field, cpu->key.f[field->field & (FW_KEY_SLOTS - 1)]);
		__u64 vector = fw_word64(o, field->vectors + at * 8);

		cpu->vector[f] = vector;
		if (b->rules > 64)
			cpu->words[f] = fw_word32(o, field->words + at * 4);
		common &= vector;
	}
	if (common && b->rules > 64)
		fw_block_words(cpu, line, common);
	else if (common)
		cpu->hit = fw_min_hit(cpu->hit, fw_word64(o, b->hits + fw_lowest_bit(common) * 8));
	return b->next;
}

FW_GLOBAL __u64 fw_block_more(struct fw_cpu *cpu, __u32 line)
{
	return cpu ? fw_block_search(cpu, line) : FW_HIT_NONE;
}

/* The other blocks among hits[], as long as they can matter, beginning with the one that follows the first. */
FW_GLOBAL int fw_blocks(struct fw_cpu *cpu, __u64 hit)
{
	if (!cpu)
		return -1;
	cpu->cursor = 0;
	for (int i = 0; i < 2 * FW_BATCH + FW_BLOCK_CHAIN + 1; i++) {
		if (hit < cpu->hit) {
			hit = fw_block_more(cpu, (__u32)hit);
			continue;
		}
		__u32 next = *(volatile __u32 *)&cpu->cursor;

		if (next >= *(volatile __u32 *)&cpu->nhits)
			break;
		cpu->cursor = next + 1;
		hit = cpu->hits[next & (FW_BATCH - 1)];
		if (hit == cpu->first)
			hit = FW_HIT_NONE;
	}
	return 0;
}

/* The pairs of want[], and the blocks among them where they can matter: the one with the lowest rank mostly settles it. */
static __always_inline int fw_batch(struct fw_cpu *cpu, __u32 room)
{
	if (fw_probe(cpu, room))
		return -1;
	cpu->wanted = 0;
	if (cpu->first >= cpu->hit)
		return 0;

	__u64 next = fw_block_search(cpu, (__u32)cpu->first);

	return fw_min_hit(next, cpu->second) < cpu->hit ? fw_blocks(cpu, next) : 0;
}

FW_GLOBAL int fw_filter_lines(struct fw_cpu *cpu, const struct fw_class *s, const struct fw_class *d)
{
	if (!cpu || !s || !d)
		return -1;
	fw_filter(cpu, s, d);
	return 0;
}

FW_GLOBAL int fw_batch_lines(struct fw_cpu *cpu)
{
	return cpu ? fw_batch(cpu, FW_BATCH_ROOM) : -1;
}

/* Goes on after fw_lookup() where a class has more than one line: the pairs of every line with every line. */
FW_GLOBAL int fw_lookup_lines(struct fw_cpu *cpu)
{
	const struct fw_class *first[2];
	__u32 s_lines, d_lines;

	if (!cpu)
		return -1;
	first[0] = fw_pool_line(cpu->class_line[0]);
	first[1] = fw_pool_line(cpu->class_line[1]);
	if (!first[0] || !first[1])
		return -1;
	s_lines = first[0]->lines;
	d_lines = first[1]->lines;
	cpu->line[0] = 0;
	cpu->line[1] = 0;
	for (int i = 0; i < FW_CLASS_LINES * FW_CLASS_LINES; i++) {
		__u32 si = *(volatile __u32 *)&cpu->line[0], di = *(volatile __u32 *)&cpu->line[1];
		const struct fw_class *s = fw_pool_line(cpu->class_line[0] + si);
		const struct fw_class *d = fw_pool_line(cpu->class_line[1] + di);

		if (!s || !d || fw_filter_lines(cpu, s, d))
			return -1;
		if (++di >= d_lines) {
			di = 0;
			si++;
		}
		cpu->line[0] = si;
		cpu->line[1] = di;
		if (si < s_lines && *(volatile __u32 *)&cpu->wanted <= FW_BATCH - FW_CLASS_IDENTITIES * FW_CLASS_IDENTITIES)
			continue;
		if (fw_batch_lines(cpu))
			return -1;
		if (si >= s_lines)
			return 0;
	}
	return 0;
}

/*
 * The best hit for the packet of cpu->key goes to cpu->hit. 1: a class has more
 * than one line, fw_lookup_lines() does it. -1: the tables do not hold together.
 * A function call costs as much as several table reads on CPUs that guard returns, so the common case makes none.
 */
FW_GLOBAL int fw_lookup(struct fw_cpu *cpu)
{
	const struct fw_class *s, *d;

	if (!cpu)
		return -1;
	fw_walk(cpu);
	s = fw_pool_line(cpu->class_line[0]);
	d = fw_pool_line(cpu->class_line[1]);
	if (!s || !d)
		return -1;
	cpu->hit = FW_HIT_NONE;
	cpu->lanes = fw_lanes(&cpu->root, &cpu->key);
	cpu->wanted = 0;
	if (s->lines > 1 || d->lines > 1)
		return 1;
	fw_filter(cpu, s, d);
	return fw_batch(cpu, FW_CLASS_IDENTITIES * FW_CLASS_IDENTITIES * (FW_PAIR_DISPLACEMENT + 1));
}

/* What the rules, or else the policies, say of the packet of cpu->key: FW_WHAT. */
static __always_inline __u32 fw_decide(struct fw_cpu *cpu)
{
	__u32 reason = cpu->key.reason;

	if (reason != FW_R_NON_IP || cpu->root.frame_rules) {
		int left = fw_lookup(cpu);

		if (left > 0)
			left = fw_lookup_lines(cpu);
		if (left)
			reason = FW_R_INTERNAL;
		else if (cpu->hit != FW_HIT_NONE)
			return (__u32)cpu->hit;
	}
	if (reason == FW_R_NONE)
		reason = cpu->key.f[FW_F_HOOK] & 1;
	return FW_WHAT(reason, cpu->root.accept >> (reason & 31) & 1);
}

/* One word of a packed flow; each value may be its field's max + 1. */
static __always_inline __u64 fw_flow_word(const struct fw_key *key, int number)
{
	__u64 packed = number ? 0 : (__u64)key->family << FW_FLOW_FAMILY_SHIFT;

#define FW_FLOW_PACK(sym, kw, max, word, shift) \
	if (word == number)                     \
		packed |= (__u64)key->f[FW_F_##sym] << (shift);
	FW_FIELDS(FW_FLOW_PACK)
#undef FW_FLOW_PACK
	return packed;
}

/* The place of a flow's set in the cache, as the number of its first entry. */
static __always_inline __u32 fw_flow_set(const struct fw_key *key, const __u64 *fields)
{
	const struct fw_addr *src = &key->src, *dst = &key->dst;
	__u64 h = (src->hi ^ src->lo >> 7) * 0x9e3779b97f4a7c15ull + (dst->hi ^ dst->lo >> 11) * 0xc2b2ae3d27d4eb4full;

	h ^= (fields[0] ^ fields[1] << 5 ^ fields[2] << 9) * 0x165667b19e3779f9ull;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93ull;
	return h >> 52 & (FW_FLOWS - FW_FLOW_WAYS);
}

/* Before a packet: makes cpu->root the root that @control names. -1: it is not there. */
static __always_inline int fw_begin(struct fw_cpu *cpu, __u64 control)
{
	const struct fw_root *root;

	if (cpu->control == control)
		return 0;
	root = fw_pool_line((__u32)control);
	if (!root)
		return -1;
	cpu->root = *root;
	cpu->control = control;
	return 0;
}

/* The packet of cpu->key as the flow cache keeps it: fields that no rule looks at are 0. */
static __always_inline void fw_flow_of(const struct fw_cpu *cpu, __u64 *fields)
{
	const __u64 *mask = cpu->root.flow_mask;

	fields[0] = fw_flow_word(&cpu->key, 0) & mask[0];
	fields[1] = 0;
	fields[2] = 0;
	if (mask[1])
		fields[1] = fw_flow_word(&cpu->key, 1) & mask[1];
	if (mask[2])
		fields[2] = fw_flow_word(&cpu->key, 2) & mask[2];
}

/* 0 when the entry is for this flow, in this generation. */
static __always_inline __u64 fw_flow_differs(const struct fw_flow_entry *e, const struct fw_key *key, const __u64 *fields,
					     __u32 generation)
{
	const struct fw_flow *flow = &e->flow;

	return (flow->src.hi ^ key->src.hi) | (flow->src.lo ^ key->src.lo) | (flow->dst.hi ^ key->dst.hi) |
	       (flow->dst.lo ^ key->dst.lo) | (flow->fields[0] ^ fields[0]) | (flow->fields[1] ^ fields[1]) |
	       (flow->fields[2] ^ fields[2]) | (e->generation ^ generation);
}

static __always_inline void fw_flow_put(struct fw_flow_entry *e, const struct fw_key *key, const __u64 *fields,
					__u32 generation, __u32 what)
{
	e->flow.src = key->src;
	e->flow.dst = key->dst;
	for (int i = 0; i < FW_FLOW_WORDS; i++)
		e->flow.fields[i] = fields[i];
	e->generation = generation;
	e->what = what;
}

/**
 * fw_classify - what to do with the packet of cpu->key, after fw_begin()
 * @cache: remember flows
 * Return: FW_WHAT: the counter and the verdict.
 */
static __always_inline __u32 fw_classify(struct fw_cpu *cpu, int cache)
{
	__u32 generation = cpu->control >> 32, reason = cpu->key.reason, what;
	__u64 fields[FW_FLOW_WORDS];
	struct fw_flow_entry *set;

	if (reason != FW_R_NONE && reason != FW_R_NON_IP)
		return FW_WHAT(reason, cpu->root.accept >> (reason & 31) & 1);
	if (!cache)
		return fw_decide(cpu);

	fw_flow_of(cpu, fields);
	set = &cpu->flows[fw_flow_set(&cpu->key, fields)];
	if (!fw_flow_differs(&set[0], &cpu->key, fields, generation))
		return set[0].what;
	if (!fw_flow_differs(&set[1], &cpu->key, fields, generation))
		return set[1].what;
	what = fw_decide(cpu);
	if (FW_WHAT_COUNTER(what) == FW_R_INTERNAL)
		return what;
	/* Into the free place, or into either in turn. */
	if (set[0].generation == generation && (set[1].generation != generation || (cpu->turn++ & 1)))
		set++;
	fw_flow_put(set, &cpu->key, fields, generation, what);
	return what;
}

#endif
