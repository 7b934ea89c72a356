/* SPDX-License-Identifier: GPL-2.0-only */
/* Replies to rejected packets at XDP and tc, as far as user space has to do with them: their rate, and what became of them. */
#ifndef FW_REJECT_H
#define FW_REJECT_H

#include "fw/table/rate.h"

/*
 * What else became of a rejected packet, which never passes: X(symbol, word).
 * LIMITED: the rate of replies was used up. SILENT: a packet that must not be answered, or cannot be.
 */
/* clang-format off */
#define FW_REPLIES(X)               \
	X(SENT, "sent")             \
	X(LIMITED, "limited")       \
	X(SILENT, "silent")

enum fw_reply_outcome {
#define FW_REPLY_ENUM(sym, word) FW_REPLY_##sym,
	FW_REPLIES(FW_REPLY_ENUM)
#undef FW_REPLY_ENUM
	FW_NREPLIES
};
/* clang-format on */

/* Rejected packets on one CPU, by enum fw_reply_outcome. */
struct fw_reply_counts {
	__u64 packets[FW_NREPLIES];
	__u64 pad[8 - FW_NREPLIES];
};
FW_ASSERT_SIZE(struct fw_reply_counts, 64);

/* The rate of replies, for all CPUs together. While its interval is 0, nothing is sent. */
struct fw_reply_rate {
	struct fw_rate rate;
	__u64 full; /* its bucket: see fw_rate_take(). Written by the programs */
	__u64 pad[3];
};
FW_ASSERT_SIZE(struct fw_reply_rate, 64);

/* skb->tc_index of a reply, for tc's other program on the interface: it does not judge it. That of other packets is 0. */
#define FW_REPLY_INDEX(ifindex) (0x8000u | ((ifindex)&0x7fff))

#define FW_REPLY_RATE 1000 /* replies a second, by default */
/* @rate replies a second, and as many at once. 0: none. */
static inline struct fw_reply_rate fw_reply_rate_of(__u32 rate)
{
	__u64 second = 1000000000, interval = rate ? second / rate : 0;

	return (struct fw_reply_rate){ .rate = { .interval = interval, .burst = rate ? interval * (rate - 1) : 0 } };
}

#endif
