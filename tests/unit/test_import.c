// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets of iptables, ip6tables and ipset: what each form of a line becomes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/import.h"
#include "fw/text.h"
#include "tests/unit/rows.h"

#define DETECT FW_IMPORT_AUTO

/* Files of an import, and what becomes of them. */
struct import_case {
	const char *v4, *v6, *ipset; /* NULL: there is no such file */
	const char *want;            /* the text; or "LINE:COLUMN reason: message" of the first refusal */
	bool partial;
};

static struct fw_import_report report;
static unsigned failures;

/* The text that was made, or the first refusal. */
static void print_result(struct fw_buf *b, int err, const struct fw_buf *out)
{
	if (!err)
		fw_buf_printf(b, "%s", out->len ? out->text : "");
	for (size_t i = 0; err && !b->len && i < report.n; i++) {
		const struct fw_import_line *l = &report.lines[i];

		if (l->reason > FW_IMPORT_AS_KERNEL)
			fw_buf_printf(b, "%u:%u %s: %s", l->line, l->column, fw_import_reason_words[l->reason],
				      l->message);
	}
	if (!b->len)
		fw_buf_add(b, "", 0);
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

static int import(const struct import_case *c, struct fw_buf *out)
{
	const struct fw_import_options options = { .partial = c->partial };
	struct fw_import_file files[3];
	size_t n = 0;
#define ADD(file, string, how) \
	if (string)            \
	files[n++] = (struct fw_import_file){ .name = file, .text = string, .len = strlen(string), .format = how }

	ADD("rules.v4", c->v4, FW_IMPORT_IPTABLES);
	ADD("rules.v6", c->v6, FW_IMPORT_IP6TABLES);
	ADD("sets", c->ipset, DETECT);
#undef ADD
	return fw_import(files, n, &options, &report, out);
}

/* Each line that became something shows a part of the text. */
static void assert_report(const struct fw_buf *out)
{
	for (size_t i = 0; i < report.n; i++) {
		assert_true(report.lines[i].became + report.lines[i].became_len <= out->len);
		if (report.lines[i].became_len)
			assert_int_equal(out->text[report.lines[i].became + report.lines[i].became_len], '\n');
	}
}

static void check_import(const struct import_case *c)
{
	struct fw_buf out = { 0 }, result = { 0 };
	int err = import(c, &out);
	const char *got;

	print_result(&result, err, &out);
	got = result.text ? result.text : "";
	if (strcmp(got, c->want) != 0) {
		print_error("%s%s%s\nis:\n%s\nnot:\n%s\n", c->v4 ? c->v4 : "", c->v6 ? c->v6 : "",
			    c->ipset ? c->ipset : "", got, c->want);
		failures++;
	}
	if (err)
		assert_null(out.text);
	else
		assert_report(&out);
	if (!err && out.len)
		assert_parses(&out);
	fw_buf_free(&out);
	fw_buf_free(&result);
	fw_import_report_free(&report);
}

/* What follows `-A`, and what it becomes, or why it is refused: "COLUMN reason: message". */
struct rule_case {
	const char *rule, *want;
};

static void check_rules(const struct rule_case *cases, size_t n, bool v6)
{
	static const char policies[] = "policy input accept\npolicy forward accept\npolicy output accept\nchain web\n";

	for (size_t i = 0; i < n; i++) {
		bool refused = cases[i].want[0] >= '0' && cases[i].want[0] <= '9';
		char text[1024], want[1024];
		struct import_case c = { .want = want };

		snprintf(
			text, sizeof(text),
			"*filter\n:web - [0:0]\n:FORWARD ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n-N other\n-A OUTPUT\n-F\n-A %s\nCOMMIT\n",
			cases[i].rule);
		snprintf(want, sizeof(want), "%s%s%s", refused ? "8:" : policies, refused ? "" : "chain other\n",
			 cases[i].want);
		*(v6 ? &c.v6 : &c.v4) = text;
		check_import(&c);
	}
}

static const struct rule_case v4_rules[] = {
	/* addresses */
	{ "INPUT -s 192.0.2.1 -j DROP", "rule input from 192.0.2.1 drop\n" },
	{ "INPUT -s 10.1.2.3/8 -j DROP", "rule input from 10.0.0.0/8 drop\n" },
	{ "INPUT -s 10.1.2.3/255.255.0.0 -j DROP", "rule input from 10.1.0.0/16 drop\n" },
	{ "INPUT -s 10/8 -d 192.168/16 -j DROP", "rule input from 10.0.0.0/8 to 192.168.0.0/16 drop\n" },
	{ "INPUT --source 1.2.3.4/32 --destination 5.6.7.8/0 -j DROP", "rule input from 1.2.3.4 drop\n" },
	{ "INPUT -s 0.0.0.0/0 -j DROP", "rule input ip drop\n" },
	{ "INPUT ! -s 0/0 -j DROP", "" },
	{ "INPUT ! -s 10.0.0.0/8 -j DROP", "rule input ip from not 10.0.0.0/8 drop\n" },
	{ "INPUT -s ! 10.0.0.0/8 -j DROP", "rule input ip from not 10.0.0.0/8 drop\n" },
	{ "INPUT -s 10.0.0.1,10.0.0.9 -j DROP", "rule input from { 10.0.0.1, 10.0.0.9 } drop\n" },
	{ "INPUT ! -s 10.0.0.1,10.0.0.9 -j DROP", "12 syntax: several addresses cannot be negated" },
	{ "INPUT -s 10.0.0.0/255.0.255.0 -j DROP",
	  "10 value: 10.0.0.0/255.0.255.0 is no address and mask; a host name would be looked up only now" },
	{ "INPUT -s www.example.org -j DROP",
	  "10 value: www.example.org is no address and mask; a host name would be looked up only now" },
	{ "INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 ! --dst-range 1.1.1.1-1.1.1.2 -j DROP",
	  "rule input ip from 10.0.0.1-10.0.0.9 to not 1.1.1.1-1.1.1.2 drop\n" },
	{ "INPUT -s 10.0.0.0/8 -m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP",
	  "chain input.1\nrule chain input.1 from 10.0.0.1-10.0.0.9 drop\n"
	  "rule input from 10.0.0.0/8 jump input.1\n" },
	{ "INPUT -m iprange --src-range 10.0.0.9-10.0.0.1 -j DROP",
	  "21 value: 10.0.0.9-10.0.0.1 is no range of addresses" },
	/* interfaces */
	{ "INPUT -i lo -j ACCEPT", "rule input ip from-if lo accept\n" },
	{ "INPUT -i + -j ACCEPT", "rule input ip accept\n" },
	{ "INPUT ! -i + -j ACCEPT", "" },
	{ "INPUT -i 6to4 -j ACCEPT", "rule input ip from-if \"6to4\" accept\n" },
	{ "FORWARD -i br-lan ! -o eth0.5 -j ACCEPT", "rule forward ip from-if br-lan to-if not eth0.5 accept\n" },
	{ "INPUT -o eth0 -j ACCEPT", "" },
	{ "INPUT -i abcdefghijklmnop -j ACCEPT", "10 value: abcdefghijklmnop is no name of an interface" },
	/* protocols and ports */
	{ "INPUT -p tcp -j ACCEPT", "rule input ip proto tcp accept\n" },
	{ "INPUT -ptcp -jACCEPT", "rule input ip proto tcp accept\n" },
	{ "INPUT -p TCP --dport=22 -j ACCEPT", "rule input ip proto tcp dport 22 accept\n" },
	{ "INPUT ! -p tcp -j ACCEPT", "rule input ip proto not tcp accept\n" },
	{ "INPUT -p all -j ACCEPT", "rule input ip accept\n" },
	{ "INPUT -p 2 -j ACCEPT", "rule input ip proto 2 accept\n" },
	{ "INPUT -p nowhere -j ACCEPT", "10 value: there is no protocol nowhere" },
	{ "INPUT -p tcp -m tcp -j ACCEPT", "rule input ip proto tcp frag not later accept\n" },
	{ "INPUT -p tcp -m tcp --sport 1024: --dport :80 -j ACCEPT",
	  "rule input ip proto tcp sport 1024-65535 dport 0-80 accept\n" },
	{ "INPUT -p udp -m udp ! --dport 53 -j ACCEPT", "rule input ip proto udp dport not 53 accept\n" },
	{ "INPUT -p tcp --dport ssh -j ACCEPT", "rule input ip proto tcp dport 22 accept\n" },
	{ "INPUT -p tcp --destination-port http:https -j ACCEPT", "rule input ip proto tcp dport 80-443 accept\n" },
	{ "INPUT -p tcp --dport 80:22 -j ACCEPT", "17 value: there is no port 80:22 here" },
	{ "INPUT -p tcp --dport nowhere -j ACCEPT", "17 value: there is no port nowhere here" },
	{ "INPUT --dport 22 -j ACCEPT",
	  "10 syntax: the option --dport is unknown, or its module is not given before it" },
	{ "INPUT -m tcp --dport 22 -j ACCEPT", "10 syntax: -m tcp wants -p tcp" },
	{ "INPUT -p tcp -m multiport --dports 22,80:90 -j ACCEPT",
	  "rule input ip proto tcp dport { 22, 80-90 } accept\n" },
	{ "INPUT -p tcp -m multiport ! --sports 22 -j ACCEPT", "rule input ip proto tcp sport not 22 accept\n" },
	{ "INPUT -p tcp -m multiport --ports 22,80 -j ACCEPT",
	  "chain input.1\nrule chain input.1 proto tcp sport not { 22, 80 } dport not { 22, 80 } return\n"
	  "rule chain input.1 accept\nrule input ip proto tcp frag not later jump input.1\n" },
	{ "INPUT -p tcp --dport 22 -m multiport --dports 22,80 -j ACCEPT",
	  "chain input.1\nrule chain input.1 proto tcp dport { 22, 80 } accept\n"
	  "rule input ip proto tcp dport 22 jump input.1\n" },
	{ "INPUT -p icmp -m multiport --dports 22 -j ACCEPT", "18 syntax: -m multiport wants -p tcp or udp" },
	{ "INPUT -p tcp --syn -j ACCEPT", "rule input ip proto tcp flags syn/fin,syn,rst,ack accept\n" },
	{ "INPUT -p tcp ! --syn -j ACCEPT", "rule input ip proto tcp flags not syn/fin,syn,rst,ack accept\n" },
	{ "INPUT -p tcp --tcp-flags ALL NONE -j DROP",
	  "rule input ip proto tcp flags none/fin,syn,rst,psh,ack,urg drop\n" },
	{ "INPUT -p tcp --tcp-flags SYN SYN,ACK -j DROP", "" },
	{ "INPUT -p tcp ! --tcp-flags SYN SYN,ACK -j DROP", "rule input ip proto tcp frag not later drop\n" },
	{ "INPUT -p tcp --tcp-flags SYN,FOO SYN -j DROP", "17 syntax: these are no flags of TCP" },
	{ "INPUT -p icmp -j ACCEPT", "rule input ip proto icmp accept\n" },
	{ "INPUT -p icmp --icmp-type any -j ACCEPT", "rule input ip proto icmp frag not later accept\n" },
	{ "INPUT -p icmp --icmp-type echo-request -j ACCEPT", "rule input ip proto icmp icmp-type 8 accept\n" },
	{ "INPUT -p icmp --icmp-type 3/4 -j ACCEPT", "rule input ip proto icmp icmp-type 3 icmp-code 4 accept\n" },
	{ "INPUT -p icmp ! --icmp-type fragmentation-needed -j DROP",
	  "chain input.1\nrule chain input.1 proto icmp icmp-type 3 icmp-code 4 return\nrule chain input.1 drop\n"
	  "rule input ip proto icmp frag not later jump input.1\n" },
	{ "INPUT -p icmp --icmp-type echo-re -j ACCEPT", "18 value: there is no single ICMP type echo-re" },
	{ "INPUT -s 192.0.2.1 -p icmpv6 -j ACCEPT",
	  "chain input.1\nrule chain input.1 proto 58 accept\nrule input from 192.0.2.1 jump input.1\n" },
	{ "INPUT -f -j DROP", "rule input ip frag later drop\n" },
	{ "INPUT ! -f -p udp --dport 53 -j DROP", "rule input ip frag not later proto udp dport 53 drop\n" },
	{ "INPUT -f -p udp --dport 53 -j DROP", "" },
	/* properties */
	{ "INPUT -m ttl --ttl-lt 5 -j DROP", "rule input ip ttl 0-4 drop\n" },
	{ "INPUT -m ttl --ttl-gt 254 -j DROP", "rule input ip ttl 255-255 drop\n" },
	{ "INPUT -m ttl ! --ttl-eq 64 -j DROP", "rule input ip ttl not 64 drop\n" },
	{ "INPUT -m length --length 100: -j DROP", "rule input ip length 100-65535 drop\n" },
	{ "INPUT -m dscp --dscp-class AF21 -j DROP", "rule input ip dscp 18 drop\n" },
	{ "INPUT -m dscp --dscp 0x2e -j DROP", "rule input ip dscp 46 drop\n" },
	{ "INPUT -m mark --mark 0x10 -j DROP", "rule input ip mark 0x10 drop\n" },
	{ "INPUT -m mark --mark 0x10/0x1 -j DROP", "" },
	{ "INPUT -m mark --mark 0x4010/0xffff -j DROP", "rule input ip mark 0x4010/0xffff drop\n" },
	{ "INPUT -m mark ! --mark 0x4000/0xc000 -j DROP", "rule input ip mark not 0x4000/0xc000 drop\n" },
	{ "INPUT -m mark ! --mark 0x4010/0xffff -j DROP",
	  "20 value: a rule excludes a mark by a mask if its bits are in the same byte" },
	{ "INPUT -m mark --mark 0/0 -j DROP", "rule input ip drop\n" },
	{ "INPUT -m state --state NEW,ESTABLISHED -j ACCEPT", "rule input ip state { new, established } accept\n" },
	{ "INPUT -m conntrack ! --ctstate INVALID -j ACCEPT", "rule input ip state not invalid accept\n" },
	{ "INPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED,INVALID,UNTRACKED -j ACCEPT",
	  "rule input ip accept\n" },
	{ "INPUT -m conntrack --ctstate DNAT -j ACCEPT", "23 state: rules do not know the state DNAT" },
	{ "INPUT -m conntrack --ctstatus ASSURED -j ACCEPT",
	  "23 match: of a connection rules match on the state only, not --ctstatus" },
	{ "web -m state --state NEW -j ACCEPT", "rule chain web input forward output state new accept\n" },
	{ "OUTPUT -m owner --uid-owner 0 -j ACCEPT", "rule output ip uid 0 accept\n" },
	{ "OUTPUT -m owner --uid-owner root --gid-owner 5-10 -j ACCEPT", "rule output ip uid 0 gid 5-10 accept\n" },
	{ "OUTPUT -m owner ! --uid-owner 0 -j DROP",
	  "chain output.1\nrule chain output.1 uid 0 return\nrule chain output.1 drop\nrule output ip jump output.1\n" },
	{ "OUTPUT -m owner --socket-exists -j ACCEPT", "20 match: rules do not ask for --socket-exists" },
	/* limits */
	{ "INPUT -m limit -j ACCEPT", "rule input ip limit 3/hour burst 5 accept\n" },
	{ "INPUT -m limit --limit 5/s -j ACCEPT", "rule input ip limit 5/second burst 5 accept\n" },
	{ "INPUT -m limit --limit 10 --limit-burst 20", "rule input ip limit 10/second burst 20 continue\n" },
	{ "INPUT -p icmp -m limit --limit 1/min --limit-burst 3 -m icmp --icmp-type 8 -j ACCEPT",
	  "chain input.1\nrule chain input.1 proto icmp icmp-type 8 accept\n"
	  "rule input ip proto icmp limit 1/minute burst 3 jump input.1\n" },
	{ "INPUT -m limit --limit 5/week -j ACCEPT", "19 value: 5/week is no rate of packets" },
	{ "INPUT -m hashlimit --hashlimit-upto 5/min --hashlimit-mode srcip --hashlimit-name a -j ACCEPT",
	  "rule input ip limit 5/minute burst 5 per from/32/128 accept\n" },
	{ "INPUT -m hashlimit --hashlimit-above 5/sec --hashlimit-mode dstip --hashlimit-dstmask 24 --hashlimit-name a -j DROP",
	  "rule input ip limit over 5/second burst 5 per to/24/128 drop\n" },
	{ "INPUT -m hashlimit --hashlimit 5/sec --hashlimit-mode srcip,dstport --hashlimit-name a -j DROP",
	  "41 state: rules have no limit per dstport" },
	{ "INPUT -m hashlimit --hashlimit 5/min --hashlimit-burst 9 --hashlimit-mode srcip --hashlimit-name a -j DROP",
	  "10 state: the kernel forgets addresses after 60000 ms, before their burst has come back" },
	{ "INPUT -m recent --name a --update --seconds 60 --hitcount 4 -j DROP",
	  "51 state: packets of an address are not counted in a sliding window: `limit over N/minute per from` is near" },
	{ "INPUT -m recent --name a --remove -j DROP", "29 state: packets do not delete from a set" },
	/* what rules lack */
	{ "INPUT -m string --algo bm --string x -j DROP", "10 match: rules do not search packets for a text" },
	{ "INPUT -m nowhere -j DROP", "10 match: rules have nothing like the match nowhere" },
	{ "FORWARD -m physdev --physdev-in eth0 -j DROP",
	  "12 match: rules do not know ports of bridges at the host's hooks" },
	{ "INPUT -m set --match-set a src -j DROP",
	  "17 set: the set a is missing: import the output of `ipset save`, too" },
	{ "INPUT -m addrtype --src-type UNICAST -j DROP", "22 value: rules do not know which addresses are UNICAST" },
	{ "INPUT -m addrtype --dst-type ANYCAST -j DROP", "" },
	/* targets */
	{ "INPUT", "rule input ip continue\n" },
	{ "INPUT -j web", "rule input ip jump web\n" },
	{ "INPUT -g web", "rule input ip goto web\n" },
	{ "INPUT -j RETURN", "rule input ip accept\n" },
	{ "web -j RETURN", "rule chain web return\n" },
	{ "OUTPUT -m owner ! --uid-owner 0 -g web",
	  "36 value: return and goto under matches that take a chain of their own" },
	{ "INPUT -j nowhere", "10 chain: there is no chain or target nowhere" },
	{ "INPUT -j INPUT", "10 chain: there is no chain or target INPUT" },
	{ "INPUT -j NFQUEUE", "10 target: rules have no target NFQUEUE" },
	{ "web -j web", "8 chain: web calls itself, by way of web" },
	{ "INPUT -j REJECT", "rule input ip reject with port-unreachable\n" },
	{ "INPUT -j REJECT --reject-with icmp-admin-prohibited", "rule input ip reject with admin-prohibited\n" },
	{ "INPUT -j REJECT --reject-with host-unreach", "rule input ip reject with host-unreachable\n" },
	{ "INPUT -j REJECT --reject-with icmp-net-prohibited",
	  "20 value: rules do not reject with icmp-net-prohibited" },
	{ "INPUT -p tcp -j REJECT --reject-with tcp-reset", "rule input ip proto tcp reject with tcp-reset\n" },
	{ "INPUT -j REJECT --reject-with tcp-reset", "20 syntax: a reset answers TCP only: -p tcp is missing" },
	{ "INPUT -j LOG", "rule input ip log\n" },
	{ "INPUT -j LOG --log-prefix \"a \\\"b\\\" \" --log-level 7 --log-uid",
	  "rule input ip log prefix \"a \\\"b\\\" \" level debug\n" },
	{ "INPUT -j LOG --log-level nowhere", "17 value: there is no level nowhere" },
	{ "INPUT -m limit --limit 5/min -j LOG --log-prefix 'no way '",
	  "rule input ip log prefix \"no way \" rate 5/minute burst 5\n" },
	{ "INPUT -j NFLOG --nflog-group 3 --nflog-prefix x", "rule input ip log prefix \"x\"\n" },
	{ "INPUT -j MARK --set-mark 0x10", "rule input ip mark set 0x10\n" },
	{ "INPUT -j MARK --set-xmark 0x10/0xff", "rule input ip mark set 0x10/0xff\n" },
	{ "INPUT -j MARK --or-mark 0x10", "rule input ip mark set 0x10/0x10\n" },
	{ "INPUT -j MARK --and-mark 0xf0", "rule input ip mark set 0x0/0xffffff0f\n" },
	{ "INPUT -j MARK --set-xmark 0x10/0xf", "18 value: rules do not flip bits of the mark" },
	{ "INPUT -j MARK --or-mark 1 --and-mark 2", "10 value: MARK wants one option, with a number or two" },
	/* one option where there is room for several */
	{ "INPUT -m dscp --dscp 1 --dscp-class CS0", "10 syntax: -m dscp wants one option" },
	{ "INPUT -m ttl --ttl-gt 42 --ttl-eq 42", "10 syntax: -m ttl wants one option" },
	{ "INPUT -m addrtype", "10 syntax: -m addrtype lacks an option" },
	{ "INPUT -p tcp -m multiport", "17 syntax: -m multiport lacks an option" },
	{ "INPUT -p sctp --chunk-types all DATA", "18 match: rules do not match on --chunk-types" },
	/* comments and odd lines */
	{ "INPUT -m comment --comment \"a \\\"b\\\"\"-j DROP", "rule input ip drop comment \"a \\\"b\\\"\"\n" },
	{ "INPUT -m comment --comment a -j DROP # the rest", "rule input ip drop comment \"a\"\n" },
	{ "INPUT -j DROP -c 5 6", "rule input ip drop\n" },
	{ "INPUT -j DROP -4", "rule input ip drop\n" },
	{ "INPUT -j DROP -6", "" },
	{ "INPUT --jump DROP --protocol udp --match udp --sport 53", "rule input ip proto udp sport 53 drop\n" },
	{ "INPUT -j DROP nonsense", "18 syntax: nonsense belongs to no option" },
	{ "INPUT -j DROP !", "1 syntax: the line ends after !" },
	{ "INPUT -p tcp -p udp -j DROP", "17 syntax: -p is given twice" },
	{ "INPUT -i a/b -j DROP", "" },
	{ "INPUT -p tcp -m multiport --ports 1:65535,0 -j DROP", "rule input ip proto tcp frag not later drop\n" },
	{ "INPUT -p tcp -m multiport ! --ports 0:65535 -j DROP", "" },
	{ "INPUT -p tcp -m multiport ! --dports 0:65535 -j DROP", "" },
	{ "INPUT -i \xa0 -j DROP", "" },
	{ "INPUT ! -i eth0:1 -j DROP", "rule input ip drop\n" },
	{ "INPUT -s", "10 syntax: -s lacks its value, or has one too many" },
	{ "INPUT ! -j DROP", "12 syntax: -j cannot be negated" },
	{ "INPUT -m comment --comment \"a -j DROP", "1 syntax: a quote does not end, or the line is too long" },
};

static const struct rule_case v6_rules[] = {
	{ "INPUT -s 2001:db8::1/32 -j DROP", "rule input from 2001:db8::/32 drop\n" },
	{ "INPUT -d ::/0 -j DROP", "rule input ip6 drop\n" },
	{ "INPUT -s ::ffff:10.0.0.1 -j DROP", "10 value: no packet has the address ::ffff:10.0.0.1" },
	{ "INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT",
	  "rule input ip6 proto icmp6 icmp6-type 128 accept\n" },
	{ "INPUT -p icmpv6 --icmpv6-type no-route -j ACCEPT",
	  "rule input ip6 proto icmp6 icmp6-type 1 icmp6-code 0 accept\n" },
	{ "INPUT -m hl --hl-eq 255 -j ACCEPT", "rule input ip6 ttl 255 accept\n" },
	{ "INPUT -f -j DROP", "10 syntax: -f is of IPv4 only" },
	{ "INPUT -m ttl --ttl-eq 1 -j DROP", "10 match: rules have nothing like the match ttl" },
	{ "INPUT -j REJECT", "rule input ip6 reject with port-unreachable\n" },
	{ "INPUT -j REJECT --reject-with icmp6-adm-prohibited", "rule input ip6 reject with admin-prohibited\n" },
	{ "INPUT -j REJECT --reject-with icmp-port-unreachable",
	  "20 value: rules do not reject with icmp-port-unreachable" },
	{ "INPUT -m hashlimit --hashlimit-upto 5/min --hashlimit-mode srcip --hashlimit-srcmask 64 --hashlimit-name a -j ACCEPT",
	  "rule input ip6 limit 5/minute burst 5 per from/32/64 accept\n" },
};

static void test_v4_rules(void **state)
{
	check_rules(v4_rules, ROWS(v4_rules), false);
	assert_int_equal(failures, 0);
}

static void test_v6_rules(void **state)
{
	check_rules(v6_rules, ROWS(v6_rules), true);
	assert_int_equal(failures, 0);
}

#define POLICIES "policy input accept\npolicy forward accept\npolicy output accept\n"
#define FILTER "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"

static const struct import_case file_cases[] = {
	/* what is no rule */
	{ .v4 = "", .want = "" },
	{ .v4 = "# a comment\r\n*filter\r\nCOMMIT\r\n", .want = "" },
	{ .v4 = "*filter\n:INPUT DROP [1:2]\n[3:4] -A INPUT -i lo -j ACCEPT",
	  .want = "policy input accept\nrule input ip from-if lo accept\nrule input ip drop\n" },
	{ .v4 = "*filter\r\n:INPUT DROP\r\n:FORWARD DROP\r\n-A FORWARD -p tcp -j ACCEPT\r\n",
	  .want = "policy input accept\npolicy forward accept\nrule input ip drop\nrule forward ip proto tcp accept\n"
		  "rule forward ip drop\n" },
	/* lines of scripts */
	{ .v4 = "#!/bin/sh\niptables -F\n/sbin/iptables -P INPUT DROP\niptables -A INPUT -i lo -j ACCEPT\n"
		"ip6tables -P INPUT DROP\nip6tables -A INPUT -i lo -j ACCEPT\n",
	  .want = "policy input drop\nrule input from-if lo accept\n" },
	{ .v4 = "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE\niptables -A INPUT -j DROP\n",
	  .want = "policy input accept\nrule input ip drop\n" },
	{ .v4 = "iptables -A -t nat -F\n", .want = "1:20 syntax: the table has no chain -F" },
	{ .v4 = "iptables -A INPUT -t nat -j ACCEPT\n", .want = "" },
	{ .v4 = "iptables -A INPUT -s $LAN -j ACCEPT\n",
	  .want = "1:19 value: $LAN is no address and mask; a host name would be looked up only now" },
	{ .v4 = "-A INPUT -j DROP\nservice iptables save\n", .want = "2:1 syntax: this is no line of iptables-save" },
	{ .v4 = "-A INPUT -m mac --mac-source 02:00:00:00:0001 -j DROP\n",
	  .want = "1:17 value: 02:00:00:00:0001 is no value of --mac-source" },
	{ .v4 = "-A INPUT -m mac --mac-source 02:00:00:00:00:0g -j DROP\n",
	  .want = "1:17 value: 02:00:00:00:00:0g is no value of --mac-source" },
	/* a MAC address is of neither family */
	{ .ipset = FILTER "-A INPUT -m mac --mac-source 02:00:00:00:00:01 -j DROP\n",
	  .want = POLICIES "rule input ip mac 02:00:00:00:00:01 drop\n" },
	/* the order of rules */
	{ .v4 = FILTER
	  "-A INPUT -p 1 -j DROP\n-I INPUT -p 2 -j DROP\n-I INPUT 2 -p 3 -j DROP\n-I INPUT 4 -p 4 -j DROP\n",
	  .want = POLICIES "rule input ip proto 2 drop\nrule input ip proto 3 drop\nrule input ip proto icmp drop\n"
			   "rule input ip proto 4 drop\n" },
	{ .v4 = FILTER "-I INPUT 2 -p 3 -j DROP\n", .want = "5:10 syntax: the chain has fewer rules" },
	{ .v4 = FILTER "-D INPUT 1\n",
	  .want = "5:1 syntax: rules are not changed here: write what is meant in the end, not -D" },
	{ .v4 = "*filter\n*filter\n",
	  .want = "2:1 syntax: the table filter was there before: its rules would be replaced" },
	{ .v4 = "*broute\n", .want = "1:1 syntax: there is no table broute" },
	{ .v4 = "*filter\n-A PREROUTING -j DROP\n", .want = "2:4 syntax: the table has no chain PREROUTING" },
	/* chains */
	{ .v4 = "*filter\n:a - [0:0]\n:1/b - [0:0]\n-A INPUT -j 1/b\n-A 1/b -p tcp -g a\n-A a -j RETURN\n",
	  .want = "policy input accept\nchain a\nchain _1_b\nrule input ip jump _1_b\nrule chain a return\n"
		  "rule chain _1_b proto tcp goto a\n" },
	{ .v4 = "*filter\n:a -\n:b -\n-A a -j b\n-A b -j a\n", .want = "5:6 chain: a calls itself, by way of b" },
	{ .v4 = "*filter\n:INPUT DROP\n-A INPUT -i lo -j RETURN\n",
	  .want = "policy input accept\nrule input ip from-if lo drop\nrule input ip drop\n" },
	{ .v4 = FILTER ":a -\n-A INPUT -j a\n-A OUTPUT -j a\n-A a ! -i lo -j DROP\n",
	  .want = POLICIES
	  "chain a\nrule input ip jump a\nrule output ip jump a\nchain a.1\nrule chain a.1 from-if lo return\n"
	  "rule chain a.1 drop\nrule chain a jump a.1\n" },
	/* logs */
	{ .v4 = FILTER "-A INPUT -p tcp -j LOG --log-prefix \"a\"\n-A INPUT -p tcp -j DROP\n",
	  .want = POLICIES "rule input ip proto tcp log prefix \"a\" drop\n" },
	{ .v4 = FILTER "-A INPUT -m limit --limit 1/h -j LOG\n-A INPUT -j DROP -m comment --comment x\n",
	  .want = POLICIES "rule input ip log rate 1/hour burst 5 drop comment \"x\"\n" },
	{ .v4 = FILTER "-A INPUT -p tcp -j LOG\n-A INPUT -p udp -j DROP\n",
	  .want = POLICIES "rule input ip proto tcp log\nrule input ip proto udp drop\n" },
	/* both families */
	{ .v4 = "*filter\n:INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n-A INPUT -j REJECT\n",
	  .v6 = "*filter\n:INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -s fe80::/10 -j ACCEPT\n-A INPUT -j REJECT\n",
	  .want = "policy input drop\nrule input from-if lo accept\nrule input from 10.0.0.0/8 accept\n"
		  "rule input from fe80::/10 accept\nrule input reject with port-unreachable\n" },
	{ .v4 = "*filter\n:INPUT DROP\n-A INPUT -p icmp -j ACCEPT\n-A INPUT -p tcp -j ACCEPT\n",
	  .v6 = "*filter\n:INPUT ACCEPT\n-A INPUT -p tcp -j ACCEPT\n-A INPUT -p udp -j DROP\n",
	  .want = "policy input accept\nrule input ip proto icmp accept\nrule input proto tcp accept\n"
		  "rule input ip6 proto udp drop\nrule input ip drop\n" },
	{ .v4 = "*filter\n:a -\n-A INPUT -j a\n-A a -p tcp -j DROP\n-A a -p udp -j DROP\n",
	  .v6 = "*filter\n:a -\n:b -\n-A INPUT -j a\n-A a -p udp -j DROP\n-A b -j DROP\n",
	  .want = "policy input accept\nchain a\nchain b\nrule input jump a\nrule chain a ip proto tcp drop\n"
		  "rule chain a proto udp drop\nrule chain b drop\n" },
	{ .v4 = "*filter\n-A INPUT -m limit --limit 1/s -j ACCEPT\n",
	  .v6 = "*filter\n-A INPUT -m limit --limit 1/s -j ACCEPT\n",
	  .want = "policy input accept\nrule input ip limit 1/second burst 5 accept\n"
		  "rule input ip6 limit 1/second burst 5 accept\n" },
	{ .v4 = "*filter\n-4 -A INPUT -p icmp -j ACCEPT\n-6 -A INPUT -p ipv6-icmp -j ACCEPT\n-A INPUT -p tcp -j DROP\n",
	  .want = "policy input accept\nrule input ip proto icmp accept\nrule input ip6 proto icmp6 accept\n"
		  "rule input proto tcp drop\n" },
	/* lists of addresses that were seen */
	{ .v4 = FILTER "-A INPUT -m recent --name a --set\n-A INPUT -m recent --name a --rcheck --seconds 60 -j DROP\n",
	  .want = POLICIES
	  "set a dynamic timeout 60 { }\nrule input ip update from to @a\nrule input ip from @a drop\n" },
	{ .v4 = FILTER "-A INPUT -m recent --update --seconds 9 -j DROP\n",
	  .want = POLICIES
	  "set DEFAULT dynamic timeout 9 { }\nrule input ip from @DEFAULT update from to @DEFAULT drop\n" },
	{ .v4 = FILTER "-A INPUT -m recent ! --rcheck --rdest -j DROP\n",
	  .want = POLICIES "set DEFAULT dynamic { }\nrule input ip to not @DEFAULT drop\n" },
	{ .v4 = FILTER
	  "-A INPUT -m recent --update --seconds 9 -j DROP\n-A INPUT -m recent --rcheck --seconds 5 -j DROP\n",
	  .want = "5:10 state: rules look back differently far in the list DEFAULT" },
	{ .v4 = FILTER "-A INPUT -m hashlimit --hashlimit 5/s --hashlimit-name a -j DROP\n"
		       "-A INPUT -m hashlimit --hashlimit 5/s --hashlimit-name a -j DROP\n",
	  .want = "6:39 state: another rule counts in a, too" },
	/* sets */
	{ .v4 = FILTER "-A INPUT -m set --match-set a src -j DROP\n-A INPUT -m set ! --match-set a dst -j DROP\n",
	  .ipset = "create a hash:net family inet hashsize 1024 maxelem 65536\nadd a 10.0.0.0/8\nadd a 192.0.2.1\n",
	  .want = POLICIES
	  "set a { 10.0.0.0/8, 192.0.2.1 }\nrule input ip from @a drop\nrule input ip to not @a drop\n" },
	{ .ipset =
		  "create a hash:ip timeout 3600\nadd a 192.0.2.1 timeout 5\nadd a 192.0.2.2\nadd a 192.0.2.3 timeout 0\n",
	  .want = "set a dynamic timeout 3600 { 192.0.2.1 timeout 5, 192.0.2.2, 192.0.2.3 timeout never }\n" },
	{ .ipset = "create a hash:ip netmask 24\nadd a 192.0.2.0\n", .want = "set a { 192.0.2.0/24 }\n" },
	{ .ipset = "create a bitmap:ip range 10.0.0.0-10.0.0.255\nadd a 10.0.0.1-10.0.0.3\n",
	  .want = "set a { 10.0.0.1-10.0.0.3 }\n" },
	{ .ipset = "create local hash:net\nadd local 10.0.0.0/8\n", .want = "set local-2 { 10.0.0.0/8 }\n" },
	{ .ipset = "create a hash:net family inet6\nadd a 2001:db8::/32\n", .want = "set a { 2001:db8::/32 }\n" },
	{ .ipset = "create a hash:net\nadd a 10.0.0.0/8 nomatch\n", .want = "2:18 set: sets have no exceptions" },
	{ .ipset = "create a hash:net\nadd b 10.0.0.0/8\n", .want = "2:5 syntax: there is no set b yet" },
	{ .ipset = "create a hash:net\nadd a www.example.org\n",
	  .want = "2:7 value: www.example.org is no element of this set" },
	{ .v4 = FILTER "-A INPUT -m set --match-set both src -j DROP\n",
	  .ipset = "create a hash:ip\ncreate b hash:ip\ncreate both list:set\nadd both a\nadd both b\n",
	  .want = POLICIES "set a {  }\nset b {  }\nrule input ip from { @a, @b } drop\n" },
	{ .v4 = FILTER "-A INPUT -p tcp -m set --match-set a dst -j DROP\n",
	  .ipset = "create a bitmap:port range 0-65535\nadd a 22\nadd a 80-90\n",
	  .want = POLICIES "rule input ip proto tcp dport { 22, 80-90 } drop\n" },
	{ .v4 = FILTER "-A INPUT -m set --match-set a src,dst -j DROP\n",
	  .ipset = "create a hash:ip,port\nadd a 192.0.2.1,tcp:80\nadd a 192.0.2.2,udp:53\n",
	  .want = POLICIES
	  "chain input.1\nchain input.2\nrule chain input.1 from 192.0.2.1 proto tcp dport 80 jump input.2\n"
	  "rule chain input.1 from 192.0.2.2 proto udp dport 53 jump input.2\nrule chain input.2 drop\n"
	  "rule input ip jump input.1\n" },
	{ .v4 = FILTER "-A INPUT -m set ! --match-set a src,src -j DROP\n",
	  .ipset = "create a hash:net,iface\nadd a 10.0.0.0/8,eth0\n",
	  .want = POLICIES
	  "chain input.1\nrule chain input.1 from 10.0.0.0/8 from-if \"eth0\" return\nrule chain input.1 drop\n"
	  "rule input ip jump input.1\n" },
	{ .v4 = FILTER "-A INPUT -m set --match-set a src,dst -j LOG\n",
	  .ipset = "create a hash:net,net\nadd a 10.0.0.0/8,192.0.2.0/24\nadd a 10.1.0.0/16,192.0.2.0/24\n",
	  .want = "5:39 set: a packet may have several elements of the set, and the rule does more than decide" },
	{ .v4 = FILTER "-A INPUT -m set --match-set a src -j DROP\n",
	  .ipset = "create a hash:mac\nadd a 02:00:00:00:00:01\nadd a 06:00:00:00:00:01\n",
	  .want = POLICIES
	  "chain input.1\nchain input.2\nrule chain input.1 mac 02:00:00:00:00:01 jump input.2\n"
	  "rule chain input.1 mac 06:00:00:00:00:01 jump input.2\nrule chain input.2 drop\nrule input ip jump input.1\n" },
	{ .v4 = FILTER "-A INPUT -m set --match-set a dst -j DROP\n",
	  .ipset = "create a bitmap:port range 0-1024\nadd a 22\n",
	  .want = POLICIES "rule input ip proto { tcp, udp } dport { 22 } drop\n" },
	{ .ipset = "create a hash:ip,port\nadd a 192.0.2.1,icmp:echo-request\n",
	  .want = "2:7 value: 192.0.2.1,icmp:echo-request is no element of this set" },
	{ .v4 = FILTER "-A INPUT -m set --match-set a src,dst -j DROP\n",
	  .ipset = "create a hash:ip,port timeout 60\nadd a 192.0.2.1,tcp:80\n",
	  .want = "5:17 set: rules cannot match on a, a set of the type hash:ip,port" },
	{ .v4 = FILTER "-A INPUT -s 10.0.0.0/8 -m set --match-set a src -j DROP\n",
	  .ipset = "create a hash:ip\n",
	  .want = POLICIES "set a {  }\nchain input.1\nrule chain input.1 from @a drop\n"
			   "rule input from 10.0.0.0/8 jump input.1\n" },
	{ .ipset = "create a hash:ip\nadd a 192.0.2.1 timeout 5\n", .want = "2:7 syntax: the set a has no timeouts" },
	{ .v4 = FILTER "-A INPUT -p tcp -j SET --add-set a src --exist --timeout 60\n",
	  .ipset = "create a hash:ip\n",
	  .want = POLICIES "set a dynamic {  }\nrule input ip proto tcp update from to @a timeout 60\n" },
	/* marks */
	{ .v4 = FILTER "-A INPUT -j MARK --set-mark 1\n-A INPUT -m mark --mark 1 -j DROP\n",
	  .want = "5:10 state: rules match on the mark that a packet comes with, not on the one that a rule before has set" },
	{ .v4 = FILTER "-A FORWARD -j MARK --set-mark 1\n-A INPUT -m mark --mark 1 -j DROP\n",
	  .want = POLICIES "rule input ip mark 0x1 drop\nrule forward ip mark set 0x1\n" },
	/* the other tables */
	{ .v4 = "*nat\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080\nCOMMIT\n" FILTER,
	  .want = POLICIES },
	{ .v4 = "*mangle\n:FORWARD ACCEPT\n-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu\n",
	  .want = "" },
	{ .v4 = "*raw\n:PREROUTING ACCEPT\n-A PREROUTING -s 10.0.0.0/8 -j ACCEPT\n-A PREROUTING ! -i lo -j DROP\n",
	  .want = "chain raw-prerouting\nrule in ip jump raw-prerouting\nrule chain raw-prerouting from 10.0.0.0/8 return\n"
		  "rule chain raw-prerouting from-if not lo drop\n" },
	{ .v4 = "*mangle\n:PREROUTING ACCEPT\n-A PREROUTING -m state --state INVALID -j DROP\n-A PREROUTING -j MARK --set-mark 1\n",
	  .want = "chain mangle-prerouting\nrule input forward ip jump mangle-prerouting\n"
		  "rule chain mangle-prerouting input forward output state invalid drop\n" },
	{ .v4 = "*mangle\n-A FORWARD -p tcp -j DROP\n*filter\n-A FORWARD -i lo -j ACCEPT\n",
	  .want = "policy forward accept\nchain mangle-forward\nrule forward ip jump mangle-forward\n"
		  "rule forward ip from-if lo accept\nrule chain mangle-forward proto tcp drop\n" },
	{ .v4 = "*mangle\n-A POSTROUTING -p tcp -j DROP\n",
	  .want = "2:1 place: rules do not see packets where this chain does" },
	{ .v4 = "*mangle\n:a -\n-A PREROUTING -j a\n-A a -j ACCEPT\n-A PREROUTING -j DROP\n",
	  .want = "4:6 place: ACCEPT ends the table, from within a chain that another one calls" },
	/* what may be left out */
	{ .v4 = FILTER "-A INPUT -m time -j ACCEPT\n-A INPUT -j DROP\n",
	  .partial = true,
	  .want = POLICIES "rule input ip drop\n" },
	{ .v4 = FILTER "-A INPUT -m time -j DROP\n-A INPUT -j ACCEPT\n",
	  .partial = true,
	  .want = "5:10 match: rules do not know the time of day" },
	{ .v4 = FILTER ":a -\n-A a -j ACCEPT\n-A INPUT -m time -j a\n",
	  .partial = true,
	  .want = POLICIES "chain a\nrule chain a accept\n" },
	{ .v4 = FILTER ":a -\n-A a -j DROP\n-A INPUT -m time -j a\n",
	  .partial = true,
	  .want = "7:10 match: rules do not know the time of day" },
};

static void test_files(void **state)
{
	for (size_t i = 0; i < ROWS(file_cases); i++)
		check_import(&file_cases[i]);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v4_rules),
		cmocka_unit_test(test_v6_rules),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
