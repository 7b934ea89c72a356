/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared between the parts of fwbench reload. */
#ifndef FWBENCH_RELOAD_H
#define FWBENCH_RELOAD_H

#include "tests/perf/bench.h"
#include "tests/perf/sandbox.h"

#define RELOAD_STREAMS 24
#define RELOAD_OF_FILE 16 /* of these, streams that rules of the file decide on */
#define RELOAD_PORT "fwr0"
#define RELOAD_PEER "fwr1"

enum reload_want { RELOAD_PASS, RELOAD_DROP, RELOAD_EITHER };

/* Packets that differ only in a number; two rulesets; and what both decide on the packets. */
struct reload_stream {
	struct fw_frame frame;
	enum reload_want want;
	uint64_t deciding; /* id of the file's rule that decides; 0: none, or a rule that was put before the file's */
};
struct reload_rules {
	struct fw_buf text[2];
	struct reload_stream stream[RELOAD_STREAMS];
	size_t nstreams;
	size_t left_out; /* rules of the first that the second does not have */
};
/**
 * reload_rules_make - two rulesets of one
 *
 * Both have all its rules, but for some that the second leaves out; they are preceded by rules for single sources that
 * accept in both, drop in both, accept in one of them, or accept (drop) by another rule in each, where a mixture of
 * both would drop (accept).
 * Return: 0, -ENOMEM.
 */
int reload_rules_make(const struct fw_ruleset *rs, struct reload_rules *out);
void reload_rules_free(struct reload_rules *r);

/* Streams of packets from RELOAD_PEER to RELOAD_PORT, by turns, at a steady rate. */
struct reload_traffic;
struct reload_traffic_result {
	uint64_t sent, received;
	uint64_t dropped;           /* by the interface, before the filter */
	uint64_t lost, slipped;     /* should have passed and did not arrive; should have been dropped and arrived */
	uint64_t judged_either[2];  /* of streams that the rulesets differ on: dropped, passed */
	uint64_t receiver_overflow; /* passed, and not taken in time: no fault of the filter's */
	double seconds;
};
/* Makes the pair of interfaces. Prints errors. 0 or -errno. */
int reload_traffic_open(const struct sandbox *box);
int reload_traffic_start(const struct reload_rules *rules, unsigned rate, struct reload_traffic **out);
/* Ends it, after receiving what is still under way. */
int reload_traffic_stop(struct reload_traffic *t, struct reload_traffic_result *out);

#endif
