// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets at random. */
#include "tests/unit/random.h"
#include "tests/unit/rows.h"

#include <string.h>
#include <time.h>

#define NSETS 3
#define PLACES_MAX 1024

static struct fw_random state;
static unsigned chains;
static uint64_t seed;

void random_start(void)
{
	const char *given = getenv("FW_SEED");

	seed = state.state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("seed %llu (FW_SEED)\n", (unsigned long long)seed);
	fflush(stdout);
}

uint64_t random_seed(void)
{
	return seed;
}

uint64_t random_u64(void)
{
	return fw_random_next(&state);
}

uint32_t random_below(uint32_t n)
{
	return (uint32_t)fw_random_below(&state, n);
}

unsigned random_amount(const char *variable, unsigned n)
{
	const char *given = getenv(variable);

	return given ? (unsigned)strtoul(given, NULL, 0) : n;
}

#define rnd random_below

unsigned random_ifaces = 6;

static bool percent(unsigned p)
{
	return rnd(100) < p;
}

/* A ruleset under construction, or one that changes. */
struct maker {
	struct fw_ruleset *rs;
	const struct random_shape *shape;
	struct fw_addr place[FW_NFAMILIES][PLACES_MAX];
	uint32_t *expressions;
};

struct fw_addr random_step(enum fw_family family, struct fw_addr a, int by)
{
	if (family == FW_IP4)
		return (struct fw_addr){ a.hi + ((uint64_t)(int64_t)by << 32), 0 };

	unsigned __int128 all = ((unsigned __int128)a.hi << 64 | a.lo) + (unsigned __int128)(__int128)by;

	return (struct fw_addr){ (uint64_t)(all >> 64), (uint64_t)all };
}

/* The first two places are the first and the last address. */
static void places_choose(struct maker *m)
{
	for (enum fw_family f = FW_IP4; f <= FW_IP6; f++) {
		for (unsigned i = 0; i < PLACES_MAX; i++) {
			uint64_t hi = random_u64(), lo = random_u64();

			m->place[f][i] = f == FW_IP4 ? (struct fw_addr){ hi & ~0xffffffffull, 0 } :
						       (struct fw_addr){ hi, lo };
		}
		m->place[f][1] = (struct fw_addr){ 0, 0 };
		m->place[f][2] = fw_addr_last(f);
	}
}

/* A prefix of any length around a place, or the next one; or a range from one of its addresses on. */
static struct fw_addr_range addr_range(const struct maker *m)
{
	enum fw_family family = rnd(2) ? FW_IP4 : FW_IP6;
	unsigned bits = family == FW_IP4 ? 32 : 128, len = rnd(bits + 1);
	struct fw_addr a = m->place[family][rnd(m->shape->places)], last = fw_addr_last(family);

	if (m->shape->places > 8 && len < 12)
		len += 12;

	struct fw_addr_range r = fw_addr_prefix(family, a, len);

	if (len && !rnd(4))
		r = fw_addr_prefix(family, random_step(family, r.hi, 1), len);
	if (rnd(6))
		return r;
	if (fw_addr_cmp(r.lo, r.hi))
		r.lo = random_step(family, r.lo, 1);
	if (fw_addr_cmp(r.hi, last) && rnd(2))
		r.hi = random_step(family, r.hi, 1);
	return r;
}

static uint32_t expression(const struct maker *m)
{
	struct fw_addr_range r[4];
	uint32_t sets[2] = { rnd(NSETS), rnd(NSETS) }, number = FW_ANY;
	size_t n = rnd(3) ? 1 : rnd(5), nsets = m->shape->expressions > 30 || (n && rnd(6)) ? 0 : rnd(3);
	/* Complements contain nearly everything: among many expressions they would nest too deep. */
	bool negated = (n || nsets) && !rnd(m->shape->expressions > 30 ? 400 : 8);

	for (size_t i = 0; i < n; i++)
		r[i] = addr_range(m);
	fw_ruleset_addrs(m->rs, r, n, sets, nsets, negated, &number);
	return number;
}

