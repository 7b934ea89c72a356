// SPDX-License-Identifier: GPL-2.0-only
/* Rules as text: what is accepted and how it is printed, what is refused and where, files, ClassBench, random rulesets.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fw/text.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/tree.h"

static struct fw_ruleset *parse_as(const char *text, size_t len, const char *name)
{
	struct fw_ruleset *rs = fw_ruleset_new(name);
	struct fw_diags ds = { .n = 0 };
	char buf[1024];

	if (fw_text_parse(rs, text, len, name, &ds))
		fail_msg("%s\n%.*s", fw_diag_format(&ds.d[0], buf, sizeof(buf)), (int)(len < 2000 ? len : 2000), text);
	assert_int_equal(ds.total, 0);
	return rs;
}

/* Numbers of sets may differ. */
static void assert_same_action(const struct fw_ruleset *ra, const struct fw_action *a, const struct fw_ruleset *rb,
			       const struct fw_action *b)
{
	struct fw_action same = *a;

	if (a->flags & FW_ACTION_ADD) {
		assert_string_equal(ra->sets[a->set].name, rb->sets[b->set].name);
		same.set = b->set;
	}
	assert_memory_equal(&same, b, sizeof(same));
}

/* Two rules are the same, apart from the numbers of interfaces and address expressions. */
static void assert_same_log(const struct fw_log *a, const struct fw_log *b)
{
	assert_int_equal(a->level, b->level);
	assert_string_equal(a->prefix ? a->prefix : "", b->prefix ? b->prefix : "");
}

static bool names_set(const struct fw_ruleset *rs, const struct fw_addrs *a, const char *name)
{
	uint32_t i = 0;

	while (i < a->nsets && strcmp(rs->sets[a->sets[i]].name, name) != 0)
		i++;
	return i < a->nsets;
}

static void assert_same_rule(const struct fw_ruleset *ra, const struct fw_rule *a, const struct fw_ruleset *rb,
			     const struct fw_rule *b)
{
	assert_int_equal(a->id, b->id);
	assert_same_action(ra, fw_rule_action(ra, a), rb, fw_rule_action(rb, b));
	assert_same_log(&a->log, &b->log);
	if (!fw_ruleset_chains(
		    ra)) /* slots are given in the order of the text, which is another one for rules of chains */
		assert_int_equal(a->slot, b->slot);
	assert_int_equal(a->nmatches, b->nmatches);
	for (unsigned i = 0; i < a->nmatches; i++) {
		assert_int_equal(a->matches[i]->field, b->matches[i]->field);
		assert_int_equal(a->matches[i]->negated, b->matches[i]->negated);
		if (fw_field_is_iface(a->matches[i]->field))
			continue; /* numbers may differ; the printed names are compared */
		assert_int_equal(a->matches[i]->n, b->matches[i]->n);
		assert_memory_equal(a->matches[i]->r, b->matches[i]->r, a->matches[i]->n * sizeof(struct fw_range));
	}
	for (int which = 0; which < 2; which++) {
		const char *x = ra->chains[which ? a->chain : a->target].name;
		const char *y = rb->chains[which ? b->chain : b->target].name;

		assert_true(x && y ? !strcmp(x, y) : x == y);
	}
	for (int side = 0; side < 2; side++) {
		const struct fw_addrs *x = &ra->addrs[side ? a->dst : a->src], *y = &rb->addrs[side ? b->dst : b->src];

		assert_int_equal((side ? a->dst : a->src) == FW_ANY, (side ? b->dst : b->src) == FW_ANY);
		assert_int_equal(x->negated, y->negated);
		assert_int_equal(x->nranges, y->nranges);
		assert_int_equal(x->nsets, y->nsets);
		for (uint32_t i = 0; i < x->nranges; i++) {
			assert_int_equal(x->ranges[i].family, y->ranges[i].family);
			assert_int_equal(fw_addr_cmp(x->ranges[i].lo, y->ranges[i].lo), 0);
			assert_int_equal(fw_addr_cmp(x->ranges[i].hi, y->ranges[i].hi), 0);
		}
		for (uint32_t i = 0; i < x->nsets; i++) /* numbers of built-in ones may differ */
			assert_true(names_set(rb, y, ra->sets[x->sets[i]].name));
	}
}

/* What is printed parses back to the same ruleset, and prints the same. */
static void assert_reparses(const struct fw_ruleset *rs, const char *name)
{
	fw_autofree char *first = ruleset_print(rs);
	struct fw_ruleset *again = parse_as(first, strlen(first), name);
	fw_autofree char *second = ruleset_print(again);

	assert_string_equal(first, second);
	assert_int_equal(rs->nrules, again->nrules);
	assert_int_equal(rs->nsets, again->nsets);
	for (unsigned r = 0; r < FW_NREASONS; r++) {
		assert_same_action(rs, &rs->actions[rs->policy[r]], again, &again->actions[again->policy[r]]);
		assert_same_log(&rs->policy_log[r], &again->policy_log[r]);
	}
	assert_memory_equal(rs->policy_set, again->policy_set, sizeof(rs->policy_set));
	for (size_t i = 0; i < rs->nrules; i++)
		assert_same_rule(rs, rs->rules[i], again, again->rules[i]);
	for (size_t i = 0; i < rs->nsets; i++) {
		int number = fw_ruleset_set_find(again, rs->sets[i].name);

		assert_true(number >= 0);
		assert_int_equal(rs->sets[i].n, again->sets[number].n);
	}
	fw_ruleset_free(again);
}

/* As many chains within each other as there may be. */
#define DEEP                                                                                                              \
	"chain c0\nchain c1\nchain c2\nchain c3\nchain c4\nchain c5\nchain c6\nchain c7\nchain c8\nchain c9\nchain c10\n" \
	"chain c11\nchain c12\nchain c13\nchain c14\nchain c15\nrule 100 jump c0\nrule 1 chain c0 jump c1\n"              \
	"rule 2 chain c1 goto c2\nrule 3 chain c2 jump c3\nrule 4 chain c3 jump c4\nrule 5 chain c4 jump c5\n"            \
	"rule 6 chain c5 jump c6\nrule 7 chain c6 jump c7\nrule 8 chain c7 jump c8\nrule 9 chain c8 jump c9\n"            \
	"rule 10 chain c9 jump c10\nrule 11 chain c10 jump c11\nrule 12 chain c11 jump c12\nrule 13 chain c12 jump c13\n" \
	"rule 14 chain c13 jump c14\nrule 15 chain c14 jump c15\n"

