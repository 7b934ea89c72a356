// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ruleset replaces another one: rules that both have keep their id and their
 * slot, and so their counter.
 */
#include "lib/rule/translate.h"

#define NONE UINT32_MAX

/* What becomes of an old rule. GONE: another rule has its id. */
enum fate { LEFT, TAKEN, GONE };

struct adopter {
	struct fw_translation t;
	struct fw_rule **match; /* by slot in @rs: the old rule that the rule continues; NULL: none yet */
	uint8_t *fate;          /* by slot in the old ruleset */
	/* The old rules that are left, by content: one slot represents all rules of the same content. */
	struct fw_table content;
	uint32_t *head, *next; /* by slot in the old ruleset: the first of that content, the next one; NONE: no more */
};

static void adopter_free(struct adopter *a)
{
	fw_translation_free(&a->t);
	free(a->match);
	free(a->fate);
	free(a->content.entries);
	free(a->head);
	free(a->next);
}

/* Of a rule in the old ruleset's numbers. */
static uint32_t content_hash(const struct fw_rule *r)
{
	uint64_t h =
		fw_mix64((uint64_t)r->src << 32 | r->dst) + ((uint32_t)r->chain << 16 | r->target) * 256ull + r->action;

	if (r->nmatches)
		h += (uintptr_t)r->matches;
	if (r->comment)
		h += fw_hash_string(r->comment);
	return (uint32_t)fw_mix64(h);
}

static void take(struct adopter *a, const struct fw_rule *r, struct fw_rule *old)
{
	a->match[r->slot] = old;
	a->fate[old->slot] = TAKEN;
}

/* The id may have been given to a different rule, so the name or the matches must be the same, too. A rule stays in its chain. */
static bool same_by_id(const struct adopter *a, const struct fw_rule *r, const struct fw_rule *old)
{
	if (a->t.chains[r->chain] != old->chain)
		return false;
	return (r->name && fw_same_string(r->name, old->name)) || fw_same_matches(&a->t, r, old);
}

/* By the id that the user gave, or else by name. */
static void match_named(struct adopter *a)
{
	for (const struct fw_rule *r = a->t.rs->first; r; r = r->next) {
		struct fw_rule *old = r->own_id ? fw_ruleset_by_id(a->t.before, r->id) : NULL;

		if (old && same_by_id(a, r, old))
			take(a, r, old);
		else if (old)
			a->fate[old->slot] = GONE;
	}
	for (const struct fw_rule *r = a->t.rs->first; r; r = r->next) {
		struct fw_rule *old = r->own_id || !r->name ? NULL : fw_ruleset_by_name(a->t.before, r->name);

		if (old && a->fate[old->slot] == LEFT && a->t.chains[r->chain] == old->chain)
			take(a, r, old);
	}
}

/* Pairs the rules without a counterpart in order, as long as their contents are equal: usually all of them. */
static void match_head(struct adopter *a, struct fw_rule **r, struct fw_rule **old)
{
	for (;;) {
		while (*r && ((*r)->own_id || a->match[(*r)->slot]))
			*r = (*r)->next;
		while (*old && a->fate[(*old)->slot] != LEFT)
			*old = (*old)->next;
		if (!*r || !*old || !fw_same_content(&a->t, *r, *old))
			return;
		take(a, *r, *old);
	}
}

/* The old rule that represents all rules of the content of @r, which is in the old ruleset's numbers; NULL: there is none. */
static const struct fw_rule *find_content(const struct adopter *a, const struct fw_rule *r, uint32_t hash)
{
	uint32_t v;

	for (uint32_t pos = hash; fw_table_next(&a->content, hash, &pos, &v);) {
		const struct fw_rule *o = a->t.before->index->by_slot[v].rule;

		if (o->src == r->src && o->dst == r->dst && o->nmatches == r->nmatches &&
		    (!r->nmatches || o->matches == r->matches) && o->action == r->action && o->chain == r->chain &&
		    o->target == r->target && fw_same_string(o->comment, r->comment) && fw_same_log(&o->log, &r->log))
			return o;
	}
	return NULL;
}

