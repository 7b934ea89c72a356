// SPDX-License-Identifier: GPL-2.0-only
/* Random changes that do not affect the verdict of any flow of the traffic, and their effect on the model. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/compile.h"
#include "fw/oracle.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"

#define rnd random_below
#define RULES_MAX 50 /* above, more are removed than added */
#define BULK 2000
#define IDS_APART 100000 /* ids that rules are given: more than what others take in between */

/*
 * The rules that match the traffic. Some are replaced and moved all the time, but stay above `gate`, which has another verdict:
 * without them for a moment, packets would get the wrong verdict. No other rule matches the traffic.
 */
static const struct carrier {
	const char *name, *body[4];
	bool moves;
} carriers[] = {
	{ "stay", { "in from 198.18.0.1 proto udp accept" }, false },
	{ "carry",
	  { "in from 198.18.1.1 proto udp accept", "from 198.18.1.0/24 proto udp dport 1001 accept",
	    "in from { 198.18.1.1, 10.5.0.0/16 } to 192.0.2.1 proto udp sport 1-1023 accept",
	    "ip from @carried to not 192.0.3.0/24 accept" },
	  true },
	{ "carry6",
	  { "in from 2001:db8:1::/48 accept",
	    "from 2001:db8:1::1 to 2001:db8:2::/64 proto udp dport { 1001, 2002 } accept",
	    "in ip6 from @carried length 100-200 accept", "from @carried to 2001:db8:2::1 proto { tcp, udp } accept" },
	  true },
	{ "block",
	  { "in from 198.18.3.0/24 drop", "from 198.18.3.1 proto udp dport 1000-1010 drop",
	    "in from 198.18.3.1 to 192.0.2.0/24 drop", "from { 198.18.3.1, 10.6.0.0/16 } proto udp drop" },
	  true },
	{ "once", { "in from 198.18.4.1 accept" }, false },
	{ "gate", { "in from 198.18.2.0/23 accept" }, false },
	{ "wall", { "from @live drop" }, false },
};

static const char *rule_name(const struct fw_rule *r)
{
	return r->name ? r->name : "(none)";
}

static const struct carrier *carrier_of(const struct fw_rule *r)
{
	for (size_t i = 0; i < ROWS(carriers); i++)
		if (!strcmp(rule_name(r), carriers[i].name))
			return &carriers[i];
	return NULL;
}

/* A random rule of those for which @wanted is true; NULL: there is none. */
static const struct fw_rule *pick(const struct fw_ruleset *rs,
				  bool (*wanted)(const struct fw_ruleset *rs, const struct fw_rule *r))
{
	const struct fw_rule *found = NULL;
	uint32_t n = 0;

	for (const struct fw_rule *r = rs->first; r; r = r->next)
		if (wanted(rs, r) && !rnd(++n))
			found = r;
	return found;
}

static bool is_free(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return !carrier_of(r);
}

static bool is_mover(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return carrier_of(r) && carrier_of(r)->moves;
}

/* Is it above all rules with another verdict, and never deleted? */
static bool is_upper(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return r->rank < fw_ruleset_by_name(rs, "gate")->rank && strcmp(rule_name(r), "once") != 0;
}

/* A random rule without its name: addresses, a field, a verdict, perhaps a comment. */
static void put_body(struct fw_buf *b)
{
	static const char *const from[] = { "10.0.0.0/8", "10.1.2.0/24",     "10.1.2.3", "10.1.0.0-10.1.9.9",
					    "@s",         "2001:db8:5::/48", "@bulk",    "{ 10.3.0.0/16, @s }" };
	static const char *const to[] = { "", " to 192.0.2.1", " to 192.0.2.0/24", " to not 192.0.2.0/24" };
	static const char *const what[] = { "",
					    " proto tcp",
					    " proto tcp dport 22",
					    " proto tcp dport { 80, 443, 8000-8100 }",
					    " proto udp dport 53",
					    " in",
					    " proto udp sport not 1-1023",
					    " proto icmp",
					    " out",
					    " length 0-100",
					    " dscp ef",
					    " frag later" };
	uint32_t f = rnd(ROWS(from)), w = f == 5 ? rnd(7) : rnd(ROWS(what));

	fw_buf_printf(b, "from %s%s%s %s", from[f], f == 5 ? "" : to[rnd(ROWS(to))], what[w],
		      rnd(2) ? "accept" : "drop");
	if (!rnd(4))
		fw_buf_printf(b, " comment \"no %u\"", rnd(100));
}

static void put_place(struct fw_buf *b, const struct fw_rule *ref, bool last)
{
	uint32_t where = rnd(last ? 4 : 3);

	if (where == 3 || !ref)
		fw_buf_printf(b, last ? " last" : " first");
	else
		fw_buf_printf(b,
			      where == 0 ? " first" :
			      where == 1 ? " before %llu" :
					   " after %llu",
			      (unsigned long long)ref->id);
}

