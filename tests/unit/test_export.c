// SPDX-License-Identifier: GPL-2.0-only
/* Rules as rulesets of nftables and iptables: what each form becomes, and what is refused; imported again, they decide the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/export.h"
#include "fw/import.h"
#include "fw/oracle.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"

struct row {
	const char *rules, *want; /* lines that the ruleset has, or the first refusal */
};

static const struct row nft_rows[] = {
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
	  "\tchain fw/1 {\n\t\tcounter accept\n\t}\n"
	  "\tchain fw/2 {\n\t\tlimit rate 5/minute burst 5 packets jump fw/1\n\t}\n" },
	{ "rule input limit over 5/minute per from drop",
	  "\t\tupdate @fw/1_v6 { ip6 saddr & ffff:ffff:ffff:ffff:0:0:0:0 limit rate over 5/minute burst 5 packets } jump fw/1\n" },
	{ "rule input reject",
	  "\t\tmeta l4proto tcp counter reject with tcp reset\n\t\tcounter reject with icmpx port-unreachable\n" },
	{ "chain web\nrule input proto tcp jump web\nrule chain web return",
	  "\tchain web {\n\t\tcounter return\n\t}\n\tchain fw/input {\n"
	  "\t\ttype filter hook input priority filter; policy accept;\n\t\tmeta l4proto { 6 } jump web\n\t}\n" },
	{ "rule drop", "rule 1: it also holds on the wire: name the hooks input, forward or output" },
	{ "rule in drop", "rule 1: it also holds on the wire: name the hooks input, forward or output" },
	{ "policy in drop", "nftables has no policy in like this" },
	{ "policy input reject", "nftables has no policy input like this" },
	{ "rule input mark set 1\nrule input mark 1 drop",
	  "rule 1: rules of nftables see the mark that it sets, ours the one that a packet came with" },
	{ "rule input forward limit 5/minute accept", "rule 1: its hooks share one limit: write a rule for each hook" },
	{ "rule input connections per from over 9 drop",
	  "rule 1: nftables counts the connections that came to a rule, not all of them" },
	{ "rule input frag later drop", "rule 1: nftables has no 'frag' here" },
	{ "chain c\nrule input jump c\nrule chain c limit 5/minute return",
	  "rule 2: it leaves its chain, under a condition or with an effect" },
	{ "set s dynamic { 10.0.0.0/8 }\nrule input add from to @s accept",
	  "set s: packets add to it, so in nftables it cannot hold prefixes" },
};

