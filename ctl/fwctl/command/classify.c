// SPDX-License-Identifier: GPL-2.0-only
/* fwctl classify: which rule decides on a packet. */
#include "classify.h"
#include "rows.h"
#include "ctl/fwctl/output/message.h"

static const struct ctl_option *const options[] = {
	&ctl_opt_rules, &ctl_opt_pcap, &ctl_opt_format, &ctl_opt_kernel, NULL,
};

static int run(const struct ctl_settings *s, int n, char **operands)
{
	if (!n && !s->pcap) {
		ctl_error("classify: missing packet");
		ctl_hint("fwctl classify 'tcp 10.0.0.1:999 > 192.0.2.1:80 in eth0', or --pcap FILE");
		return CTL_USAGE;
	}
	if (s->rules)
		return ctl_classify_rules(s, n, operands);
	if (s->kernel || s->format) {
		ctl_error("classify: %s needs --rules FILE", s->kernel ? "--kernel" : "--format");
		return CTL_USAGE;
	}
	return ctl_classify_fwd(s, n, operands);
}

const struct ctl_command ctl_classify = {
	.name = "classify",
	.operands = "PACKET...",
	.summary = "show which rule decides on a packet",
	.details =
		"A packet is one argument:\n"
		"  'tcp 10.0.0.1:999 > 192.0.2.1:80 in eth0'   'udp [2001:db8::1]:53 > [2001:db8::2]:53 out'\n"
		"  'tcp 10.0.0.1:999 > 192.0.2.1:80 forward from-if eth0 to-if eth1 state established'\n"
		"  further words: vlan N, dscp X, ttl N, flags F,F, frag first|later, length N, mark N, type T,\n"
		"  packet-type P, tcp-option O,O, mss N, ip-option O,O, rt-type N, next-header P,\n"
		"  code C, uid N, gid N (at output), pppoe (in a PPPoE session). Without `state` it is new.\n"
		"Packets of a capture are incoming, on no interface, without state. fwd's live tables answer.\n"
		"All limits and numbers of connections are taken as kept: `limit` matches, `limit over` and `connections` do\n"
		"not, and no packet counts towards them.\n\n"
		"The answer lists the rules that counted the packet and went on, also those that returned from a chain (`counted`),\n"
		"the rule that decides, and the rules that led to its chain, that of the main list first (`through`).\n"
		"With --rules, the rules of a file answer, without fwd and without privileges. The answer also lists the rules\n"
		"that match after the one that decides in its chain (`shadows`), and is compared with a linear search of the rules.\n"
		"With --kernel, incoming packets also go through the XDP program, or through tc if the ruleset or the packet\n"
		"has a mark; outgoing ones go through tc. Packets at other hooks, and all packets if a rule names their state or\n"
		"owner, from-if or to-if, are shown to a program that answers without them being sent.\n\n"
		"JSON, one object per packet: packet, verdict, rule {id, name, verdict, text, ...} or null, reason (the policy\n"
		"that decided when no rule did) or null, through and counted (arrays of rules); at last {ok}.\n"
		"With --rules: packet, verdict, rule, through, policy or null, counted,\n"
		"shadows (the first 10 rules that match too), shadowed (how many there are), kernel (true: the kernel gave\n"
		"the same answer), kernel_not_asked (why, or null).\n",
	.options = options,
	.max_operands = -1,
	.run = run,
};