static uint32_t value_near(enum fw_field field)
{
	static const uint16_t liked[] = { 0, 1, 6, 17, 20, 22, 28, 40, 60, 80, 255, 256, 443, 1023, 1024, 1500 };
	uint32_t max = fw_field_info[field].kind == FW_KIND_IFACE ? random_ifaces - 1 : fw_field_info[field].max, v;

	switch (rnd(5)) {
	case 0:
		v = max - rnd(3);
		break;
	case 1:
		v = rnd(8);
		break;
	case 2:
		v = (uint32_t)random_u64();
		break;
	default:
		v = liked[rnd(ROWS(liked))];
	}
	return v <= max ? v : max < UINT32_MAX ? v % (max + 1) : v;
}

static struct fw_range value_range(enum fw_field field)
{
	uint32_t a = value_near(field), b = rnd(2) ? a : value_near(field);

	if (fw_field_is_flags(field))
		return a ? (struct fw_range){ a, b & a } : (struct fw_range){ 0x12, 0x02 };
	return (struct fw_range){ a < b ? a : b, a < b ? b : a };
}

/* The matches of a rule under construction. */
#define VALUES_MAX 40
struct wide {
	struct fw_match m;
	struct fw_range r[VALUES_MAX];
};

struct draft {
	struct wide wide[FW_NFIELDS];
	unsigned n;
};

static void match_values(struct draft *d, enum fw_field field, bool negated, const uint16_t *values, unsigned n)
{
	struct wide *w = &d->wide[d->n++];

	w->m = (struct fw_match){ .field = (uint8_t)field, .negated = negated, .n = (uint16_t)n };
	for (unsigned i = 0; i < n; i++)
		w->m.r[i] = (struct fw_range){ values[i], values[i] };
}

/* A mark with a mask, in one byte or in several. */
static void match_mark(struct draft *d)
{
	unsigned bytes = 1 + rnd(15), one = rnd(FW_MARK_BYTES);
	bool several = rnd(2);

	for (unsigned b = 0; b < FW_MARK_BYTES; b++) {
		struct wide *w = &d->wide[d->n];

		if (!(several ? bytes >> b & 1 : b == one))
			continue;
		d->n++;
		w->m = (struct fw_match){ .field = (uint8_t)(FW_F_MARK_0 + b),
					  .negated = !several && !rnd(4),
					  .n = (uint16_t)(several ? 1 : 1 + rnd(4)) };
		for (unsigned i = 0; i < w->m.n; i++)
			w->m.r[i] = value_range(FW_F_MARK_0 + b);
	}
}

/* Some addresses of one vendor. */
static void match_mac(struct draft *d)
{
	struct wide *high = &d->wide[d->n], *low = &d->wide[d->n + 1];

	d->n += 2;
	high->m = (struct fw_match){ .field = FW_F_MAC_HIGH, .n = 1 };
	high->m.r[0].lo = high->m.r[0].hi = value_near(FW_F_MAC_HIGH);
	low->m = (struct fw_match){ .field = FW_F_MAC_LOW, .n = (uint16_t)(1 + rnd(4)) };
	for (unsigned i = 0; i < low->m.n; i++)
		low->m.r[i].lo = low->m.r[i].hi = value_near(FW_F_MAC_LOW);
}

static void match_random(struct draft *d, enum fw_field field)
{
	if (fw_field_info[field].part)
		return;
	if (field == FW_F_MAC_HIGH) {
		match_mac(d);
		return;
	}
	if (field == FW_F_MARK && rnd(2)) {
		match_mark(d);
		return;
	}

	struct wide *w = &d->wide[d->n++];
	unsigned n = rnd(3) ? 1 : rnd(16) ? 1 + rnd(4) : 1 + rnd(VALUES_MAX);

	w->m = (struct fw_match){ .field = (uint8_t)field, .negated = !rnd(5), .n = (uint16_t)n };
	for (unsigned i = 0; i < n; i++)
		w->m.r[i] = value_range(field);
}

