/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Do a rule and a query accept a common address (query_addrs.c), interface (query_patterns.c) or value (query_values.c)? Each
 * function lowers @work by the number of comparisons that it made, even below 0. Only comparisons of addresses stop when @work is
 * used up; of the others there are at most as many as there are values.
 */
#ifndef FW_TEXT_QUERY_H
#define FW_TEXT_QUERY_H

#include "lib/text/internal.h"

/* One list of an expression (its ranges, or the elements of a set), scanned front to back in step with the ranges of a query. */
struct fw_part {
	unsigned family, round; /* the family and the round in which the list was last scanned */
	size_t next;            /* index of the first element not scanned yet; valid only in that round */
	struct fw_addr seen;    /* all elements that begin before this were scanned: a later round continues here */
	struct fw_addr last;    /* the highest last address of a scanned element, if @any */
	bool any;               /* some element was scanned */
};

/* An unfinished comparison of an expression with the ranges of a query. */
struct fw_walk {
	bool begun;        /* false: the members below have no meaning */
	uint32_t number;   /* number of the expression */
	uint64_t recycled; /* rs->recycled when the comparison began */
	unsigned round;    /* incremented whenever the comparison resumes, since lists may have changed */
	unsigned families; /* families in which a common address was found so far, bit 1 << family */
	int64_t cost;      /* comparisons so far */
	struct fw_part
		*parts; /* negated expressions: one for each list; others: one, used for one list after another */
	size_t cap;     /* allocated elements of @parts */
	size_t part;    /* index of the list to compare next */
	size_t i;       /* index of the query's range to compare next */
	/* For expressions that are not negated: the part of @families and @cost that the current list contributed. */
	unsigned list_families;
	int64_t list_cost;
	/* For negated ones: the address under examination, and the highest last address of the elements that hold it. */
	struct fw_addr at, best;
	bool covered; /* some element holds @at, so that @best has a value */
};

/* The addresses of one side of a query, and the results of comparing them with large expressions and sets. */
struct fw_query_side {
	struct fw_addr_range *r; /* sorted and merged; owned */
	size_t n;                /* number of ranges */
	unsigned families;       /* the families of these ranges, bit 1 << family */
	uint64_t *known;         /* hash table of results; NULL: none yet */
	size_t nknown;           /* entries in that table */
	uint64_t recycled;       /* rs->recycled of the results: they are dropped when it has changed */
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

/* Does the match accept a value of the ranges, which are sorted and disjoint? */
bool fw_query_values_meet(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work);
/* The largest such value; negative if there is none. @m NULL: every value is accepted. */
int64_t fw_query_largest(const struct fw_range *r, size_t n, const struct fw_match *m, int64_t *work);
/* Removes the protocols that the match does not accept. @m NULL: every value is accepted. */
void fw_query_protocols(const struct fw_match *m, bool protocols[256]);

/* The interfaces that a query names. Each may have several names. */
struct fw_query_ifaces {
	uint32_t *group; /* by number of the name in the query's ruleset: names of one interface have the same group */
	bool *other;     /* by number of the name: it is an alternative name, which patterns do not match */
	size_t said;     /* the first @said names are in the query itself; other names of the same interfaces follow */
	uint32_t *seen;  /* by group: the last @turn in which a match had one of its names */
	uint32_t turn;   /* number of comparisons so far, which spares clearing @seen */
};
/* @rs: the query's ruleset; the other names of its interfaces are added to it. @names NULL: they have none. 0 or -ENOMEM. */
int fw_query_ifaces_init(struct fw_query_ifaces *q, struct fw_ruleset *rs, const struct fw_query_names *names);
void fw_query_ifaces_free(struct fw_query_ifaces *q);
/* Is there an interface that both matches accept? The numbers in @of_query are those of @rs_f, the ones in @of_rule those of @rs. */
bool fw_query_ifaces_meet(struct fw_query_ifaces *q, const struct fw_ruleset *rs_f, const struct fw_match *of_query,
			  const struct fw_ruleset *rs, const struct fw_match *of_rule, int64_t *work);
/* Does one of the two matches have a pattern? */
bool fw_query_patterns(const struct fw_ruleset *rs_f, const struct fw_match *of_query, const struct fw_ruleset *rs,
		       const struct fw_match *of_rule);
/* Like fw_query_ifaces_meet(), for two matches of which one has a pattern. */
bool fw_query_patterns_meet(const struct fw_query_ifaces *q, const struct fw_ruleset *rs_f,
			    const struct fw_match *of_query, const struct fw_ruleset *rs,
			    const struct fw_match *of_rule, int64_t *work);
/* Does a pattern of the match match the name? */
bool fw_query_patterns_has(const struct fw_ruleset *rs, const struct fw_match *m, const char *name);
/* Does the match, whose numbers are those of the query's ruleset @rs, accept the interface @name? false if it is NULL (unknown). */
bool fw_query_ifaces_has(const struct fw_query_ifaces *q, const struct fw_ruleset *rs, const struct fw_match *m,
			 const char *name);

/* A query, parsed. */
struct fw_query {
	struct fw_ruleset *rs; /* holds the sets, address expressions and interfaces of @rule; owned */
	struct fw_rule rule;   /* what the query asks for, as a rule */
	const struct fw_match *matches[FW_NFIELDS]; /* of @rule */
	struct fw_range *values[FW_NFIELDS]; /* by field: accepted values, sorted; NULL: not named, or interfaces */
	size_t nvalues[FW_NFIELDS];
	struct fw_range *frames; /* the accepted ethertypes that are not IP, sorted; owned */
	size_t nframes;
	unsigned layers; /* layers of the fields that it names, and that of IP if it has addresses */
	struct fw_query_side src, dst;
	struct fw_query_ifaces ifaces;
	unsigned parts;              /* enum fw_action_part, ORed: parts that the action of a rule must have */
	int verdict;                 /* enum fw_verdict; negative: any */
	char chain[FW_NAME_MAX + 1]; /* chain that a rule must be in; empty: any */
};

/**
 * fw_query_matches_meet - do the matches of a query and a rule accept a common packet?
 * @rule: of @rs; its action does not matter
 * @work: as for fw_query_passes(); NULL: any number of comparisons may be made
 * Return: 1 or 0; -EAGAIN: @work is used up, call it again for the rest; -ENOMEM.
 */
int fw_query_matches_meet(struct fw_query *q, const struct fw_ruleset *rs, const struct fw_rule *rule, int64_t *work);

#endif