/* Text, and how it is printed; NULL: as it is. */
static const struct {
	const char *text, *printed;
} accepted[] = {
	{ "", NULL },
	{ "\n# nothing \x01 here\n\n", "" },
	{ "policy in drop\n", NULL },
	{ "policy in drop\npolicy not-parsed accept\n", NULL },
	{ "policy malformed follow\npolicy non-ip follow\npolicy not-parsed follow\n", NULL },
	{ "policy ext-headers accept\npolicy out drop", "policy out drop\npolicy ext-headers accept\n" },
	{ "rule accept", "rule 1 accept\n" },
	{ "rule 18446744073709551615 drop\n", NULL },
	{ "rule 0x10 drop # sixteen\r\nrule drop", "rule 16 drop\nrule 17 drop\n" },
	{ "rule 7 name a.b-c in drop comment \"say \\\"hi\\\" \\\\ caf\xc3\xa9\"\n", NULL },
	{ "rule 7 name accept accept comment \"\"\n", NULL },
	{ "rule 7 name counter in drop counter\n", NULL },
	{ "rule 7 accept counter comment \"counter\"\n", NULL },
	{ "chain a\nchain b.c owner 7\nchain d\nrule 1 jump a\nrule 5 name x chain a proto tcp dport 80 log goto b.c counter\n"
	  "rule 4 chain a in return\nrule 3 chain b.c limit 5/second jump d comment \"x\"\nrule 2 chain d drop\n",
	  "chain a\nchain b.c owner 7\nchain d\nrule 1 jump a\nrule 5 name x chain a proto tcp dport 80 log goto b.c counter\n"
	  "rule 4 chain a in return\nrule 3 chain b.c limit 5/second jump d comment \"x\"\nrule 2 chain d drop\n" },
	{ "chain b\nrule 1 chain b accept\nchain a owner root\nrule chain a drop\nrule in goto a\nrule chain b return\nrule drop",
	  "chain b\nchain a owner 0\nrule 3 in goto a\nrule 5 drop\nrule 1 chain b accept\nrule 4 chain b return\n"
	  "rule 2 chain a drop\n" },
	{ DEEP, NULL },
	/* State is known wherever the callers let packets get to the rule. */
	{ "chain a\nchain b\nrule 1 input jump a\nrule 2 in proto { tcp, udp } jump a\nrule 3 jump b\n"
	  "rule 4 chain a state new accept\nrule 5 chain b output goto a\n"
	  "rule 6 chain b proto icmp icmp-type { destination-unreachable, time-exceeded } jump a\n",
	  NULL },
	{ "rule 1 out on eth0 accept\n", NULL },
	{ "rule 1 on not { lo, eth0.5 } accept\n", "rule 1 on not { eth0.5, lo } accept\n" },
	{ "rule 1 on { \"a#b\", \"not\", \"{\", b@c } accept\n",
	  "rule 1 on { \"a#b\", b@c, \"not\", \"{\" } accept\n" },
	{ "rule 1 on { a, a } accept\n", "rule 1 on a accept\n" },
	{ "rule 1 on { \"a\\\"b\", \"c\\\\d\", \"e*h\", \"e+\", \"br\303\274cke\", \"{}\", \"a,b\" } accept\n",
	  "rule 1 on { \"a\\\"b\", \"a,b\", \"br\303\274cke\", c\\d, \"e*h\", \"e+\", \"{}\" } accept\n" },
	/* Patterns, and names that end as they do. */
	{ "rule 1 on not eth* from-if { lo, veth* } to-if \"wlan*\" accept\n",
	  "rule 1 on not eth* from-if { lo, veth* } to-if wlan* accept\n" },
	{ "rule 1 on { \"eth\\x2a\", eth*, \"\\x2a\", \"eth\\x2a*\", \"a#*\", \"not*\" } accept\n",
	  "rule 1 on { \"\\x2a\", \"a#*\", \"eth\\x2a\", \"eth**\", eth*, \"not*\" } accept\n" },
	/* What is not shown is printed as bytes, and read as such: controls, C1, turned, no UTF-8; and where it looks like that. */
	{ "rule 1 on { \"a\x1b[2J\", \"b\xc2\x9b\", \"c\xe2\x80\xae\", \"d\xff\", \"e\\x07\", f\\x1b, \"g\\x5cx41\", h\\x41 } accept\n",
	  "rule 1 on { \"a\\x1b[2J\", \"b\\xc2\\x9b\", \"c\\xe2\\x80\\xae\", \"d\\xff\", \"e\\x07\", \"f\\x1b\", "
	  "\"g\\\\x41\", \"h\\\\x41\" } accept\n" },
	{ "rule 1 accept comment \"a\xe2\x80\xae\xe2\x80\xa8\xef\xbb\xbf\xe2\x80\x8b e\xcc\x81 \\x41\"\n",
	  "rule 1 accept comment \"a\\xe2\\x80\\xae\\xe2\\x80\\xa8\\xef\\xbb\\xbf\\xe2\\x80\\x8b e\xcc\x81 A\"\n" },
	{ "rule 1 on b accept\nrule 2 on { a, b } accept\n", NULL },
	{ "policy in log prefix \"in: \" reject with admin-prohibited\npolicy malformed log level debug drop\n", NULL },
	{ "rule 1 limit 10/second accept\n", NULL },
	{ "rule 1 limit over 3/day burst 7 per from-to/24 continue\n", NULL },
	{ "rule 1 limit 1/minute burst 5 per from/32/64 drop\n", "rule 1 limit 1/minute per from drop\n" },
	{ "rule 1 limit 1/hour per to/32/128 drop\n", NULL },
	{ "rule 1 connections per from/24/48 over 100 reject\n", NULL },
	{ "rule 1 log\nrule 2 log counter comment \"c\"\nrule 3 log accept\n", NULL },
	{ "rule 1 log prefix \"\" continue\n", "rule 1 log\n" },
	{ "rule 1 log prefix \"a\\\"b\\\\ caf\xc3\xa9\" level info rate 1/second burst 2 drop\n", NULL },
	{ "rule 1 log rate 10/second burst 50 drop\n", "rule 1 log drop\n" },
	{ "rule 1 log rate 20/second drop\n", NULL },
	{ "rule 1 mark 0x5 mark set 0x7 accept\n", NULL },
	{ "rule 1 mark set 16/255 accept\n", "rule 1 mark set 0x10/0xff accept\n" },
	{ "set s dynamic { }\nrule 1 add from to @s timeout 90m\nrule 2 update to to @s drop\n",
	  "set s dynamic { }\nrule 1 add from to @s timeout 1h30m\nrule 2 update to to @s drop\n" },
	{ "set s dynamic { }\nrule 1 add from to @s mark set 1 log connections per to over 2 limit 3/second drop\n",
	  "set s dynamic { }\nrule 1 limit 3/second connections per to over 2 log mark set 0x1 add from to @s drop\n" },
	{ "rule 1 audit drop\nrule 2 log audit reject\nrule 3 limit 1/second audit drop counter\n", NULL },
	{ "rule 1 reject\nrule 2 proto tcp reject with tcp-reset\nrule 3 reject with port-unreachable\n", NULL },
	{ "rule 1 reject with host-unreachable\nrule 2 reject with net-unreachable\n", NULL },
	{ "rule 1 reject with proto-unreachable\nrule 2 reject with host-prohibited\n", NULL },
	{ "rule 1 ip accept\n", NULL },
	{ "rule 1 ethertype ip6 accept\n", "rule 1 ip6 accept\n" },
	{ "rule 1 ethertype not ip accept\n", NULL },
	{ "rule 1 ethertype { 0x806, 35020, 0x1234 } accept\n", "rule 1 ethertype { arp, 0x1234, lldp } accept\n" },
	{ "rule 1 from any to any frag any accept\n", "rule 1 accept\n" },
	{ "rule 1 from 10.0.0.0/8 to 2.0.0.0-2.0.0.2 accept\n", NULL },
	{ "rule 1 from 10.0.0.0-10.255.255.255 to 1.1.1.1-1.1.1.1 drop", "rule 1 from 10.0.0.0/8 to 1.1.1.1 drop\n" },
	{ "rule 1 from 0.0.0.0/0 drop\n", NULL },
	{ "rule 1 from { 0.0.0.0/0, ::/0 } drop\n", NULL },
	{ "rule 1 to not { 10.0.0.0/9, 10.128.0.0/9, 1.2.3.4/32 } drop",
	  "rule 1 to not { 1.2.3.4, 10.0.0.0/8 } drop\n" },
	{ "rule 1 from 2001:DB8::1-2001:db8::9 to ::1.2.3.4 drop",
	  "rule 1 from 2001:db8::1-2001:db8::9 to ::1.2.3.4 drop\n" },
	/* The whole of the IPv4-mapped addresses, and what holds them. */
	{ "rule 1 from { ::ffff:0:0/96, 2001:db8::1 } to { ::/0 } drop",
	  "rule 1 from { ::ffff:0.0.0.0/96, 2001:db8::1 } to ::/0 drop\n" },
	{ "rule 1 from { 255.255.255.255, :: , ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff } drop",
	  "rule 1 from { 255.255.255.255, ::, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff } drop\n" },
	/* built-in sets, in the order of their names, whichever was named first */
	{ "rule to @broadcast drop\nset z { }\nrule from { @multicast, @local, @broadcast, @z, 9.9.9.9 } to not @local drop",
	  "set z { }\nrule 1 to @broadcast drop\n"
	  "rule 2 from { 9.9.9.9, @z, @broadcast, @local, @multicast } to not @local drop\n" },
	{ "set a { }\nset b { 1.2.3.4,\n# c\n\n ::1/128, 1.0.0.0/8,\n}\nrule from { @b, 9.9.9.9, @a } to not @a drop",
	  "set a { }\nset b { 1.0.0.0/8, 1.2.3.4, ::1 }\nrule 1 from { 9.9.9.9, @a, @b } to not @a drop\n" },
	{ "set b dynamic { }\nset dynamic dynamic { ::1, 1.1.1.1 }",
	  "set b dynamic { }\nset dynamic dynamic { 1.1.1.1, ::1 }\n" },
	{ "set a { 1.0.0.1, 1.0.0.2, 1.0.0.3, 1.0.0.4, 1.0.0.5, 1.0.0.6, 1.0.0.7, 1.0.0.8, 1.0.0.9 }",
	  "set a {\n\t1.0.0.1,\n\t1.0.0.2,\n\t1.0.0.3,\n\t1.0.0.4,\n\t1.0.0.5,\n"
	  "\t1.0.0.6,\n\t1.0.0.7,\n\t1.0.0.8,\n\t1.0.0.9\n}\n" },
	{ "rule 1 proto 6 drop\nrule 2 proto 250 drop\n", "rule 1 proto tcp drop\nrule 2 proto 250 drop\n" },
	{ "rule 1 proto not { tcp, 7, udp, 200-210 } drop\n", "rule 1 proto not { 6-7, udp, 200-210 } drop\n" },
	{ "rule 1 proto tcp sport 0 dport { 443, 80, 81-90 } drop\n",
	  "rule 1 proto tcp sport 0 dport { 80-90, 443 } drop\n" },
	{ "rule 1 dport 0-65535 proto { udp, tcp, sctp, dccp, udplite } drop\n",
	  "rule 1 proto { tcp, udp, dccp, sctp, udplite } dport 0-65535 drop\n" },
	{ "rule 1 proto icmp icmp-type echo-request icmp-code 0 drop\n", NULL },
	{ "rule 1 proto icmp icmp-type echo-reply-echo-request drop\n", "rule 1 proto icmp icmp-type 0-8 drop\n" },
	{ "rule 1 proto icmp icmp-type 3 icmp-code port-unreachable drop",
	  "rule 1 proto icmp icmp-type destination-unreachable icmp-code 3 drop\n" },
	{ "rule 1 proto icmp6 icmp6-code 4 icmp6-type { 128, 133-137 } drop",
	  "rule 1 proto icmp6 icmp6-type { echo-request, 133-137 } icmp6-code 4 drop\n" },
	{ "rule 1 proto { icmp6, 58 } icmp6-type echo-request drop",
	  "rule 1 proto icmp6 icmp6-type echo-request drop\n" },
	{ "rule 1 in flags syn/syn,ack,fin,rst frag no drop\n", "rule 1 in frag no flags syn/fin,syn,rst,ack drop\n" },
	{ "rule 1 flags syn,ack drop\n", NULL },
	{ "rule 1 flags { none, all, syn/all, none/syn,fin, syn,fin } drop\n",
	  "rule 1 flags { none, all, syn/all, none/fin,syn, fin,syn } drop\n" },
	{ "rule 1 flags not syn/syn,ack proto tcp drop\n", "rule 1 proto tcp flags not syn/syn,ack drop\n" },
	{ "rule 1 frag { first, later } drop\n", "rule 1 frag 1-2 drop\n" },
	{ "rule 1 frag not no drop\nrule 2 frag later drop\n", NULL },
	{ "rule 1 ttl 1 drop\nrule 2 mark 1 ttl 1-5 proto tcp dscp ef drop\n"
	  "rule 3 ttl { 255, 1 } drop\nrule 4 ttl not { 1-5, 6 } drop\n",
	  "rule 1 ttl 1 drop\nrule 2 dscp ef ttl 1-5 proto tcp mark 0x1 drop\n"
	  "rule 3 ttl { 1, 255 } drop\nrule 4 ttl not 1-6 drop\n" },
	{ "rule 1 vlan not 5 dscp { ef, af11, 9 } length 40-1500 mark 16 drop\n",
	  "rule 1 vlan not 5 dscp { 9-10, ef } length 40-1500 mark 0x10 drop\n" },
	{ "rule 1 mark 16/255 drop\nrule 2 mark 0x10203/0xffffff accept\nrule 3 mark not 0x4000/0xc000 drop\n"
	  "rule 4 mark { 0x1/0x1, 0x6/0x0e } length 5 drop\nrule 5 mark 0/0x80000001 mark set 0x1 accept\n",
	  "rule 1 mark 0x10/0xff drop\nrule 2 mark 0x10203/0xffffff accept\nrule 3 mark not 0x4000/0xc000 drop\n"
	  "rule 4 length 5 mark { 0x1/0x1, 0x6/0xe } drop\nrule 5 mark 0x0/0x80000001 mark set 0x1 accept\n" },
	{ "rule 1 mac 02:00:00:aB:CD:ef drop\nrule 2 in mac { 02:00:00:00:00:02, 02:00:00:00:00:01 } proto tcp drop\n",
	  "rule 1 mac 02:00:00:ab:cd:ef drop\nrule 2 in mac { 02:00:00:00:00:01, 02:00:00:00:00:02 } proto tcp drop\n" },
	{ "rule 1 mark { 0xffffffff, 1-2 } drop\n", "rule 1 mark { 0x1-0x2, 0xffffffff } drop\n" },
	{ "rule 1 proto{tcp,udp}dport{1,2}accept", "rule 1 proto { tcp, udp } dport 1-2 accept\n" },
	/* Hooks in any order, in any place. */
	{ "rule 1 output proto tcp in drop\nrule 2 in out input forward output drop\nrule 3 out in drop\n",
	  "rule 1 in output proto tcp drop\nrule 2 drop\nrule 3 in out drop\n" },
	{ "policy forward drop\npolicy input drop\npolicy output accept\n",
	  "policy input drop\npolicy forward drop\npolicy output accept\n" },
	{ "rule 1 state { related, established, new } input from-if { b, a } accept\nrule 2 forward state not invalid drop\n",
	  "rule 1 input from-if { a, b } state { new, established, related } accept\nrule 2 forward state not invalid drop\n" },
	{ "rule 1 in proto icmp icmp-type { 3-5, 11-12 } state related accept\nrule 2 out vlan 1 state new accept\n",
	  "rule 1 in proto icmp icmp-type { 3-5, 11-12 } state related accept\nrule 2 out vlan 1 state new accept\n" },
	{ "rule 1 in proto icmp6 icmp6-type 1-4 state related accept\nrule 2 proto { tcp, udp } state new accept\n",
	  NULL },
	{ "rule 1 forward to-if not eth1 from-if eth0 drop\nrule 2 owner gid { 7, 5 } owner uid not 0-9 drop\n",
	  "rule 1 forward from-if eth0 to-if not eth1 drop\nrule 2 uid not 0-9 gid { 5, 7 } drop\n" },
};