static const struct row iptables_rows[] = {
	{ "policy input drop\nrule input proto tcp dport 22 accept",
	  "# for iptables-restore\n*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	  "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n" },
	{ "rule input ip6 drop", ":OUTPUT ACCEPT [0:0]\nCOMMIT\n" },
	/* addresses */
	{ "rule input from 192.0.2.0/24 to not 192.0.2.1 drop", "-A INPUT -s 192.0.2.0/24 ! -d 192.0.2.1 -j DROP\n" },
	{ "rule input from 192.0.2.1-192.0.2.9 drop", "-A INPUT -m iprange --src-range 192.0.2.1-192.0.2.9 -j DROP\n" },
	{ "rule input from { 192.0.2.1, 10.0.0.0/8, 2001:db8::/32 } drop",
	  "-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -s 192.0.2.1 -j DROP\n" },
	{ "rule input from not { 10.0.0.0/8, 192.0.2.1 } drop",
	  "-A INPUT -j fw/1i1\n-A fw/1i1 -s 10.0.0.0/8 -j RETURN\n-A fw/1i1 -s 192.0.2.1 -j RETURN\n-A fw/1i1 -j DROP\n" },
	{ "rule input from 2001:db8::1 drop", ":OUTPUT ACCEPT [0:0]\nCOMMIT\n" },
	{ "rule input from not 2001:db8::1 drop", "-A INPUT -j DROP\n" },
	{ "set s { 192.0.2.1 }\nrule input to not @s drop", "-A INPUT -m set ! --match-set s_v4 dst -j DROP\n" },
	{ "rule input to { @local, @multicast } drop",
	  "-A INPUT -m addrtype --dst-type LOCAL -j DROP\n-A INPUT -d 224.0.0.0/4 -j DROP\n" },
	{ "rule input to not @broadcast drop",
	  "-A fw/1i1 -m addrtype --dst-type BROADCAST ! -d 0.0.0.0/8 -j RETURN\n-A fw/1i1 -j DROP\n" },
	{ "set a { }\nset b { }\nchain c\nrule input from { @a, @b } jump c\nrule chain c accept",
	  "-A INPUT -j fw/1i2\n-A c -j ACCEPT\n-A fw/1i1 -j c\n-A fw/1i2 -m set --match-set a_v4 src -g fw/1i1\n"
	  "-A fw/1i2 -m set --match-set b_v4 src -g fw/1i1\n" },
	/* fields */
	{ "rule input proto { tcp, udp } dport { 53, 100-200 } accept",
	  "-A INPUT -p tcp -m multiport --dports 53,100:200 -j ACCEPT\n"
	  "-A INPUT -p udp -m multiport --dports 53,100:200 -j ACCEPT\n" },
	{ "rule input proto { 2, 47 } accept", "-A INPUT -p 2 -j ACCEPT\n-A INPUT -p 47 -j ACCEPT\n" },
	{ "rule input on { eth0, \"wl*\" } accept", "-A INPUT -i eth0 -j ACCEPT\n-A INPUT -i wl+ -j ACCEPT\n" },
	{ "rule output on not eth0 accept", "-A OUTPUT ! -o eth0 -j ACCEPT\n" },
	{ "rule input state not { new, invalid } accept", "-A INPUT -m conntrack ! --ctstate NEW,INVALID -j ACCEPT\n" },
	{ "rule output uid not 0 drop", "-A OUTPUT -m owner --uid-owner 1-4294967294 -j DROP\n" },
	{ "rule input ttl 2-254 length not 100 drop",
	  "-A INPUT -m ttl --ttl-gt 1 -m ttl --ttl-lt 255 -m length --length 0:99 -j DROP\n"
	  "-A INPUT -m ttl --ttl-gt 1 -m ttl --ttl-lt 255 -m length --length 101:65535 -j DROP\n" },
	{ "rule input ttl not 1 length not 100 drop",
	  "-A INPUT -m length --length 0:99 -j fw/1i1\n-A INPUT -m length --length 101:65535 -j fw/1i1\n"
	  "-A fw/1i1 -m ttl --ttl-eq 0 -j DROP\n-A fw/1i1 -m ttl --ttl-gt 1 -j DROP\n" },
	{ "rule input proto tcp flags not syn/syn,ack drop",
	  "-A INPUT -p tcp -m tcp ! --tcp-flags SYN,ACK SYN -j DROP\n" },
	{ "rule input mark 0x410/0xff0 drop",
	  "-A INPUT -m mark --mark 0x10/0xf0 -m mark --mark 0x400/0xf00 -j DROP\n" },
	{ "rule input proto icmp icmp-type 3 icmp-code 4 accept",
	  "-A INPUT -p icmp -m icmp --icmp-type 3/4 -j ACCEPT\n" },
	{ "rule input proto icmp icmp-type not { 0, 8 } accept",
	  "-A INPUT -p icmp -m icmp ! --icmp-type 0 -m icmp ! --icmp-type 8 -j ACCEPT\n" },
	{ "rule input mac 02:00:00:00:00:01 accept", "-A INPUT -m mac --mac-source 02:00:00:00:00:01 -j ACCEPT\n" },
	{ "rule input frag not later proto tcp accept", "-A INPUT -p tcp ! -f -j ACCEPT\n" },
	{ "rule input frag no drop", "rule 1: iptables cannot say 'frag' like this" },
	{ "rule input proto 0 drop", "rule 1: iptables has no protocol 0" },
	{ "rule input flags ece drop", "rule 1: iptables does not know the flags ece and cwr" },
	{ "rule input mark 1-1000 drop", "rule 1: iptables cannot say 'mark' like this" },
	{ "rule input ip-option lsrr drop", "rule 1: iptables cannot say 'ip-option' like this" },
	/* actions */
	{ "rule input reject", "-A INPUT -j fw/1i1\n-A fw/1i1 -p tcp -j REJECT --reject-with tcp-reset\n"
			       "-A fw/1i1 -j REJECT --reject-with icmp-port-unreachable\n" },
	{ "rule input proto tcp reject", "-A INPUT -p tcp -j REJECT --reject-with tcp-reset\n" },
	{ "rule input proto udp reject", "-A INPUT -p udp -j REJECT --reject-with icmp-port-unreachable\n" },
	{ "rule input log prefix \"a \\\"b\\\" \" level info rate 5/minute burst 3 drop comment \"c\"",
	  "-A INPUT -m comment --comment \"c\" -j fw/1i1\n"
	  "-A fw/1i1 -m limit --limit 5/minute --limit-burst 3 -j LOG --log-prefix \"a \\\"b\\\" \" --log-level 6\n"
	  "-A fw/1i1 -j DROP\n" },
	{ "rule input log prefix \"of more than so many bytes as there are\" drop",
	  "rule 1: a log prefix of iptables has up to 29 bytes" },
	{ "set s dynamic { }\nrule input update from to @s timeout 10 accept",
	  "-A fw/1i1 -j SET --add-set s_v4 src --exist --timeout 10\n-A fw/1i1 -j ACCEPT\n" },
	{ "rule input mark set 1/15 accept", "-A fw/1i1 -j MARK --set-xmark 0x1/0xf\n-A fw/1i1 -j ACCEPT\n" },
	{ "rule input ip limit 5/minute accept", "-A INPUT -m limit --limit 5/minute --limit-burst 5 -j ACCEPT\n" },
	{ "rule input limit 5/minute accept",
	  "rule 1: IPv4 and IPv6 share its limit: write a rule for each, with ip and ip6" },
	{ "rule input ip limit 1/day accept", "rule 1: iptables has no rate of 1/day with a burst of 5" },
	{ "rule input limit over 5/minute per from/24 drop",
	  "-A INPUT -m hashlimit --hashlimit-above 5/minute --hashlimit-burst 5 --hashlimit-mode srcip "
	  "--hashlimit-srcmask 24 --hashlimit-htable-expire 61000 --hashlimit-name fw.1 -j DROP\n" },
	{ "rule input connections per from over 9 drop",
	  "rule 1: iptables counts the connections that came to a rule, not all of them" },
	/* chains */
	{ "chain web\nchain web2\nrule input proto tcp jump web\nrule chain web proto tcp dport 80 accept\nrule chain web goto web2",
	  ":web - [0:0]\n:web2 - [0:0]\n-A INPUT -p tcp -j web\n-A web -p tcp -m tcp --dport 80 -j ACCEPT\n-A web -g web2\n" },
	{ "chain web\nrule input ip6 jump web\nrule chain web limit 5/minute accept",
	  ":OUTPUT ACCEPT [0:0]\nCOMMIT\n" },
	{ "chain DROP\nrule input jump DROP\nrule chain DROP accept", "chain DROP: iptables takes no such name" },
	{ "chain c\nrule input jump c\nrule chain c from { 192.0.2.1, 10.0.0.1 } return",
	  "-A c -s 10.0.0.1 -j RETURN\n-A c -s 192.0.2.1 -j RETURN\n" },
	{ "chain c\nrule input jump c\nrule chain c log return",
	  "rule 2: it leaves its chain, with an effect, or after several lists or under a limit" },
	{ "rule drop", "rule 1: it also holds on the wire: name the hooks input, forward or output" },
};

static const struct row ip6tables_rows[] = {
	{ "rule input ip drop\nrule input ttl not 64 drop",
	  "-A INPUT -m hl --hl-lt 64 -j DROP\n-A INPUT -m hl --hl-gt 64 -j DROP\nCOMMIT\n" },
	{ "rule input proto icmp6 icmp6-type { 128, 129 } accept",
	  "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT\n" },
	{ "rule input proto tcp frag not later accept", "-A INPUT -p tcp -m tcp -j ACCEPT\n" },
	{ "rule input frag not later accept", "rule 1: ip6tables cannot say 'frag' like this" },
	{ "rule input to @broadcast drop", ":OUTPUT ACCEPT [0:0]\nCOMMIT\n" },
	{ "rule input reject with host-unreachable", "-A INPUT -j REJECT --reject-with icmp6-addr-unreachable\n" },
};

static const struct row ipset_rows[] = {
	{ "set s { 192.0.2.0-192.0.2.4, 192.0.2.1, 2001:db8::/32 }",
	  "create s_v4 hash:net family inet hashsize 1024 maxelem 65536\nadd s_v4 192.0.2.0/30\nadd s_v4 192.0.2.1\n"
	  "add s_v4 192.0.2.4\ncreate s_v6 hash:net family inet6 hashsize 1024 maxelem 65536\nadd s_v6 2001:db8::/32\n" },
	{ "set s { 0.0.0.0-255.255.255.255 }", "add s_v4 0.0.0.0/1\nadd s_v4 128.0.0.0/1\n" },
	{ "set s dynamic timeout 1h size 9 { 192.0.2.1 timeout never }",
	  "create s_v4 hash:net family inet hashsize 1024 maxelem 9 timeout 3600\nadd s_v4 192.0.2.1 timeout 0\n" },
	{ "set a_name_that_is_far_too_long_for_it { }",
	  "set a_name_that_is_far_too_long_for_it: ipset takes names of up to 28 bytes, without _v4 or _v6" },
};

static void check_row(const struct row *row, enum fw_export_format format)
{
	struct fw_ruleset *rs = fw_ruleset_new("r");
	struct fw_diags ds = { 0 };
	struct fw_buf out = { 0 };
	char text[640];
	int err;

	if (fw_text_parse(rs, row->rules, strlen(row->rules), "r", &ds))
		fail_msg("%s\n%s", row->rules, fw_diag_format(&ds.d[0], text, sizeof(text)));
	err = fw_export(rs, format, &ds, &out);
	if (err ? strcmp(ds.d[0].message, row->want) != 0 : !strstr(out.text, row->want))
		fail_msg("%s\n%s\n%s", row->rules, row->want, err ? ds.d[0].message : out.text);
	assert_true(!err == !ds.total);
	fw_buf_free(&out);
	fw_ruleset_free(rs);
}

static void test_rows(void **state)
{
	static const struct {
		enum fw_export_format format;
		const struct row *rows;
		size_t n;
	} tables[] = { { FW_EXPORT_NFT, nft_rows, ROWS(nft_rows) },
		       { FW_EXPORT_IPTABLES, iptables_rows, ROWS(iptables_rows) },
		       { FW_EXPORT_IP6TABLES, ip6tables_rows, ROWS(ip6tables_rows) },
		       { FW_EXPORT_IPSET, ipset_rows, ROWS(ipset_rows) } };

	(void)state;
	for (size_t i = 0; i < ROWS(tables); i++)
		for (size_t k = 0; k < tables[i].n; k++)
			check_row(&tables[i].rows[k], tables[i].format);
}

/* Lines of a ruleset, some of which are left out. */
struct lines {
	char *line[256];
	size_t n;
};

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
}

