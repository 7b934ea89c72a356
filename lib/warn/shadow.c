// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that can never decide, because a rule that precedes them matches everything that they match. The tables find the one
 * in question: a packet that the rule matches is looked up. Whichever rule decides on it either is the rule itself, which then
 * can decide, or is checked for covering the rule. So a million rules take a million lookups; what is found is certain, and
 * what several rules cover only together is not found.
 *
 *	rule 10 in from 10.0.0.0/8 drop
 *	rule 20 in proto tcp dport 22 accept
 *	rule 30 in from 10.1.0.0/16 proto udp accept    10.1.0.0 udp: rule 10 decides, and covers rule 30
 *
 * That is so within the main list. Which packets get to a chain depends on its callers, but whatever gets to a rule of it was
 * asked for the rules of the chain that precede: a rule is compared with those near it, and with wide ones.
 */
#include "fw/warn.h"

#include <linux/if_ether.h>

#define NEAR 1024 /* ranges that are looked at for one address */
#define TRIES 8   /* packets that are tried for one rule */
#define BACK 128  /* rules of a chain that one is compared with */

#define TCP 6
#define PORT 50000 /* that few rules name */

/* Sets a field to a value that the rule accepts, or to @otherwise if it does not name the field. */
static void set(struct fw_key *k, const struct fw_rule *r, enum fw_field field, uint32_t otherwise)
{
	const struct fw_match *m = fw_rule_match(r, field);

	k->f[field] = !m ? otherwise : !m->negated ? m->r[0].hi : m->r[0].lo ? m->r[0].lo - 1 : m->r[m->n - 1].hi + 1;
}

/* One range that the expression names; NULL: it names none. */
static const struct fw_addr_range *named(const struct fw_ruleset *rs, uint32_t number)
{
	const struct fw_addrs *a = &rs->addrs[number];

	if (a->nranges)
		return &a->ranges[0];
	for (uint32_t i = 0; i < a->nsets; i++)
		if (rs->sets[a->sets[i]].n)
			return &rs->sets[a->sets[i]].elements[0];
	return NULL;
}

static const struct fw_addr_range *inside(const struct fw_ruleset *rs, uint32_t number)
{
	return rs->addrs[number].negated ? NULL : named(rs, number);
}

static struct fw_addr address(const struct fw_addr_range *r, uint32_t family)
{
	if (r && r->family == family)
		return r->lo;
	return family == FW_IP4 ? (struct fw_addr){ 0xc612370700000000ull, 0 } :
				  (struct fw_addr){ 0x2001000200000000ull, 7 };
}

static uint32_t family_of(const struct fw_rule *r, const struct fw_addr_range *src, const struct fw_addr_range *dst)
{
	const struct fw_match *ether = fw_rule_match(r, FW_F_ETHERTYPE), *proto = fw_rule_match(r, FW_F_PROTO);

	if (src || dst)
		return src ? src->family : dst->family;
	if (ether && !ether->negated)
		return ether->r[0].lo == 0x86dd ? FW_IP6 : ether->r[0].lo == 0x800 ? FW_IP4 : FW_FAMILY_NONE;
	return proto && !proto->negated && proto->r[0].lo == 58 ? FW_IP6 : FW_IP4;
}

/* What other rules hardly name; 0: what is usual. */
static const uint32_t rare[FW_NFIELDS] = {
	[FW_F_IFACE] = FW_IFACE_OTHER, [FW_F_PROTO] = TCP,      [FW_F_SPORT] = PORT,          [FW_F_DPORT] = PORT + 1,
	[FW_F_ICMP_TYPE] = 200,        [FW_F_TCP_FLAGS] = 0x10, [FW_F_VLAN] = FW_ABSENT_VLAN, [FW_F_LENGTH] = 100,
};

static void set_fields(struct fw_key *k, const struct fw_rule *r, unsigned layers)
{
	unsigned has = fw_key_layers(k);

	for (enum fw_field f = 0; f < FW_NFIELDS; f++) {
		const struct fw_field_info *info = &fw_field_info[f];
		uint32_t otherwise = rare[f] ? rare[f] : info->usual[k->family == FW_IP6];

		if (fw_field_layer(f) & layers)
			set(k, r, f, fw_field_layer(f) & has ? otherwise : info->absent);
	}
}

