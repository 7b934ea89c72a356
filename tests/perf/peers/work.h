/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work that all peers get: the same rules, the same packets, and the right
 * verdicts. IPv4, the five fields that every peer knows; numbers in host order.
 */
#ifndef FWBENCH_WORK_H
#define FWBENCH_WORK_H

#include "fw/text.h"

enum work_shape {
	WORK_BLOCKLIST, /* sources to drop, from hosts to /16; all else passes */
	WORK_POLICY, /* source and destination prefixes, protocol and a destination port or range to accept; all else drops.
			    Rules do not overlap, so that an unordered set can say the same */
	WORK_CLASSBENCH, /* nested prefixes, port ranges, overlapping: the first match decides */
	WORK_HOTPAIR, /* one source and destination prefix, and many port ranges in it that do not overlap; all else drops.
			    From some 16,000 on there are ranges of source ports too */
	WORK_SHAPES,
};
extern const char *const work_shapes[WORK_SHAPES];

enum work_traffic {
	WORK_HITS,   /* uniform over the rules, a packet inside each */
	WORK_MISSES, /* no rule matches */
	WORK_ZIPF,   /* rules hit by Zipf's law, exponent 1: a few of them by most packets */
	WORK_TRAFFICS,
};
extern const char *const work_traffics[WORK_TRAFFICS];

struct work_rule {
	uint32_t src, dst;        /* prefixes */
	uint8_t src_len, dst_len; /* bits; 0: any */
	uint8_t proto;            /* 0: any; else 6 or 17 if the rule has ports */
	bool accept;
	uint16_t sport[2], dport[2]; /* first and last; 0 and 65535: any */
};

struct work_packet {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t proto; /* 6 or 17 */
	bool accept;   /* the right verdict */
	bool syn;      /* TCP: opens a connection; else it is of one that is there */
	int32_t rule;  /* that decides, from 0; -1: the policy */
};

#define WORK_PACKETS 65536 /* of each kind of traffic; a power of two */
#define WORK_FRAME 60      /* bytes of a frame, without checksum */
/* What the stage may give routes to: no packet and no prefix but `any` goes beyond 11 to 126/8 and 128 to 168/8. */
#define WORK_SRC_NET 0x0b000000u
#define WORK_SRC_LAST 0x7effffffu
#define WORK_DST_NET 0x80000000u
#define WORK_DST_LAST 0xa8ffffffu

struct work {
	enum work_shape shape;
	struct work_rule *rules;
	size_t n;
	bool accept; /* the policy: what no rule matches */
	struct work_packet *packets[WORK_TRAFFICS];
};

/**
 * work_new - rules and packets, the same for the same numbers
 * @n: rules; from 1 to 1,000,000
 *
 * The verdicts are found in an index of rules by prefix lengths that has nothing in common with our lookup; of a part of
 * the packets, as many as takes a second, a linear search must say the same.
 * Return: 0, -ENOMEM, or -EILSEQ (said on standard error): they differ.
 */
int work_new(enum work_shape shape, size_t n, uint64_t seed, struct work **out);
void work_free(struct work *w); /* NULL is fine */
/* A rule that is not among those of @w and overlaps none of them: the @i-th to be added, from 0 to WORK_EXTRA - 1. */
#define WORK_EXTRA 256
struct work_rule work_extra(const struct work *w, size_t i);
/* The first packet that the rule matches. */
struct work_packet work_inside(const struct work_rule *r);
/* The packet as a frame of WORK_FRAME bytes, Ethernet header included; checksums are right. @id is written to the IP header's
 * identification field, and as 32 bits in network order into the last 4 bytes, which are payload. */
void work_frame(const struct work_packet *p, uint32_t id, uint8_t frame[WORK_FRAME]);
/* A rule at @hook as a line of our language after `rule`; the rules at `in` with their policy. If memory is out, @out tells. */
void work_rule_text(const struct work_rule *r, const char *hook, struct fw_buf *out);
void work_text(const struct work *w, struct fw_buf *out);

#endif
