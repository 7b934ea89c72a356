/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits per address: a table of buckets (rate.h), one for each rule and address that has used up some of its rate. The table is
 * a hash of lines, each with a few buckets and one lock.
 *
 * A bucket that is full again is forgotten: a new one would be the same. Nothing else ever is, so nobody gets a new bucket by
 * filling the table with other addresses. If no bucket of a line can be forgotten, all further addresses that belong in this line
 * share one more bucket of it. That one serves one rule at a time; a second rule that needs it meanwhile uses the bucket of the
 * rule itself. The hash has a secret key, so nobody can choose addresses that meet in a line. It covers the rate, so that a rule
 * whose rate is changed begins with full buckets.
 */
#ifndef FW_LIMIT_H
#define FW_LIMIT_H

#include "fw/table/connections.h"
#include "fw/table/rate.h"

#include <linux/bpf.h>

#define FW_LIMIT_WAYS 4
#define FW_LIMIT_LINES 16384
struct fw_limit_line {
	struct bpf_spin_lock lock; /* only BPF uses it */
	__u32 rule;                /* that uses @shared: see fw_limit_rule() */
	__u64 shared;
	__u64 full[FW_LIMIT_WAYS];
	__u32 tag[FW_LIMIT_WAYS]; /* whose bucket it is: some bits of the hash */
};
FW_ASSERT_SIZE(struct fw_limit_line, FW_LINE);

struct fw_limit_key {
	__u64 word[2];
};

static __always_inline __u64 fw_rotate(__u64 x, int by)
{
	return x << by | x >> (64 - by);
}

static __always_inline void fw_sip_round(__u64 *v)
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = fw_rotate(v[1], 13) ^ v[0];
	v[3] = fw_rotate(v[3], 16) ^ v[2];
	v[0] = fw_rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = fw_rotate(v[1], 17) ^ v[2];
	v[3] = fw_rotate(v[3], 21) ^ v[0];
	v[2] = fw_rotate(v[2], 32);
}

/* SipHash-1-3 of @n words. After Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. */
static __always_inline __u64 fw_siphash(const struct fw_limit_key *key, const __u64 *words, int n)
{
	__u64 v[4] = { key->word[0] ^ 0x736f6d6570736575ull, key->word[1] ^ 0x646f72616e646f6dull,
		       key->word[0] ^ 0x6c7967656e657261ull, key->word[1] ^ 0x7465646279746573ull };

	for (int i = 0; i <= n; i++) {
		__u64 word = i < n ? words[i] : (__u64)n << 59;

		v[3] ^= word;
		fw_sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		fw_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The hash of a rule and the addresses that count for its limit. */
static __always_inline __u64 fw_limit_hash(const struct fw_limit_key *secret, const struct fw_key *key,
					   const struct fw_action *a, __u32 counter)
{
	__u32 bits = key->family == FW_IP4 ? a->per4 : a->per6;
	struct fw_addr src = fw_addr_masked(key->src, a->per == FW_PER_TO ? 0 : bits);
	struct fw_addr dst = fw_addr_masked(key->dst, a->per == FW_PER_FROM ? 0 : bits);
	const __u64 words[] = { (__u64)counter << 8 | key->family, a->limit.interval, src.hi, src.lo, dst.hi, dst.lo };

	return fw_siphash(secret, words, 6);
}

/* A number that tells a rule with its rate from other ones. */
static __always_inline __u32 fw_limit_rule(__u32 counter, const struct fw_rate *r)
{
	return counter * 0x9e3779b1u ^ (__u32)r->interval;
}

/* Results of fw_limit_take(): the packet is above the rate, is within it, or the rule's own bucket tells. */
enum fw_limit_answer { FW_LIMIT_OVER, FW_LIMIT_WITHIN, FW_LIMIT_ASK };

/**
 * fw_limit_take - take a token out of the bucket of a rule and an address
 * @line:    that of the low bits of the hash, locked
 * @tag:     the high bits of the hash
 * @counter: the rule's
 * @now, @r: as for fw_rate_take()
 */
static __always_inline enum fw_limit_answer fw_limit_take(struct fw_limit_line *line, __u32 tag, __u32 counter,
							  __u64 now, const struct fw_rate *r)
{
	__u32 found = FW_LIMIT_WAYS, idle = FW_LIMIT_WAYS;
	__u64 full;

	for (__u32 i = 0; i < FW_LIMIT_WAYS; i++) {
		if (line->full[i] <= now)
			idle = i;
		else if (line->tag[i] == tag)
			found = i;
	}
	if (found == FW_LIMIT_WAYS)
		found = idle;
	if (found < FW_LIMIT_WAYS) {
		full = fw_rate_take(line->full[found & (FW_LIMIT_WAYS - 1)], now, r);
		line->tag[found & (FW_LIMIT_WAYS - 1)] = tag;
		if (full)
			line->full[found & (FW_LIMIT_WAYS - 1)] = full;
		return full ? FW_LIMIT_WITHIN : FW_LIMIT_OVER;
	}
	if (line->shared > now && line->rule != fw_limit_rule(counter, r))
		return FW_LIMIT_ASK;
	full = fw_rate_take(line->shared, now, r);
	line->rule = fw_limit_rule(counter, r);
	if (full)
		line->shared = full;
	return full ? FW_LIMIT_WITHIN : FW_LIMIT_OVER;
}

#endif
