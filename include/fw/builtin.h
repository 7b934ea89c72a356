/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets that exist without a definition: @local, @broadcast and @multicast. The first rule that names one creates it. @multicast
 * is constant. The other two hold addresses of a network namespace, from its routing table; the program that uses the ruleset
 * fills them in before it takes effect.
 *
 * A ruleset that was stored before these names were taken may define a set of such a name. It is a set as any other.
 */
#ifndef FW_BUILTIN_H
#define FW_BUILTIN_H

#include "fw/base.h"

#include <string.h>

struct fw_addr_range;
struct fw_ruleset;
struct fw_edit;

/* Symbol, name. The addresses of those before MULTICAST are the namespace's. */
#define FW_BUILTINS(X)            \
	X(LOCAL, "local")         \
	X(BROADCAST, "broadcast") \
	X(MULTICAST, "multicast")

enum fw_builtin {
#define FW_BUILTIN_SYMBOL(sym, name) FW_BUILTIN_##sym,
	FW_BUILTINS(FW_BUILTIN_SYMBOL)
#undef FW_BUILTIN_SYMBOL
		FW_NBUILTINS
};
#define FW_BUILTINS_OWN FW_BUILTIN_MULTICAST /* so many hold addresses of the namespace */

/* The built-in set of that name, or -ENOENT. */
static inline int fw_builtin_find(const char *name, size_t len)
{
#define FW_BUILTIN_MATCHES(sym, text)                            \
	if (len == sizeof(text) - 1 && !memcmp(name, text, len)) \
		return FW_BUILTIN_##sym;
	FW_BUILTINS(FW_BUILTIN_MATCHES)
#undef FW_BUILTIN_MATCHES
	return -ENOENT;
}

/* Addresses of a network namespace, by set, in any order. */
struct fw_own_addresses {
	struct fw_own_list {
		struct fw_addr_range *ranges;
		size_t n, cap;
	} of[FW_BUILTINS_OWN];
};
void fw_own_addresses_free(struct fw_own_addresses *own);

/*
 * Creates a set that is not there: without addresses of a namespace, but with those that it has everywhere. 0, -EEXIST (another
 * set has its name) or -ENOMEM.
 */
int fw_ruleset_builtin(struct fw_ruleset *rs, enum fw_builtin which, uint32_t *number);
/* The same in an edit, which undoes it if it is aborted. It is no change that is counted. */
int fw_edit_builtin(struct fw_edit *e, enum fw_builtin which, uint32_t *number);

/* Has it sets that hold addresses of a namespace? @empty: such that were never filled. */
bool fw_ruleset_wants_own(const struct fw_ruleset *rs, bool empty);
/* In a ruleset that no packet sees: these sets hold @own from now on. 0 or -ENOMEM. */
int fw_ruleset_fill(struct fw_ruleset *rs, const struct fw_own_addresses *own);
/* The same in an edit; its rows are settled. 0, -ENOMEM or -EAGAIN, as fw_edit_set_replace(). */
int fw_edit_fill(struct fw_edit *e, const struct fw_own_addresses *own);

#endif
