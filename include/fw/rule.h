/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules and rulesets as the user means them: no I/O, no tables.
 *
 * A ruleset owns everything reachable from it. Address expressions are interned:
 * rules with the same expression hold the same number, and that
 * number is what the compiler calls an identity.
 */
#ifndef FW_RULE_H
#define FW_RULE_H

#include "fw/field.h"
#include "fw/instance.h"

#define FW_NAME_MAX 63       /* bytes of a rule's or set's name */
#define FW_COMMENT_MAX 255   /* bytes of a comment */
#define FW_LOG_PREFIX_MAX 63 /* bytes of a log prefix */

/* Levels of the log, as syslog has them: the number is that of the row. */
#define FW_LOG_LEVELS(X) X("emerg") X("alert") X("crit") X("err") X("warning") X("notice") X("info") X("debug")
#define FW_LOG_LEVEL_DEFAULT 4 /* warning */
extern const char *const fw_log_levels[];
#define FW_NLOG_LEVELS 8

/* What a rule or policy that logs writes with each packet. The kernel does not need it, so it is not part of the action. */
struct fw_log {
	const char *prefix; /* NULL: none */
	uint8_t level;      /* 0 if the action does not log */
};

#define FW_CHAIN_DEPTH 16   /* a packet is in so many chains at once, at most */
#define FW_CHAINS_MAX 65535 /* the main list included */
#define FW_MAIN 0           /* the chain that every packet enters */

/*
 * What a rule of the main list becomes if that is not its own instance: those of the chain that it calls, in the order of their
 * ranks, which are its own or larger and below the next rule's.
 */
struct fw_inlined {
	uint32_t n;
	uint32_t npassing; /* of them so many do not end the way of each packet that they match */
	uint32_t asked;    /* rules of chains that were looked at to make them */
	struct fw_inlined_at {
		struct fw_instance instance;
		uint32_t
			to; /* where a packet goes on that skips others: the number of an instance; @n: after all of them */
	} at[];
};
#define FW_TO_POLICY UINT32_MAX     /* skips all rules */
#define FW_TO_NEXT (UINT32_MAX - 1) /* skips none */

/* The rank from which on a packet goes on that skips others after instance @i. */
uint32_t fw_inlined_end(const struct fw_inlined *in, uint32_t i);

/* A rule is an instance (ranks ascend in the order of the rules, with gaps; the slot stays with the id) with what users give it. */
struct fw_rule {
	union {
		struct fw_instance instance;
		struct {
			FW_INSTANCE_MEMBERS
		};
	};
	uint64_t id;
	const char *name;    /* NULL: none */
	const char *comment; /* NULL: none */
	struct fw_log log;
	struct fw_rule *prev, *next; /* in order; NULL at the ends */
	struct fw_inlined *inlined;  /* its instances; NULL: it is its own and only one */
	uint32_t edit : 30;          /* private to the open edit */
	uint32_t own_id : 1;         /* the id was given by the user; else it was the next free one */
	uint32_t exported : 1;       /* the word `counter`: exporters show what it counted; all rules count */
	uint16_t chain;              /* to which it belongs: number in rs->chains */
	uint16_t target;             /* the chain that it jumps or goes to; FW_MAIN: none */
};

/*
 * Rules that other rules jump or go to, or the main list. All rules are in one list: first those of the main list, then those
 * of chain 1, of chain 2 and so on.
 */
struct fw_chain {
	const char *name;             /* NULL: the main list, or the number is free */
	struct fw_rule *first, *last; /* NULL: it has no rules */
	uint32_t nrules;
	uint32_t calls;    /* rules that jump or go to it */
	uint32_t *callers; /* their slots, in no order */
	size_t callers_cap;
	uint32_t line;  /* that defines it in its file; 0: no file */
	uint32_t owner; /* if it is owned: the group whose members may change its rules */
	bool owned;
	bool gone; /* deleted by the open edit: its number is not free yet */
};

/*
 * An interface that rules name, at its number. A number outlives its rules, since packets may still come with it: see
 * fw_ruleset_ifaces_wait().
 */
