// SPDX-License-Identifier: GPL-2.0-only
/* Packets at random, at the corners of a ruleset's rules. */
#include "tests/unit/random.h"
#include "tests/unit/rows.h"

#include "lib/text/frame.h"

#include <string.h>

#define rnd random_below
#define LENGTH_MAX 1400

static const struct fw_rule *any_rule(const struct fw_ruleset *rs)
{
	return rs->nrules ? rs->rules[rnd((uint32_t)rs->nrules)] : NULL;
}

/* One of the ranges of an expression, those of its sets included; NULL: it has none. */
static const struct fw_addr_range *some_range(const struct fw_ruleset *rs, uint32_t number)
{
	const struct fw_addrs *e = &rs->addrs[number];
	uint32_t pick = rnd(e->nranges + e->nsets + 1);

	if (pick < e->nranges)
		return &e->ranges[pick];
	for (uint32_t i = 0; i < e->nsets; i++) {
		const struct fw_set *set = &rs->sets[e->sets[i]];

		if (set->n)
			return &set->elements[rnd((uint32_t)set->n)];
	}
	return e->nranges ? &e->ranges[0] : NULL;
}

static struct fw_addr addr_inside(const struct fw_addr_range *r)
{
	struct fw_addr mask = { r->lo.hi ^ r->hi.hi, r->lo.lo ^ r->hi.lo };
	struct fw_addr a = { r->lo.hi ^ (random_u64() & mask.hi), r->lo.lo ^ (random_u64() & mask.lo) };

	return fw_addr_cmp(a, r->lo) < 0 || fw_addr_cmp(a, r->hi) > 0 ? r->hi : a;
}

/* The range's first address, its last, one beyond, or one inside. */
static struct fw_addr addr_corner(const struct fw_addr_range *r)
{
	switch (rnd(6)) {
	case 0:
		return r->lo;
	case 1:
		return r->hi;
	case 2:
		return random_step(r->family, r->lo, -1);
	case 3:
		return random_step(r->family, r->hi, 1);
	default:
		return addr_inside(r);
	}
}

static struct fw_addr addr_near(const struct fw_ruleset *rs, uint32_t number, enum fw_family family)
{
	struct fw_addr_range whole = { { 0, 0 }, fw_addr_last(family), .family = family };

	for (int tries = 0; tries < 4; tries++) {
		const struct fw_addr_range *r = some_range(rs, number);

		if (r && r->family == family)
			return addr_corner(r);
		number = rnd((uint32_t)rs->naddrs);
	}
	return addr_corner(&whole);
}

static uint32_t value_corner(const struct fw_match *m)
{
	struct fw_range r = m->r[rnd(m->n)];
	uint32_t max = fw_field_info[m->field].max;

	if (fw_field_is_flags(m->field))
		return rnd(3) ? r.hi | (rnd(max + 1) & ~r.lo) : rnd(max + 1);
	switch (rnd(5)) {
	case 0:
		return r.lo;
	case 1:
		return r.hi;
	case 2:
		return r.lo ? r.lo - 1 : r.hi;
	case 3:
		return r.hi < max ? r.hi + 1 : r.lo;
	default:
		return r.lo + (uint32_t)(random_u64() % ((uint64_t)r.hi - r.lo + 1));
	}
}

static uint32_t value_of(const struct fw_ruleset *rs, const struct fw_rule *rule, enum fw_field field)
{
	const struct fw_match *m = rule ? fw_rule_match(rule, field) : NULL;

	for (int tries = 0; !m && rule && tries < 3; tries++)
		m = fw_rule_match(any_rule(rs), field);
	if (m && rnd(16))
		return value_corner(m);
	return rnd(2) ? rnd(4) : (uint32_t)(random_u64() % ((uint64_t)fw_field_info[field].max + 1));
}

/* Takes out what no packet of this protocol has. */
static void key_restrict(struct fw_key *key)
{
	unsigned layers = fw_key_layers(key);

	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (!(fw_field_layer(f) & layers) || !fw_field_in_family(f, key->family))
			key->f[f] = fw_field_info[f].absent;
}

static void key_ip(const struct fw_ruleset *rs, const struct fw_rule *rule, struct fw_key *key)
{
	static const uint8_t protocols[] = { 6, 17, 1, 58, 132, 47 };

	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (fw_field_info[f].layer != FW_LAYER_FRAME && !(FW_FIELDS_OF_KERNEL & FW_FIELD_BIT(f)))
			key->f[f] = value_of(rs, rule, f);
	if (!rnd(4) || !rule || !fw_rule_match(rule, FW_F_PROTO))
		key->f[FW_F_PROTO] = protocols[rnd(ROWS(protocols))];
	key->f[FW_F_FRAG] = rnd(4) ? FW_FRAG_NO : rnd(3);
	key->f[FW_F_ETHERTYPE] = key->family == FW_IP4 ? ETH_P_IP : ETH_P_IPV6;
	key->src = addr_near(rs, rule ? rule->src : FW_ANY, key->family);
	key->dst = addr_near(rs, rule ? rule->dst : FW_ANY, key->family);
	if (rnd(8))
		key_restrict(key);
}

