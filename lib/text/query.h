/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a rule and a query meet: addresses (query_addrs.c), and values of fields (query_values.c). @work is lowered by
 * the comparisons that were made, also below 0: but for those of addresses, they are at most as many as the values.
 */
#ifndef FW_TEXT_QUERY_H
#define FW_TEXT_QUERY_H

#include "lib/text/internal.h"

/* One list of a union of addresses, scanned from front to back in step with the ranges of a query. */
struct fw_part {
	unsigned family, round; /* that it was looked at for last */
	size_t next;            /* the first element that was not looked at; only in this round */
	struct fw_addr seen;    /* all that begin before it were, so that the place is found again in the next round */
	struct fw_addr last;    /* the farthest address that one of them reaches, if there is any */
	bool any;
};

/* A comparison of an expression with the ranges of a query, on its way. */
struct fw_walk {
	bool begun;
	uint32_t number;       /* the expression */
	uint64_t recycled;     /* of the ruleset, when it began */
	unsigned round;        /* grows whenever it is taken up again: lists may have changed then */
	unsigned families;     /* that were found so far */
	int64_t cost;          /* comparisons so far */
	struct fw_part *parts; /* of a negated expression one for each list; else one for all, one after another */
	size_t cap;
	size_t part; /* the list that is next */
	size_t i;    /* the query's range that is next */
	/* Not negated: of the list. */
	unsigned list_families;
	int64_t list_cost;
	/* Negated: the address that is looked at, and how far elements of the lists before reach that hold it. */
	struct fw_addr at, best;
	bool covered;
};

/* The addresses of one side of a query, and the results of comparing them with large expressions and sets. */
struct fw_query_side {
	struct fw_addr_range *r; /* merged */
	size_t n;
	unsigned families; /* of them */
	uint64_t *known;   /* table of results; NULL: none yet */
	size_t nknown;
	uint64_t recycled; /* of the ruleset, when they were put there */
	struct fw_walk walk;
};

void fw_query_side_init(struct fw_query_side *s, struct fw_addr_range *r, size_t n);
void fw_query_side_free(struct fw_query_side *s);
/**
 * fw_query_families - which families have an address that lies in an expression and in the ranges of a query
 * @work: comparisons that may be made; lowered by those that were
 * @out:  bit 1 << family for each of them
 * Return: 0; -EAGAIN: @work is used up, call it again for the rest; -ENOMEM.
 */
int fw_query_families(struct fw_query_side *s, const struct fw_ruleset *rs, uint32_t number, int64_t *work,
		      unsigned *out);

/* Is a value of the ranges, which are sorted and disjoint, one that the match accepts? */
bool fw_query_values_meet(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work);
/* The largest such value; negative if there is none. @m NULL: every value is accepted. */
int64_t fw_query_largest(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work);
/* Removes the protocols that the match does not accept. @m NULL: every value is accepted. */
void fw_query_protocols(const struct fw_match *m, bool protocols[256]);

/* Interfaces that a query names, by all names that they have. */
struct fw_query_ifaces {
	uint32_t *group; /* of each name of the query's ruleset; names of one interface are of the same */
	bool *other;     /* of each: it is not the primary name of its interface, and patterns do not match it */
	size_t said;     /* names in the query itself; other names of the same interfaces follow */
	uint32_t *seen;  /* for each group: in which turn a match had a name of it last */
	uint32_t turn;
};
/* @rs: the query's, gets the further names. @names NULL: there are none. 0 or -ENOMEM. */
int fw_query_ifaces_init(struct fw_query_ifaces *q, struct fw_ruleset *rs, const struct fw_query_names *names);
void fw_query_ifaces_free(struct fw_query_ifaces *q);
/* Is there an interface that both matches accept? @of_query is of the ruleset @rs_f, @of_rule of @rs. */
bool fw_query_ifaces_meet(struct fw_query_ifaces *q, const struct fw_ruleset *rs_f, const struct fw_match *of_query,
			  const struct fw_ruleset *rs, const struct fw_match *of_rule, int64_t *work);
/* query_patterns.c: the same for matches of which one has a pattern; has one? */
bool fw_query_patterns(const struct fw_ruleset *rs_f, const struct fw_match *of_query, const struct fw_ruleset *rs,
		       const struct fw_match *of_rule);
bool fw_query_patterns_meet(const struct fw_query_ifaces *q, const struct fw_ruleset *rs_f,
			    const struct fw_match *of_query, const struct fw_ruleset *rs,
			    const struct fw_match *of_rule, int64_t *work);
/* Does a pattern of the match match the name? */
bool fw_query_patterns_has(const struct fw_ruleset *rs, const struct fw_match *m, const char *name);
/* Does the match, of the query's ruleset @rs, accept the interface of this name? NULL: it is unknown, and none does. */
bool fw_query_ifaces_has(const struct fw_query_ifaces *q, const struct fw_ruleset *rs, const struct fw_match *m,
			 const char *name);

#endif
