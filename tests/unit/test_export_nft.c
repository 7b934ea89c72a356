// SPDX-License-Identifier: GPL-2.0-only
/* Rules as rulesets of nftables: what each form becomes, and what nftables cannot say. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/export.h"
#include "fw/text.h"
#include "tests/unit/rows.h"

static const struct {
	const char *rules, *want; /* lines that the ruleset has, or the first refusal */
} rows[] = {
	{ "policy input drop", "type filter hook input priority filter; policy drop;" },
	{ "rule input proto tcp dport 22 accept", "\t\tmeta l4proto { 6 } th dport { 22 } counter accept\n" },
	{ "rule input from 192.0.2.0/24 drop", "\t\tmeta nfproto ipv4 ip saddr { 192.0.2.0/24 } counter drop\n\t}" },
	{ "rule input from not { 10.0.0.0/8, fd00::/8 } drop",
	  "\t\tmeta nfproto ipv4 ip saddr != { 10.0.0.0/8 } counter drop\n"
	  "\t\tmeta nfproto ipv6 ip6 saddr != { fd00::/8 } counter drop\n" },
	{ "rule input from not 10.0.0.0/8 drop", "\t\tmeta nfproto ipv6  counter drop\n" },
	{ "set s { 192.0.2.1, 2001:db8::1 }\nrule input from @s drop",
	  "\tset s_v6 {\n\t\ttype ipv6_addr\n\t\tflags interval\n\t\tauto-merge\n\t\telements = { 2001:db8::1 }\n\t}\n" },
	{ "rule input state { established, related } accept",
	  "\t\tct state { established, related } counter accept\n" },
	{ "rule output on lo accept", "\t\toifname { \"lo\" } counter accept\n" },
	{ "rule input flags syn/syn,ack drop", "\t\ttcp flags & 0x12 == 0x2 counter drop\n" },
	{ "rule input proto icmp6 icmp6-type 128 accept",
	  "\t\tmeta nfproto ipv6 meta l4proto { 58 } icmpv6 type { 128 } counter accept\n" },
	{ "rule input limit 5/minute accept",
	  "\tchain fw.1 {\n\t\tcounter accept\n\t}\n"
	  "\tchain fw.2 {\n\t\tlimit rate 5/minute burst 5 packets jump fw.1\n\t}\n" },
	{ "rule input limit over 5/minute per from drop",
	  "\t\tupdate @limit.1_v6 { ip6 saddr & ffff:ffff:ffff:ffff:0:0:0:0 limit rate over 5/minute burst 5 packets } jump fw.1\n" },
	{ "rule input reject",
	  "\t\tmeta l4proto tcp counter reject with tcp reset\n\t\tcounter reject with icmpx port-unreachable\n" },
	{ "chain web\nrule input proto tcp jump web\nrule chain web return",
	  "\tchain web {\n\t\tcounter return\n\t}\n\tchain fw.input {\n"
	  "\t\ttype filter hook input priority filter; policy accept;\n\t\tmeta l4proto { 6 } jump web\n\t}\n" },
	{ "rule drop", "rule 1: it also holds on the wire: name the hooks input, forward or output" },
	{ "rule in drop", "rule 1: it also holds on the wire: name the hooks input, forward or output" },
	{ "policy in drop", "nftables has no policy in like this" },
	{ "rule input connections per from over 9 drop",
	  "rule 1: nftables counts the connections that came to a rule, not all of them" },
	{ "rule input frag later drop", "rule 1: nftables has no 'frag' here" },
	{ "chain c\nrule input jump c\nrule chain c limit 5/minute return",
	  "rule 2: it leaves its chain, under a condition or with an effect" },
	{ "set s dynamic { 10.0.0.0/8 }\nrule input add from to @s accept",
	  "set s: packets add to it, so in nftables it cannot hold prefixes" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ruleset *rs = fw_ruleset_new("r");
		struct fw_diags ds = { 0 };
		struct fw_buf out = { 0 };
		int err;

		assert_int_equal(fw_text_parse(rs, rows[i].rules, strlen(rows[i].rules), "r", &ds), 0);
		err = fw_export_nft(rs, &ds, &out);
		if (err ? strcmp(ds.d[0].message, rows[i].want) != 0 : !strstr(out.text, rows[i].want))
			fail_msg("%s\n%s\n%s", rows[i].rules, rows[i].want, err ? ds.d[0].message : out.text);
		assert_true(!err == !ds.total);
		fw_buf_free(&out);
		fw_ruleset_free(rs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
