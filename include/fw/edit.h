/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes to a ruleset that is in use: any number of them, all or none. An edit
 * changes the ruleset at once and remembers how to undo it; the compiler
 * reads from it what differs. Rules are never written to
 * while they are in use: every change puts a new struct fw_rule in the place of
 * the old one, and the old one lives until the edit ends.
 */
#ifndef FW_EDIT_H
#define FW_EDIT_H

#include "fw/rule.h"

/* @before NULL: added; @after NULL: deleted; else: replaced, moved, or given another rank. One row per rule and edit. */
struct fw_rule_change {
	struct fw_rule *before, *after;
	uint32_t slot; /* of both; of a row that cancelled out, too */
	bool moved;    /* by fw_edit_move(); else it is where it was, whatever its rank */
};

struct fw_edit {
	struct fw_ruleset *rs;
	struct fw_rule_change *rules; /* first change first; rows with before == after == NULL cancelled out */
	size_t nrules, rules_cap;
	struct fw_set_change *sets;
	size_t nsets, sets_cap;
	struct fw_set_time *times; /* of elements that are in a set before and after the edit */
	size_t ntimes, times_cap;
	bool policies;      /* some policy differs */
	size_t emptied;     /* elements of sets that were destroyed, emptied or filled again */
	size_t emptied_max; /* -EAGAIN before it comes to that many; 0: any number. May be set once the edit has begun */
	struct fw_edit_undo *undo; /* private */
};

enum fw_where { FW_LAST, FW_FIRST, FW_BEFORE, FW_AFTER };
struct fw_position {
	enum fw_where where;
	struct fw_rule *ref; /* of BEFORE and AFTER */
};

/* One edit at a time. Return: 0 or -ENOMEM. */
int fw_edit_begin(struct fw_ruleset *rs, struct fw_edit *out);
/*
 * The end: what was replaced is freed. Slots of deleted rules are not reused
 * until fw_ruleset_slot_release(), because packets may still be counting there.
 */
void fw_edit_commit(struct fw_edit *e);
/* Ends the edit and restores the ruleset as it was before. */
void fw_edit_abort(struct fw_edit *e);

/*
 * Each of these is whole or, on failure, leaves ruleset and edit as they were:
 * 0, -EINVAL with a diagnostic, -ENOMEM. @out may be NULL.
 */

/*
 * As fw_ruleset_add(), at a position in the draft's chain, or in that of the rule that the position names. When the ranks leave
 * no gap there, neighbours get new ranks (and rows).
 */
int fw_edit_add(struct fw_edit *e, const struct fw_rule *draft, struct fw_position pos, struct fw_place at,
		struct fw_diags *ds, struct fw_rule **out);
/* @rule keeps id, slot and place; its name too, unless @draft has one. All else is the draft's; draft->id is ignored. */
int fw_edit_replace(struct fw_edit *e, struct fw_rule *rule, const struct fw_rule *draft, struct fw_place at,
		    struct fw_diags *ds, struct fw_rule **out);
/* Within its chain; -EINVAL, without a diagnostic: the position is in another one. */
int fw_edit_move(struct fw_edit *e, struct fw_rule *rule, struct fw_position pos, struct fw_rule **out);
int fw_edit_delete(struct fw_edit *e, struct fw_rule *rule);
/* As fw_ruleset_policy_set(). */
int fw_edit_policy(struct fw_edit *e, enum fw_reason reason, uint8_t action, const struct fw_log *log);
/* Does a policy differ from what it was before the edit? */
bool fw_edit_policy_differs(const struct fw_edit *e, enum fw_reason reason);
/* A new, empty chain without owner: -EINVAL with a diagnostic when the name is taken or none. */
int fw_edit_chain_create(struct fw_edit *e, const char *name, struct fw_place at, struct fw_diags *ds,
			 uint16_t *number);
/* Refused while it has rules or is called. */
int fw_edit_chain_delete(struct fw_edit *e, uint16_t chain, struct fw_place at, struct fw_diags *ds);
/* A new, empty set: -EINVAL with a diagnostic when the name is taken or none. @dynamic: as of struct fw_set. */
int fw_edit_set_create(struct fw_edit *e, const char *name, bool dynamic, struct fw_place at, struct fw_diags *ds,
		       uint32_t *number);
/* Refused while a rule uses it; -EAGAIN: see emptied_max. Its number is reused once no expression refers to it. */
int fw_edit_set_destroy(struct fw_edit *e, uint32_t set, struct fw_place at, struct fw_diags *ds);
/*
 * Refused if the set already has (or does not have) the element. An element that the set has, but only for a shorter time than
 * element->until says, is prolonged instead. A set from a file forgets the file. The set's own array changes in
 * fw_edit_settle().
 */
int fw_edit_set_add(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, struct fw_place at,
		    struct fw_diags *ds);
int fw_edit_set_delete(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, struct fw_place at,
		       struct fw_diags *ds);
/* The set has the element until element->until, whether it had it before or not. 0 or -ENOMEM. */
int fw_edit_set_put(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element);
/* Does the set have the element? If so, and @until is not NULL, until when. */
bool fw_edit_set_has(const struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, uint32_t *until);
/*
 * Elements whose time is over at @now leave their sets, at most @most of them (0: any number); those rows are settled. 0 or
 * -ENOMEM.
 */
