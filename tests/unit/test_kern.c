// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaded programs against the oracle, on every hook: every packet case, whole
 * and cut, random packets, counters, and publication. Skipped where programs may
 * not be loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>

#include "fw/tables.h"

#include "lib/kern/kern.h"
#include "tests/unit/cases.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/verdict.h"
#include "tests/unit/sandbox.h"

/* Skips cases whose interface or length a test run cannot have. */
static void check_case(const uint8_t *bytes, uint32_t readable, const struct fw_meta *meta)
{
	if (meta->len == readable && !meta->vlan_present)
		assert_same_verdict(bytes, readable, meta);
}

static void packet_cases(void **state)
{
	for (size_t r = 0; r < case_nrulesets; r++) {
		struct fw_ruleset *rs = ruleset_of(case_rulesets[r]);

		assert_true(verdict_begin(rs));
		for (size_t i = 0; i < fw_ncases; i++)
			case_cuts(&fw_cases[i], check_case);
		fw_ruleset_free(rs);
	}
}

static void check_frames(const struct fw_ruleset *rs, unsigned n)
{
	static struct random_frame f;

	for (unsigned i = 0; i < n; i++) {
		random_frame(rs, &f);
		if (!random_below(8))
			random_l3(&f);
		assert_same_verdict(f.bytes, f.meta.len, &f.meta);
	}
}

static const struct {
	struct random_shape shape;
	unsigned rulesets, frames;
} plan[] = {
	{ { 1, 2, 2, 2, 60 }, 20, 500 },     { { 8, 6, 3, 3, 80 }, 30, 1000 },
	{ { 40, 12, 3, 2, 60 }, 30, 1000 },  { { 300, 30, 3, 3, 70 }, 10, 1500 },
	{ { 300, 12, 2, 7, 90 }, 10, 1500 }, { { 200, 30, 4, 0, 30 }, 10, 1500 },
	{ { 65, 1, 1, 8, 50 }, 4, 1000 },    { { 4097, 1, 1, 8, 50 }, 2, 500 },
	{ { 10000, 1, 1, 8, 30 }, 1, 500 },  { { 3000, 1500, 200, 1, 40 }, 2, 1000 },
};

/* Every second one has chains, by which a packet may take many turns. */
static void random_rulesets(void **state)
{
	for (size_t p = 0; p < ROWS(plan); p++) {
		for (unsigned i = 0; i < plan[p].rulesets; i++) {
			struct fw_ruleset *rs;

			random_chains(i % 2 * (1 + random_below(8)));
			rs = random_ruleset(&plan[p].shape);

			if (verdict_begin(rs))
				check_frames(rs, plan[p].frames);
			fw_ruleset_free(rs);
		}
	}
	random_chains(0);
}

/* Classes of many lines, and more pairs than one batch holds. */
static void nested(void **state)
{
	static const unsigned first[] = { 0, 30, 60, 95 };

	for (size_t i = 0; i < ROWS(first) + 1; i++) {
		bool v6 = i < ROWS(first);
		struct fw_ruleset *rs = ruleset_nested(v6 ? FW_IP6 : FW_IP4, v6 ? first[i] : 0, 33, v6 && first[i]);

		assert_true(verdict_begin(rs));
		check_frames(rs, 500);
		fw_ruleset_free(rs);
	}
}

static void distinct_ports(void **state)
{
	static const unsigned sizes[] = { 64, 65, 4096, 4097, 10000 };

	for (size_t i = 0; i < ROWS(sizes); i++) {
		struct fw_ruleset *rs = ruleset_ports(sizes[i]);

		assert_true(verdict_begin(rs));
		check_frames(rs, 500);
		fw_ruleset_free(rs);
	}
}

/* Rules match interfaces by the number that is mapped to their index. */
static void interfaces(void **state)
{
	struct fw_ruleset *rs = ruleset_of("policy in drop\nrule on lan accept\nrule out on { lo, eth0 } drop\n");
	struct fw_frame f;

	assert_int_equal(fw_text_frame("tcp 10.0.0.1:1 > 10.0.0.2:2", &f, NULL), 0);
	assert_true(verdict_begin(rs));
	for (uint32_t hook = FW_IN; hook <= FW_OUT; hook++) {
		for (uint32_t iface = 0; iface <= 4; iface++) {
			struct fw_meta meta = { .hook = hook,
						.iface = iface < 4 ? iface : FW_IFACE_OTHER,
						.len = f.len };

			assert_same_verdict(f.data, f.len, &meta);
		}
	}
	fw_ruleset_free(rs);
}

