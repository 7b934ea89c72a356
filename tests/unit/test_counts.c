// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters in every form in which they can be read: one by one, many at once, by
 * interface, from the pinned maps, and as the text of the iterator files; all
 * compared with what was sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <inttypes.h>
#include <unistd.h>

#include "fw/kern.h"
#include "fw/tables.h"
#include "tests/unit/random.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/sandbox.h"

#define PINS SANDBOX_BPFFS "/fw"
#define RULES 6
#define LOOPBACK 1 /* the ingress interface of test packets */

static const char *const rules = "policy out drop\n"
				 "rule from 10.0.0.0 drop\nrule from 10.0.0.1 accept\nrule from 10.0.0.2 drop\n"
				 "rule from 10.0.0.3 accept\nrule from 10.0.0.4 accept\nrule from 10.0.0.5 drop\n";
/* One frame for each rule, and one that no rule matches. */
static const char *const packets[] = {
	"udp 10.0.0.0:1 > 10.9.0.1:2", "udp 10.0.0.1:1 > 10.9.0.1:2", "udp 10.0.0.2:1 > 10.9.0.1:2",
	"udp 10.0.0.3:1 > 10.9.0.1:2", "udp 10.0.0.4:1 > 10.9.0.1:2", "udp 10.0.0.5:1 > 10.9.0.1:2",
	"udp 10.0.1.1:1 > 10.9.0.1:2",
};
#define FRAMES (sizeof(packets) / sizeof(*packets))

static const struct {
	struct fw_label label;
	struct fw_label_names names; /* of the rule and its chain */
} labels[RULES] = {
	{ { 1, 0 }, { { NULL, NULL } } },
	{ { 18446744073709551615ull, FW_ACCEPT | FW_LABEL_NAMED(FW_NAMED_RULE) },
	  { { "a23456789b23456789c23456789d23456789e23456789f23456789g23456789", NULL } } },
	{ { 3, FW_LABEL_EXPORTED | FW_LABEL_NAMED(FW_NAMED_CHAIN) }, { { NULL, "guests" } } },
	{ { 40, FW_ACCEPT | FW_LABEL_EXPORTED | FW_LABEL_NAMES },
	  { { "web", "c23456789d23456789e23456789f23456789g23456789h23456789i23456789" } } },
	{ { 0, 0 }, { { NULL, NULL } } }, /* of no rule */
	{ { 6, FW_LABEL_NAMED(FW_NAMED_RULE) }, { { "six", NULL } } },
};

/* Why this kernel has no iterators: -errno; 0: it has them. */
static int refused;

static struct fixture {
	struct fw_kern *k;
	struct fw_ruleset *rs;
	struct fw_image image;
	struct fw_frame frames[FRAMES];
} fx;

/* What was sent since the last reset, and by interface since the beginning. */
static struct {
	struct fw_count rule[RULES], reason[FW_NPROGS][FW_NREASONS][FW_NTERMINAL];
	uint64_t traffic[FW_NPROGS][FW_NDECIDED][FW_NTERMINAL];
} sent;

static enum fw_verdict policy_of(uint32_t prog, uint32_t reason)
{
	return fw_ruleset_policy(fx.rs, (enum fw_reason)reason, fw_prog_hook((enum fw_prog)prog));
}

static void publish(void)
{
	assert_int_equal(fw_tables_compile(fx.rs, fw_kern_pool(fx.k), NULL, NULL, &fx.image), 0);
	assert_int_equal(fw_kern_counters_reserve(fx.k, fx.rs->next_slot), 0);
	assert_int_equal(fw_kern_publish(fx.k, fx.image.root, fw_kern_generation(fx.k) + 1), 0);
	for (uint32_t i = 0; i < FW_NPROGS * FW_NREASONS * 2; i++) {
		uint32_t prog = i / 2 / FW_NREASONS, r = i / 2 % FW_NREASONS, verdict = i % 2;

		fw_kern_label_set(fx.k, FW_COUNTER_REASON(prog, r, verdict),
				  &(struct fw_label){ .id = policy_of(prog, r) == verdict }, NULL);
	}
}

static void begin(void)
{
	struct fw_kern_options options = { .pins = PINS, .pool = sandbox_pool() };

	assert_int_equal(fw_kern_open(&options, NULL, &fx.k), 0);
	fx.rs = ruleset_of(rules);
	publish();
	for (uint32_t i = 0; i < RULES; i++)
		fw_kern_label_set(fx.k, i + FW_COUNTER_RULES, &labels[i].label, &labels[i].names);
	assert_int_equal(fw_kern_share(fx.k, (gid_t)-1), refused);
}