/* A new rule, with an id, a name, both, or neither. */
static void put_new(struct model *m, struct fw_buf *b)
{
	uint32_t n = ++m->unique;

	if (!rnd(4))
		fw_buf_printf(b, " %llu", (unsigned long long)n * IDS_APART);
	if (!rnd(3))
		fw_buf_printf(b, " name r%u", n);
	fw_buf_printf(b, " ");
	put_body(b);
}

static void put_add(struct model *m, struct fw_buf *b)
{
	fw_buf_printf(b, "add rule");
	put_place(b, pick(m->rs, is_upper), true);
	put_new(m, b);
}

static void put_replace(struct model *m, struct fw_buf *b)
{
	const struct fw_rule *r = pick(m->rs, is_free);

	if (!r) {
		put_add(m, b);
		return;
	}
	fw_buf_printf(b, "replace rule %llu ", (unsigned long long)r->id);
	put_body(b);
}

static void put_move(struct model *m, struct fw_buf *b)
{
	const struct fw_rule *r = pick(m->rs, is_free), *ref = pick(m->rs, is_upper);

	if (!r || r == ref) {
		put_add(m, b);
		return;
	}
	fw_buf_printf(b, "move rule %llu", (unsigned long long)r->id);
	put_place(b, ref, true);
}

static void put_carrier_replace(struct model *m, struct fw_buf *b)
{
	const struct fw_rule *r = pick(m->rs, is_mover);

	fw_buf_printf(b, "replace rule %s %s", r->name, carrier_of(r)->body[rnd(4)]);
}

/* In a batch the position of other rules is unknown: an earlier line may have moved them. */
static void put_carrier_move(struct model *m, struct fw_buf *b)
{
	const struct fw_rule *r = pick(m->rs, is_mover), *ref = pick(m->rs, m->batch ? is_mover : is_upper);

	fw_buf_printf(b, "move rule %s", r->name);
	put_place(b, ref == r ? NULL : ref, false);
}

static void put_set(struct model *m, struct fw_buf *b)
{
	uint32_t n = m->unique++;

	fw_buf_printf(b, "set add s 10.9.%u.%u", n >> 8 & 255, n & 255);
}

static void put_policy(struct model *m, struct fw_buf *b)
{
	static const char *const reasons[] = { "out", "ext-headers", "vlan-depth", "non-ip", "not-parsed" };

	fw_buf_printf(b, "policy %s %s", reasons[rnd(ROWS(reasons))], rnd(2) ? "accept" : "drop");
}

static void put_delete(struct model *m, struct fw_buf *b, bool keep_once)
{
	const struct fw_rule *r = pick(m->rs, is_free), *once = fw_ruleset_by_name(m->rs, "once");

	if (r && (m->rs->nrules > RULES_MAX || rnd(2)))
		fw_buf_printf(b, "del rule %llu\n", (unsigned long long)r->id);
	if (keep_once || rnd(3))
		return;
	if (once)
		fw_buf_printf(b, "del rule once\n");
	else
		fw_buf_printf(b, "add rule before gate name once in from 198.18.4.1 accept\n");
}

/* A change is one line, a batch several. Deletions are last, so that no line refers to a deleted rule. */
static void put_changes(struct model *m, struct fw_buf *b, bool keep_once)
{
	static void (*const kinds[])(struct model * m, struct fw_buf * b) = {
		put_add,          put_add,          put_replace, put_move,   put_carrier_replace, put_carrier_replace,
		put_carrier_move, put_carrier_move, put_set,     put_policy,
	};
	uint32_t lines = rnd(2) ? 1 : 2 + rnd(12);

	m->batch = lines > 1;
	for (uint32_t i = 0; i < lines; i++) {
		kinds[rnd(ROWS(kinds))](m, b);
		fw_buf_printf(b, "\n");
	}
	if (lines > 1 || m->rs->nrules > RULES_MAX)
		put_delete(m, b, keep_once);
}

static void put_bulk(struct fw_buf *b, uint32_t n)
{
	fw_buf_printf(b, "set bulk {");
	for (uint32_t i = 0; i < n; i++)
		fw_buf_printf(b, " 10.%u.%u.%u,", 64 + i / 16384, i / 64 % 256, i % 64 * 4);
	fw_buf_printf(b, " }\n");
}

static void put_rule(struct model *m, struct fw_buf *b, const struct fw_rule *r)
{
	const struct carrier *c = carrier_of(r);
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };

	fw_text_print_rule(&text, m->rs, r);
	if (c && c->moves && !rnd(2)) {
		fw_buf_printf(b, "rule name %s %s\n", c->name, c->body[rnd(4)]);
		return;
	}
	if (!c && !rnd(5)) {
		fw_buf_printf(b, "rule");
		put_new(m, b);
		fw_buf_printf(b, "\n");
	}
	/* By its id if it was given one, else by its name or its text. */
	if (r->own_id)
		fw_buf_printf(b, "%s\n", text.text);
	else
		fw_buf_printf(b, "rule%s\n", strchr(text.text + strlen("rule "), ' '));
}