/* An interface without a number is one that no rule names. */
static void unnamed_interface(void **state)
{
	struct fw_ruleset *rs = ruleset_of("policy in drop\nrule on not lan proto tcp accept\nrule on lan accept\n");
	struct fw_kern *k = NULL;
	struct fw_image image;
	struct fw_frame f;
	struct fw_result got;

	assert_int_equal(fw_kern_open(&(struct fw_kern_options){ .pool = sandbox_pool() }, NULL, &k), 0);
	assert_int_equal(fw_tables_compile(rs, fw_kern_pool(k), NULL, NULL, &image), 0);
	assert_int_equal(fw_kern_publish(k, image.root, 1), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(
			fw_text_frame(i & 1 ? "udp 10.0.0.1:1 > 10.0.0.2:2" : "tcp 10.0.0.1:1 > 10.0.0.2:2", &f, NULL),
			0);
		assert_int_equal(fw_kern_test(k, FW_PROG_XDP, f.data, f.len, 0, &got), 0);
		assert_int_equal(got.verdict, i & 1 ? FW_DROP : FW_ACCEPT);
	}
	fw_image_free(&image);
	fw_kern_close(k);
	fw_ruleset_free(rs);
}

/* Runs a packet given as text. Is it accepted? */
static bool accepts(const char *text, uint32_t *bytes)
{
	struct fw_frame f;
	struct fw_result got;

	assert_int_equal(fw_text_frame(text, &f, NULL), 0);
	assert_int_equal(fw_kern_test(verdict_kern(), f.hook == FW_OUT ? FW_PROG_TC_EGRESS : FW_PROG_XDP, f.data, f.len,
				      f.mark, &got),
			 0);
	if (bytes)
		*bytes = f.len;
	return got.verdict == FW_ACCEPT;
}

static void assert_count(struct fw_count before, struct fw_count after, uint64_t packets, uint64_t bytes)
{
	assert_int_equal(after.packets - before.packets, packets);
	assert_int_equal(after.bytes - before.bytes, bytes);
}

/* Each packet is counted once, with the length of its frame, whether or not the flow cache has it. */
static void counters(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule proto udp dport 53 accept\nrule proto tcp drop\n");
	const struct fw_kern *k;
	struct fw_count rule[2], policy[FW_NREASONS][FW_NTERMINAL];
	uint32_t bytes = 0, other = 0;

	assert_true(verdict_begin(rs));
	k = verdict_kern();
	for (uint32_t i = 0; i < 2; i++)
		rule[i] = fw_kern_rule_count(k, i);
	for (int r = 0; r < FW_NREASONS; r++)
		for (int v = 0; v < FW_NTERMINAL; v++)
			policy[r][v] = fw_kern_reason_count(k, (enum fw_reason)r, (enum fw_verdict)v);
	for (int i = 0; i < 10; i++)
		assert_true(accepts("udp 10.0.0.1:1 > 10.0.0.2:53 length 700", &bytes));
	assert_true(accepts("udp [::1]:1 > [::2]:54 out length 77", &other));
	assert_count(rule[0], fw_kern_rule_count(k, 0), 10, 10ull * bytes);
	assert_count(rule[1], fw_kern_rule_count(k, 1), 0, 0);
	for (int i = 0; i < FW_NREASONS * FW_NTERMINAL; i++) {
		int r = i / FW_NTERMINAL, v = i % FW_NTERMINAL;
		bool that = r == FW_R_OUT && v == FW_ACCEPT;

		assert_count(policy[r][v], fw_kern_reason_count(k, (enum fw_reason)r, (enum fw_verdict)v), that,
			     that ? other : 0);
	}
	fw_ruleset_free(rs);
}

/* A packet is counted by each rule that lets it go on, and by the one that decides; at the hook only once. */
static void rules_passed(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule proto udp continue\nrule proto tcp continue\n"
					   "rule proto udp dport 53 continue\nrule proto udp dport 53 accept\n"
					   "rule proto udp continue\npolicy in drop\n");
	static const uint64_t want[] = { 14, 0, 10, 10, 4 };
	struct fw_count before[5], drops;
	uint32_t bytes = 0, other = 0;
	const struct fw_kern *k;

	assert_true(verdict_begin(rs));
	k = verdict_kern();
	for (uint32_t i = 0; i < 5; i++)
		before[i] = fw_kern_rule_count(k, i);
	drops = fw_kern_reason_count(k, FW_R_IN, FW_DROP);
	for (int i = 0; i < 10; i++)
		assert_true(accepts("udp 10.0.0.1:1 > 10.0.0.2:53 length 700", &bytes));
	for (int i = 0; i < 4; i++)
		assert_false(accepts("udp 10.0.0.1:1 > 10.0.0.2:54 length 90", &other));
	for (uint32_t i = 0; i < 5; i++)
		assert_count(before[i], fw_kern_rule_count(k, i), want[i],
			     i == 1 ? 0 :
			     i == 4 ? 4ull * other :
				      10ull * bytes + (i ? 0 : 4ull * other));
	assert_count(drops, fw_kern_reason_count(k, FW_R_IN, FW_DROP), 4, 4ull * other);
	fw_ruleset_free(rs);
}

