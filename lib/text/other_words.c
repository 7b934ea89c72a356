// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words of iptables, nft, ufw and pf that the rule language does not have, and
 * what to write instead. One row per word and kind of place where it may occur.
 */
#include <ctype.h>

#include "lib/text/parse.h"

#define RULE FW_WORD_OF_RULE
#define TEXT FW_WORD_OF_TEXT
#define CHANGE FW_WORD_OF_CHANGE

#define STATE \
	"write 'state established', or new, related, invalid, untracked, or a list: state { established, related }"
#define OWNER "write 'owner uid 1000', at the hook output"
#define NO_TABLES "there are no tables: define chains with 'chain NAME', and write one rule per line, in order"
#define A_LIMIT "write it before the verdict: ... limit 10/second accept"
#define NO_NAT "fwd only filters; it does not translate addresses"
#define A_RULE "a rule is like: rule in from 192.0.2.0/24 proto tcp dport 22 accept"
#define NOT "write 'not' after the field: dport not 22, from not 10.0.0.0/8"

/* Our own verdicts, where a rule is without its first word. */
#define A_VERDICT_0(word)
#define A_VERDICT_1(word) { word, TEXT | CHANGE, "write 'rule ... " word "'" },
#define A_VERDICT(sym, word, terminal, rule, policy) A_VERDICT_##rule(word)

