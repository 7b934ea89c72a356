// SPDX-License-Identifier: GPL-2.0-only
/* Checks of a ruleset that are made after every step of a test: everything that is kept is counted again. */
#include "tests/unit/ruleset_check.h"

#include "fw/inlined.h"
#include "fw/table/format.h"
#include "lib/rule/undo.h"

#define CHECK(is)                          \
	do {                               \
		if (!(is))                 \
			return "not " #is; \
	} while (0)

/* The ranks of a rule's instances, from its own on, of which the last goes to *rank; and what is known of them all. */
static const char *check_inlined(const struct fw_ruleset *rs, const struct fw_rule *r, uint32_t *rank)
{
	const struct fw_inlined *in = r->inlined;
	uint32_t passing = 0;

	CHECK(r->chain == FW_MAIN && (r->target != FW_MAIN || fw_instance_names_pattern(rs, &r->instance)));
	for (uint32_t i = 0; i < in->n; i++) {
		const struct fw_instance *x = &in->at[i].instance;

		CHECK(x->rank > *rank || (!i && x->rank == *rank));
		CHECK(fw_ruleset_by_slot(rs, x->slot));
		CHECK(in->at[i].to >= FW_TO_NEXT || (in->at[i].to > i && in->at[i].to <= in->n));
		passing += !fw_action_ends(&rs->actions[x->action]);
		*rank = x->rank;
	}
	CHECK(passing == in->npassing);
	return NULL;
}

static const char *check_list(const struct fw_ruleset *rs)
{
	const struct fw_rule *prev = NULL;
	const char *why = NULL;
	uint32_t rank = 0;
	size_t n = 0;

	for (const struct fw_rule *r = rs->first; r && !why; prev = r, r = r->next, n++) {
		CHECK(r->prev == prev);
		CHECK(r->rank > rank && r->rank <= FW_RANK_MAX);
		rank = r->rank;
		why = r->inlined ? check_inlined(rs, r, &rank) : NULL;
		CHECK(!rs->index->ordered || rs->rules[n] == r);
		CHECK(r->id && (!rs->next_id || r->id < rs->next_id));
		CHECK(rs->index->edit || !r->edit);
		CHECK(!prev || prev->chain <= r->chain);
	}
	if (why)
		return why;
	CHECK(rs->last == prev);
	CHECK(n == rs->nrules);
	return NULL;
}

/* How many instances there are, and how many of them let packets go on. */
static const char *check_instances(const struct fw_ruleset *rs)
{
	size_t n = 0, passing = 0;

	for (const struct fw_rule *r = rs->first; r && r->chain == FW_MAIN; r = r->next) {
		n += r->inlined ? r->inlined->n : 1;
		passing += r->inlined ? r->inlined->npassing : !fw_action_ends(fw_rule_action(rs, r));
	}
	CHECK(n == rs->ninstances);
	CHECK(passing == rs->npassing);
	return NULL;
}

/* Chains know their rules and those that call them. */
static const char *check_chains(const struct fw_ruleset *rs)
{
	size_t named = 0, nrules = 0, calls = 0;

	for (size_t i = 0; i < rs->nchains; i++) {
		const struct fw_chain *c = &rs->chains[i];
		uint32_t n = 0;

		for (const struct fw_rule *r = c->first; r && r->chain == i; r = r->next, n++)
			CHECK(r->next && r->next->chain == i ? c->last != r : c->last == r);
		CHECK(n == c->nrules && !c->first == !n && !c->last == !n);
		for (uint32_t k = 0; k < c->calls; k++)
			CHECK(fw_ruleset_by_slot(rs, c->callers[k])->target == i);
		CHECK(!c->name || fw_ruleset_chain_find(rs, c->name) == (int)i);
		CHECK(c->name || !i || (!n && !c->calls));
		CHECK(!c->gone || (!c->name && rs->index->edit));
		named += !!c->name;
		nrules += n;
		calls += c->calls;
	}
	CHECK(nrules == rs->nrules);
	CHECK(rs->index->chain_holes == rs->nchains - 1 - named && rs->index->chains.n == named);
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		calls -= r->target != FW_MAIN;
	CHECK(!calls);
	return NULL;
}