static void end(void)
{
	fw_image_free(&fx.image);
	fw_ruleset_free(fx.rs);
	fw_kern_close(fx.k);
}

/* Only the tests of iterator files need them. */
static void skip_if_refused(const char *test)
{
	if (refused) {
		print_message("skipped: %s: the kernel lets no iterators be made: %s\n", test, strerror(-refused));
		skip();
	}
}

static void count(struct fw_count *c, uint32_t bytes)
{
	c->packets++;
	c->bytes += bytes;
}

static void send_one(enum fw_prog prog)
{
	struct fw_frame f = fx.frames[random_below(FRAMES)];
	struct fw_result got;
	bool rule;

	if (!random_below(8))
		f.data[14] = 0x41; /* an IP header of 4 bytes */
	assert_int_equal(fw_kern_test(fx.k, prog, f.data, f.len, 0, &got), 0);
	rule = got.reason == FW_R_NONE;
	count(rule ? &sent.rule[got.slot] : &sent.reason[prog][got.reason][got.verdict], f.len);
	sent.traffic[prog][rule ? FW_BY_RULE : FW_BY_POLICY][got.verdict]++;
}

static void assert_count(struct fw_count got, struct fw_count want)
{
	assert_int_equal(got.packets, want.packets);
	assert_int_equal(got.bytes, want.bytes);
}

static void check_counters(void)
{
	struct fw_kern_row rows[RULES + 3];

	fw_kern_rows(fx.k, 0, RULES + 3, rows);
	for (uint32_t i = 0; i < RULES; i++) {
		assert_count(fw_kern_rule_count(fx.k, i), sent.rule[i]);
		assert_count(rows[i].count, sent.rule[i]);
		assert_memory_equal(&rows[i].label, &labels[i].label, sizeof(rows[i].label));
	}
	for (uint32_t i = RULES; i < RULES + 3; i++)
		assert_true(!rows[i].count.packets && !rows[i].label.id);
	for (uint32_t i = 0; i < FW_NPROGS * FW_NREASONS * 2; i++) {
		uint32_t prog = i / 2 / FW_NREASONS, r = i / 2 % FW_NREASONS, verdict = i % 2;

		assert_count(fw_kern_prog_count(fx.k, (enum fw_prog)prog, (enum fw_reason)r, (enum fw_verdict)verdict),
			     sent.reason[prog][r][verdict]);
	}
}

static void check_traffic(void)
{
	static const uint64_t nothing[FW_NPROGS][FW_NDECIDED][FW_NTERMINAL];
	bool any = memcmp(sent.traffic, nothing, sizeof(nothing));
	struct fw_traffic *t;
	size_t n;

	assert_int_equal(fw_kern_traffic(fx.k, &t, &n), 0);
	assert_int_equal(n, any ? 3 : 2);
	assert_int_equal(t[0].ifindex, 0);
	assert_true(!any || t[1].ifindex == LOOPBACK);
	assert_memory_equal(t[n - 2].packets, sent.traffic, sizeof(sent.traffic));
	assert_int_equal(t[n - 1].ifindex, FW_TRAFFIC_GONE);
	free(t);
}

static const char *file_text(enum fw_kern_iterator_file file)
{
	static char *text;
	size_t len;

	free(text);
	text = NULL;
	assert_int_equal(fw_file_read(fw_kern_iterator_file(fx.k, file), FW_FILE_ANY, 65536, &text, &len), 0);
	return text;
}

static const char *name_or_dash(const char *name)
{
	return name ? name : "-";
}

/* The pinned text of all counters must be what was sent, in its format. */
static void check_counters_file(void)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_buf_printf(&b, "# rule packets bytes verdict counter name chain\n");
	for (int i = 0; i < FW_NPROGS * FW_NREASONS * FW_NTERMINAL; i++) {
		int verdict = i % FW_NTERMINAL, r = i / FW_NTERMINAL % FW_NREASONS,
		    prog = i / FW_NTERMINAL / FW_NREASONS;
		const struct fw_count *n = &sent.reason[prog][r][verdict];

		if (n->packets || (enum fw_verdict)verdict == policy_of((uint32_t)prog, (uint32_t)r))
			fw_buf_printf(&b, "%s/%s %" PRIu64 " %" PRIu64 " %s - - -\n", fw_reason_info[r].name,
				      fw_prog_names[prog], n->packets, n->bytes, fw_verdict_name((unsigned)verdict));
	}
	for (int i = 0; i < RULES; i++)
		if (labels[i].label.id)
			fw_buf_printf(&b, "%llu %" PRIu64 " %" PRIu64 " %s %s %s %s\n", labels[i].label.id,
				      sent.rule[i].packets, sent.rule[i].bytes,
				      fw_verdict_name(labels[i].label.what & FW_LABEL_VERDICT),
				      labels[i].label.what & FW_LABEL_EXPORTED ? "counter" : "-",
				      name_or_dash(labels[i].names.of[FW_NAMED_RULE]),
				      name_or_dash(labels[i].names.of[FW_NAMED_CHAIN]));
	assert_string_equal(file_text(FW_ITERATOR_COUNTERS), b.text);
}

