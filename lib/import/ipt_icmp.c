// SPDX-License-Identifier: GPL-2.0-only
/* Types of ICMP and ICMPv6 by the names that iptables has for them. */
#include <strings.h>

#include "lib/import/ipt_values.h"

struct icmp_name {
	const char *name;
	int type, code; /* -1: any */
};

static const struct icmp_name v4_names[] = {
	{ "any", -1, -1 },
	{ "echo-reply", 0, -1 },
	{ "pong", 0, -1 },
	{ "destination-unreachable", 3, -1 },
	{ "network-unreachable", 3, 0 },
	{ "host-unreachable", 3, 1 },
	{ "protocol-unreachable", 3, 2 },
	{ "port-unreachable", 3, 3 },
	{ "fragmentation-needed", 3, 4 },
	{ "source-route-failed", 3, 5 },
	{ "network-unknown", 3, 6 },
	{ "host-unknown", 3, 7 },
	{ "network-prohibited", 3, 9 },
	{ "host-prohibited", 3, 10 },
	{ "TOS-network-unreachable", 3, 11 },
	{ "TOS-host-unreachable", 3, 12 },
	{ "communication-prohibited", 3, 13 },
	{ "host-precedence-violation", 3, 14 },
	{ "precedence-cutoff", 3, 15 },
	{ "source-quench", 4, -1 },
	{ "redirect", 5, -1 },
	{ "network-redirect", 5, 0 },
	{ "host-redirect", 5, 1 },
	{ "TOS-network-redirect", 5, 2 },
	{ "TOS-host-redirect", 5, 3 },
	{ "echo-request", 8, -1 },
	{ "ping", 8, -1 },
	{ "router-advertisement", 9, -1 },
	{ "router-solicitation", 10, -1 },
	{ "time-exceeded", 11, -1 },
	{ "ttl-exceeded", 11, -1 },
	{ "ttl-zero-during-transit", 11, 0 },
	{ "ttl-zero-during-reassembly", 11, 1 },
	{ "parameter-problem", 12, -1 },
	{ "ip-header-bad", 12, 0 },
	{ "required-option-missing", 12, 1 },
	{ "timestamp-request", 13, -1 },
	{ "timestamp-reply", 14, -1 },
	{ "address-mask-request", 17, -1 },
	{ "address-mask-reply", 18, -1 },
	{ NULL, 0, 0 },
};

static const struct icmp_name v6_names[] = {
	{ "destination-unreachable", 1, -1 },
	{ "no-route", 1, 0 },
	{ "communication-prohibited", 1, 1 },
	{ "beyond-scope", 1, 2 },
	{ "address-unreachable", 1, 3 },
	{ "port-unreachable", 1, 4 },
	{ "failed-policy", 1, 5 },
	{ "reject-route", 1, 6 },
	{ "packet-too-big", 2, -1 },
	{ "time-exceeded", 3, -1 },
	{ "ttl-exceeded", 3, -1 },
	{ "ttl-zero-during-transit", 3, 0 },
	{ "ttl-zero-during-reassembly", 3, 1 },
	{ "parameter-problem", 4, -1 },
	{ "bad-header", 4, 0 },
	{ "unknown-header-type", 4, 1 },
	{ "unknown-option", 4, 2 },
	{ "echo-request", 128, -1 },
	{ "ping", 128, -1 },
	{ "echo-reply", 129, -1 },
	{ "pong", 129, -1 },
	{ "mld-listener-query", 130, -1 },
	{ "mld-listener-report", 131, -1 },
	{ "mld-listener-done", 132, -1 },
	{ "mld-listener-reduction", 132, -1 },
	{ "router-solicitation", 133, -1 },
	{ "router-advertisement", 134, -1 },
	{ "neighbour-solicitation", 135, -1 },
	{ "neighbor-solicitation", 135, -1 },
	{ "neighbour-advertisement", 136, -1 },
	{ "neighbor-advertisement", 136, -1 },
	{ "redirect", 137, -1 },
	{ NULL, 0, 0 },
};

/* A name may be cut short, as long as no other name begins like it. */
static bool by_name(const char *s, const struct icmp_name *names, int *type, int *code)
{
	const struct icmp_name *found = NULL;

	for (; names->name && *s; names++) {
		if (strncasecmp(names->name, s, strlen(s)) != 0)
			continue;
		if (found)
			return false;
		found = names;
	}
	if (!found)
		return false;
	*type = found->type;
	*code = found->code;
	return true;
}

bool ipt_icmp(const char *s, enum ipt_family family, int *type, int *code)
{
	const char *slash = strchr(s, '/');
	char first[16];
	uint64_t number;

	*code = -1;
	if (by_name(s, family == IPT_V6 ? v6_names : v4_names, type, code))
		return true;
	if (snprintf(first, sizeof(first), "%.*s", slash ? (int)(slash - s) : (int)strlen(s), s) >=
		    (int)sizeof(first) ||
	    !ipt_number(first, 255, &number))
		return false;
	*type = (int)number;
	if (!slash)
		return true;
	if (!ipt_number(slash + 1, 255, &number))
		return false;
	*code = (int)number;
	return true;
}
