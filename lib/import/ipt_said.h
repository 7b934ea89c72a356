/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A rule while it is said. Its matches are collected in groups: of each field a group has one match, as a rule of ours has,
 * and what is asked after a condition or an effect needs a group of its own, as in
 *
 *	-p icmp -m limit --limit 1/s -m mark --mark 1 -j DROP
 *
 * The first group is a rule of the chain itself; it jumps to a chain of its own with the second group, and so on. Such a
 * chain begins with exceptions: matches that make it return.
 */
#ifndef FW_IMPORT_IPT_SAID_H
#define FW_IMPORT_IPT_SAID_H

#include "lib/import/ipt.h"

enum said_field {
	SAID_FROM,
	SAID_TO,
	SAID_FROM_IF,
	SAID_TO_IF,
	SAID_PROTO,
	SAID_SPORT,
	SAID_DPORT,
	SAID_ICMP,
	SAID_FLAGS,
	SAID_FRAG,
	SAID_DSCP,
	SAID_TTL,
	SAID_LENGTH,
	SAID_MARK,
	SAID_STATE,
	SAID_UID,
	SAID_GID,
	SAID_MAC,
	SAID_PACKET_TYPE,
	SAID_RT_TYPE,
	SAID_TCP_OPTION,
	SAID_MSS,
};

struct said_group {
	struct fw_buf match, action, log;
	struct fw_buf excepts; /* lines */
	struct fw_buf any;     /* lines, one of which matches; the group has nothing else */
	unsigned fields;       /* bits of enum said_field that @match has */
	bool asks;             /* @action is not empty */
	bool effect;           /* it is no condition */
};

#define SAID_GROUPS 8
struct ipt_said {
	struct ipt *c;
	struct ipt_rule *rule;
	enum ipt_family family;
	struct said_group groups[SAID_GROUPS];
	unsigned n;
	struct fw_buf verdict, comment;
	char rate[64];       /* of a limit that is all that the rule asks so far */
	bool never;          /* it matches no packet */
	bool later;          /* it asks for later fragments, which have no ports */
	bool ends;           /* the verdict ends a packet's way */
	bool leads;          /* it is jump, goto or return */
	bool family_implied; /* by an address */
	bool own_rate;
	bool several; /* a packet may match several lines of a group */
};

/* Adds a match ` FIELD VALUE`, which a group may have once. */
void said_match(struct ipt_said *s, enum said_field field, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Adds ` WORD[not ]VALUES`, with braces around a list. */
void said_match_text(struct ipt_said *s, enum said_field field, const char *word, bool negated,
		     const struct fw_buf *values, bool list);
/* A range of numbers as our language has it: N or N-M. */
void said_print_range(struct fw_buf *b, uint64_t from, uint64_t to);

/* As said_match(), in a chain of its own. */
void said_apart(struct ipt_said *s, enum said_field field, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Later fragments are not meant. */
void said_not_later(struct ipt_said *s);
/* Packets with this match are not meant; one that lacks the field is. */
void said_except(struct ipt_said *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of several matches, each on a line. */
void said_excepts(struct ipt_said *s, const struct fw_buf *lines);
/* Packets with one of these matches are meant, each on a line. @several: a packet may have more than one. */
void said_any(struct ipt_said *s, const struct fw_buf *lines, bool several);
/* Adds a condition, or an effect that a match of iptables has. */
void said_condition(struct ipt_said *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void said_effect(struct ipt_said *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The log of the last group. */
struct fw_buf *said_log(struct ipt_said *s);
void said_refuse(struct ipt_said *s, enum fw_import_reason reason, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* An option of a use; NULL: it is not given. */
const struct ipt_given *said_given(const struct ipt_use *use, const char *name);
static inline const char *said_not(const struct ipt_given *g)
{
	return g->negated ? "not " : "";
}

#endif
