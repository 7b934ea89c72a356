// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is an image consistent? Checks everything that the lookup takes for granted, in all that can be reached from the root.
 */
#include "check.h"

#include "lib/compile/skip.h"

/* The flow cache may only forget fields that nothing in the image looks at. */
static bool check_fields(struct check *c)
{
	const struct fw_root *r = c->root;

	if (c->fields & ~r->fields_used)
		return check_wrong(c, "a field is compared that is not among those in use");
	for (uint32_t f = 0; f < FW_NFIELDS; f++) {
		struct fw_flow_place place = fw_flow_place(f);

		if ((r->fields_used >> f & 1 || f == FW_F_HOOK) &&
		    ~r->flow_mask[place.word] & (uint64_t)fw_field_bits(f) << place.shift)
			return check_wrong(c, "the flow cache forgets a field that is used");
	}
	for (uint32_t w = FW_FLOW_NEAR; w < FW_FLOW_WORDS; w++)
		if (r->flow_mask[w] && !r->flow_far)
			return check_wrong(c, "the flow cache forgets the far words");
	return !(~r->flow_mask[0] & 3ull << FW_FLOW_FAMILY_SHIFT) ||
	       check_wrong(c, "the flow cache forgets the family");
}

static bool check_rate(const struct fw_rate *r)
{
	return !r->interval == !r->packets && !r->interval == !r->tokens && r->unit < FW_NUNITS &&
	       r->burst == (r->tokens ? (r->tokens - 1) * r->interval : 0);
}

/* Does the record of an action hold only what there is? */
static bool check_action(const struct fw_action *a)
{
	bool adds = a->flags & FW_ACTION_ADD;

	return a->reject < (a->verdict == FW_REJECT ? FW_NREJECTS : 1) && !(a->flags & ~FW_ACTION_FLAGS) &&
	       (!a->audit || (a->verdict == FW_CONTINUE && fw_verdict_is(a->audit - 1u, FW_TERMINAL))) &&
	       a->per < FW_NPERS && a->connections_per <= FW_PER_TO && a->add_per <= FW_PER_TO &&
	       !a->connections == !a->connections_per && !adds == !a->add_per && a->per4 <= 32 && a->per6 <= 128 &&
	       a->connections4 <= 32 && a->connections6 <= 128 && check_rate(&a->limit) && check_rate(&a->log) &&
	       !(a->flags & FW_ACTION_LOG) == !a->log.interval &&
	       (a->limit.interval || !(a->flags & FW_ACTION_LIMIT_OVER)) && (adds || !(a->flags & FW_ACTION_UPDATE));
}

/* The table of actions, and the actions of policies, which must be final. */
static bool check_actions(struct check *c)
{
	const struct fw_root *r = c->root;
	const struct fw_action *a = fw_pool_ptr(c->pool, r->actions);

	if (!check_inside_segment(c, r->actions, FW_ACTIONS_MAX * FW_ACTION_LINES))
		return check_wrong(c, "the table of actions is outside the pool");
	for (uint32_t i = 0; i < FW_ACTIONS_MAX; i++) {
		if (!fw_verdict_is(a[i].verdict, i < FW_NVERDICTS ? ~0u : FW_OF_RULES) ||
		    (i < FW_NVERDICTS && a[i].verdict != i))
			return check_wrong(c, "an action has a verdict that it cannot have");
		if (!check_action(&a[i]))
			return check_wrong(c, "an action does what none can do");
	}
	for (unsigned i = 0; i < FW_NHOOKS * FW_NREASONS; i++) {
		const struct fw_action *policy = &a[r->policy[i / FW_NREASONS][i % FW_NREASONS]];

		if (!fw_verdict_is(policy->verdict, FW_TERMINAL) || fw_action_asks(policy))
			return check_wrong(c, "a policy has an action that it cannot have");
	}
	if (!r->turns || r->turns > FW_TURNS)
		return check_wrong(c, "a packet can need more lookups than it gets");
	return true;
}

/* In order, each to a rank above its own, and the rest unused. */
static bool check_skips(struct check *c)
{
	const struct fw_root *r = c->root;
	const struct fw_skip *s = fw_pool_ptr(c->pool, r->skips);
	uint32_t n = 0;

	if (!r->skips)
		return !r->skip_steps || check_wrong(c, "there is a search without a table of skips");
	if (r->skip_steps > FW_SKIP_STEPS || !check_inside_segment(c, r->skips, skips_lines(r)))
		return check_wrong(c, "the table of skips is outside the pool");
	for (; n < 1u << r->skip_steps && s[n].rank != UINT32_MAX; n++)
		if (s[n].end <= s[n].rank || s[n].end > FW_RANK_MAX + 1 || (n && s[n].rank <= s[n - 1].rank))
			return check_wrong(c, "a skip does not lead to a later rule");
	for (uint32_t i = n; i < 1u << r->skip_steps; i++)
		if (s[i].rank != UINT32_MAX)
			return check_wrong(c, "the table of skips has a gap");
	return n < 1u << r->skip_steps || check_wrong(c, "the table of skips has no end");
}

/* Whatever decides by the state alone is a rule with a verdict and no more, and the state is asked for. */
static bool check_shortcuts(struct check *c)
{
	const struct fw_root *r = c->root;

	for (uint32_t i = 0; i < FW_HOOK_ROWS * FW_STATE_COLUMNS; i++) {
		uint32_t hook = i / FW_STATE_COLUMNS, state = i % FW_STATE_COLUMNS, what = r->shortcut[hook][state];

		if (what && (hook >= FW_NHOOKS || state >= FW_NSTATES || FW_WHAT_ACTION(what) > FW_ACCEPT ||
			     FW_WHAT_COUNTER(what) - FW_COUNTER_RULES >= r->slots))
			return check_wrong(c, "a state is decided on by what is no rule");
		if (what && !(r->fields_used >> FW_F_STATE & 1))
			return check_wrong(c, "a state is decided on that nobody asks for");
	}
	return true;
}

static bool check_image(struct check *c)
{
	if (!check_actions(c) || !check_skips(c) || !check_shortcuts(c))
		return false;
	if (!check_lanes(c) || !check_pairs(c) || !check_fields(c))
		return false;
	for (int side = 0; side < 2; side++) {
		if (!check_trie(c, side, FW_IP4) || !check_trie(c, side, FW_IP6))
			return false;
		if (c->root->frame_rules &&
		    !check_class(c, side, c->root->trie[side][FW_FAMILY_NONE], FW_IDENTITY_FRAME))
			return false;
	}
	return true;
}

int fw_image_validate(const struct fw_pool *pool, uint32_t root, const char **reason)
{
	struct check c = { .pool = pool, .root = fw_pool_ptr(pool, root) };

	*reason = NULL;
	if (!check_inside(&c, root, sizeof(struct fw_root) / FW_LINE)) {
		*reason = "the root is outside the pool";
		return -EINVAL;
	}
	check_image(&c);
	free(c.signature[0]);
	free(c.signature[1]);
	*reason = c.reason;
	return c.reason ? -EINVAL : 0;
}