static void accepted_texts_print_canonically(void **state)
{
	for (size_t i = 0; i < ROWS(accepted); i++) {
		struct fw_ruleset *rs = parse_as(accepted[i].text, strlen(accepted[i].text), NULL);
		fw_autofree char *text = ruleset_print(rs);

		assert_string_equal(text, accepted[i].printed ? accepted[i].printed : accepted[i].text);
		assert_reparses(rs, NULL);
		fw_ruleset_free(rs);
	}
}

/* Where the first error of a text is, and a part of what it says and hints. */
static const struct {
	const char *text;
	unsigned line, column;
	const char *message, *hint;
} refused[] = {
	{ "rulee drop", 1, 1, "expected 'rule', 'set', 'policy' or 'chain', not 'rulee'", "did you mean 'rule'?" },
	{ "\n  { }", 2, 3, "expected 'rule', 'set', 'policy' or 'chain', not '{'", "" },
	{ "rule \x01 drop", 1, 6, "unexpected byte 0x01", "only in strings" },
	{ "rule drop extra", 1, 11, "expected the end of the line, not 'extra'", "before the verdict" },
	{ "rule in", 1, 8,
	  "expected a match, 'drop', 'accept', 'reject', 'continue', 'jump', 'goto' or 'return' before the end of the text",
	  "" },
	{ "rule in\naccept", 1, 8, "before the end of the line", "" },
	{ "rule 0 drop", 1, 6, "'0' is not a rule id", "from 1 to" },
	{ "rule 007 drop", 1, 6, "'007' is not a rule id", "" },
	{ "rule 18446744073709551616 drop", 1, 6, "is not a rule id", "" },
	{ "rule 12ab drop", 1, 6, "'12ab' is not a rule id", "" },
	{ "rule 5 drop\nrule 5 drop", 2, 6, "rule id 5 is taken", "line 1 has it" },
	{ "rule name a drop\nrule name a drop", 2, 11, "rule name 'a' is taken", "line 1" },
	{ "rule name 9a drop", 1, 11, "'9a' is not a valid name for a rule", "start with a letter" },
	{ "rule name", 1, 10, "expected a name", "" },
	{ "rule in name x drop", 1, 9, "not 'name'", "the name comes first" },
	{ "rule chain web drop", 1, 12, "there is no chain 'web'", "define it first: chain NAME" },
	{ "chain web\nrule jump wab", 2, 11, "there is no chain 'wab'", "did you mean 'web'?" },
	{ "chain web\nrule in chain web drop", 2, 9, "not 'chain'", "before the matches" },
	{ "chain web\nrule jump", 2, 10, "expected the name of a chain", "" },
	{ "chain web\nrule drop web", 2, 11, "expected the end of the line", "" },
	{ "chain web\nchain web", 2, 7, "there is already a chain 'web'", "line 1 defines it" },
	{ "chain 9", 1, 7, "'9' is not a valid name for a chain", "start with a letter" },
	{ "chain web owner", 1, 16, "expected a group", "its members" },
	{ "chain web owner 3-5", 1, 17, "expected one group", "one owner" },
	{ "chain web owner no-such-group", 1, 17, "'no-such-group' is not a group", "/etc/group" },
	{ "chain web drop", 1, 11, "expected the end of the line", "" },
	{ "policy in jump", 1, 11, "not 'jump'", "" },
	{ "chain a\nrule 5 chain a jump a", 2, 0, "chains call each other in a circle: a (rule 5) -> a",
	  "delete or change" },
	{ "chain a\nchain b\nchain c\nrule 1 jump a\nrule 2 chain a jump b\nrule 3 chain b in goto c\nrule 4 chain c jump b",
	  6, 0, "in a circle: b (rule 3) -> c (rule 4) -> b", "" },
	{ DEEP "chain c16\nrule 16 chain c15 jump c16", 18, 0, "nested too deep: c0 (rule 1) -> c1 (rule 2) -> c2",
	  "" },
	{ "chain a\nrule chain a state new accept\nrule 7 jump a\n", 2, 0,
	  "rule 1 of chain a is asked there for others, by rule 7", "name the hooks" },
	{ "chain a\nchain b\nrule chain a state new accept\nrule in jump b\nrule chain b proto tcp jump a\nrule 9 chain b jump a",
	  3, 0, "rule 1 of chain a is asked there for others, by rule 9", "" },
	{ "rule comment \"x\" drop", 1, 6, "not 'comment'", "after the verdict" },
	{ "rule counter drop", 1, 6, "not 'counter'", "after the verdict" },
	{ "rule drop comment \"x\" counter", 1, 23, "'counter' comes after the comment", "before the comment" },
	{ "rule drop counter counter", 1, 19, "'counter' is given twice", "keep one" },
	{ "rule drop counter comment \"x\" counter", 1, 31, "'counter' is given twice", "keep one" },
	{ "rule drop counters", 1, 11, "not 'counters'", "" },
	{ "rule drop comment x", 1, 19, "expected a comment, not 'x'", "between" },
	{ "rule drop comment \"x", 1, 19, "no closing '\"'", "" },
	{ "rule drop comment \"x\\n\"", 1, 19, "there is a lone '\\'", "\\x1b for a byte" },
	{ "rule drop comment \"x\\x1b\"", 1, 19, "byte 0x1b of the comment", "" },
	{ "rule name \"a\x1b[2J\" drop", 1, 11, "expected a name, not 'a\\x1b[2J'", "" },
	{ "rule drop comment \"x\\x4\"", 1, 19, "there is a lone", "" },
	{ "rule drop comment \"x\\x00\"", 1, 19, "there is a lone", "" },
	{ "rule on \"a\\x0ab\" drop", 1, 9, "not an interface name", "" },
	{ "rule drop comment \"\xff\"", 1, 19, "byte 0xff of the comment", "" },
	{ "rule dprt 80 drop", 1, 6, "not 'dprt'", "did you mean 'dport'?" },
	{ "rule in in drop", 1, 9, "'in' is given twice", "" },
	{ "rule in output in drop", 1, 16, "'in' is given twice in one rule", "keep one" },
	{ "rule ip ip6 drop", 1, 9, "'ip6' cannot be used with 'ip'", "both families" },
	{ "rule ip ethertype arp drop", 1, 9, "'ethertype' cannot be used with 'ip'", "" },
	{ "rule from 1.1.1.1 from 2.2.2.2 drop", 1, 19, "'from' is given twice", "with a list" },
	{ "rule from 1.1.1 drop", 1, 11, "'1.1.1' is not an address", "write 1.1.1.0/24" },
	{ "rule from 1.1.1.256 drop", 1, 11, "is not an address", "0 to 255" },
	{ "rule from 01.1.1.1 drop", 1, 11, "is not an address", "octal or decimal? if decimal, write 1.1.1.1" },
	{ "rule tcp dport 22 accept", 1, 6, "not 'tcp'", "write 'proto tcp'" },
	{ "rule saddr 1.1.1.1 drop", 1, 6, "not 'saddr'", "write 'from'" },
	{ "rule daddr 1.1.1.1 drop", 1, 6, "not 'daddr'", "write 'to'" },
	{ "rule -s 1.1.1.1 -j DROP", 1, 6, "not '-s'", "write 'from'" },
	{ "rule in -j DROP", 1, 9, "not '-j'", "a rule ends with its verdict" },
	{ "rule hoplimit 255 drop", 1, 6, "not 'hoplimit'", "write 'ttl'" },
	{ "rule TTL 255 drop", 1, 6, "not 'TTL'", "did you mean 'ttl'?" },
	{ "rule iifname eth0 drop", 1, 6, "not 'iifname'", "write 'in on eth0'" },
	{ "rule oif eth0 drop", 1, 6, "not 'oif'", "write 'out on eth0'" },
	{ "rule ct state new accept", 1, 6, "not 'ct'", "write 'state established'" },
	{ "rule -m state accept", 1, 6, "not '-m'", "leave '-m' out" },
	{ "rule -m owner --uid-owner 5 accept", 1, 6, "not '-m'", "" },
	{ "rule output skuid 5 accept", 1, 13, "not 'skuid'", "owner uid" },
	{ "rule from any port 22 accept", 1, 15, "not 'port'", "'dport' or 'sport'" },
	{ "rule proto tcp --dport 22 accept", 1, 16, "not '--dport'", "write 'dport'" },
	{ "rule ipv6-icmp accept", 1, 6, "not 'ipv6-icmp'", "write 'proto icmp6'" },
	{ "rule limit rate 1/second accept", 1, 12, "'rate' is not a rate", "10/second" },
	{ "rule limit 0/second accept", 1, 12, "'0/second' is not a rate", "10/second" },
	{ "rule limit 10/week accept", 1, 12, "'10/week' is not a rate", "10/second" },
	{ "rule limit 10 accept", 1, 12, "'10' is not a rate", "10/second" },
	{ "rule limit 100000001/second accept", 1, 12, "is not a rate", "" },
	{ "rule limit 1/day burst 10000000 accept", 1, 12, "more than 100 years", "a smaller burst" },
	{ "rule limit 1/second burst 0 accept", 1, 27, "", "" },
	{ "rule limit 1/second", 1, 20,
	  "expected 'drop', 'accept', 'reject', 'continue', 'jump', 'goto' or 'return' before the end", "" },
	{ "rule limit 1/second limit 2/second drop", 1, 21, "'limit' is given twice in one rule", "" },
	{ "rule limit 1/second per dport drop", 1, 25, "'dport' is not what can be counted by", "from-to" },
	{ "rule limit 1/second per from/33 drop", 1, 25, "is not what can be counted by", "from/24" },
	{ "rule limit 1/second per from/ drop", 1, 25, "is not what can be counted by", "from/24" },
	{ "rule limit 1/second per from/24/ drop", 1, 25, "is not what can be counted by", "from/24" },
	{ "rule limit 1/second per from/24/129 drop", 1, 25, "is not what can be counted by", "from/24" },
	{ "rule connections over 5 drop", 1, 18, "expected 'per'", "connections per from over 100" },
	{ "rule connections per from-to over 5 drop", 1, 22, "is not what can be counted by", "from or to" },
	{ "rule connections per from over 0 drop", 1, 32, "", "" },
	{ "rule log prefix x drop", 1, 17, "expected a log prefix", "put it between" },
	{ "rule log prefix \"\\x1b[0m\" drop", 1, 6, "byte 0x1b of the log prefix is not printable", "" },
	{ "rule log prefix \"0123456789012345678901234567890123456789012345678901234567890123\" drop", 1, 17,
	  "a log prefix has at most 63 bytes", "" },
	{ "rule log level warn drop", 1, 16, "expected a level, not 'warn'", "" },
	{ "rule log log drop", 1, 10, "'log' is given twice", "" },
	{ "rule mark set drop", 1, 15, "expected a mark", "0x10/0xff" },
	{ "rule mark set 1/0 drop", 1, 15, "expected a mark", "0x10/0xff" },
	{ "rule mark set 16/15 drop", 1, 15, "bits outside of the mask", "set only bits" },
	{ "rule add from to @none drop", 1, 18, "", "" },
	{ "rule add @none drop", 1, 10, "expected 'from' or 'to'", "add from to @banned" },
	{ "set s { } rule x", 1, 11, "", "" },
	{ "set s { }\nrule add from to @s drop", 2, 6, "packets cannot add to the set 's', which is not dynamic",
	  "dynamic" },
	{ "set s dynamic { }\nrule ethertype arp add from to @s", 2, 20, "'add' needs an address",
	  "name an IP ethertype" },
	{ "rule ethertype arp limit 1/second per from drop", 1, 20, "'limit ... per' needs an address", "name an IP" },
	{ "rule ethertype arp reject", 1, 20, "frames that are not IP cannot be rejected", "write 'drop'" },
	{ "rule proto udp reject with tcp-reset", 1, 16, "'tcp-reset' answers TCP only", "write 'reject'" },
	{ "rule reject with icmp-reset", 1, 18, "expected how to reject", "did you mean 'tcp-reset'?" },
	{ "rule drop with tcp-reset", 1, 11, "not 'with'", "only 'reject' has kinds" },
	{ "rule audit accept", 1, 12, "expected 'drop' or 'reject', not 'accept'", "audit counts" },
	{ "rule log audit", 1, 15, "expected 'drop' or 'reject' before the end", "" },
	{ "policy malformed reject", 1, 18, "packets of the policy 'malformed' cannot be rejected", "write 'drop'" },
	{ "policy malformed log follow", 1, 18, "a policy that follows others cannot log", "log where" },
	{ "policy in limit 1/second drop", 1, 11, "expected 'log' or a verdict, not 'limit'", "policies log" },
	{ "rule in accept log", 1, 16, "not 'log'", "before the verdict" },
	{ "rule in ACCEPT", 1, 9, "not 'ACCEPT'", "did you mean 'accept'?" },
	{ "rule in DENY", 1, 9, "not 'DENY'", "write 'drop'" },
	{ "rule ! in drop", 1, 6, "not '!'", "dport not 22" },
	{ "policy in DROP", 1, 11, "not 'DROP'", "did you mean 'drop'?" },
	{ "policy in deny", 1, 11, "not 'deny'", "write 'drop'" },
	{ "allow 22", 1, 1, "not 'allow'", "rule ... accept" },
	{ "drop from 192.0.2.1", 1, 1, "not 'drop'", "rule ... drop" },
	{ "continue", 1, 1, "not 'continue'", "rule ... continue" },
	{ "follow", 1, 1, "not 'follow'", "" },
	{ "-A INPUT -j DROP", 1, 1, "not '-A'", "a rule is like" },
	{ "table inet filter {", 1, 1, "not 'table'", "there are no tables" },
	{ "define x = 1", 1, 1, "not 'define'", "set NAME" },
	{ "rule proto TCP drop", 1, 12, "'TCP' is not a value", "did you mean 'tcp'?" },
	{ "rule proto any drop", 1, 12, "'any' is not a value", "leave 'proto' out" },
	{ "rule proto tcp dport 1000:2000 drop", 1, 22, "is not a value of 'dport'", "write 1000-2000" },
	{ "rule proto tcp dport :1023 drop", 1, 22, "is not a value of 'dport'", "write 0-1023" },
	{ "rule proto tcp dport 1024: drop", 1, 22, "is not a value of 'dport'", "write 1024-65535" },
	{ "rule proto tcp dport != 22 drop", 1, 22, "is not a value of 'dport'", "dport not VALUE" },
	{ "rule proto tcp dport > 1023 drop", 1, 22, "is not a value of 'dport'", "write a range" },
	{ "rule proto tcp dport no-such-name drop", 1, 22, "is not a value of 'dport'", "a name such as ssh" },
	{ "rule proto tcp flags SYN drop", 1, 22, "'SYN' is not a TCP flag", "did you mean 'syn'?" },
	{ "rule from 192.0.2.* drop", 1, 11, "is not an address", "write 192.0.2.0/24" },
	{ "rule from 10/8 drop", 1, 11, "is not an address", "write 10.0.0.0/8" },
	{ "rule from 192.0.2.1-9 drop", 1, 11, "is not an address", "write 192.0.2.1-192.0.2.9" },
	{ "rule from [::1] drop", 1, 11, "is not an address", "write ::1, without brackets" },
	{ "rule from 1.2.3.4:80 drop", 1, 11, "is not an address", "ports are matched by" },
	{ "rule from 10.0.0.0/255.0.0.0 drop", 1, 11, "'255.0.0.0' is not a prefix length", "write 10.0.0.0/8" },
	{ "rule from 10.0.0.0/0.255.255.255 drop", 1, 11, "is not a prefix length", "write 10.0.0.0/8" },
	{ "rule from 10.0.0.1/255.0.0.0 drop", 1, 11, "is not a prefix length", "the mask is /8" },
	{ "rule from 0.0.0.0/0.0.0.0 drop", 1, 11, "is not a prefix length", "write 0.0.0.0/0" },
	{ "rule from !10.0.0.0/8 drop", 1, 11, "is not an address", "write 'not'" },
	{ "rule from all drop", 1, 11, "is not an address", "'any'" },
	{ "rule from 3221225985 drop", 1, 11, "is not an address", "write 192.0.2.1" },
	{ "rule from 00:11:22:33:44:55 drop", 1, 11, "is not an address", "hardware address" },
	{ "rule from example.org drop", 1, 11, "is not an address", "not looked up" },
	{ "rule from fe80::1%eth0 drop", 1, 11, "is not an address", "'on'" },
	{ "rule from 1.2.3.4/33 drop", 1, 11, "'33' is not a prefix length", "0 to 32" },
	{ "rule from ::/129 drop", 1, 11, "'129' is not a prefix length", "0 to 128" },
	{ "rule from 1.2.3.4/0x8 drop", 1, 11, "'0x8' is not a prefix length", "" },
	{ "rule from 1.2.3.4/ drop", 1, 11, "'' is not a prefix length", "" },
	{ "rule from 10.0.0.1/8 drop", 1, 11, "'10.0.0.1/8' has bits set", "did you mean 10.0.0.0/8?" },
	{ "rule to 2001:db8::1/32 drop", 1, 9, "has bits set", "did you mean 2001:db8::/32?" },
	{ "rule to 1.1.1.2-1.1.1.1 drop", 1, 9, "is empty", "smaller address first" },
	{ "rule to 1.1.1.2-::1 drop", 1, 9, "mixes IPv4 and IPv6", "the same family" },
	{ "rule to not any drop", 1, 13, "'any' cannot be used with 'not'", "" },
	{ "rule to { any } drop", 1, 11, "'any' cannot be used", "" },
	{ "rule to { } drop", 1, 9, "an empty list matches nothing", "at least one" },
	{ "rule to \"1.1.1.1\" drop", 1, 9, "expected an address", "without quotes" },
	{ "rule to { 1.1.1.1 2.2.2.2 } drop", 1, 19, "expected ',' or '}', not '2.2.2.2'", "put ','" },
	{ "rule to { 1.1.1.1, { 2.2.2.2 } } drop", 1, 20, "expected a value, not '{'", "do not nest" },
	{ "rule to 1.1.1.1, 2.2.2.2 drop", 1, 16, "not ','", "between '{' and '}'" },
	{ "rule to { 1.1.1.1,\nrule drop", 1, 9, "the '{' is never closed", "'}'" },
	{ "rule to { 1.1.1.1\n", 1, 9, "the '{' is never closed", "" },
	{ "rule to not { 0.0.0.0/0, ::/0 } drop", 1, 6, "excludes every address", "" },
	{ "rule from ::1 to 1.1.1.1 drop", 1, 15, "'from' is IPv6 and 'to' is IPv4", "" },
	{ "rule ip from ::1 drop", 1, 6, "asks for IPv4 packets, but its addresses are IPv6", "use 'ip6'" },
	{ "rule to @adms drop\nset admins { }", 1, 9, "there is no set 'adms'", "define it first" },
	{ "set admins { }\nrule to @admns drop", 2, 9, "there is no set 'admns'", "did you mean 'admins'?" },
	{ "set a { }\nset a { }", 2, 5, "there is already a set 'a'", "line 1" },
	{ "set local { }", 1, 5, "'local' is the name of a built-in set", "without a definition" },
	{ "set multicast dynamic { }", 1, 5, "'multicast' is the name of a built-in set", "another name" },
	{ "rule add from to @local drop", 1, 18, "the set 'local' is built in", "create a set with another name" },
	{ "rule to @locals drop", 1, 9, "there is no set 'locals'", "" },
	{ "set a { @b }", 1, 9, "a set cannot hold another set", "" },
	{ "set a { 1.1.1.1/8 }", 1, 9, "has bits set", "1.0.0.0/8" },
	{ "set a 1.1.1.1", 1, 7, "expected '{', 'file' or 'dynamic'", "set NAME" },
	{ "set a dynamic", 1, 14, "expected '{' before the end", "set NAME [dynamic" },
	{ "set a dynamic file \"x\"", 1, 15, "expected '{', not 'file'", "from { @list, @banned }" },
	{ "set a { } dynamic", 1, 11, "expected the end of the line", "" },
	{ "set a { ::ffff:203.0.113.9 }", 1, 9, "'::ffff:203.0.113.9' is IPv4-mapped", "did you mean 203.0.113.9?" },
	{ "rule from ::ffff:cb00:7100/120 drop", 1, 11, "is IPv4-mapped", "did you mean 203.0.113.0/24?" },
	{ "rule to not { ::1, ::ffff:10.0.0.1-::FFFF:10.0.0.9 } drop", 1, 20, "is IPv4-mapped",
	  "did you mean 10.0.0.1-10.0.0.9?" },
	{ "rule to ::ffff:0:0/97 drop", 1, 9, "is IPv4-mapped", "did you mean 0.0.0.0/1?" },
	{ "set 1a { }", 1, 5, "'1a' is not a valid name for a set", "" },
	{ "set a file x", 1, 12, "expected the path of a file, not 'x'", "between" },
	{ "set a file \"\"", 1, 12, "the path is empty", "" },
	{ "set a file \"/etc/passwd\"", 1, 12, "only by rules that are in a file", "" },
	{ "policy on drop", 1, 8, "there is no policy for 'on'", "did you mean" },
	{ "policy internal accept", 1, 8, "there is no policy for 'internal'", "malformed" },
	{ "policy in follow", 1, 11, "expected 'drop', 'accept' or 'reject', not 'follow'",
	  "other policies may follow" },
	{ "policy out follow", 1, 12, "expected 'drop', 'accept' or 'reject', not 'follow'",
	  "other policies may follow" },
	{ "policy not-parsed refuse", 1, 19, "expected 'drop', 'accept', 'reject' or 'follow', not 'refuse'", "" },
	{ "policy not-parse drop", 1, 8, "no policy for 'not-parse'", "did you mean 'not-parsed'?" },
	{ "policy in drop\npolicy in drop", 2, 8, "policy of 'in' is given twice", "" },
	{ "rule on e*h drop", 1, 9, "'e*h' is neither a name nor a pattern", "a pattern ends in '*': on eth*" },
	{ "rule on eth** drop", 1, 9, "'eth**' is neither a name nor a pattern", "quote a name" },
	{ "rule on eth+ drop", 1, 9, "'eth+' is neither a name nor a pattern", "a pattern ends in '*'" },
	{ "rule on * drop", 1, 9, "'*' needs the beginning of a name", "leave it out" },
	{ "rule on not \"*\" drop", 1, 13, "'*' needs the beginning of a name", "leave it out" },
	{ "rule on 0123456789abcdef* drop", 1, 9, "1 to 15 bytes, not 16", "" },
	{ "rule on \"a b\" drop", 1, 9, "'a b' is not an interface name", "" },
	{ "rule on a/b drop", 1, 9, "'a/b' is not an interface name", "no blanks, '/'" },
	{ "rule on eth0:1 drop", 1, 9, "'eth0:1' is not an interface name", "labels an address" },
	{ "rule on \"eth0:1\" drop", 1, 9, "'eth0:1' is not an interface name", "labels an address" },
	{ "rule on .. drop", 1, 9, "'..' is not an interface name", "" },
	{ "rule on \"\" drop", 1, 9, "1 to 15 bytes, not 0", "" },
	{ "rule on \"a\\b\" drop", 1, 9, "there is a lone", "" },
	{ "rule on 0123456789abcdef drop", 1, 9, "1 to 15 bytes, not 16", "" },
	{ "rule on { } drop", 1, 9, "an empty list", "" },
	{ "rule proto tpc drop", 1, 12, "'tpc' is not a value of 'proto'", "did you mean 'tcp'?" },
	{ "rule proto 256 drop", 1, 12, "largest value of 'proto' is 255: '256' is too large", "" },
	{ "rule proto 9-7 drop", 1, 12, "the range '9-7' is empty", "smaller value first" },
	{ "rule proto 9- drop", 1, 12, "'9-' is not a value", "a number up to 255" },
	{ "rule proto tcp dport 65536 drop", 1, 22, "'dport' is 65535:", "" },
	{ "rule proto tcp dport 0-99999999999999999999 drop", 1, 22, "'dport' is 65535:", "" },
	{ "rule proto tcp dport not 0-65535 drop", 1, 16, "'dport not' excludes every value", "" },
	{ "rule dport 80 drop", 1, 6, "'dport' needs a protocol that has ports", "proto tcp" },
	{ "rule proto icmp dport 80 drop", 1, 17, "'dport' cannot be used with protocol 1,", "" },
	{ "rule proto {\n icmp }\n dport 80 drop", 2, 8, "before the end of the line", "" },
	{ "rule proto {\n tcp } frag later dport 80 drop", 2, 19, "a later fragment has no 'dport'", "" },
	{ "rule icmp-type 8 drop", 1, 6, "'icmp-type' needs the protocol icmp", "" },
	{ "rule proto icmp6 icmp-type 8 drop", 1, 18, "'icmp-type' cannot be used with protocol icmp6", "icmp6-type" },
	{ "rule icmp6-code 0 proto icmp drop", 1, 6, "'icmp6-code' cannot be used with protocol icmp", "icmp-type" },
	{ "rule proto icmp6 icmp6-type ehco-request drop", 1, 29, "is not a value of 'icmp6-type'", "'echo-request'" },
	{ "rule proto icmp icmp-type 8 icmp6-type 8 drop", 1, 29, "'icmp6-type' cannot be used with 'icmp-type'", "" },
	{ "rule ip6 proto icmp drop", 1, 10, "icmp is a protocol of IPv4", "'proto icmp6'" },
	{ "rule to 1.1.1.1 proto icmp6 drop", 1, 17, "icmp6 is a protocol of IPv6", "'proto icmp'" },
	{ "rule flags ack,synn drop", 1, 12, "'synn' is not a TCP flag", "did you mean 'syn'?" },
	{ "rule tcp-option msss drop", 1, 17, "'msss' is not a known TCP option", "did you mean 'mss'?" },
	{ "rule ip-option syn drop", 1, 16, "'syn' is not a known IP option", "router-alert" },
	{ "rule proto udp tcp-option mss drop", 1, 16, "which has no TCP header", "'proto tcp'" },
	{ "rule ip6 ip-option any drop", 1, 10, "'ip-option' is of IPv4 packets", "" },
	{ "rule from 10.0.0.1 rt-type 0 drop", 1, 20, "'rt-type' is of IPv6 packets", "" },
	{ "rule rt-type 0 ip-option any drop", 1, 16, "'ip-option' is of IPv4 packets", "" },
	{ "rule output packet-type multicast drop", 1, 13, "'packet-type' is not known at output",
	  "in, input or forward" },
	{ "rule packet-type anycast drop", 1, 18, "'anycast'", "" },
	{ "rule mss 65536 drop", 1, 10, "'65536' is too large", "" },
	{ "rule flags syn,/ack drop", 1, 12, "'' is not a TCP flag", "" },
	{ "rule flags syn/ack drop", 1, 6, "outside the mask", "VALUE/MASK" },
	{ "rule flags none/none drop", 1, 6, "checks nothing", "" },
	{ "rule flags syn/syn, ack drop", 1, 19, "not ','", "" },
	{ "rule proto udp flags syn drop", 1, 16, "which has no TCP header", "" },
	{ "rule flags not { none/syn, syn/syn } drop", 1, 6, "excludes every value", "" },
	{ "rule frag maybe drop", 1, 11, "'maybe' is not a value of 'frag'", "no, first, later or any" },
	{ "rule frag not any drop", 1, 15, "'any' is not a value of 'frag'", "" },
	{ "rule vlan 4096 drop", 1, 11, "'vlan' is 4095:", "" },
	{ "rule dscp 64 drop", 1, 11, "'dscp' is 63:", "" },
	{ "rule ttl 256 drop", 1, 10, "'ttl' is 255:", "" },
	{ "rule ethertype arp ttl 3 drop", 1, 20, "no 'ttl' to match", "" },
	{ "rule mac 02:00:00:00:00:0 drop", 1, 10, "'02:00:00:00:00:0' is not a value of 'mac'", "02:00:00:00:00:01" },
	{ "rule mac 02:00:00:00:00:0g drop", 1, 10, "is not a value of 'mac'", "02:00:00:00:00:01" },
	{ "rule mac 02-00-00-00-00-01 drop", 1, 10, "is not a value of 'mac'", "02:00:00:00:00:01" },
	{ "rule mac \"02:00:00:00:00:01\" drop", 1, 10, "is not a value of 'mac'", "02:00:00:00:00:01" },
	{ "rule mac not 02:00:00:00:00:01 drop", 1, 6, "'mac' cannot be used with 'not'", "an earlier rule" },
	{ "rule mac { 02:00:00:00:00:01, 02:00:01:00:00:01 } drop", 1, 6, "first three bytes differ", "several rules" },
	{ "rule out mac 02:00:00:00:00:01 drop", 1, 10, "'mac'", "" },
	{ "rule mark 1/0 drop", 1, 11, "'1/0' is not a value of 'mark'", "VALUE/MASK" },
	{ "rule mark 16/15 drop", 1, 11, "0x10 has bits outside of the mask 0xf", "bits of the mask" },
	{ "rule mark 1/0x100000000 drop", 1, 11, "'1/0x100000000' is not", "VALUE/MASK" },
	{ "rule mark { 1, 2/2 } drop", 1, 6, "numbers with and without a mask", "several rules" },
	{ "rule mark not 0x101/0x1ff drop", 1, 6, "'mark not VALUE/MASK' is possible if", "an earlier rule" },
	{ "rule mark { 1/1, 0x100/0x100 } drop", 1, 6, "in the same byte", "several rules" },
	{ "rule mark not { 1/1, 0/1 } drop", 1, 6, "'mark not' excludes every value", "" },
	{ "rule mark 1 mark 1/1 drop", 1, 13, "'mark' is given twice", "" },
	{ "rule mark 0x100000000 drop", 1, 11, "'mark' is 4294967295:", "" },
	{ "rule ethertype arp proto tcp drop", 1, 20, "not IP, so there is no 'proto'", "" },
	{ "rule ethertype arp from 1.1.1.1 drop", 1, 20, "not IP, so there is no address", "" },
	/* Fields at hooks that do not know them. */
	{ "rule in input uid 5 drop", 1, 15, "'uid' is not known at in or input, where the rule holds", "for output" },
	{ "rule from-if a uid 5 drop", 1, 16, "'uid' is not known at in, out, input or forward", "for output" },
	{ "rule forward on eth0 drop", 1, 14, "'on' is not known at forward", "write from-if or to-if" },
	{ "rule output from-if a drop", 1, 13, "'from-if' is not known at output", "for in, out, input or forward" },
	{ "rule input to-if a drop", 1, 12, "'to-if' is not known at input", "for out, forward or output" },
	{ "rule vlan 5 forward drop", 1, 6, "'vlan' is not known at forward", "for in or out" },
	{ "rule input ethertype arp drop", 1, 12, "'ethertype' is not known at input", "for in or out" },
	{ "rule ethertype arp state new drop", 1, 20, "there is no 'state' to match", "" },
	{ "rule state established accept", 1, 6, "'state' is known at in for TCP, UDP and ICMP errors only",
	  "name the hooks (input forward output)" },
	{ "rule in out state new proto { tcp, sctp } drop", 1, 13, "the rule holds there for others",
	  "proto { tcp, udp }" },
	{ "rule in state new proto icmp drop", 1, 9, "the rule holds there for others", "" },
	{ "rule in state new proto icmp6 icmp6-type 1-5 drop", 1, 9, "the rule holds there for others", "" },
	{ "rule input state old drop", 1, 18, "'old' is not a value of 'state'", "" },
	{ "rule input state not new-untracked drop", 1, 12, "excludes every value", "" },
	{ "rule output uid 0xffffffff drop", 1, 17, "the largest value of 'uid' is 4294967294", "" },
};

