// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets of nftables: what each form of a rule becomes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/import.h"
#include "fw/text.h"
#include "tests/unit/rows.h"

#define TEXT(s) "\"" s "\""
#define PAYLOAD(protocol, field) "{\"payload\":{\"protocol\":\"" protocol "\",\"field\":\"" field "\"}}"
#define META(key) "{\"meta\":{\"key\":\"" key "\"}}"
#define CT(key) "{\"ct\":{\"key\":\"" key "\"}}"
#define FIB(flag) "{\"fib\":{\"result\":\"type\",\"flags\":[\"" flag "\"]}}"
#define MASK(left, mask) "{\"&\":[" left "," mask "]}"
#define SET(list) "{\"set\":[" list "]}"
#define RANGE(a, b) "{\"range\":[" a "," b "]}"
#define PREFIX(addr, len) "{\"prefix\":{\"addr\":\"" addr "\",\"len\":" len "}}"
#define CONCAT(a, b) "{\"concat\":[" a "," b "]}"
#define MATCH(op, left, right) "{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" right "}}"
#define IS(left, right) MATCH("==", left, right)
#define LIMIT(rate, burst, per, more) "{\"limit\":{\"rate\":" rate ",\"burst\":" burst ",\"per\":\"" per "\"" more "}}"
#define DO(verdict) "{\"" verdict "\":null}"
#define TO(verdict, chain) "{\"" verdict "\":{\"target\":\"" chain "\"}}"
#define COUNTER "{\"counter\":{\"packets\":1,\"bytes\":2}}"
#define ADD(op, key, set, more) "{\"set\":{\"op\":\"" op "\",\"elem\":" key ",\"set\":\"@" set "\"" more "}}"
#define TIMEOUT(key, time) "{\"elem\":{\"val\":" key ",\"timeout\":" time "}}"

#define SADDR PAYLOAD("ip", "saddr")
#define SADDR6 PAYLOAD("ip6", "saddr")
#define DPORT PAYLOAD("tcp", "dport")
#define FLAGS PAYLOAD("tcp", "flags")
#define OPTION(name) "{\"tcp option\":{\"name\":\"" name "\"}}"
#define MARK(value) "{\"mangle\":{\"key\":" META("mark") ",\"value\":" value "}}"
#define SSH IS(DPORT, "22")
#define ACCEPT DO("accept")
#define DROP DO("drop")

