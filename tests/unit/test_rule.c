// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets: interning, ranges against brute force, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/draft.h"
#include "fw/random.h"
#include "fw/text.h"
#include "tests/unit/rows.h"

static struct fw_random numbers;

static uint32_t rnd(uint32_t below)
{
	return (uint32_t)fw_random_below(&numbers, below);
}

static struct fw_addr ip4(uint32_t a)
{
	return (struct fw_addr){ (uint64_t)a << 32, 0 };
}

static struct fw_addr_range net4(uint32_t a, unsigned len)
{
	return fw_addr_prefix(FW_IP4, ip4(a), len);
}

static struct fw_addr_range net6(uint64_t hi, uint64_t lo, unsigned len)
{
	return fw_addr_prefix(FW_IP6, (struct fw_addr){ hi, lo }, len);
}

static void prefixes_cover_their_range(void **state)
{
	static const struct {
		enum fw_family family;
		struct fw_addr addr;
		unsigned len;
		struct fw_addr lo, hi;
	} rows[] = {
		{ FW_IP4, { 0x0a010203ull << 32, 0 }, 32, { 0x0a010203ull << 32, 0 }, { 0x0a010203ull << 32, 0 } },
		{ FW_IP4, { 0x0a010203ull << 32, 0 }, 8, { 0x0a000000ull << 32, 0 }, { 0x0affffffull << 32, 0 } },
		{ FW_IP4, { 0x0a010203ull << 32, 0 }, 0, { 0, 0 }, { 0xffffffffull << 32, 0 } },
		{ FW_IP6, { 0x20010db8ull << 32, 9 }, 32, { 0x20010db8ull << 32, 0 }, { 0x20010db8ffffffff, ~0ull } },
		{ FW_IP6, { 1, 9 }, 64, { 1, 0 }, { 1, ~0ull } },
		{ FW_IP6, { 1, 0xff }, 124, { 1, 0xf0 }, { 1, 0xff } },
		{ FW_IP6, { 1, 9 }, 128, { 1, 9 }, { 1, 9 } },
		{ FW_IP6, { 1, 9 }, 0, { 0, 0 }, { ~0ull, ~0ull } },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_addr_range r = fw_addr_prefix(rows[i].family, rows[i].addr, rows[i].len);

		assert_int_equal(fw_addr_cmp(r.lo, rows[i].lo), 0);
		assert_int_equal(fw_addr_cmp(r.hi, rows[i].hi), 0);
		assert_int_equal(r.family, rows[i].family);
	}
}

/* A small universe at one end of a family: 64 addresses there, and a mark for each of them. */
struct corner {
	enum fw_family family;
	bool last; /* the last addresses, not the first */
};

static struct fw_addr corner_addr(struct corner c, uint32_t i)
{
	struct fw_addr last = fw_addr_last(c.family);

	if (c.family == FW_IP4)
		return c.last ? (struct fw_addr){ last.hi - ((uint64_t)(63 - i) << 32), 0 } : ip4(i);
	return c.last ? (struct fw_addr){ last.hi, last.lo - (63 - i) } : (struct fw_addr){ 0, i };
}

static bool in_ranges(const struct fw_addr_range *r, size_t n, enum fw_family family, struct fw_addr a)
{
	bool in = false;

	for (size_t i = 0; i < n; i++)
		in |= r[i].family == family && fw_addr_cmp(r[i].lo, a) <= 0 && fw_addr_cmp(a, r[i].hi) <= 0;
	return in;
}

static void assert_merged(const struct fw_addr_range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(fw_addr_cmp(r[i].lo, r[i].hi) <= 0);
	for (size_t i = 1; i < n; i++) {
		assert_true(r[i - 1].family <= r[i].family);
		if (r[i - 1].family < r[i].family)
			continue;
		assert_true(fw_addr_cmp(r[i - 1].hi, r[i].lo) < 0);
		/* Not adjacent: there is an address in between. */
		if (r[i].family == FW_IP4)
			assert_true(r[i].lo.hi - r[i - 1].hi.hi > 1ull << 32);
		else
			assert_false(r[i].lo.lo - r[i - 1].hi.lo == 1 &&
				     r[i].lo.hi - r[i - 1].hi.hi == (r[i].lo.lo == 0));
	}
}

static const struct corner corners[] = { { FW_IP4, false }, { FW_IP4, true }, { FW_IP6, false }, { FW_IP6, true } };

static void expressions_against_brute_force(void **state)
{
	for (int round = 0; round < 3000; round++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		struct fw_addr_range in[8], *out;
		size_t n = rnd(ROWS(in) + 1), nout;
		bool negated = rnd(2);
		uint32_t number, set;

		for (size_t i = 0; i < n; i++) {
			struct corner c = corners[rnd(4)];
			uint32_t a = rnd(64), b = rnd(64);

			in[i] = (struct fw_addr_range){ corner_addr(c, a < b ? a : b), corner_addr(c, a < b ? b : a),
							.family = (uint8_t)c.family };
		}
		/* Half of the expressions go through a set. */
		size_t nset = rnd(2) ? rnd((uint32_t)n + 1) : 0;

		assert_int_equal(fw_ruleset_set(rs, "s", NULL, &set), 0);
		for (size_t i = 0; i < nset; i++)
			assert_int_equal(fw_set_push(&rs->sets[set], &in[i]), 0);
		fw_set_sort(&rs->sets[set]);
		assert_int_equal(fw_ruleset_addrs(rs, in + nset, n - nset, &set, nset > 0, negated, &number), 0);
		assert_int_equal(fw_addrs_ranges(&rs->book, number, &out, &nout), 0);
		assert_merged(out, nout);
		for (size_t c = 0; c < ROWS(corners); c++)
			for (uint32_t i = 0; i < 64; i++) {
				struct fw_addr a = corner_addr(corners[c], i);
				bool want = in_ranges(in, n, corners[c].family, a) != (negated || !n);

				assert_int_equal(in_ranges(out, nout, corners[c].family, a), want);
			}
		free(out);
		fw_ruleset_free(rs);
	}
}

