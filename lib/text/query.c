// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries: could a rule decide on some of the packets that are asked for? A query
 * is written as the matches of a rule, but may leave out what they imply: `dport
 * 22` needs no protocol.
 *
 * A rule passes when some packet satisfies both. Fields that every packet may
 * have in any value meet or do not, each on its own. What a packet has of the
 * others depends on its family, its fragment and its protocol: so each of these
 * is tried for which such a packet could be.
 */
#include "fw/table/packet.h"
#include "lib/text/query.h"
#include "lib/text/frame.h"
#include "lib/text/parse.h"

struct fw_query {
	struct fw_ruleset *rs; /* what the query's rule refers to */
	struct fw_rule rule;
	const struct fw_match *matches[FW_NFIELDS];
	struct fw_range *values[FW_NFIELDS]; /* of each match, but for interfaces */
	size_t nvalues[FW_NFIELDS];
	struct fw_range *frames; /* ethertypes that are not IP */
	size_t nframes;
	unsigned layers; /* of the fields that it names; with addresses, that of IP too */
	struct fw_query_side src, dst;
	struct fw_query_ifaces ifaces;
	unsigned parts;              /* enum fw_action_part */
	int verdict;                 /* negative: any */
	char chain[FW_NAME_MAX + 1]; /* empty: any */
};

void fw_query_free(struct fw_query *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < FW_NFIELDS; i++)
		free(q->values[i]);
	free(q->frames);
	fw_query_side_free(&q->src);
	fw_query_side_free(&q->dst);
	fw_query_ifaces_free(&q->ifaces);
	fw_ruleset_free(q->rs);
	free(q);
}

static void query_freep(struct fw_query **q)
{
	fw_query_free(*q);
}

/* Room for a match of protocols. */
union room {
	struct fw_match match;
	_Alignas(8) unsigned char bytes[sizeof(struct fw_match) + 256 * sizeof(struct fw_range)];
};

/* The protocols whose packets have all these layers. */
static void add_protocols(struct fw_match *m, unsigned layers, enum fw_family family)
{
	for (uint32_t v = 0; v <= fw_field_info[FW_F_PROTO].max; v++)
		if (!(layers & ~fw_proto_layers(v, family)))
			m->r[m->n++] = (struct fw_range){ v, v };
}

/* Fields that only some protocols have imply these protocols. The keyword tells whether a type or code is ICMPv6's. */
static void imply_proto(struct fw_rule_text *text, struct fw_match *m)
{
	enum fw_family family = FW_IP4;
	unsigned layers = 0;

	*m = (struct fw_match){ .field = FW_F_PROTO };
	if (text->said[FW_F_PROTO])
		return;
	for (enum fw_field f = FW_NFIELDS; f-- > 0;) {
		if (!text->said[f] || !(fw_field_layer(f) & ~FW_LAYERS_IP))
			continue;
		layers |= fw_field_layer(f);
		family = fw_keyword_v6(text->said[f]) ? FW_IP6 : family;
		text->at.field[FW_F_PROTO] = text->at.field[f];
	}
	if (!layers)
		return;
	add_protocols(m, layers, family);
	if (!m->n) /* no packet has both: the check of the whole rule tells which field is wrong */
		add_protocols(m, 1u << (31 - __builtin_clz(layers)), family);
	text->matches[text->draft.nmatches++] = m;
}

static int take_values(struct fw_query *q, const struct fw_match *m)
{
	enum fw_field field = m->field;

	q->values[field] = malloc(FW_MATCH_RANGES_MAX(m) * sizeof(struct fw_range));
	if (!q->values[field])
		return -ENOMEM;
	q->nvalues[field] = fw_match_ranges(m, q->values[field]);
	return 0;
}

static int take_match(struct fw_query *q, const struct fw_rule_text *text, const struct fw_match *m,
		      struct fw_diags *ds)
{
	const struct fw_match *normal;
	int err = fw_match_normalise(q->rs, m, fw_place_of(&text->at, text->at.field[m->field]), ds, &normal);