static void check_interfaces_file(void)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	static const char *const by[] = { "policy", "rule" };

	fw_buf_printf(&b, "# interface hook by verdict packets\n");
	for (int prog = 0; prog < FW_NPROGS; prog++)
		for (unsigned i = 0; i < FW_NDECIDED * FW_NTERMINAL; i++) {
			uint64_t n = sent.traffic[prog][i / FW_NTERMINAL][i % FW_NTERMINAL];

			if (n)
				fw_buf_printf(&b, "%d %s %s %s %" PRIu64 "\n", LOOPBACK, fw_prog_names[prog],
					      by[i / FW_NTERMINAL], fw_verdict_name(i % FW_NTERMINAL), n);
		}
	assert_string_equal(file_text(FW_ITERATOR_INTERFACES), b.text);
}

/* The iterator files, if the kernel has them. */
static void check_files(void)
{
	if (refused)
		return;
	check_counters_file();
	check_interfaces_file();
}

/* A rule's slot as read from the pins. */
static void check_pinned_rule(const struct fw_pinned *p, uint32_t slot)
{
	struct fw_pinned_row row = fw_pinned_row(p, FW_COUNTER_RULES + slot);

	if (slot >= RULES) {
		assert_true(!row.label.id && !row.count.packets);
		return;
	}
	assert_count(row.count, sent.rule[slot]);
	assert_memory_equal(&row.label, &labels[slot].label, sizeof(row.label));
	assert_string_equal(name_or_dash(row.name), name_or_dash(labels[slot].names.of[FW_NAMED_RULE]));
	assert_string_equal(name_or_dash(row.chain), name_or_dash(labels[slot].names.of[FW_NAMED_CHAIN]));
}

static void check_pinned_reasons(const struct fw_pinned *p)
{
	for (uint32_t i = 0; i < FW_NPROGS * FW_NREASONS * 2; i++) {
		uint32_t prog = i / 2 / FW_NREASONS, r = i / 2 % FW_NREASONS, verdict = i % 2;
		struct fw_pinned_row row = fw_pinned_row(p, FW_COUNTER_REASON(prog, r, verdict));

		assert_count(row.count, sent.reason[prog][r][verdict]);
		assert_int_equal(row.label.id, policy_of(prog, r) == verdict);
	}
}

static struct fw_pinned *pinned_open(void)
{
	struct fw_pinned *p = NULL;
	char why[FW_PINNED_WHY];

	if (fw_pinned_open(PINS, why, &p))
		fail_msg("%s", why);
	assert_int_equal(fw_pinned_chunk(p, 0), 1);
	return p;
}

static void check_pinned(void)
{
	struct fw_pinned *p = pinned_open();
	struct fw_traffic *mapped, *read;
	uint32_t generation;
	size_t n, m;

	assert_int_equal(fw_pinned_generation(p, &generation), 0);
	assert_int_equal(generation, fw_kern_generation(fx.k));
	check_pinned_reasons(p);
	for (uint32_t slot = 0; slot < RULES + 3; slot++)
		check_pinned_rule(p, slot);
	assert_int_equal(fw_pinned_chunk(p, 1), 0);
	assert_int_equal(fw_kern_traffic(fx.k, &mapped, &n), 0);
	assert_int_equal(fw_pinned_traffic(p, &read, &m), 0);
	assert_int_equal(m, n);
	assert_memory_equal(read, mapped, n * sizeof(*read));
	free(mapped);
	free(read);
	fw_pinned_close(p);
}

static void check(void)
{
	check_counters();
	check_traffic();
	check_pinned();
	check_files();
}

static void reset_some(void)
{
	uint32_t i = random_below(RULES), r = random_below(FW_NREASONS), prog = random_below(FW_NPROGS);
	uint32_t verdict = random_below(2);

	assert_int_equal(fw_kern_count_reset(fx.k, i + FW_COUNTER_RULES), 0);
	sent.rule[i] = (struct fw_count){ 0 };
	assert_int_equal(fw_kern_count_reset(fx.k, FW_COUNTER_REASON(prog, r, verdict)), 0);
	sent.reason[prog][r][verdict] = (struct fw_count){ 0 };
}

