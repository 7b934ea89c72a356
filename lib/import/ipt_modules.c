// SPDX-License-Identifier: GPL-2.0-only
/* All matches and targets that rules can say, and what the others would need. */
#include "lib/import/ipt_match.h"

static const struct ipt_module *const matches[] = {
	&ipt_tcp,    &ipt_udp,       &ipt_udplite,  &ipt_sctp, &ipt_dccp,  &ipt_icmp4,     &ipt_icmp6,
	&ipt_icmpv6, &ipt_multiport, &ipt_tcpmss,   &ipt_ttl,  &ipt_hl,    &ipt_length,    &ipt_dscp,
	&ipt_mark,   &ipt_mac,       &ipt_pkttype,  &ipt_rt,   &ipt_owner, &ipt_comment,   &ipt_conntrack,
	&ipt_state,  &ipt_iprange,   &ipt_addrtype, &ipt_set,  &ipt_limit, &ipt_hashlimit, &ipt_recent,
};

static const struct ipt_module *const targets[] = {
	&ipt_accept, &ipt_drop, &ipt_return, &ipt_reject, &ipt_log, &ipt_nflog, &ipt_mark_target, &ipt_set_target,
};

static const struct ipt_module *find(const struct ipt_module *const *m, size_t n, const char *name, enum ipt_family f)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(m[i]->name, name) && (!m[i]->families || m[i]->families & IPT_FAMILY_BIT(f)))
			return m[i];
	return NULL;
}

const struct ipt_module *ipt_match_find(const char *name, enum ipt_family f)
{
	return find(matches, sizeof(matches) / sizeof(*matches), name, f);
}

const struct ipt_module *ipt_target_find(const char *name, enum ipt_family f)
{
	return find(targets, sizeof(targets) / sizeof(*targets), name, f);
}

const char *ipt_match_of_proto(int proto)
{
	static const struct {
		int proto;
		const char *match;
	} rows[] = { { 6, "tcp" },    { 17, "udp" },  { 1, "icmp" },     { 58, "icmp6" },
		     { 132, "sctp" }, { 33, "dccp" }, { 136, "udplite" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].proto == proto)
			return rows[i].match;
	return NULL;
}

const char *ipt_missing(const char *name, enum fw_import_reason *reason)
{
	static const struct {
		const char *name;
		enum fw_import_reason reason;
		const char *why;
	} rows[] = {
		{ "connlimit", FW_IMPORT_AS_STATE,
		  "-m connlimit counts connections that the rule has seen; `connections per from` counts all of an address" },
		{ "string", FW_IMPORT_AS_MATCH, "rules do not search packets for a text" },
		{ "u32", FW_IMPORT_AS_MATCH, "rules do not look at bytes of packets" },
		{ "bpf", FW_IMPORT_AS_MATCH, "rules do not run programs" },
		{ "physdev", FW_IMPORT_AS_MATCH, "rules do not know ports of bridges at the host's hooks" },
		{ "rpfilter", FW_IMPORT_AS_MATCH,
		  "rules do not ask for the way back: net.ipv4.conf.*.rp_filter does for IPv4" },
		{ "time", FW_IMPORT_AS_MATCH, "rules do not know the time of day" },
		{ "quota", FW_IMPORT_AS_STATE, "rules do not count down bytes" },
		{ "statistic", FW_IMPORT_AS_STATE, "rules do not decide by chance, or on every nth packet" },
		{ "helper", FW_IMPORT_AS_MATCH, "rules do not know which helper a connection has" },
		{ "connmark", FW_IMPORT_AS_MATCH, "rules do not know marks of connections" },
		{ "connbytes", FW_IMPORT_AS_MATCH, "rules do not know how much a connection has carried" },
		{ "geoip", FW_IMPORT_AS_SET, "rules do not know countries: use a set of their prefixes" },
		{ "policy", FW_IMPORT_AS_MATCH, "rules do not know whether a packet came by IPsec" },
		{ "socket", FW_IMPORT_AS_MATCH, "rules do not know whether a socket waits for a packet" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, name)) {
			*reason = rows[i].reason;
			return rows[i].why;
		}
	return NULL;
}

static const struct {
	const char *name;
	bool changing;
} other_targets[] = {
	{ "MARK", true },        { "CONNMARK", true },   { "CT", true },          { "NOTRACK", true },
	{ "TRACE", true },       { "TCPMSS", true },     { "CLASSIFY", true },    { "CHECKSUM", true },
	{ "TOS", true },         { "DSCP", true },       { "TTL", true },         { "HL", true },
	{ "TEE", true },         { "SECMARK", true },    { "CONNSECMARK", true }, { "TCPOPTSTRIP", true },
	{ "HMARK", true },       { "IDLETIMER", true },  { "LED", true },         { "RATEEST", true },
	{ "AUDIT", true },       { "ULOG", true },       { "ECN", true },         { "QUEUE", false },
	{ "NFQUEUE", false },    { "TPROXY", false },    { "SYNPROXY", false },   { "TARPIT", false },
	{ "MASQUERADE", false }, { "SNAT", false },      { "DNAT", false },       { "REDIRECT", false },
	{ "NETMAP", false },     { "CLUSTERIP", false },
};
#define OTHER_TARGETS (sizeof(other_targets) / sizeof(*other_targets))

bool ipt_is_target(const char *name)
{
	for (size_t i = 0; i < OTHER_TARGETS; i++)
		if (!strcmp(other_targets[i].name, name))
			return true;
	return ipt_target_find(name, IPT_V4);
}

bool ipt_is_changing(const char *name)
{
	for (size_t i = 0; i < OTHER_TARGETS; i++)
		if (!strcmp(other_targets[i].name, name))
			return other_targets[i].changing;
	return false;
}