/* Protocols that rules name. */
static const struct {
	uint16_t proto[3];
	uint8_t n;
} protocols[] = {
	{ { 6 }, 1 },  { { 6 }, 1 },          { { 17 }, 1 },      { { 17 }, 1 },     { { 1 }, 1 },
	{ { 58 }, 1 }, { { 6, 17, 132 }, 3 }, { { 33, 136 }, 2 }, { { 47, 50 }, 2 }, { { 0, 255 }, 2 },
};

/* One in two of the fields that packets of all these protocols have. */
static void match_protocol(const struct maker *m, struct draft *d)
{
	unsigned row = rnd(ROWS(protocols)), layers = ~FW_LAYERS_IP;

	if (!rnd(8)) {
		match_random(d, FW_F_PROTO);
		return;
	}
	match_values(d, FW_F_PROTO, false, protocols[row].proto, protocols[row].n);
	for (unsigned i = 0; i < protocols[row].n; i++)
		layers &= fw_proto_layers(protocols[row].proto[i], FW_FAMILY_NONE);
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (fw_field_layer(f) & layers && percent(m->shape->detail / 2))
			match_random(d, f);
}

static const struct {
	uint16_t type[3];
	uint8_t n;
	bool negated;
} ethertypes[] = {
	{ { 0x0800 }, 1, false },         { { 0x86dd }, 1, false },         { { 0x0806 }, 1, false },
	{ { 0x0806, 0x0800 }, 2, false }, { { 0x88cc, 0x0806 }, 2, false }, { { 0x0800, 0x86dd }, 2, false },
	{ { 0x0800 }, 1, true },          { { 0x86dd, 0x0806 }, 2, true },  { { 0x0800, 0x86dd }, 2, true },
};

static const struct fw_match *drafted(const struct draft *d, enum fw_field field)
{
	for (unsigned i = 0; i < d->n; i++)
		if (d->wide[i].m.field == field)
			return &d->wide[i].m;
	return NULL;
}

/* Mostly one or two hooks, or none. Return: those at which the rule holds. */
static unsigned match_hooks(struct draft *d)
{
	uint16_t hook[2] = { (uint16_t)rnd(FW_NHOOKS), (uint16_t)rnd(FW_NHOOKS) };
	unsigned hooks = 0;
	bool negated = !rnd(6);

	if (rnd(2))
		return FW_HOOKS_ALL;
	match_values(d, FW_F_HOOK, negated, hook, 1 + rnd(2));
	for (uint32_t h = 0; h < FW_NHOOKS; h++)
		hooks |= (unsigned)fw_match_has(drafted(d, FW_F_HOOK), h) << h;
	return hooks;
}

/* Can a rule at these hooks have the field, as far as the draft goes? */
static bool is_known(const struct draft *d, unsigned hooks, enum fw_field field)
{
	const struct fw_match *proto = drafted(d, FW_F_PROTO);

	if (field == FW_F_STATE && hooks & FW_HOOK_BIT(IN))
		return proto && !proto->negated && proto->n == 1 && proto->r[0].lo == proto->r[0].hi &&
		       (proto->r[0].lo == 6 || proto->r[0].lo == 17);
	return hooks & fw_field_hooks(field);
}

/* Errors of ICMP, whose state is known at each hook. */
static void match_errors(struct draft *d)
{
	static const uint16_t protos[] = { 1, 58 }, types[][2] = { { 3, 11 }, { 1, 4 } };
	unsigned v6 = rnd(2);

	match_values(d, FW_F_PROTO, false, &protos[v6], 1);
	match_values(d, FW_F_ICMP_TYPE, false, types[v6], 1 + rnd(2));
	match_random(d, FW_F_STATE);
}

static void match_others(const struct maker *m, struct draft *d)
{
	unsigned row = rnd(ROWS(ethertypes)), detail = m->shape->detail,
		 hooks = percent(detail) ? match_hooks(d) : FW_HOOKS_ALL;

	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (fw_field_layer(f) & FW_LAYERS_IP && !drafted(d, f) && f != FW_F_PROTO && f != FW_F_ETHERTYPE &&
		    f != FW_F_HOOK && is_known(d, hooks, f) && percent(detail / 6)) {
			match_random(d, f);
			hooks &= fw_field_hooks(f);
		}
	if (percent(detail / 12))
		match_random(d, FW_F_ETHERTYPE);
	else if (percent(detail / 6))
		match_values(d, FW_F_ETHERTYPE, ethertypes[row].negated, ethertypes[row].type, ethertypes[row].n);
}