static struct fw_addr_range corner_range(void)
{
	struct corner c = corners[rnd(4)];
	uint32_t a = rnd(64), b = rnd(64);

	return (struct fw_addr_range){ corner_addr(c, a < b ? a : b), corner_addr(c, a < b ? b : a),
				       .family = (uint8_t)c.family };
}

#define BOTH_SETS 3

/* An expression as a test knows it: a union, or what is outside it. */
struct plain {
	struct fw_addr_range r[3];
	size_t n;
	uint32_t sets[2];
	size_t nsets;
	bool negated;
};

static bool plain_has(const struct fw_ruleset *rs, const struct plain *p, enum fw_family family, struct fw_addr a)
{
	bool in = in_ranges(p->r, p->n, family, a);

	for (size_t s = 0; s < p->nsets; s++)
		in |= in_ranges(rs->sets[p->sets[s]].elements, rs->sets[p->sets[s]].n, family, a);
	return in != (p->negated || (!p->n && !p->nsets));
}

static struct plain plain_random(void)
{
	struct plain p = { .n = rnd(3), .nsets = rnd(3), .sets = { rnd(BOTH_SETS), rnd(BOTH_SETS) } };

	for (size_t i = 0; i < p.n; i++)
		p.r[i] = corner_range();
	p.negated = (p.n || p.nsets) && rnd(2);
	return p;
}

static void assert_in_all(const struct fw_ruleset *rs, const struct plain *p, size_t n, uint32_t number)
{
	struct fw_addr_range *out = NULL;
	size_t nout = 0;

	if (number != FW_NOWHERE)
		assert_int_equal(fw_addrs_ranges(&rs->book, number, &out, &nout), 0);
	assert_merged(out, nout);
	for (size_t c = 0; c < ROWS(corners); c++)
		for (uint32_t i = 0; i < 64; i++) {
			struct fw_addr a = corner_addr(corners[c], i);
			bool want = true;

			for (size_t k = 0; k < n; k++)
				want &= plain_has(rs, &p[k], corners[c].family, a);
			assert_int_equal(in_ranges(out, nout, corners[c].family, a), want);
		}
	free(out);
}

static void sets_refill(struct fw_ruleset *rs)
{
	for (uint32_t s = 0; s < BOTH_SETS; s++) {
		rs->sets[s].n = 0;
		for (uint32_t i = rnd(4); i > 0; i--) {
			struct fw_addr_range r = corner_range();

			assert_int_equal(fw_set_push(&rs->sets[s], &r), 0);
		}
		fw_set_sort(&rs->sets[s]);
	}
}

/* Nothing refers to expressions any more, once @number is dropped: only `any` is left. */
static void assert_nothing_left(struct fw_ruleset *rs)
{
	for (size_t i = 1; i < rs->naddrs; i++)
		assert_null(rs->addrs[i].ranges);
	for (uint32_t s = 0; s < BOTH_SETS; s++)
		assert_int_equal(rs->sets[s].users, 0);
}

/* Several expressions, each and together, in any order; and again after their sets have changed. */
static void expressions_have_addresses_in_common(void **state)
{
	for (int round = 0; round < 3000; round++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		uint32_t number[6], part[6], last = FW_ANY, set, again;
		struct plain p[6];
		size_t n = rnd(ROWS(p)) + 1;

		for (uint32_t s = 0; s < BOTH_SETS; s++)
			assert_int_equal(fw_ruleset_set(rs, (char[]){ (char)('a' + s), 0 }, NULL, &set), 0);
		sets_refill(rs);
		for (size_t i = 0; i < n; i++) {
			p[i] = plain_random();
			assert_int_equal(
				fw_ruleset_addrs(rs, p[i].r, p[i].n, p[i].sets, p[i].nsets, p[i].negated, &part[i]), 0);
			fw_book_hold(&rs->book, part[i]);
			number[i] = FW_NOWHERE;
			if (last != FW_NOWHERE)
				assert_int_equal(fw_ruleset_addrs_and(rs, last, part[i], &number[i]), 0);
			last = number[i];
			if (last != FW_NOWHERE)
				fw_book_hold(&rs->book, last);
			assert_in_all(rs, p, i + 1, last);
		}
		sets_refill(rs);
		for (size_t i = 0; i < n; i++)
			assert_in_all(rs, p, i + 1, number[i]);
		if (n > 1 && number[1] != FW_NOWHERE) {
			assert_int_equal(fw_ruleset_addrs_and(rs, part[1], part[0], &again), 0);
			assert_int_equal(again, number[1]);
			assert_int_equal(fw_ruleset_addrs_and(rs, again, part[0], &again), 0);
			assert_int_equal(again, number[1]);
		}
		for (size_t i = 0; i < n; i++) {
			fw_book_drop(&rs->book, part[i]);
			if (number[i] != FW_NOWHERE)
				fw_book_drop(&rs->book, number[i]);
		}
		assert_nothing_left(rs);
		fw_ruleset_free(rs);
	}
}

