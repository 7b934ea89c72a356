/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of iptables and ip6tables on their way to rules of ours. First all files are read: a rule is its modules (`-m tcp`,
 * `-j LOG`) with the options given to each. Then each rule is said: what it matches, asks and does, in our words. At last
 * all is printed, with the rules of both families that say the same as one.
 */
#ifndef FW_IMPORT_IPT_H
#define FW_IMPORT_IPT_H

#include "lib/import/import.h"

enum ipt_family { IPT_V4, IPT_V6, IPT_NFAMILIES };
#define IPT_FAMILY_BIT(family) (1u << (family))
#define IPT_BOTH 3u

/* The tables that filter may be asked in, and NAT. */
enum ipt_table_number { IPT_RAW, IPT_MANGLE, IPT_NAT, IPT_FILTER, IPT_SECURITY, IPT_NTABLES };
enum ipt_hook { IPT_PREROUTING, IPT_INPUT, IPT_FORWARD, IPT_OUTPUT, IPT_POSTROUTING, IPT_NHOOKS };
#define IPT_NAME_MAX 63 /* bytes of a chain's name that are accepted */
extern const char *const ipt_hook_names[IPT_NHOOKS];
extern const char *const ipt_hook_words[IPT_NHOOKS]; /* of our rules */

/* An option of a module: `--dport`, `-s`. */
struct ipt_option {
	const char *name; /* without -- */
	char letter;      /* short form; 0: none */
	uint8_t args;
	bool negates; /* may be negated */
};

struct ipt_said;
struct ipt_use;

/* A match or target, or the options that every rule has. */
struct ipt_module {
	const char *name;
	unsigned families;                /* bits; 0: both */
	const struct ipt_option *options; /* ended by one without a name */
	void (*say)(struct ipt_said *s, const struct ipt_use *use);
};

/* An option as a rule has it. */
struct ipt_given {
	const struct ipt_option *option;
	const char *value, *second;
	unsigned column;
	bool negated;
	struct ipt_given *next;
};

/* A module as a rule has it. */
struct ipt_use {
	const struct ipt_module *module;
	struct ipt_given *first, **end;
	struct ipt_use *next;
	unsigned column;
};

struct ipt_chain;

struct ipt_rule {
	struct ipt_rule *next;
	struct ipt_chain *chain;
	struct ipt_use *uses, **end; /* the first one has the options that every rule has */
	const char *target;          /* as written; NULL: none */
	const struct ipt_chain *to;  /* of a jump or goto */
	struct ipt_text *text;       /* what it became; NULL: refused, or it never matches */
	size_t note;                 /* its line in the report; SIZE_MAX: it is none of a file */
	unsigned target_column;
	uint64_t packets, bytes; /* that it has counted */
	int proto;               /* that it names, without `!`; -1: none */
	bool go;                 /* -g */
	bool refused;
	bool kept; /* it filters nothing, and stays in the kernel */
};

struct ipt_chain {
	const char *name;
	const char *out; /* its name in our rules; NULL: of a hook */
	enum ipt_family family;
	enum ipt_table_number table;
	int hook; /* enum ipt_hook; -1: a user's chain */
	struct ipt_rule *first, **end;
	struct ipt_chain *next;
	const struct ipt_chain *twin; /* of the other family, with the same name here */
	const char *place;            /* hooks, as our rules name them; NULL: it is a chain there, too */
	bool outer;                   /* of another table than filter, and called at a hook: ACCEPT goes on behind it */
	bool drops;                   /* the policy */
	bool has_policy;              /* a line gives it */
	size_t note;                  /* that line */
	uint64_t packets, bytes;      /* that the policy has decided on */
	unsigned reached;             /* bits of enum ipt_hook: from where its rules are asked */
	int depth;                    /* of chains, from this one on, its own included; 0: not known yet */
	bool open;                    /* a search is in it, or was */
	bool judged, harmless;        /* of ipt_opens.c */
};

struct ipt_table {
	struct ipt_chain *first, **end;
	const struct fw_import_file *file; /* that has it; NULL: none */
};

