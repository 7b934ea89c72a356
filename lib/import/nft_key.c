// SPDX-License-Identifier: GPL-2.0-only
/* The expressions of nftables that our rules have fields for. */
#include "lib/import/nft_key.h"

/* clang-format off */
static const struct nft_key keys[] = {
	{ "ip saddr", NFT_FROM, NFT_V4, -1 },           { "ip daddr", NFT_TO, NFT_V4, -1 },
	{ "ip6 saddr", NFT_FROM, NFT_V6, -1 },          { "ip6 daddr", NFT_TO, NFT_V6, -1 },
	{ "ip protocol", NFT_PROTO, NFT_V4, -1 },       { "meta l4proto", NFT_PROTO, -1, -1 },
	{ "ip6 nexthdr", NFT_NEXT_HEADER, NFT_V6, -1 },
	{ "ip version", NFT_FAMILY, NFT_V4, -1 },
	{ "ip6 version", NFT_FAMILY, NFT_V6, -1 },
	{ "ip ttl", NFT_TTL, NFT_V4, -1 },              { "ip6 hoplimit", NFT_TTL, NFT_V6, -1 },
	{ "ip dscp", NFT_DSCP, NFT_V4, -1 },            { "ip6 dscp", NFT_DSCP, NFT_V6, -1 },
	{ "ip frag-off", NFT_FRAG, NFT_V4, -1 },
	{ "tcp sport", NFT_SPORT, -1, 6 },              { "tcp dport", NFT_DPORT, -1, 6 },
	{ "udp sport", NFT_SPORT, -1, 17 },             { "udp dport", NFT_DPORT, -1, 17 },
	{ "sctp sport", NFT_SPORT, -1, 132 },           { "sctp dport", NFT_DPORT, -1, 132 },
	{ "dccp sport", NFT_SPORT, -1, 33 },            { "dccp dport", NFT_DPORT, -1, 33 },
	{ "udplite sport", NFT_SPORT, -1, 136 },        { "udplite dport", NFT_DPORT, -1, 136 },
	{ "th sport", NFT_SPORT, -1, -1 },              { "th dport", NFT_DPORT, -1, -1 },
	{ "tcp flags", NFT_FLAGS, -1, 6 },
	{ "icmp type", NFT_ICMP_TYPE, NFT_V4, 1 },      { "icmp code", NFT_ICMP_CODE, NFT_V4, 1 },
	{ "icmpv6 type", NFT_ICMP6_TYPE, NFT_V6, 58 },  { "icmpv6 code", NFT_ICMP6_CODE, NFT_V6, 58 },
	{ "ether saddr", NFT_MAC, -1, -1 },             { "vlan id", NFT_VLAN, -1, -1 },
	{ "meta iif", NFT_FROM_IF, -1, -1 },            { "meta iifname", NFT_FROM_IF, -1, -1 },
	{ "meta oif", NFT_TO_IF, -1, -1 },              { "meta oifname", NFT_TO_IF, -1, -1 },
	{ "meta nfproto", NFT_FAMILY, -1, -1 },         { "meta protocol", NFT_FAMILY, -1, -1 },
	{ "meta pkttype", NFT_PACKET_TYPE, -1, -1 },    { "meta length", NFT_LENGTH, -1, -1 },
	{ "meta mark", NFT_MARK, -1, -1 },              { "meta skuid", NFT_UID, -1, -1 },
	{ "meta skgid", NFT_GID, -1, -1 },              { "ct state", NFT_STATE, -1, -1 },
	{ "fib saddr type", NFT_FROM, -1, -1 },         { "fib daddr type", NFT_TO, -1, -1 },
	{ "exthdr rt type", NFT_RT_TYPE, NFT_V6, -1 },
	{ "tcp option maxseg size", NFT_MSS, -1, 6 },
	{ "tcp option maxseg", NFT_TCP_OPTION, -1, 6 },
	{ "tcp option window", NFT_TCP_OPTION, -1, 6 },
	{ "tcp option sack-perm", NFT_TCP_OPTION, -1, 6 },
	{ "tcp option sack", NFT_TCP_OPTION, -1, 6 },
	{ "tcp option timestamp", NFT_TCP_OPTION, -1, 6 },
	{ "ip option lsrr", NFT_IP_OPTION, NFT_V4, -1 },
	{ "ip option rr", NFT_IP_OPTION, NFT_V4, -1 },
	{ "ip option ssrr", NFT_IP_OPTION, NFT_V4, -1 },
	{ "ip option ra", NFT_IP_OPTION, NFT_V4, -1 },
};
/* clang-format on */