/* A rule in the old ruleset's numbers. false: they do not have it. */
static bool translate(const struct fw_translation *t, const struct fw_rule *r, struct fw_rule *out)
{
	const void *matches = fw_translate_matches(t, r);

	if (t->addrs[r->src] == FW_UNKNOWN || t->addrs[r->dst] == FW_UNKNOWN || t->action[r->action] == FW_UNKNOWN ||
	    (r->nmatches && !matches) || t->chains[r->chain] == FW_UNKNOWN || t->chains[r->target] == FW_UNKNOWN)
		return false;
	*out = *r;
	out->src = t->addrs[r->src];
	out->dst = t->addrs[r->dst];
	out->action = (uint8_t)t->action[r->action];
	out->chain = (uint16_t)t->chains[r->chain];
	out->target = (uint16_t)t->chains[r->target];
	out->matches = (void *)matches;
	return true;
}

/* The old rules from @first on that are left, by content; those of the same content in order. */
static int index_rest(struct adopter *a, const struct fw_rule *first)
{
	const struct fw_ruleset *old = a->t.before;

	a->head = malloc((old->next_slot + 1) * sizeof(*a->head));
	a->next = malloc((old->next_slot + 1) * sizeof(*a->next));
	if (!a->head || !a->next)
		return -ENOMEM;
	for (const struct fw_rule *r = old->last; r && first && r != first->prev; r = r->prev) {
		uint32_t hash = content_hash(r);
		bool left = a->fate[r->slot] == LEFT;
		const struct fw_rule *same = left ? find_content(a, r, hash) : r;

		if (!left)
			continue;
		if (!same && fw_table_reserve(&a->content))
			return -ENOMEM;
		if (!same)
			fw_table_put(&a->content, hash, r->slot);
		a->next[r->slot] = same ? a->head[same->slot] : NONE;
		a->head[same ? same->slot : r->slot] = r->slot;
	}
	return 0;
}

/* Gives each rule from @r on the first unpaired old rule of the same content; rules with an id of their own stay new. */
static void match_rest(struct adopter *a, const struct fw_rule *r)
{
	const struct fw_translation *t = &a->t;
	struct fw_rule as;

	for (; r; r = r->next) {
		if (r->own_id || a->match[r->slot] || !translate(t, r, &as))
			continue;

		const struct fw_rule *same = find_content(a, &as, content_hash(&as));

		if (!same || a->head[same->slot] == NONE)
			continue;
		take(a, r, t->before->index->by_slot[a->head[same->slot]].rule);
		a->head[same->slot] = a->next[a->head[same->slot]];
	}
}

static int match_all(struct adopter *a)
{
	struct fw_rule *r = a->t.rs->first, *old = a->t.before->first;

	match_named(a);
	match_head(a, &r, &old);
	if (!r || !old)
		return 0;

	int err = index_rest(a, old);

	if (!err)
		match_rest(a, r);
	return err;
}

/* Ids and slots of the new ruleset before it gets its own tables. */
struct numbers {
	uint64_t *ids;
	uint32_t *slots;
};

static void numbers_free(struct numbers *n)
{
	free(n->ids);
	free(n->slots);
}

/* The first id from @id on that no old rule has and no new rule was given. */
static uint64_t free_id(const struct adopter *a, uint64_t id)
{
	const struct fw_rule *r;

	while (!id || fw_ruleset_by_id(a->t.before, id) || ((r = fw_ruleset_by_id(a->t.rs, id)) != NULL && r->own_id))
		id++;
	return id;
}