/* A rule of `table inet t { chain c { type filter hook input priority 0; policy accept; } }`. */
static const struct {
	const char *expr, *want; /* a refusal begins with its reason and a colon */
} rules[] = {
	/* options: what has no TCP header lacks them all */
	{ IS(OPTION("window"), "true") "," DROP, "rule input proto tcp tcp-option window drop\n" },
	{ IS(OPTION("window"), "false") "," DROP, "rule input proto tcp tcp-option not window drop\n"
						  "rule input proto not tcp drop\n"
						  "rule input frag later proto tcp drop\n" },
	{ SSH "," IS(OPTION("window"), "false") "," DROP,
	  "rule input proto tcp dport 22 tcp-option not window drop\n" },
	{ MATCH("!=", MASK(PAYLOAD("ip", "frag-off"), "8191"), "0") "," SSH "," DROP, "" },
	/* what cannot be shown is left out of a prefix */
	{ "{\"log\":{\"prefix\":\"\\u007fa\\\"\\u0001\"}}", "rule input log prefix \"a\\\"\"\n" },
	/* addresses */
	{ IS(SADDR, TEXT("192.0.2.1")) "," DROP, "rule input ip from 192.0.2.1 drop\n" },
	{ MATCH("!=", SADDR, PREFIX("10.0.0.0", "8")) "," DROP, "rule input ip from not 10.0.0.0/8 drop\n" },
	{ IS(SADDR, RANGE(TEXT("10.0.0.1"), TEXT("10.0.0.9"))) "," DROP,
	  "rule input ip from 10.0.0.1-10.0.0.9 drop\n" },
	{ IS(SADDR, SET(TEXT("192.0.2.1") "," PREFIX("10.0.0.0", "8"))) "," MATCH("!=", SADDR,
										  TEXT("10.0.0.1")) "," DROP,
	  "rule input ip from { 10.0.0.0, 10.0.0.2-10.255.255.255, 192.0.2.1 } drop\n" },
	{ IS(SADDR6, PREFIX("2001:db8::", "32")) "," DROP, "rule input ip6 from 2001:db8::/32 drop\n" },
	{ IS(SADDR6, PREFIX("::", "0")) "," DROP, "rule input ip6 drop\n" },
	{ IS(SADDR, TEXT("@s")) "," DROP, "set s { 192.0.2.1 }\n"
					  "rule input ip from @s drop\n" },
	{ IS(SADDR, TEXT("@s")) "," MATCH("!=", SADDR, TEXT("192.0.2.1")) "," DROP,
	  "set s { 192.0.2.1 }\n"
	  "chain c.1\n"
	  "rule input ip from @s jump c.1\n"
	  "rule chain c.1 ip from not 192.0.2.1 drop\n" },
	{ IS(SADDR, TEXT("192.0.2.1")) "," IS(SADDR6, TEXT("::1")) "," DROP, "" },
	{ IS(SADDR, TEXT("@nowhere")) "," DROP, "set: there is no set 'nowhere'" },
	{ IS(SADDR, TEXT("host.example.org")) "," DROP, "value: rules cannot express the value \"host.example.org\"" },
	{ IS(FIB("daddr"), TEXT("anycast")) "," DROP,
	  "value: of the types of addresses only local, broadcast and multicast are known" },
	{ IS("{\"fib\":{\"result\":\"oif\",\"flags\":[\"saddr\",\"iif\"]}}", "false") "," DROP,
	  "match: rules do not match on 'fib saddr . iif oif'" },
	/* protocols and ports */
	{ SSH "," ACCEPT, "rule input proto tcp dport 22 accept\n" },
	{ MATCH("!=", DPORT, SET("22," RANGE("80", "90"))) "," ACCEPT,
	  "rule input proto tcp dport not { 22, 80-90 } accept\n" },
	{ MATCH(">=", DPORT, "1024") "," MATCH("!=", DPORT, "8080") "," ACCEPT,
	  "rule input proto tcp dport { 1024-8079, 8081-65535 } accept\n" },
	{ MATCH("<", DPORT, "0") "," ACCEPT, "" },
	{ IS(META("l4proto"), SET(TEXT("tcp") "," TEXT("udp"))) "," IS(PAYLOAD("th", "dport"), "53") "," ACCEPT,
	  "rule input proto { tcp, udp } dport 53 accept\n" },
	{ IS(PAYLOAD("th", "dport"), "53") "," ACCEPT,
	  "match: ports of protocols that have none, or without a protocol" },
	{ IS(META("l4proto"), TEXT("udp")) "," SSH "," ACCEPT, "" },
	{ IS(PAYLOAD("ip", "protocol"), TEXT("icmp")) "," ACCEPT, "rule input ip proto icmp accept\n" },
	{ IS(PAYLOAD("icmp", "type"), TEXT("echo-request")) "," ACCEPT,
	  "rule input ip proto icmp icmp-type echo-request accept\n" },
	{ IS(PAYLOAD("icmpv6", "type"),
	     SET(TEXT("nd-neighbor-solicit") "," TEXT("nd-neighbor-advert") ",200")) "," ACCEPT,
	  "rule input ip6 proto icmp6 icmp6-type { 135-136, 200 } accept\n" },
	{ IS(DPORT, TEXT("@ports")) "," ACCEPT, "rule input proto tcp dport { 22, 80 } accept\n" },
	{ IS(FLAGS, TEXT("syn")) "," DROP, "rule input proto tcp flags syn/fin,syn,rst,psh,ack,urg,ece,cwr drop\n" },
	{ MATCH("in", FLAGS, TEXT("syn")) "," DROP, "rule input proto tcp flags syn drop\n" },
	{ MATCH("in", FLAGS, "[\"syn\",\"fin\"]") "," DROP, "rule input proto tcp flags not none/fin,syn drop\n" },
	{ MATCH("!", FLAGS, "[\"syn\",\"ack\"]") "," DROP, "rule input proto tcp flags none/syn,ack drop\n" },
	{ MATCH("!=", MASK(FLAGS, "[\"fin\",\"syn\",\"rst\",\"ack\"]"), TEXT("syn")) "," DROP,
	  "rule input proto tcp flags not syn/fin,syn,rst,ack drop\n" },
	{ IS(MASK(FLAGS, "{\"|\":[\"fin\",\"syn\"]}"), "[\"fin\",\"syn\"]") "," DROP,
	  "rule input proto tcp flags fin,syn drop\n" },
	{ MATCH("<", MASK(FLAGS, "[\"syn\",\"rst\"]"), TEXT("rst")) "," DROP,
	  "rule input proto tcp flags none/rst drop\n" },
	{ MATCH("!=", MASK(PAYLOAD("ip", "frag-off"), "8191"), "0") "," DROP, "rule input ip frag later drop\n" },
	{ MATCH("!=", MASK(PAYLOAD("ip", "frag-off"), "8192"), "0") "," DROP,
	  "value: of 'ip frag-off' only the offset and whether the packet is a fragment can be matched" },
	{ IS(PAYLOAD("ip6", "dscp"), TEXT("ef")) "," DROP, "rule input ip6 dscp ef drop\n" },
	{ MATCH("<", PAYLOAD("ip6", "hoplimit"), "5") "," DROP, "rule input ip6 ttl 0-4 drop\n" },
	{ IS(PAYLOAD("ip6", "nexthdr"), TEXT("ipv6-icmp")) "," DROP, "rule input ip6 next-header icmp6 drop\n" },
	{ MATCH("!=", PAYLOAD("ip6", "nexthdr"),
		SET(TEXT("hopopt") "," TEXT("tcp") ","
						   "60")) "," DROP,
	  "rule input ip6 next-header { 1-5, 7-59, 61-255 } drop\n" },
	{ IS(PAYLOAD("ip6", "nexthdr"), TEXT("tcp")) "," IS(PAYLOAD("tcp", "dport"), "22") "," ACCEPT,
	  "rule input ip6 proto tcp next-header tcp dport 22 accept\n" },
	{ IS(META("nfproto"), TEXT("ipv6")) "," DROP, "rule input ip6 drop\n" },
	{ IS(PAYLOAD("tcp", "sequence"), "5") "," DROP, "match: rules do not match on 'tcp sequence'" },
	/* state, marks, interfaces */
	{ MATCH("in", CT("state"), "[\"established\",\"related\"]") "," ACCEPT,
	  "rule input state { established, related } accept\n" },
	{ MATCH("!=", CT("state"), TEXT("new")) "," DROP, "rule input state not new drop\n" },
	{ IS(CT("state"), SET(TEXT("new") "," TEXT("untracked"))) "," DROP,
	  "rule input state not { established, related, invalid } drop\n" },
	{ MATCH("in", CT("status"), TEXT("dnat")) "," ACCEPT, "match: rules do not match on 'ct status'" },
	{ IS(META("mark"), "16") "," DROP, "rule input mark 0x10 drop\n" },
	{ MATCH("==", MASK(META("mark"), "65535"), "16") "," DROP, "rule input mark 0x10/0xffff drop\n" },
	{ MATCH("!=", MASK(META("mark"), "255"), "16") "," DROP, "rule input mark not 0x10/0xff drop\n" },
	{ MATCH("!=", MASK(META("mark"), "65535"), "16") "," DROP,
	  "value: a rule excludes or lists marks with masks if their bits are in the same byte" },
	{ IS(META("mark"), "16") "," MATCH("!=", MASK(META("mark"), "255"), "16") "," DROP,
	  "value: a rule has a mark either with a mask or without one" },
	{ IS(META("iifname"), TEXT("lo")) "," ACCEPT, "rule input from-if lo accept\n" },
	{ MATCH("!=", META("iif"), TEXT("lo")) "," DROP, "rule input from-if not lo drop\n" },
	{ IS(META("iifname"), SET(TEXT("eth0") "," TEXT("eth1"))) "," MATCH("!=", META("iifname"),
									    TEXT("eth1")) "," DROP,
	  "rule input from-if eth0 drop\n" },
	{ IS(META("oifname"), TEXT("eth0")) "," ACCEPT, "" },
	{ MATCH("!=", META("oifname"), TEXT("eth0")) "," DROP, "rule input drop\n" },
	{ IS(META("iifname"), SET(RANGE(TEXT(""), TEXT("")))) "," DROP,
	  "value: an interface that has no plain name cannot be matched" },
	{ IS(META("skuid"), "1000") "," DROP, "place: 'meta skuid' is only known of packets that leave the host" },
	/* maps and concatenations */
	{ "{\"vmap\":{\"key\":" DPORT
	  ",\"data\":" SET("[22," ACCEPT "],[" RANGE("80", "90") "," DROP "],[\"*\"," DO("return") "]") "}}",
	  "rule input proto tcp dport 22 accept\n"
	  "rule input proto tcp dport 80-90 drop\n"
	  "rule input proto tcp dport not { 22, 80-90 } accept\n" },
	{ "{\"vmap\":{\"key\":" CT("state") ",\"data\":" SET("[\"established\"," ACCEPT
							     "],[\"new\"," TO("jump", "d") "]") "}}",
	  "chain d\n"
	  "rule input state established accept\n"
	  "rule input state new jump d\n" },
	{ "{\"vmap\":{\"key\":" DPORT ",\"data\":\"@verdicts\"}}", "rule input proto tcp dport 22 accept\n"
								   "rule input proto tcp dport 23 drop\n" },
	{ COUNTER ",{\"vmap\":{\"key\":" DPORT ",\"data\":\"@verdicts\"}}",
	  "chain c.1\n"
	  "rule input jump c.1\n"
	  "rule chain c.1 continue\n"
	  "rule chain c.1 proto tcp dport 22 accept\n"
	  "rule chain c.1 proto tcp dport 23 drop\n" },
	{ IS(CONCAT(SADDR, DPORT),
	     SET(CONCAT(TEXT("192.0.2.1"), "22") "," CONCAT(PREFIX("10.0.0.0", "8"), RANGE("80", "90")))) "," ACCEPT,
	  "rule input ip from 192.0.2.1 proto tcp dport 22 accept\n"
	  "rule input ip from 10.0.0.0/8 proto tcp dport 80-90 accept\n" },
	{ MATCH("!=", CONCAT(SADDR, DPORT), SET(CONCAT(TEXT("192.0.2.1"), "22"))) "," ACCEPT,
	  "match: a concatenation can only be compared by ==" },
	{ IS(CONCAT(SADDR, DPORT), SET(CONCAT(TEXT("192.0.2.1"), "22") "," CONCAT(TEXT("192.0.2.2"), "80"))) "," LIMIT(
		  "3", "5", "second", "") "," ACCEPT,
	  "chain c.1\n"
	  "rule input ip from 192.0.2.1 proto tcp dport 22 jump c.1\n"
	  "rule input ip from 192.0.2.2 proto tcp dport 80 jump c.1\n"
	  "rule chain c.1 limit 3/second burst 5 accept\n" },
	/* verdicts */
	{ DO("return"), "rule input accept\n" },
	{ TO("jump", "d"), "chain d\n"
			   "rule input jump d\n" },
	{ TO("goto", "d"), "chain d\n"
			   "rule input goto d\n" },
	{ TO("jump", "nowhere"), "chain: there is no chain 'nowhere'" },
	{ "{\"reject\":{\"type\":\"icmpx\",\"expr\":\"port-unreachable\"}}",
	  "rule input reject with port-unreachable\n" },
	{ "{\"reject\":{\"type\":\"icmp\",\"expr\":\"host-prohibited\"}}",
	  "rule input ip reject with host-prohibited\n" },
	{ "{\"reject\":{\"type\":\"icmp\",\"expr\":\"net-prohibited\"}}", "target: a reject with icmp net-prohibited" },
	{ SSH ",{\"reject\":{\"type\":\"tcp reset\"}}", "rule input proto tcp dport 22 reject with tcp-reset\n" },
	{ "{\"reject\":null}", "rule input reject with port-unreachable\n" },
	{ "{\"queue\":{\"num\":1}}", "target: rules have no equivalent of the statement 'queue'" },
	/* effects and their order */
	{ COUNTER, "rule input continue\n" },
	{ SSH "," COUNTER "," ACCEPT, "rule input proto tcp dport 22 accept\n" },
	{ SSH "," COUNTER "," IS(SADDR, TEXT("192.0.2.1")) "," ACCEPT,
	  "chain c.1\n"
	  "rule input proto tcp dport 22 jump c.1\n"
	  "rule chain c.1 continue\n"
	  "rule chain c.1 ip from 192.0.2.1 proto tcp accept\n" },
	{ SSH ",{\"log\":{\"prefix\":\"a \\\"b\\\" \",\"level\":\"info\",\"flags\":\"all\"}}," DROP,
	  "rule input proto tcp dport 22 log prefix \"a \\\"b\\\" \" level info drop\n" },
	{ SSH ",{\"log\":{\"group\":3}}," IS(SADDR, TEXT("192.0.2.1")) "," DROP,
	  "chain c.1\n"
	  "rule input proto tcp dport 22 log jump c.1\n"
	  "rule chain c.1 ip from 192.0.2.1 proto tcp drop\n" },
	{ "{\"log\":{\"level\":\"audit\"}}", "target: the log level 'audit' is unknown" },
	{ SSH "," LIMIT("10", "5", "minute", "") "," ACCEPT,
	  "rule input proto tcp dport 22 limit 10/minute burst 5 accept\n" },
	{ SSH "," LIMIT("10", "20", "second", ",\"inv\":true") "," COUNTER "," DROP,
	  "rule input proto tcp dport 22 limit over 10/second burst 20 drop\n" },
	{ LIMIT("10", "5", "minute", "") "," SSH "," ACCEPT, "chain c.1\n"
							     "rule input limit 10/minute burst 5 jump c.1\n"
							     "rule chain c.1 proto tcp dport 22 accept\n" },
	{ LIMIT("10", "0", "second", ",\"rate_unit\":\"mbytes\",\"burst_unit\":\"bytes\"") "," ACCEPT,
	  "state: limits count packets, not bytes" },
	{ LIMIT("3", "5", "week", "") "," ACCEPT, "value: a rate per week: there are second, minute, hour and day" },
	{ SSH "," COUNTER "," LIMIT("10", "5", "minute", "") "," ACCEPT,
	  "chain c.1\n"
	  "rule input proto tcp dport 22 jump c.1\n"
	  "rule chain c.1 continue\n"
	  "rule chain c.1 proto tcp limit 10/minute burst 5 accept\n" },
	{ "{\"mangle\":{\"key\":" META("mark") ",\"value\":7}}," DROP, "rule input mark set 0x7 drop\n" },
	{ "{\"mangle\":{\"key\":" META("mark") ",\"value\":{\"|\":[{\"&\":[" META("mark") ",4294967040]},18]}}}," DROP,
	  "rule input mark set 0x12/0xff drop\n" },
	{ "{\"mangle\":{\"key\":" META("mark") ",\"value\":{\"^\":[" META("mark") ",1]}}}," DROP,
	  "target: a mark can only be set to a number, or some bits of it" },
	{ "{\"mangle\":{\"key\":" META("mark") ",\"value\":" CT("mark") "}}," DROP,
	  "target: a mark can only be set to a number, or some bits of it" },
	{ SSH "," ADD("add", TIMEOUT(SADDR, "60"), "banned", "") "," DROP,
	  "set banned dynamic timeout 3600s size 100 { }\n"
	  "rule input ip proto tcp dport 22 add from to @banned timeout 60s drop\n" },
	{ ADD("update", CONCAT(SADDR, DPORT), "banned", "") "," DROP,
	  "state: packets are counted and remembered by their addresses only" },
	{ SSH "," ADD("update", SADDR, "meter", ",\"stmt\":[" LIMIT("5", "5", "minute", "") "]") "," ACCEPT,
	  "rule input ip proto tcp dport 22 limit 5/minute burst 5 per from/32 accept\n" },
	{ SSH "," ADD("add", SADDR, "meter", ",\"stmt\":[" LIMIT("5", "5", "minute", "") "]") "," ACCEPT,
	  "state: a limit whose buckets are forgotten before they are full again" },
	{ "{\"meter\":{\"name\":\"m\",\"size\":9,\"key\":" TIMEOUT(SADDR6, "60") ",\"stmt\":" LIMIT(
		  "1", "5", "second", ",\"inv\":true") "}}," DROP,
	  "rule input ip6 limit over 1/second burst 5 per from/32/128 drop\n" },
	{ ADD("add", SADDR, "meter", ",\"stmt\":[{\"ct count\":{\"val\":3,\"inv\":true}}]") "," DROP,
	  "state: of what a set can keep for each element, rules have only a limit" },
	{ "{\"ct count\":{\"val\":3,\"inv\":true}}," DROP,
	  "state: 'ct count' needs a memory of packets that rules lack" },
	{ "{\"quota\":{\"val\":10,\"val_unit\":\"mbytes\"}}," DROP,
	  "state: 'quota' needs a memory of packets that rules lack" },
	{ "{\"notrack\":null}", "" },
	{ "{\"flow\":{\"op\":\"add\",\"flowtable\":\"@f\"}}", "" },
	{ ACCEPT "," COUNTER, "syntax: statements follow the verdict" },
};

