// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of interfaces that appear and disappear with the rules that use them, by the
 * hundred thousand: their numbers never run out, and no packet matches by a
 * number that is another name's by now.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fw/oracle.h"

#include "ctl/fwd/engine/engine_internal.h"
#include "fw/table/packet.h"
#include "tests/unit/killed.h"
#include "tests/unit/random.h"
#include "tests/unit/engine_fixture.h"

#define MANY 1000 /* names of a transaction */
#define NAMES_MOST FW_IFACES_MAX
#define STEPS 800 /* FW_ROUNDS asks for more */

static unsigned next_name;

/* All that nothing uses is given back. */
static void settle(struct engine *e)
{
	fixture_pump(e);
	while (fw_live_grace_pending(e->live))
		grace_wait(e);
}

/* @n rules, each on an interface that no rule ever named. */
static char *new_names(unsigned n, const char *before)
{
	struct fw_buf b = { 0 };

	for (unsigned i = 0; i < n; i++)
		fw_buf_printf(&b, "%srule name r%u in on i%u proto tcp drop\n", before, i, next_name++);
	assert_false(b.failed);
	return b.text;
}

static void delete_names(struct engine *e, unsigned n)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_buf_printf(&b, "del rule");
	for (unsigned i = 0; i < n; i++)
		fw_buf_printf(&b, " r%u", i);
	fixture_change(e, b.text);
}

/* More names than there are numbers; only changes that need a grace period wait for one. */
static void more_than_there_are(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	for (unsigned i = 0; i < NAMES_MOST / MANY + 8; i++) {
		fw_autofree char *text = new_names(MANY, "add ");

		fixture_change(e, text);
		if (i % 10 == 9)
			fixture_load(e, "");
		else
			delete_names(e, MANY);
		if (i % 40 == 25)
			e = fixture_restart(e);
	}
	assert_true(next_name > NAMES_MOST + MANY);
	settle(e);
	assert_int_equal(engine_ruleset(e)->nifaces, 0);
	engine_close(e);
}

/* Rules that were refused, or only checked, leave no names. */
static void refused(void **state)
{
	static struct engine_result r;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	for (unsigned i = 0; i < NAMES_MOST / MANY + 2; i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		fw_autofree char *text = new_names(MANY, "add ");
		struct engine_edit edit = {
			.source.text = text, .source.len = strlen(text), .source.name = "test", .check = true
		};

		assert_int_equal(engine_change(e, &edit, &r), 0);
		fw_buf_printf(&b, "%sadd rule from 10.0.0.1/8 drop\n", text);
		fixture_refused(e, b.text, "bits set after its prefix length");
	}
	settle(e);
	assert_int_equal(engine_ruleset(e)->nifaces, 0);
	engine_close(e);
}

/* A ruleset of @n names, a hundred a rule, from number @from on. */
static char *names_text(unsigned from, unsigned n)
{
	struct fw_buf b = { 0 };

	for (unsigned i = 0; i < n; i++)
		fw_buf_printf(&b, i % 100 ? ", f%u" : i ? " } drop\nrule on { f%u" : "rule on { f%u", from + i);
	fw_buf_printf(&b, " } drop\n");
	assert_false(b.failed);
	return b.text;
}

static void load_refused(struct engine *e, const char *text)
{
	size_t rules = engine_ruleset(e)->nrules;

	assert_int_equal(fixture_load_start(e, text, 0, false), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, -E2BIG);
	assert_non_null(strstr(fixture_loaded.ds.d[0].message, "more than 32767 interfaces"));
	assert_int_equal(engine_ruleset(e)->nrules, rules);
}

/* All numbers are in use: one more name is refused, and deleting rules makes room. */
static void all_in_use(void **state)
{
	fw_autofree char *most = names_text(0, NAMES_MOST), *too_many = names_text(0, NAMES_MOST + 1);
	fw_autofree char *others = names_text(100000, MANY);
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	load_refused(e, too_many);
	fixture_load(e, most);
	fixture_load(e, most);
	assert_int_equal(fixture_refused(e, "add rule on other drop", "more than 32767 interfaces"), -E2BIG);
	fixture_change(e, "add rule on { f7, f32766 } accept");
	load_refused(e, others);
	e = fixture_restart(e);
	assert_int_equal(fixture_refused(e, "add rule on other drop", "more than 32767 interfaces"), -E2BIG);
	fixture_change(e, "del rule 9");
	fixture_change(e, "add rule on other drop");
	fixture_load(e, "");
	fixture_load(e, others);
	settle(e);
	assert_int_equal(engine_ruleset(e)->ifaces_named, MANY);
	engine_close(e);
}