/* Two matches on a field of each kind, and the values that both accept. */
static void matches_have_values_in_common(void **state)
{
	static const enum fw_field fields[] = { FW_F_PROTO, FW_F_SPORT, FW_F_TCP_FLAGS, FW_F_HOOK, FW_F_STATE };

	for (int round = 0; round < 20000; round++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		enum fw_field field = fields[rnd(ROWS(fields))];
		uint32_t max = fw_field_info[field].max, window = max < 300 ? max : 300;
		const struct fw_match *m[2] = { NULL }, *both = NULL;
		struct {
			struct fw_match m;
			struct fw_range r[4];
		} in;

		for (int i = 0; i < 2; i++) {
			in.m = (struct fw_match){ (uint8_t)field, rnd(2) && field != FW_F_HOOK,
						  (uint16_t)(1 + rnd(4)) };
			for (unsigned k = 0; k < in.m.n; k++) {
				uint32_t a = rnd(window + 1), b = rnd(window + 1);

				in.r[k] = fw_field_is_flags(field) ? (struct fw_range){ a | 1, b & (a | 1) } :
								     (struct fw_range){ a < b ? a : b, a < b ? b : a };
			}
			if (fw_match_normalise(rs, &in.m, (struct fw_place){ 0 }, NULL, &m[i]))
				m[i] = NULL;
		}
		if (m[0] && m[1]) {
			bool some = false;

			assert_int_equal(fw_match_and(rs, m[0], m[1], &both), 0);
			for (uint32_t v = 0; v <= (max < 70000 ? max : 70000); v++) {
				bool want = fw_match_has(m[0], v) && fw_match_has(m[1], v);

				some |= want;
				if (both)
					assert_int_equal(fw_match_has(both, v), want);
			}
			assert_int_equal(!!both, some);
		}
		fw_ruleset_free(rs);
	}
}

static void expressions_are_interned(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new("x.rules");
	struct fw_addr_range halves[] = { net4(0x80000000, 1), net4(0, 1) }, all = net4(0, 0);
	uint32_t a, b, sets[] = { 1, 0, 1 }, set;

	assert_int_equal(fw_ruleset_addrs(rs, NULL, 0, NULL, 0, false, &a), 0);
	assert_int_equal(a, FW_ANY);
	assert_int_equal(fw_ruleset_addrs(rs, halves, 2, NULL, 0, false, &a), 0);
	assert_int_equal(fw_ruleset_addrs(rs, &all, 1, NULL, 0, false, &b), 0);
	assert_int_equal(a, b);
	assert_int_not_equal(a, FW_ANY); /* every IPv4 address is not every address */
	assert_int_equal(fw_ruleset_addrs(rs, &all, 1, NULL, 0, true, &b), 0);
	assert_int_not_equal(a, b);
	assert_int_equal(fw_ruleset_set(rs, "one", NULL, &set), 0);
	assert_int_equal(fw_ruleset_set(rs, "two", "two.txt", &set), 0);
	assert_int_equal(fw_ruleset_set(rs, "one", NULL, &set), -EEXIST);
	assert_int_equal(fw_ruleset_set_find(rs, "two"), 1);
	assert_int_equal(fw_ruleset_set_find(rs, "three"), -ENOENT);
	assert_int_equal(fw_ruleset_addrs(rs, NULL, 0, sets, 3, false, &a), 0);
	assert_int_equal(fw_ruleset_addrs(rs, NULL, 0, sets + 1, 2, false, &b), 0);
	assert_int_equal(a, b);
	assert_int_equal(rs->addrs[a].nsets, 2);
	assert_int_equal(fw_ruleset_iface(rs, "eth0"), 0);
	assert_int_equal(fw_ruleset_iface(rs, "eth1"), 1);
	assert_int_equal(fw_ruleset_iface(rs, "eth0"), 0);
	fw_ruleset_free(rs);
}

static void interface_names_are_bounded(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	char name[16];

	for (int i = 0; i < FW_IFACES_MAX; i++) {
		snprintf(name, sizeof(name), "if%d", i);
		assert_int_equal(fw_ruleset_iface(rs, name), i);
	}
	assert_int_equal(fw_ruleset_iface(rs, "more"), -E2BIG);
	assert_int_equal(fw_ruleset_iface(rs, "if77"), 77);
	fw_ruleset_free(rs);
}

static void on(struct fw_ruleset *rs, const char *change)
{
	struct fw_diags ds = { 0 };
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	if (fw_text_edit(&e, change, strlen(change), "test", &ds, NULL))
		fail_msg("%s", ds.d[0].message);
	fw_edit_commit(&e);
}

/* A number is freed after two grace periods, each of which began when it was unused. */
static void interface_numbers_are_given_back(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	on(rs, "add rule name a on { eth0, eth1 } accept\nadd rule name b on eth1 accept");
	fw_ruleset_ifaces_wait(rs, true, true);
	on(rs, "del rule a");
	assert_false(fw_ruleset_ifaces_part(rs, true)); /* this one began before */
	assert_int_equal(rs->ifaces_idle, 1);
	fw_ruleset_ifaces_wait(rs, true, true);
	on(rs, "add rule name a on eth0 accept\ndel rule b");
	on(rs, "del rule a");
	assert_false(fw_ruleset_ifaces_part(rs, true)); /* it was used meanwhile */
	assert_int_equal(rs->ifaces_idle, 2);
	fw_ruleset_ifaces_wait(rs, true, true);
	assert_false(fw_ruleset_ifaces_part(rs, false)); /* it may be needed yet */
	on(rs, "add rule name a on eth1 accept");
	assert_true(fw_ruleset_ifaces_part(rs, true));
	assert_int_equal(fw_ruleset_iface_find(rs, "eth0"), -ENOENT);
	assert_int_equal(rs->ifaces_parting, 1);
	assert_int_equal(fw_ruleset_iface(rs, "lo"), 2); /* packets may still have 0 */
	assert_false(fw_ruleset_ifaces_part(rs, true));
	fw_ruleset_ifaces_wait(rs, false, true);
	assert_false(fw_ruleset_ifaces_part(rs, true));
	assert_int_equal(fw_ruleset_iface(rs, "eth0"), 0);
	assert_int_equal(fw_ruleset_iface(rs, "eth1"), 1);
	assert_int_equal(rs->ifaces_named, 3);
	fw_ruleset_ifaces_tidy(rs);
	assert_int_equal(rs->ifaces_named, 1);
	assert_int_equal(rs->nifaces, 2);
	fw_ruleset_free(rs);
}

