// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does some packet satisfy both a query and a rule? A field that every packet may have in any value is compared on its own. Which
 * of the other fields a packet has depends on its family, fragment and protocol, so each combination that is possible is tried.
 */
#include "fw/table/packet.h"
#include "lib/text/frame.h"
#include "lib/text/parse.h"
#include "lib/text/query.h"

/* A query and a rule, and what their matches have in common. */
struct meeting {
	struct fw_query *query;
	const struct fw_ruleset *rs;
	const struct fw_rule *rule;
	unsigned layers;     /* layers of the fields that one of them names, and that of IP if one has addresses */
	bool protocols[256]; /* by number: both accept the protocol */
	unsigned families;   /* bit 1 << family: its packets have all fields that one of them names */
	unsigned hooks;      /* bit 1 << hook: the hook knows all fields that one of them names */
	bool state;          /* one of them names the state */
	int64_t length;      /* the largest length that both accept; negative: there is none */
	int64_t *work;       /* lowered by the number of comparisons */
};

static bool both_have(const struct meeting *m, enum fw_field field, uint32_t value)
{
	const struct fw_match *a = fw_rule_match(&m->query->rule, field), *b = fw_rule_match(m->rule, field);

	*m->work -= b ? b->n : 0;
	return (!a || fw_match_has(a, value)) && (!b || fw_match_has(b, value));
}

/* Can a packet of this family and protocol have a state at one of the hooks? */
static bool some_state(const struct meeting *m, const struct fw_packet *p)
{
	if (!m->state || m->hooks != FW_HOOK_BIT(IN))
		return true;
	if (p->f[FW_F_FRAG] == FW_FRAG_LATER)
		return false;
	for (uint32_t type = 0; type <= fw_field_info[FW_F_ICMP_TYPE].max; type++)
		if (fw_state_at_in(p->family, p->f[FW_F_PROTO], type) && both_have(m, FW_F_ICMP_TYPE, type))
			return true;
	return false;
}

/* Can there be such a packet, of this family, fragment and protocol? */
static bool some_packet(const struct meeting *m, const struct fw_packet *p)
{
	if (m->layers & ~fw_packet_layers(p))
		return false;
	if (p->family == FW_IP6 && p->f[FW_F_FRAG] != FW_FRAG_LATER && fw_packet_is_ext(p->f[FW_F_PROTO]))
		return false;
	return m->length >= (int64_t)fw_packet_least(p) && some_state(m, p);
}

static bool some_protocol(const struct meeting *m, struct fw_packet *p)
{
	if (p->f[FW_F_FRAG] == FW_FRAG_LATER && m->layers & ~FW_LAYERS_IP)
		return false;
	for (uint32_t proto = 0; proto <= fw_field_info[FW_F_PROTO].max; proto++) {
		p->f[FW_F_PROTO] = proto;
		--*m->work;
		if (m->protocols[proto] && some_packet(m, p))
			return true;
	}
	return false;
}

static bool meet_in_ip(const struct meeting *m, unsigned families)
{
	static const uint32_t type[] = { [FW_IP4] = ETH_P_IP, [FW_IP6] = ETH_P_IPV6 };

	for (enum fw_family family = FW_IP4; family <= FW_IP6; family++) {
		struct fw_packet p = { .family = family };

		for (enum fw_field f = 0; f < FW_NFIELDS; f++)
			p.f[f] = fw_field_info[f].source == FW_SOURCE_RARE ? fw_field_info[f].absent : 0;
		if (!(families & 1u << family) || !both_have(m, FW_F_ETHERTYPE, type[family]))
			continue;
		for (uint32_t frag = FW_FRAG_NO; frag <= FW_FRAG_LATER; frag++) {
			p.f[FW_F_FRAG] = frag;
			if (both_have(m, FW_F_FRAG, frag) && some_protocol(m, &p))
				return true;
		}
	}
	return false;
}

/* Frames that are not IP are matched by rules that name an ethertype. */
static bool meet_in_frames(const struct meeting *m)
{
	const struct fw_match *ether = fw_rule_match(m->rule, FW_F_ETHERTYPE);

	if (m->layers & ~FW_LAYERS_FRAME || !ether || m->length < 0 || !(m->hooks & FW_HOOKS_FRAMES))
		return false;
	return fw_query_values_meet(m->query->frames, m->query->nframes, ether, m->work);
}

/* The values of each field that both name have one in common, whatever the packet is. */
static bool values_meet(const struct meeting *m)
{
	struct fw_query *q = m->query;

	for (unsigned i = 0; i < q->rule.nmatches; i++) {
		const struct fw_match *a = q->matches[i], *b = fw_rule_match(m->rule, a->field);

		if (!b)
			continue;
		if (fw_field_is_iface(a->field) ?
			    !fw_query_ifaces_meet(&q->ifaces, q->rs, a, m->rs, b, m->work) :
			    !fw_query_values_meet(q->values[a->field], q->nvalues[a->field], b, m->work))
			return false;
	}
	return true;
}

static bool named(const struct meeting *m, enum fw_field field)
{
	return fw_rule_match(&m->query->rule, field) || fw_rule_match(m->rule, field);
}

/* The smallest mark from @least on whose bytes both accept, or -1. */
static int64_t next_mark(const struct meeting *m, uint32_t least)
{
	uint32_t mark = least;

	for (int byte = FW_MARK_BYTES - 1; byte >= 0; byte--) {
		enum fw_field field = (enum fw_field)(FW_F_MARK_0 + byte);
		uint64_t unit = 1ull << 8 * byte, next;

		if (both_have(m, field, mark / unit & 255))
			continue;
		next = (mark / unit + 1) * unit;
		if (next > UINT32_MAX)
			return -1;
		mark = (uint32_t)next;
		byte = FW_MARK_BYTES; /* from the highest byte again: it may be another one */
	}
	return mark;
}