	if (err || !normal)
		return err;
	q->matches[q->rule.nmatches++] = normal;
	q->layers |= fw_field_layer(m->field);
	return fw_field_is_iface(m->field) ? 0 : take_values(q, normal);
}

static int take_addrs(struct fw_query *q)
{
	struct fw_addr_range *r;
	size_t n;
	int err = fw_addrs_ranges(&q->rs->book, q->rule.src, &r, &n);

	if (err)
		return err;
	fw_query_side_init(&q->src, r, n);
	err = fw_addrs_ranges(&q->rs->book, q->rule.dst, &r, &n);
	if (!err)
		fw_query_side_init(&q->dst, r, n);
	return err;
}

/* Of the ethertypes that the query names, or of all, those that a frame can have that is not IP. */
static int take_frames(struct fw_query *q)
{
	static const uint32_t others[] = { ETH_P_IP, ETH_P_8021Q, ETH_P_IPV6, ETH_P_8021AD,
					   ETH_P_QINQ1 }; /* ascending */
	enum { N = sizeof(others) / sizeof(*others) };
	const struct fw_range whole = { 0, fw_field_info[FW_F_ETHERTYPE].max };
	const struct fw_range *r = q->values[FW_F_ETHERTYPE] ? q->values[FW_F_ETHERTYPE] : &whole;
	size_t n = q->values[FW_F_ETHERTYPE] ? q->nvalues[FW_F_ETHERTYPE] : 1;

	q->frames = malloc((n + N) * sizeof(*q->frames));
	if (!q->frames)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t from = r[i].lo;

		for (size_t k = 0; k < N; k++) {
			if (others[k] < from || others[k] > r[i].hi)
				continue;
			if (from < others[k])
				q->frames[q->nframes++] = (struct fw_range){ from, others[k] - 1 };
			from = others[k] + 1;
		}
		if (from <= r[i].hi)
			q->frames[q->nframes++] = (struct fw_range){ from, r[i].hi };
	}
	return 0;
}

static int passes_matches(struct fw_query *q, const struct fw_ruleset *rs, const struct fw_rule *rule, int64_t *work);

/* A query that no packet can match is refused, with the diagnostic that a rule with its matches would get. */
static int check_possible(struct fw_query *q, const struct fw_rule_places *at, struct fw_diags *ds)
{
	union {
		struct fw_match match;
		_Alignas(8) unsigned char bytes[sizeof(struct fw_match) + sizeof(struct fw_range)];
	} frames = { .match = { .field = FW_F_ETHERTYPE, .n = 1 } };
	const struct fw_match *matches[] = { &frames.match };
	const struct fw_rule all = { .src = FW_ANY, .dst = FW_ANY, .matches = matches, .nmatches = 1 };
	int passes;

	frames.match.r[0] = (struct fw_range){ 0, fw_field_info[FW_F_ETHERTYPE].max };
	passes = passes_matches(q, q->rs, &all, NULL);
	return passes < 0 ? passes : passes ? 0 : fw_rule_check(q->rs, &q->rule, at, ds);
}

/* Parses @matches, adds the protocols that they imply, and fills @q from them. -EINVAL if no packet can match. */
static int read_query(struct fw_query *q, const char *matches, const char *name, struct fw_diags *ds)
{
	static const char *const none[] = { NULL };
	fw_cleanup(fw_parser_free) struct fw_parser p;
	struct fw_rule_text text;
	union room implied;
	int err;

	fw_parser_init(&p, q->rs, matches, strlen(matches), name, ds);
	p.statements = none;
	p.query = true;
	err = fw_parse_query(&p, &text, &q->parts, &q->verdict);
	if (err)
		return err;
	imply_proto(&text, &implied.match);
	q->rule.src = text.draft.src;
	q->rule.dst = text.draft.dst;
	q->rule.matches = q->matches;
	if (q->rule.src != FW_ANY || q->rule.dst != FW_ANY)
		q->layers |= FW_LAYERS_IP;
	for (unsigned i = 0; i < text.draft.nmatches && !err; i++)
		err = take_match(q, &text, text.matches[i], ds);
	if (!err)
		err = take_addrs(q);
	if (!err)
		err = take_frames(q);
	if (!err)
		err = fw_query_ifaces_init(&q->ifaces, q->rs, NULL);
	if (!err)
		err = check_possible(q, &text.at, ds);
	memcpy(q->chain, text.chain, sizeof(q->chain));
	return err;
}