static struct fw_import_report report;

static int import(const char *json, struct fw_buf *out)
{
	const struct fw_import_options options = { 0 };
	const struct fw_import_file file = { .name = "f", .text = json, .len = strlen(json), .format = FW_IMPORT_NFT };

	return fw_import(&file, 1, &options, &report, out);
}

/* The text that was made, or the first refusal as "reason: message". */
static void print_result(struct fw_buf *b, int err, const struct fw_buf *out)
{
	if (!err)
		fw_buf_printf(b, "%s", out->len ? out->text : "");
	for (size_t i = 0; err && !b->len && i < report.n; i++)
		if (report.lines[i].reason > FW_IMPORT_AS_KERNEL)
			fw_buf_printf(b, "%s: %s", fw_import_reason_words[report.lines[i].reason],
				      report.lines[i].message);
}

/* What is made has to be text of ours. */
static void assert_parses(const struct fw_buf *out)
{
	struct fw_ruleset *rs = fw_ruleset_new("r");
	struct fw_diags ds = { 0 };
	char text[640];

	if (fw_text_parse(rs, out->text, out->len, "r", &ds))
		fail_msg("%s\n%s", fw_diag_format(&ds.d[0], text, sizeof(text)), out->text);
	fw_ruleset_free(rs);
}

static void check(const char *json, const char *want)
{
	struct fw_buf out = { 0 }, result = { 0 };
	int err = import(json, &out);

	print_result(&result, err, &out);
	if (strcmp(result.text ? result.text : "", want))
		print_error("%s\nis  %s\nnot %s\n", json, result.text ? result.text : "", want);
	assert_string_equal(result.text ? result.text : "", want);
	if (!err && out.len)
		assert_parses(&out);
	fw_buf_free(&out);
	fw_buf_free(&result);
	fw_import_report_free(&report);
}

