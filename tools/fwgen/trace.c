// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets near the edges of a ruleset's rules: first and last addresses of
 * prefixes and those just outside, ends of port ranges; and some unrelated to any
 * rule. Each packet belongs to a flow: flow number n is always the same.
 */
#include "tools/fwgen/gen.h"

#include "fw/rule.h"
#include "fw/text.h"

#include <stdio.h>
#include <string.h>

#define LENGTH_MIN 100 /* room for all headers of these packets */
#define LENGTH_MAX 1900

struct flow {
	enum fw_family family;
	struct fw_addr addr[2]; /* source, destination */
	uint32_t f[FW_NFIELDS]; /* fields in `said` */
	uint64_t said;          /* FW_FIELD_BIT()s: those that are printed */
};

/* Draws a flow's number: weights 1/n^a by octaves, uniform inside an octave. */
struct zipf {
	double sum[65]; /* cumulative weights of the octaves */
	unsigned octaves;
	uint64_t n;
};

/* 2^x, -256 < x < 256, the same on every machine. */
static double exp2_of(double x)
{
	double whole = (double)(long)x, term = 1, sum = 1;

	for (int i = 1; i < 30; i++) {
		term *= (x - whole) * 0.69314718055994530942 / i;
		sum += term;
	}
	for (; whole > 0; whole--)
		sum *= 2;
	for (; whole < 0; whole++)
		sum /= 2;
	return sum;
}

static void zipf_init(struct zipf *z, double a, uint64_t n)
{
	z->n = n;
	for (z->octaves = 0; n >> z->octaves; z->octaves++) {
		uint64_t first = 1ull << z->octaves, count = n - first + 1 < first ? n - first + 1 : first;

		z->sum[z->octaves + 1] = z->sum[z->octaves] + (double)count * exp2_of(-a * z->octaves);
	}
}

static uint64_t zipf_draw(const struct zipf *z, struct fw_random *r)
{
	double x = (double)(fw_random_next(r) >> 11) / 9007199254740992.0 * z->sum[z->octaves];
	unsigned o = 0;

	while (o + 1 < z->octaves && x >= z->sum[o + 1])
		o++;
	uint64_t first = 1ull << o, count = z->n - first + 1 < first ? z->n - first + 1 : first;

	return first - 1 + fw_random_below(r, count);
}

static unsigned __int128 addr_number(struct fw_addr a)
{
	return (unsigned __int128)a.hi << 64 | a.lo;
}

static struct fw_addr number_addr(unsigned __int128 n)
{
	return (struct fw_addr){ (uint64_t)(n >> 64), (uint64_t)n };
}

static struct fw_addr addr_random(struct fw_random *r, enum fw_family family)
{
	struct fw_addr a = { fw_random_next(r), fw_random_next(r) };

	return family == FW_IP4 ? (struct fw_addr){ a.hi & 0xffffffff00000000ull, 0 } : a;
}

/* An end of the range, a value next to one, or one inside. */
static struct fw_addr addr_corner(struct fw_random *r, const struct fw_addr_range *range)
{
	unsigned __int128 unit = range->family == FW_IP4 ? (unsigned __int128)1 << 96 : 1;
	unsigned __int128 lo = addr_number(range->lo), hi = addr_number(range->hi);
	unsigned __int128 last = addr_number(fw_addr_last(range->family));
	struct fw_addr any = addr_random(r, range->family);
	unsigned x = (unsigned)fw_random_below(r, 100);

	if (x < 25)
		return range->lo;
	if (x < 50)
		return range->hi;
	if (x < 56)
		return number_addr(lo ? lo - unit : last);
	if (x < 62)
		return number_addr(hi == last ? 0 : hi + unit);
	if (lo == 0 && hi == last)
		return any;
	return number_addr(lo + (addr_number(any) / unit) % ((hi - lo) / unit + 1) * unit);
}

/* Picks a range of the expression or of one of its sets; NULL: there is none. */
static const struct fw_addr_range *addrs_pick(struct fw_random *r, const struct fw_ruleset *rs,
					      const struct fw_addrs *e)
{
	uint64_t n = e->nranges + (uint64_t)e->nsets * 4;
	uint64_t i = n ? fw_random_below(r, n) : 0;

	if (i < e->nranges)
		return &e->ranges[i];
	if (!n)
		return NULL;
	const struct fw_set *set = &rs->sets[e->sets[(i - e->nranges) / 4]];

	return set->n ? &set->elements[fw_random_below(r, set->n)] : NULL;
}