/* The flow cache returns no verdicts of the ruleset before. */
static void publication(void **state)
{
	static const char *const texts[] = { "rule proto tcp dport 80 accept\nrule drop",
					     "rule proto tcp dport 80 drop", "rule from 10.0.0.1 drop", "rule accept" };
	static const bool want[] = { true, false, false, true };

	for (int round = 0; round < 20; round++) {
		struct fw_ruleset *rs = ruleset_of(texts[round % 4]);

		assert_true(verdict_begin(rs));
		for (int i = 0; i < 3; i++)
			assert_int_equal(accepts("tcp 10.0.0.1:1 > 10.0.0.2:80", NULL), want[round % 4]);
		fw_ruleset_free(rs);
	}
}

/* A program without tables drops, and segments that were not synced are not seen. */
static void before_the_first_publication(void **state)
{
	struct fw_kern *k = NULL;
	struct fw_frame f;
	struct fw_result got;

	assert_int_equal(fw_kern_open(&(struct fw_kern_options){ .pool = sandbox_pool() }, NULL, &k), 0);
	assert_int_equal(fw_text_frame("tcp 10.0.0.1:1 > 10.0.0.2:80", &f, NULL), 0);
	assert_int_equal(fw_kern_test(k, FW_PROG_XDP, f.data, f.len, 0, &got), 0);
	assert_int_equal(got.verdict, FW_DROP);
	assert_int_equal(got.reason, FW_R_INTERNAL);
	assert_int_equal(fw_kern_reason_count(k, FW_R_INTERNAL, FW_DROP).packets, 1);
	assert_int_equal(fw_kern_reason_count(k, FW_R_INTERNAL, FW_ACCEPT).packets, 0);
	assert_true(fw_kern_test(k, FW_PROG_XDP, f.data, 13, 0, &got) < 0);
	assert_true(fw_kern_memory(k) > 0);
	fw_kern_close(k);
	fw_kern_close(NULL);
}

/* The verifier rejects programs of more than a million processed instructions; kernels count them differently. */
#define VERIFIED_MOST 300000

static void assert_verified(int prog, const char *name)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(prog, &info, &size), 0);
	print_message("%s: the verifier processed %u instructions, at most %u are wanted\n", name, info.verified_insns,
		      VERIFIED_MOST);
	assert_in_range(info.verified_insns, 1, VERIFIED_MOST);
}

/* Nested loops leave most of the verifier's budget for future features. */
static void verification(void **state)
{
	/* clang-format off */
	static const char *const names[] = {
#define NAMES(sym, name, hook) [FW_PROG_##sym] = name, [PROG_L3 + FW_PROG_##sym] = (name " without Ethernet"),
		FW_PROGS(NAMES)
#undef NAMES
#define NAMES(sym, name) [PROG_CALLS + FW_CALL_##sym] = name,
		FW_CALLS(NAMES)
#undef NAMES
		[PROG_DRY_RUN] = "dry run",
		[PROG_NF_GUARD] = "guard",
		[PROG_ANSWER_ANY] = "answer-any",
		[PROG_ANSWER_MARK] = "answer-mark",
		[PROG_ANSWER_BIT] = "answer-bit",
		[PROG_ANSWER_NEXT] = "answer-next",
		[PROG_ANSWER_PASS] = "answer-pass",
		[PROG_ANSWER_TAKE] = "answer-take",
		[PROG_TABLE] = "table input",
		[PROG_TABLE + 1] = "table forward",
		[PROG_TABLE + 2] = "table output",
	};
	/* clang-format on */
	struct fw_kern *k = verdict_kern();

	for (unsigned prog = 0; prog < FW_NPROGS; prog++)
		if (!fw_prog_is_nf(prog))
			assert_int_equal(kern_programs_need(k, (enum fw_prog)prog, true), 0);
	for (int object = 0; object < NOBJECTS; object++) {
		int err = kern_object_need(k, (enum kern_object_number)object);

		if (err)
			print_message("skipped: this kernel does not load object %d: %s\n", object, strerror(-err));
	}
	for (size_t i = 0; i < ROWS(names); i++)
		if (k->progs[i] >= 0)
			assert_verified(k->progs[i], names[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(verification), cmocka_unit_test(before_the_first_publication),
		cmocka_unit_test(packet_cases), cmocka_unit_test(random_rulesets),
		cmocka_unit_test(nested),       cmocka_unit_test(distinct_ports),
		cmocka_unit_test(interfaces),   cmocka_unit_test(unnamed_interface),
		cmocka_unit_test(counters),     cmocka_unit_test(publication),
		cmocka_unit_test(rules_passed),
	};
	int failed;

	random_start();
	if (!verdict_kernel())
		return 0;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	verdict_end();
	print_message("%llu answers compared, %llu of them the kernel's\n",
		      (unsigned long long)verdict_counts.user + verdict_counts.kernel,
		      (unsigned long long)verdict_counts.kernel);
	return failed;
}
