/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instances: what tables are compiled from. lib/lower makes them from rules; lib/compile knows only instances.
 *
 * Most rules are one instance, which is a member of struct fw_rule, so that lowering copies nothing. A rule may become several
 * instances, each with its own rank; they share the rule's slot and so its counter.
 */
#ifndef FW_INSTANCE_H
#define FW_INSTANCE_H

#include "fw/addrs.h"
#include "fw/match.h"
#include "fw/table/format.h"

/*
 * An instance matches a packet if both addresses lie in its expressions and every match accepts the packet. The matching
 * instance with the lowest rank decides. No two instances have the same rank.
 */
/* clang-format off */
#define FW_INSTANCE_MEMBERS                                                                        \
	const struct fw_match **matches; /* in ascending order of their fields, at most one for each */ \
	uint32_t rank;                   /* its place in the order, from 1 to FW_RANK_MAX */            \
	uint32_t slot;                   /* number of its counter, from 0 */                            \
	uint32_t src, dst;               /* numbers of address expressions in the address book */       \
	uint32_t line;                   /* line of the rule in its file, from 1; 0: no file */         \
	uint8_t nmatches;                /* number of matches */                                        \
	uint8_t action;                  /* number of its action in the table of actions */
/* clang-format on */
struct fw_instance {
	FW_INSTANCE_MEMBERS
};

/* The match for a field, or NULL. */
const struct fw_match *fw_instance_match(const struct fw_instance *in, enum fw_field field);
/* The hooks at which it can match packets, a bit each: of those that it names, or else all, those that know all of its fields. */
unsigned fw_instance_hooks(const struct fw_instance *in);
/* Does it name an ethertype other than those of IP, so that it can match frames that are not IP? */
bool fw_instance_names_non_ip(const struct fw_instance *in);

/* Bytes of a label, the NUL included. */
#define FW_INSTANCE_LABEL 96
/* What the compiler has to know about the rules that instances were made from. */
struct fw_lowering {
	const char *file;                /* path for diagnostics; NULL: the rules are not from a file */
	uint32_t slots;                  /* above every slot in use */
	uint32_t turns;                  /* largest number of lookups that a packet can need */
	size_t n;                        /* number of instances of the whole ruleset */
	const struct fw_action *actions; /* the table of FW_ACTIONS_MAX actions; unused ones are zeros */
	uint32_t nactions;               /* above every number in use */
	/*
	 * Actions for packets that no rule decides on, by reason and hook: with terminal verdicts, without conditions. Of an
	 * edit: only if it changes them.
	 */
	uint8_t policy[FW_NREASONS][FW_NHOOKS];
	/* The first match of all packets of a hook and a state, if its action is FW_DROP or FW_ACCEPT; NULL: none is known. */
	const struct fw_instance *shortcut[FW_NHOOKS][FW_NSTATES];
	const struct fw_ruleset *rules;
	const struct fw_rule **callers; /* of an edit: the rules that have inlined instances, in order */
	size_t ncallers;
	/* The name that diagnostics use for the rule of an instance: "30 web". Return: @buf. */
	const char *(*label)(const struct fw_lowering *l, const struct fw_instance *in, char *buf, size_t size);
	/* The instance with this rank and slot, as the ruleset is after the edit. It exists. */
	const struct fw_instance *(*find)(const struct fw_lowering *l, uint32_t rank, uint32_t slot);
};

/* A whole ruleset, lowered. */
struct fw_lowered {
	struct fw_lowering from;
	const struct fw_address_book *book;
	const struct fw_instance **instances; /* from.n instances, in ascending order of rank */
	struct fw_skip *skips;                /* one for each instance that skips others, in ascending order of rank */
	size_t nskips;
};

/* @before NULL: added; @after NULL: removed; neither: replaced; both: nothing changes. */
struct fw_instance_row {
	const struct fw_instance *before, *after;
	/* Rank at which packets continue after @after, see struct fw_skip; 0: @after does not skip others. */
	uint32_t end;
};

/* An edit of a ruleset, lowered. */
struct fw_lowered_edit {
	struct fw_lowering from; /* the ruleset as the edit leaves it */
	struct fw_address_book *book;
	struct fw_instance_row *rows;
	size_t nrows;
	const struct fw_set_change *sets; /* elements that the edit adds to sets and removes from them; borrowed */
	size_t nsets;
	bool policies; /* the edit changes policies */
};

#endif
