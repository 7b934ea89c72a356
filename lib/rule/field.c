// SPDX-License-Identifier: GPL-2.0-only
/* The rows of FW_FIELDS as structs, and which protocols have which layers of fields. */
#include "fw/field.h"

#include "lib/rule/field_names.h"

#include <netinet/in.h>

const struct fw_field_info fw_field_info[FW_NFIELDS] = {
#define FIELD_INFO(sym, kw, largest, there, of, from, word, at, ...) \
	[FW_F_##sym] = { .keyword = (kw),                            \
			 .max = (largest),                           \
			 .absent = (uint32_t)((largest) + 1u),       \
			 .presence = FW_##there,                     \
			 .layer = FW_LAYER_##of,                     \
			 .source = FW_SOURCE_##from,                 \
			 .place = (at),                              \
			 __VA_ARGS__ },
	FW_FIELDS(FIELD_INFO)
#undef FIELD_INFO
#define KEYWORD6(sym, keyword) [FW_F_##sym].keyword6 = (keyword),
		FW_FIELD_WORDS6(KEYWORD6)
#undef KEYWORD6
};

/* Two fields with the same place do not compile, since one of them would never be printed. */
static __attribute__((unused)) void places_differ(unsigned place)
{
	switch (place) {
#define PLACE(sym, kw, max, presence, layer, source, word, place, ...) case place:
		FW_FIELDS(PLACE)
#undef PLACE
	case FW_PLACE_ADDRESSES:
		return;
	}
}

/* Protocols whose packets have more fields than those of IP. */
static const struct {
	uint8_t proto;
	uint8_t family; /* FW_FAMILY_NONE: either */
	uint8_t layers;
} protos[] = {
	{ IPPROTO_TCP, FW_FAMILY_NONE, 1u << FW_LAYER_PORTS | 1u << FW_LAYER_TCP },
	{ IPPROTO_UDP, FW_FAMILY_NONE, 1u << FW_LAYER_PORTS },
	{ IPPROTO_DCCP, FW_FAMILY_NONE, 1u << FW_LAYER_PORTS },
	{ IPPROTO_SCTP, FW_FAMILY_NONE, 1u << FW_LAYER_PORTS },
	{ IPPROTO_UDPLITE, FW_FAMILY_NONE, 1u << FW_LAYER_PORTS },
	{ IPPROTO_ICMP, FW_IP4, 1u << FW_LAYER_ICMP },
	{ IPPROTO_ICMPV6, FW_IP6, 1u << FW_LAYER_ICMP },
};

unsigned fw_proto_layers(uint32_t proto, enum fw_family family)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (protos[i].proto == proto && (!family || !protos[i].family || protos[i].family == family))
			return FW_LAYERS_IP | protos[i].layers;
	return FW_LAYERS_IP;
}

unsigned fw_key_layers(const struct fw_key *key)
{
	if (key->family == FW_FAMILY_NONE)
		return FW_LAYERS_FRAME;
	if (key->f[FW_F_FRAG] == FW_FRAG_LATER)
		return FW_LAYERS_IP;
	return fw_proto_layers(key->f[FW_F_PROTO], (enum fw_family)key->family);
}

const char *fw_field_word(enum fw_field field, bool v6)
{
	const struct fw_field_info *info = &fw_field_info[field];

	return v6 && info->keyword6 ? info->keyword6 : info->keyword;
}

const struct fw_name *fw_field_names(enum fw_field field, bool v6)
{
	const struct fw_field_info *info = &fw_field_info[field];

	return v6 && info->names[1] ? info->names[1] : info->names[0];
}

const char *fw_hook_name(enum fw_hook hook)
{
	return fw_hook_names[hook].name;
}

const char *fw_field_value_name(enum fw_field field, bool v6, uint32_t value)
{
	if (fw_field_info[field].names_read_only)
		return NULL;
	for (const struct fw_name *n = fw_field_names(field, v6); n && n->name; n++)
		if (n->value == value)
			return n->name;
	return NULL;
}
