/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts, and the reasons why a policy and not a rule decides: one row each. */
#ifndef FW_VERDICT_H
#define FW_VERDICT_H

#include "fw/table/port.h"

/*
 * X(symbol, word, does it end a packet's way through the rules, may rules have it, may policies have it).
 *
 * Terminal verdicts are first, since counters by verdict are arrays over them. 0 is drop, so that zeroed memory lets no packet
 * pass. CONTINUE counts the packet and leaves the decision to the next match. FOLLOW is the verdict of the policy of the packet's
 * hook. JUMP asks the rules of a chain and then those that follow; GOTO does so without those that follow. RETURN ends a chain.
 */
/* clang-format off */
#define FW_VERDICTS(X)                   \
	X(DROP, "drop", 1, 1, 1)         \
	X(ACCEPT, "accept", 1, 1, 1)     \
	X(REJECT, "reject", 1, 1, 1)     \
	X(CONTINUE, "continue", 0, 1, 0) \
	X(FOLLOW, "follow", 0, 0, 1)     \
	X(JUMP, "jump", 0, 1, 0)         \
	X(GOTO, "goto", 0, 1, 0)         \
	X(RETURN, "return", 0, 1, 0)

enum fw_verdict {
#define FW_VERDICT_ENUM(sym, word, terminal, rule, policy) FW_##sym,
	FW_VERDICTS(FW_VERDICT_ENUM)
#undef FW_VERDICT_ENUM
	FW_NVERDICTS,
#define FW_VERDICT_COUNT(sym, word, terminal, rule, policy) + (terminal)
	FW_NTERMINAL = FW_VERDICTS(FW_VERDICT_COUNT),
#undef FW_VERDICT_COUNT
};

