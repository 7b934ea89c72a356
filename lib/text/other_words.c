// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words of iptables, nft, ufw and pf that are none here: what to say instead. One
 * row a word; where it would stand says which hints can help.
 */
#include <ctype.h>

#include "lib/text/parse.h"

#define RULE FW_WORD_OF_RULE
#define TEXT FW_WORD_OF_TEXT
#define CHANGE FW_WORD_OF_CHANGE

#define NO_TRACKING \
	"there is no connection tracking; let replies in by a rule, as: in proto tcp flags not syn/syn,ack accept"
#define NO_CHAINS "there are no tables and chains: rules stand one a line, in one order"
#define NO_RATES "rules do not limit rates"
#define NO_NAT "fwd filters only, it translates no addresses"
#define A_RULE "a rule is like: rule in from 192.0.2.0/24 proto tcp dport 22 accept"
#define NOT "say 'not' behind the field: dport not 22, from not 10.0.0.0/8"

/* Our own verdicts, where a rule is without its first word. */
#define A_VERDICT_0(word)
#define A_VERDICT_1(word) { word, TEXT | CHANGE, "say 'rule ... " word "'" },
#define A_VERDICT(sym, word, terminal, rule, policy) A_VERDICT_##rule(word)

/* clang-format off */
static const struct {
	const char *word; /* in small letters */
	uint8_t where;
	const char *hint;
} words[] = {
	{ "saddr", RULE, "say 'from'" },
	{ "src", RULE, "say 'from'" },
	{ "source", RULE, "say 'from'" },
	{ "-s", RULE, "say 'from'" },
	{ "--src", RULE, "say 'from'" },
	{ "--source", RULE, "say 'from'" },
	{ "daddr", RULE, "say 'to'" },
	{ "dst", RULE, "say 'to'" },
	{ "destination", RULE, "say 'to'" },
	{ "-d", RULE, "say 'to'" },
	{ "--dst", RULE, "say 'to'" },
	{ "--destination", RULE, "say 'to'" },
	{ "iif", RULE, "say 'in on eth0'" },
	{ "iifname", RULE, "say 'in on eth0'" },
	{ "-i", RULE, "say 'in on eth0'" },
	{ "--in-interface", RULE, "say 'in on eth0'" },
	{ "oif", RULE, "say 'out on eth0'" },
	{ "oifname", RULE, "say 'out on eth0'" },
	{ "-o", RULE, "say 'out on eth0'" },
	{ "--out-interface", RULE, "say 'out on eth0'" },
	{ "interface", RULE, "say 'on eth0'" },
	{ "dev", RULE, "say 'on eth0'" },
	{ "input", RULE, "say 'in'" },
	{ "incoming", RULE, "say 'in'" },
	{ "output", RULE, "say 'out'" },
	{ "outgoing", RULE, "say 'out'" },
	{ "ipv4", RULE, "say 'ip'" },
	{ "ip4", RULE, "say 'ip'" },
	{ "ipv6", RULE, "say 'ip6'" },
	{ "inet", RULE, "leave it out: a rule is for both families unless it says 'ip' or 'ip6'" },
	{ "-p", RULE, "say 'proto'" },
	{ "--protocol", RULE, "say 'proto'" },
	{ "protocol", RULE, "say 'proto'" },
	{ "l4proto", RULE, "say 'proto'" },
	{ "nexthdr", RULE, "say 'proto'" },
	{ "meta", RULE, "leave 'meta' out: 'proto', 'on' and 'mark' stand alone" },
	{ "tcp", RULE, "say 'proto tcp'" },
	{ "udp", RULE, "say 'proto udp'" },
	{ "sctp", RULE, "say 'proto sctp'" },
	{ "th", RULE, "say 'proto { tcp, udp }'" },
	{ "icmp", RULE, "say 'proto icmp'" },
	{ "icmp6", RULE, "say 'proto icmp6'" },
	{ "icmpv6", RULE, "say 'proto icmp6'" },
	{ "ipv6-icmp", RULE, "say 'proto icmp6'" },
	{ "port", RULE, "say 'dport' or 'sport'" },
	{ "ports", RULE, "say 'dport' or 'sport'" },
	{ "--dport", RULE, "say 'dport'" },
	{ "--dports", RULE, "say 'dport { 80, 443 }'" },
	{ "--destination-port", RULE, "say 'dport'" },
	{ "--sport", RULE, "say 'sport'" },
	{ "--sports", RULE, "say 'sport { 80, 443 }'" },
	{ "--source-port", RULE, "say 'sport'" },
	{ "type", RULE, "say 'icmp-type' or 'icmp6-type'" },
	{ "--icmp-type", RULE, "say 'icmp-type'" },
	{ "--icmpv6-type", RULE, "say 'icmp6-type'" },
	{ "--tcp-flags", RULE, "say 'flags syn/syn,ack'" },
	{ "--syn", RULE, "say 'flags syn/syn,ack,fin,rst'" },
	{ "-f", RULE, "say 'frag later'" },
	{ "--fragment", RULE, "say 'frag later'" },
	{ "ether", RULE, "say 'ethertype'; hardware addresses are not matched" },
	{ "--mac-source", RULE, "hardware addresses are not matched" },
	{ "tos", RULE, "say 'dscp'" },
	{ "hoplimit", RULE, "say 'ttl'" },
	{ "ct", RULE, NO_TRACKING },
	{ "-m", RULE, "leave '-m' out: " NO_TRACKING },
	{ "state", RULE, NO_TRACKING },
	{ "--state", RULE, NO_TRACKING },
	{ "--ctstate", RULE, NO_TRACKING },
	{ "conntrack", RULE, NO_TRACKING },
	{ "established", RULE, NO_TRACKING },
	{ "keep", RULE, NO_TRACKING },
	{ "limit", RULE | TEXT | CHANGE, NO_RATES },
	{ "--limit", RULE, NO_RATES },
	{ "log", RULE, "rules log no packets; they count them (fwctl counters)" },
	{ "any", RULE, "leave it out: what a rule does not name may be anything" },
	{ "all", RULE, "leave it out: what a rule does not name may be anything" },
	{ "quick", RULE, "leave it out: the first rule that matches decides" },
	{ "!", RULE, NOT },
	{ "!=", RULE, NOT },
	{ "not", RULE, NOT },
	{ "-j", RULE, "leave it out: a rule ends with its verdict" },
	{ "--jump", RULE, "leave it out: a rule ends with its verdict" },
	{ "jump", RULE, NO_CHAINS },
	{ "goto", RULE, NO_CHAINS },
	{ "return", RULE, NO_CHAINS },
	{ "allow", RULE, "say 'accept'" },
	{ "permit", RULE, "say 'accept'" },
	{ "pass", RULE, "say 'accept'" },
	{ "deny", RULE, "say 'drop'" },
	{ "block", RULE, "say 'drop'" },
	{ "discard", RULE, "say 'drop'" },
	{ "reject", RULE, "say 'drop': rules send no answers, so there is no 'reject'" },
	{ "masquerade", RULE | TEXT, NO_NAT },
	{ "snat", RULE | TEXT, NO_NAT },
	{ "dnat", RULE | TEXT, NO_NAT },
	{ "redirect", RULE | TEXT, NO_NAT },
	{ "allow", TEXT | CHANGE, "say 'rule ... accept'" },
	{ "permit", TEXT | CHANGE, "say 'rule ... accept'" },
	{ "pass", TEXT | CHANGE, "say 'rule ... accept'" },
	{ "deny", TEXT | CHANGE, "say 'rule ... drop'" },
	{ "block", TEXT | CHANGE, "say 'rule ... drop'" },
	{ "reject", TEXT | CHANGE, "say 'rule ... drop': rules send no answers, so there is no 'reject'" },
	FW_VERDICTS(A_VERDICT)
	{ "default", TEXT | CHANGE, "say 'policy in drop'" },
	{ "add", TEXT, "a file of rules says 'rule ...'; changes go to `fwctl batch`" },
	{ "-a", TEXT, A_RULE },
	{ "-i", TEXT, A_RULE },
	{ "iptables", TEXT, A_RULE },
	{ "ip6tables", TEXT, A_RULE },
	{ "nft", TEXT, A_RULE },
	{ "ufw", TEXT, A_RULE },
	{ "-p", TEXT, "say 'policy in drop'" },
	{ ":input", TEXT, "say 'policy in drop'" },
	{ "*filter", TEXT, NO_CHAINS },
	{ "commit", TEXT, NO_CHAINS },
	{ "table", TEXT, NO_CHAINS },
	{ "chain", TEXT, NO_CHAINS },
	{ "define", TEXT, "say 'set NAME { ... }', and in rules '@NAME'" },
	{ "include", TEXT, "a ruleset is one file" },
	{ "flush", TEXT, "leave it out: a file that is loaded takes the place of all rules" },
	{ "rule", CHANGE, "say 'add rule ...'" },
	{ "append", CHANGE, "say 'add rule ...'" },
	{ "-a", CHANGE, "say 'add rule ...'" },
	{ "insert", CHANGE, "say 'add rule first ...'" },
	{ "-i", CHANGE, "say 'add rule first ...'" },
	{ "delete", CHANGE, "say 'del rule ...'" },
	{ "remove", CHANGE, "say 'del rule ...'" },
	{ "-d", CHANGE, "say 'del rule ...'" },
	{ "flush", CHANGE, "`fwctl flush` is a command of its own" },
};
/* clang-format on */

static bool same(struct fw_str s, const char *word)
{
	size_t i = 0;

	while (i < s.len && word[i] && tolower((unsigned char)s.s[i]) == word[i])
		i++;
	return i == s.len && !word[i];
}

const char *fw_other_word(struct fw_str s, enum fw_word_where where)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].where & where && same(s, words[i].word))
			return words[i].hint;
	return NULL;
}
