/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules and rulesets as the user means them: no I/O, no tables.
 *
 * A ruleset owns everything that can be reached from it, strings included. Address expressions are interned: rules with
 * the same expression hold the same number, and that number is what the compiler calls an identity.
 */
#ifndef FW_RULE_H
#define FW_RULE_H

#include "fw/field.h"
#include "fw/instance.h"

#define FW_NAME_MAX 63       /* longest name of a rule, set or chain, in bytes without the NUL */
#define FW_COMMENT_MAX 255   /* longest comment, likewise */
#define FW_LOG_PREFIX_MAX 63 /* longest log prefix, likewise */

/* The levels of syslog. A level's number is its row, from 0. */
#define FW_LOG_LEVELS(X) X("emerg") X("alert") X("crit") X("err") X("warning") X("notice") X("info") X("debug")
#define FW_LOG_LEVEL_DEFAULT 4 /* warning */
extern const char *const fw_log_levels[];
#define FW_NLOG_LEVELS 8

/* What a rule or policy that logs writes with each packet. The kernel does not need it, so it is not part of the action. */
struct fw_log {
	const char *prefix; /* text before each entry, owned by the ruleset; NULL: none */
	uint8_t level;      /* row of FW_LOG_LEVELS; 0 if the action does not log */
};

#define FW_CHAIN_DEPTH 16   /* largest number of chains that a packet can be in at once, one called from another */
#define FW_CHAINS_MAX 65535 /* largest number of chains, the main list included */
#define FW_MAIN 0           /* number of the main list, which every packet enters */

/*
 * The instances of a rule of the main list that calls a chain: those made from the chain's rules, in ascending order of rank.
 * The first rank is at least the rule's own, the last one is below the rank of the next rule.
 */
struct fw_inlined {
	uint32_t n;        /* number of instances in @at */
	uint32_t npassing; /* how many of them do not decide every packet that they match */
	uint32_t asked;    /* how many rules of chains were examined to make them */
	struct fw_inlined_at {
		struct fw_instance instance;
		/* Where a packet continues after a match: index in @at, @n (after all of these), or one of FW_TO_. */
		uint32_t to;
	} at[];
};
#define FW_TO_POLICY UINT32_MAX     /* the packet skips all other rules */
#define FW_TO_NEXT (UINT32_MAX - 1) /* the packet skips nothing */

/* The lowest rank at which a packet that matched instance @i continues, if that instance skips others. */
uint32_t fw_inlined_end(const struct fw_inlined *in, uint32_t i);

/*
 * A rule is an instance plus what the user gave it. Ranks ascend in the order of the rules, with gaps. A rule that is replaced or
 * moved keeps its id and its slot.
 */
struct fw_rule {
	union {
		struct fw_instance instance;
		struct {
			FW_INSTANCE_MEMBERS
		};
	};
	uint64_t id;                 /* unique in the ruleset, from 1 */
	const char *name;            /* unique in the ruleset; NULL: the rule has none */
	const char *comment;         /* NULL: the rule has none */
	struct fw_log log;           /* zeros unless the action logs */
	struct fw_rule *prev, *next; /* neighbours in the list of all rules; NULL at its ends */
	struct fw_inlined
		*inlined;    /* instances made from a called chain; NULL: the rule is its own and only instance */
	uint32_t edit : 30;  /* private to the open edit */
	uint32_t own_id : 1; /* 1: the user chose the id; 0: it was the next free one */
	uint32_t
		exported : 1; /* 1: the rule has the word `counter`, so exporters show its counter (every rule has one) */
	uint16_t chain;       /* number of the chain that contains the rule */
	uint16_t target;      /* number of the chain that it jumps or goes to; FW_MAIN: it calls none */
};

/*
 * A list of rules: the main list, or one that other rules jump or go to. All rules are in one linked list: first those of the
 * main list, then those of chain 1, of chain 2 and so on.
 */
