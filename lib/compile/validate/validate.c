// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is an image consistent? Checks everything that the lookup takes for granted, in all that can be reached from the root.
 */
#include "check.h"

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
	return !(~r->flow_mask[0] & 3ull << FW_FLOW_FAMILY_SHIFT) ||
	       check_wrong(c, "the flow cache forgets the family");
}

static bool check_image(struct check *c)
{
	if (!(c->root->hash & 1))
		return check_wrong(c, "the hash multiplier is even");
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