#define OBJECT(kind, more) "{\"" kind "\":{\"family\":\"inet\",\"table\":\"t\"," more "}}"
#define TABLE                                                                                                                                                                                                                                                                                                                                                \
	"{\"nftables\":[" OBJECT("chain", "\"name\":\"c\",\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,\"policy\":\"accept\"") "," OBJECT("chain", "\"name\":\"d\"") "," OBJECT("set", "\"name\":\"s\",\"type\":\"ipv4_addr\",\"elem\":[\"192.0.2.1\"]") "," OBJECT("set", "\"name\":\"ports\",\"type\":\"inet_service\",\"elem\":[22,80]") "," OBJECT( \
		"set",                                                                                                                                                                                                                                                                                                                                       \
		"\"name\":\"banned\",\"type\":\"ipv4_addr\",\"timeout\":3600,\"size\":100") "," OBJECT("set",                                                                                                                                                                                                                                                \
												       "\"name\":\"meter\",\"type\":\"ipv4_addr\",\"timeout\":60") "," OBJECT("map",                                                                                                                                                                         \
																					      "\"name\":\"verdicts\",\"type\":\"inet_service\",\"map\":\"verdict\",\"elem\":[[22," ACCEPT                                                                                    \
																					      "],[23," DROP                                                                                                                                                                  \
																					      "]]") ","

