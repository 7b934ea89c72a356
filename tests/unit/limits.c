// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/random.h"

struct limits *limits_new(uint32_t slots)
{
	struct limits *l = aligned_alloc(FW_LINE, (sizeof(*l) + FW_LINE - 1) / FW_LINE * FW_LINE);

	assert_non_null(l);
	memset(l, 0, sizeof(*l));
	l->now = 1000000000;
	l->key = (struct fw_limit_key){ { random_u64(), random_u64() } };
	l->nrules = slots;
	l->rules = calloc(slots, sizeof(*l->rules));
	assert_non_null(l->rules);
	return l;
}

void limits_free(struct limits *l)
{
	free(l->rules);
	free(l);
}

static bool rule_within(struct limits *l, const struct fw_action *a, uint32_t slot)
{
	__u64 *full = &l->rules[slot].full[FW_BUCKET_LIMIT];
	uint64_t next = fw_rate_take(fw_rate_current(*full, l->now, &a->limit), l->now, &a->limit);

	assert_true(slot < l->nrules);
	if (next)
		*full = next;
	return next != 0;
}

bool limits_within(struct limits *l, const struct fw_key *key, const struct fw_action *a, uint32_t slot)
{
	uint32_t counter = slot + FW_COUNTER_RULES;
	enum fw_limit_answer answer;
	uint64_t hash;

	if (a->per == FW_PER_NONE)
		return rule_within(l, a, slot);
	hash = fw_limit_hash(&l->key, key, a, counter);
	answer = fw_limit_take(&l->lines[hash & (FW_LIMIT_LINES - 1)], (uint32_t)(hash >> 32), counter, l->now,
			       &a->limit);
	return answer == FW_LIMIT_ASK ? rule_within(l, a, slot) : answer == FW_LIMIT_WITHIN;
}

void exact_free(struct exact *e)
{
	free(e->v);
}

static struct fw_addr first_bits(struct fw_addr a, unsigned bits)
{
	struct fw_addr out = { 0, 0 };

	for (unsigned i = 0; i < bits; i++)
		*(i < 64 ? &out.hi : &out.lo) |= (i < 64 ? a.hi : a.lo) & 1ull << (63 - i % 64);
	return out;
}

static struct exact_bucket *exact_bucket(struct exact *e, const struct fw_key *key, const struct fw_action *a,
					 uint32_t slot)
{
	struct exact_bucket b = { .slot = slot, .held = (uint64_t)a->limit.tokens * a->limit.interval, .at = e->now };
	unsigned bits = key->family == FW_IP4 ? a->per4 : a->per6;

	if (a->per != FW_PER_NONE)
		b.family = (uint8_t)key->family;
	if (a->per == FW_PER_FROM || a->per == FW_PER_FROM_TO)
		b.src = first_bits(key->src, bits);
	if (a->per == FW_PER_TO || a->per == FW_PER_FROM_TO)
		b.dst = first_bits(key->dst, bits);
	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].slot == slot && e->v[i].family == b.family &&
		    !memcmp(&e->v[i].src, &b.src, sizeof(b.src)) && !memcmp(&e->v[i].dst, &b.dst, sizeof(b.dst)))
			return &e->v[i];
	assert_int_equal(fw_vec_push(e->v, e->n, e->cap, b), 0);
	return &e->v[e->n - 1];
}

bool exact_within(struct exact *e, const struct fw_key *key, const struct fw_action *a, uint32_t slot)
{
	struct exact_bucket *b = exact_bucket(e, key, a, slot);
	uint64_t most = (uint64_t)a->limit.tokens * a->limit.interval;

	b->held += e->now - b->at;
	b->at = e->now;
	if (b->held > most)
		b->held = most;
	if (b->held < a->limit.interval)
		return false;
	b->held -= a->limit.interval;
	return true;
}

struct fw_rate limits_rate(uint32_t packets, uint32_t burst)
{
	uint64_t interval = 1000000000 / packets;

	return (struct fw_rate){ .interval = interval,
				 .burst = interval * (burst - 1),
				 .packets = packets,
				 .tokens = burst,
				 .unit = FW_UNIT_SECOND };
}
