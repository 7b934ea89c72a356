/* SPDX-License-Identifier: GPL-2.0-only */
/* The oracle: what a ruleset does with a packet, by linear search through its rules. It defines the right answer. */
#ifndef FW_ORACLE_H
#define FW_ORACLE_H

#include "fw/rule.h"
#include "fw/table/format.h"

/**
 * fw_oracle_next - the next rule that matches, by linear search
 * @key:   as the packet parser makes it
 * @after: index of a rule; -1: from the first rule on
 * Return: index into rs->rules, or -1: no further rule matches.
 */
long fw_oracle_next(const struct fw_ruleset *rs, const struct fw_key *key, long after);

/* A packet's way through the rules: those that only count it, and what decides. Rules by their index in rs->rules. */
struct fw_way {
	long rule;       /* the rule that decides; -1: a policy decides */
	uint32_t reason; /* the reason whose policy decides; FW_R_NONE: a rule decides */
	enum fw_verdict verdict;
	uint32_t npassed;
	long passed[FW_TURNS];
	uint32_t ncalls;
	long calls[FW_CHAIN_DEPTH]; /* the @ncalls calls that led to the chain of @rule, innermost first */
};
/* The way of a single packet: within each limit, and without connections. */
struct fw_way fw_oracle_way(const struct fw_ruleset *rs, const struct fw_key *key);

/**
 * fw_oracle_calls - the rules that led a packet to the chain of the rule that decided on it
 * @rs:    may be changed since it was put in order; none of its rules is asked that leads nowhere, however many there are
 * @rule:  that decided, alone as for fw_oracle_way()
 * @calls: the innermost first; untouched from the returned number on
 * Return: their number; 0: the rule belongs to the main list.
 */
uint32_t fw_oracle_calls(const struct fw_ruleset *rs, const struct fw_key *key, const struct fw_rule *rule,
			 const struct fw_rule *calls[FW_CHAIN_DEPTH]);

/* What conditions depend on besides the packet. @now and @connections are the caller's; the rest is {0} at first. */
struct fw_oracle_bucket {
	uint64_t id; /* id of the rule that the bucket belongs to */
	uint8_t family;
	struct fw_addr from, to;
	uint64_t credit, last; /* unused time of the rate and time of the last packet, in ns */
};
struct fw_oracle_state {
	uint64_t now;         /* time of the packet in ns; must not decrease */
	uint32_t connections; /* number of connections that every address has */
	struct fw_oracle_bucket *buckets;
	size_t n, cap;
};
void fw_oracle_state_free(struct fw_oracle_state *s);
/* Are the conditions of a rule that matches met? Takes a token. @s: NULL: as of fw_oracle_way(). */
bool fw_oracle_condition(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_key *key,
			 struct fw_oracle_state *s);
/* A packet among others. */
struct fw_way fw_oracle_way_at(const struct fw_ruleset *rs, const struct fw_key *key, struct fw_oracle_state *s);
/* The rule that decides; -1: the policy of key->reason or of the hook does. */
long fw_oracle(const struct fw_ruleset *rs, const struct fw_key *key);
/* Does this one rule match? */
bool fw_oracle_rule(const struct fw_ruleset *rs, const struct fw_rule *rule, const struct fw_key *key);
/* The verdict for fw_oracle()'s answer. */
enum fw_verdict fw_oracle_verdict(const struct fw_ruleset *rs, long index, const struct fw_key *key);

#endif