static void test_rules(void **state)
{
	char json[4096];

	(void)state;
	for (size_t i = 0; i < ROWS(rules); i++) {
		snprintf(json, sizeof(json), TABLE "%s%s%s]}",
			 "{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\",\"expr\":[", rules[i].expr,
			 "]}}");
		check(json, rules[i].want);
	}
}

#define IN(family, table) "\"family\":\"" family "\",\"table\":\"" table "\","
#define BASE(family, table, name, hook, prio, policy)                                                 \
	"{\"chain\":{" IN(family, table) "\"name\":\"" name "\",\"type\":\"filter\",\"hook\":\"" hook \
					 "\",\"prio\":" prio ",\"policy\":\"" policy "\"}},"
#define NAT(hook)                                                                              \
	"{\"chain\":{" IN("ip", "n") "\"name\":\"" hook "\",\"type\":\"nat\",\"hook\":\"" hook \
				     "\",\"prio\":-100,\"policy\":\"accept\"}},"
#define CHAIN(family, table, name) "{\"chain\":{" IN(family, table) "\"name\":\"" name "\"}},"
#define RULE(family, table, chain, expr) \
	"{\"rule\":{" IN(family, table) "\"chain\":\"" chain "\",\"expr\":[" expr "]}},"
#define END "{\"metainfo\":{}}"
#define NOT_LO MATCH("!=", META("iifname"), TEXT("lo"))