/* A whole ruleset: most of the existing rules, in their order, and some others. */
static void put_whole(struct model *m, struct fw_buf *b, bool keep_once)
{
	const struct fw_rule *once = fw_ruleset_by_name(m->rs, "once");
	uint32_t bulk = rnd(2) ? 0 : 1 + rnd(BULK);
	bool without = once && !keep_once && !rnd(3), with = !once && !keep_once && !rnd(2);

	fw_buf_printf(b, "policy in drop\npolicy out %s\n", rnd(2) ? "accept" : "drop");
	fw_buf_printf(b, "set live { 198.18.0.0/16 }\nset carried { 198.18.1.1, 2001:db8:1::1, 10.7.0.0/16 }\n"
			 "set s { 10.2.0.0/16, 2001:db8:7::/48 }\n");
	put_bulk(b, bulk);
	for (const struct fw_rule *r = m->rs->first; r; r = r->next) {
		bool gate = !strcmp(rule_name(r), "gate");

		if ((is_free(m->rs, r) && !rnd(m->rs->nrules > RULES_MAX ? 2 : 6)) || (r == once && without))
			continue;
		if (gate && with)
			fw_buf_printf(b, "rule name once in from 198.18.4.1 accept\n");
		put_rule(m, b, r);
	}
}

void step_make(struct model *m, bool keep_once, struct step *out)
{
	struct fw_buf b = { 0 };

	out->whole = !rnd(5);
	if (out->whole)
		put_whole(m, &b, keep_once);
	else
		put_changes(m, &b, keep_once);
	assert_false(b.failed);
	out->text = b.text;
}

static void step_change(struct model *m, const char *text)
{
	struct fw_diags ds = { 0 };
	struct fw_edit edit;

	assert_int_equal(fw_edit_begin(m->rs, &edit), 0);
	if (fw_text_edit(&edit, text, strlen(text), "model", &ds, NULL))
		fail_msg("the model refuses %s: %s", text, ds.d[0].message);
	fw_edit_commit(&edit);
}

static void step_whole(struct model *m, const char *text)
{
	struct fw_ruleset *next = fw_ruleset_new(NULL);
	struct fw_diags ds = { 0 };
	struct fw_adoption a;

	assert_int_equal(fw_ruleset_follow(next, m->rs), 0);
	if (fw_text_parse(next, text, strlen(text), "model", &ds))
		fail_msg("the model refuses line %u: %s\n%s", ds.d[0].line, ds.d[0].message, text);
	assert_int_equal(fw_ruleset_adopt(next, m->rs, &ds, &a), 0);
	free(a.freed);
	fw_ruleset_free(m->rs);
	m->rs = next;
}

/* Checks that steps do not change the verdicts of the traffic. */
static void check_traffic(const struct model *m, const char *text)
{
	for (int i = 0; i < NFLOWS; i++) {
		struct fw_meta meta = { .hook = FW_IN, .iface = FW_IFACE_OTHER };
		struct fw_frame f;
		struct fw_key key;
		long index;

		if (flow_info[i].cut || (i == FLOW_ONCE && !fw_ruleset_by_name(m->rs, "once")))
			continue;
		assert_int_equal(fw_text_frame(flow_info[i].packet, &f, NULL), 0);
		meta.len = f.wire_len;
		fw_packet_parse(f.data, f.data + f.len, &meta, &key);
		index = fw_oracle(m->rs, &key);
		if (strcmp(flow_info[i].rule ? flow_info[i].rule : "",
			   index < 0 ? "" : rule_name(m->rs->rules[index])) != 0)
			fail_msg("a step that this test must not make: it changes the flow of %s: %s",
				 flow_info[i].packet, text);
	}
}

void model_step(struct model *m, const struct step *s)
{
	const struct fw_rule *once;

	if (s->whole)
		step_whole(m, s->text);
	else
		step_change(m, s->text);
	assert_int_equal(fw_ruleset_order(m->rs), 0);
	check_traffic(m, s->text);
	m->steps++;
	once = fw_ruleset_by_name(m->rs, "once");
	if ((once ? once->id : 0) == m->once_id)
		return;
	if (m->once_id)
		m->once_gone += traffic_sent(FLOW_ONCE) - m->once_since;
	m->once_since = traffic_sent(FLOW_ONCE);
	m->once_id = once ? once->id : 0;
}

void model_begin(struct model *m, struct step *first)
{
	struct fw_buf b = { 0 };

	*m = (struct model){ .rs = fw_ruleset_new(NULL) };
	assert_non_null(m->rs);
	fw_buf_printf(&b, "policy in drop\nset live { 198.18.0.0/16 }\nset carried { 198.18.1.1, 2001:db8:1::1 }\n"
			  "set s { 10.2.0.0/16 }\nset bulk { }\n");
	for (size_t i = 0; i < ROWS(carriers); i++)
		fw_buf_printf(&b, "rule name %s %s\n", carriers[i].name, carriers[i].body[0]);
	*first = (struct step){ .whole = true, .text = b.text };
	model_step(m, first);
}

void model_end(struct model *m)
{
	fw_ruleset_free(m->rs);
	m->rs = NULL;
}
