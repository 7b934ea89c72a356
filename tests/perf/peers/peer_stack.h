/* SPDX-License-Identifier: GPL-2.0-only */
/* The peers that decide in the network stack, and what they share: which work they can do, and rules as text. */
#ifndef FWBENCH_PEER_STACK_H
#define FWBENCH_PEER_STACK_H

#include "fw/text.h"
#include "tests/perf/peers/peer.h"

extern const struct peer peer_nft_linear, peer_nft_set, peer_nft_concat, peer_nft_vmap;
extern const struct peer peer_iptables, peer_ipset, peer_ipset_concat;
/* At forward, with known connections accepted first. */
extern const struct peer peer_nft_stateful_linear, peer_nft_stateful_concat, peer_nft_stateful_vmap;
extern const struct peer peer_iptables_stateful;

/* What a rule can match. */
bool stack_says_src(const struct work_rule *r);
bool stack_says_dst(const struct work_rule *r);
bool stack_says_proto(const struct work_rule *r);
bool stack_says_sport(const struct work_rule *r);
bool stack_says_dport(const struct work_rule *r);
/* Does any rule? */
bool stack_says(const struct work *w, bool (*says)(const struct work_rule *r));

/* Why it cannot go into one set of sources, or of several fields, whose members all have one verdict, not the policy's; NULL. */
const char *stack_cannot_sources(const struct work *w);
const char *stack_cannot_fields(const struct work *w);
/* The same where each member has a verdict of its own. */
const char *stack_cannot_verdicts(const struct work *w);

/* ADDRESS/LENGTH. */
void stack_write_prefix(uint32_t address, unsigned length, struct fw_buf *out);
/* FIRST-LAST, or one number; with @between for the dash. */
void stack_write_range(const uint16_t range[2], char between, struct fw_buf *out);

/* peer_feed() of @text; frees it. -ENOMEM when it is incomplete. */
int stack_feed(struct stage *st, char *const argv[], struct fw_buf *text);

#endif