/* Tables and chains. */
static const struct {
	const char *objects, *want;
} rulesets[] = {
	{ "", "" },
	{ BASE("inet", "t", "input", "input", "0", "drop") RULE("inet", "t", "input", SSH "," ACCEPT),
	  "policy input drop\n"
	  "rule input proto tcp dport 22 accept\n" },
	{ BASE("ip", "t", "input", "input", "0", "drop") RULE("ip", "t", "input", SSH "," ACCEPT),
	  "rule input ip proto tcp dport 22 accept\n"
	  "rule input ip drop\n" },
	{ BASE("ip", "t", "INPUT", "input", "0", "drop") BASE("ip6", "t", "INPUT", "input", "0", "drop")
		  RULE("ip6", "t", "INPUT", SSH "," ACCEPT),
	  "policy input drop\n"
	  "rule input ip6 proto tcp dport 22 accept\n" },
	/* the earlier chain hands over what it accepts, also from a chain that both call */
	{ BASE("inet", "t", "late", "input", "0", "drop") BASE("inet", "u", "early", "input", "-10",
							       "accept") RULE("inet", "t", "late", SSH "," ACCEPT)
		  RULE("inet", "u", "early", IS(SADDR, TEXT("192.0.2.1")) "," ACCEPT) RULE("inet", "u", "early", DROP),
	  "chain late\n"
	  "chain early\n"
	  "rule input goto early\n"
	  "rule chain late proto tcp dport 22 accept\n"
	  "rule chain late drop\n"
	  "rule chain early ip from 192.0.2.1 goto late\n"
	  "rule chain early drop\n"
	  "rule chain early goto late\n" },
	{ BASE("inet", "t", "late", "input", "0", "drop") BASE("inet", "t", "early", "input", "-10", "accept")
		  CHAIN("inet", "t", "both") RULE("inet", "t", "late", TO("jump", "both"))
			  RULE("inet", "t", "early", TO("jump", "both")) RULE("inet", "t", "both", SSH "," ACCEPT),
	  "chain late\n"
	  "chain both\n"
	  "chain early\n"
	  "chain both.1\n"
	  "rule input goto early\n"
	  "rule chain late jump both\n"
	  "rule chain late drop\n"
	  "rule chain both proto tcp dport 22 accept\n"
	  "rule chain early jump both.1\n"
	  "rule chain early goto late\n"
	  "rule chain both.1 proto tcp dport 22 goto late\n" },
	{ BASE("inet", "t", "late", "input", "0", "drop") BASE("ip", "u", "early", "input", "-10", "accept")
		  RULE("ip", "u", "early", IS(SADDR, TEXT("192.0.2.1")) "," DROP),
	  "chain late\n"
	  "chain early\n"
	  "rule input goto early\n"
	  "rule chain late drop\n"
	  "rule chain early ip6 goto late\n"
	  "rule chain early from 192.0.2.1 drop\n"
	  "rule chain early goto late\n" },
	/* what changes between a chain and the hook of our rules is not matched */
	{ BASE("inet", "t", "early", "input", "-10", "accept") BASE("inet", "t", "late", "input", "0", "accept") RULE(
		  "inet", "t", "early", MARK("7") "," DROP) RULE("inet", "t", "late", IS(META("mark"), "7") "," DROP),
	  "match: 'meta mark' is changed between this chain and the hook of our rules" },
	{ BASE("inet", "t", "in", "input", "0", "accept") RULE("inet", "t", "in", MARK("7"))
		  RULE("inet", "t", "in", IS(META("mark"), "7") "," DROP),
	  "match: 'meta mark' is changed between this chain and the hook of our rules" },
	{ BASE("inet", "t", "raw", "prerouting", "-300", "accept")
		  BASE("inet", "t", "pre", "prerouting", "-150", "accept")
			  RULE("inet", "t", "raw", IS(META("mark"), "7") "," DROP) RULE("inet", "t", "pre", MARK("7")),
	  "match: 'meta mark' is changed between this chain and the hook of our rules" },
	{ BASE("inet", "t", "raw", "prerouting", "-300", "accept")
		  BASE("inet", "t", "pre", "prerouting", "-150", "accept") RULE("inet", "t", "raw",
										IS(PAYLOAD("ip", "dscp"), "8") "," DROP)
			  RULE("inet", "t", "pre", "{\"mangle\":{\"key\":" PAYLOAD("ip", "dscp") ",\"value\":8}}"),
	  "match: 'ip dscp' is changed between this chain and the hook of our rules" },
	{ BASE("inet", "t", "f", "forward", "0", "accept") BASE("inet", "t", "post", "postrouting", "0", "accept")
		  RULE("inet", "t", "f", IS(PAYLOAD("ip", "dscp"), "8") "," DROP)
			  RULE("inet", "t", "post", "{\"mangle\":{\"key\":" PAYLOAD("ip", "dscp") ",\"value\":0}}"),
	  "rule forward ip dscp cs1 drop\n" },
	{ BASE("inet", "t", "in", "input", "0", "accept") BASE("inet", "t", "late", "input", "10", "accept")
		  RULE("inet", "t", "in", IS(META("mark"), "7") "," DROP) RULE("inet", "t", "late", MARK("7")),
	  "rule input mark 0x7 drop\n" },
	{ BASE("inet", "t", "in", "input", "0", "accept") CHAIN("inet", "t", "unused")
		  RULE("inet", "t", "in", IS(META("mark"), "7") "," DROP) RULE("inet", "t", "unused", MARK("7")),
	  "rule input mark 0x7 drop\n" },
	/* a chain that is made twice would have two buckets for each limit */
	{ BASE("inet", "t", "pre", "prerouting", "-150", "accept")
		  RULE("inet", "t", "pre", LIMIT("10", "5", "second", ",\"inv\":true") "," DROP),
	  "state: the packets of this chain go on in several ways, which would not share the limit" },
	{ BASE("inet", "t", "pre", "prerouting", "-150", "accept")
		  RULE("inet", "t", "pre", LIMIT("10", "5", "second", "") ",{\"log\":null}"),
	  "rule input limit 10/second burst 5 log\n"
	  "rule forward limit 10/second burst 5 log\n" },
	{ BASE("inet", "t", "pre", "prerouting", "-150", "accept") BASE("inet", "t", "in", "input", "0", "accept")
		  RULE("inet", "t", "pre", MARK("7")) RULE("inet", "t", "in", IS(META("mark"), "7") "," DROP),
	  "rule input mark 0x7 drop\n" },
	/* goto leads to the policy of the base chain */
	{ BASE("ip", "t", "input", "input", "0", "drop") CHAIN("ip", "t", "web")
		  RULE("ip", "t", "input", SSH "," TO("goto", "web")) RULE("ip", "t", "web", DO("return")),
	  "chain web\n"
	  "chain web.end\n"
	  "rule chain web.end jump web\n"
	  "rule chain web.end drop\n"
	  "rule input ip proto tcp dport 22 goto web.end\n"
	  "rule input ip drop\n"
	  "rule chain web return\n" },
	{ BASE("inet", "t", "input", "input", "0", "drop") CHAIN("inet", "t", "web")
		  RULE("inet", "t", "input", SSH "," TO("goto", "web")) RULE("inet", "t", "web", ACCEPT),
	  "policy input drop\n"
	  "chain web\n"
	  "rule input proto tcp dport 22 goto web\n"
	  "rule chain web accept\n" },
	/* a chain of several hooks */
	{ BASE("inet", "t", "input", "input", "0", "accept") BASE("inet", "t", "output", "output", "0", "accept")
		  CHAIN("inet", "t", "c") RULE("inet", "t", "input", TO("jump", "c"))
			  RULE("inet", "t", "output", TO("jump", "c")) RULE("inet", "t", "c", NOT_LO "," DROP)
				  RULE("inet", "t", "c", IS(META("oifname"), TEXT("eth0")) "," DROP)
					  RULE("inet", "t", "c", IS(CT("state"), TEXT("invalid")) "," DROP),
	  "chain c\n"
	  "rule input jump c\n"
	  "rule chain c from-if not lo drop\n"
	  "rule chain c output drop\n"
	  "rule chain c to-if eth0 drop\n"
	  "rule chain c input output state invalid drop\n"
	  "rule output jump c\n" },
	{ BASE("inet", "t", "output", "output", "0", "accept") RULE("inet", "t", "output", NOT_LO "," DROP)
		  RULE("inet", "t", "output", IS(META("iifname"), TEXT("lo")) "," DROP),
	  "rule output drop\n" },
	/* prerouting and postrouting */
	{ BASE("inet", "t", "pre", "prerouting", "-300", "accept") RULE("inet", "t", "pre", SSH "," DROP),
	  "rule input proto tcp dport 22 drop\n"
	  "rule forward proto tcp dport 22 drop\n" },
	{ BASE("inet", "t", "pre", "prerouting", "-300", "accept")
		  RULE("inet", "t", "pre", IS(CT("state"), TEXT("invalid")) "," DROP),
	  "place: the state of a packet is not known before connection tracking" },
	{ NAT("prerouting") RULE("ip", "n", "prerouting", SSH ",{\"dnat\":{\"addr\":\"192.0.2.1\"}}")
		  BASE("inet", "t", "pre", "prerouting", "-300", "accept")
			  RULE("inet", "t", "pre", IS(SADDR, PREFIX("127.0.0.0", "8")) "," DROP),
	  "rule in ip from 127.0.0.0/8 drop\n" },
	{ NAT("prerouting") RULE("ip", "n", "prerouting", SSH ",{\"dnat\":{\"addr\":\"192.0.2.1\"}}")
		  BASE("inet", "t", "pre", "prerouting", "-300", "accept") RULE("inet", "t", "pre", SSH "," DROP),
	  "place: 'tcp dport' would be matched before fragments are put together" },
	{ BASE("inet", "t", "post", "postrouting", "0", "accept")
		  RULE("inet", "t", "post", IS(META("oifname"), TEXT("eth0")) "," DROP),
	  "rule forward to-if eth0 drop\n"
	  "rule output to-if eth0 drop\n" },
	/* what stays in the kernel, and what rules cannot express */
	{ NAT("prerouting") RULE("ip", "n", "prerouting", SSH ",{\"dnat\":{\"addr\":\"192.0.2.1\"}}"), "" },
	{ BASE("inet", "t", "raw", "prerouting", "-300", "accept") RULE("inet", "t", "raw", SSH ",{\"notrack\":null}"),
	  "" },
	{ BASE("inet", "t", "f", "forward", "0", "drop")
		  RULE("inet", "t", "f", "{\"flow\":{\"op\":\"add\",\"flowtable\":\"@f\"}}")
			  RULE("inet", "t", "f", SSH "," ACCEPT),
	  "policy forward drop\n"
	  "rule forward proto tcp dport 22 accept\n" },
	{ BASE("inet", "t", "in", "input", "0", "accept") RULE("inet", "t", "in", "{\"synproxy\":{\"mss\":1460}}"),
	  "target: rules have no equivalent of the statement 'synproxy'" },
	{ NAT("prerouting") RULE("ip", "n", "prerouting", SSH "," DROP),
	  "place: a chain of type nat that drops packets" },
	{ BASE("bridge", "t", "f", "forward", "0", "accept"), "" },
	{ BASE("inez", "t", "f", "forward", "0", "drop"), "place: there is no such family or hook" },
	{ BASE("bridge", "t", "f", "forward", "0", "accept") RULE("bridge", "t", "f", DROP),
	  "place: rules see no frames of ARP, and none on their way through a bridge" },
	{ "{\"chain\":{" IN("netdev", "t") "\"name\":\"i\",\"dev\":\"eth0\",\"type\":\"filter\",\"hook\":\"ingress\",\"prio\":0,\"policy\":\"accept\"}}," RULE(
		  "netdev", "t", "i", IS(SADDR, TEXT("192.0.2.1")) "," DROP),
	  "rule in on \"eth0\" ip from 192.0.2.1 drop\n" },
	{ "{\"chain\":{" IN("netdev", "t") "\"name\":\"i\",\"dev\":\"eth0\",\"type\":\"filter\",\"hook\":\"ingress\",\"prio\":0,\"policy\":\"accept\"}}," RULE(
		  "netdev", "t", "i", DROP),
	  "place: on the wire the rule would also be about frames that are not IP" },
	{ CHAIN("inet", "t", "unused") RULE("inet", "t", "unused", DROP), "" },
	{ RULE("inet", "t", "nowhere", DROP), "chain: the chain of this rule is missing" },
	/* names */
	{ BASE("ip", "t", "input", "input", "0", "accept") BASE("ip6", "t", "input", "input", "0", "accept") CHAIN(
		  "ip", "t", "9 lives") CHAIN("ip6", "t", "9 lives") RULE("ip", "t", "input", TO("jump", "9 lives"))
		  RULE("ip6", "t", "input", TO("jump", "9 lives")) RULE("ip", "t", "9 lives", DROP),
	  "chain _9_lives\n"
	  "chain _9_lives.1\n"
	  "rule input ip jump _9_lives\n"
	  "rule chain _9_lives drop\n"
	  "rule input ip6 jump _9_lives.1\n" },
};