/* A match with room for some ranges. */
struct wide {
	struct fw_match m;
	struct fw_range r[8];
};

static void match_ranges_against_brute_force(void **state)
{
	for (int round = 0; round < 3000; round++) {
		struct wide w = { { .field = rnd(2) ? FW_F_TCP_FLAGS : FW_F_DSCP, .negated = rnd(2), .n = 0 },
				  { { 0 } } };
		uint32_t max = fw_field_info[w.m.field].max, v = rnd(max / 4);
		struct fw_range out[256];

		for (w.m.n = 0; w.m.n < 1 + rnd(4) && v <= max; w.m.n++) {
			uint32_t hi = v + rnd(max - v + 1) / 2;

			if (w.m.field == FW_F_TCP_FLAGS)
				w.m.r[w.m.n].lo = rnd(256), w.m.r[w.m.n].hi = rnd(256) & w.m.r[w.m.n].lo;
			else
				w.m.r[w.m.n] = (struct fw_range){ v, hi };
			v = hi + 2 + rnd(4);
		}

		size_t n = fw_match_ranges(&w.m, out);

		assert_true(n <= FW_MATCH_RANGES_MAX(&w.m));
		for (size_t i = 1; i < n; i++)
			assert_true(out[i - 1].hi + 1 < out[i].lo);
		for (uint32_t value = 0; value <= max; value++) {
			bool in = false, want = false;

			for (unsigned i = 0; i < w.m.n; i++)
				want |= w.m.field == FW_F_TCP_FLAGS ? (value & w.m.r[i].lo) == w.m.r[i].hi :
								      value >= w.m.r[i].lo && value <= w.m.r[i].hi;
			for (size_t i = 0; i < n; i++)
				in |= value >= out[i].lo && value <= out[i].hi;
			assert_int_equal(in, want != w.m.negated);
		}
	}
}

static void marks_reach_the_last_value(void **state)
{
	struct wide w = { { .field = FW_F_MARK, .negated = 1, .n = 1 }, { { 0 } } };
	struct fw_range out[2];

	w.m.r[0] = (struct fw_range){ 1, 0xfffffffe };
	assert_int_equal(fw_match_ranges(&w.m, out), 2);
	assert_int_equal(out[0].hi, 0);
	assert_int_equal(out[1].lo, 0xffffffff);
	assert_int_equal(out[1].hi, 0xffffffff);
	w.m.r[0] = (struct fw_range){ 5, 0xffffffff };
	assert_int_equal(fw_match_ranges(&w.m, out), 1);
	assert_int_equal(out[0].hi, 4);
}

/* One match of a test's rule. */
struct row_match {
	uint8_t field, negated, n;
	struct fw_range r[3];
};
enum { ANY, V4, V6, ALL4, NOT4, NOT_BOTH, NOT_NOTHING, SET };
struct row {
	const char *message; /* a part of it; NULL: accepted */
	struct row_match m[6];
	int src, dst;
};

/* clang-format off */
#define ONE(f, v) { FW_F_##f, 0, 1, { { v, v } } }
#define SOME(f, a, b) { FW_F_##f, 0, 1, { { a, b } } }
#define NOT(f, a, b) { FW_F_##f, 1, 1, { { a, b } } }
#define TCP ONE(PROTO, 6)
/* clang-format on */