#define FW_VERDICT_ORDER(sym, word, terminal, rule, policy) \
	_Static_assert((FW_##sym < FW_NTERMINAL) == (terminal), "terminal verdicts come first");
FW_VERDICTS(FW_VERDICT_ORDER)
#undef FW_VERDICT_ORDER

/* The verdicts of rules and those of policies, as string literals with a space after each word. */
#define FW_VERDICT_IF_0(word)
#define FW_VERDICT_IF_1(word) word " "
#define FW_VERDICT_OF_RULE(sym, word, terminal, rule, policy) FW_VERDICT_IF_##rule(word)
#define FW_VERDICT_OF_POLICY(sym, word, terminal, rule, policy) FW_VERDICT_IF_##policy(word)
#define FW_RULE_VERDICTS FW_VERDICTS(FW_VERDICT_OF_RULE)
#define FW_POLICY_VERDICTS FW_VERDICTS(FW_VERDICT_OF_POLICY)

/* As large as the longest word with its NUL. */
union fw_verdict_room {
#define FW_VERDICT_WORD(sym, word, terminal, rule, policy) char sym[sizeof(word)];
	FW_VERDICTS(FW_VERDICT_WORD)
#undef FW_VERDICT_WORD
};
/* clang-format on */
#define FW_VERDICT_ROOM sizeof(union fw_verdict_room)

/* The verdict as a word of the language. */
static inline const char *fw_verdict_name(unsigned verdict)
{
	static const char names[FW_NVERDICTS][FW_VERDICT_ROOM] = {
#define FW_VERDICT_NAME(sym, word, terminal, rule, policy) word,
		FW_VERDICTS(FW_VERDICT_NAME)
#undef FW_VERDICT_NAME
	};

	return names[verdict];
}

/* Where a verdict may be used. */
enum fw_verdict_role { FW_TERMINAL = 1, FW_OF_RULES = 2, FW_OF_POLICIES = 4 };

/* Has a verdict one of these roles? */
static inline int fw_verdict_is(unsigned verdict, unsigned roles)
{
	static const unsigned char of[FW_NVERDICTS] = {
#define FW_VERDICT_ROLES(sym, word, terminal, rule, policy) \
	(terminal) * FW_TERMINAL | (rule)*FW_OF_RULES | (policy)*FW_OF_POLICIES,
		FW_VERDICTS(FW_VERDICT_ROLES)
#undef FW_VERDICT_ROLES
	};

	return verdict < FW_NVERDICTS && (of[verdict] & roles) != 0;
}

/* The verdict of this name that has one of the roles, or -1. */
static inline int fw_verdict_find(const char *name, unsigned long len, unsigned roles)
{
	for (int v = 0; v < FW_NVERDICTS; v++)
		if (len && name[0] == fw_verdict_name((unsigned)v)[0] && fw_verdict_is((unsigned)v, roles) &&
		    __builtin_strlen(fw_verdict_name((unsigned)v)) == len &&
		    !__builtin_memcmp(fw_verdict_name((unsigned)v), name, len))
			return v;
	return -1;
}

/*
 * How a packet is rejected: X(symbol, word, ICMP type and code, ICMPv6 type and code). DEFAULT answers TCP like TCP_RESET and
 * everything else like PORT_UNREACHABLE. A TCP_RESET has no ICMP message. ICMPv6 has no counterpart of some kinds and gets the
 * nearest one.
 */
/* clang-format off */
#define FW_REJECTS(X)                                                    \
	X(DEFAULT, "default", 3, 3, 1, 4)                                \
	X(TCP_RESET, "tcp-reset", 0, 0, 0, 0)                            \
	X(PORT_UNREACHABLE, "port-unreachable", 3, 3, 1, 4)              \
	X(HOST_UNREACHABLE, "host-unreachable", 3, 1, 1, 3)              \
	X(NET_UNREACHABLE, "net-unreachable", 3, 0, 1, 0)                \
	X(PROTO_UNREACHABLE, "proto-unreachable", 3, 2, 1, 4)            \
	X(ADMIN_PROHIBITED, "admin-prohibited", 3, 13, 1, 1)             \
	X(HOST_PROHIBITED, "host-prohibited", 3, 10, 1, 1)

enum fw_reject {
#define FW_REJECT_ENUM(sym, word, type4, code4, type6, code6) FW_REJECT_##sym,
	FW_REJECTS(FW_REJECT_ENUM)
#undef FW_REJECT_ENUM
	FW_NREJECTS
};
/* clang-format on */

/*
 * Why a packet got its verdict without a rule. Counted under these names;
 * X(symbol, name in `policy NAME VERDICT`, verdict unless the ruleset says otherwise).
 * The first FW_NHOOKS are the policies of the hooks, in the order of enum fw_hook.
 * INTERNAL means inconsistent tables, TURNS a packet that needs more lookups than FW_TURNS. The compiler ensures that neither
 * happens; both drop and cannot be set, see fw_reason_is_fault().
 */
/* clang-format off */
#define FW_REASONS(X)                                    \
	X(IN, "in", FW_ACCEPT)                           \
	X(OUT, "out", FW_ACCEPT)                         \
	X(INPUT, "input", FW_ACCEPT)                     \
	X(FORWARD, "forward", FW_ACCEPT)                 \
	X(OUTPUT, "output", FW_ACCEPT)                   \
	X(MALFORMED, "malformed", FW_DROP)               \
	X(NON_IP, "non-ip", FW_ACCEPT)                   \
	X(VLAN_DEPTH, "vlan-depth", FW_DROP)             \
	X(EXT_HEADERS, "ext-headers", FW_DROP)           \
	X(INTERNAL, "internal", FW_DROP)                 \
	X(NOT_PARSED, "not-parsed", FW_FOLLOW)           \
	X(TURNS, "turns", FW_DROP)

enum fw_reason {
#define FW_REASON_ENUM(sym, name, verdict) FW_R_##sym,
	FW_REASONS(FW_REASON_ENUM)
#undef FW_REASON_ENUM
	FW_NREASONS,
	FW_R_NONE = 31, /* a rule decides, or the policy of the hook */
};
/* clang-format on */

/* Does the reason mean a fault in the tables? Such a packet is dropped; there is no policy for it. */
static __always_inline int fw_reason_is_fault(__u32 reason)
{
	return reason == FW_R_INTERNAL || reason == FW_R_TURNS;
}

/* Is a packet with this reason looked up? Frames that are not IP, or whose IP packet is not looked into, only for rules with `ethertype`. */
static __always_inline int fw_reason_has_rules(__u32 reason)
{
	return reason == FW_R_NONE || reason == FW_R_NON_IP || reason == FW_R_NOT_PARSED;
}

#endif
