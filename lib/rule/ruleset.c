// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets: rules in order, found by id and name. */
#include "lib/rule/undo.h"

void fw_ruleset_free(struct fw_ruleset *rs)
{
	if (!rs)
		return;

	struct fw_rule_index *ix = rs->index;

	if (ix) {
		struct fw_table *tables[] = { &ix->addrs,  &ix->ids,    &ix->names, &ix->sets,
					      &ix->chains, &ix->ifaces, &ix->blobs };

		for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
			free(tables[i]->entries);
		free(ix->by_slot);
		free(ix->blob);
		free(ix->scratch);
	}
	for (size_t i = 0; i < rs->nsets; i++)
		free(rs->sets[i].elements);
	for (size_t i = 0; i < rs->nchains; i++)
		free(rs->chains[i].callers);
	free(rs->chains);
	free(rs->index);
	free(rs->rules);
	free(rs->addrs);
	free(rs->sets);
	free(rs->ifaces);
	fw_region_free(&rs->region);
	free(rs);
}

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

struct fw_ruleset *fw_ruleset_new(const char *file)
{
	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = calloc(1, sizeof(*rs));
	uint32_t any;

	if (!rs)
		return NULL;
	rs->index = calloc(1, sizeof(*rs->index));
	if (!rs->index)
		return NULL;
	rs->index->slot_free = FW_SLOT_NONE;
	rs->index->ordered = true;
	rs->next_id = 1;
	if (fw_vec_push(rs->chains, rs->nchains, rs->chains_cap, (struct fw_chain){ .name = NULL }))
		return NULL;
	fw_actions_init(rs);
	for (size_t r = 0; r < FW_NREASONS; r++)
		fw_policy_set(rs, (enum fw_reason)r, fw_reason_info[r].verdict, (struct fw_log){ .prefix = NULL });
	if (file)
		rs->file = fw_region_strdup(&rs->region, file, strlen(file));
	if ((file && !rs->file) || fw_ruleset_addrs(rs, NULL, 0, NULL, 0, false, &any))
		return NULL;
	fw_book_hold(&rs->book, any);
	return fw_take(rs);
}

struct fw_diags *fw_ruleset_warnings(struct fw_ruleset *rs)
{
	if (!rs->warnings)
		rs->warnings = fw_region_alloc(&rs->region, sizeof(*rs->warnings));
	return rs->warnings;
}

/* Consecutive ids have adjacent positions, eight in a cache line. */
const char *fw_rule_label(const struct fw_rule *r, char *buf, size_t size)
{
	snprintf(buf, size, "%llu%s%s%s", (unsigned long long)r->id, r->name ? " (" : "", r->name ? r->name : "",
		 r->name ? ")" : "");
	return buf;
}

struct fw_rule *fw_ruleset_by_slot(const struct fw_ruleset *rs, uint32_t slot)
{
	return fw_slot_is_free(rs, slot) ? NULL : rs->index->by_slot[slot].rule;
}

/* @step: 1 if one more side of a rule has the expression, -1 if one less. */
static void addrs_count(struct fw_ruleset *rs, uint32_t number, uint32_t step)
{
	const struct fw_addrs *a = &rs->addrs[number];

	rs->addrs[number].rules += step;
	for (uint32_t i = 0; i < a->nsets; i++)
		rs->sets[a->sets[i]].rules += step;
}

/* A rule more (@by 1) or less (-1) does what its action says. */
static void action_count(struct fw_ruleset *rs, const struct fw_rule *r, int by)
{
	const struct fw_action *a = fw_rule_action(rs, r);

	if (a->flags & FW_ACTION_ADD)
		rs->sets[a->set].rules += (uint32_t)by;
}

bool fw_rule_is_stateful(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	return fw_rule_match(rule, FW_F_STATE) || fw_rule_action(rs, rule)->connections;
}

void fw_rule_relink(struct fw_ruleset *rs, struct fw_rule *r)
{
	*(r->prev ? &r->prev->next : &rs->first) = r;
	*(r->next ? &r->next->prev : &rs->last) = r;
	fw_chain_link(rs, r);
	addrs_count(rs, r->src, 1);
	addrs_count(rs, r->dst, 1);
	fw_ifaces_count(rs, r, 1);
	action_count(rs, r, 1);
	fw_instances_count(rs, r, 1);
	rs->nrules++;
	rs->nstateful += fw_rule_is_stateful(rs, r);
	rs->index->ordered = false;
}

void fw_rule_link(struct fw_ruleset *rs, struct fw_rule *r, struct fw_rule *prev)
{
	r->prev = prev;
	r->next = prev ? prev->next : rs->first;
	fw_rule_relink(rs, r);
}