/* Actions that are more than a verdict. The last ones let packets go on. */
static const struct fw_action actions[] = {
	{ .verdict = FW_DROP, .flags = FW_ACTION_LOG },
	{ .verdict = FW_REJECT, .flags = FW_ACTION_LOG },
	{ .verdict = FW_ACCEPT, .flags = FW_ACTION_MARK, .mark = 5, .mark_mask = 255 },
	{ .verdict = FW_REJECT, .reject = FW_REJECT_TCP_RESET },
	{ .verdict = FW_REJECT, .reject = FW_REJECT_HOST_PROHIBITED },
	{ .verdict = FW_CONTINUE, .audit = FW_DROP + 1 },
	{ .verdict = FW_CONTINUE, .audit = FW_REJECT + 1, .flags = FW_ACTION_LOG },
	{ .verdict = FW_CONTINUE, .flags = FW_ACTION_LOG | FW_ACTION_MARK, .mark = 1, .mark_mask = UINT32_MAX },
};
#define ACTIONS_END 5

/* Are there already so many rules that let packets go on that with more nearly each ruleset would be refused? */
static bool few_may_pass(const struct fw_ruleset *rs)
{
	uint32_t n = rs->npassing;

	for (const struct fw_rule *r = rs->chains[FW_MAIN].last; r; r = r->next)
		n += r->chain != FW_MAIN && !fw_action_ends(fw_rule_action(rs, r)) && !fw_rule_is_plain_call(r);
	return n >= FW_TURNS - 4;
}

uint8_t random_rule_action(struct fw_ruleset *rs)
{
	bool few = few_may_pass(rs);
	struct fw_action a = actions[rnd(few ? ACTIONS_END : ROWS(actions))];
	int number;

	if (rnd(3))
		return (uint8_t)rnd(few ? FW_NTERMINAL : FW_CONTINUE + 1);
	if (a.flags & FW_ACTION_LOG)
		a.log = fw_rate_make(1 + rnd(5), (enum fw_unit)rnd(FW_NUNITS), 1 + rnd(3));
	number = fw_ruleset_action(rs, &a);
	return (uint8_t)(number < 0 ? FW_DROP : number);
}

/* More packets a second than any test sends: all are within the limit, as the oracle has it. */
#define RATE_NEVER 10000000

/* The number, if a chain has it, else the main list's: chains may have been deleted. */
static uint16_t chain_or_main(const struct fw_ruleset *rs, uint32_t number)
{
	return rs->chains[number].name ? (uint16_t)number : FW_MAIN;
}

/* A chain, or the main list; and of one rule in three a call of a later chain, or a return. */
static void choose_chain(struct fw_ruleset *rs, struct fw_rule *rule)
{
	static const struct fw_action calls[] = {
		{ .verdict = FW_JUMP },
		{ .verdict = FW_GOTO },
		{ .verdict = FW_RETURN },
		{ .verdict = FW_JUMP },
		{ .verdict = FW_JUMP, .flags = FW_ACTION_MARK, .mark = 5, .mark_mask = 255 },
		{ .verdict = FW_GOTO, .flags = FW_ACTION_MARK, .mark = 5, .mark_mask = 255 },
		{ .verdict = FW_JUMP, .flags = FW_ACTION_LIMIT_OVER },
		{ .verdict = FW_GOTO, .flags = FW_ACTION_LIMIT_OVER },
		{ .verdict = FW_RETURN, .flags = FW_ACTION_LIMIT_OVER },
	};
	struct fw_action a;
	uint32_t later, which;
	uint16_t target = FW_MAIN;
	int number = 0;

	if (rs->nchains == 1)
		return;
	which = rnd(few_may_pass(rs) ? 2 : ROWS(calls));
	a = calls[which];
	if (a.flags & FW_ACTION_LIMIT_OVER)
		a.limit = fw_rate_make(RATE_NEVER + rnd(5), FW_UNIT_SECOND, RATE_NEVER);
	if (rnd(2))
		a.flags &= ~FW_ACTION_LIMIT_OVER;
	rule->chain = chain_or_main(rs, rnd(2) ? rnd((uint32_t)rs->nchains) : FW_MAIN);
	later = (uint32_t)rs->nchains - 1 - rule->chain;
	if (rnd(3) || (!later && calls[which].verdict != FW_RETURN))
		return;
	if (calls[which].verdict != FW_RETURN) {
		target = chain_or_main(rs, rule->chain + 1 + rnd(later));
		if (target == FW_MAIN)
			return;
	}
	number = fw_ruleset_action(rs, &a);
	if (number < 0)
		return;
	rule->action = (uint8_t)number;
	rule->target = target;
}

