/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes to a ruleset that is in use: any number of them, all or none. An edit changes the ruleset at once and remembers how
 * to undo it; the compiler reads from it what differs. Rules are never written to while they are in use: every change puts a
 * new struct fw_rule in the place of the old one, and the old one lives until the edit ends.
 */
#ifndef FW_EDIT_H
#define FW_EDIT_H

#include "fw/rule.h"

/*
 * How an edit changes one rule. @before NULL: it is added; @after NULL: it is deleted; else it is replaced or moved, or its rank
 * changes. An edit has at most one row for each rule. Both are owned by the edit's ruleset.
 */
struct fw_rule_change {
	struct fw_rule *before, *after;
	uint32_t slot; /* the rule's slot, even if its changes cancelled each other out and both are NULL */
	bool moved;    /* by fw_edit_move(). A rule whose rank alone changes keeps its place in the order */
};

struct fw_edit {
	struct fw_ruleset *rs; /* borrowed until the edit ends */
	/* In order of the first change; @before and @after are both NULL where changes cancelled each other out. */
	struct fw_rule_change *rules;
	size_t nrules, rules_cap;
	struct fw_set_change *sets; /* elements added to sets and removed from them; complete after fw_edit_settle() */
	size_t nsets, sets_cap;
	struct fw_set_time *times; /* elements that are in a set before and after the edit, but until another time */
	size_t ntimes, times_cap;
	bool policies;  /* a policy may differ: see fw_edit_policy_differs() */
	size_t emptied; /* number of elements of sets that the edit destroyed, emptied or filled again */
	/* A call that would let @emptied reach this returns -EAGAIN; 0: no bound. The caller may set it after fw_edit_begin(). */
	size_t emptied_max;
	struct fw_edit_undo *undo; /* private */
};

enum fw_where { FW_LAST, FW_FIRST, FW_BEFORE, FW_AFTER };
struct fw_position {
	enum fw_where where;
	struct fw_rule *ref; /* the rule that FW_BEFORE and FW_AFTER refer to; else not used */
};

/* Begins the only open edit of the ruleset. Return: 0 or -ENOMEM. */
int fw_edit_begin(struct fw_ruleset *rs, struct fw_edit *out);
/*
 * Ends the edit and frees what it replaced. Slots of deleted rules are not reused until fw_ruleset_slot_release(), because
 * packets may still be counted there.
 */
void fw_edit_commit(struct fw_edit *e);
/* Ends the edit and restores the ruleset as it was before. */
void fw_edit_abort(struct fw_edit *e);

/*
 * Each of the following functions either succeeds or leaves ruleset and edit as they were. Return: 0, -EINVAL with a diagnostic,
 * -ENOMEM. @out may be NULL.
 */

/*
 * Like fw_ruleset_add(), at a position in the draft's chain or, if the position names a rule, in the chain of that rule. If there
 * is no free rank at the position, neighbours get new ranks (and rows).
 */
int fw_edit_add(struct fw_edit *e, const struct fw_rule *draft, struct fw_position pos, struct fw_place at,
		struct fw_diags *ds, struct fw_rule **out);
/* @rule keeps id, slot and place, and its name unless @draft has one. Everything else is from @draft; draft->id is ignored. */
int fw_edit_replace(struct fw_edit *e, struct fw_rule *rule, const struct fw_rule *draft, struct fw_place at,
		    struct fw_diags *ds, struct fw_rule **out);
/* Moves the rule within its chain; -EINVAL, without a diagnostic: the position is in another chain. */
int fw_edit_move(struct fw_edit *e, struct fw_rule *rule, struct fw_position pos, struct fw_rule **out);
int fw_edit_delete(struct fw_edit *e, struct fw_rule *rule);
/* Like fw_ruleset_policy_set(). */
int fw_edit_policy(struct fw_edit *e, enum fw_reason reason, uint8_t action, const struct fw_log *log);
/* Does a policy differ from what it was before the edit? */
bool fw_edit_policy_differs(const struct fw_edit *e, enum fw_reason reason);
/* Creates an empty chain without an owner. -EINVAL with a diagnostic: the name is taken or not legal. */
int fw_edit_chain_create(struct fw_edit *e, const char *name, struct fw_place at, struct fw_diags *ds,
			 uint16_t *number);
