// SPDX-License-Identifier: GPL-2.0-only
/* What rules do besides their verdict: conditions over time, and numbers of actions while a ruleset is in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/edit.h"
#include "fw/oracle.h"
#include "fw/table/connections.h"
#include "fw/table/packet.h"
#include "fw/table/rate.h"
#include "fw/tables.h"
#include "fw/text.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

static const char limits[] = "rule 1 proto tcp limit 5/second burst 3 accept\n"
			     "rule 2 limit over 20/second burst 10 log drop\n"
			     "rule 3 from 10.0.0.0/8 connections per from over 3 limit 7/second audit drop\n"
			     "rule 4 proto udp limit 2/second per from/24 reject\n"
			     "rule 5 limit 100/minute burst 1 per from-to/32/128 log\n"
			     "rule 6 proto udp connections per to over 5 drop\n"
			     "rule 7 limit over 1/second per to accept\n";

/* Buckets as the kernel has them, one for each rule and pair of addresses that counts together. */
struct buckets {
	uint64_t now;
	uint32_t connections;
	struct {
		uint32_t slot;
		struct fw_addr from, to;
		uint64_t full;
	} b[256];
	size_t n;
};

static uint64_t *bucket_of(struct buckets *s, const struct fw_key *key, const struct fw_action *a, uint32_t slot)
{
	struct fw_addr from = { 0 }, to = { 0 };
	unsigned bits = key->family == FW_IP4 ? a->per4 : a->per6;
	size_t i = 0;

	if (a->per == FW_PER_FROM || a->per == FW_PER_FROM_TO)
		from = fw_addr_prefix((enum fw_family)key->family, key->src, bits).lo;
	if (a->per == FW_PER_TO || a->per == FW_PER_FROM_TO)
		to = fw_addr_prefix((enum fw_family)key->family, key->dst, bits).lo;
	while (i < s->n && (s->b[i].slot != slot || fw_addr_cmp(s->b[i].from, from) || fw_addr_cmp(s->b[i].to, to)))
		i++;
	assert_true(i < ROWS(s->b));
	if (i == s->n) {
		s->b[s->n].slot = slot;
		s->b[s->n].from = from;
		s->b[s->n++].to = to;
	}
	return &s->b[i].full;
}

static bool condition(void *ctx, const struct fw_key *key, const struct fw_action *a, uint32_t slot)
{
	struct buckets *s = ctx;
	uint64_t *full, after;

	if (a->connections && s->connections <= a->connections)
		return false;
	if (!a->limit.interval)
		return true;
	full = bucket_of(s, key, a, slot);
	after = fw_rate_take(*full, s->now, &a->limit);
	*full = after ? after : *full;
	return !after == !!(a->flags & FW_ACTION_LIMIT_OVER);
}

static void key_of(const struct fw_ruleset *rs, const char *text, struct fw_key *key)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_frame f;

	assert_int_equal(fw_text_frame(text, &f, &ds), 0);

	struct fw_meta meta = fw_frame_meta(&f, fw_frame_number, rs);

	fw_packet_parse(f.data, f.data + f.len, &meta, key);
}

static void random_flow(const struct fw_ruleset *rs, struct fw_key *key)
{
	static const char *const packets[] = {
		"tcp 10.0.0.1:1 > 192.0.2.1:80",  "tcp 10.0.1.1:1 > 192.0.2.2:80", "udp 10.0.0.1:1 > 192.0.2.1:53",
		"udp 10.0.0.2:1 > 192.0.2.1:53",  "udp 10.0.1.1:1 > 192.0.2.2:53", "icmp 11.0.0.1 > 192.0.2.1",
		"udp [2001:db8::1]:1 > [::2]:53",
	};

	key_of(rs, packets[random_below(ROWS(packets))], key);
}

static void assert_same_way(const struct fw_ruleset *rs, const struct fw_way *want, const struct fw_result *got)
{
	assert_int_equal(got->verdict, want->verdict);
	assert_int_equal(got->reason, want->reason);
	assert_int_equal(got->npassed, want->npassed);
	if (want->rule >= 0)
		assert_int_equal(got->slot, rs->rules[want->rule]->slot);
	for (uint32_t i = 0; i < got->npassed; i++)
		assert_int_equal(fw_result_passed(got, i), rs->rules[want->passed[i]]->slot);
}