struct fw_chain {
	const char *name;             /* NULL: this is the main list, or the number is free */
	struct fw_rule *first, *last; /* its part of the list of all rules; NULL: it has no rules */
	uint32_t nrules;              /* number of its rules */
	uint32_t calls;               /* number of rules that jump or go to it */
	uint32_t *callers;            /* the slots of those rules, in no order */
	size_t callers_cap;           /* allocated elements of @callers */
	uint32_t line;                /* line of its definition; 0: it was not read from a file */
	uint32_t owner;               /* if @owned: id of the group whose members may change its rules */
	bool owned;                   /* a group owns the chain */
	bool gone;                    /* the open edit has deleted it: its number is not free yet */
};

/*
 * The name of an interface, or a pattern of names, that rules refer to by number. A number outlives the rules that used it,
 * because packets may still carry it: see fw_ruleset_ifaces_wait().
 */
struct fw_iface {
	const char *name; /* NULL: no name has this number */
	uint32_t rules;   /* number of rules that refer to it */
	bool fresh;       /* the name got its number after the last fw_ruleset_ifaces_settle() */
	bool held;        /* a number with a name stays although no rule uses it; one without is not given away yet */
	bool waits;       /* unused since before the current grace period began */
};

/*
 * The use of an action. Its number outlives the rules that had it, because packets may still be looked up in tables that contain
 * it: see fw_ruleset_actions_wait().
 */
struct fw_action_use {
	/* Number of rules, including those replaced by the open edit, and of policies that have the action. */
	uint32_t users;
	bool taken; /* an action has this number */
	bool waits; /* unused since before the current grace period began */
};

struct fw_ruleset {
	const char *file; /* path for diagnostics; NULL: the ruleset is not from a file */
	uint32_t now;     /* time that timeouts in texts start from, in seconds since the epoch; 0: the clock */
	struct fw_rule *first, *last; /* list of all rules, chain after chain; within a chain the first match decides */
	struct fw_rule **rules;   /* the same list as an array; valid after fw_ruleset_order() if rules have changed */
	size_t nrules, rules_cap; /* number of rules, allocated elements of @rules */
	struct fw_chain *chains;  /* indexed by number; [FW_MAIN] is the main list */
	size_t nchains, chains_cap;
	size_t ninstances;  /* number of instances of the main list, from which tables are made */
	uint32_t npassing;  /* how many of them do not decide every packet that they match: see fw_action_ends() */
	uint32_t nstateful; /* number of rules that need connection tracking */
	union {
		struct fw_address_book book;
		struct {
			FW_ADDRESS_BOOK_MEMBERS
		};
	};
	struct fw_iface *ifaces; /* indexed by number */
	size_t nifaces, ifaces_cap;
	uint32_t ifaces_named;    /* how many numbers have a name */
	uint32_t ifaces_fresh;    /* how many of these names are fresh */
	uint32_t ifaces_patterns; /* how many of the names are patterns that rules use */
	uint32_t ifaces_idle;     /* how many numbers have a name that no rule uses and are not held */
	uint32_t ifaces_parting;  /* how many numbers have no name and are held */
	bool ifaces_changed;      /* the names or patterns that rules use have changed since patterns were lowered */
	/* Indexed by number; unused ones are zeros. The first FW_NVERDICTS consist of a verdict alone. */
	struct fw_action actions[FW_ACTIONS_MAX];
	struct fw_action_use action_use[FW_ACTIONS_MAX]; /* indexed likewise */
	uint32_t nactions;                               /* above every number in use */
	uint32_t actions_idle;                           /* how many actions have no users */
	uint8_t policy[FW_NREASONS];           /* number of each policy's action; never FW_FOLLOW for a hook */
	struct fw_log policy_log[FW_NREASONS]; /* zeros unless that action logs */
	uint8_t policy_set[FW_NREASONS];       /* 1: set by the user; 0: the default */
	struct fw_diags *warnings;             /* about the text that the ruleset was read from; NULL: none */
	bool names_services; /* its text names services, users or groups, whose meaning depends on this machine's files */
	uint64_t next_id;    /* above every id in use; 0: the largest id is in use, so a rule gets any free one */
	uint32_t next_slot; /* above every slot that was ever given to a rule */
	/* Incremented when the number of a set, or of an expression of several ranges, may have been given to another. */
	uint64_t recycled;
	struct fw_region region;     /* memory of rules and of all that they refer to */
	struct fw_rule_index *index; /* private: finds rules, names and address expressions */
};