/* Options that a packet may have, as nft and our rules call them. */
static const struct {
	const char *text, *word;
} options[] = {
	{ "tcp option maxseg", "mss" },
	{ "tcp option window", "window" },
	{ "tcp option sack-perm", "sack-permitted" },
	{ "tcp option sack", "sack" },
	{ "tcp option timestamp", "timestamp" },
	{ "ip option lsrr", "lsrr" },
	{ "ip option rr", "rr" },
	{ "ip option ssrr", "ssrr" },
	{ "ip option ra", "router-alert" },
};

static const char *text_of(json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}

/* The expression in the words of nft, or as JSON if it is of another kind. */
static void name_expression(json_t *left, char *out, size_t size)
{
	const char *kind = json_object_iter_key(json_object_iter(left)), *field;
	json_t *v = kind ? json_object_get(left, kind) : NULL;

	snprintf(out, size, "%s", kind ? kind : "a comparison");
	if (!v)
		return;
	field = text_of(v, "field");
	if (!strcmp(kind, "payload"))
		snprintf(out, size, "%s %s", *text_of(v, "protocol") ? text_of(v, "protocol") : "raw payload", field);
	else if (!strcmp(kind, "meta") || !strcmp(kind, "ct") || !strcmp(kind, "rt") || !strcmp(kind, "socket"))
		snprintf(out, size, "%s%s%s %s", kind, *text_of(v, "dir") ? " " : "", text_of(v, "dir"),
			 text_of(v, "key"));
	else if (!strcmp(kind, "exthdr") || !strcmp(kind, "tcp option") || !strcmp(kind, "ip option"))
		snprintf(out, size, "%s %s%s%s", kind, text_of(v, "name"), *field ? " " : "", field);
	else if (!strcmp(kind, "fib"))
		snprintf(out, size, "fib%s", text_of(v, "result"));
}

/* fib {saddr,daddr} type, without the interfaces and the mark. */
static void name_fib(json_t *fib, char *out, size_t size)
{
	json_t *flags = json_object_get(fib, "flags"), *flag;
	size_t i, used = (size_t)snprintf(out, size, "fib");

	if (json_is_string(flags))
		used += (size_t)snprintf(out + used, size - used, " %s", json_string_value(flags));
	json_array_foreach(flags, i, flag) if (used < size) used += (size_t)snprintf(
		out + used, size - used, "%s%s", i ? " . " : " ", json_is_string(flag) ? json_string_value(flag) : "");
	if (used < size)
		snprintf(out + used, size - used, " %s", text_of(fib, "result"));
}

static const struct nft_key *key_of(const char *text)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(keys[i].text, text))
			return &keys[i];
	return NULL;
}

static int find_key(struct nft *n, json_t *left, struct nft_left *out)
{
	char text[160];

	if (json_object_get(left, "fib"))
		name_fib(json_object_get(left, "fib"), text, sizeof(text));
	else
		name_expression(left, text, sizeof(text));
	out->key = key_of(text);
	return out->key ? 0 : nft_refuse(n, FW_IMPORT_AS_MATCH, "rules do not match on '%s'", text);
}

uint32_t nft_changes(json_t *expression)
{
	json_t *payload = json_object_get(expression, "payload");
	const struct nft_key *key;
	char text[160];

	if (payload && !json_object_get(payload, "protocol"))
		return UINT32_MAX;
	name_expression(expression, text, sizeof(text));
	key = key_of(text);
	return key ? NFT_BITS(key->field) : 0;
}

int nft_read_left(struct nft *n, json_t *left, struct nft_left *out)
{
	json_t *and = json_object_get(left, "&"), *a = json_array_get(and, 0), *b = json_array_get(and, 1);
	bool first;

	*out = (struct nft_left){ 0 };
	if (!and)
		return find_key(n, left, out);
	first = json_is_object(a) && !json_object_get(a, "|");
	out->masked = true;
	if (find_key(n, first ? a : b, out))
		return -EINVAL;
	return nft_read_bits(n, out->key->field, first ? b : a, &out->mask);
}

const char *nft_option(const struct nft_key *key)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!strcmp(options[i].text, key->text))
			return options[i].word;
	return NULL;
}