/* A rule in our words. Texts begin with a blank, unless they are empty. */
struct ipt_text {
	const char *match;  /* without hook, chain and family */
	const char *action; /* conditions and effects but the log */
	const char *log;
	const char *verdict;
	const char *comment;
	const char *aux; /* bodies of rules of chains of its own, each line after the number of its chain; NULL: none */
	unsigned levels; /* how many chains of its own */
	bool asks;       /* has a condition or an effect besides the log */
	bool ends;       /* the verdict ends a packet's way */
	bool family_implied; /* by an address */
	bool own_rate;       /* has a bucket of tokens, which v4 and v6 do not share */
	size_t folded;       /* the note of the LOG rule that became its log; SIZE_MAX: none */
};

struct ipt_set;

/* All that is read. */
struct ipt {
	struct import *im;
	struct ipt_table tables[IPT_NFAMILIES][IPT_NTABLES];
	struct import_names chains; /* by name, family and table */
	struct import_names sets;   /* of ipset: struct ipt_set */
	struct import_names recent; /* lists of -m recent */
	struct import_names limits; /* names of -m hashlimit that a rule has */
	struct import_names twins;  /* chains by name, whatever the family */
	struct import_names outs;   /* names of chains and sets that are given */
	struct ipt_set *first_set, **end_set;
	struct ipt_recent *first_recent, **end_recent;
	unsigned mark_hooks; /* where rules match on the mark */
	bool failed;         /* out of memory */
};

/* ---- reading ---- */

struct ipt_word {
	const char *s;
	unsigned column;
	bool quoted;
};
#define IPT_WORDS 256
/* The words of a line, quotes taken off. Return: how many; -1: a quote does not end, or there are too many; -ENOMEM. */
int ipt_words(struct fw_region *mem, const char *text, size_t len, struct ipt_word words[IPT_WORDS]);

/* Reads a file for one family. 0 or -ENOMEM. */
int ipt_read(struct ipt *c, const struct fw_import_file *f, enum ipt_family family);
/* Reads the options of a rule, which begin at @words. 0; -EINVAL: its note says why; -ENOMEM. */
int ipt_read_rule(struct ipt *c, struct ipt_rule *rule, const struct ipt_word *words, int n);

struct ipt_chain *ipt_chain_find(const struct ipt *c, enum ipt_family f, enum ipt_table_number t, const char *name);
/* Finds or makes it. NULL: out of memory. */
struct ipt_chain *ipt_chain_get(struct ipt *c, enum ipt_family f, enum ipt_table_number t, const char *name);

extern const struct ipt_module ipt_core; /* the options that every rule has */
/* NULL: there is none. */
const struct ipt_module *ipt_match_find(const char *name, enum ipt_family f);
const struct ipt_module *ipt_target_find(const char *name, enum ipt_family f);
/* Is it a target of iptables, whether rules have it or not? */
bool ipt_is_target(const char *name);
/* The match that `-p` brings with it. NULL: none. */
const char *ipt_match_of_proto(int proto);

/* ---- saying ---- */

/* Refuses a rule. Keeps the first reason. */
void ipt_refuse(struct ipt *c, struct ipt_rule *rule, enum fw_import_reason reason, unsigned column, const char *fmt,
		...) __attribute__((format(printf, 5, 6)));
/* The rule filters nothing: it stays in the kernel, whatever it was refused for. */
void ipt_keep(struct ipt *c, struct ipt_rule *rule);

/* Says a rule that is not refused. */
void ipt_say_rule(struct ipt *c, struct ipt_rule *rule);

/* Takes from the tables besides filter what drops packets, as chains that are called at hooks (ipt_tables.c). */
void ipt_take_tables(struct ipt *c);
/* Refuses calls that go in a circle, finds from where chains are called (ipt_calls.c). */
void ipt_find_calls(struct ipt *c);
/* Refuses calls that go too deep, once all rules are said. */
void ipt_find_depths(struct ipt *c);
/* Which refused lines would let packets pass if they were left out (ipt_opens.c). */
void ipt_find_opens(struct ipt *c);
/* Makes rules that log one with the next, if that matches the same (ipt_fold.c). */
void ipt_fold_logs(struct ipt_chain *chain);
/* Prints policies, chains and rules (ipt_print.c). */
void ipt_print(struct ipt *c);

#endif