/* Rules that may return keep their names, even over a restart. */
static void comes_back(void **state)
{
	fw_autofree char *a = names_text(0, 20000), *b = names_text(50000, 12500), *c = names_text(50000, 15000);
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, a);
	load_refused(e, c);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fixture_load_start(e, b, 600, false), 0);
		fixture_pump(e);
		assert_int_equal(fixture_loaded.err, 0);
		if (i)
			e = fixture_restart(e);
		settle(e);
		assert_int_equal(engine_ruleset(e)->ifaces_named, 32500);
		assert_int_equal(engine_undo(e, &fixture_who, NULL), 0);
		settle(e);
		assert_int_equal(engine_ruleset(e)->ifaces_named, 20000);
		assert_int_equal(engine_ruleset(e)->nrules, 200);
	}
	fixture_load(e, "");
	fixture_load(e, c);
	engine_close(e);
}

/* A store that was written when numbers were never given back. */
static void full_store(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf names = { 0 };
	fw_autofree char *after = NULL;
	struct store *s;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, "rule name mine on eth0 proto tcp drop\n");
	fixture_change(e, "add rule name late on eth1 accept");
	engine_close(e);
	for (unsigned i = 0; i < NAMES_MOST; i++)
		fw_buf_printf(&names, i == 500 ? "eth0\n" : i == 32500 ? "eth1\n" : "old%u\n", i);
	assert_int_equal(store_open(fixture_options.store, NULL, &s), 0);
	assert_int_equal(store_set(s, "interfaces", names.text, NULL), 0);
	store_close(s);
	e = fixture_begin();
	assert_int_equal(fw_ruleset_iface_find(engine_ruleset(e), "eth0"), 500);
	fixture_change(e, "add rule on one-more drop");
	settle(e);
	assert_int_equal(engine_ruleset(e)->ifaces_named, 3);
	assert_int_equal(store_get(engine_store(e), "interfaces", &after), 0);
	assert_null(strstr(after, "old"));
	e = fixture_restart(e);
	assert_int_equal(fw_ruleset_iface_find(engine_ruleset(e), "eth0"), 500);
	assert_int_equal(fw_ruleset_iface_find(engine_ruleset(e), "eth1"), 32500);
	engine_close(e);
}

/* Interfaces that only the engine is told of: the kernel's answer for an index needs no more. */
#define LINKS 6
#define IFINDEX 5000
struct played {
	uint32_t ifindex;
	char name[3][FW_IFNAME_MAX + 1]; /* its own, and other ones */
	unsigned n;                      /* 0: it is gone */
};

static void tell(struct engine *e, const struct played *l)
{
	struct fw_interface told = { .ifindex = l->ifindex, .gone = !l->n };

	snprintf(told.name, sizeof(told.name), "%s", l->name[0]);
	for (unsigned i = 1; i < l->n; i++)
		told.altname[told.naltnames++] = l->name[i];
	assert_int_equal(engine_interface_told(e, &told), 0);
}

/* Interfaces that exist when fwd starts. */
static const struct played *at_start;

static int report_at_start(fw_interface_report *report, void *ctx)
{
	for (size_t i = 0; i < LINKS; i++) {
		struct fw_interface told = { .ifindex = at_start[i].ifindex };

		snprintf(told.name, sizeof(told.name), "%s", at_start[i].name[0]);
		report(&told, ctx);
	}
	report(&(struct fw_interface){ .ifindex = 0 }, ctx);
	return 0;
}

static void tell_all(struct engine *e, const struct played *links)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (links[i].n)
			tell(e, &links[i]);
	assert_int_equal(engine_interface_told(e, &(struct fw_interface){ .ifindex = 0 }), 0);
}

