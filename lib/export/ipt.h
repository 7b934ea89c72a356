/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files that write rulesets of iptables and ip6tables. A line there compares most fields with one value or
 * range, so a rule is written as the options of one line and *asks*: lists, each with an option for each value. One ask takes a
 * line for each value; several take chains, one after the other:
 *
 *	rule input on { eth0, eth1 } from { 192.0.2.1, 10.0.0.0/8 } drop
 *
 *	-A INPUT -s 192.0.2.1 -j fw/1           -A fw/1 -i eth0 -j DROP
 *	-A INPUT -s 10.0.0.0/8 -j fw/1          -A fw/1 -i eth1 -j DROP
 *
 * Packets return from such a chain, so what must happen once is gone to (-g) if a packet may match several of its lines.
 */
#ifndef FW_EXPORT_IPT_H
#define FW_EXPORT_IPT_H

#include "lib/export/export.h"

/* Options, one of which has to be true, or with @none: all false. Each begins with a blank. */
struct ipt_ask {
	char **options;
	size_t n, cap;
	bool none;
	bool overlap; /* a packet may match several of them */
	bool apart;   /* a line has room for no other with these options */
	bool proto;   /* a line with one of them has to name the protocol */
};

/* What the lines of a rule match. */
#define IPT_ASKS 32
struct ipt_match {
	struct fw_buf line; /* options of all lines */
	int proto;          /* that all lines have to name, as -p; -1: none */
	struct ipt_ask asks[IPT_ASKS];
	size_t n;
	bool never;  /* no packet of the family matches */
	bool failed; /* out of memory */
};
void ipt_match_free(struct ipt_match *m);
/* A new ask. */
struct ipt_ask *ipt_ask_new(struct ipt_match *m, bool none);
/* Adds an option to it, by printf. */
void ipt_ask_add(struct ipt_match *m, struct ipt_ask *ask, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Appends ` -p tcp`. */
void ipt_print_proto(struct fw_buf *b, int proto);

/* Where a rule is written. */
struct ipt_place {
	enum fw_family family;
	const char *chain;
	unsigned hooks; /* from which packets come */
	char letter;    /* in names of chains that only a rule needs: of the hook, or '.' */
};

/* ipt_match.c: what the rule matches, in lines that name @proto (-1: none). 0, -EINVAL or -ENOMEM. */
int ipt_match(struct export *e, const struct ipt_place *at, int proto, struct ipt_match *out);
/* ipt_field.c: adds a match of the rule. 0 or -EINVAL. */
int ipt_match_field(struct export *e, const struct ipt_place *at, const struct fw_match *f, struct ipt_match *m);
/* The protocols that lines have to name, since other options depend on it, into @protos. Return: how many; -1: any will do. */
int ipt_match_protos(const struct fw_rule *r, enum fw_family family, uint8_t protos[256]);

/* ipt_action.c: the lines of a rule, into @chain. */
int ipt_action(struct export *e, const struct ipt_place *at, struct ipt_match *m, struct fw_buf *chain);

/* ipset.c: refuses a set whose name ipset does not take. 0 or -EINVAL. */
int ipset_check_name(struct export *e, const struct fw_set *set);

#endif