void fw_rule_unlink(struct fw_ruleset *rs, struct fw_rule *r)
{
	*(r->prev ? &r->prev->next : &rs->first) = r->next;
	*(r->next ? &r->next->prev : &rs->last) = r->prev;
	fw_chain_unlink(rs, r);
	addrs_count(rs, r->src, UINT32_MAX); /* one less: it wraps */
	addrs_count(rs, r->dst, UINT32_MAX);
	fw_ifaces_count(rs, r, -1);
	action_count(rs, r, -1);
	fw_instances_count(rs, r, -1);
	rs->nrules--;
	rs->nstateful -= fw_rule_is_stateful(rs, r);
	rs->index->ordered = false;
}

int fw_ruleset_order(struct fw_ruleset *rs)
{
	size_t i = 0;

	if (rs->index->ordered)
		return 0;
	while (rs->rules_cap < rs->nrules)
		if (fw_vec_grow(&rs->rules, rs->rules_cap, &rs->rules_cap, sizeof(*rs->rules)))
			return -ENOMEM;
	for (struct fw_rule *r = rs->first; r; r = r->next)
		rs->rules[i++] = r;
	rs->index->ordered = true;
	if (rs->index->edit)
		rs->index->edit->reordered = true;
	return 0;
}

/* Room for one more rule. */
static int append_reserve(struct fw_ruleset *rs, const struct fw_rule *draft)
{
	struct fw_rule_index *ix = rs->index;
	int err = fw_vec_grow(&rs->rules, rs->nrules, &rs->rules_cap, sizeof(*rs->rules));

	if (!err)
		err = fw_slot_reserve(rs, fw_slot_next(rs));
	if (!err)
		err = fw_table_reserve(&ix->ids);
	if (!err && draft->target < rs->nchains)
		err = fw_chain_reserve(rs, draft->target);
	return err ? err : draft->name ? fw_table_reserve(&ix->names) : 0;
}

/* Adds a checked rule at the end of its chain, with the next slot. append_reserve() made room, so this cannot fail. */
static void append(struct fw_ruleset *rs, struct fw_rule *r)
{
	struct fw_rule_index *ix = rs->index;
	struct fw_rule *prev = fw_chain_end(rs, r->chain);
	bool ordered = ix->ordered && prev == rs->last;

	r->rank = fw_rank_after(rs, prev);
	r->slot = fw_slot_next(rs);
	fw_slot_take(rs, r->slot, r);
	fw_rule_link(rs, r, prev);
	if (ordered)
		rs->rules[rs->nrules - 1] = r;
	ix->ordered = ordered;
	fw_table_put(&ix->ids, fw_id_hash(r->id), r->slot);
	if (r->name)
		fw_table_put(&ix->names, fw_hash_string(r->name), r->slot);
	if (rs->next_id && r->id >= rs->next_id)
		rs->next_id = r->id + 1; /* 0 after the last id */
}

int fw_ruleset_add_at(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
		      struct fw_diags *ds, struct fw_rule **out)
{
	struct fw_rule *r;
	int err = append_reserve(rs, draft);

	if (!err)
		err = fw_rule_make(rs, draft, NULL, at, ds, &r);
	if (err)
		return err;
	append(rs, r);
	if (out)
		*out = r;
	return 0;
}

struct fw_rule_places fw_places(struct fw_place at)
{
	struct fw_spot s = { at.line, at.column };
	struct fw_rule_places places = {
		.file = at.file,
		.rule = s,
		.id = s,
		.name = s,
		.chain = s,
		.comment = s,
		.src = s,
		.dst = s,
		.limit = s,
		.connections = s,
		.log = s,
		.mark = s,
		.add = s,
		.verdict = s,
		.target = s,
	};

	for (size_t f = 0; f < FW_NFIELDS; f++)
		places.field[f] = s;
	return places;
}

int fw_ruleset_add(struct fw_ruleset *rs, const struct fw_rule *draft, struct fw_place at, struct fw_diags *ds,
		   struct fw_rule **out)
{
	struct fw_rule_places places = fw_places(at);

	return fw_ruleset_add_at(rs, draft, &places, ds, out);
}

bool fw_ifname_valid(const char *s, size_t len, size_t max)
{
	if (!len || len > max)
		return false;
	if (s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.')))
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\0' || strchr("/: \t\n\v\f\r\xa0", s[i]))
			return false;
	return true;
}

int fw_ruleset_closed_by(const struct fw_ruleset *rs)
{
	static const uint8_t incoming[] = { FW_R_IN, FW_R_INPUT, FW_R_FORWARD };

	for (size_t i = 0; i < sizeof(incoming); i++)
		if (fw_policy_verdict(rs, incoming[i]) != FW_ACCEPT)
			return incoming[i];
	return -ENOENT;
}
