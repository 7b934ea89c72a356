/* SPDX-License-Identifier: GPL-2.0-only */
/* The conditions of rules: rates, per rule or per address, and connections. The means of lookup.h. */
#ifndef FW_BPF_LIMIT_H
#define FW_BPF_LIMIT_H

#include "bpf/connections.h"
#include "bpf/maps.h"

#include "fw/table/limit.h"

#ifndef FW_LIMIT_LOCK
#include "bpf/limit_lock.h"
#endif

static __always_inline int fw_condition(struct fw_cpu *cpu, const struct fw_action *a, __u32 what);

#include "fw/table/flow.h"

/* The secret of their hash, set by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_limit_key);
} fw_limit_keys SEC(".maps");

/* If other CPUs always come first, the rate is used up anyway. */
#define FW_BUCKET_TRIES 8

static __always_inline __u64 fw_rate_now(const struct fw_rate *r)
{
	return fw_rate_is_exact(r) ? bpf_ktime_get_ns() : fw_clock();
}

/* Takes a token out of a rule's own bucket. 0: there is none, or user space has made no room for the bucket. */
static __always_inline int fw_bucket_take(__u32 counter, enum fw_bucket_of which, const struct fw_rate *r)
{
	struct fw_buckets *b =
		(void *)fw_counter_at(counter, FW_COLUMN_BUCKETS(fw_ncpus), FW_COUNTER_COLUMNS(fw_ncpus));

	if (!b)
		return 0;
	for (int i = 0; i < FW_BUCKET_TRIES; i++) {
		__u64 full = FW_IN_MEMORY(b->full[which]), now = fw_rate_now(r);
		__u64 next = fw_rate_take(fw_rate_current(full, now, r), now, r);

		if (!next)
			return 0;
		if (__sync_val_compare_and_swap(&b->full[which], full, next) == full)
			return 1;
	}
	return 0;
}

/* Takes a token out of the bucket of the packet's addresses. */
static __always_inline int fw_limit_per(const struct fw_key *key, const struct fw_action *a, __u32 counter)
{
	const struct fw_rate r = { .interval = a->limit.interval, .burst = a->limit.burst };
	enum fw_limit_answer answer = FW_LIMIT_OVER;
	__u64 hash, now = bpf_ktime_get_ns();
	__u32 zero = 0, at;
	const struct fw_limit_key *secret = bpf_map_lookup_elem(&fw_limit_keys, &zero);
	struct fw_limit_line *line;

	if (!secret)
		return 0;
	hash = fw_limit_hash(secret, key, a, counter);
	at = hash & (FW_LIMIT_LINES - 1);
	line = fw_limit_line_at(at);
	if (!line)
		return 0;
	if (!fw_limit_lock(line))
		return fw_bucket_take(counter, FW_BUCKET_LIMIT, &a->limit);
	answer = fw_limit_take(line, hash >> 32, counter, now, &r);
	fw_limit_unlock(line);
	return answer == FW_LIMIT_ASK ? fw_bucket_take(counter, FW_BUCKET_LIMIT, &a->limit) : answer == FW_LIMIT_WITHIN;
}

/* Has the packet's address more connections than the action wants? */
static __always_inline int fw_has_connections(const struct fw_key *key, const struct fw_action *a)
{
	int from = a->connections_per == FW_PER_FROM;
	struct fw_connections_key asked;

	fw_connections_key(&asked, from ? FW_CONNECTIONS_FROM : FW_CONNECTIONS_TO, key->family,
			   key->family == FW_IP4 ? a->connections4 : a->connections6, from ? &key->src : &key->dst);
	return fw_connections_over(fw_connections_count(&asked), a->connections, fw_connections_fresh(key));
}

/* fw_condition(), verified once. */
FW_GLOBAL int fw_condition_met(struct fw_cpu *cpu, __u32 what)
{
	const struct fw_action *a = cpu ? fw_action_at(&cpu->root, FW_WHAT_ACTION(what)) : NULL;
	int within;

	if (!a || (a->connections && !fw_has_connections(&cpu->key, a)))
		return 0;
	if (!a->limit.interval)
		return 1;
	if (cpu->dry)
		within = 1;
	else if (a->per == FW_PER_NONE)
		within = fw_bucket_take(FW_WHAT_COUNTER(what), FW_BUCKET_LIMIT, &a->limit);
	else
		within = fw_limit_per(&cpu->key, a, FW_WHAT_COUNTER(what));
	return within == !(a->flags & FW_ACTION_LIMIT_OVER);
}

static __always_inline int fw_condition(struct fw_cpu *cpu, const struct fw_action *a, __u32 what)
{
	(void)a;
	return fw_condition_met(cpu, what);
}

#endif
