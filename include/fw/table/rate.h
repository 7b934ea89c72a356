/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rates: a generic cell rate algorithm (ITU-T I.371), which counts the tokens of a bucket in one word. The word is the time, in
 * ns, from which on the bucket is full. Each packet takes one token, which moves that time by an interval; it must not be further
 * away than the burst allows.
 *
 *	10 packets a second, bursts of 3: interval 100 ms, burst 200 ms
 *
 *	packet at          0    10    20    30   100   110 ms
 *	full from, before  0   100   200   300   300   400
 *	admitted          yes   yes   yes    no   yes    no
 *	full from, after 100   200   300   300   400   400
 */
#ifndef FW_RATE_H
#define FW_RATE_H

#include "fw/table/format.h"

/* The rates of a rule that have buckets of their own: the words of struct fw_bucket. */
enum fw_bucket_of { FW_BUCKET_LIMIT, FW_BUCKET_LOG, FW_NBUCKETS };

/* Instead of counts, in the column FW_COLUMN_BUCKETS() of a counter. */
struct fw_buckets {
	__u64 full[FW_NBUCKETS]; /* by enum fw_bucket_of */
};
FW_ASSERT_SIZE(struct fw_buckets, sizeof(struct fw_counter));

/* The kernel's cheap clock advances once per tick, of 10 ms at most. Bursts that are shorter need the exact one. */
#define FW_RATE_TICK 10000000u

static __always_inline int fw_rate_is_exact(const struct fw_rate *r)
{
	return r->burst < FW_RATE_TICK;
}

/**
 * fw_rate_take - take a token out of a bucket
 * @full: the bucket; 0 is a full one
 * @now:  ns; of an earlier packet than one that was admitted meanwhile, at worst it is refused
 * Return: the bucket afterwards; 0: there is no token.
 */
static __always_inline __u64 fw_rate_take(__u64 full, __u64 now, const struct fw_rate *r)
{
	__u64 due = full > now ? full : now;

	return due - now > r->burst ? 0 : due + r->interval;
}

/*
 * A bucket, or a full one if it is further in the future than this rate can bring it: it was filled at another rate, which its
 * rule had before. @now must be read after the bucket, so that no packet is earlier than those that are in it; the cheap clock,
 * which lags, will do.
 */
static __always_inline __u64 fw_rate_current(__u64 full, __u64 now, const struct fw_rate *r)
{
	return full > now && full - now > r->burst + r->interval + FW_RATE_TICK ? 0 : full;
}

#endif