struct fw_iface {
	const char *name; /* NULL: the number is free */
	uint32_t rules;   /* that name it */
	bool fresh;       /* it was given since fw_ruleset_ifaces_settle() */
	bool held;        /* with a name: stays without rules; without one: is not given to another yet */
	bool waits;       /* unused since before the grace period that is running */
};

/*
 * Who uses an action. Its number outlives its rules, since packets may still be looked up in tables that know it: see
 * fw_ruleset_actions_wait().
 */
struct fw_action_use {
	uint32_t users; /* rules, also those that an edit has replaced, and policies */
	bool taken;     /* the number has a record */
	bool waits;     /* unused since before the grace period that is running */
};

struct fw_ruleset {
	const char *file; /* for diagnostics; NULL: none */
	uint32_t now;     /* seconds since the epoch, from which texts count timeouts; 0: by the clock of the machine */
	struct fw_rule *first, *last; /* the rules, first match first */
	struct fw_rule **rules;       /* the same as an array; after changes: once fw_ruleset_order() has run */
	size_t nrules, rules_cap;
	struct fw_chain *chains; /* by number */
	size_t nchains, chains_cap;
	size_t ninstances;  /* of the rules of the main list: what tables are made of */
	uint32_t npassing;  /* of them, those after which a packet that matches may go on: see fw_action_ends() */
	uint32_t nstateful; /* rules that need connection tracking */
	union {
		struct fw_address_book book;
		struct {
			FW_ADDRESS_BOOK_MEMBERS
		};
	};
	struct fw_iface *ifaces; /* by number */
	size_t nifaces, ifaces_cap;
	uint32_t ifaces_named, ifaces_fresh;  /* of them so many have a name, and so many a fresh one */
	uint32_t ifaces_patterns;             /* patterns that rules use */
	bool ifaces_changed;                  /* rules use other names or patterns than when patterns were lowered */
	uint32_t ifaces_idle, ifaces_parting; /* not held and without rules; nobody's and held */
	struct fw_action
		actions[FW_ACTIONS_MAX]; /* by number; free ones are 0. The first FW_NVERDICTS are verdicts alone */
	struct fw_action_use action_use[FW_ACTIONS_MAX];
	uint32_t nactions;           /* no number in use is as large */
	uint32_t actions_idle;       /* of them so many have no users */
	uint8_t policy[FW_NREASONS]; /* number of the action; never FW_FOLLOW for those of the hooks */
	struct fw_log policy_log[FW_NREASONS];
	uint8_t policy_set[FW_NREASONS]; /* 1: set by the user, 0: the default */
	struct fw_diags *warnings;       /* of its text, which was taken; NULL: none */
	bool names_services; /* its text does, or users or groups: what they mean is told by this machine, today */
	uint64_t next_id;    /* above every id in use; 0: none is, and rules get one that is free */
	uint32_t next_slot;
	uint64_t
		recycled; /* grows when the number of a set, or of an expression of more than one range, may mean another */
	struct fw_region region;
	struct fw_rule_index *index; /* private: names, ids, address expressions */
};

/* Where warnings of the ruleset's text go; NULL when memory is out. */
struct fw_diags *fw_ruleset_warnings(struct fw_ruleset *rs);

/* Return: an empty ruleset with the default policies, freed with fw_ruleset_free(), or NULL when memory is out. */
struct fw_ruleset *fw_ruleset_new(const char *file);
void fw_ruleset_free(struct fw_ruleset *rs); /* NULL is fine */

/**
 * fw_ruleset_add - append a rule to its chain
 * @draft: src, dst, matches (any order; borrowed and copied, each in the canonical
 *         form of struct fw_match or not: it is normalised), action, counter, name,
 *         comment, line, chain, target; id 0 asks for the next free one
 * @at:    where the user wrote it, for the diagnostics
 * @out:   the rule, owned by the ruleset; may be NULL
 *
 * Refuses what can never match (ports with icmp, `ip` with an IPv6 prefix, an
 * empty list), a field the protocol does not have, and an id or name in use.
 * Return: 0, -EINVAL with a diagnostic, or -ENOMEM; the ruleset is untouched on failure.
 */
int fw_ruleset_add(struct fw_ruleset *rs, const struct fw_rule *draft, struct fw_place at, struct fw_diags *ds,
		   struct fw_rule **out);