/* Rules of the main list are about the host's hooks alone. */
static char *at_host(const char *line)
{
	static const char *const hooks[] = { " input", " forward", " output", " input forward output" };
	struct fw_buf b = { 0 };
	bool hook = false, rule = !strncmp(line, "rule ", 5), at = false;
	fw_autofree char *copy = strdup(line);
	char *save, *word = strtok_r(copy, " ", &save), *before = "";

	for (; word; before = word, word = strtok_r(NULL, " ", &save)) {
		bool wire = rule && (!strcmp(word, "in") || !strcmp(word, "out")) && strcmp(before, "prefix") != 0;

		hook |= !strcmp(word, "input") || !strcmp(word, "forward") || !strcmp(word, "output") ||
			!strcmp(word, "chain");
		at |= wire;
		if (!wire)
			fw_buf_printf(&b, "%s%s", b.len ? " " : "", word);
	}
	if (rule && (at || !hook) && !strstr(line, " chain ")) {
		fw_autofree char *rest = fw_take(b.text);
		size_t id = strspn(rest + 5, "0123456789");

		b = (struct fw_buf){ 0 };
		fw_buf_printf(&b, "%.*s%s%s", (int)(5 + id), rest, hook ? "" : hooks[random_below(4)], rest + 5 + id);
	}
	return b.text;
}

