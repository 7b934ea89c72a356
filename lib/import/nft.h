/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that import rulesets of nftables. */
#ifndef FW_IMPORT_NFT_H
#define FW_IMPORT_NFT_H

#include <jansson.h>

#include "fw/field.h"
#include "lib/import/import.h"

/* Addresses of IPv6 are numbers of 128 bits. Memory of a region is aligned to 8 bytes. */
typedef unsigned __int128 nft_number __attribute__((aligned(8)));

struct nft_range {
	nft_number lo, hi;
};

/*
 * What a field may be: ranges of numbers, or names (interfaces, "@set", marks with a mask), which are not compared. All of it
 * lies in the memory of the import.
 */
struct nft_values {
	struct nft_range *ranges; /* ascending, neither overlapping nor adjacent, once nft_values_sort() was called */
	size_t n, cap;
	const char **names;
	size_t nnames, names_cap;
	bool negated; /* none of the names */
};

/* The fields of rules, in the order in which they are printed. */
enum nft_field {
	NFT_HOOK,
	NFT_FAMILY, /* 0: IPv4, 1: IPv6 */
	NFT_ETHERTYPE,
	NFT_VLAN,
	NFT_FROM_IF,
	NFT_TO_IF,
	NFT_MAC,
	NFT_PACKET_TYPE,
	NFT_FROM,
	NFT_TO,
	NFT_FRAG,
	NFT_DSCP,
	NFT_TTL,
	NFT_RT_TYPE,
	NFT_IP_OPTION,
	NFT_PROTO,
	NFT_NEXT_HEADER,
	NFT_SPORT,
	NFT_DPORT,
	NFT_ICMP_TYPE,
	NFT_ICMP_CODE,
	NFT_ICMP6_TYPE,
	NFT_ICMP6_CODE,
	NFT_FLAGS,
	NFT_TCP_OPTION,
	NFT_STATE,
	NFT_MSS,
	NFT_LENGTH,
	NFT_MARK,
	NFT_MARK_BITS,
	NFT_UID,
	NFT_GID,
	NFT_NFIELDS
};

#define NFT_BITS(field) (1u << (field))
/* Those of headers after the IP header, which later fragments lack. */
#define NFT_TRANSPORT                                                                                           \
	(NFT_BITS(NFT_SPORT) | NFT_BITS(NFT_DPORT) | NFT_BITS(NFT_ICMP_TYPE) | NFT_BITS(NFT_ICMP_CODE) |        \
	 NFT_BITS(NFT_ICMP6_TYPE) | NFT_BITS(NFT_ICMP6_CODE) | NFT_BITS(NFT_FLAGS) | NFT_BITS(NFT_TCP_OPTION) | \
	 NFT_BITS(NFT_MSS))
#define NFT_V4 0
#define NFT_V6 1

/* What a field is called and which values and hooks it has. Indexed by enum nft_field. */
struct nft_field_info {
	const char *word;
	uint32_t max;
	int field;      /* enum fw_field, whose names the values have; -1: none */
	unsigned hooks; /* which know it; 0: all */
	bool v6;        /* names of ICMPv6 */
	bool names;     /* its values are names */
};
/* nft_field.c */
extern const struct nft_field_info nft_field_info[NFT_NFIELDS];

/* One condition on a packet, and further ones that must hold too. */
struct nft_term {
	enum nft_field field;
	struct nft_values values;
	struct nft_term *next;
};

/* One of several sets of conditions of which a packet fulfils at most one, and what happens then. */
struct nft_alternative {
	struct nft_term *terms;
	json_t *verdict;   /* NULL: what the rule says */
	const char *words; /* the same in our words */
	struct nft_alternative *next;
};

/* All that a rule asks of a packet. */
struct nft_match {
	uint32_t given; /* NFT_BITS() of the fields */
	bool never;     /* no packet fulfils it */
	struct nft_values values[NFT_NFIELDS];
};

/* A rule, chain, set or map of the file, and what became of it. */
struct nft_object {
	json_t *json;
	struct import_place at;
	struct nft_object *next; /* in the order of the files */
	bool reported;           /* the rest is known */
	bool filters, opens;     /* of struct fw_import_line */
	enum fw_import_reason reason;
	const char *message;
	size_t became, became_len;
	bool in_rules; /* @became counts from the beginning of the rules */
	bool counted;  /* the following are known */
	uint64_t packets, bytes;
	size_t counts; /* of struct fw_import_line, from the beginning of the rules */
};