/*
 * Is this a legal name for an interface? The kernel refuses '/', ':', white space, "." and "..", and more than @max bytes:
 * FW_IFNAME_MAX, or FW_ALTNAME_MAX of another name. All other bytes may be in a name, also quotes and those above 0x7f.
 */
bool fw_ifname_valid(const char *s, size_t len, size_t max);
/**
 * fw_ruleset_addrs - the number of an address expression, interned
 * @ranges:  any order, may overlap; borrowed
 * @sets:    any order; borrowed
 * @number:  the result; FW_ANY for the empty, not negated expression
 * Return: 0 or -ENOMEM.
 */
int fw_ruleset_addrs(struct fw_ruleset *rs, const struct fw_addr_range *ranges, size_t nranges, const uint32_t *sets,
		     size_t nsets, bool negated, uint32_t *number);

/*
 * The number of the expression that holds the addresses in both of two. What sets hold may make it empty, or not. @out: FW_NOWHERE:
 * it is empty whatever they hold. 0 or -ENOMEM.
 */
int fw_ruleset_addrs_and(struct fw_ruleset *rs, uint32_t a, uint32_t b, uint32_t *out);

/*
 * The values that two matches on one field accept, interned as they are. @out: with a reference; NULL: there are no such values.
 * 0, -E2BIG (too many ranges) or -ENOMEM.
 */
int fw_match_and(struct fw_ruleset *rs, const struct fw_match *a, const struct fw_match *b,
		 const struct fw_match **out);

/* The number of an interface name, the lowest free one if it has none; negative: -ENOMEM, or -E2BIG: all FW_IFACES_MAX are taken. */
int fw_ruleset_iface(struct fw_ruleset *rs, const char *name);
#define FW_IFACES_MAX FW_IFACE_OTHER
/* The number that a name has, or -ENOENT. */
int fw_ruleset_iface_find(const struct fw_ruleset *rs, const char *name);

/*
 * A pattern is a name with this at its end, which no interface's name has: "eth/" stands for all interfaces whose names begin
 * with "eth". Texts write it eth*.
 */
#define FW_IFACE_REST '/'
bool fw_iface_is_pattern(const char *name);
/* Does the name, or whatever the pattern @name matches, match the pattern? false: @pattern is a name. */
bool fw_iface_under(const char *name, const char *pattern);
/* The name of an interface that a pattern matches, with `*` in the place of what follows; of a name: itself. Return: @buf. */
const char *fw_iface_text(const char *name, char buf[FW_ALTNAME_MAX + 1]);
/* The number of the interface that has this name: of the name if rules use it, else of the longest pattern; or -ENOENT. */
int fw_ruleset_iface_of(const struct fw_ruleset *rs, const char *name);
/* Does it match interfaces by a pattern? */
bool fw_instance_names_pattern(const struct fw_ruleset *rs, const struct fw_instance *in);
/*
 * A match with the numbers of all names and patterns that rules use and that its patterns match, too. @out: free(); NULL: it is the
 * same as @m, since that has no pattern. 0 or -ENOMEM.
 */
int fw_match_widen(const struct fw_ruleset *rs, const struct fw_match *m, struct fw_match **out);

/* Rule by id or name; NULL: none. */
struct fw_rule *fw_ruleset_by_id(const struct fw_ruleset *rs, uint64_t id);
struct fw_rule *fw_ruleset_by_name(const struct fw_ruleset *rs, const char *name);
/* The rule that counts in @slot; NULL: none. */
struct fw_rule *fw_ruleset_by_slot(const struct fw_ruleset *rs, uint32_t slot);
/* A rule as diagnostics call it: "30 (web)". Return: @buf. */
#define FW_RULE_LABEL (FW_NAME_MAX + 32)
const char *fw_rule_label(const struct fw_rule *r, char *buf, size_t size);

