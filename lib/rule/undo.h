/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of an edit. They are undone in reverse order, so each step finds the
 * ruleset as it left it, and a rule that was removed from the list can be put
 * back between the neighbours that it still points to.
 */
#ifndef FW_RULE_UNDO_H
#define FW_RULE_UNDO_H

#include "lib/rule/internal.h"

enum fw_step_kind {
	FW_STEP_RULE,
	FW_STEP_ELEMENTS,
	FW_STEP_TIMES,
	FW_STEP_PATH,
	FW_STEP_CREATE,
	FW_STEP_DESTROY,
	FW_STEP_CHAIN_CREATE,
	FW_STEP_CHAIN_DELETE
};

struct fw_step {
	uint8_t kind;
	uint32_t set;
	size_t nsets; /* rows of sets that the edit had before */
	union {
		struct {
			struct fw_rule *before, *after; /* one of them may be NULL */
			uint64_t next_id;               /* before */
			uint32_t next_slot;
			bool slot_free, slot_given; /* what the new rule's slot was */
		};
		size_t end;          /* of the rows with the added and deleted elements, from @nsets on */
		size_t ntimes;       /* rows of times that the edit had before, all later ones are of this step */
		const char *path;    /* that the set had */
		struct fw_set saved; /* that was destroyed */
		struct {
			uint16_t chain;
			struct fw_chain deleted;
		};
	};
};

static inline bool fw_step_is_chain(const struct fw_step *s)
{
	return s->kind == FW_STEP_CHAIN_CREATE || s->kind == FW_STEP_CHAIN_DELETE;
}

struct fw_edit_undo {
	struct fw_step *steps;
	size_t n, cap;
	uint32_t *fresh; /* address expressions that the edit added; some may be left without a rule */
	size_t nfresh, fresh_cap;
	uint8_t policy[FW_NREASONS], policy_set[FW_NREASONS]; /* as they were */
	struct fw_log policy_log[FW_NREASONS];
	bool holds_policies; /* a policy was set: what they were has a use of each action and a reference to each prefix */
	struct fw_pending *pending; /* elements added and deleted since the edit was settled; one of each set */
	size_t npending, pending_cap;
	const uint32_t *slots; /* for the next new rules */
	size_t nslots;
	bool ordered, reordered; /* rs->rules: at the beginning; since then */
};

/* Undoes all steps but the first @n. */
void fw_undo_to(struct fw_edit *e, size_t n);

/*
 * One step: @old (NULL: none) leaves the list, @new (NULL: none) is inserted after @prev (NULL: first). Both are the same
 * rule, with the same id and slot. 0 or -ENOMEM, and then nothing has changed and @new is still the caller's.
 */
int fw_step_rule(struct fw_edit *e, struct fw_rule *old, struct fw_rule *new, struct fw_rule *prev);

/* Undoes a step of a set. */
void fw_undo_set(struct fw_edit *e, const struct fw_step *s);
/* The same of FW_STEP_ELEMENTS and of FW_STEP_TIMES. */
void fw_undo_elements(struct fw_edit *e, const struct fw_step *s);
void fw_undo_times(struct fw_edit *e, const struct fw_step *s);
/* Applies the pending changes of one set to its array and adds their rows. 0, or -ENOMEM: the edit can only be aborted. */
int fw_settle_elements(struct fw_edit *e, uint32_t set);
/* Applies the rows from @from on, which are of this set and in order, to its array. 0 or -ENOMEM, without those rows then. */
int fw_rows_apply(struct fw_edit *e, uint32_t set, size_t from);
/* The set, which is settled, is about to lose its elements: 0, or -EAGAIN, see e->emptied_max. */
int fw_count_emptied(struct fw_edit *e, uint32_t set);
/* Forgets what is pending. */
void fw_pending_end(struct fw_edit *e);
/* The same of a step of a chain. */
void fw_undo_chain(struct fw_edit *e, const struct fw_step *s);
void fw_settle_chain(struct fw_edit *e, const struct fw_step *s);
/* The end of a step of a set that stays: frees what only its undoing needed. */
void fw_settle_set(struct fw_edit *e, const struct fw_step *s);

#endif