static void refused_texts_say_where_and_why(void **state)
{
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		struct fw_diags ds = { .n = 0 };
		int err = fw_text_parse(rs, refused[i].text, strlen(refused[i].text), NULL, &ds);
		const struct fw_diag *d = &ds.d[0];

		if (err != -EINVAL || d->line != refused[i].line || d->column != refused[i].column ||
		    !strstr(d->message, refused[i].message) || !strstr(d->hint, refused[i].hint))
			fail_msg("%s\n%d %u:%u: %s (%s)", refused[i].text, err, d->line, d->column, d->message,
				 d->hint);
		fw_ruleset_free(rs);
	}
}

/* Names of services, as this machine has them. */
static const struct {
	const char *text, *printed, *message, *hint; /* printed, or else what is said */
} services[] = {
	{ "rule proto tcp dport ssh drop", "rule 1 proto tcp dport 22 drop\n", NULL, NULL },
	{ "rule dport { https, http, 1000-2000 } proto tcp drop",
	  "rule 1 proto tcp dport { 80, 443, 1000-2000 } drop\n", NULL, NULL },
	{ "rule proto udp sport not domain drop", "rule 1 proto udp sport not 53 drop\n", NULL, NULL },
	{ "rule proto { tcp, udp } dport www drop", "rule 1 proto { tcp, udp } dport 80 drop\n", NULL,
	  NULL }, /* an alias */
	{ "rule proto udp dport ssh drop", "rule 1 proto udp dport 22 drop\n", NULL, NULL },
	{ "rule owner uid { root, 5 } drop", "rule 1 uid { 0, 5 } drop\n", NULL, NULL },
	{ "rule output gid not root drop", "rule 1 output gid not 0 drop\n", NULL, NULL },
	{ "rule uid nobody-here drop", NULL, "'nobody-here' is not a user", "/etc/passwd" },
	{ "rule owner gid no-such drop", NULL, "'no-such' is not a group", "/etc/group" },
	{ "rule owner dport 5 drop", NULL, "expected a match", "" },
	{ "rule proto tcp dport htps drop", NULL, "'htps' is not a service", "did you mean 'http" },
	{ "rule proto tcp dport ssh-http drop", NULL, "'ssh-http' is not a value of 'dport'", "" },
	{ "rule proto tcp dport \"ssh\" drop", NULL, "expected a value", "without quotes" },
};