static bool mark_from(const struct meeting *m, uint64_t least)
{
	int64_t mark = least > UINT32_MAX ? -1 : next_mark(m, (uint32_t)least);

	return mark >= 0 && both_have(m, FW_F_MARK, (uint32_t)mark);
}

/* The mark and its bytes: if one of them names the mark, has that bytes which both accept? */
static bool marks_meet(const struct meeting *m)
{
	const struct fw_match *of[] = { fw_rule_match(&m->query->rule, FW_F_MARK), fw_rule_match(m->rule, FW_F_MARK) };
	bool bytes = false;

	for (unsigned f = FW_F_MARK_0; f <= FW_F_MARK_3; f++)
		bytes |= named(m, (enum fw_field)f);
	if (!bytes || !named(m, FW_F_MARK) || mark_from(m, 0))
		return true;
	for (int i = 0; i < 2; i++)
		for (unsigned k = 0; of[i] && k < of[i]->n; k++)
			if (mark_from(m, of[i]->r[k].lo) || mark_from(m, of[i]->r[k].hi + 1ull))
				return true;
	return false;
}

/* The families whose packets have all fields that the rule names. */
static unsigned fields_families(const struct fw_rule *rule)
{
	unsigned families = ~0u;

	for (unsigned i = 0; i < rule->nmatches; i++)
		if (fw_field_info[rule->matches[i]->field].families)
			families &= fw_field_info[rule->matches[i]->field].families;
	return families;
}

/* What does not depend on the packet's family and fragment. */
static void take_common(struct meeting *m)
{
	static const struct fw_range whole = { 0, FW_LENGTH_MAX };
	const struct fw_query *q = m->query;
	const struct fw_range *lengths = q->values[FW_F_LENGTH];

	m->layers = q->layers;
	m->families = fields_families(&q->rule) & fields_families(m->rule);
	for (unsigned i = 0; i < m->rule->nmatches; i++)
		m->layers |= fw_field_layer(m->rule->matches[i]->field);
	m->hooks = fw_rule_hooks(&q->rule) & fw_rule_hooks(m->rule);
	m->state = fw_rule_match(&q->rule, FW_F_STATE) || fw_rule_match(m->rule, FW_F_STATE);
	if (m->rule->src != FW_ANY || m->rule->dst != FW_ANY)
		m->layers |= FW_LAYERS_IP;
	memset(m->protocols, true, sizeof(m->protocols));
	fw_query_protocols(fw_rule_match(&q->rule, FW_F_PROTO), m->protocols);
	fw_query_protocols(fw_rule_match(m->rule, FW_F_PROTO), m->protocols);
	m->length = fw_query_largest(lengths ? lengths : &whole, lengths ? q->nvalues[FW_F_LENGTH] : 1,
				     fw_rule_match(m->rule, FW_F_LENGTH), m->work);
}

/*
 * The families in which the addresses of one side meet. Each call of fw_query_passes() repeats the comparisons before this one,
 * @spent of them. So this may make at least as many: otherwise calls with little work to spend would never get further.
 */
static int side_meets(struct meeting *m, struct fw_query_side *side, uint32_t number, int64_t spent, unsigned *out)
{
	int64_t budget = *m->work > spent ? *m->work : spent, before = budget;
	int err = fw_query_families(side, m->rs, number, &budget, out);

	*m->work -= before - budget;
	return err;
}

int fw_query_matches_meet(struct fw_query *q, const struct fw_ruleset *rs, const struct fw_rule *rule, int64_t *work)
{
	int64_t enough = INT64_MAX;
	struct meeting m = { .query = q, .rs = rs, .rule = rule, .work = work ? work : &enough };
	int64_t before = *m.work, spent;
	unsigned src, dst;
	int err;

	*m.work -= 1 + rule->nmatches;
	if (q->chain[0] && (rule->chain == FW_MAIN || strcmp(rs->chains[rule->chain].name, q->chain) != 0))
		return 0;
	if (!values_meet(&m) || !marks_meet(&m))
		return 0;
	take_common(&m);
	if (!m.hooks)
		return 0;
	if (meet_in_frames(&m))
		return 1;
	spent = before - *m.work;
	err = side_meets(&m, &q->src, rule->src, spent, &src);
	if (err || !src)
		return err;
	err = side_meets(&m, &q->dst, rule->dst, spent, &dst);
	return err ? err : meet_in_ip(&m, src & dst & m.families);
}

bool fw_query_asks_effects(const struct fw_query *q)
{
	return q->parts;
}

/* Has the rule all that is asked for, and the verdict, or the one that it only counts? */
static bool passes_action(const struct fw_query *q, const struct fw_action *a)
{
	unsigned verdict = q->parts & FW_PART_AUDIT && a->audit ? a->audit - 1u : a->verdict;

	return !(q->parts & ~fw_action_parts(a)) && (q->verdict < 0 || (unsigned)q->verdict == verdict);
}

int fw_query_passes(struct fw_query *q, const struct fw_ruleset *rs, const struct fw_rule *rule, int64_t *work)
{
	if (passes_action(q, fw_rule_action(rs, rule)))
		return fw_query_matches_meet(q, rs, rule, work);
	if (work)
		--*work;
	return 0;
}