/* Paired rules get the old id, others keep their own or get one above all others; once ids ran out, any free one. */
static void new_ids(const struct adopter *a, struct numbers *n, uint64_t *next_id)
{
	uint64_t above = a->t.rs->next_id && a->t.before->next_id ? a->t.before->next_id : 0, below = 0;
	size_t i = 0;

	for (const struct fw_rule *r = a->t.rs->first; r && above; r = r->next)
		if (r->own_id && r->id >= above)
			above = r->id + 1;
	for (const struct fw_rule *r = a->t.rs->first; r; r = r->next, i++) {
		const struct fw_rule *old = a->match[r->slot];

		if (old || r->own_id) {
			n->ids[i] = old ? old->id : r->id;
			continue;
		}
		if (!above)
			below = free_id(a, below + 1);
		n->ids[i] = above ? above++ : below;
	}
	*next_id = above;
}

/* Free slots of the old ruleset first, the one that it would use next first, then new ones. */
static void new_slots(const struct adopter *a, struct numbers *n, uint32_t *next_slot)
{
	uint32_t free_slot = a->t.before->index->slot_free, end = a->t.before->next_slot;
	size_t i = 0;

	for (const struct fw_rule *r = a->t.rs->first; r; r = r->next, i++) {
		const struct fw_rule *old = a->match[r->slot];

		if (old) {
			n->slots[i] = old->slot;
		} else if (free_slot != FW_SLOT_NONE) {
			n->slots[i] = free_slot;
			free_slot = fw_slot_after(a->t.before, free_slot);
		} else {
			n->slots[i] = end++;
		}
	}
	*next_slot = end;
}

/* The slots of old rules that no new rule continues. */
static void collect_freed(const struct adopter *a, struct fw_adoption *out)
{
	for (const struct fw_rule *o = a->t.before->first; o; o = o->next)
		if (a->fate[o->slot] != TAKEN)
			out->freed[out->nfreed++] = o->slot;
}

/* The new ruleset must keep the interface numbers of the old one, and must not use the numbers that it holds back. */
static int check_followed(const struct fw_ruleset *rs, const struct fw_ruleset *old, struct fw_diags *ds)
{
	bool same = rs->nifaces >= old->nifaces;

	for (size_t i = 0; same && i < old->nifaces; i++) {
		const struct fw_iface *a = &rs->ifaces[i], *b = &old->ifaces[i];

		same = b->name ? a->name && !strcmp(a->name, b->name) : !b->held || !a->name;
	}
	return same ? 0 :
		      fw_diag_add(ds, (struct fw_place){ .file = rs->file }, NULL,
				  "the interfaces have different numbers than before");
}

static int adopter_init(struct adopter *a, const struct fw_ruleset *rs, const struct fw_ruleset *old)
{
	a->match = calloc(rs->next_slot + 1, sizeof(*a->match));
	a->fate = calloc(old->next_slot + 1, sizeof(*a->fate));
	return a->match && a->fate ? fw_translation_init(&a->t, rs, old) : -ENOMEM;
}

int fw_ruleset_adopt(struct fw_ruleset *rs, const struct fw_ruleset *old, struct fw_diags *ds, struct fw_adoption *out)
{
	fw_cleanup(adopter_free) struct adopter a = { .match = NULL };
	fw_cleanup(numbers_free) struct numbers n = { .ids = NULL };
	fw_autofree uint32_t *freed = malloc((old->nrules + 1) * sizeof(*freed));
	struct fw_adoption result = { .freed = freed };
	uint64_t next_id = 0;
	uint32_t next_slot;
	int err = check_followed(rs, old, ds);

	n.ids = malloc((rs->nrules + 1) * sizeof(*n.ids));
	n.slots = malloc((rs->nrules + 1) * sizeof(*n.slots));
	if (!err && (!n.ids || !n.slots || !freed))
		err = -ENOMEM;
	if (!err)
		err = adopter_init(&a, rs, old);
	if (!err)
		err = match_all(&a);
	if (err)
		return err;
	new_ids(&a, &n, &next_id);
	new_slots(&a, &n, &next_slot);
	collect_freed(&a, &result);
	err = fw_adopt_sets(rs, old);
	if (!err)
		err = fw_ruleset_renumber(rs, n.ids, n.slots, next_slot, old);
	if (err)
		return err;
	rs->next_id = next_id;
	*out = result;
	freed = NULL;
	return 0;
}
