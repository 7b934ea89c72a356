/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lookup: from a packet's key to the rule that decides. One source for the
 * BPF program and for user space. The includer provides
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
 * a large object and the words in it by byte offset (o.base is NULL if it does not exist). Nothing here depends on what backs
 * the pool. And
 *
 *	static __always_inline int fw_condition(struct fw_cpu *cpu, const struct fw_action *a, __u32 what);
 *
 * Are the conditions of an action met now, for the packet of cpu->key and the rule of @what? It takes a token if they are.
 *
 * How a packet finds its rule, with three rules:
 *
 *	rule 1  from 10.0.0.0/8  proto tcp  dport 22  accept
 *	rule 2  from 10.1.0.0/16            drop
 *	rule 3                   proto icmp accept
 *
 * tcp 10.1.2.3:999 > 192.0.2.1:22. The source walk ends at the class {any, 10/8, 10.1/16}, the destination's at {any}.
 * According to the signatures, (any, any), (10/8, any) and (10.1/16, any) may be pairs; all three are read from the pair table
 * at once. Each holds a single rule, compared in place: rule 3 fails on its protocol, 1 and 2 match; 1 has the lower rank.
 *
 * Written for the verifier: loops are bounded by constants and end on counts that live in memory, so that their states
 * merge; long loops have two levels, the inner one a function that is verified once; conditional updates are arithmetic;
 * every offset is masked right before use.
 */
#ifndef FW_LOOKUP_H
#define FW_LOOKUP_H

#include "fw/table/block.h"
#include "fw/table/hash.h"
#include "fw/table/skip.h"
#include "fw/table/trie.h"

/*
 * Appends to want[] the pairs of two class lines that the signatures on both sides admit. An identity may be appended to a line
 * at the same time: if it is seen in part, it forms a pair without a rule, or one with `any`, which is in the list anyway.
 */
