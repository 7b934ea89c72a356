// SPDX-License-Identifier: GPL-2.0-only
/* The programs that rules of an nft table ask, by the match `bpf` of xtables, what was decided of a packet: see answer.h. */
#include "bpf/answer.h"

/* Is there anything to do? */
SEC("socket")
int fw_answer_any(struct __sk_buff *skb)
{
	const struct fw_decision *d = fw_decision_of((__u64)skb);

	return d && (d->flip || !d->pass);
}

SEC("socket")
int fw_answer_mark(struct __sk_buff *skb)
{
	const struct fw_decision *d = fw_decision_of((__u64)skb);

	return d && d->flip;
}

/* Does the next bit of the mark change? Asked for each in turn, from the lowest on. */
SEC("socket")
int fw_answer_bit(struct __sk_buff *skb)
{
	struct fw_decision *d = fw_decision_of((__u64)skb);

	return d && d->flip >> (d->bit++ & 31) & 1;
}

/* Is it this rule that rejects the packet? Asked by each in turn. */
SEC("socket")
int fw_answer_next(struct __sk_buff *skb)
{
	struct fw_decision *d = fw_decision_of((__u64)skb);

	if (!d || d->pass || d->steps--)
		return 0;
	d->skb = 0;
	return 1;
}

/* Does the packet pass, now that its mark is set? */
SEC("socket")
int fw_answer_pass(struct __sk_buff *skb)
{
	const struct fw_decision *d = fw_decision_of((__u64)skb);

	return d && d->pass;
}

/* As fw_answer_next(), for the last rule: the decision ends with it. */
SEC("socket")
int fw_answer_take(struct __sk_buff *skb)
{
	struct fw_decision *d = fw_decision_of((__u64)skb);

	if (!d)
		return 0;
	d->skb = 0;
	return d->pass;
}

char LICENSE[] SEC("license") = "GPL";