static void services_are_ports(void **state)
{
	fw_autofree char *text = NULL;
	struct fw_ruleset *rs;
	struct fw_diags ds;

	for (size_t i = 0; !access("/etc/services", R_OK) && i < ROWS(services); i++) {
		ds.n = ds.total = 0;
		rs = fw_ruleset_new(NULL);
		if (services[i].printed) {
			assert_int_equal(fw_text_parse(rs, services[i].text, strlen(services[i].text), NULL, &ds), 0);
			free(text);
			text = ruleset_print(rs);
			assert_string_equal(text, services[i].printed);
			assert_true(rs->names_services);
		} else {
			assert_int_equal(fw_text_parse(rs, services[i].text, strlen(services[i].text), NULL, &ds),
					 -EINVAL);
			if (!strstr(ds.d[0].message, services[i].message) || !strstr(ds.d[0].hint, services[i].hint))
				fail_msg("%s: %s (%s)", services[i].text, ds.d[0].message, ds.d[0].hint);
		}
		fw_ruleset_free(rs);
	}
}

static void every_error_is_reported(void **state)
{
	static const char text[] = "polcy in drop\n"
				   "set a { 1.1.1.1/8, 2.2.2.2, x }\n"
				   "rule from @a dport 80 drop\n"
				   "rule to { 1.1.1.1,\n"
				   "rule 9 accept\n"
				   "rule from { 1.1.1.1 2.2.2.2,\n 3.3.3.3 } drop\n"
				   "rule drop comment \"x\n"
				   "rule 9 drop\n";
	static const unsigned lines[] = { 1, 2, 2, 3, 4, 6, 8, 9 };
	struct fw_ruleset *rs = fw_ruleset_new("a.rules");
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(fw_text_parse(rs, text, strlen(text), "a.rules", &ds), -EINVAL);
	for (unsigned i = 0; i < ds.n && i < ROWS(lines); i++) {
		assert_int_equal(ds.d[i].line, lines[i]);
		assert_string_equal(ds.d[i].file, "a.rules");
	}
	assert_int_equal(ds.total, ROWS(lines));
	fw_ruleset_free(rs);
}