static const struct row rows[] = {
	{ NULL, { { 0 } }, ANY, ANY },
	{ NULL, { TCP, ONE(DPORT, 80), ONE(SPORT, 0) }, V4, V4 },
	{ NULL, { ONE(PROTO, 17), NOT(DPORT, 0, 5) }, V6, ANY },
	{ NULL, { { FW_F_PROTO, 0, 3, { { 6, 6 }, { 17, 17 }, { 132, 132 } } }, ONE(DPORT, 80) }, ANY, SET },
	{ "needs a protocol", { ONE(DPORT, 80) }, ANY, ANY },
	{ "cannot be used with protocol 1,", { ONE(PROTO, 1), ONE(DPORT, 80) }, ANY, ANY },
	{ "'sport' cannot be used with protocol 7,", { SOME(PROTO, 6, 17), ONE(SPORT, 80) }, ANY, ANY },
	{ "cannot be used with protocol 0,", { NOT(PROTO, 6, 6), ONE(DPORT, 80) }, ANY, ANY },
	{ NULL, { ONE(PROTO, 1), ONE(ICMP_TYPE, 8), ONE(ICMP_CODE, 0) }, ANY, V4 },
	{ NULL, { ONE(PROTO, 58), ONE(ICMP_TYPE, 128) }, V6, ANY },
	{ "'icmp-type' needs the protocol icmp", { ONE(ICMP_TYPE, 8) }, ANY, ANY },
	{ "'icmp-code' cannot be used with protocol 2,", { SOME(PROTO, 1, 2), ONE(ICMP_CODE, 8) }, ANY, ANY },
	{ "'icmp-code' needs the protocol icmp",
	  { { FW_F_PROTO, 0, 2, { { 1, 1 }, { 58, 58 } } }, ONE(ICMP_CODE, 8) },
	  ANY,
	  ANY },
	{ "'icmp-type' cannot be used with protocol 6,", { TCP, ONE(ICMP_TYPE, 8) }, ANY, ANY },
	{ "icmp is a protocol of IPv4", { ONE(PROTO, 1) }, V6, ANY },
	{ "icmp is a protocol of IPv4", { ONE(PROTO, 1), ONE(ETHERTYPE, 0x86dd) }, ANY, ANY },
	{ "icmp is a protocol of IPv4", { ONE(PROTO, 1) }, ANY, NOT4 },
	{ "icmp6 is a protocol of IPv6", { ONE(PROTO, 58) }, ANY, V4 },
	{ "icmp6 is a protocol of IPv6", { ONE(PROTO, 58), ONE(ETHERTYPE, 0x800) }, ANY, ANY },
	{ NULL, { SOME(TCP_FLAGS, 2, 2) }, ANY, ANY },
	{ NULL, { TCP, SOME(TCP_FLAGS, 0xff, 0) }, ANY, ANY },
	{ "which has no TCP header", { ONE(PROTO, 17), SOME(TCP_FLAGS, 2, 2) }, ANY, ANY },
	{ "which has no TCP header", { SOME(PROTO, 6, 7), SOME(TCP_FLAGS, 2, 2) }, ANY, ANY },
	{ "checks nothing", { SOME(TCP_FLAGS, 0, 0) }, ANY, ANY },
	{ "outside the mask", { SOME(TCP_FLAGS, 2, 3) }, ANY, ANY },
	{ "excludes every value", { { FW_F_TCP_FLAGS, 1, 2, { { 2, 2 }, { 2, 0 } } } }, ANY, ANY },
	{ "excludes every value", { TCP, NOT(DPORT, 0, 65535) }, ANY, ANY },
	{ "excludes every value", { { FW_F_DSCP, 1, 2, { { 9, 63 }, { 0, 8 } } } }, ANY, ANY },
	{ "excludes every value", { NOT(MARK, 0, 0xffffffff) }, ANY, ANY },
	{ NULL, { SOME(MARK, 0, 0xffffffff) }, ANY, ANY },
	{ "largest value of 'dscp' is 63, not 64", { ONE(DSCP, 64) }, ANY, ANY },
	{ "largest value of 'vlan' is 4095, not 5000", { SOME(VLAN, 1, 5000) }, ANY, ANY },
	{ "range 5-4 of 'vlan' is empty", { SOME(VLAN, 5, 4) }, ANY, ANY },
	{ "list of 'length' is empty", { { FW_F_LENGTH, 0, 0, { { 0 } } }, ONE(VLAN, 1) }, ANY, ANY },
	{ "'vlan' is given twice", { ONE(VLAN, 4), ONE(VLAN, 5) }, ANY, ANY },
	{ "no interface number 7", { ONE(IFACE, 7) }, ANY, ANY },
	{ "'from' is IPv4 and 'to' is IPv6", { { 0 } }, V4, V6 },
	{ "'from' is IPv6 and 'to' is IPv4", { { 0 } }, NOT4, V4 },
	{ NULL, { { 0 } }, SET, V6 },
	{ "'from not' excludes every address", { { 0 } }, NOT_BOTH, ANY },
	{ "'to not' excludes every address", { { 0 } }, ANY, NOT_BOTH },
	{ "list of 'from not' is empty", { { 0 } }, NOT_NOTHING, ANY },
	{ "list of 'to not' is empty", { { 0 } }, ANY, NOT_NOTHING },
	{ NULL, { ONE(ETHERTYPE, 0x800) }, V4, ALL4 },
	{ "IPv6 packets, but its addresses are IPv4", { ONE(ETHERTYPE, 0x86dd) }, V4, ANY },
	{ "IPv4 packets, but its addresses are IPv6", { NOT(ETHERTYPE, 0x86dd, 0x86dd) }, V6, ANY },
	{ NULL, { SOME(ETHERTYPE, 0x800, 0x806) }, V4, ANY },
	{ NULL, { ONE(ETHERTYPE, 0x806), ONE(VLAN, 1), ONE(LENGTH, 28), ONE(MARK, 1), ONE(HOOK, 0) }, ANY, ANY },
	{ "not IP, so there is no address", { ONE(ETHERTYPE, 0x806) }, V4, ANY },
	{ "not IP, so there is no address", { ONE(ETHERTYPE, 0x806) }, ANY, SET },
	{ "not IP, so there is no 'proto'", { ONE(ETHERTYPE, 0x806), TCP }, ANY, ANY },
	{ "not IP, so there is no 'dscp'", { ONE(ETHERTYPE, 0x806), ONE(DSCP, 0) }, ANY, ANY },
	{ "not IP, so there is no 'frag'", { ONE(ETHERTYPE, 0x806), ONE(FRAG, 0) }, ANY, ANY },
	{ "not IP, so there is no 'flags'", { ONE(ETHERTYPE, 0x806), SOME(TCP_FLAGS, 1, 1) }, ANY, ANY },
	{ "later fragment has no 'dport'", { TCP, ONE(DPORT, 80), ONE(FRAG, FW_FRAG_LATER) }, ANY, ANY },
	{ "later fragment has no 'flags'", { SOME(TCP_FLAGS, 1, 1), NOT(FRAG, 0, 1) }, ANY, ANY },
	{ "later fragment has no 'icmp-type'", { ONE(PROTO, 1), ONE(ICMP_TYPE, 8), ONE(FRAG, 2) }, ANY, ANY },
	{ NULL, { TCP, ONE(DPORT, 80), SOME(FRAG, 1, 2) }, ANY, ANY },
};

static uint32_t row_addrs(struct fw_ruleset *rs, int what)
{
	struct fw_addr_range four = net4(0x0a000000, 8), all[] = { net4(0, 0), net6(0, 0, 0) };
	struct fw_addr_range six = net6(0x20010db8ull << 32, 0, 32);
	uint32_t set = 0, number = FW_ANY;

	if (what == V4 || what == V6)
		assert_int_equal(fw_ruleset_addrs(rs, what == V4 ? &four : &six, 1, NULL, 0, false, &number), 0);
	if (what == ALL4 || what == NOT4 || what == NOT_BOTH)
		assert_int_equal(fw_ruleset_addrs(rs, all, what == NOT_BOTH ? 2 : 1, NULL, 0, what != ALL4, &number),
				 0);
	if (what == NOT_NOTHING)
		assert_int_equal(fw_ruleset_addrs(rs, NULL, 0, NULL, 0, true, &number), 0);
	if (what == SET)
		assert_int_equal(fw_ruleset_addrs(rs, NULL, 0, &set, 1, false, &number), 0);
	return number;
}