static void flow_addresses(struct fw_random *r, const struct fw_ruleset *rs, const struct fw_rule *rule, struct flow *f)
{
	const struct fw_addr_range *range[2] = { addrs_pick(r, rs, &rs->addrs[rule->src]),
						 addrs_pick(r, rs, &rs->addrs[rule->dst]) };
	const struct fw_match *ethertype = fw_rule_match(rule, FW_F_ETHERTYPE);
	int first = range[0] ? 0 : 1;

	if (range[first])
		f->family = range[first]->family;
	else if (ethertype && !ethertype->negated)
		f->family = ethertype->r[0].lo == 0x86dd ? FW_IP6 : FW_IP4;
	for (int dir = 0; dir < 2; dir++)
		f->addr[dir] = range[dir] && range[dir]->family == f->family && !fw_random_percent(r, 5) ?
				       addr_corner(r, range[dir]) :
				       addr_random(r, f->family);
}

static void flow_say(struct flow *f, enum fw_field field, uint32_t value)
{
	f->f[field] = value;
	f->said |= FW_FIELD_BIT(field);
}

/* Picks a value that the match accepts, often the end of a range; sometimes one just outside. */
static uint32_t match_corner(struct fw_random *r, const struct fw_match *m)
{
	uint32_t max = fw_field_info[m->field].max;
	const struct fw_range *range = &m->r[fw_random_below(r, m->n)];
	unsigned x = (unsigned)fw_random_below(r, 100);

	if (fw_field_is_flags(m->field))
		return ((uint32_t)fw_random_below(r, 256) & ~range->lo) | range->hi;
	if (m->negated)
		return x < 40 ? (range->hi < max ? range->hi + 1 : 0) : (uint32_t)fw_random_below(r, (uint64_t)max + 1);
	if (x < 30)
		return range->lo;
	if (x < 60)
		return range->hi;
	if (x < 65)
		return range->lo ? range->lo - 1 : max;
	if (x < 70)
		return range->hi < max ? range->hi + 1 : 0;
	return range->lo + (uint32_t)fw_random_below(r, (uint64_t)range->hi - range->lo + 1);
}

static void flow_rule(struct fw_random *r, const struct fw_ruleset *rs, const struct fw_rule *rule, struct flow *f)
{
	flow_addresses(r, rs, rule, f);
	for (unsigned i = 0; i < rule->nmatches; i++)
		flow_say(f, rule->matches[i]->field, match_corner(r, rule->matches[i]));
}

/* Picks a protocol with the fields that the rule matches, if the rule does not name one. */
static uint32_t proto_pick(struct fw_random *r, const struct flow *f)
{
	static const uint8_t any[] = { 6, 6, 6, 6, 17, 17, 17, 132, 33, 136, 1, 58, 47, 50 };
	unsigned layers = 0;

	for (enum fw_field field = 0; field < FW_NFIELDS; field++)
		if (f->said & FW_FIELD_BIT(field))
			layers |= fw_field_layer(field);
	if (layers & 1u << FW_LAYER_ICMP)
		return f->family == FW_IP6 ? 58 : 1;
	if (layers & 1u << FW_LAYER_TCP)
		return 6;
	if (layers & 1u << FW_LAYER_PORTS)
		return fw_random_percent(r, 60) ? 6 : 17;
	return any[fw_random_below(r, sizeof(any))];
}

static void flow_default(struct fw_random *r, struct flow *f, enum fw_field field, uint64_t below)
{
	if (!(f->said & FW_FIELD_BIT(field)))
		flow_say(f, field, (uint32_t)fw_random_below(r, below));
}

/* Fills in the fields of a packet of this protocol, and removes those that it cannot have. */
static void flow_complete(struct fw_random *r, const struct fw_ruleset *rs, struct flow *f)
{
	unsigned layers;

	if (!(f->said & FW_FIELD_BIT(FW_F_PROTO)))
		flow_say(f, FW_F_PROTO, proto_pick(r, f));
	if (f->f[FW_F_PROTO] == (f->family == FW_IP6 ? 1 : 58)) /* the ICMP of the other family is not sent */
		flow_say(f, FW_F_PROTO, f->family == FW_IP6 ? 58 : 1);
	if (!(f->said & FW_FIELD_BIT(FW_F_FRAG)))
		flow_say(f, FW_F_FRAG,
			 fw_random_percent(r, 97) ? FW_FRAG_NO : FW_FRAG_FIRST + (uint32_t)fw_random_below(r, 2));
	if (!(f->said & FW_FIELD_BIT(FW_F_HOOK)))
		flow_say(f, FW_F_HOOK, fw_random_percent(r, 85) ? FW_IN : FW_OUT);
	if (!(f->said & FW_FIELD_BIT(FW_F_IFACE)) && rs->nifaces && fw_random_percent(r, 20))
		flow_say(f, FW_F_IFACE, (uint32_t)fw_random_below(r, rs->nifaces));
	layers = fw_proto_layers(f->f[FW_F_PROTO], f->family);
	if (layers & 1u << FW_LAYER_PORTS) {
		flow_default(r, f, FW_F_SPORT, 65536);
		flow_default(r, f, FW_F_DPORT, 65536);
	} else if (layers & 1u << FW_LAYER_ICMP) {
		flow_default(r, f, FW_F_ICMP_TYPE, 20);
		flow_default(r, f, FW_F_ICMP_CODE, 4);
	}
	if (f->f[FW_F_FRAG] == FW_FRAG_LATER)
		layers = FW_LAYERS_IP;
	for (enum fw_field field = 0; field < FW_NFIELDS; field++)
		if (!(fw_field_layer(field) & layers))
			f->said &= ~FW_FIELD_BIT(field);
}