static void errors_beyond_the_room_are_counted(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_diags ds = { .n = 0 };
	struct fw_buf b = { 0 };

	for (int i = 0; i < 30; i++)
		fw_buf_printf(&b, "rule bad\n");
	assert_int_equal(fw_text_parse(rs, b.text, b.len, NULL, &ds), -EINVAL);
	assert_int_equal(ds.n, FW_MAX_DIAGS);
	assert_int_equal(ds.total, 30);
	fw_buf_free(&b);
	fw_ruleset_free(rs);
}

static void long_lists(void **state)
{
	static const struct {
		unsigned n;
		int err;
	} cases[] = { { 32768, 0 }, { 65535, 0 }, { 65536, -EINVAL } };

	for (size_t c = 0; c < ROWS(cases); c++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		struct fw_diags ds = { .n = 0 };
		struct fw_buf b = { 0 };

		fw_buf_printf(&b, "rule proto tcp dport {");
		for (unsigned i = 0; i < cases[c].n; i++)
			fw_buf_printf(&b, "%s%u", i ? "," : " ", i * 2 % 65536);
		fw_buf_printf(&b, "} drop");
		assert_int_equal(fw_text_parse(rs, b.text, b.len, NULL, &ds), cases[c].err);
		if (!cases[c].err)
			assert_int_equal(fw_rule_match(rs->rules[0], FW_F_DPORT)->n, 32768);
		fw_buf_free(&b);
		fw_ruleset_free(rs);
	}
}