/* A rule that decides by hook and state alone, as rulesets begin. */
static int make_state_rule(int (*use)(const struct fw_rule *draft, void *ctx), void *ctx)
{
	static const uint16_t states[] = { FW_STATE_NEW, FW_STATE_ESTABLISHED, FW_STATE_RELATED, FW_STATE_INVALID,
					   FW_STATE_UNTRACKED };
	struct draft d = { .n = 0 };
	const struct fw_match *matches[] = { &d.wide[0].m, &d.wide[1].m };
	struct fw_rule rule = { .matches = matches, .nmatches = 2, .action = rnd(8) ? rnd(2) : FW_REJECT };
	uint16_t hooks[] = { 1 + rnd(FW_NHOOKS - 1), 1 + rnd(FW_NHOOKS - 1) };
	unsigned first = rnd(ROWS(states));

	match_values(&d, FW_F_HOOK, false, hooks, 1 + rnd(2));
	match_values(&d, FW_F_STATE, !rnd(8), states + first, 1 + rnd(ROWS(states) - first));
	return use(&rule, ctx);
}

/* Passes a rule between these expressions to @use, which copies it. */
static int make_rule(const struct maker *m, uint32_t src, uint32_t dst,
		     int (*use)(const struct fw_rule *draft, void *ctx), void *ctx)
{
	const struct fw_match *matches[FW_NFIELDS];
	struct fw_rule rule = { .matches = matches, .src = src, .dst = dst };
	struct draft d = { .n = 0 };
	char name[16];

	rule.id = rnd(4) ? 0 : 1 + rnd(100000);
	rule.action = random_rule_action(m->rs);
	choose_chain(m->rs, &rule);
	rule.log = (struct fw_log){ rnd(2) ? "a \"quoted\\ prefix" : NULL, (uint8_t)rnd(FW_NLOG_LEVELS) };
	rule.exported = !rnd(4);
	snprintf(name, sizeof(name), "n%u", rnd(1 << 20));
	rule.name = rnd(8) ? NULL : name;
	rule.comment = rnd(8) ? NULL : "a \"quoted\\ comment # {";
	if (percent(m->shape->detail / 20))
		match_errors(&d);
	else if (percent(m->shape->detail))
		match_protocol(m, &d);
	match_others(m, &d);
	rule.nmatches = (uint8_t)d.n;
	for (unsigned i = 0; i < d.n; i++)
		matches[i] = &d.wide[i].m;
	return use(&rule, ctx);
}

static int append(const struct fw_rule *draft, void *rs)
{
	return fw_ruleset_add(rs, draft, (struct fw_place){ 0 }, NULL, NULL);
}

static void add_rule(const struct maker *m)
{
	uint32_t src = rnd(8) < m->shape->any ? FW_ANY : m->expressions[rnd(m->shape->expressions)];
	uint32_t dst = rnd(8) < m->shape->any ? FW_ANY : m->expressions[rnd(m->shape->expressions)];

	make_rule(m, src, dst, append, m->rs);
}