/* A packet that the rule matches, mostly; in fields that it does not name, it has values that few rules name. */
static void packet_of(const struct fw_ruleset *rs, const struct fw_rule *r, struct fw_key *k)
{
	const struct fw_addr_range *src = inside(rs, r->src), *dst = inside(rs, r->dst);
	uint32_t family = family_of(r, src, dst);
	bool ip = family != FW_FAMILY_NONE;

	*k = (struct fw_key){ .family = family, .reason = ip ? FW_R_NONE : FW_R_NON_IP };
	if (ip) {
		k->src = address(src, family);
		k->dst = address(dst, family);
	}
	set_fields(k, r, FW_LAYERS_IP);
	if (!fw_rule_match(r, FW_F_ETHERTYPE))
		k->f[FW_F_ETHERTYPE] = family == FW_IP6 ? ETH_P_IPV6 : ETH_P_IP;
	set_fields(k, r, ~FW_LAYERS_IP);
}

static bool in_ranges(const struct fw_addr_range *r, size_t n, struct fw_addr a, uint32_t family)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].family == family && fw_addr_cmp(r[i].lo, a) <= 0 && fw_addr_cmp(a, r[i].hi) <= 0)
			return true;
	return false;
}

/* Does the expression hold the address? A guess that takes little time: looks only at elements near it. */
static bool holds(const struct fw_ruleset *rs, uint32_t number, struct fw_addr a, uint32_t family)
{
	const struct fw_addrs *e = &rs->addrs[number];
	const struct fw_addr_range at = { a, a, .family = (uint8_t)family };
	bool found = in_ranges(e->ranges, e->nranges < NEAR ? e->nranges : NEAR, a, family);

	for (uint32_t i = 0; i < e->nsets && !found; i++) {
		const struct fw_set *s = &rs->sets[e->sets[i]];
		size_t first, end;

		fw_set_near(s, &at, &first, &end);
		first = end - first > NEAR ? end - NEAR : first;
		found = in_ranges(s->elements + first, end - first, a, family);
	}
	return number == FW_ANY || found != e->negated;
}

/* Another address that @in holds and @out does not, at an end of a range that either names. */
static bool escape_address(const struct fw_ruleset *rs, uint32_t in, uint32_t out, uint32_t family, struct fw_addr *a)
{
	const struct fw_addr_range *ends[] = { named(rs, in), named(rs, out) };

	for (size_t i = 0; i < 2; i++) {
		const struct fw_addr_range *r = ends[i];

		if (!r || r->family != family)
			continue;

		/* At the ends of a family these wrap around, and are tried all the same. */
		struct fw_addr tries[] = { r->lo, r->hi, fw_addr_prev((enum fw_family)family, r->lo),
					   fw_addr_next((enum fw_family)family, r->hi) };

		for (size_t k = 0; k < 4; k++)
			if (holds(rs, in, tries[k], family) && !holds(rs, out, tries[k], family)) {
				*a = tries[k];
				return true;
			}
	}
	return false;
}

/* Another value that @in accepts (NULL: any) and @out does not. */
static bool escape_value(const struct fw_match *in, const struct fw_match *out, uint32_t *value)
{
	const struct fw_match *ends[] = { in, out };
	uint32_t absent = fw_field_info[out->field].absent;

	for (size_t i = in ? 0 : 1; i < 2; i++) {
		const struct fw_match *m = ends[i];
		uint32_t tries[] = { m->r[0].lo, m->r[m->n - 1].hi, m->r[0].lo - 1, m->r[m->n - 1].hi + 1 };

		for (size_t k = 0; k < 4; k++)
			if (tries[k] < absent && (!in || fw_match_has(in, tries[k])) && !fw_match_has(out, tries[k])) {
				*value = tries[k];
				return true;
			}
	}
	return false;
}

/* Changes the packet of @r so that @decides does not match it. false: no easy way was found. */
static bool escape(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule *decides,
		   struct fw_key *k)
{
	if (k->family != FW_FAMILY_NONE && (escape_address(rs, r->src, decides->src, k->family, &k->src) ||
					    escape_address(rs, r->dst, decides->dst, k->family, &k->dst)))
		return true;
	for (unsigned i = 0; i < decides->nmatches; i++) {
		const struct fw_match *m = decides->matches[i];

		if (escape_value(fw_rule_match(r, (enum fw_field)m->field), m, &k->f[m->field]))
			return true;
	}
	return false;
}

/* Rules with conditions cover nothing: a packet may go on after them. */
static bool never(void *ctx, const struct fw_key *key, const struct fw_action *a, uint32_t slot)
{
	(void)ctx, (void)key, (void)a, (void)slot;
	return false;
}

/* Does no packet that matches the rule come to later rules of its chain, whatever the time? Not after `return` and `goto` either. */
static bool leaves(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	const struct fw_action *a = fw_rule_action(rs, r);

	return !fw_action_asks(a) &&
	       (fw_verdict_is(a->verdict, FW_TERMINAL) || a->verdict == FW_GOTO || a->verdict == FW_RETURN);
}