/* A new, empty set (number in @number): 0, -EEXIST or -ENOMEM. The ruleset copies name and path. */
int fw_ruleset_set(struct fw_ruleset *rs, const char *name, const char *path, uint32_t *number);
/* Number of the set of that name, or -ENOENT. */
int fw_ruleset_set_find(const struct fw_ruleset *rs, const char *name);
/* Appends an element; fw_set_sort() must run before the set is used. 0 or -ENOMEM. */
int fw_set_push(struct fw_set *set, const struct fw_addr_range *element);
/* Sorts and drops equal elements: the one that stays longest is kept. */
void fw_set_sort(struct fw_set *set);
/* Must be called for an element that is added to the set, or stays for a shorter time, other than by fw_set_push(). */
void fw_set_widen(struct fw_set *set, const struct fw_addr_range *element);
/* The time from which texts count timeouts. */
uint32_t fw_ruleset_now(const struct fw_ruleset *rs);
/* No element of a set leaves before this time; FW_FOREVER: none leaves. */
uint32_t fw_ruleset_soonest(const struct fw_ruleset *rs);
/* In a ruleset that no packet sees: the elements whose time is over at @now leave their sets. */
void fw_ruleset_expire(struct fw_ruleset *rs, uint32_t now);

/* Does it name an ethertype other than those of IP, so that it can match frames that are not IP? */
static inline bool fw_rule_names_non_ip(const struct fw_rule *rule)
{
	return fw_instance_names_non_ip(&rule->instance);
}

/* The hooks at which the rule holds, a bit each: those that it names, or else all. */
unsigned fw_rule_hooks_named(const struct fw_rule *rule);
/* The hooks at which it can match packets, a bit each: those that know all of its fields. */
static inline unsigned fw_rule_hooks(const struct fw_rule *rule)
{
	return fw_instance_hooks(&rule->instance);
}

/* Does it need the kernel's connection tracking: has it `state` or `connections`? */
bool fw_rule_is_stateful(const struct fw_ruleset *rs, const struct fw_rule *rule);

/* Does @wide match all packets that @narrow matches, whatever sets hold? false: that is not certain. */
bool fw_rule_covers(const struct fw_ruleset *rs, const struct fw_rule *wide, const struct fw_rule *narrow);

/* The match that a rule has for a field, or NULL. */
static inline const struct fw_match *fw_rule_match(const struct fw_rule *rule, enum fw_field field)
{
	return fw_instance_match(&rule->instance, field);
}

/**
 * fw_ruleset_action - the number of an action, interned
 * @a: every byte that has no meaning is 0
 *
 * A new number has no users until a rule or a policy has it.
 * Return: the number; -E2BIG: all FW_ACTIONS_MAX are taken.
 */
int fw_ruleset_action(struct fw_ruleset *rs, const struct fw_action *a);
/* May a rule count connections as the action does? Not by a side or prefix beyond FW_CONNECTIONS_KINDS different ones. */
bool fw_ruleset_counts(const struct fw_ruleset *rs, const struct fw_action *a);

/* Does a rule or policy reject packets, at whatever hook? */
bool fw_ruleset_rejects(const struct fw_ruleset *rs);
/* Does one reject packets or set marks? Netfilter's hooks need help then. */
bool fw_ruleset_answers(const struct fw_ruleset *rs);

/*
 * A rate of @packets in a @unit, of which @tokens may come at once: 1 to FW_RATE_MAX and 1 to FW_BURST_MAX. It is
 * representable if fw_rate_fits().
 */
#define FW_RATE_MAX 100000000u
#define FW_BURST_MAX 10000000u
struct fw_rate fw_rate_make(uint32_t packets, enum fw_unit unit, uint32_t tokens);
bool fw_rate_fits(uint32_t packets, enum fw_unit unit, uint32_t tokens);
extern const char *const fw_unit_names[FW_NUNITS];
/* The burst unless the user gives one, and the rate of a log without a rate. */
#define FW_LIMIT_BURST 5
#define FW_LOG_RATE 10
#define FW_LOG_BURST 50
/* Bits of an address that count unless the user says so: a network of IPv6 hosts mostly belongs to one of them. */
#define FW_PER4 32
#define FW_PER6 64
extern const char *const fw_per_names[FW_NPERS];

/* Does a packet's way end with this action, whatever the time and whatever happened before? */
static inline bool fw_action_ends(const struct fw_action *a)
{
	return fw_verdict_is(a->verdict, FW_TERMINAL) && !fw_action_asks(a);
}

static inline const struct fw_action *fw_rule_action(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	return &rs->actions[rule->action];
}