/* Collects warnings about the ruleset's text; owned by the ruleset. NULL when memory is out. */
struct fw_diags *fw_ruleset_warnings(struct fw_ruleset *rs);

/* Return: an empty ruleset with the default policies, to be freed with fw_ruleset_free(), or NULL when memory is out. */
struct fw_ruleset *fw_ruleset_new(const char *file);
void fw_ruleset_free(struct fw_ruleset *rs); /* NULL is fine */

/**
 * fw_ruleset_add - append a rule to its chain
 * @draft: src, dst, matches, action, exported, name, comment, log, line, chain, target; all of it is borrowed and copied.
 *         Matches may be in any order, their ranges too. Id 0 asks for the next free one
 * @at:    where the user wrote the rule, for diagnostics
 * @out:   the rule, owned by the ruleset; may be NULL
 *
 * Refuses a rule that can never match (ports with icmp, `ip` with an IPv6 prefix, an empty list), a field that the protocol
 * does not have, and an id or a name that is in use.
 * Return: 0, -EINVAL with a diagnostic, or -ENOMEM; the ruleset is untouched on failure.
 */
int fw_ruleset_add(struct fw_ruleset *rs, const struct fw_rule *draft, struct fw_place at, struct fw_diags *ds,
		   struct fw_rule **out);

/*
 * Is this a legal name for an interface? The kernel refuses '/', ':', white space, "." and "..", and names of more than @max
 * bytes: FW_IFNAME_MAX for a primary name, FW_ALTNAME_MAX for an alternative one. It allows all other bytes, including quotes
 * and those above 0x7f.
 */
bool fw_ifname_valid(const char *s, size_t len, size_t max);
/**
 * fw_ruleset_addrs - the number of an address expression, interned
 * @ranges:  in any order, may overlap; borrowed
 * @sets:    numbers of sets in any order; borrowed
 * @number:  the result; FW_ANY for the empty expression that is not negated
 * Return: 0 or -ENOMEM.
 */
int fw_ruleset_addrs(struct fw_ruleset *rs, const struct fw_addr_range *ranges, size_t nranges, const uint32_t *sets,
		     size_t nsets, bool negated, uint32_t *number);

/*
 * The number of the expression that holds the addresses common to two expressions. @out is FW_NOWHERE if there are none whatever
 * their sets hold. 0 or -ENOMEM.
 */
int fw_ruleset_addrs_and(struct fw_ruleset *rs, uint32_t a, uint32_t b, uint32_t *out);

/*
 * The values that both of two matches on the same field accept, as an interned match. @out holds a reference; NULL: there are no
 * such values. 0, -E2BIG (too many ranges) or -ENOMEM.
 */
int fw_match_and(struct fw_ruleset *rs, const struct fw_match *a, const struct fw_match *b,
		 const struct fw_match **out);

/* The number of an interface name; it gets the lowest free one if it has none. -ENOMEM, or -E2BIG: all FW_IFACES_MAX are taken. */
int fw_ruleset_iface(struct fw_ruleset *rs, const char *name);
#define FW_IFACES_MAX FW_IFACE_OTHER
/* The number that a name has, or -ENOENT. */
int fw_ruleset_iface_find(const struct fw_ruleset *rs, const char *name);