int fw_edit_expire(struct fw_edit *e, uint32_t now, size_t most);
/* The set gets the elements of @with, which is sorted and borrowed, instead of its own. 0, -ENOMEM or -EAGAIN: see emptied_max. */
int fw_edit_set_replace(struct fw_edit *e, uint32_t set, const struct fw_set *with);
/*
 * Brings e->sets and the sets' arrays up to date with the elements that were added and deleted: before anybody reads them,
 * and before fw_edit_commit(). 0, or -ENOMEM: the edit can only be aborted.
 */
int fw_edit_settle(struct fw_edit *e);
/* Does the edit, which is settled, change only elements of dynamic sets? */
bool fw_edit_only_dynamic(const struct fw_edit *e);

/*
 * The slots that the next rules added by this edit get, in that order, instead of free ones: borrowed until the end. One that
 * a rule has is refused; slots that are passed over above the largest one so far become free.
 */
void fw_edit_slots(struct fw_edit *e, const uint32_t *slots, size_t n);
/* A slot may be given to a new rule: no packet counts there any more, and its counter is 0. A slot in use stays so. 0. */
int fw_ruleset_slot_release(struct fw_ruleset *rs, uint32_t slot);
/*
 * The slots below @end, in order, that are free in @rs but not in @of; NULL: all that are free in @rs. @slots: malloc()ed,
 * the caller's. 0 or -ENOMEM.
 */
int fw_ruleset_slots_missing(const struct fw_ruleset *rs, const struct fw_ruleset *of, uint32_t end, uint32_t **slots,
			     size_t *nslots);
/* Free slots, in order, are not given to rules until they are released: packets may be counting there. 0 or -ENOMEM. */
int fw_ruleset_slots_hold(struct fw_ruleset *rs, const uint32_t *slots, size_t nslots);
/* Slots that are not free. */
uint32_t fw_ruleset_slots(const struct fw_ruleset *rs);

/* Updates the array rs->rules from the list. 0 or -ENOMEM. */
int fw_ruleset_order(struct fw_ruleset *rs);

/*
 * A ruleset that is to take the place of another one, in two steps. First, while it is empty: the interfaces that
 * @old names get the same numbers, and what @old holds back is held back.
 */
int fw_ruleset_follow(struct fw_ruleset *rs, const struct fw_ruleset *old);

/*
 * The number of an interface that no rule names is given to another one after two grace periods, each between a call of
 * fw_ruleset_ifaces_wait() and one of fw_ruleset_ifaces_part(), and none while an edit is open:
 *
 *	the rule is removed, tables without it are published
 *	wait ... part    packets are looked up in tables that do not know the number: it loses its name, and is held
 *	(what tells packets their numbers forgets it)
 *	wait ... part    no packet has it any more: it is free
 *
 * If a rule names the interface again before its name is dropped, it keeps its number.
 */
/* @idle: those that rules do not name; @parting: those without a name that are held. */
void fw_ruleset_ifaces_wait(struct fw_ruleset *rs, bool idle, bool parting);
/* Ends a grace period for the numbers that wait for it. @idle: as above. Return: true if some lost their names. */
bool fw_ruleset_ifaces_part(struct fw_ruleset *rs, bool idle);
/* Of a ruleset that no packet has seen: numbers that are idle are free at once. */
void fw_ruleset_ifaces_tidy(struct fw_ruleset *rs);
/* All that have a name are held, or none is. */
void fw_ruleset_ifaces_hold(struct fw_ruleset *rs, bool held);
/* None is fresh any more. */
void fw_ruleset_ifaces_settle(struct fw_ruleset *rs);
/* The next number is that of this interface; NULL: it is free. 0, -EEXIST, -E2BIG or -ENOMEM. */
int fw_ruleset_iface_append(struct fw_ruleset *rs, const char *name);

/*
 * The number of an action that nothing uses is given to another one after a grace period between these calls, the first of
 * which does nothing while an edit is open.
 */
void fw_ruleset_actions_wait(struct fw_ruleset *rs);
void fw_ruleset_actions_free(struct fw_ruleset *rs);

struct fw_adoption {
	uint32_t *freed; /* slots of the rules removed; free() it */
	size_t nfreed;
};
/**
 * fw_ruleset_adopt - second, when it is complete: its rules become those of @old where they are the same
 *
 * The same rule: where the user gave an id (own_id) the same id, and the same name or the same matches with it: an id alone
 * may have been given to another rule. Else the same name, else (the n-th one) the same matches, verdict and comment. It gets
 * the id and the slot of the old one, and with it the counter: fw_diff() tells how they differ. All other rules get new
 * ids above all, but for those that the user gave, and slots that are free in @old. Slots that are held in @old, or in @freed,
 * are held in @rs. A dynamic set gets the elements of the set with its name in @old, if there is one.
 * @old: not changed
 * Return: 0, -EINVAL with a diagnostic (interfaces have other numbers), -ENOMEM.
 */
int fw_ruleset_adopt(struct fw_ruleset *rs, const struct fw_ruleset *old, struct fw_diags *ds, struct fw_adoption *out);
/*
 * Ids and slots, as they were once, for rs->nrules rules in order; slots below the largest that no rule has are free, and
 * rs->next_id is above the largest id. 0, -EINVAL (one is there twice, or an id is 0), -ENOMEM: nothing has changed.
 */
int fw_ruleset_number(struct fw_ruleset *rs, const uint64_t *ids, const uint32_t *slots);

#endif