/* Do index and sets agree with the rules? NULL, or what does not hold. */
static const char *check_tables(const struct fw_ruleset *rs)
{
	const struct fw_rule_index *ix = rs->index;
	size_t names = 0, sets = 0;

	for (const struct fw_rule *r = rs->first; r; r = r->next) {
		CHECK(r->slot < rs->next_slot && ix->by_slot[r->slot].rule == r);
		CHECK(fw_ruleset_by_id(rs, r->id) == r);
		CHECK(!r->name || fw_ruleset_by_name(rs, r->name) == r);
		names += !!r->name;
	}
	for (size_t i = 0; i < rs->nsets; i++) {
		const struct fw_set *s = &rs->sets[i];

		CHECK(!s->name || fw_ruleset_set_find(rs, s->name) == (int)i);
		CHECK(s->name || (!s->n && !s->path && !s->elements));
		sets += !!s->name;
		for (size_t k = 1; k < s->n; k++)
			CHECK(fw_addr_range_cmp(&s->elements[k - 1], &s->elements[k]) < 0);
	}
	CHECK(ix->ids.n == rs->nrules);
	CHECK(ix->names.n == names);
	CHECK(ix->sets.n == sets);
	CHECK(ix->holes == rs->nsets - sets);
	return NULL;
}

static const char *check_slots(const struct fw_ruleset *rs)
{
	const struct fw_rule_index *ix = rs->index;
	size_t rules = 0, linked = 0, nfree = 0;

	for (uint32_t s = 0; s < rs->next_slot; s++) {
		bool is_free = fw_slot_is_free(rs, s);

		nfree += is_free;
		rules += !is_free && ix->by_slot[s].rule;
	}
	CHECK(rules == rs->nrules);
	for (uint32_t s = ix->slot_free; s != FW_SLOT_NONE && linked <= nfree; s = fw_slot_after(rs, s), linked++)
		CHECK(s < rs->next_slot && fw_slot_is_free(rs, s));
	CHECK(linked == nfree);
	return NULL;
}

/* @sides, @users and @inlined are zeroed, one for each expression, set and expression. */
static const char *check_addrs(const struct fw_ruleset *rs, size_t held, uint32_t *sides, uint32_t *users,
			       uint32_t *inlined)
{
	const struct fw_rule_index *ix = rs->index;
	size_t unused = 0, listed = 0, refs = 0, all_sides = 0;

	for (const struct fw_rule *r = rs->first; r; r = r->next) {
		sides[r->src]++;
		sides[r->dst]++;
		for (uint32_t i = 0; r->inlined && i < r->inlined->n; i++) {
			inlined[r->inlined->at[i].instance.src]++;
			inlined[r->inlined->at[i].instance.dst]++;
		}
	}
	for (size_t i = 0; i < rs->naddrs; i++) {
		const struct fw_addrs *a = &rs->addrs[i];

		unused += !a->ranges;
		if (!a->ranges)
			continue;
		CHECK(fw_addrs_find(rs, a, 0) == (int64_t)i);
		CHECK(a->rules == sides[i] && a->refs >= sides[i] + inlined[i]);
		CHECK(ix->edit || held == RULESET_HELD_SOME || a->refs);
		refs += a->refs - 2 * a->both;
		all_sides += sides[i] + inlined[i];
		for (uint32_t k = 0; k < a->nsets; k++)
			users[a->sets[k]]++;
	}
	CHECK(ix->edit || (held == RULESET_HELD_SOME ? refs > all_sides : refs == all_sides + held + 1));
	for (uint32_t i = ix->addrs_free; i && listed <= unused; i = rs->addrs[i].rules, listed++)
		CHECK(!rs->addrs[i].ranges);
	CHECK(listed == unused);
	CHECK(ix->addrs.n == rs->naddrs - unused);
	for (size_t i = 0; i < rs->nsets; i++)
		CHECK(users[i] == rs->sets[i].users);
	return NULL;
}

static void refer_instance(const struct fw_instance *in, uint32_t *refs)
{
	uint32_t number = in->nmatches ? fw_blob_of(in->matches)->number : 0;

	for (unsigned i = 0; i < in->nmatches && !refs[number]; i++)
		refs[fw_blob_of(in->matches[i])->number]++;
	refs[number] += in->nmatches > 0;
}