/* clang-format off */
static const struct {
	const char *word; /* in lower case */
	uint8_t where;
	const char *hint;
} words[] = {
	{ "saddr", RULE, "write 'from'" },
	{ "src", RULE, "write 'from'" },
	{ "source", RULE, "write 'from'" },
	{ "-s", RULE, "write 'from'" },
	{ "--src", RULE, "write 'from'" },
	{ "--source", RULE, "write 'from'" },
	{ "daddr", RULE, "write 'to'" },
	{ "dst", RULE, "write 'to'" },
	{ "destination", RULE, "write 'to'" },
	{ "-d", RULE, "write 'to'" },
	{ "--dst", RULE, "write 'to'" },
	{ "--destination", RULE, "write 'to'" },
	{ "iif", RULE, "write 'in on eth0'" },
	{ "iifname", RULE, "write 'in on eth0'" },
	{ "-i", RULE, "write 'in on eth0'" },
	{ "--in-interface", RULE, "write 'in on eth0'" },
	{ "oif", RULE, "write 'out on eth0'" },
	{ "oifname", RULE, "write 'out on eth0'" },
	{ "-o", RULE, "write 'out on eth0'" },
	{ "--out-interface", RULE, "write 'out on eth0'" },
	{ "interface", RULE, "write 'on eth0'" },
	{ "dev", RULE, "write 'on eth0'" },
	{ "incoming", RULE, "write 'in'" },
	{ "outgoing", RULE, "write 'out'" },
	{ "ipv4", RULE, "write 'ip'" },
	{ "ip4", RULE, "write 'ip'" },
	{ "ipv6", RULE, "write 'ip6'" },
	{ "inet", RULE, "leave it out: a rule matches both families unless it has 'ip' or 'ip6'" },
	{ "-p", RULE, "write 'proto'" },
	{ "--protocol", RULE, "write 'proto'" },
	{ "protocol", RULE, "write 'proto'" },
	{ "l4proto", RULE, "write 'proto'" },
	{ "nexthdr", RULE, "write 'proto'" },
	{ "meta", RULE, "leave 'meta' out: write just 'proto', 'on' or 'mark'" },
	{ "tcp", RULE, "write 'proto tcp'" },
	{ "udp", RULE, "write 'proto udp'" },
	{ "sctp", RULE, "write 'proto sctp'" },
	{ "th", RULE, "write 'proto { tcp, udp }'" },
	{ "icmp", RULE, "write 'proto icmp'" },
	{ "icmp6", RULE, "write 'proto icmp6'" },
	{ "icmpv6", RULE, "write 'proto icmp6'" },
	{ "ipv6-icmp", RULE, "write 'proto icmp6'" },
	{ "port", RULE, "write 'dport' or 'sport'" },
	{ "ports", RULE, "write 'dport' or 'sport'" },
	{ "--dport", RULE, "write 'dport'" },
	{ "--dports", RULE, "write 'dport { 80, 443 }'" },
	{ "--destination-port", RULE, "write 'dport'" },
	{ "--sport", RULE, "write 'sport'" },
	{ "--sports", RULE, "write 'sport { 80, 443 }'" },
	{ "--source-port", RULE, "write 'sport'" },
	{ "type", RULE, "write 'icmp-type' or 'icmp6-type'" },
	{ "--icmp-type", RULE, "write 'icmp-type'" },
	{ "--icmpv6-type", RULE, "write 'icmp6-type'" },
	{ "--tcp-flags", RULE, "write 'flags syn/syn,ack'" },
	{ "--syn", RULE, "write 'flags syn/syn,ack,fin,rst'" },
	{ "-f", RULE, "write 'frag later'" },
	{ "--fragment", RULE, "write 'frag later'" },
	{ "ether", RULE, "write 'ethertype'; hardware addresses are not matched" },
	{ "--mac-source", RULE, "hardware addresses are not matched" },
	{ "tos", RULE, "write 'dscp'" },
	{ "hoplimit", RULE, "write 'ttl'" },
	{ "ct", RULE, STATE },
	{ "-m", RULE, "leave '-m' out: write just the match, such as 'state' or 'dport'" },
	{ "--state", RULE, STATE },
	{ "--ctstate", RULE, STATE },
	{ "conntrack", RULE, STATE },
	{ "established", RULE, STATE },
	{ "keep", RULE, STATE },
	{ "skuid", RULE, OWNER },
	{ "skgid", RULE, "write 'owner gid 1000', at the hook output" },
	{ "--uid-owner", RULE, OWNER },
	{ "--gid-owner", RULE, "write 'owner gid 1000', at the hook output" },
	{ "limit", RULE, A_LIMIT },
	{ "--limit", RULE, A_LIMIT },
	{ "limit", TEXT | CHANGE, "write 'rule ... limit 10/second accept'" },
	{ "log", RULE, "write it before the verdict: ... log accept" },
	{ "with", RULE, "only 'reject' has kinds: reject with tcp-reset" },
	{ "any", RULE, "leave it out: a field that is not named matches any value" },
	{ "all", RULE, "leave it out: a field that is not named matches any value" },
	{ "quick", RULE, "leave it out: the first rule that matches decides" },
	{ "!", RULE, NOT },
	{ "!=", RULE, NOT },
	{ "not", RULE, NOT },
	{ "-j", RULE, "leave it out: a rule ends with its verdict, such as accept, or jump CHAIN" },
	{ "--jump", RULE, "leave it out: a rule ends with its verdict, such as accept, or jump CHAIN" },
	{ "allow", RULE, "write 'accept'" },
	{ "permit", RULE, "write 'accept'" },
	{ "pass", RULE, "write 'accept'" },
	{ "deny", RULE, "write 'drop'" },
	{ "block", RULE, "write 'drop'" },
	{ "discard", RULE, "write 'drop'" },
	{ "masquerade", RULE | TEXT, NO_NAT },
	{ "snat", RULE | TEXT, NO_NAT },
	{ "dnat", RULE | TEXT, NO_NAT },
	{ "redirect", RULE | TEXT, NO_NAT },
	{ "allow", TEXT | CHANGE, "write 'rule ... accept'" },
	{ "permit", TEXT | CHANGE, "write 'rule ... accept'" },
	{ "pass", TEXT | CHANGE, "write 'rule ... accept'" },
	{ "deny", TEXT | CHANGE, "write 'rule ... drop'" },
	{ "block", TEXT | CHANGE, "write 'rule ... drop'" },
	FW_VERDICTS(A_VERDICT)
	{ "default", TEXT | CHANGE, "write 'policy in drop'" },
	{ "add", TEXT, "in a file of rules write 'rule ...'; for changes use `fwctl batch`" },
	{ "-a", TEXT, A_RULE },
	{ "-i", TEXT, A_RULE },
	{ "iptables", TEXT, A_RULE },
	{ "ip6tables", TEXT, A_RULE },
	{ "nft", TEXT, A_RULE },
	{ "ufw", TEXT, A_RULE },
	{ "-p", TEXT, "write 'policy in drop'" },
	{ ":input", TEXT, "write 'policy in drop'" },
	{ "*filter", TEXT, NO_TABLES },
	{ "commit", TEXT, NO_TABLES },
	{ "table", TEXT, NO_TABLES },
	{ "define", TEXT, "write 'set NAME { ... }', and in rules '@NAME'" },
	{ "include", TEXT, "a ruleset is one file" },
	{ "flush", TEXT, "leave it out: loading a file replaces all rules" },
	{ "rule", CHANGE, "write 'add rule ...'" },
	{ "append", CHANGE, "write 'add rule ...'" },
	{ "-a", CHANGE, "write 'add rule ...'" },
	{ "insert", CHANGE, "write 'add rule first ...'" },
	{ "-i", CHANGE, "write 'add rule first ...'" },
	{ "delete", CHANGE, "write 'del rule ...'" },
	{ "remove", CHANGE, "write 'del rule ...'" },
	{ "-d", CHANGE, "write 'del rule ...'" },
	{ "flush", CHANGE, "use the command `fwctl flush`" },
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