/* The lookup and the oracle agree on packets at given times. */
static void conditions_over_time(void **state)
{
	struct fw_ruleset *rs = ruleset_of(limits);
	struct fw_oracle_state oracle = { .now = 1000000000 };
	struct buckets buckets = { .now = 1000000000 };
	uint64_t decided[8] = { 0 };
	struct fw_classifier *c;
	struct fw_image image;
	struct fw_pool *pool;

	assert_int_equal(fw_pool_new(&pool), 0);
	assert_int_equal(fw_tables_compile(rs, pool, NULL, NULL, &image), 0);
	assert_int_equal(fw_classifier_new(pool, true, &c), 0);
	fw_classifier_publish(c, image.root, 1);
	fw_classifier_conditions(c, condition, &buckets);
	for (unsigned i = 0; i < 100000; i++) {
		struct fw_result got;
		struct fw_way want;
		struct fw_key key;

		random_flow(rs, &key);
		buckets.now = oracle.now += random_below(40) ? random_below(100000000) :
							       random_below(4) * 1000000000ull;
		buckets.connections = oracle.connections = random_below(8);
		want = fw_oracle_way_at(rs, &key, &oracle);
		got = fw_classifier_result(c, &key);
		assert_same_way(rs, &want, &got);
		decided[want.rule + 1]++;
	}
	assert_true(decided[0] && decided[1] && decided[2] && decided[4] && decided[6] && decided[7]);
	fw_oracle_state_free(&oracle);
	fw_classifier_free(c);
	fw_image_free(&image);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
}

/* A packet that comes alone is within each limit, and has no connections. */
static void alone(void **state)
{
	struct fw_ruleset *rs = ruleset_of(limits);
	struct fw_key key;

	key_of(rs, "udp 10.0.0.1:1 > 192.0.2.1:53", &key);
	for (int i = 0; i < 100; i++)
		assert_int_equal(fw_oracle(rs, &key), 3);
	fw_ruleset_free(rs);
}

/* A ruleset in use. */
static struct {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
} live;

static int setup(void **state)
{
	live.rs = ruleset_of("set s dynamic { }\nrule 1 accept\n");
	assert_int_equal(fw_pool_new(&live.pool), 0);
	assert_int_equal(fw_tables_compile(live.rs, live.pool, NULL, NULL, &live.image), 0);
	live.image.generation = 1;
	return 0;
}

static int teardown(void **state)
{
	fw_image_free(&live.image);
	fw_pool_free(live.pool);
	fw_ruleset_free(live.rs);
	return 0;
}

static void assert_valid(void)
{
	const struct fw_root *root = fw_pool_ptr(live.pool, live.image.root);
	const struct fw_action *table = fw_pool_ptr(live.pool, root->actions);
	const char *reason;

	assert_int_equal(fw_image_validate(live.pool, live.image.root, &reason), 0);
	for (const struct fw_rule *r = live.rs->first; r; r = r->next)
		assert_memory_equal(&table[r->action], fw_rule_action(live.rs, r), sizeof(*table));
}

static void change(const char *text, bool commit)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_update *u;
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(live.rs, &e), 0);
	assert_int_equal(fw_text_edit(&e, text, strlen(text), NULL, &ds, NULL), 0);
	assert_int_equal(fw_tables_update(&live.image, &e, &ds, &u), 0);
	if (commit) {
		fw_update_commit(u);
		fw_edit_commit(&e);
	} else {
		fw_update_abort(u);
		fw_edit_abort(&e);
	}
	assert_valid();
}

static void grace(void)
{
	uint32_t ticket = fw_image_grace_begin(&live.image);

	fw_ruleset_actions_wait(live.rs);
	assert_true(fw_image_grace_end(&live.image, ticket, NULL));
	fw_ruleset_actions_free(live.rs);
	assert_valid();
}

/* A number is given to another action after a grace period, not before. */
static void numbers_wait(void **state)
{
	uint8_t first;

	change("add rule 2 log drop", true);
	first = fw_ruleset_by_id(live.rs, 2)->action;
	assert_true(first >= FW_NVERDICTS);
	change("del rule 2", true);
	assert_int_equal(live.rs->actions_idle, 1);
	change("add rule 3 mark set 1 accept", true);
	assert_int_not_equal(fw_ruleset_by_id(live.rs, 3)->action, first);
	change("add rule 4 log drop", true);
	assert_int_equal(fw_ruleset_by_id(live.rs, 4)->action, first);
	change("del rule 4", true);
	grace();
	assert_int_equal(live.rs->actions_idle, 0);
	change("add rule 5 limit 1/second accept", true);
	assert_int_equal(fw_ruleset_by_id(live.rs, 5)->action, first);
}