static uint32_t some_type(uint32_t reason)
{
	static const uint16_t not_parsed[] = { ETH_P_MPLS_UC, ETH_P_8021AH, ETH_P_PPP_SES };

	return reason == FW_R_NON_IP ? ETH_P_ARP : not_parsed[rnd(ROWS(not_parsed))];
}

/* The family that the rule's addresses ask for. */
static enum fw_family family_of(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	const struct fw_addr_range *r = rule ? some_range(rs, rnd(2) ? rule->src : rule->dst) : NULL;

	if (!rnd(12) || (rule && fw_rule_names_non_ip(rule) && rnd(2)))
		return FW_FAMILY_NONE;
	return r && rnd(8) ? r->family : rnd(2) ? FW_IP4 : FW_IP6;
}

static uint32_t some_iface(const struct fw_ruleset *rs)
{
	return rs->nifaces && rnd(4) ? rnd((uint32_t)rs->nifaces) : FW_IFACE_OTHER;
}

/* What the packet's hook knows from the kernel, and nothing else. */
static void key_kernel(const struct fw_ruleset *rs, const struct fw_rule *rule, struct fw_key *key)
{
	enum fw_hook hook = (enum fw_hook)key->f[FW_F_HOOK];
	uint32_t *f = key->f;

	if (hook == FW_IN || hook == FW_INPUT)
		f[FW_F_FROM_IF] = f[FW_F_IFACE];
	if (hook == FW_OUT || hook == FW_OUTPUT)
		f[FW_F_TO_IF] = f[FW_F_IFACE];
	if (hook == FW_FORWARD) {
		f[FW_F_IFACE] = FW_ABSENT_IFACE;
		f[FW_F_TO_IF] = some_iface(rs);
	}
	if (hook == FW_FORWARD || (hook == FW_OUT && rnd(2)))
		f[FW_F_FROM_IF] = some_iface(rs);
	if (key->family == FW_FAMILY_NONE)
		return;
	if (hook != FW_IN ||
	    (f[FW_F_FRAG] != FW_FRAG_LATER && fw_state_at_in(key->family, f[FW_F_PROTO], f[FW_F_ICMP_TYPE])))
		f[FW_F_STATE] = value_of(rs, rule, FW_F_STATE) % (fw_field_info[FW_F_STATE].max + 1);
	if (hook == FW_OUTPUT && rnd(8)) {
		f[FW_F_UID] = value_of(rs, rule, FW_F_UID);
		f[FW_F_GID] = value_of(rs, rule, FW_F_GID);
	}
}

static uint32_t some_mark(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	uint32_t mark = 0;

	if (rnd(2))
		return rnd(2) ? 0 : value_of(rs, rule, FW_F_MARK);
	for (unsigned b = 0; b < FW_MARK_BYTES; b++)
		mark |= value_of(rs, rule, (enum fw_field)(FW_F_MARK_0 + b)) << 8 * b;
	return mark;
}

void random_key(const struct fw_ruleset *rs, struct fw_key *key)
{
	const struct fw_rule *rule = any_rule(rs);

	fw_key_clear(key);
	key->family = family_of(rs, rule);
	key->reason = key->family == FW_FAMILY_NONE ? FW_R_NON_IP : FW_R_NONE;
	key->f[FW_F_HOOK] = value_of(rs, rule, FW_F_HOOK) % (key->family == FW_FAMILY_NONE ? FW_INPUT : FW_NHOOKS);
	key->f[FW_F_LENGTH] = value_of(rs, rule, FW_F_LENGTH);
	key->f[FW_F_MARK] = some_mark(rs, rule);
	for (unsigned b = 0; b < FW_MARK_BYTES; b++)
		key->f[FW_F_MARK_0 + b] = key->f[FW_F_MARK] >> 8 * b & 255;
	if (rnd(2) && key->f[FW_F_HOOK] <= FW_OUT)
		key->f[FW_F_VLAN] = value_of(rs, rule, FW_F_VLAN);
	if (rnd(16))
		key->f[FW_F_IFACE] = some_iface(rs);
	for (enum fw_field f = FW_F_MAC_HIGH; f <= FW_F_MAC_LOW; f++)
		if (fw_field_hooks(f) >> key->f[FW_F_HOOK] & 1)
			key->f[f] = rnd(2) ? fw_field_info[f].usual[0] : value_of(rs, rule, f);
	if (fw_field_hooks(FW_F_PACKET_TYPE) >> key->f[FW_F_HOOK] & 1)
		key->f[FW_F_PACKET_TYPE] =
			value_of(rs, rule, FW_F_PACKET_TYPE) % (fw_field_info[FW_F_PACKET_TYPE].max + 1);
	if (key->family != FW_FAMILY_NONE) {
		key_ip(rs, rule, key);
		key_kernel(rs, rule, key);
		return;
	}
	key_kernel(rs, rule, key);
	if (!rnd(3))
		key->reason = FW_R_NOT_PARSED;
	do
		key->f[FW_F_ETHERTYPE] = rnd(3) ? value_of(rs, rule, FW_F_ETHERTYPE) : some_type(key->reason);
	while (key->f[FW_F_ETHERTYPE] == ETH_P_IP || key->f[FW_F_ETHERTYPE] == ETH_P_IPV6);
}