/* Adds the row's rule to a ruleset: it is taken, in its canonical form, or refused with the row's message and hint. */
static void run_row(const struct row *row)
{
	struct fw_ruleset *rs = fw_ruleset_new("x.rules");
	struct wide w[ROWS(row->m)] = { 0 };
	const struct fw_match *matches[ROWS(row->m)];
	struct fw_rule draft = { .matches = matches, .action = FW_ACCEPT }, *r = NULL;
	struct fw_diags ds = { .n = 0 };
	uint32_t set;

	assert_int_equal(fw_ruleset_set(rs, "s", NULL, &set), 0);
	draft.src = row_addrs(rs, row->src);
	draft.dst = row_addrs(rs, row->dst);
	for (size_t i = 0; i < ROWS(row->m) && (row->m[i].n || row->m[i].field); i++) {
		w[i].m = (struct fw_match){ row->m[i].field, row->m[i].negated, row->m[i].n };
		memcpy(w[i].m.r, row->m[i].r, sizeof(row->m[i].r));
		matches[draft.nmatches++] = &w[i].m;
	}

	int err = fw_ruleset_add(rs, &draft, (struct fw_place){ "x.rules", 4, 2 }, &ds, &r);

	if (!row->message) {
		if (err)
			fail_msg("refused: %s", ds.d[0].message);
		assert_int_equal(rs->nrules, 1);
		assert_int_equal(r->id, 1);
		for (unsigned i = 1; i < r->nmatches; i++)
			assert_true(r->matches[i - 1]->field < r->matches[i]->field);
	} else {
		assert_int_equal(err, -EINVAL);
		assert_int_equal(ds.total, 1);
		if (!strstr(ds.d[0].message, row->message))
			fail_msg("'%s' lacks '%s'", ds.d[0].message, row->message);
		assert_int_equal(ds.d[0].line, 4);
		assert_int_equal(ds.d[0].column, 2);
		assert_int_equal(rs->nrules, 0);
		assert_int_equal(rs->next_id, 1);
		assert_int_equal(rs->next_slot, 0);
		assert_null(r);
	}
	fw_ruleset_free(rs);
}

static void what_can_never_match_is_refused(void **state)
{
	for (size_t i = 0; i < ROWS(rows); i++)
		run_row(&rows[i]);
}

/* A rule with a match on @field and one on another field: is it accepted? */
static bool is_accepted(enum fw_field field, enum fw_field other, uint32_t value)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct wide a = { { .field = (uint8_t)field, .n = 1 }, { { 1, 1 } } };
	struct wide b = { { .field = (uint8_t)other, .n = 1 }, { { value, value } } };
	struct wide c = { { .field = FW_F_HOOK, .n = 1 }, { { FW_OUT, FW_OUT } } };
	const struct fw_match *matches[] = { &a.m, &b.m, &c.m };
	struct fw_rule draft = { .matches = matches, .nmatches = field == FW_F_STATE ? 3 : 2 };
	int err;

	assert_true(fw_ruleset_iface(rs, "eth0") >= 0 && fw_ruleset_iface(rs, "eth1") >= 0);
	err = fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, NULL);
	assert_true(!err || err == -EINVAL);
	fw_ruleset_free(rs);
	return !err;
}

/* Whatever fields there are: one that no packet can have together with the rest of the rule is refused, others are not. */
static void fields_go_with_packets_of_their_layer(void **state)
{
	for (enum fw_field f = 0; f < FW_NFIELDS; f++) {
		unsigned layer = fw_field_layer(f);

		if (f != FW_F_ETHERTYPE)
			assert_int_equal(is_accepted(f, FW_F_ETHERTYPE, 0x0806), layer == FW_LAYERS_FRAME);
		if (f != FW_F_FRAG && !(layer & FW_LAYERS_IP))
			assert_false(is_accepted(f, FW_F_FRAG, FW_FRAG_LATER));
		for (uint32_t proto = 0; f != FW_F_PROTO && f != FW_F_ETHERTYPE && proto < 256; proto++)
			if (is_accepted(f, FW_F_PROTO, proto) != !!(fw_proto_layers(proto, FW_FAMILY_NONE) & layer))
				fail_msg("'%s' with protocol %u", fw_field_info[f].keyword, proto);
	}
}