struct nft_rule {
	struct nft_object o;
	struct nft_rule *next;
};

struct nft_chain {
	struct nft_object o;
	const char *family, *table, *name;
	const char *type, *hook; /* NULL: no base chain */
	json_int_t priority;
	bool drops;  /* its policy */
	bool kernel; /* nothing in it filters: it stays in the kernel */
	bool seen;   /* by the search that is going on */
	bool used;   /* rules of ours come from it */
	size_t order;
	uint32_t changes; /* fields that it, or a chain that it calls, sets, of a base chain */
	struct nft_rule *first, *last;
	struct nft_use *uses;
};

struct nft_set {
	struct nft_object o;
	const char *family, *table, *name;
	const char *word; /* the name in our text */
	bool map;
	bool added;      /* packets add to it */
	bool looked_up;  /* rules match on it */
	bool shown;      /* it is a set of our text */
	unsigned limits; /* rules whose limit keeps its buckets in it */
};

/* A chain for those who call it: the hooks that reach it, and where an accepted packet goes on. */
struct nft_use {
	struct nft_use *next; /* of the same chain */
	struct nft_chain *chain;
	unsigned hooks;          /* FW_HOOK_BIT() */
	int64_t first, last;     /* nft_position() of the base chains that lead to it */
	bool no_state;           /* reached before connections are known */
	bool before_route;       /* reached before the way out is known */
	bool on_wire;            /* the chain sees frames that are not IP too, */
	bool fragments;          /* or none of the fragments that are on the wire */
	bool translated;         /* addresses and ports may be others than at the hook */
	const char *accept;      /* the verdict that stands for accept */
	const char *policy;      /* of a base chain: its verdict as text */
	bool policy_last;        /* what is left at the end of the main list gets the policy anyway */
	const char *word;        /* the chain in our text; NULL: the main list */
	const char *prefix;      /* what each rule of the main list begins with */
	const char *head, *tail; /* rules around those of the chain; NULL: none */
};

struct nft {
	struct import *im;
	struct fw_region work; /* for one rule */
	bool in_rule;
	struct nft_chain *chains;
	size_t nchains, chains_cap;
	struct nft_set *sets;
	size_t nsets, sets_cap;
	struct nft_object *first, **end; /* all of them */
	struct nft_use **uses;
	size_t nuses, uses_cap;
	struct nft_chain **by_name; /* sorted by family, table and name */
	struct nft_set **sets_by_name;
	const char **words; /* a hash table of the names of chains and sets that are taken */
	size_t nwords, words_cap;
	const char **made; /* the chains of the text */
	size_t nmade, made_cap;
	unsigned suffix;
	size_t most_text;
	struct fw_buf policies, rules;
	struct {
		enum fw_import_reason reason;
		char text[256];
	} why; /* of the last refusal */
};

static inline bool nft_is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