/* @refs is zeroed, one for each blob. */
static const char *check_blobs(const struct fw_ruleset *rs, uint32_t *refs)
{
	const struct fw_rule_index *ix = rs->index;
	size_t unused = 0;

	for (const struct fw_rule *r = rs->first; r; r = r->next) {
		refer_instance(&r->instance, refs);
		for (uint32_t i = 0; r->inlined && i < r->inlined->n; i++)
			refer_instance(&r->inlined->at[i].instance, refs);
	}
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		if (r->log.prefix)
			refs[fw_blob_of(r->log.prefix)->number]++;
	for (unsigned r = 0; r < FW_NREASONS; r++)
		if (rs->policy_log[r].prefix)
			refs[fw_blob_of(rs->policy_log[r].prefix)->number]++;
	for (uint32_t i = ix->blob_free; i && unused <= ix->nblobs; i = ix->blob[i - 1].next_free, unused++)
		CHECK(!refs[i - 1]);
	CHECK(ix->blobs.n == ix->nblobs - unused);
	for (size_t i = 0; i < ix->nblobs; i++)
		CHECK(!refs[i] || ix->edit || ix->blob[i].blob->refs == refs[i]);
	for (size_t i = 0; i < ix->nblobs; i++)
		unused += !!refs[i];
	CHECK(ix->edit || unused == ix->nblobs);
	return NULL;
}

/* Outside of an edit, an action has as many users as rules and policies say. */
static const char *check_actions(const struct fw_ruleset *rs)
{
	static const struct fw_action unused;
	uint32_t users[FW_ACTIONS_MAX] = { 0 }, idle = 0;

	for (const struct fw_rule *r = rs->first; r; r = r->next)
		users[r->action]++;
	for (unsigned r = 0; r < FW_NREASONS; r++)
		users[rs->policy[r]]++;
	for (uint32_t n = FW_NVERDICTS; n < FW_ACTIONS_MAX; n++) {
		const struct fw_action_use *u = &rs->action_use[n];

		CHECK(u->taken ? n < rs->nactions : !users[n] && !u->users);
		CHECK(u->taken == !!memcmp(&rs->actions[n], &unused, sizeof(unused)));
		CHECK(rs->index->edit ? u->users >= users[n] : u->users == users[n]);
		idle += u->taken && !u->users;
	}
	CHECK(rs->actions_idle == idle);
	return NULL;
}

const char *ruleset_check(const struct fw_ruleset *rs, size_t held)
{
	fw_autofree uint32_t *sides = calloc(rs->naddrs, sizeof(*sides));
	fw_autofree uint32_t *users = calloc(rs->nsets + 1, sizeof(*users));
	fw_autofree uint32_t *inlined = calloc(rs->naddrs, sizeof(*inlined));
	fw_autofree uint32_t *refs = calloc(rs->index->nblobs + 1, sizeof(*refs));
	const char *why = check_list(rs);

	why = why ? why : check_instances(rs);
	why = why ? why : check_chains(rs);
	why = why ? why : check_tables(rs);
	why = why ? why : check_slots(rs);
	why = why ? why : check_addrs(rs, held, sides, users, inlined);
	why = why ? why : check_actions(rs);
	return why ? why : check_blobs(rs, refs);
}

uint64_t ruleset_digest(const struct fw_ruleset *rs)
{
	uint64_t h = rs->ninstances;

	for (const struct fw_rule *r = rs->first; r; r = r->next) {
		h = fw_mix64(h ^ ((uint64_t)r->rank << 32 | r->slot));
		for (uint32_t i = 0; r->inlined && i < r->inlined->n; i++) {
			const struct fw_instance *in = &r->inlined->at[i].instance;

			h = fw_mix64(h ^ ((uint64_t)in->rank << 32 | in->slot));
			h = fw_mix64(h ^ ((uint64_t)in->src << 32 | in->dst));
			h = fw_mix64(h ^ ((uint64_t)r->inlined->at[i].to << 32 | in->action));
			h = fw_mix64(h ^ (uintptr_t)in->matches);
		}
	}
	return h;
}