/* While an edit is open, what it no longer uses stays. */
static void an_open_edit_keeps(void **state)
{
	struct fw_edit e;

	change("add rule 2 log drop", true);
	assert_int_equal(fw_edit_begin(live.rs, &e), 0);
	assert_int_equal(fw_edit_delete(&e, fw_ruleset_by_id(live.rs, 2)), 0);
	fw_ruleset_actions_wait(live.rs);
	fw_ruleset_actions_free(live.rs);
	fw_edit_abort(&e);
	assert_valid();
}

static void undone(void **state)
{
	change("add rule 2 log prefix \"x\" drop\npolicy in log prefix \"y\" drop\nset create t dynamic { }\n"
	       "add rule 3 add from to @t timeout 1h",
	       false);
	assert_int_equal(live.rs->nrules, 1);
	assert_int_equal(live.rs->policy[FW_R_IN], FW_ACCEPT);
	assert_null(live.rs->policy_log[FW_R_IN].prefix);
	grace();
	assert_int_equal(live.rs->actions_idle, 0);
	change("policy in log prefix \"y\" drop", true);
	assert_string_equal(live.rs->policy_log[FW_R_IN].prefix, "y");
	change("policy in accept", true);
	grace();
	assert_int_equal(live.rs->nactions, FW_NVERDICTS);
}

/* A set to which rules add stays, and its number as long as packets may be adding. */
static void sets_are_held(void **state)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e;

	change("add rule 2 add from to @s", true);
	assert_int_equal(fw_edit_begin(live.rs, &e), 0);
	assert_int_equal(fw_text_edit(&e, "set destroy s", 13, NULL, &ds, NULL), -EINVAL);
	assert_non_null(strstr(ds.d[0].message, "in use, by rule 2"));
	fw_edit_abort(&e);
	change("del rule 2\nset destroy s", true);
	change("set create t dynamic { }", true);
	assert_int_equal(fw_ruleset_set_find(live.rs, "t"), 1);
	grace();
	change("set create u dynamic { }", true);
	assert_int_equal(fw_ruleset_set_find(live.rs, "u"), 0);
}

static void too_many(void **state)
{
	struct fw_buf text = { 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	for (unsigned i = 1; i <= FW_ACTIONS_MAX; i++)
		fw_buf_printf(&text, "rule mark set %u accept\n", i);
	assert_int_equal(fw_text_parse(rs, text.text, text.len, "f", &ds), -EINVAL);
	assert_int_equal(ds.d[0].line, FW_ACTIONS_MAX - FW_NVERDICTS + 1);
	assert_non_null(strstr(ds.d[0].message, "more than 256 different actions"));
	fw_buf_free(&text);
	fw_ruleset_free(rs);
}

/* A rule that could never match is refused, and one that counts as others do is not. */
static void too_many_counted(void **state)
{
	struct fw_buf text = { 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	for (unsigned i = 1; i <= FW_CONNECTIONS_KINDS; i++)
		fw_buf_printf(&text, "rule proto tcp connections per from/%u over 5 drop\n", 8 + i);
	fw_buf_printf(&text, "rule proto tcp connections per from/9 over 7 drop\n");
	assert_int_equal(fw_text_parse(rs, text.text, text.len, "f", &ds), 0);
	fw_ruleset_free(rs);
	rs = fw_ruleset_new(NULL);
	fw_buf_printf(&text, "rule proto tcp connections per to/9 over 5 drop\n");
	assert_int_equal(fw_text_parse(rs, text.text, text.len, "f", &ds), -EINVAL);
	assert_int_equal(ds.d[0].line, FW_CONNECTIONS_KINDS + 2);
	assert_non_null(strstr(ds.d[0].message, "more than 16 different sides and prefixes"));
	fw_buf_free(&text);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_over_time),
		cmocka_unit_test(alone),
		cmocka_unit_test_setup_teardown(numbers_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(an_open_edit_keeps, setup, teardown),
		cmocka_unit_test_setup_teardown(undone, setup, teardown),
		cmocka_unit_test_setup_teardown(sets_are_held, setup, teardown),
		cmocka_unit_test(too_many),
		cmocka_unit_test(too_many_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