static void names_ids_and_comments(void **state)
{
	static char long_name[FW_NAME_MAX + 2], long_comment[FW_COMMENT_MAX + 2];
	static const struct {
		uint64_t id;
		const char *name, *comment, *message;
	} steps[] = {
		{ 0, "ssh", "caf\xc3\xa9", NULL },
		{ 1, NULL, NULL, "rule id 1 is taken" },
		{ 5, "ssh", NULL, "rule name 'ssh' is taken" },
		{ 5, "_a.b-C9", "", NULL },
		{ 3, NULL, NULL, NULL },
		{ 0, "12", NULL, "'12' is not a valid name" },
		{ 0, "", NULL, "'' is not a valid name" },
		{ 0, "a b", NULL, "'a b' is not a valid name" },
		{ 0, long_name, NULL, "at most 63 bytes, not 64" },
		{ 0, NULL, long_comment, "at most 255 bytes, not 256" },
		{ 0, NULL, "a\nb", "byte 0x0a of the comment" },
		{ 0, NULL, "a\x7f", "byte 0x7f of the comment" },
		{ 0, NULL, "\xc3", "byte 0xc3 of the comment" },
		{ 0, NULL, "\xc0\x80", "byte 0xc0 of the comment" },
		{ 0, NULL, "\xed\xa0\x80", "byte 0xed of the comment" },
		{ 0, NULL, "\xf4\x90\x80\x80", "byte 0xf4 of the comment" },
		{ 0, NULL, "\xc2\x85", "byte 0xc2 of the comment" },
		{ UINT64_MAX, NULL, "\xf0\x9f\x94\xa5", NULL },
		{ 0, NULL, NULL, NULL }, /* 2: above the last one there is none */
		{ 4, NULL, NULL, NULL },
		{ 0, NULL, NULL, NULL },
		{ 2, NULL, NULL, "is taken" },
		{ UINT64_MAX, NULL, NULL, "is taken" },
	};
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	memset(long_name, 'a', FW_NAME_MAX + 1);
	memset(long_comment, 'a', FW_COMMENT_MAX + 1);
	for (size_t i = 0; i < ROWS(steps); i++) {
		struct fw_rule draft = { .id = steps[i].id, .name = steps[i].name, .comment = steps[i].comment };
		struct fw_diags ds = { .n = 0 };
		int err = fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, &ds, NULL);

		assert_int_equal(err, steps[i].message ? -EINVAL : 0);
		if (err && !strstr(ds.d[0].message, steps[i].message))
			fail_msg("'%s' lacks '%s'", ds.d[0].message, steps[i].message);
	}
	assert_int_equal(rs->nrules, 7);
	assert_int_equal(rs->rules[4]->id, 2);
	assert_ptr_equal(fw_ruleset_by_name(rs, "ssh"), rs->rules[0]);
	assert_ptr_equal(fw_ruleset_by_id(rs, 5), rs->rules[1]);
	assert_ptr_equal(fw_ruleset_by_id(rs, UINT64_MAX), rs->rules[3]);
	assert_ptr_equal(fw_ruleset_by_id(rs, 6), rs->rules[6]);
	assert_null(fw_ruleset_by_id(rs, 7));
	assert_null(fw_ruleset_by_id(rs, 0));
	assert_null(fw_ruleset_by_name(rs, "none"));
	fw_ruleset_free(rs);
}

static void drafts_out_of_bounds(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct wide w = { { .field = FW_NFIELDS, .n = 1 }, { { 0 } } };
	const struct fw_match *matches[] = { &w.m };
	struct fw_rule drafts[] = {
		{ .src = 1 }, { .dst = 9 }, { .action = FW_FOLLOW }, { .matches = matches, .nmatches = 1 }
	};

	for (size_t i = 0; i < ROWS(drafts); i++)
		assert_int_equal(fw_ruleset_add(rs, &drafts[i], (struct fw_place){ 0 }, NULL, NULL), -EINVAL);
	fw_ruleset_free(rs);
}

static void matches_become_normal_and_shared(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct wide ports = { { .field = FW_F_DPORT, .n = 4 }, { { 0 } } };
	struct wide proto = { { .field = FW_F_PROTO, .n = 1 }, { { 0 } } };
	struct wide hook = { { .field = FW_F_HOOK, .n = 1, .negated = 1 }, { { 0 } } };
	const struct fw_match *matches[] = { &ports.m, &hook.m, &proto.m };
	struct fw_rule draft = { .matches = matches, .nmatches = 3 }, *a, *b;
	static const struct fw_range given[] = { { 90, 99 }, { 80, 85 }, { 86, 86 }, { 84, 84 } };

	proto.m.r[0] = (struct fw_range){ 6, 6 };
	memcpy(ports.m.r, given, sizeof(given));
	assert_int_equal(fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, &a), 0);
	assert_int_equal(fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, &b), 0);
	assert_ptr_equal(a->matches, b->matches);
	assert_int_equal(a->nmatches, 3);
	assert_ptr_equal(fw_rule_match(a, FW_F_DPORT), a->matches[1]);
	assert_null(fw_rule_match(a, FW_F_SPORT));
	assert_int_equal(a->matches[1]->n, 2);
	assert_int_equal(a->matches[1]->r[0].lo, 80);
	assert_int_equal(a->matches[1]->r[0].hi, 86);
	assert_int_equal(a->matches[1]->r[1].lo, 90);
	/* `hook not in` is all others, and all hooks are no match at all. */
	assert_int_equal(a->matches[2]->negated, 0);
	assert_int_equal(a->matches[2]->n, 1);
	assert_int_equal(a->matches[2]->r[0].lo, FW_OUT);
	assert_int_equal(a->matches[2]->r[0].hi, FW_OUTPUT);
	assert_int_equal(fw_rule_hooks_named(a), FW_HOOKS_ALL & ~FW_HOOK_BIT(IN));
	hook.m = (struct fw_match){ .field = FW_F_HOOK, .n = 1, .negated = 1 };
	hook.m.r[0] = (struct fw_range){ FW_OUT, FW_FORWARD };
	assert_int_equal(fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, &a), 0);
	assert_int_equal(a->matches[2]->n, 2);
	assert_int_equal(fw_rule_hooks_named(a), FW_HOOK_BIT(IN) | FW_HOOK_BIT(OUTPUT));
	hook.m = (struct fw_match){ .field = FW_F_HOOK, .n = 1 };
	hook.m.r[0] = (struct fw_range){ FW_IN, FW_OUTPUT };
	assert_int_equal(fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, &a), 0);
	assert_int_equal(a->nmatches, 2);
	fw_ruleset_free(rs);
}

