// SPDX-License-Identifier: GPL-2.0-only
/* JSON values of nftables as numbers: addresses, names of values, flags. */
#include <arpa/inet.h>

#include "lib/import/nft.h"

/* Words of nft that our rules lack. */
static const struct {
	enum nft_field field;
	struct fw_name name;
} more_names[] = {
	{ NFT_PROTO, { "ip", 0 } },
	{ NFT_PROTO, { "hopopt", 0 } },
	{ NFT_PROTO, { "ipv6-route", 43 } },
	{ NFT_PROTO, { "ipv6-frag", 44 } },
	{ NFT_PROTO, { "ipv6-opts", 60 } },
	{ NFT_PROTO, { "mobility-header", 135 } },
	{ NFT_DSCP, { "df", 0 } },
	{ NFT_DSCP, { "lephb", 1 } },
	{ NFT_PACKET_TYPE, { "host", 0 } },
	{ NFT_PACKET_TYPE, { "unicast", 0 } },
	{ NFT_PACKET_TYPE, { "broadcast", 1 } },
	{ NFT_PACKET_TYPE, { "multicast", 2 } },
	{ NFT_FAMILY, { "ipv4", NFT_V4 } },
	{ NFT_FAMILY, { "ipv6", NFT_V6 } },
	{ NFT_FAMILY, { "ip", NFT_V4 } },
	{ NFT_FAMILY, { "ip6", NFT_V6 } },
};

/* Bits of the kernel for the states of connections, by number of state. */
static const struct fw_name state_bits[] = {
	{ "invalid", 1 }, { "established", 2 }, { "related", 4 }, { "new", 8 }, { "untracked", 64 }, { NULL, 0 },
};

json_t *nft_unwrap(json_t *element)
{
	json_t *wrapped = json_object_get(element, "elem");

	return wrapped ? json_object_get(wrapped, "val") : element;
}

static int refuse_value(struct nft *n, json_t *json)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
	int err = nft_refuse(n, FW_IMPORT_AS_VALUE, "rules cannot express the value %.150s", text ? text : "");

	free(text);
	return err;
}

/* The numbers of an address, in host order. */
static int address(struct nft *n, json_t *json, int family, nft_number *out)
{
	const char *text = json_string_value(json);
	uint8_t bytes[16];

	if (!text || inet_pton(family == NFT_V4 ? AF_INET : AF_INET6, text, bytes) != 1)
		return refuse_value(n, json);
	*out = 0;
	for (unsigned i = 0; i < (family == NFT_V4 ? 4 : 16); i++)
		*out = *out << 8 | bytes[i];
	return 0;
}

static int prefix(struct nft *n, json_t *json, int family, struct nft_range *out)
{
	json_t *len = json_object_get(json, "len");
	json_int_t width = family == NFT_V4 ? 32 : 128, bits = json_integer_value(len);
	nft_number host;
	int err = address(n, json_object_get(json, "addr"), family, &out->lo);

	if (!err && (!json_is_integer(len) || bits < 0 || bits > width))
		err = refuse_value(n, json);
	if (err)
		return err;
	host = bits == 0 ? (width == 32 ? UINT32_MAX : ~(nft_number)0) : ((nft_number)1 << (width - bits)) - 1;
	out->lo &= ~host;
	out->hi = out->lo | host;
	return 0;
}

int nft_read_address(struct nft *n, json_t *json, int family, struct nft_range *out)
{
	json_t *range = json_object_get(json, "range");
	int err;

	if (json_object_get(json, "prefix"))
		return prefix(n, json_object_get(json, "prefix"), family, out);
	err = address(n, range ? json_array_get(range, 0) : json, family, &out->lo);
	out->hi = out->lo;
	if (!err && range)
		err = address(n, json_array_get(range, 1), family, &out->hi);
	if (!err && out->lo > out->hi)
		err = refuse_value(n, json);
	return err;
}

static bool by_name(enum nft_field field, const char *text, nft_number *out)
{
	const struct nft_field_info *f = &nft_field_info[field];
	const struct fw_name *names = f->field < 0 ? NULL : fw_field_names((enum fw_field)f->field, f->v6);

	for (; names && names->name; names++)
		if (!strcmp(names->name, text)) {
			*out = names->value;
			return true;
		}
	if (field == NFT_NEXT_HEADER)
		field = NFT_PROTO;
	for (size_t i = 0; i < sizeof(more_names) / sizeof(*more_names); i++)
		if (more_names[i].field == field && !strcmp(more_names[i].name.name, text)) {
			*out = more_names[i].name.value;
			return true;
		}
	return false;
}

static bool mac(const char *text, nft_number *out)
{
	uint8_t byte[IMPORT_MAC_BYTES];

	if (!import_mac(text, byte))
		return false;
	*out = 0;
	for (unsigned i = 0; i < IMPORT_MAC_BYTES; i++)
		*out = *out << 8 | byte[i];
	return true;
}

int nft_read_number(struct nft *n, enum nft_field field, json_t *json, nft_number *out)
{
	const char *text = json_string_value(json);
	char *end;

	if (json_is_integer(json) && json_integer_value(json) >= 0) {
		*out = (nft_number)json_integer_value(json);
	} else if (text && field == NFT_MAC) {
		if (!mac(text, out))
			return refuse_value(n, json);
	} else if (!text || !by_name(field, text, out)) {
		*out = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 0) : 0;
		if (!text || !(*text >= '0' && *text <= '9') || *end)
			return refuse_value(n, json);
	}
	if (field != NFT_MAC && *out > nft_field_info[field].max)
		return refuse_value(n, json);
	return 0;
}

static bool bit_of(enum nft_field field, const char *text, uint64_t *out)
{
	const struct fw_name *names = field == NFT_STATE ? state_bits : fw_field_names(FW_F_TCP_FLAGS, false);

	for (; names->name; names++)
		if (!strcmp(names->name, text)) {
			*out |= names->value;
			return true;
		}
	return false;
}

int nft_read_bits(struct nft *n, enum nft_field field, json_t *json, uint64_t *out)
{
	json_t *list = json_is_array(json) ? json : json_object_get(json, "|"), *item;
	size_t i;
	int err = 0;

	if (json_is_integer(json)) {
		*out |= (uint64_t)json_integer_value(json);
		return 0;
	}
	if (json_is_string(json))
		return bit_of(field, json_string_value(json), out) ? 0 : refuse_value(n, json);
	if (!json_is_array(list))
		return refuse_value(n, json);
	json_array_foreach(list, i, item)
	{
		err = nft_read_bits(n, field, item, out);
		if (err)
			break;
	}
	return err;
}