/* The number of the longest pattern of some rule that matches the name. */
static uint32_t pattern_of(const struct fw_ruleset *rs, const char *name)
{
	uint32_t longest = FW_IFACE_OTHER;
	size_t len = 0;

	for (uint32_t v = 0; v < rs->nifaces; v++) {
		const char *rest = rs->ifaces[v].rules ? strchr(rs->ifaces[v].name, FW_IFACE_REST) : NULL;
		size_t n = rest ? (size_t)(rest - rs->ifaces[v].name) : 0;

		if (n <= len || strncmp(rs->ifaces[v].name, name, n) != 0)
			continue;
		longest = v;
		len = n;
	}
	return longest;
}

/* The number of a name of the interface that some rule uses, or of a pattern that matches its first name. */
static uint32_t number_of(const struct fw_ruleset *rs, const struct played *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		int number = fw_ruleset_iface_find(rs, l->name[i]);

		if (number >= 0 && rs->ifaces[number].rules)
			return (uint32_t)number;
	}
	return l->n ? pattern_of(rs, l->name[0]) : FW_IFACE_OTHER;
}

static void assert_packet(struct engine *e, uint32_t ifindex, uint32_t number, unsigned port)
{
	struct fw_ruleset *rs = (struct fw_ruleset *)engine_ruleset(e);
	struct fw_result got;
	struct fw_probe p;
	struct fw_frame f;
	struct fw_key key;
	char text[64];
	long want;

	snprintf(text, sizeof(text), "tcp 10.0.0.1:1 > 10.0.0.2:%u", port);
	assert_int_equal(fw_text_frame(text, &f, NULL), 0);
	fw_packet_parse(f.data, f.data + f.len, &(struct fw_meta){ .iface = number, .len = f.len }, &key);
	assert_int_equal(fw_ruleset_order(rs), 0);
	want = fw_oracle(rs, &key);
	p = (struct fw_probe){ .frame = f.data, .len = f.len, .iface = ifindex };
	assert_int_equal(fw_kern_probe(engine_kern(e), &p, &got), 0);
	if ((want >= 0) == (got.reason == FW_R_NONE) && (want < 0 || got.slot == rs->rules[want]->slot))
		return;
	fail_msg("seed %llu: interface %u, number %u, port %u: reason %u slot %u, oracle: rule %ld",
		 (unsigned long long)random_seed(), ifindex, number, port, got.reason, got.slot,
		 want < 0 ? want : (long)rs->rules[want]->id);
}

/* The kernel gives packets the verdict that the oracle gives by the names of their interfaces. */
static void assert_matches(struct engine *e, const struct played *links)
{
	for (unsigned port = 0; port < 8; port += 1 + random_below(3)) {
		assert_packet(e, IFINDEX - 1, FW_IFACE_OTHER, port);
		for (unsigned i = 0; i < LINKS; i++)
			assert_packet(e, links[i].ifindex, number_of(engine_ruleset(e), &links[i]), port);
	}
}

/* A name that was seen before, or mostly not. */
static void some_name(char out[FW_IFNAME_MAX + 1])
{
	if (random_below(2))
		snprintf(out, FW_IFNAME_MAX + 1, "c%u", random_below(10));
	else if (next_name && random_below(2))
		snprintf(out, FW_IFNAME_MAX + 1, "i%u", next_name - 1 - random_below(next_name < 20 ? next_name : 20));
	else
		snprintf(out, FW_IFNAME_MAX + 1, "i%u", next_name++);
}

static bool is_taken(const struct played *links, const char *name)
{
	for (unsigned i = 0; i < LINKS; i++)
		for (unsigned k = 0; k < links[i].n; k++)
			if (!strcmp(links[i].name[k], name))
				return true;
	return false;
}

/* An interface is renamed, gets other names, is deleted or added. */
static void play(struct played *links, struct played *l)
{
	unsigned n = random_below(4);

	l->n = 0;
	while (l->n < n) {
		some_name(l->name[l->n]);
		l->n += !is_taken(links, l->name[l->n]);
	}
}

static const char *const patterns[] = { "c*", "i*", "i1*", "i12*", "c3*" };

static void put_rule(struct fw_buf *b, const char *before)
{
	unsigned lo = random_below(8);
	char name[2][FW_IFNAME_MAX + 1];

	some_name(name[0]);
	some_name(name[1]);
	if (!random_below(3))
		snprintf(name[1], sizeof(name[1]), "%s", patterns[random_below(sizeof(patterns) / sizeof(*patterns))]);
	fw_buf_printf(b, "%srule on %s{ %s, %s } proto tcp dport %u-%u %s\n", before, random_below(4) ? "" : "not ",
		      name[0], name[1], lo, lo + random_below(3), random_below(2) ? "accept" : "drop");
}