static void test_rulesets(void **state)
{
	char json[4096];

	(void)state;
	for (size_t i = 0; i < ROWS(rulesets); i++) {
		snprintf(json, sizeof(json), "{\"nftables\":[%s" END "]}", rulesets[i].objects);
		check(json, rulesets[i].want);
	}
}

/* Rules are found in the file by line and column, and in the text that was made. */
static void test_report(void **state)
{
	static const char json[] = "{\"nftables\":[\n" BASE("inet", "t", "input", "input", "0", "drop") "\n  " RULE(
		"inet", "t", "input", SSH "," ACCEPT) RULE("inet", "t", "input", "{\"queue\":{}}") END "]}";
	struct fw_buf out = { 0 };

	(void)state;
	assert_int_equal(import(json, &out), -EINVAL);
	assert_null(out.text);
	assert_int_equal(report.n, 3);
	assert_int_equal(report.refused, 1);
	assert_int_equal(report.lines[1].line, 3);
	assert_int_equal(report.lines[1].column, 3);
	assert_memory_equal(report.lines[1].text, "{\"rule\"", 7);
	assert_int_equal(report.lines[1].text[report.lines[1].len - 1], '}');
	assert_int_equal(report.lines[2].reason, FW_IMPORT_AS_TARGET);
	assert_true(report.lines[2].opens);
	fw_import_report_free(&report);
}

/* Only what nft writes as JSON is read. */
static void test_files(void **state)
{
	static const char *const texts[] = { "table ip t { }", "{", "{}", "[]", "{\"nftables\":{}}" };

	(void)state;
	for (size_t i = 0; i < ROWS(texts); i++)
		check(texts[i], "syntax: this is not the JSON of nftables: save it by 'nft -j list ruleset > FILE'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rulesets),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