static void change_policy(void)
{
	static const enum fw_reason some[] = { FW_R_IN, FW_R_OUT, FW_R_MALFORMED };

	fx.rs->policy[some[random_below(3)]] ^= 1;
	fw_image_free(&fx.image);
	publish();
}

/* Random packets, policies and resets, and sometimes another process. */
static void all_forms_agree(void **state)
{
	memset(&sent, 0, sizeof(sent));
	begin();
	check();
	for (int round = 0; round < 30; round++) {
		for (unsigned n = random_below(50); n; n--)
			send_one((enum fw_prog)random_below(FW_PROG_NF_INPUT));
		check();
		if (random_below(3) == 0) {
			reset_some();
			check();
		}
		if (random_below(3) == 0) {
			change_policy();
			check();
		}
		if (random_below(8) == 0) {
			end();
			begin();
			check();
		}
	}
	fw_kern_unpin(fx.k);
	end();
	assert_int_equal(rmdir(PINS), 0); /* it is empty */
}

/* A slot as read from the pins: ID PACKETS NAME. */
static const char *slot_text(uint32_t slot)
{
	struct fw_pinned *p = pinned_open();
	struct fw_pinned_row row = fw_pinned_row(p, FW_COUNTER_RULES + slot);
	static char text[128];

	snprintf(text, sizeof(text), "%llu %" PRIu64 " %s %s", row.label.id, row.count.packets, name_or_dash(row.name),
		 name_or_dash(row.chain));
	fw_pinned_close(p);
	return text;
}

/* A slot is given to another rule. */
static void slot_is_cleared(void **state)
{
	struct fw_kern_row row;

	begin();
	for (int i = 0; i < 50; i++)
		send_one(FW_PROG_XDP);
	assert_int_equal(fw_kern_count_reset(fx.k, 3 + FW_COUNTER_RULES), 0);
	for (int i = 0; i < 50; i++)
		send_one(FW_PROG_XDP);
	fw_kern_counter_clear(fx.k, 3);
	assert_count(fw_kern_rule_count(fx.k, 3), (struct fw_count){ 0 });
	fw_kern_rows(fx.k, 3, 1, &row);
	assert_true(!row.count.packets && !row.count.bytes && !row.label.id && !row.label.what);
	assert_string_equal(slot_text(3), "0 0 - -");
	fw_kern_counter_clear(fx.k, 5);
	fw_kern_label_set(fx.k, 3 + FW_COUNTER_RULES, &(struct fw_label){ 77, FW_LABEL_NAMED(FW_NAMED_RULE) },
			  &(struct fw_label_names){ { "next", NULL } });
	fw_kern_label_set(fx.k, 5 + FW_COUNTER_RULES, &(struct fw_label){ 78, 0 }, NULL);
	assert_string_equal(slot_text(3), "77 0 next -");
	assert_string_equal(slot_text(5), "78 0 - -");
	fw_kern_unpin(fx.k);
	end();
}

/* The same in the iterator files: no line shows the rule before. */
static void lines_are_cleared(void **state)
{
	skip_if_refused(__func__);
	begin();
	assert_non_null(strstr(file_text(FW_ITERATOR_COUNTERS), "six"));
	fw_kern_counter_clear(fx.k, 3);
	assert_null(strstr(file_text(FW_ITERATOR_COUNTERS), "\n40 "));
	fw_kern_label_set(fx.k, 3 + FW_COUNTER_RULES, &(struct fw_label){ 77, FW_LABEL_NAMED(FW_NAMED_RULE) },
			  &(struct fw_label_names){ { "next", NULL } });
	fw_kern_label_set(fx.k, 5 + FW_COUNTER_RULES, &(struct fw_label){ 78, 0 }, NULL);
	assert_non_null(strstr(file_text(FW_ITERATOR_COUNTERS), "\n77 0 0 drop - next -\n"));
	assert_non_null(strstr(file_text(FW_ITERATOR_COUNTERS), "\n78 "));
	assert_null(strstr(file_text(FW_ITERATOR_COUNTERS), "six"));
	fw_kern_unpin(fx.k);
	end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_agree),
		cmocka_unit_test(slot_is_cleared),
		cmocka_unit_test(lines_are_cleared),
	};

	if (!sandbox_enter())
		return 0;
	random_start();
	refused = fw_kern_iterator_files_probe();
	for (size_t i = 0; i < FRAMES; i++)
		if (fw_text_frame(packets[i], &fx.frames[i], NULL))
			return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