static inline enum fw_verdict fw_rule_verdict(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	return (enum fw_verdict)fw_rule_action(rs, rule)->verdict;
}

/* The verdict that a rule with `audit` only counts, by name; NULL: it is no such rule. */
static inline const char *fw_rule_audits(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	const struct fw_action *a = fw_rule_action(rs, rule);

	return a->audit ? fw_verdict_name(a->audit - 1u) : NULL;
}

static inline enum fw_verdict fw_policy_verdict(const struct fw_ruleset *rs, enum fw_reason reason)
{
	return (enum fw_verdict)rs->actions[rs->policy[reason]].verdict;
}

/* Does the rule nothing but jump or go to a chain? Then it counts no packets. */
static inline bool fw_rule_is_plain_call(const struct fw_rule *rule)
{
	return rule->action == FW_JUMP || rule->action == FW_GOTO;
}

/* A new, empty chain: 0, -EEXIST, -E2BIG (see FW_CHAINS_MAX) or -ENOMEM. */
int fw_ruleset_chain(struct fw_ruleset *rs, const char *name, uint16_t *number);
/* Number of the chain of that name, or -ENOENT. */
int fw_ruleset_chain_find(const struct fw_ruleset *rs, const char *name);
/* Chains of the ruleset, without the main list. */
size_t fw_ruleset_chains(const struct fw_ruleset *rs);
/* A chain as diagnostics call it: "chain web", or "the main list". Return: @buf. */
#define FW_CHAIN_LABEL (FW_NAME_MAX + 8)
const char *fw_chain_label(const struct fw_ruleset *rs, uint16_t chain, char *buf, size_t size);

struct fw_reason_info {
	const char *name;
	uint8_t verdict; /* default */
};
extern const struct fw_reason_info fw_reason_info[FW_NREASONS];

/* May a policy have this verdict? Those of the hooks cannot follow others, and nobody answers packets that the others are for. */
static inline bool fw_policy_may_have(enum fw_reason reason, unsigned verdict)
{
	bool hook = (unsigned)reason < FW_NHOOKS;

	return fw_verdict_is(verdict, FW_OF_POLICIES) && (hook ? verdict != FW_FOLLOW : verdict != FW_REJECT);
}

/* May a policy have this action? It has no conditions, and besides its verdict it logs at most. */
static inline bool fw_policy_may_be(enum fw_reason reason, const struct fw_action *a)
{
	return fw_policy_may_have(reason, a->verdict) && !fw_action_asks(a) && !(a->flags & ~FW_ACTION_LOG) &&
	       (a->verdict != FW_FOLLOW || !a->flags);
}

/*
 * Gives a policy the action of this number; @log: of an action that logs, borrowed, NULL: none.
 * 0, -EINVAL: it cannot have it, see fw_policy_may_be(); -ENOMEM.
 */
int fw_ruleset_policy_set(struct fw_ruleset *rs, enum fw_reason reason, uint8_t action, const struct fw_log *log);

/* The number of the action that a packet gets from a policy at a hook: one with a terminal verdict. */
static inline uint8_t fw_ruleset_policy_action(const struct fw_ruleset *rs, enum fw_reason reason, enum fw_hook hook)
{
	uint8_t policy = rs->policy[reason];

	return policy == FW_FOLLOW ? rs->policy[hook] : policy;
}

/* Its verdict. */
static inline enum fw_verdict fw_ruleset_policy(const struct fw_ruleset *rs, enum fw_reason reason, enum fw_hook hook)
{
	return (enum fw_verdict)rs->actions[fw_ruleset_policy_action(rs, reason, hook)].verdict;
}

/* Does the ruleset let incoming packets through to the host, or through the host, for lack of rules and of policies that stop them? */
static inline bool fw_ruleset_is_open(const struct fw_ruleset *rs)
{
	return !rs->nrules && fw_policy_verdict(rs, FW_R_IN) == FW_ACCEPT &&
	       (fw_policy_verdict(rs, FW_R_INPUT) == FW_ACCEPT || fw_policy_verdict(rs, FW_R_FORWARD) == FW_ACCEPT);
}

/* The first policy that stops incoming packets, or -ENOENT. */
int fw_ruleset_closed_by(const struct fw_ruleset *rs);

#endif