static void add_names(const struct maker *m)
{
	/* "e/" is the pattern e*. */
	static const char *const names[] = { "lo", "not", "a#1", "eth0", "e/", "eth/" };

	for (size_t i = 0; i < random_ifaces; i++)
		fw_ruleset_iface(m->rs, names[i]);
	for (unsigned i = 0; i < NSETS; i++) {
		uint32_t set;
		char name[8];

		snprintf(name, sizeof(name), "s%u", i);
		if (fw_ruleset_set(m->rs, name, NULL, &set))
			abort();
		for (unsigned n = rnd(12); n; n--) {
			struct fw_addr_range r = addr_range(m);

			fw_set_push(&m->rs->sets[set], &r);
		}
		fw_set_sort(&m->rs->sets[set]);
	}
	for (int r = 0; r < FW_NREASONS; r++) {
		m->rs->policy_set[r] = !fw_reason_is_fault(r) && rnd(2);
		if (m->rs->policy_set[r])
			m->rs->policy[r] = random_policy((enum fw_reason)r);
	}
}

void random_chains(unsigned n)
{
	chains = n;
}

static void add_chains(struct fw_ruleset *rs)
{
	for (unsigned i = 0; i < chains; i++) {
		uint16_t number;
		char name[16];

		snprintf(name, sizeof(name), "c%u", i);
		if (fw_ruleset_chain(rs, name, &number))
			abort();
	}
}

uint8_t random_policy(enum fw_reason reason)
{
	unsigned verdict;

	do
		verdict = rnd(FW_NVERDICTS);
	while (!fw_policy_may_have(reason, verdict));
	return (uint8_t)verdict;
}

struct fw_ruleset *random_ruleset(const struct random_shape *shape)
{
	struct maker m = { .rs = fw_ruleset_new(NULL), .shape = shape };
	fw_autofree uint32_t *expressions = calloc(shape->expressions + 1, sizeof(*expressions));

	if (!m.rs || !expressions)
		abort();
	m.expressions = expressions;
	places_choose(&m);
	add_names(&m);
	for (unsigned n = shape->detail && rnd(2) ? 1 + rnd(3) : 0; n && m.rs->nrules < shape->rules; n--)
		make_state_rule(append, m.rs);
	for (unsigned i = 0; i < shape->expressions; i++)
		expressions[i] = expression(&m);
	add_chains(m.rs);
	for (unsigned tries = 0; m.rs->nrules < shape->rules && tries < shape->rules * 8 + 50; tries++)
		add_rule(&m);
	if (fw_ruleset_order(m.rs))
		abort();
	return m.rs;
}

struct fw_compile_options random_options(void)
{
	return (struct fw_compile_options){ .leaf_rules = rnd(3) ? 1 + rnd(8) : 0 };
}

struct random_maker {
	struct maker m;
	struct random_shape shape;
};

struct random_maker *random_maker_new(struct fw_ruleset *rs, const struct random_shape *shape)
{
	struct random_maker *rm = calloc(1, sizeof(*rm));

	if (!rm)
		abort();
	rm->shape = *shape;
	rm->m.rs = rs;
	rm->m.shape = &rm->shape;
	places_choose(&rm->m);
	return rm;
}

void random_maker_free(struct random_maker *rm)
{
	free(rm);
}

struct fw_rule *random_rule(const struct fw_ruleset *rs)
{
	struct fw_rule *r = NULL;

	for (int tries = 0; rs->next_slot && !r && tries < 100; tries++)
		r = fw_ruleset_by_slot(rs, rnd(rs->next_slot));
	return r ? r : rs->first;
}

static uint32_t some_expression(const struct maker *m, int side)
{
	const struct fw_rule *r = random_rule(m->rs);

	if (rnd(8) < m->shape->any)
		return FW_ANY;
	if (r && rnd(2))
		return side ? r->dst : r->src;
	return expression(m);
}

int random_draft(const struct random_maker *rm, int (*use)(const struct fw_rule *draft, void *ctx), void *ctx)
{
	uint32_t src = some_expression(&rm->m, 0), dst = some_expression(&rm->m, 1);

	if (percent(rm->shape.detail / 4))
		return make_state_rule(use, ctx);
	return make_rule(&rm->m, src, dst, use, ctx);
}

struct fw_addr_range random_element(const struct random_maker *rm)
{
	return addr_range(&rm->m);
}