/* Deletes and adds some rules. Where rules would use two names of an interface, that is refused, and nothing changes. */
static void change(struct engine *e)
{
	static struct engine_result r;
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	const struct fw_rule *rule = engine_ruleset(e)->first;

	for (unsigned n = random_below(3); n; n--)
		put_rule(&b, random_below(2) ? "add " : "add rule first name x proto udp drop\ndel rule x\nadd ");
	for (; rule; rule = rule->next)
		if (!random_below(engine_ruleset(e)->nrules > 12 ? 3 : 10))
			fw_buf_printf(&b, "del rule %llu\n", (unsigned long long)rule->id);
	if (b.text && fixture_edit(e, b.text, random_below(15) ? 0 : 600, &r))
		assert_true(r.ds.n > 0);
}

static void load(struct engine *e)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	for (unsigned n = random_below(10); n; n--)
		put_rule(&b, "");
	if (!fixture_load_start(e, b.text ? b.text : "", random_below(3) ? 0 : 600, false))
		fixture_pump(e);
}

static void decide(struct engine *e)
{
	if (engine_waits(e, NULL) && random_below(2))
		engine_confirm(e, &fixture_who, NULL);
	else if (engine_waits(e, NULL))
		engine_undo(e, &fixture_who, NULL);
	while (engine_busy(e))
		engine_work(e);
}

static struct engine *again(struct engine *e, struct played *links)
{
	e = fixture_restart(e);
	assert_matches(e, links);
	for (unsigned i = 0; i < LINKS; i++)
		if (!random_below(3))
			play(links, &links[i]);
	tell_all(e, links);
	return e;
}

/*
 * One random event: an interface appears or is renamed, a load, a decision, a restart, a change. Return: the engine,
 * perhaps another.
 */
static struct engine *step(struct engine *e, struct played *links)
{
	unsigned kind = random_below(40), i = random_below(LINKS);

	if (kind < 6) {
		play(links, &links[i]);
		tell(e, &links[i]);
	} else if (kind == 6) {
		load(e);
	} else if (kind == 7) {
		decide(e);
	} else if (kind == 8 && !random_below(3)) {
		e = again(e, links);
	} else if (kind < 16) {
		fixture_pump(e);
	} else {
		change(e);
	}
	if (random_below(2))
		engine_work(e);
	return e;
}

static void names_and_interfaces(void **state)
{
	struct played links[LINKS] = { { .n = 0 } };
	size_t most = 0;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	for (unsigned i = 0; i < LINKS; i++)
		links[i].ifindex = IFINDEX + i;
	tell_all(e, links);
	for (unsigned i = 0; i < random_amount("FW_ROUNDS", STEPS); i++) {
		e = step(e, links);
		assert_matches(e, links);
		most = engine_ruleset(e)->nifaces > most ? engine_ruleset(e)->nifaces : most;
	}
	print_message("%u names had %zu numbers\n", next_name, most);
	assert_true(most < 400);
	engine_close(e);
}

/* The kernel knows an interface that was deleted while no process was watching: its number is not given to another name. */
static void left_behind(void **state)
{
	const struct played gone = { .ifindex = IFINDEX, .name = { "a" }, .n = 1 };
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_change(e, "add rule name mine on a drop");
	tell(e, &gone);
	assert_packet(e, IFINDEX, 0, 80);
	e = fixture_restart(e);
	assert_packet(e, IFINDEX, 0, 80);
	fixture_change(e, "del rule mine");
	settle(e);
	fixture_change(e, "add rule name other on b drop");
	assert_int_equal(fw_ruleset_iface_find(engine_ruleset(e), "b"), 0);
	assert_packet(e, IFINDEX, FW_IFACE_OTHER, 80);
	engine_close(e);
}

/* A thread's packets, from the interface of test runs, which no rule that drops ever names. */
#define LOOPBACK 1
struct sender {
	pthread_t thread;
	struct fw_kern *kern;
	uint64_t sent;
	bool stop, dropped;
};