static __always_inline void fw_filter(struct fw_cpu *cpu, const struct fw_class *s, const struct fw_class *d)
{
	__u32 bit[FW_CLASS_IDENTITIES];
	__u64 n = cpu->wanted;

#pragma GCC unroll 5
	for (int j = 0; j < FW_CLASS_IDENTITIES; j++)
		bit[j] = fw_signature_bit(FW_READ(d->identity[j]));
	for (int i = 0; i < FW_CLASS_IDENTITIES; i++) {
		if (i >= FW_READ(s->n))
			break;

		__u32 src = FW_READ(s->identity[i]), src_bit = fw_signature_bit(src);
		__u64 signature = FW_READ(s->signature[i]);

#pragma GCC unroll 5
		for (int j = 0; j < FW_CLASS_IDENTITIES; j++) {
			if (j >= FW_READ(d->n))
				break;
			cpu->want[n & (FW_BATCH_ROOM - 1)] = FW_PAIR_KEY(src, FW_READ(d->identity[j]));
			n += signature >> bit[j] & FW_READ(d->signature[j]) >> src_bit & 1;
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

/* Removes the rules below the floor from hits[]. Blocks, splits and versions stay: their rank is only a lower bound. */
FW_GLOBAL int fw_raise_floor(struct fw_cpu *cpu)
{
	if (!cpu)
		return -1;
	for (__u32 i = 0; i < FW_BATCH; i++) {
		if (i >= FW_IN_MEMORY(cpu->nhits))
			break;

		__u64 hit = cpu->hits[i], below = fw_sign(hit - cpu->floor) & ~FW_HIT_BLOCK(hit);

		cpu->hits[i] = (hit | -below) & FW_HIT_NONE;
	}
	return 0;
}

/* Finds the two lowest of hits[]. The lowest rule among them is stored in cpu->hit. */
static __always_inline void fw_best(struct fw_cpu *cpu)
{
	__u64 best = cpu->hit, first = FW_HIT_NONE, second = FW_HIT_NONE;

	if (cpu->floor)
		fw_raise_floor(cpu);
	for (__u32 i = 0; i < FW_BATCH; i++) {
		if (i >= FW_IN_MEMORY(cpu->nhits))
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
 * Looks up @room pairs of want[], from number @from on, and appends matching rules and blocks to hits[]. No branch depends on
 * the contents of an entry, so the cache misses of all pairs overlap. The exception is the rare pair that may be in the next
 * line: it is appended to the list again.
 */
static __always_inline int fw_probe_some(struct fw_cpu *cpu, __u32 from, __u32 room)
{
	__u64 lanes = cpu->lanes, guard = cpu->root.lane_guard, n = cpu->nhits;

	for (__u32 i = 0; i < room; i++) {
		if (from + i >= FW_IN_MEMORY(cpu->wanted))
			break;

		__u64 word = cpu->want[(from + i) & (FW_BATCH_ROOM - 1)], key = word & FW_PAIR_KEY_MASK;
		__u32 line = cpu->root.pairs + fw_pair_home(&cpu->root, key) + (__u32)(word >> 48);
		const struct fw_pair *pair = fw_pool_line(line);

		if (!pair)
			return -1;

		const struct fw_pair *e = &pair[fw_is_zero((FW_READ(pair[1].key) ^ key) << 16)];
		__u64 other = (FW_READ(e->key) ^ key) << 16;
		/* The lanes are read before the hit; an update stores them in the opposite order. */
		__u64 lo = FW_READ(e->lo), hi = FW_READ(e->hi);
		__u64 inside = ((lanes | guard) - lo) & (hi - lanes) & guard;

		cpu->hits[n & (FW_BATCH - 1)] = FW_READ(e->hit);
		n += fw_is_zero((inside ^ guard) | other);
		if (FW_READ(pair[0].key) & FW_PAIR_OVERFLOW && other && word >> 48 < cpu->root.displaced) {
			__u32 last = FW_IN_MEMORY(cpu->wanted);

			cpu->want[last & (FW_BATCH_ROOM - 1)] = word + (1ull << 48);
			cpu->wanted = last + 1;
		}
	}
	cpu->nhits = n;
	return 0;
}

/* Most packets need no more than these. */
#define FW_PROBE_CHUNK 32

FW_GLOBAL int fw_probe_chunk(struct fw_cpu *cpu, __u32 from)
{
	return cpu ? fw_probe_some(cpu, from, FW_PROBE_CHUNK) : -1;
}

/* Looks up want[] from number @from on. */
FW_GLOBAL int fw_probe_more(struct fw_cpu *cpu, __u32 from)
{
	if (!cpu)
		return -1;
	for (int i = 0; i < FW_BATCH_ROOM / FW_PROBE_CHUNK; i++) {
		if (from >= FW_IN_MEMORY(cpu->wanted))
			break;
		if (fw_probe_chunk(cpu, from))
			return -1;
		from += FW_PROBE_CHUNK;
	}
	return 0;
}

/* Looks up all of want[], the first @room inline: a call costs as much as several table reads. */
static __always_inline int fw_probe(struct fw_cpu *cpu, __u32 room)
{
	cpu->nhits = 0;
	if (room && fw_probe_some(cpu, 0, room))
		return -1;
	if (FW_IN_MEMORY(cpu->wanted) > room && fw_probe_more(cpu, room))
		return -1;
	fw_best(cpu);
	return 0;
}

/*
 * The most turns of a batch: the splits and blocks of every pair, taking each of them from hits[], and the blocks that follow
 * others.
 */
#define FW_BLOCK_TURNS (FW_BATCH * (2 * FW_SPLIT_VISITS + 1) + FW_HITS + FW_BLOCK_CHAIN + 1)

#define FW_BLOCK_CHUNK 36
#define FW_BLOCKS_END (FW_HIT_NONE - 1) /* not a hit: its rank is above FW_RANK_MAX */

/* Up to FW_BLOCK_CHUNK turns, beginning with @hit. Returns the hit to continue with, or FW_BLOCKS_END. */
FW_GLOBAL __u64 fw_blocks_some(struct fw_cpu *cpu, __u64 hit)
{
	if (!cpu)
		return FW_BLOCKS_END;
	for (int i = 0; i < FW_BLOCK_CHUNK; i++) {
		if (hit < cpu->hit) {
			hit = fw_block_more(cpu, (__u32)hit);
			continue;
		}
		__u32 next = FW_IN_MEMORY(cpu->cursor);

		if (next >= FW_IN_MEMORY(cpu->nhits))
			return FW_BLOCKS_END;
		cpu->cursor = next + 1;
		hit = cpu->hits[next & (FW_HITS - 1)];
		if (hit == cpu->first)
			hit = FW_HIT_NONE;
	}
	return hit;
}

/* Searches the other blocks of hits[] that can still win, beginning with @hit, the one that follows the first. */
FW_GLOBAL int fw_blocks(struct fw_cpu *cpu, __u64 hit)
{
	if (!cpu)
		return -1;
	cpu->cursor = 0;
	for (int i = 0; i < FW_BLOCK_TURNS / FW_BLOCK_CHUNK + 1; i++) {
		hit = fw_blocks_some(cpu, hit);
		if (hit == FW_BLOCKS_END)
			break;
	}
	return 0;
}

/* Enough steps for two hits. */
#define FW_VERSION_CHUNK (2 * (FW_VERSION_DEPTH + 1))

/* A chunk of fw_versions(). Returns 1 if hits are left. */
FW_GLOBAL int fw_versions_some(struct fw_cpu *cpu)
{
	__u64 lanes, guard;

	if (!cpu)
		return -1;
	lanes = cpu->lanes;
	guard = cpu->root.lane_guard;
	for (int i = 0; i < FW_VERSION_CHUNK; i++) {
		__u32 at = FW_IN_MEMORY(cpu->cursor);
		const struct fw_version *v;
		const struct fw_version_value *value;

		if (at >= FW_IN_MEMORY(cpu->nhits)) {
			fw_best(cpu);
			return 0;
		}

		__u64 hit = cpu->hits[at & (FW_BATCH - 1)];

		if (!FW_HIT_IS_VERSION(hit)) {
			cpu->cursor = at + 1;
			continue;
		}
		v = fw_pool_line((__u32)hit);
		if (!v)
			return -1;
		value = (__s32)((__u32)(cpu->control >> 32) - v->since) >= 0 ? &v->after : &v->before;
		hit = value->hit;
		if ((((lanes | guard) - value->lo) & (value->hi - lanes) & guard) != guard)
			hit = FW_HIT_NONE;
		cpu->hits[at & (FW_BATCH - 1)] = hit;
	}
	return 1;
}

/*
 * Replaces hits that are versions by the value of the pair in this packet's generation. A packet so many generations behind
 * that the chain of versions does not end is refused; updates wait for a grace period before that can happen.
 */
FW_GLOBAL int fw_versions(struct fw_cpu *cpu)
{
	int left = 1;

	if (!cpu)
		return -1;
	cpu->cursor = 0;
	for (int i = 0; i < FW_BATCH / 2 + 1 && left > 0; i++)
		left = fw_versions_some(cpu);
	return left;
}

/* Looks up the pairs of want[], and searches the blocks among them that can win. Mostly the one with the lowest rank does. */
static __always_inline int fw_batch(struct fw_cpu *cpu, __u32 room)
{
	if (fw_probe(cpu, room))
		return -1;
	cpu->wanted = 0;
	if (FW_HIT_IS_VERSION(cpu->first) && fw_versions(cpu))
		return -1;
	if (cpu->first >= cpu->hit)
		return 0;

	__u64 next = fw_block_search(cpu, (__u32)cpu->first);

	return fw_min_hit(next, cpu->second) < cpu->hit ? fw_blocks(cpu, next) : 0;
}

/* The pairs of the two lines at cpu->line[]. */
FW_GLOBAL int fw_filter_lines(struct fw_cpu *cpu)
{
	const struct fw_class *s, *d;

	if (!cpu)
		return -1;
	s = fw_pool_line(cpu->class_line[0] + cpu->line[0]);
	d = fw_pool_line(cpu->class_line[1] + cpu->line[1]);
	if (!s || !d)
		return -1;
	fw_filter(cpu, s, d);
	return 0;
}

FW_GLOBAL int fw_batch_lines(struct fw_cpu *cpu)
{
	return cpu ? fw_batch(cpu, 0) : -1;
}

/* Continues fw_lookup() if a class has more than one line: the pairs of every line with every other. */
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
		__u32 si = FW_IN_MEMORY(cpu->line[0]), di = FW_IN_MEMORY(cpu->line[1]);

		if (fw_filter_lines(cpu))
			return -1;
		if (++di >= d_lines) {
			di = 0;
			si++;
		}
		cpu->line[0] = si;
		cpu->line[1] = di;
		if (si < s_lines && FW_IN_MEMORY(cpu->wanted) <= FW_BATCH - FW_CLASS_IDENTITIES * FW_CLASS_IDENTITIES)
			continue;
		if (fw_batch_lines(cpu))
			return -1;
		if (si >= s_lines)
			return 0;
	}
	return 0;
}

/*
 * Stores the best hit for the packet of cpu->key, from cpu->floor on, in cpu->hit. Returns 1 if a class has more than one line
 * and fw_lookup_lines() must continue, -1 if the tables are inconsistent.
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
	return fw_batch(cpu, FW_PROBE_CHUNK);
}

/* The record of an action; NULL: there is none. */
static __always_inline const struct fw_action *fw_action_at(const struct fw_root *root, __u32 action)
{
	return fw_pool_line(root->actions + (action & (FW_ACTIONS_MAX - 1)) * FW_ACTION_LINES);
}

/* The verdict of an action; -1: there is none. */
static __always_inline int fw_action_verdict(const struct fw_root *root, __u32 action)
{
	const struct fw_action *a;

	if (action < FW_NTERMINAL)
		return action;
	a = fw_action_at(root, action);
	return a ? (int)a->verdict : -1;
}

/* fw_lookup(), followed by fw_lookup_lines() if needed. 0, or -1: the tables are inconsistent. */
static __always_inline int fw_lookup_all(struct fw_cpu *cpu)
{
	int left = fw_lookup(cpu);

	return left > 0 ? fw_lookup_lines(cpu) : left;
}

/* What follows a match. */
enum fw_next { FW_NEXT_MATCH, FW_NEXT_DECIDES, FW_NEXT_SKIPS, FW_NEXT_FAULT };

/* The rule of cpu->hit has matched: are its conditions met? It is recorded if it goes on. */
static __always_inline enum fw_next fw_next_of(struct fw_cpu *cpu)
{
	__u32 what = cpu->hit, n = FW_IN_MEMORY(cpu->answer.passed);
	const struct fw_action *a = fw_action_at(&cpu->root, FW_WHAT_ACTION(what));

	if (!a)
		return FW_NEXT_FAULT;
	if (FW_WHAT_ACTION(what) == FW_GOTO)
		return FW_NEXT_SKIPS;
	if (fw_action_asks(a)) {
		cpu->answer.asked = 1;
		if (!fw_condition(cpu, a, what))
			return a->verdict == FW_JUMP || a->verdict == FW_GOTO ? FW_NEXT_SKIPS : FW_NEXT_MATCH;
	}
	if (a->verdict < FW_NTERMINAL)
		return FW_NEXT_DECIDES;
	cpu->answer.rule[n & (FW_TURNS - 1)] = what;
	cpu->answer.passed = n + 1;
	return a->verdict == FW_RETURN ? FW_NEXT_SKIPS : FW_NEXT_MATCH;
}

/*
 * The packet has matched the rule of cpu->hit. As long as its conditions are not met or its verdict is not terminal, looks up
 * the next match, with the floor above it; rules whose conditions are met are recorded in cpu->answer. Leaves the hit that
 * decides in cpu->hit, or FW_HIT_NONE; then a policy decides, whose reason is returned: @reason, or that of a fault. Inline,
 * because the kernel allows 8 call frames and a lookup takes 7.
 */
static __always_inline __u32 fw_go_on(struct fw_cpu *cpu, __u32 reason)
{
	enum fw_next next = FW_NEXT_MATCH;

	for (__u32 i = 0; i < FW_TURNS; i++) {
		next = fw_next_of(cpu);
		if (next == FW_NEXT_DECIDES)
			return reason;
		cpu->floor = next == FW_NEXT_SKIPS ? fw_skip_floor(cpu) : FW_HIT(FW_HIT_RANK(cpu->hit) + 1, 0, 0);
		if (next == FW_NEXT_FAULT || !cpu->floor || fw_lookup_all(cpu)) {
			cpu->hit = FW_HIT_NONE;
			return FW_R_INTERNAL;
		}
		if (cpu->hit == FW_HIT_NONE)
			return reason;
	}
	cpu->hit = FW_HIT_NONE;
	return FW_R_TURNS;
}

/* The decision of the rules, or else of the policies, for the packet of cpu->key, as FW_WHAT. */
static __always_inline __u32 fw_decide(struct fw_cpu *cpu)
{
	__u32 reason = cpu->key.reason, hook = cpu->key.f[FW_F_HOOK] & (FW_HOOK_ROWS - 1);

	if (reason == FW_R_NONE || (cpu->root.frame_rules && fw_reason_has_rules(reason))) {
		cpu->floor = 0;
		if (fw_lookup_all(cpu)) {
			reason = FW_R_INTERNAL;
		} else if (FW_WHAT_ACTION((__u32)cpu->hit) < FW_NTERMINAL) { /* FW_HIT_NONE does not qualify */
			return (__u32)cpu->hit;
		} else if (cpu->hit != FW_HIT_NONE) {
			reason = fw_go_on(cpu, reason);
			if (cpu->hit != FW_HIT_NONE)
				return (__u32)cpu->hit;
		}
	}
	if (reason == FW_R_NONE)
		reason = hook;
	return FW_WHAT(reason, cpu->root.policy[hook][reason & (FW_POLICIES - 1)]);
}

/* Run before each packet: copies the root that @control names to cpu->root. -1: there is none. */
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

#endif