/* A directory with files, gone after the test. */
static char dir[] = "/tmp/fw-test-text-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[sizeof(dir) + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void sets_from_files(void **state)
{
	struct fw_ruleset *rs = NULL;
	struct fw_diags ds = { .n = 0 };
	fw_autofree char *text = NULL;

	put_file("feed",
		 "# a feed\n\n10.0.0.0/8\n 192.0.2.1 ; spam\r\n2001:db8::1-2001:db8::9# x\n10.0.0.0/8\n; end\n::1");
	put_file("empty", "");
	put_file("a.rules",
		 "set feed file \"feed\"\nset none file \"empty\" may-be-empty\nrule from { @feed, @none } drop\n");
	assert_int_equal(fw_text_load(path_of("a.rules"), FW_FORMAT_RULES, &rs, &ds), 0);
	assert_int_equal(rs->sets[0].n, 4);
	assert_int_equal(rs->sets[1].n, 0);
	assert_string_equal(rs->sets[0].path, "feed");
	text = ruleset_print(rs);
	assert_string_equal(text, "set feed file \"feed\"\nset none file \"empty\" may-be-empty\n"
				  "rule 1 from { @feed, @none } drop\n");
	assert_reparses(rs, path_of("a.rules"));
	fw_ruleset_free(rs);
}

