// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conditions as the oracle understands them: a bucket of tokens for each rule, or each address of a rule, that fills with time.
 * Credit is counted in ns: a packet costs the interval of the rate, and a full bucket holds that of a burst.
 */
#include "fw/oracle.h"

#include <stdlib.h>
#include <string.h>

void fw_oracle_state_free(struct fw_oracle_state *s)
{
	free(s->buckets);
	*s = (struct fw_oracle_state){ .now = 0 };
}

/* The first bits of an address. */
static struct fw_addr masked(enum fw_family family, struct fw_addr a, unsigned bits4, unsigned bits6)
{
	return fw_addr_prefix(family, a, family == FW_IP4 ? bits4 : bits6).lo;
}

/* The bucket of a rule and a packet, full if it is new; NULL when memory is out. */
static struct fw_oracle_bucket *bucket_of(struct fw_oracle_state *s, const struct fw_rule *r, const struct fw_action *a,
					  const struct fw_key *key)
{
	struct fw_oracle_bucket b = { .id = r->id, .family = (uint8_t)(a->per ? key->family : 0), .last = s->now };
	bool ip = a->per && key->family != FW_FAMILY_NONE;

	if (ip && a->per != FW_PER_TO)
		b.from = masked((enum fw_family)key->family, key->src, a->per4, a->per6);
	if (ip && a->per != FW_PER_FROM)
		b.to = masked((enum fw_family)key->family, key->dst, a->per4, a->per6);
	b.credit = a->limit.interval * a->limit.tokens;
	for (size_t i = 0; i < s->n; i++)
		if (s->buckets[i].id == b.id && s->buckets[i].family == b.family &&
		    !fw_addr_cmp(s->buckets[i].from, b.from) && !fw_addr_cmp(s->buckets[i].to, b.to))
			return &s->buckets[i];
	return fw_vec_push(s->buckets, s->n, s->cap, b) ? NULL : &s->buckets[s->n - 1];
}

/* Takes a token if there is one. */
static bool within(struct fw_oracle_state *s, const struct fw_rule *r, const struct fw_action *a,
		   const struct fw_key *key)
{
	struct fw_oracle_bucket *b = bucket_of(s, r, a, key);
	uint64_t full = a->limit.interval * a->limit.tokens;

	if (!b)
		return false;
	b->credit = full - b->credit < s->now - b->last ? full : b->credit + (s->now - b->last);
	b->last = s->now;
	if (b->credit < a->limit.interval)
		return false;
	b->credit -= a->limit.interval;
	return true;
}

bool fw_oracle_condition(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_key *key,
			 struct fw_oracle_state *s)
{
	const struct fw_action *a = fw_rule_action(rs, r);
	bool over = a->flags & FW_ACTION_LIMIT_OVER;

	if (a->connections && (!s || s->connections <= a->connections))
		return false;
	if (!a->limit.interval)
		return true;
	return s ? within(s, r, a, key) != over : !over;
}