static void non_ip_rules_are_known(void **state)
{
	static const struct {
		struct row_match m;
		bool want;
	} cases[] = {
		{ ONE(ETHERTYPE, 0x800), false },
		{ SOME(ETHERTYPE, 0x800, 0x806), true },
		{ ONE(ETHERTYPE, 0x806), true },
		{ NOT(ETHERTYPE, 0x800, 0x800), true },
		{ SOME(ETHERTYPE, 0, 65535), true },
		{ ONE(VLAN, 1), false },
		{ { FW_F_ETHERTYPE, 0, 2, { { 0x800, 0x800 }, { 0x86dd, 0x86dd } } }, false },
		{ { FW_F_ETHERTYPE, 1, 3, { { 0, 0x7ff }, { 0x801, 0x86dc }, { 0x86de, 65535 } } }, false },
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct wide w = { { cases[i].m.field, cases[i].m.negated, cases[i].m.n }, { { 0 } } };
		const struct fw_match *m = &w.m;
		struct fw_rule r = { .matches = &m, .nmatches = 1 };

		memcpy(w.m.r, cases[i].m.r, sizeof(cases[i].m.r));
		assert_int_equal(fw_rule_names_non_ip(&r), cases[i].want);
	}
	assert_false(fw_rule_names_non_ip(&(struct fw_rule){ 0 }));
}

static void sets_keep_what_was_given(void **state)
{
	struct fw_addr_range given[] = { net6(0, 1, 128), net4(0x0a000000, 8), net4(0x0a000000, 8),
					 net4(0x0a000000, 16) };
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	uint32_t n;

	assert_int_equal(fw_ruleset_set(rs, "s", "s.txt", &n), 0);
	for (size_t i = 0; i < ROWS(given); i++)
		assert_int_equal(fw_set_push(&rs->sets[n], &given[i]), 0);
	fw_set_sort(&rs->sets[n]);
	assert_int_equal(rs->sets[n].n, 3); /* equal ones once, overlapping ones both */
	assert_int_equal(rs->sets[n].elements[0].hi.hi, 0x0a00ffffull << 32);
	assert_int_equal(rs->sets[n].elements[1].hi.hi, 0x0affffffull << 32);
	assert_int_equal(rs->sets[n].elements[2].family, FW_IP6);
	assert_string_equal(rs->sets[n].path, "s.txt");
	fw_ruleset_free(rs);
}

static void many_rules_are_found(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	for (uint32_t i = 0; i < 100000; i++) {
		struct fw_addr_range net = net4(i * 7919, 32);
		struct fw_rule draft = { .id = (uint64_t)i * 1024 + 1 };
		char name[16];

		snprintf(name, sizeof(name), "r%u", i);
		draft.name = name;
		assert_int_equal(fw_ruleset_addrs(rs, &net, 1, NULL, 0, false, &draft.src), 0);
		assert_int_equal(draft.src, i + 1);
		assert_int_equal(fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, NULL), 0);
	}
	for (uint32_t i = 0; i < 100000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "r%u", i);
		assert_ptr_equal(fw_ruleset_by_id(rs, (uint64_t)i * 1024 + 1), rs->rules[i]);
		assert_ptr_equal(fw_ruleset_by_name(rs, name), rs->rules[i]);
		assert_int_equal(rs->rules[i]->slot, i);
	}
	fw_ruleset_free(rs);
	fw_ruleset_free(NULL);
}

static void tables_follow_the_fields(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	assert_string_equal(fw_field_info[FW_F_DPORT].keyword, "dport");
	assert_int_equal(fw_field_info[FW_F_DPORT].max, 65535);
	assert_int_equal(fw_field_info[FW_F_DPORT].absent, 65536);
	assert_int_equal(fw_field_info[FW_F_MARK].absent, 0);
	for (size_t r = 0; r < FW_NREASONS; r++) {
		assert_int_equal(rs->policy[r], fw_reason_info[r].verdict);
		assert_int_equal(rs->policy_set[r], 0);
	}
	assert_int_equal(rs->policy[FW_R_MALFORMED], FW_DROP);
	assert_int_equal(rs->policy[FW_R_IN], FW_ACCEPT);
	fw_ruleset_free(rs);
}

static void policies_follow_hooks(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	for (unsigned i = 0; i < 1 << FW_NHOOKS; i++)
		for (unsigned hook = 0; hook < FW_NHOOKS; hook++) {
			for (unsigned h = 0; h < FW_NHOOKS; h++)
				rs->policy[h] = i >> h & 1;
			assert_int_equal(fw_ruleset_policy(rs, FW_R_NOT_PARSED, (enum fw_hook)hook), i >> hook & 1);
			assert_int_equal(fw_ruleset_policy(rs, FW_R_NON_IP, (enum fw_hook)hook), FW_ACCEPT);
		}
	rs->policy[FW_R_NOT_PARSED] = FW_ACCEPT;
	rs->policy[FW_R_IN] = FW_DROP;
	assert_int_equal(fw_ruleset_policy(rs, FW_R_NOT_PARSED, FW_IN), FW_ACCEPT);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_cover_their_range),
		cmocka_unit_test(expressions_against_brute_force),
		cmocka_unit_test(expressions_have_addresses_in_common),
		cmocka_unit_test(matches_have_values_in_common),
		cmocka_unit_test(expressions_are_interned),
		cmocka_unit_test(interface_names_are_bounded),
		cmocka_unit_test(interface_numbers_are_given_back),
		cmocka_unit_test(match_ranges_against_brute_force),
		cmocka_unit_test(marks_reach_the_last_value),
		cmocka_unit_test(what_can_never_match_is_refused),
		cmocka_unit_test(fields_go_with_packets_of_their_layer),
		cmocka_unit_test(names_ids_and_comments),
		cmocka_unit_test(drafts_out_of_bounds),
		cmocka_unit_test(matches_become_normal_and_shared),
		cmocka_unit_test(non_ip_rules_are_known),
		cmocka_unit_test(sets_keep_what_was_given),
		cmocka_unit_test(many_rules_are_found),
		cmocka_unit_test(tables_follow_the_fields),
		cmocka_unit_test(policies_follow_hooks),
	};
	const char *given = getenv("FW_SEED");

	numbers.state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	print_message("seed %llu (FW_SEED)\n", (unsigned long long)numbers.state);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