static void bad_files_name_themselves(void **state)
{
	static const struct {
		const char *rules, *file;
		unsigned line, column;
		const char *message;
	} cases[] = {
		{ "set a file \"bad\"\nrule from @a drop", "bad", 3, 2, "'10.0.0.1/8' has bits set" },
		{ "\nset a file \"missing\"", "b.rules", 2, 12, "missing': No such file" },
		{ "set a file \".\"", "b.rules", 1, 12, "Is a directory" },
		{ "set a file \"/dev/zero\"", "b.rules", 1, 12, "it is a device" },
		/* What a download that failed leaves: nothing, or only comments. */
		{ "\nset a file \"none\"\nrule from @a drop", "b.rules", 2, 12, "none' holds no address: the set 'a'" },
		{ "set a file \"comments\"", "b.rules", 1, 12, "comments' holds no address" },
		{ "set a file \"none\" may-be-emty", "b.rules", 1, 19,
		  "'may-be-emty' is not an option of a set's file" },
		{ "set a file \"none\" may-be-empty may-be-empty", "b.rules", 1, 32, "is given twice" },
		{ "set a file \"none\" may-be-empty { }", "b.rules", 1, 32, "expected the end of the line" },
	};

	put_file("none", "");
	put_file("comments", "# list of today\n; 0 entries\n\n");
	put_file("bad", "1.1.1.1\n# x\n 10.0.0.1/8\n1.1.1.1 2.2.2.2\n");
	for (size_t i = 0; i < ROWS(cases); i++) {
		struct fw_ruleset *rs = NULL;
		struct fw_diags ds = { .n = 0 };

		put_file("b.rules", cases[i].rules);
		assert_int_equal(fw_text_load(path_of("b.rules"), FW_FORMAT_RULES, &rs, &ds), -EINVAL);
		assert_null(rs);
		assert_string_equal(ds.d[0].file, path_of(cases[i].file));
		assert_int_equal(ds.d[0].line, cases[i].line);
		assert_int_equal(ds.d[0].column, cases[i].column);
		if (!strstr(ds.d[0].message, cases[i].message))
			fail_msg("%s", ds.d[0].message);
		assert_int_equal(ds.total, i ? 1 : 2);
	}
}

static void missing_rules(void **state)
{
	struct fw_ruleset *rs = NULL;
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(fw_text_load(path_of("none.rules"), FW_FORMAT_RULES, &rs, &ds), -ENOENT);
	assert_int_equal(fw_text_load(dir, FW_FORMAT_RULES, &rs, &ds), -EISDIR);
	assert_null(rs);
	assert_int_equal(ds.n, 2);
	assert_non_null(strstr(ds.d[0].message, "none.rules': No such file"));
}

static void examples_load(void **state)
{
	glob_t g;

	assert_int_equal(glob(tree_source("examples/*.rules"), 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct fw_ruleset *rs = NULL;
		struct fw_diags ds = { .n = 0 };
		char buf[1024];

		if (fw_text_load(g.gl_pathv[i], FW_FORMAT_RULES, &rs, &ds))
			fail_msg("%s", fw_diag_format(&ds.d[0], buf, sizeof(buf)));
		assert_true(rs->nrules >= 5);
		assert_reparses(rs, g.gl_pathv[i]);
		fw_ruleset_free(rs);
	}
	globfree(&g);
}

/* Every block marked `rules` of the grammar's reference parses. */
static void reference_parses(void **state)
{
	static const char open[] = "```rules\n";
	fw_autofree char *text = tree_text("docs/fw.rules.md");
	unsigned blocks = 0;

	for (const char *at = strstr(text, open); at; at = strstr(at, open), blocks++) {
		const char *end = strstr(at += strlen(open), "```");

		assert_non_null(end);
		fw_ruleset_free(parse_as(at, (size_t)(end - at), NULL));
	}
	assert_true(blocks >= 5);
}

/* The words in the first column of the reference's table of matches: those that the parser takes, each once. */
static void reference_lists_every_match(void **state)
{
	static const char *const words[] = {
#define WORD(word, field, value) word,
		FW_FIELD_WORDS(WORD)
#undef WORD
			"from",
		"to",
	};
	fw_autofree char *text = tree_text("docs/fw.rules.md");
	char *table = strstr(text, "| match |"), *line, *next = NULL, listed[1024] = " ";

	assert_non_null(table);
	*strstr(table, "\n\n") = '\0';
	strtok_r(table, "\n", &next);
	strtok_r(NULL, "\n", &next);
	while ((line = strtok_r(NULL, "\n", &next))) {
		*strchr(line + 1, '|') = '\0';
		for (char *at = strchr(line, '`'); at; at = strchr(at, '`')) {
			size_t used = strlen(listed), len = strcspn(++at, "`");

			snprintf(listed + used, sizeof(listed) - used, "%.*s ", (int)len, at);
			at += len + 1;
		}
	}
	for (size_t i = 0; i < ROWS(words) + 2 * (size_t)FW_NFIELDS; i++) {
		enum fw_field f = (enum fw_field)((i - ROWS(words)) / 2);
		bool v6 = (i - ROWS(words)) % 2;
		char word[64], *at;

		if (i >= ROWS(words) && (fw_field_info[f].kind == FW_KIND_WORD || fw_field_info[f].part ||
					 (v6 && !fw_field_info[f].keyword6)))
			continue;
		snprintf(word, sizeof(word), " %s ", i < ROWS(words) ? words[i] : fw_field_word(f, v6));
		at = strstr(listed, word);
		if (!at)
			fail_msg("docs/fw.rules.md does not list%s", word);
		memmove(at, at + strlen(word) - 1, strlen(at + strlen(word) - 1) + 1);
	}
	assert_string_equal(listed, " ");
}

static void classbench_sets(void **state)
{
	static const struct {
		const char *text, *printed; /* or: */
		unsigned line, column;
		const char *message;
	} cases[] = {
		{ "", "", 0, 0, NULL },
		{ "@1.2.3.0/24\t0.0.0.0/0\t0 : 65535\t80 : 80\t0x06/0xFF\t0x0000/0x0200\t\n\n"
		  "@0.0.0.0/0\t0.0.0.0/0\t0 : 65535\t0 : 65535\t0x00/0x00\r\n",
		  "rule 1 from 1.2.3.0/24 proto tcp dport 80 drop\nrule 2 drop\n", 0, 0, NULL },
		{ "@10.0.0.1/32 4.0.0.0/6 5:6 0:65535 17/255",
		  "rule 1 from 10.0.0.1 to 4.0.0.0/6 proto udp sport 5-6 drop\n", 0, 0, NULL },
		{ "10.0.0.1/32", NULL, 1, 1, "expected '@'" },
		{ "@10.0.0.256/32", NULL, 1, 9, "larger than 255" },
		{ "@10.0.0.1/33", NULL, 1, 11, "larger than 32" },
		{ "@10.0.0.1/8 0.0.0.0/0 0 : 1 0 : 1 6/255", NULL, 1, 2, "bits set beyond" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65536 0 : 1 6/255", NULL, 1, 27, "larger than 65535" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 1 0 : 1 6/255", NULL, 1, 25, "expected ':'" },
		{ "\n@10.0.0.0/8 0.0.0.0/0 9 : 1 0 : 1 6/255", NULL, 2, 1, "range 9-1 of 'sport' is empty" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65535 0 : 65535 6/254", NULL, 1, 45, "mask 0xFE" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65535 0 : 65535 6/0", NULL, 1, 45, "has no effect" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65535 0 : 65535 6/255x", NULL, 1, 48, "unexpected text" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65535 0 : 65535 0x/255", NULL, 1, 43, "expected a number" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65535 0 : 65535", NULL, 1, 42, "expected a number" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65535 0 : 80 0/0", NULL, 1, 1, "'dport' needs a protocol" },
		{ "@10.0.0.0/8 0.0.0.0/0 0 : 65535 0 : 80 1/255", NULL, 1, 1,
		  "'dport' cannot be used with protocol 1" },
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		struct fw_diags ds = { .n = 0 };
		int err = fw_text_parse_classbench(rs, cases[i].text, strlen(cases[i].text), "cb", &ds);

		if (cases[i].printed) {
			assert_int_equal(err, 0);

			fw_autofree char *text = ruleset_print(rs);

			assert_string_equal(text, cases[i].printed);
			assert_reparses(rs, NULL);
		} else if (err != -EINVAL || ds.d[0].line != cases[i].line || ds.d[0].column != cases[i].column ||
			   !strstr(ds.d[0].message, cases[i].message)) {
			fail_msg("%s\n%u:%u: %s", cases[i].text, ds.d[0].line, ds.d[0].column, ds.d[0].message);
		}
		fw_ruleset_free(rs);
	}
}

static void random_rulesets_reparse(void **state)
{
	static const struct random_shape shapes[] = { { 200, 100, 4, 4, 70 }, { 200, 30, 2, 1, 100 } };
	size_t rules = 0;

	for (unsigned round = 0; round < 200; round++) {
		random_chains(round / 2 % 2 * 8);

		struct fw_ruleset *rs = random_ruleset(&shapes[round % ROWS(shapes)]);

		assert_reparses(rs, NULL);
		rules += rs->nrules;
		fw_ruleset_free(rs);
	}
	assert_true(rules > 30000);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "feed", "empty", "none", "comments", "a.rules", "bad", "b.rules" };

	for (size_t i = 0; i < ROWS(names); i++)
		unlink(path_of(names[i]));
	return rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_texts_print_canonically),
		cmocka_unit_test(refused_texts_say_where_and_why),
		cmocka_unit_test(services_are_ports),
		cmocka_unit_test(every_error_is_reported),
		cmocka_unit_test(errors_beyond_the_room_are_counted),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(sets_from_files),
		cmocka_unit_test(bad_files_name_themselves),
		cmocka_unit_test(missing_rules),
		cmocka_unit_test(examples_load),
		cmocka_unit_test(reference_parses),
		cmocka_unit_test(reference_lists_every_match),
		cmocka_unit_test(classbench_sets),
		cmocka_unit_test(random_rulesets_reparse),
	};

	random_start();
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