/*
 * A pattern is a name that ends with this character, which names of interfaces cannot contain: "eth/" matches all interfaces whose
 * names begin with "eth". In texts it is written eth*.
 */
#define FW_IFACE_REST '/'
bool fw_iface_is_pattern(const char *name);
/* Does @pattern match the name or, if @name is a pattern, every name that it matches? false if @pattern is a plain name. */
bool fw_iface_under(const char *name, const char *pattern);
/* A name or pattern as texts write it, without quotes: a pattern ends with `*`. Return: @buf. */
const char *fw_iface_text(const char *name, char buf[FW_ALTNAME_MAX + 1]);
/* The number that packets of the interface @name get: that of the name if rules use it, else of the longest pattern; or -ENOENT. */
int fw_ruleset_iface_of(const struct fw_ruleset *rs, const char *name);
/* Does it match interfaces by a pattern? */
bool fw_instance_names_pattern(const struct fw_ruleset *rs, const struct fw_instance *in);
/*
 * Adds to a match on interfaces the numbers of all names and patterns in use that its own patterns match. @out is freed with free();
 * NULL: @m has no pattern and serves as it is. 0 or -ENOMEM.
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
/* Must be called when an element is added to the set, or gets an earlier end, other than by fw_set_push(). */
void fw_set_widen(struct fw_set *set, const struct fw_addr_range *element);
/* The time from which texts count timeouts. */
uint32_t fw_ruleset_now(const struct fw_ruleset *rs);
/* No element of any set expires before this time; FW_FOREVER: none expires. */
uint32_t fw_ruleset_soonest(const struct fw_ruleset *rs);
/* Removes the elements that have expired at @now, in a ruleset that no packet sees. */
void fw_ruleset_expire(struct fw_ruleset *rs, uint32_t now);

/* Does the rule name an ethertype other than those of IP, so that it can match frames that are not IP? */
static inline bool fw_rule_names_non_ip(const struct fw_rule *rule)
{
	return fw_instance_names_non_ip(&rule->instance);
}

/* The hooks that the rule names, or all if it names none: bit 1 << hook for each. */
unsigned fw_rule_hooks_named(const struct fw_rule *rule);
/* The hooks at which the rule can match packets: of those that it names the ones that know all of its fields. */
static inline unsigned fw_rule_hooks(const struct fw_rule *rule)
{
	return fw_instance_hooks(&rule->instance);
}

/* Does the rule need the kernel's connection tracking, because it has `state` or `connections`? */
bool fw_rule_is_stateful(const struct fw_ruleset *rs, const struct fw_rule *rule);

/* Does @wide match all packets that @narrow matches, whatever sets hold? false if that is not certain. */
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
/* May a rule have this `connections`? Rules can count by at most FW_CONNECTIONS_KINDS different sides and prefix lengths. */
bool fw_ruleset_counts(const struct fw_ruleset *rs, const struct fw_action *a);

/* Does a rule or policy reject packets, at any hook? */
bool fw_ruleset_rejects(const struct fw_ruleset *rs);
/* Does one reject packets or set marks? Netfilter's hooks need a table of nf_tables for these. */
bool fw_ruleset_answers(const struct fw_ruleset *rs);

/*
 * A rate of @packets (1 to FW_RATE_MAX) per @unit with a burst of @tokens packets (1 to FW_BURST_MAX). Not all of these can be
 * represented: see fw_rate_fits().
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
/* Default prefix lengths of `per`, in bits. One IPv6 host usually has a whole /64. */
#define FW_PER4 32
#define FW_PER6 64
extern const char *const fw_per_names[FW_NPERS];

/* Does the action decide every packet that its rule matches? Conditions such as a limit depend on time and earlier packets. */
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

/* The name of the verdict that a rule with `audit` counts but does not apply; NULL: the rule has no `audit`. */
static inline const char *fw_rule_audits(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	const struct fw_action *a = fw_rule_action(rs, rule);

	return a->audit ? fw_verdict_name(a->audit - 1u) : NULL;
}