/* An IP packet of at least the bytes that its headers take. */
static void build_ip(const struct fw_key *key, struct fw_frame *f)
{
	struct fw_packet p = { .src = key->src, .dst = key->dst, .family = key->family };
	uint32_t least;

	p.pppoe = key->f[FW_F_HOOK] <= FW_OUT && !rnd(12);
	for (int i = 0; i < FW_NFIELDS; i++)
		p.f[i] = key->f[i] <= fw_field_info[i].max ? key->f[i] : fw_field_info[i].usual[key->family == FW_IP6];
	least = fw_packet_bytes(&p);
	if (p.f[FW_F_LENGTH] < least)
		p.f[FW_F_LENGTH] = least;
	if (p.f[FW_F_LENGTH] > LENGTH_MAX)
		p.f[FW_F_LENGTH] = LENGTH_MAX;
	fw_packet_build(&p, f);
}

static void build_other(const struct fw_key *key, struct fw_frame *f)
{
	uint32_t at = 2 * ETH_ALEN, type = key->f[FW_F_ETHERTYPE], vlan = key->f[FW_F_VLAN];

	memset(f, 0, sizeof(*f));
	if (vlan != FW_ABSENT_VLAN) {
		uint8_t tag[] = { ETH_P_8021Q >> 8, ETH_P_8021Q & 255, (uint8_t)(vlan >> 8), (uint8_t)vlan };

		memcpy(f->data + at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	f->data[at++] = (uint8_t)(type >> 8);
	f->data[at++] = (uint8_t)type;
	f->len = at + (key->f[FW_F_LENGTH] < LENGTH_MAX ? key->f[FW_F_LENGTH] : LENGTH_MAX);
}

/* Puts a service tag in front. */
static void add_tag(struct fw_frame *f)
{
	uint8_t *at = f->data + 2 * ETH_ALEN, tag[] = { ETH_P_8021AD >> 8, ETH_P_8021AD & 255, 0, (uint8_t)rnd(8) };

	memmove(at + sizeof(tag), at, f->len - 2 * ETH_ALEN);
	memcpy(at, tag, sizeof(tag));
	f->len += sizeof(tag);
}

/* @wire: frames of any kind come there; elsewhere only what is meant for IP. */
static void damage(struct fw_frame *f, bool wire)
{
	uint32_t from = wire ? 2 * ETH_ALEN : ETH_HLEN, bytes = f->len - from < 80 ? f->len - from : 80;

	if (wire && !rnd(16))
		add_tag(f);
	if (bytes && !rnd(16))
		f->data[from + rnd(bytes)] ^= (uint8_t)(1 << rnd(8));
	if (!rnd(16))
		f->len = ETH_HLEN + rnd(f->len - ETH_HLEN + 1);
}

void random_frame(const struct fw_ruleset *rs, struct random_frame *out)
{
	struct fw_frame f;
	struct fw_key key;

	random_key(rs, &key);
	if (key.family == FW_FAMILY_NONE)
		build_other(&key, &f);
	else
		build_ip(&key, &f);
	damage(&f, key.f[FW_F_HOOK] <= FW_OUT);
	memcpy(out->bytes, f.data, f.len);
	out->meta = (struct fw_meta){ .hook = key.f[FW_F_HOOK],
				      .iface = key.f[FW_F_IFACE],
				      .mark = key.f[FW_F_MARK],
				      .state = key.f[FW_F_STATE],
				      .from_if = key.f[FW_F_FROM_IF],
				      .to_if = key.f[FW_F_TO_IF],
				      .uid = key.f[FW_F_UID],
				      .gid = key.f[FW_F_GID],
				      .len = f.len };
	for (int i = 0; i < FW_NFIELDS; i++)
		if (FW_FIELDS_OF_KERNEL & FW_FIELD_BIT(i) && key.f[i] <= fw_field_info[i].max)
			out->meta.asked |= FW_FIELD_BIT(i);
}

void random_frame_plain(struct random_frame *f)
{
	struct fw_frame frame = { .hook = f->meta.hook, .mark = f->meta.mark, .wire_len = f->meta.len };

	f->meta = fw_frame_meta(&frame, fw_frame_number, NULL);
}

void random_l3(struct random_frame *f)
{
	uint32_t type = fw_ntohs(fw_load16(f->bytes + 2 * ETH_ALEN));

	f->meta.l3 = 1;
	f->meta.len -= ETH_HLEN;
	f->meta.ethertype = rnd(4) ? type : 0;
	memmove(f->bytes, f->bytes + ETH_HLEN, f->meta.len);
}