/* -EINVAL with a diagnostic: the chain has rules, or a rule jumps or goes to it. */
int fw_edit_chain_delete(struct fw_edit *e, uint16_t chain, struct fw_place at, struct fw_diags *ds);
/* Creates an empty set. -EINVAL with a diagnostic: the name is taken or not legal. @dynamic: see struct fw_set. */
int fw_edit_set_create(struct fw_edit *e, const char *name, bool dynamic, struct fw_place at, struct fw_diags *ds,
		       uint32_t *number);
/*
 * -EINVAL with a diagnostic: a rule uses the set; -EAGAIN: see emptied_max. The number of the set is reused once no expression
 * refers to it.
 */
int fw_edit_set_destroy(struct fw_edit *e, uint32_t set, struct fw_place at, struct fw_diags *ds);
/*
 * -EINVAL with a diagnostic: the set already has the element, or does not have it. But if the set has it for a shorter time than
 * element->until, fw_edit_set_add() prolongs it. A set that was read from a file forgets the file. The set's own array changes
 * only in fw_edit_settle().
 */
int fw_edit_set_add(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, struct fw_place at,
		    struct fw_diags *ds);
int fw_edit_set_delete(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, struct fw_place at,
		       struct fw_diags *ds);
/* Makes element->until the time until which the set has the element, whether it had it before or not. 0 or -ENOMEM. */
int fw_edit_set_put(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element);
/* Does the set have the element? If so, and @until is not NULL, until when. */
bool fw_edit_set_has(const struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, uint32_t *until);
/*
 * Removes elements that have expired at @now from their sets, at most @most of them (0: all). Their rows are settled. 0 or
 * -ENOMEM.
 */
int fw_edit_expire(struct fw_edit *e, uint32_t now, size_t most);
/* Replaces the elements of a set by those of @with, which is sorted and borrowed. 0, -ENOMEM or -EAGAIN: see emptied_max. */
int fw_edit_set_replace(struct fw_edit *e, uint32_t set, const struct fw_set *with);
/*
 * Brings e->sets and the sets' arrays up to date with the elements that were added and deleted. Must be called before these are
 * read and before fw_edit_commit(). 0, or -ENOMEM: the edit can only be aborted.
 */
int fw_edit_settle(struct fw_edit *e);
/* Does the edit, which must be settled, change nothing but elements of dynamic sets, rules and policies? */
bool fw_edit_sets_dynamic(const struct fw_edit *e);
/* Nothing but elements of dynamic sets? */
bool fw_edit_only_dynamic(const struct fw_edit *e);

/*
 * Gives these slots, in this order, to the next rules that the edit adds, instead of free ones. @slots is borrowed until the edit
 * ends. Adding a rule fails if another rule has its slot. If a slot is above the largest one so far, those in between become free.
 */
void fw_edit_slots(struct fw_edit *e, const uint32_t *slots, size_t n);
/* Frees a slot for new rules, after its counter was set to 0 and no packet counts there. Does nothing if a rule has it. 0. */
int fw_ruleset_slot_release(struct fw_ruleset *rs, uint32_t slot);
/*
 * The slots below @end, ascending, that are free in @rs but not in @of (NULL: all that are free in @rs). The caller frees @slots
 * with free(). 0 or -ENOMEM.
 */
int fw_ruleset_slots_missing(const struct fw_ruleset *rs, const struct fw_ruleset *of, uint32_t end, uint32_t **slots,
			     size_t *nslots);
/* Holds free slots (ascending) back until they are released, because packets may be counted there. 0 or -ENOMEM. */
int fw_ruleset_slots_hold(struct fw_ruleset *rs, const uint32_t *slots, size_t nslots);
/* The number of slots that are not free. */
uint32_t fw_ruleset_slots(const struct fw_ruleset *rs);