int fw_text_query(const char *matches, const char *name, struct fw_diags *ds, struct fw_query **out)
{
	fw_cleanup(query_freep) struct fw_query *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		return -ENOMEM;
	q->verdict = -1;
	q->rs = fw_ruleset_new(name);
	err = q->rs ? read_query(q, matches, name, ds) : -ENOMEM;
	if (!err)
		*out = fw_take(q);
	return err;
}

int fw_query_name(struct fw_query *q, const struct fw_query_names *names)
{
	return fw_query_ifaces_init(&q->ifaces, q->rs, names);
}

/* A query and a rule, and what their matches have in common. */
struct meeting {
	struct fw_query *query;
	const struct fw_ruleset *rs;
	const struct fw_rule *rule;
	unsigned layers;     /* of the fields that one of them names; with addresses, that of IP too */
	bool protocols[256]; /* that both accept */
	unsigned families;   /* whose packets have all fields which one of them names, a bit each */
	unsigned hooks;      /* that know all fields which one of them names */
	bool state;          /* one of them names the state */
	int64_t length;      /* the largest that both accept; negative: none */
	int64_t *work;
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
		return passes_matches(q, rs, rule, work);
	if (work)
		--*work;
	return 0;
}

static int passes_matches(struct fw_query *q, const struct fw_ruleset *rs, const struct fw_rule *rule, int64_t *work)
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

static bool in_ranges(const struct fw_query_side *s, const struct fw_addr *a, uint32_t family)
{
	size_t from = 0, end = s->n;

	while (from < end) {
		size_t mid = from + (end - from) / 2;
		const struct fw_addr_range *r = &s->r[mid];

		if (r->family == family && fw_addr_cmp(r->lo, *a) <= 0 && fw_addr_cmp(*a, r->hi) <= 0)
			return true;
		if (r->family < family || (r->family == family && fw_addr_cmp(r->hi, *a) < 0))
			from = mid + 1;
		else
			end = mid;
	}
	return false;
}

static bool side_has(const struct fw_query_side *s, uint32_t number, const struct fw_key *key, const struct fw_addr *a)
{
	return number == FW_ANY || (key->family != FW_FAMILY_NONE && in_ranges(s, a, key->family));
}

/* The interface of `on`: that of the hook, which `forward` has not. */
static const char *packet_iface(const struct fw_query_packet *p)
{
	switch ((enum fw_hook)p->key->f[FW_F_HOOK]) {
	case FW_IN:
	case FW_INPUT:
		return p->in;
	case FW_OUT:
	case FW_OUTPUT:
		return p->out;
	default:
		return NULL;
	}
}

static bool match_has(const struct fw_query *q, const struct fw_match *m, const struct fw_query_packet *p)
{
	uint32_t value = p->key->f[m->field];

	if (fw_field_is_iface(m->field))
		return fw_query_ifaces_has(&q->ifaces, q->rs, m,
					   m->field == FW_F_FROM_IF ? p->in :
					   m->field == FW_F_TO_IF   ? p->out :
								      packet_iface(p));
	return value <= fw_field_info[m->field].max && fw_match_has(m, value);
}

bool fw_query_has(const struct fw_query *q, const struct fw_query_packet *p)
{
	if (q->verdict >= 0 && p->verdict != (unsigned)q->verdict)
		return false;
	for (unsigned i = 0; i < q->rule.nmatches; i++)
		if (!match_has(q, q->matches[i], p))
			return false;
	return side_has(&q->src, q->rule.src, p->key, &p->key->src) &&
	       side_has(&q->dst, q->rule.dst, p->key, &p->key->dst);
}