/* nft_base.c */
/* Zeroed memory that lasts until the import ends. */
void *nft_keep(struct nft *n, size_t size);
/* The same; of a rule, until the rule is done. NULL: there is none, and the import fails. */
void *nft_alloc(struct nft *n, size_t size);
const char *nft_strdup(struct nft *n, const char *s);
const char *nft_printf(struct nft *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Refuses the line at hand with this message. Return: -EINVAL. */
int nft_refuse(struct nft *n, enum fw_import_reason reason, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A word of @words that begins as @name does, with what a name cannot have replaced, and is taken from now on. */
const char *nft_word(struct nft *n, const char *name);

/* What became of an object; a refusal, from @why, is not taken back. */
void nft_report(struct nft *n, struct nft_object *o, int err, const char *message);

/* nft_values.c */
int nft_values_add(struct nft *n, struct nft_values *v, nft_number lo, nft_number hi);
int nft_values_name(struct nft *n, struct nft_values *v, const char *name);
/* Sorts the ranges and joins those that touch. */
void nft_values_sort(struct nft_values *v);
/* All numbers up to @max that @v lacks; of names: the others. */
int nft_values_not(struct nft *n, struct nft_values *v, nft_number max);
/* What both allow. Return: 0; -EAGAIN: that cannot be told; -ENOMEM. */
int nft_values_and(struct nft *n, const struct nft_values *a, const struct nft_values *b, struct nft_values *out);
bool nft_values_empty(const struct nft_values *v);
bool nft_values_has(const struct nft_values *v, nft_number number);

/* nft_number.c: JSON values as numbers. */
/* An element of a set without its timeout, counter and comment. */
json_t *nft_unwrap(json_t *element);
int nft_read_address(struct nft *n, json_t *json, int family, struct nft_range *out);
int nft_read_number(struct nft *n, enum nft_field field, json_t *json, nft_number *out);
/* Bits of flags or states, by name, number or list. */
int nft_read_bits(struct nft *n, enum nft_field field, json_t *json, uint64_t *out);

/* nft_match.c */
/* Adds a condition. Return: 0; -EAGAIN: it cannot be joined with what is there; -ENOMEM. */
int nft_match_add(struct nft *n, struct nft_match *m, const struct nft_term *t);
/* The conditions of a match expression, one or several alternatives. */
int nft_read_match(struct nft *n, const struct nft_use *use, json_t *match, struct nft_alternative **out);
/* Those of a verdict map. */
int nft_read_vmap(struct nft *n, const struct nft_use *use, json_t *vmap, struct nft_alternative **out);
/* One condition that a statement implies. NULL: out of memory. */
struct nft_alternative *nft_one(struct nft *n, enum nft_field field, nft_number lo, nft_number hi);

/* nft_place.c: where on the way of a packet a base chain is; to be compared with others on the same way. */
int64_t nft_position(const struct nft_chain *base);

/* nft_print.c: the words of a rule for what it matches. */
/* An address, prefix or range. */
void nft_print_addresses(int family, const struct nft_range *r, struct fw_buf *out);
int nft_print_match(struct nft *n, const struct nft_use *use, const struct nft_match *m, struct fw_buf *out);

/* nft_find.c: chains and sets by name, in the table of a chain. NULL: there is none. */
int nft_index(struct nft *n);
struct nft_chain *nft_chain_find(struct nft *n, const struct nft_chain *of, const char *name);
struct nft_set *nft_set_find(struct nft *n, const struct nft_chain *of, const char *name);

/* nft_set.c */
int nft_set_elements(struct nft *n, struct nft_set *s, json_t **out);
/* Which sets packets fill and rules look up. */
void nft_sets_scan(struct nft *n);
int nft_print_sets(struct nft *n, struct fw_buf *out);

/* nft_rule.c: appends what a rule becomes to the text of rules. Return: 0; -EINVAL: refused, see @why; -ENOMEM. */
int nft_print_rule(struct nft *n, const struct nft_use *use, struct nft_rule *r);

/* nft_statement.c: does the rule only do what the kernel goes on doing? */
bool nft_rule_is_kernels(const struct nft_rule *r);
/* Is there a verdict that keeps packets from passing? */
bool nft_rule_decides(const struct nft_rule *r);

/* nft_search.c */
struct nft_found {
	bool drops, effects; /* packets may be dropped; counted by a limit, logged or remembered */
	bool kernel;         /* something that no rule of ours can do */
	uint32_t changes;    /* fields of packets that are set */
};
/* What a chain, and those that it calls, do to packets. */
struct nft_found nft_look_into(struct nft *n, struct nft_chain *c);
/* Marks a chain, and those that it calls, as ones that stay in the kernel. */
void nft_leave_to_kernel(struct nft *n, struct nft_chain *c);
/* Finds the uses of all chains that this one leads to, and the hooks that reach them. */
void nft_reach(struct nft *n, const struct nft_use *use);
/* Adds a copy. NULL: out of memory. */
struct nft_use *nft_add_use(struct nft *n, const struct nft_use *u);
/* The name of a new chain of our text. NULL: out of memory. */
const char *nft_make_chain(struct nft *n, const char *name);
/* The use of a chain that is called from another. NULL: out of memory. */
struct nft_use *nft_use_of(struct nft *n, const struct nft_use *from, struct nft_chain *chain);

/* nft_chain.c: the policies and rules for all chains. */
int nft_import_chains(struct nft *n);

#endif