static void split(struct fw_ruleset *rs, struct lines *out)
{
	struct fw_buf b = { 0 };
	char *save;

	fw_text_print(&b, rs);
	for (char *line = strtok_r(b.text, "\n", &save); line && out->n < ROWS(out->line);
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "policy", 6) != 0)
			out->line[out->n++] = at_host(line);
	fw_buf_free(&b);
}

/* Takes out the lines that something was said of. */
static void leave_out(struct lines *l, const struct fw_diags *ds)
{
	for (unsigned i = 0; i < ds->n; i++)
		if (ds->d[i].line && ds->d[i].line <= l->n)
			l->line[ds->d[i].line - 1][0] = '\0';
}

static struct fw_ruleset *parse(const struct lines *l, struct fw_diags *ds)
{
	struct fw_ruleset *rs = fw_ruleset_new("r");
	struct fw_buf b = { 0 };

	for (size_t i = 0; i < l->n; i++)
		fw_buf_printf(&b, "%s\n", l->line[i]);
	if (fw_text_parse(rs, b.text ? b.text : "", b.len, "r", ds)) {
		fw_ruleset_free(rs);
		rs = NULL;
	}
	fw_buf_free(&b);
	return rs;
}

#define FORMATS (FW_EXPORT_IPSET + 1)