static void *send_on(void *arg)
{
	struct sender *s = arg;
	struct fw_frame f;

	if (fw_text_frame("tcp 10.0.0.1:1 > 10.0.0.2:80", &f, NULL))
		return NULL;
	for (; !__atomic_load_n(&s->stop, __ATOMIC_RELAXED); __atomic_add_fetch(&s->sent, 1, __ATOMIC_RELAXED)) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.data, .data_size_in = f.len, .repeat = 200);

		if (!bpf_prog_test_run_opts(fw_kern_prog_fd(s->kern, FW_PROG_XDP), &opts) && opts.retval != 2)
			s->dropped = true; /* 2: XDP_PASS, of the last one */
	}
	return NULL;
}

/* The number that packets have is given to one name after another while they are under way. */
static void under_way(void **state)
{
	struct sender s = { .sent = 0 };
	struct engine *e;
	char text[200];

	fixture_fresh();
	e = fixture_begin();
	s.kern = engine_kern(e);
	assert_int_equal(pthread_create(&s.thread, NULL, send_on, &s), 0);
	for (unsigned i = 0; i < 120 || __atomic_load_n(&s.sent, __ATOMIC_RELAXED) < 100; i++) {
		struct played lo = { .ifindex = LOOPBACK, .n = 1 };

		snprintf(lo.name[0], sizeof(lo.name[0]), "m%u", i % 3 ? i / 3 : 0);
		tell(e, &lo);
		snprintf(text, sizeof(text), "add rule name mine on %s accept\nadd rule name other on o%u drop",
			 lo.name[0], i);
		fixture_change(e, text);
		fixture_change(e, "del rule mine other");
		for (unsigned k = random_below(5); k; k--)
			engine_work(e);
		snprintf(text, sizeof(text), "add rule name bad on { b%u, d%u, e%u } drop", i, i, i);
		fixture_change(e, text);
		for (unsigned k = random_below(3); k; k--)
			engine_work(e);
		fixture_change(e, "del rule bad");
	}
	s.stop = true;
	pthread_join(s.thread, NULL);
	assert_false(s.dropped);
	settle(e);
	assert_int_equal(engine_ruleset(e)->nifaces, 0);
	engine_close(e);
}

/* Interfaces that do not change while fwd is killed. */
static const struct played *fixed_links(void)
{
	static struct played links[LINKS];

	for (unsigned i = 0; i < LINKS; i++) {
		links[i] = (struct played){ .ifindex = IFINDEX + i, .n = 1 };
		snprintf(links[i].name[0], sizeof(links[i].name[0]), "c%u", i);
	}
	return links;
}

static void work(int out, uint64_t from)
{
	struct pollfd p = { .events = POLLIN };
	struct engine *e = NULL;

	if (engine_open(&fixture_options, NULL, &e))
		return;
	tell_all(e, fixed_links());
	p.fd = engine_fd(e);
	next_name = (unsigned)from * 10000;
	do {
		change(e);
		decide(e);
		if (random_below(2) && poll(&p, 1, (int)random_below(3)) > 0)
			engine_work(e);
	} while (write(out, "x", 1) == 1);
}

static void killed(void **state)
{
	uint64_t steps = 0;

	fixture_fresh();
	at_start = fixed_links();
	fixture_options.interfaces = report_at_start;
	for (unsigned i = 0; i < 40; i++) {
		struct killed k = { .work = work, .from = i, .us = 150000, .begun = random_below(5) };
		struct engine *e;

		steps += kill_child_counted(&k);
		e = fixture_begin();
		assert_matches(e, fixed_links()); /* the numbers in the kernel are right for these rules already */
		tell_all(e, fixed_links());
		assert_matches(e, fixed_links());
		fixture_pump(e);
		assert_matches(e, fixed_links());
		engine_close(e);
	}
	fixture_options.interfaces = NULL;
	print_message("40 kills, %llu steps\n", (unsigned long long)steps);
	assert_true(steps > 40);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_there_are),
		cmocka_unit_test(refused),
		cmocka_unit_test(all_in_use),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(full_store),
		cmocka_unit_test(names_and_interfaces),
		cmocka_unit_test(left_behind),
		cmocka_unit_test(under_way),
		cmocka_unit_test(killed),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}
