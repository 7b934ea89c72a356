// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer of the packet parser. The first 16 bytes of the input are metadata, the
 * rest is the frame, in an allocation of exactly its size.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fw/field.h"
#include "fw/table/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The head of an input. */
struct head {
	uint8_t hook;
	uint8_t outside; /* bit 0: there is a tag outside the frame, bit 1: there is no Ethernet header */
	uint16_t iface;
	uint16_t vlan_tci; /* without Ethernet header: the ethertype */
	uint16_t hidden;   /* bytes of the frame that cannot be read */
	uint32_t mark;
	uint32_t beyond; /* more of them: only the low 17 bits are used */
};
FW_ASSERT_SIZE(struct head, 16);

#define DEMAND(what)             \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

static void parse(const uint8_t *frame, size_t size, const struct fw_meta *meta, uint8_t fill, struct fw_key *key)
{
	uint8_t *copy = malloc(size ? size : 1);

	DEMAND(copy);
	memcpy(copy, frame, size);
	memset(key, fill, sizeof(*key));
	fw_packet_parse(copy, copy + size, meta, key);
	free(copy);
}

static void check_values(const struct fw_key *key)
{
#define ABSENT(sym, kw, max, ...) (max) + 1ull,
	static const uint64_t absent[] = { FW_FIELDS(ABSENT) };
#undef ABSENT

	for (int i = 0; i < FW_NFIELDS; i++)
		DEMAND(key->f[i] <= absent[i]);
	for (int i = FW_NFIELDS; i < FW_KEY_SLOTS; i++)
		DEMAND(key->f[i] == 0);
	/* The packed flow has no absent value for these. */
	DEMAND(key->f[FW_F_LENGTH] <= 65535 && key->f[FW_F_ETHERTYPE] <= 65535 && key->f[FW_F_HOOK] < FW_NHOOKS);
}

static void check_family(const struct fw_key *key)
{
	switch (key->family) {
	case FW_FAMILY_NONE:
		DEMAND(!key->src.hi && !key->src.lo && !key->dst.hi && !key->dst.lo);
		DEMAND(key->f[FW_F_PROTO] == FW_ABSENT_PROTO && key->f[FW_F_FRAG] == FW_ABSENT_FRAG);
		DEMAND(key->f[FW_F_DSCP] == FW_ABSENT_DSCP && key->reason != FW_R_NONE);
		break;
	case FW_IP4:
		DEMAND(!key->src.lo && !key->dst.lo && !(uint32_t)key->src.hi && !(uint32_t)key->dst.hi);
		DEMAND(key->f[FW_F_ETHERTYPE] == ETH_P_IP && key->f[FW_F_LENGTH] >= 20);
		break;
	case FW_IP6:
		DEMAND(key->f[FW_F_ETHERTYPE] == ETH_P_IPV6 && key->f[FW_F_LENGTH] >= 40);
		break;
	default:
		abort();
	}
	if (key->family != FW_FAMILY_NONE)
		DEMAND(key->f[FW_F_DSCP] <= 63 && key->f[FW_F_FRAG] <= FW_FRAG_LATER);
}

static int has_ports(uint32_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP;
}

/* A packet that rules are searched for has exactly the fields of its protocol; any other frame has none of them. */
static void check_l4(const struct fw_key *key)
{
	uint32_t proto = key->f[FW_F_PROTO], whole = key->reason == FW_R_NONE && key->f[FW_F_FRAG] != FW_FRAG_LATER;
	uint32_t icmp = key->family == FW_IP4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	DEMAND((key->f[FW_F_SPORT] <= 65535) == (whole && has_ports(proto)));
	DEMAND((key->f[FW_F_DPORT] <= 65535) == (whole && has_ports(proto)));
	DEMAND((key->f[FW_F_TCP_FLAGS] <= 255) == (whole && proto == IPPROTO_TCP));
	DEMAND((key->f[FW_F_ICMP_TYPE] <= 255) == (whole && proto == icmp));
	DEMAND((key->f[FW_F_ICMP_CODE] <= 255) == (whole && proto == icmp));
	if (key->reason == FW_R_NONE)
		DEMAND(proto <= 255);
}