static void print_proto(struct fw_buf *b, const struct flow *f)
{
	const char *name = fw_field_value_name(FW_F_PROTO, f->family == FW_IP6, f->f[FW_F_PROTO]);

	if (name)
		fw_buf_printf(b, "%s ", name);
	else
		fw_buf_printf(b, "%u ", f->f[FW_F_PROTO]);
}

static void print_end(struct fw_buf *b, const struct flow *f, int dir)
{
	enum fw_field port = dir ? FW_F_DPORT : FW_F_SPORT;
	bool ports = f->said & 1u << port;
	char text[GEN_ADDR_TEXT];

	fw_buf_printf(b, ports && f->family == FW_IP6 ? "[%s]" : "%s", gen_addr_text(f->family, f->addr[dir], text));
	if (ports)
		fw_buf_printf(b, ":%u", f->f[port]);
}

static void print_flow(struct fw_buf *b, const struct fw_ruleset *rs, const struct flow *f)
{
	print_proto(b, f);
	print_end(b, f, 0);
	fw_buf_printf(b, " > ");
	print_end(b, f, 1);
	fw_buf_printf(b, f->f[FW_F_HOOK] == FW_IN ? " in" : " out");
	if (f->said & FW_FIELD_BIT(FW_F_IFACE) && f->f[FW_F_IFACE] < rs->nifaces)
		fw_buf_printf(b, " on %s", rs->ifaces[f->f[FW_F_IFACE]].name);
	for (enum fw_field field = 0; field < FW_NFIELDS; field++) {
		const struct fw_field_info *info = &fw_field_info[field];
		bool usual = info->layer == FW_LAYER_IP && f->f[field] == info->usual[f->family == FW_IP6];

		if (!info->packet_word || !(f->said & FW_FIELD_BIT(field)) || usual)
			continue;
		fw_buf_printf(b, " %s ", info->packet_word);
		fw_text_print_packet_value(b, field, f->family == FW_IP6, f->f[field]);
	}
}

static struct flow flow_make(struct fw_random *r, const struct fw_ruleset *rs)
{
	struct flow f = { .family = fw_random_percent(r, 70) ? FW_IP4 : FW_IP6 };

	f.addr[0] = addr_random(r, f.family);
	f.addr[1] = addr_random(r, f.family);
	if (rs->nrules && !fw_random_percent(r, 8))
		flow_rule(r, rs, rs->rules[fw_random_below(r, rs->nrules)], &f);
	if (f.said & FW_FIELD_BIT(FW_F_LENGTH) && f.f[FW_F_LENGTH] < LENGTH_MIN)
		f.f[FW_F_LENGTH] = LENGTH_MIN;
	if (f.said & FW_FIELD_BIT(FW_F_LENGTH) && f.f[FW_F_LENGTH] > LENGTH_MAX)
		f.f[FW_F_LENGTH] = LENGTH_MAX;
	flow_complete(r, rs, &f);
	return f;
}

/* Some rules match only what cannot be written as a packet (an extension header as protocol): tries another flow. */
#define TRIES 100
static int print_packet(struct fw_buf *b, const struct fw_ruleset *rs, struct fw_random r)
{
	static struct fw_frame frame;

	for (int i = 0; i < TRIES; i++) {
		struct flow f = flow_make(&r, rs);

		b->len = 0;
		print_flow(b, rs, &f);
		if (b->failed)
			break;
		if (!fw_text_frame(b->text, &frame, NULL)) {
			puts(b->text);
			return 0;
		}
	}
	fprintf(stderr, "fwgen: %s\n", b->failed ? "out of memory" : "no packet that matches the rules can be written");
	return -EINVAL;
}

int gen_trace(const struct gen_options *o)
{
	fw_cleanup(gen_ruleset_freep) struct fw_ruleset *rs = NULL;
	struct fw_random r = { o->seed };
	uint64_t salt = fw_random_next(&r);
	struct zipf z = { 0 };
	struct fw_buf b = { 0 };
	int err = gen_load(o, &rs);

	if (err)
		return 1;
	zipf_init(&z, o->zipf, o->packets);
	for (uint64_t i = 0; !err && i < o->packets; i++) {
		uint64_t flow = o->zipf > 0 ? zipf_draw(&z, &r) : i;

		err = print_packet(&b, rs, (struct fw_random){ fw_mix64(flow + 1) ^ salt });
	}
	fw_buf_free(&b);
	return err ? 1 : 0;
}