/* The nearest of the rules of the same chain that precede @r and shadow it. */
static const struct fw_rule *shadow_in_chain(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	const struct fw_rule *by = r->prev;

	for (unsigned i = 0; i < BACK && by && by->chain == r->chain; i++, by = by->prev)
		if (leaves(rs, by) && fw_rule_covers(rs, by, r))
			return by;
	return NULL;
}

static const struct fw_rule *shadow(struct fw_classifier *c, const struct fw_ruleset *rs, const struct fw_rule *r)
{
	struct fw_key key;

	packet_of(rs, r, &key);
	for (unsigned tries = 0; tries < TRIES; tries++) {
		struct fw_result got = fw_classifier_result(c, &key);
		const struct fw_rule *decides = got.reason == FW_R_NONE ? fw_ruleset_by_slot(rs, got.slot) : NULL;

		if (!decides || (decides->chain == FW_MAIN && decides->rank >= r->rank))
			return NULL;
		if (decides->chain == FW_MAIN && fw_rule_covers(rs, decides, r))
			return decides;
		if (!escape(rs, r, decides, &key))
			return NULL;
	}
	return NULL;
}

const struct fw_rule *fw_rule_shadow(struct fw_classifier *c, const struct fw_ruleset *rs, const struct fw_rule *r)
{
	const struct fw_rule *by;

	if (r->chain != FW_MAIN)
		return shadow_in_chain(rs, r);
	fw_classifier_conditions(c, never, NULL);
	by = shadow(c, rs, r);
	fw_classifier_conditions(c, NULL, NULL);
	return by;
}

void fw_warn_shadowed(const char *file, const struct fw_rule *r, const struct fw_rule *by, const struct fw_ruleset *rs,
		      struct fw_diags *out)
{
	const struct fw_place at = { .file = file, .line = file ? r->line : 0 };
	char line[32] = "", hint[64], name[FW_RULE_LABEL], other[FW_RULE_LABEL];
	bool same;

	if (out->n == FW_MAX_DIAGS) { /* only counted */
		out->total++;
		return;
	}
	same = fw_rule_covers(rs, r, by);
	if (by->line && file)
		snprintf(line, sizeof(line), " in line %u", by->line);
	if (r->action == by->action && r->target == by->target)
		snprintf(hint, sizeof(hint), "it can go");
	else
		snprintf(hint, sizeof(hint), "if it is an exception, put it in front of rule %llu",
			 (unsigned long long)by->id);
	fw_diag_add(out, at, hint, "rule %s is %s: rule %s%s matches all of its packets first",
		    fw_rule_label(r, name, sizeof(name)), same ? "a duplicate" : "shadowed",
		    fw_rule_label(by, other, sizeof(other)), line);
}

/* Rules of one chain for everything, or for everything on one hook: they are few, and often precede others by mistake. */
struct wide {
	uint16_t chain;
	const struct fw_rule *rule[FW_NHOOKS + 1];
	unsigned n;
};

static bool is_wide(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return leaves(rs, r) && r->src == FW_ANY && r->dst == FW_ANY &&
	       (!r->nmatches || (r->nmatches == 1 && fw_rule_match(r, FW_F_HOOK)));
}

/* One of them that covers @r; NULL: none does, and @r is added if it is one. */
static const struct fw_rule *by_wide(struct wide *w, const struct fw_ruleset *rs, const struct fw_rule *r)
{
	if (w->chain != r->chain)
		*w = (struct wide){ .chain = r->chain };
	for (unsigned i = 0; i < w->n; i++)
		if (fw_rule_covers(rs, w->rule[i], r))
			return w->rule[i];
	if (w->n < FW_NHOOKS + 1 && is_wide(rs, r))
		w->rule[w->n++] = r;
	return NULL;
}

int fw_warn_all_shadowed(const struct fw_ruleset *rs, const struct fw_pool *pool, uint32_t root, struct fw_diags *out)
{
	struct wide wide = { .chain = FW_MAIN };
	struct fw_classifier *c;
	int err = fw_classifier_new(pool, false, &c);

	if (err)
		return err;
	fw_classifier_publish(c, root, 1);
	for (const struct fw_rule *r = rs->first; r; r = r->next) {
		const struct fw_rule *by = by_wide(&wide, rs, r);

		by = by ? by : fw_rule_shadow(c, rs, r);
		if (by)
			fw_warn_shadowed(rs->file, r, by, rs, out);
	}
	fw_classifier_free(c);
	return 0;
}