/*
 * A packet that is looked up has exactly the fields of its layers. Other frames have none of layers above IP. What the kernel tells
 * of a packet is taken as it is.
 */
static void check_layers(const struct fw_key *key)
{
	bool looked_up = fw_reason_has_rules(key->reason);
	unsigned layers = fw_key_layers(key);

	for (enum fw_field f = 0; f < FW_NFIELDS; f++) {
		const struct fw_field_info *info = &fw_field_info[f];
		unsigned of = fw_field_layer(f);

		if (info->layer != FW_LAYER_FRAME && info->source != FW_SOURCE_KERNEL && looked_up)
			DEMAND((key->f[f] <= info->max) == !!(of & layers));
		if (of & ~FW_LAYERS_IP && !looked_up)
			DEMAND(key->f[f] == info->absent);
	}
}

/* What must be true of a key, by the reason why its packet is not looked up. */
static void check_reason(const struct fw_key *key, const struct fw_meta *meta, size_t size)
{
	size_t head = meta->l3 ? 0 : ETH_HLEN;

	switch (key->reason) {
	case FW_R_NONE:
		DEMAND(size >= head + 20 && key->family != FW_FAMILY_NONE && key->f[FW_F_LENGTH] <= meta->len - head);
		break;
	case FW_R_NON_IP:
	case FW_R_NOT_PARSED:
		DEMAND(key->family == FW_FAMILY_NONE && size >= head);
		DEMAND(key->f[FW_F_ETHERTYPE] != ETH_P_IP && key->f[FW_F_ETHERTYPE] != ETH_P_IPV6);
		break;
	case FW_R_VLAN_DEPTH:
		DEMAND(key->family == FW_FAMILY_NONE && fw_is_vlan(key->f[FW_F_ETHERTYPE]));
		DEMAND(key->f[FW_F_VLAN] <= 4095 && size >= ETH_HLEN + 4);
		break;
	case FW_R_EXT_HEADERS:
		DEMAND(key->family == FW_IP6 && key->f[FW_F_PROTO] == FW_ABSENT_PROTO && size >= head + 40 + 8 * 8);
		break;
	default:
		DEMAND(key->reason == FW_R_MALFORMED);
	}
	if (meta->vlan_present && !meta->l3)
		DEMAND(key->f[FW_F_VLAN] == (meta->vlan_tci & 0xfff));
	DEMAND(key->f[FW_F_HOOK] == meta->hook && key->f[FW_F_IFACE] == meta->iface && key->f[FW_F_MARK] == meta->mark);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_key key, again;
	struct fw_meta meta;
	struct head h;

	if (size < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	data += sizeof(h);
	size -= sizeof(h);
	meta = (struct fw_meta){
		.hook = h.hook % FW_NHOOKS,
		.iface = h.iface > FW_IFACE_OTHER ? FW_ABSENT_IFACE : h.iface,
		.asked = h.iface % 2 ? FW_FIELDS_OF_KERNEL : 0,
		.state = h.hook & 3,
		.mark = h.mark,
		.len = (uint32_t)size + h.hidden + (h.beyond & 0x1ffff),
		.vlan_tci = h.vlan_tci,
		.vlan_present = h.outside & 1,
		.l3 = h.outside >> 1 & 1,
		.ethertype = h.vlan_tci,
	};
	parse(data, size, &meta, 0x00, &key);
	parse(data, size, &meta, 0xff, &again);
	DEMAND(!memcmp(&key, &again, sizeof(key)));
	check_values(&key);
	check_family(&key);
	check_l4(&key);
	check_layers(&key);
	check_reason(&key, &meta, size);
	return 0;
}
