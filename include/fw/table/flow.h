/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flow cache in front of the lookup: a flow that was seen in this generation
 * is answered from two cache lines. It is bypassed if flows hardly repeat.
 */
#ifndef FW_FLOW_H
#define FW_FLOW_H

#include "fw/table/lookup.h"

/* One word of a packed flow; each value may be its field's max + 1. */
static __always_inline __u64 fw_flow_word(const struct fw_key *key, int number)
{
	__u64 packed = number ? 0 : (__u64)key->family << FW_FLOW_FAMILY_SHIFT;

#define FW_FLOW_PACK(sym, kw, max, presence, layer, source, word, ...) \
	if ((word) == number)                                          \
		packed |= (__u64)key->f[FW_F_##sym] << FW_FLOW_SHIFT_##sym;
	FW_FIELDS(FW_FLOW_PACK)
#undef FW_FLOW_PACK
	return packed;
}

/* One of those words of cpu->key; made again for each use, which is rare, so that it is not kept. */
static __always_inline __u64 fw_flow_far(const struct fw_cpu *cpu, int number)
{
	__u64 mask = cpu->root.flow_mask[number];

	return mask ? fw_flow_word(&cpu->key, number) & mask : 0;
}

/* Those words as one. */
FW_GLOBAL __u64 fw_flow_far_hash(const struct fw_cpu *cpu)
{
	__u64 h = 0;

	if (!cpu)
		return 0;
#pragma GCC unroll 8
	for (int i = FW_FLOW_NEAR; i < FW_FLOW_WORDS; i++)
		h = (h ^ fw_flow_far(cpu, i)) * 0x165667b19e3779f9ull;
	return h;
}

/* The number of the first entry of a flow's set. */
static __always_inline __u32 fw_flow_set(const struct fw_cpu *cpu, const __u64 *fields)
{
	const struct fw_addr *src = &cpu->key.src, *dst = &cpu->key.dst;
	__u64 h = (src->hi ^ src->lo >> 7) * 0x9e3779b97f4a7c15ull + (dst->hi ^ dst->lo >> 11) * 0xc2b2ae3d27d4eb4full;

	h ^= (fields[0] ^ fields[1] << 5 ^ fields[2] << 9) * 0x165667b19e3779f9ull;
	if (cpu->root.flow_far)
		h ^= fw_flow_far_hash(cpu);
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93ull;
	return h >> 52 & (FW_FLOWS - FW_FLOW_WAYS);
}

/* The fields of cpu->key that entries hold: those that no rule examines are 0. */
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

/* 0 if the entry is for this flow and generation, as far as the near words tell. */
static __always_inline __u64 fw_flow_differs(const struct fw_cpu *cpu, const struct fw_flow_entry *e,
					     const __u64 *fields, __u32 generation)
{
	const struct fw_flow *flow = &e->flow;
	const struct fw_key *key = &cpu->key;

	fw_forget();
	return (flow->src.hi ^ key->src.hi) | (flow->src.lo ^ key->src.lo) | (flow->dst.hi ^ key->dst.hi) |
	       (flow->dst.lo ^ key->dst.lo) | (flow->fields[0] ^ fields[0]) | (flow->fields[1] ^ fields[1]) |
	       (flow->fields[2] ^ fields[2]) | (e->generation ^ generation);
}

/* Are the far words of entry @place those of cpu->key? */
FW_GLOBAL int fw_flow_far_is(const struct fw_cpu *cpu, __u32 place)
{
	const __u64 *more;
	__u64 differs = 0;

	if (!cpu)
		return 0;
	more = cpu->more[place & (FW_FLOWS - 1)].fields;
#pragma GCC unroll 8
	for (int i = FW_FLOW_NEAR; i < FW_FLOW_WORDS; i++)
		differs |= more[i - FW_FLOW_NEAR] ^ fw_flow_far(cpu, i);
	return !differs;
}

/* Makes them so. */
FW_GLOBAL int fw_flow_far_put(struct fw_cpu *cpu, __u32 place)
{
	__u64 *more;

	if (!cpu)
		return 0;
	more = cpu->more[place & (FW_FLOWS - 1)].fields;
#pragma GCC unroll 8
	for (int i = FW_FLOW_NEAR; i < FW_FLOW_WORDS; i++)
		more[i - FW_FLOW_NEAR] = fw_flow_far(cpu, i);
	return 0;
}

/* Is entry @place for the flow of cpu->key and this generation? */
static __always_inline int fw_flow_is(const struct fw_cpu *cpu, __u32 place, const __u64 *fields, __u32 generation)
{
	if (fw_flow_differs(cpu, &cpu->flows[place], fields, generation))
		return 0;
	return !cpu->root.flow_far || fw_flow_far_is(cpu, place);
}

static __always_inline void fw_flow_put(struct fw_cpu *cpu, __u32 place, const __u64 *fields, __u32 generation,
					__u32 what)
{
	struct fw_flow_entry *e = &cpu->flows[place];

	e->flow.src = cpu->key.src;
	e->flow.dst = cpu->key.dst;
	for (int i = 0; i < FW_FLOW_NEAR; i++)
		e->flow.fields[i] = fields[i];
	e->generation = generation;
	e->what = what;
	if (cpu->root.flow_far)
		fw_flow_far_put(cpu, place);
}

/*
 * The number of entries that the cache offers this packet: 0 if flows hardly repeat, except for the flows on trial (see
 * FW_DOUBT_MOST). Those share few entries; with all of them to themselves, they would be found more often than the others.
 */
static __always_inline __u32 fw_flow_places(struct fw_cpu *cpu)
{
	const struct fw_addr *src = &cpu->key.src, *dst = &cpu->key.dst;
	__u64 who;

	if (cpu->doubt < FW_DOUBT_MOST / 2)
		return FW_FLOWS;
	who = src->hi ^ src->lo ^ dst->hi ^ dst->lo;
	who ^= who >> 32;
	return (who ^ cpu->unasked++ / FW_DOUBT_PACKETS) & (FW_DOUBT_TRIALS - 1) ? 0 : FW_FLOWS / FW_DOUBT_TRIALS;
}

static __always_inline __u32 fw_flow_found(struct fw_cpu *cpu, __u32 what)
{
	if (cpu->doubt)
		cpu->doubt = cpu->doubt < FW_DOUBT_LESS ? 0 : cpu->doubt - FW_DOUBT_LESS;
	return what;
}

/* What fw_flow_look() found: the entry of the flow, or the first of those where it could be. */
#define FW_FLOW_NOT_ASKED (-1)
#define FW_FLOW_FOUND FW_FLOWS
/* clang-format off */
#define FW_FLOW_PLACE(found) ((found) & (FW_FLOWS - 1))
/* clang-format on */

/*
 * Looks for the flow of cpu->key. A function of its own, so that the verifier sees one way on.
 * Return: FW_FLOW_NOT_ASKED: the cache is not for this packet; the place, with FW_FLOW_FOUND if the flow is there.
 */
FW_GLOBAL int fw_flow_look(struct fw_cpu *cpu)
{
	__u32 generation, places, place;
	__u64 fields[FW_FLOW_NEAR];

	/* The reason is not part of a flow. */
	places = cpu && cpu->key.reason == FW_R_NONE ? fw_flow_places(cpu) : 0;
	if (!places)
		return FW_FLOW_NOT_ASKED;
	generation = cpu->control >> 32;
	fw_flow_of(cpu, fields);
	place = fw_flow_set(cpu, fields) & (places - FW_FLOW_WAYS);
	if (fw_flow_is(cpu, place, fields, generation))
		return FW_FLOW_FOUND | place;
	if (fw_flow_is(cpu, place + 1, fields, generation))
		return FW_FLOW_FOUND | (place + 1);
	for (int i = 0; i < FW_FLOW_NEAR; i++)
		cpu->near[i] = fields[i];
	return place;
}

/* Keeps the answer for the flow that fw_flow_look() did not find, at the @place that it returned or the one after it. */
FW_GLOBAL int fw_flow_keep(struct fw_cpu *cpu, __u32 place, __u32 what)
{
	__u32 generation;

	if (!cpu)
		return 0;
	generation = cpu->control >> 32;
	place &= FW_FLOWS - FW_FLOW_WAYS;
	cpu->doubt += cpu->doubt < FW_DOUBT_MOST;
	/* Into the free entry, or else into either in turn. */
	if (cpu->flows[place].generation == generation &&
	    (cpu->flows[place + 1].generation != generation || (cpu->turn++ & 1)))
		place++;
	fw_flow_put(cpu, place, cpu->near, generation, what);
	return 0;
}

/* FW_WHAT for the packet of cpu->key, from the cache if it has the flow. */
static __always_inline __u32 fw_flow_or_decide(struct fw_cpu *cpu, int cache)
{
	int found = cache ? fw_flow_look(cpu) : FW_FLOW_NOT_ASKED;
	__u32 what;

	if (found >= FW_FLOW_FOUND)
		return fw_flow_found(cpu, cpu->flows[FW_FLOW_PLACE(found)].what);
	what = fw_decide(cpu);
	/*
	 * An entry has no room for rules that were passed, and conditions are asked of each packet: such flows are looked up
	 * each time and do not count as misses.
	 */
	if (found >= 0 && FW_WHAT_COUNTER(what) != FW_R_INTERNAL && !cpu->answer.passed && !cpu->answer.asked)
		fw_flow_keep(cpu, found, what);
	return what;
}

/* What decides packets of a hook and a state that have no reason; 0: no rule does alone. */
static __always_inline __u32 fw_shortcut(const struct fw_cpu *cpu, __u32 hook, __u32 state)
{
	return cpu->root.shortcut[hook & (FW_HOOK_ROWS - 1)][state & (FW_STATE_COLUMNS - 1)];
}

/* The answer, but for rules that were passed. Return: the verdict. */
static __always_inline __u32 fw_answered(struct fw_cpu *cpu, __u32 what)
{
	__u32 verdict = fw_action_verdict(&cpu->root, FW_WHAT_ACTION(what));

	if (verdict >= FW_NTERMINAL)
		verdict = FW_DROP;
	cpu->answer.what = what;
	cpu->answer.verdict = verdict;
	return verdict;
}

/**
 * fw_classify - what to do with the packet of cpu->key, after fw_begin()
 * @cache: remember flows
 *
 * cpu->answer receives the rule or policy that decided and the rules that only counted the packet.
 * Return: a terminal verdict.
 */
static __always_inline __u32 fw_classify(struct fw_cpu *cpu, int cache)
{
	cpu->answer.passed = 0;
	cpu->answer.asked = 0;
	return fw_answered(cpu, fw_flow_or_decide(cpu, cache));
}

/* The answer of a shortcut. */
static __always_inline __u32 fw_answer_alone(struct fw_cpu *cpu, __u32 what)
{
	cpu->answer.passed = 0;
	cpu->answer.asked = 0;
	return fw_answered(cpu, what);
}

/* The same where the state of the packet's connection is known, if rules ask for it. */
static __always_inline __u32 fw_classify_tracked(struct fw_cpu *cpu, int cache)
{
	const struct fw_key *key = &cpu->key;
	__u32 what = key->reason == FW_R_NONE ? fw_shortcut(cpu, key->f[FW_F_HOOK], key->f[FW_F_STATE]) : 0;

	return what ? fw_answer_alone(cpu, what) : fw_classify(cpu, cache);
}

#endif
