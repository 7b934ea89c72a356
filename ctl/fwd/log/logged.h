/* SPDX-License-Identifier: GPL-2.0-only */
/* One entry of the log of packets: an event, and whose it was at the time; or how many events were lost. */
#ifndef FWD_LOGGED_H
#define FWD_LOGGED_H

#include "ctl/fwd/engine/engine.h"

struct logged {
	uint64_t number;           /* grows, also over restarts */
	int64_t time;              /* nanoseconds since the epoch, in steps of some milliseconds */
	uint64_t lost[FW_NLOSSES]; /* if any is not 0, the rest is not set */
	bool is_loss;
	uint64_t rule;              /* id; 0: a policy, or a rule that was gone when the event was read */
	char name[FW_NAME_MAX + 1]; /* of the rule; empty: none */
	char prefix[FW_LOG_PREFIX_MAX + 1];
	uint8_t level;                                      /* as in syslog(3) */
	char in[FW_IFNAME_MAX + 1], out[FW_IFNAME_MAX + 1]; /* empty: none, or unknown */
	struct fw_event event;
};

/* Fills everything but number and time from an event, as rules and interfaces are now. */
void logged_resolve(const struct engine *e, const struct fw_event *event, struct logged *out);
/* The packet as the classifier saw it, as far as its bytes were captured; without interfaces. */
void logged_key(const struct logged *l, struct fw_key *key);
/* The name of the policy that decided; NULL: a rule did. */
const char *logged_policy(const struct logged *l);
/* The packet in one line. */
void logged_packet(const struct logged *l, struct fw_buf *b);
/* The object of the request `log`, on one line, with a newline. @bytes: with those of the packet. */
void logged_json(const struct logged *l, bool bytes, struct fw_buf *b);
/* In words, without a newline; and the fields for the journal: "FWD_RULE=3\n" and so on. */
void logged_line(const struct logged *l, struct fw_buf *b);
void logged_fields(const struct logged *l, struct fw_buf *b);

#endif