static int export_all(const struct fw_ruleset *rs, struct fw_diags *ds, struct fw_buf out[FORMATS])
{
	int err = 0;

	for (unsigned f = FW_EXPORT_IPTABLES; f < FORMATS && !err; f++)
		err = fw_export(rs, (enum fw_export_format)f, ds, &out[f]);
	return err;
}

/* Rules of a random ruleset that iptables can say. */
static struct fw_ruleset *exportable(struct fw_buf out[FORMATS])
{
	static const struct random_shape shape = { 20, 12, 2, 3, 60 };
	struct fw_ruleset *any, *rs;
	struct lines lines = { .n = 0 };

	random_chains(random_below(4));
	any = random_ruleset(&shape);
	split(any, &lines);
	fw_ruleset_free(any);
	for (;;) {
		struct fw_diags ds = { 0 };

		rs = parse(&lines, &ds);
		if (rs && !export_all(rs, &ds, out))
			break;
		for (unsigned f = 0; f < FORMATS; f++)
			fw_buf_free(&out[f]);
		assert_true(ds.n);
		leave_out(&lines, &ds);
		fw_ruleset_free(rs);
	}
	lines_free(&lines);
	fw_ruleset_order(rs);
	return rs;
}

/* A refusal that only says that the importer cannot do what iptables can. */
static bool is_of_import(const struct fw_import_line *l)
{
	return l->message && !strcmp(l->message, "return and goto under matches that take a chain of their own");
}

/* NULL: the importer cannot say it. */
static struct fw_ruleset *import_back(const struct fw_buf out[FORMATS])
{
	static const struct fw_import_options strict = { .partial = false };
	struct fw_import_file files[] = {
		{ "rules.v4", out[FW_EXPORT_IPTABLES].text, out[FW_EXPORT_IPTABLES].len, FW_IMPORT_IPTABLES },
		{ "rules.v6", out[FW_EXPORT_IP6TABLES].text, out[FW_EXPORT_IP6TABLES].len, FW_IMPORT_IP6TABLES },
		{ "sets", out[FW_EXPORT_IPSET].text ? out[FW_EXPORT_IPSET].text : "", out[FW_EXPORT_IPSET].len,
		  FW_IMPORT_IPSET }
	};
	struct fw_import_report report = { 0 };
	struct fw_ruleset *rs = fw_ruleset_new("back");
	struct fw_buf text = { 0 };
	struct fw_diags ds = { 0 };
	char message[640];

	fw_import(files, 3, &strict, &report, &text);
	for (size_t i = 0; i < report.n; i++)
		if (report.lines[i].reason > FW_IMPORT_AS_KERNEL && !is_of_import(&report.lines[i]))
			fail_msg("%.*s: %s", (int)report.lines[i].len, report.lines[i].text, report.lines[i].message);
	if (report.refused) {
		fw_import_report_free(&report);
		fw_ruleset_free(rs);
		return NULL;
	}
	if (fw_text_parse(rs, text.text, text.len, "back", &ds))
		fail_msg("%s\n%s", fw_diag_format(&ds.d[0], message, sizeof(message)), text.text);
	fw_import_report_free(&report);
	fw_buf_free(&text);
	fw_ruleset_order(rs);
	return rs;
}

