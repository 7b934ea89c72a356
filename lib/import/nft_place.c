// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a match of nftables means the same at the hooks where our rule is asked. All of our rules see a packet as it is at
 * one place of its way, in front of the filter table's; chains see it at their own. What changes in between has to stay out of
 * the matches:
 *
 *	prerouting -300 matches the mark    prerouting -150 sets it, and stays in the kernel    input: our rules
 */
#include "lib/import/nft_key.h"

#define OUR_PRIORITY (-3)

/* The hooks of nftables in the order in which a packet meets them, and those of ours whose packets do. */
static const struct stage {
	const char *name;
	unsigned hooks;
	int number;
} stages[] = {
	{ "ingress", FW_HOOK_BIT(IN) | FW_HOOK_BIT(INPUT) | FW_HOOK_BIT(FORWARD), 0 },
	{ "prerouting", FW_HOOK_BIT(IN) | FW_HOOK_BIT(INPUT) | FW_HOOK_BIT(FORWARD), 1 },
	{ "input", FW_HOOK_BIT(INPUT), 2 },
	{ "forward", FW_HOOK_BIT(FORWARD), 2 },
	{ "output", FW_HOOK_BIT(OUTPUT), 2 },
	{ "postrouting", FW_HOOK_BIT(FORWARD) | FW_HOOK_BIT(OUTPUT), 3 },
	{ NULL, 0, 4 },
};

static const struct stage *stage_of(const struct nft_chain *base)
{
	const struct stage *s = stages;

	while (s->name && strcmp(s->name, base->hook))
		s++;
	return s;
}

static int64_t position(int stage, int32_t priority)
{
	return ((int64_t)stage << 33) + priority;
}

int64_t nft_position(const struct nft_chain *base)
{
	return position(stage_of(base)->number, (int32_t)base->priority);
}

/* Does the packet have, where our rules see it, what the chain of @use sees after or before this one changed it? */
static bool same_order(const struct nft_chain *changer, const struct nft_use *use, enum fw_hook hook)
{
	int64_t at = nft_position(changer), ours = hook == FW_IN ? INT64_MIN : position(2, OUR_PRIORITY);

	return (changer->kernel && at < use->first && at < ours) || (at > use->last && at > ours);
}

/* Refuses a match on what another chain changes in between. */
static int check_changes(struct nft *n, const struct nft_use *use, const struct nft_key *key)
{
	for (size_t i = 0; i < n->nchains; i++) {
		const struct nft_chain *c = &n->chains[i];
		unsigned hooks = c->changes & NFT_BITS(key->field) ? use->hooks & stage_of(c)->hooks : 0;

		for (unsigned h = 0; h < FW_NHOOKS; h++)
			if (hooks & 1u << h && !same_order(c, use, (enum fw_hook)h))
				return nft_refuse(n, FW_IMPORT_AS_MATCH,
						  "'%s' is changed between this chain and the hook of our rules",
						  key->text);
	}
	return 0;
}

unsigned nft_absent_at(const struct nft_use *use, enum nft_field field)
{
	return nft_field_info[field].hooks ? use->hooks & ~nft_field_info[field].hooks : 0;
}

/* Fields that fragments lack, or that are others in them. */
#define OF_WHOLE_PACKETS (NFT_TRANSPORT | NFT_BITS(NFT_LENGTH) | NFT_BITS(NFT_FRAG) | NFT_BITS(NFT_NEXT_HEADER))

int nft_check_place(struct nft *n, const struct nft_use *use, const struct nft_left *l, const struct nft_values *v)
{
	enum nft_field field = l->key->field;

	if (field == NFT_TO_IF && use->before_route)
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "the way out of a packet is not known before routing");
	if ((field == NFT_UID || field == NFT_GID) && use->hooks & FW_HOOK_BIT(INPUT))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' is only known of packets that leave the host",
				  l->key->text);
	if (field == NFT_PACKET_TYPE && use->hooks & FW_HOOK_BIT(OUTPUT) && nft_values_has(v, 0))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' is only known of packets that arrived", l->key->text);
	if (use->fragments && (NFT_BITS(field) & OF_WHOLE_PACKETS))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' would be matched before fragments are put together",
				  l->key->text);
	if (use->translated && (field == NFT_FROM || field == NFT_TO || field == NFT_SPORT || field == NFT_DPORT))
		return nft_refuse(n, FW_IMPORT_AS_PLACE,
				  "addresses and ports are others here: they are translated in between");
	if (field == NFT_VLAN && use->hooks != FW_HOOK_BIT(IN))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' is only known on the wire", l->key->text);
	if (field == NFT_STATE && (use->no_state || use->hooks == FW_HOOK_BIT(IN)))
		return nft_refuse(n, FW_IMPORT_AS_PLACE,
				  "the state of a packet is not known before connection tracking");
	return check_changes(n, use, l->key);
}