static inline enum fw_verdict fw_policy_verdict(const struct fw_ruleset *rs, enum fw_reason reason)
{
	return (enum fw_verdict)rs->actions[rs->policy[reason]].verdict;
}

/* Is a jump or goto all that the rule does? Such a rule counts no packets. */
static inline bool fw_rule_is_plain_call(const struct fw_rule *rule)
{
	return rule->action == FW_JUMP || rule->action == FW_GOTO;
}

/* A new, empty chain: 0, -EEXIST, -E2BIG (see FW_CHAINS_MAX) or -ENOMEM. */
int fw_ruleset_chain(struct fw_ruleset *rs, const char *name, uint16_t *number);
/* Number of the chain of that name, or -ENOENT. */
int fw_ruleset_chain_find(const struct fw_ruleset *rs, const char *name);
/* The number of chains, without the main list. */
size_t fw_ruleset_chains(const struct fw_ruleset *rs);
/* A chain as diagnostics call it: "chain web", or "the main list". Return: @buf. */
#define FW_CHAIN_LABEL (FW_NAME_MAX + 8)
const char *fw_chain_label(const struct fw_ruleset *rs, uint16_t chain, char *buf, size_t size);

struct fw_reason_info {
	const char *name;
	uint8_t verdict; /* default */
};
extern const struct fw_reason_info fw_reason_info[FW_NREASONS];

/* May a policy have this verdict? Policies of hooks cannot follow another; the others are for packets that cannot be rejected. */
static inline bool fw_policy_may_have(enum fw_reason reason, unsigned verdict)
{
	bool hook = (unsigned)reason < FW_NHOOKS;

	return fw_verdict_is(verdict, FW_OF_POLICIES) && (hook ? verdict != FW_FOLLOW : verdict != FW_REJECT);
}

/* May a policy have this action? It can log, but have no other effect and no condition. */
static inline bool fw_policy_may_be(enum fw_reason reason, const struct fw_action *a)
{
	return fw_policy_may_have(reason, a->verdict) && !fw_action_asks(a) && !(a->flags & ~FW_ACTION_LOG) &&
	       (a->verdict != FW_FOLLOW || !a->flags);
}

/*
 * Gives a policy the action with the number @action. @log is borrowed; NULL unless the action logs.
 * 0, -EINVAL: the policy cannot have this action, see fw_policy_may_be(); -ENOMEM.
 */
int fw_ruleset_policy_set(struct fw_ruleset *rs, enum fw_reason reason, uint8_t action, const struct fw_log *log);

/* The number of the action that a packet gets from a policy at a hook: one with a terminal verdict. */
static inline uint8_t fw_ruleset_policy_action(const struct fw_ruleset *rs, enum fw_reason reason, enum fw_hook hook)
{
	uint8_t policy = rs->policy[reason];

	return policy == FW_FOLLOW ? rs->policy[hook] : policy;
}

/* The verdict of that action. */
static inline enum fw_verdict fw_ruleset_policy(const struct fw_ruleset *rs, enum fw_reason reason, enum fw_hook hook)
{
	return (enum fw_verdict)rs->actions[fw_ruleset_policy_action(rs, reason, hook)].verdict;
}

/* Does the ruleset have no rules, and policies that accept packets to the host or packets that it forwards? */
static inline bool fw_ruleset_is_open(const struct fw_ruleset *rs)
{
	return !rs->nrules && fw_policy_verdict(rs, FW_R_IN) == FW_ACCEPT &&
	       (fw_policy_verdict(rs, FW_R_INPUT) == FW_ACCEPT || fw_policy_verdict(rs, FW_R_FORWARD) == FW_ACCEPT);
}

/* The first policy that stops incoming packets, or -ENOENT. */
int fw_ruleset_closed_by(const struct fw_ruleset *rs);

#endif