/* The number in @to of the interface that has the number @n in @from. */
static uint32_t same_iface(const struct fw_ruleset *from, const struct fw_ruleset *to, uint32_t n)
{
	char name[FW_ALTNAME_MAX + 8];
	int number;

	if (n >= from->nifaces || !from->ifaces[n].name)
		return n;
	snprintf(name, sizeof(name), "%s", from->ifaces[n].name);
	if (fw_iface_is_pattern(name))
		strcpy(strchr(name, FW_IFACE_REST), "zz");
	number = fw_ruleset_iface_of(to, name);
	return number < 0 ? FW_IFACE_OTHER : (uint32_t)number;
}

/* The packet, and the rules that decide on it. */
static void show(const struct fw_ruleset *rs, const struct fw_key *key)
{
	struct fw_way way = fw_oracle_way(rs, key);
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_text_print_key(&b, rs, key);
	fw_buf_printf(&b, ": %s by ", fw_verdict_name(way.verdict));
	if (way.rule >= 0)
		fw_text_print_rule(&b, rs, rs->rules[way.rule]);
	print_error("%s\n", b.text);
}

/* What packets have at a hook, and what they do not have. */
static void settle(struct fw_key *key, enum fw_hook hook)
{
	key->f[FW_F_HOOK] = hook;
	if (hook == FW_OUTPUT)
		key->f[FW_F_TO_IF] = key->f[FW_F_IFACE];
	else if (hook == FW_INPUT)
		key->f[FW_F_FROM_IF] = key->f[FW_F_IFACE];
	for (unsigned f = 0; f < FW_NFIELDS; f++)
		if (!(fw_field_hooks((enum fw_field)f) & 1u << hook))
			key->f[f] = fw_field_info[f].absent;
		else if ((fw_field_is_iface((enum fw_field)f) || f == FW_F_STATE || f == FW_F_PACKET_TYPE) &&
			 key->f[f] == fw_field_info[f].absent)
			key->f[f] = 0;
}

/* What becomes of the packet: a reset is no answer to one that is not TCP. */
static enum fw_verdict decides(const struct fw_ruleset *rs, const struct fw_key *key)
{
	struct fw_way way = fw_oracle_way(rs, key);
	const struct fw_action *a = way.rule < 0 ? NULL : fw_rule_action(rs, rs->rules[way.rule]);

	return a && a->reject == FW_REJECT_TCP_RESET && key->f[FW_F_PROTO] != 6 ? FW_DROP : way.verdict;
}

static void check_packets(const struct fw_ruleset *rs, const struct fw_ruleset *back)
{
	static const enum fw_field ifaces[] = { FW_F_IFACE, FW_F_FROM_IF, FW_F_TO_IF };

	for (unsigned n = 0; n < 300; n++) {
		struct random_frame frame;
		struct fw_key key, there;

		random_frame(rs, &frame);
		fw_packet_parse(frame.bytes, frame.bytes + frame.meta.len, &frame.meta, &key);
		if (!key.family)
			continue;
		settle(&key, (enum fw_hook)(FW_INPUT + random_below(3)));
		there = key;
		for (size_t i = 0; i < ROWS(ifaces); i++)
			there.f[ifaces[i]] = same_iface(rs, back, key.f[ifaces[i]]);
		if (decides(rs, &key) == decides(back, &there))
			continue;
		show(rs, &key);
		show(back, &there);
		fail_msg("seed %llu (FW_SEED)", (unsigned long long)random_seed());
	}
}

/* Exported and imported again, random rulesets decide the same. */
static void test_back(void **state)
{
	unsigned rounds = random_amount("FW_EXPORTS", 200), rules = 0;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		struct fw_buf out[FORMATS] = { { 0 } };
		struct fw_ruleset *rs = exportable(out), *back = import_back(out);

		rules += back ? rs->nrules : 0;
		if (back)
			check_packets(rs, back);
		for (unsigned f = 0; f < FORMATS; f++)
			fw_buf_free(&out[f]);
		fw_ruleset_free(rs);
		fw_ruleset_free(back);
	}
	print_message("%u rules\n", rules);
	assert_true(rules > rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_back),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