/* Updates the array rs->rules from the list. 0 or -ENOMEM. */
int fw_ruleset_order(struct fw_ruleset *rs);

/*
 * The first of two steps by which @rs, still empty, takes the place of @old: interfaces that @old names get the same numbers, and
 * numbers that @old holds back are held back. The second one is fw_ruleset_adopt(). 0, -E2BIG or -ENOMEM.
 */
int fw_ruleset_follow(struct fw_ruleset *rs, const struct fw_ruleset *old);

/*
 * The number of an interface that no rule names can be given to another interface after two grace periods. Each lies between a
 * call of fw_ruleset_ifaces_wait() and one of fw_ruleset_ifaces_part(); no edit is open in between:
 *
 *	the rule is removed, tables without it are published
 *	wait ... part    all packets are looked up in tables that do not contain the number: it loses its name and is held
 *	(the kernel's table of interface numbers drops it)
 *	wait ... part    no packet carries the number: it is free
 *
 * If a rule names the interface again before its name is dropped, it keeps its number.
 */
/* Begins a grace period. @idle: for numbers that rules do not use; @parting: for held numbers without a name. */
void fw_ruleset_ifaces_wait(struct fw_ruleset *rs, bool idle, bool parting);
/* Ends the grace period for the numbers that wait for it. @idle: as above. Return: true if some lost their names. */
bool fw_ruleset_ifaces_part(struct fw_ruleset *rs, bool idle);
/* Frees idle numbers at once, in a ruleset that no packet has seen. */
void fw_ruleset_ifaces_tidy(struct fw_ruleset *rs);
/* Holds all numbers that have a name, or none of them. */
void fw_ruleset_ifaces_hold(struct fw_ruleset *rs, bool held);
/* Marks all names as not fresh. */
void fw_ruleset_ifaces_settle(struct fw_ruleset *rs);
/* Gives the next number to this interface, to restore stored numbers; NULL: it stays free. 0, -EEXIST, -E2BIG or -ENOMEM. */
int fw_ruleset_iface_append(struct fw_ruleset *rs, const char *name);

/*
 * The number of an action without users can be given to another action after a grace period between these two calls. The first one
 * does nothing while an edit is open.
 */
void fw_ruleset_actions_wait(struct fw_ruleset *rs);
void fw_ruleset_actions_free(struct fw_ruleset *rs);

struct fw_adoption {
	uint32_t *freed; /* slots of rules that only @old has, in no order; the caller frees it with free() */
	size_t nfreed;
};
/**
 * fw_ruleset_adopt - the second step, when @rs is complete: its rules continue those of @old where they are the same
 *
 * Two rules are the same if the user gave both the same id (own_id) and they have the same name or the same matches, since an id
 * alone may have been given to another rule; else if they have the same name; else if they have the same matches, verdict and
 * comment, the n-th such rule being the same as the n-th. The new rule gets the id and the slot of the old one, and with it the
 * counter: fw_diff() tells how they differ. All other rules get slots that are free in @old and, unless the user gave one, new
 * ids above all others. Slots that are held in @old, or are in @freed, are held in @rs. A dynamic set gets the elements of the
 * set with its name in @old, if there is one.
 * @old: not changed
 * Return: 0, -EINVAL with a diagnostic (interfaces have other numbers), -ENOMEM.
 */
int fw_ruleset_adopt(struct fw_ruleset *rs, const struct fw_ruleset *old, struct fw_diags *ds, struct fw_adoption *out);
/*
 * Restores ids and slots of the rs->nrules rules, in order. Slots below the largest that no rule has become free, and rs->next_id
 * is above the largest id. 0, -EINVAL (an id or slot is there twice, or an id is 0) or -ENOMEM: nothing has changed.
 */
int fw_ruleset_number(struct fw_ruleset *rs, const uint64_t *ids, const uint32_t *slots);

#endif
