// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, protocols, ports, addresses and rates as iptables reads them. Names are looked up as iptables does. */
#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <strings.h>

#include "lib/import/ipt_values.h"

bool ipt_number(const char *s, uint64_t max, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*out = strtoull(s, &end, 0);
	return !errno && !*end && *out <= max;
}

bool ipt_masked(const char *s, uint32_t *value, uint32_t *mask)
{
	uint64_t v, m = UINT32_MAX;
	const char *slash = strchr(s, '/');
	char first[24];

	if (snprintf(first, sizeof(first), "%.*s", slash ? (int)(slash - s) : (int)strlen(s), s) >=
		    (int)sizeof(first) ||
	    !ipt_number(first, UINT32_MAX, &v) || (slash && !ipt_number(slash + 1, UINT32_MAX, &m)))
		return false;
	*value = (uint32_t)v;
	*mask = (uint32_t)m;
	return true;
}

static const struct {
	const char *name;
	int number;
	bool ours; /* a word of our language, too */
} protos[] = {
	{ "all", 0, false },   { "tcp", 6, true },       { "udp", 17, true },        { "icmp", 1, true },
	{ "icmp6", 58, true }, { "icmpv6", 58, false },  { "ipv6-icmp", 58, false }, { "sctp", 132, true },
	{ "dccp", 33, true },  { "udplite", 136, true }, { "gre", 47, true },        { "esp", 50, true },
	{ "ah", 51, false },   { "igmp", 2, false },     { "ipv6-mh", 135, false },  { "mh", 135, false },
	{ "ipv6", 41, false }, { "ospf", 89, false },    { "vrrp", 112, false },     { "ipip", 94, false },
	{ "pim", 103, false },
};

int ipt_proto(const char *s)
{
	char lower[32];
	const struct protoent *found;
	uint64_t number;
	size_t i;

	if (ipt_number(s, 255, &number))
		return (int)number;
	for (i = 0; i < sizeof(lower) - 1 && s[i]; i++)
		lower[i] = (char)tolower((unsigned char)s[i]);
	lower[i] = '\0';
	for (i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (!strcmp(protos[i].name, lower))
			return protos[i].number;
	found = isalpha((unsigned char)lower[0]) ? getprotobyname(lower) : NULL;
	return found ? found->p_proto : -1;
}

const char *ipt_proto_word(int proto)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (protos[i].ours && protos[i].number == proto)
			return protos[i].name;
	return NULL;
}

/* Copies @len bytes of @s. false: they do not fit. */
static bool cut(char *out, size_t size, const char *s, size_t len)
{
	if (len >= size)
		return false;
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

bool ipt_range(const char *s, char sep, uint64_t max, uint64_t *from, uint64_t *to)
{
	const char *mid = strchr(s, sep);
	char first[32];

	*from = 0;
	*to = max;
	if (!mid) {
		if (!ipt_number(s, max, from))
			return false;
		*to = *from;
		return true;
	}
	if (!cut(first, sizeof(first), s, (size_t)(mid - s)))
		return false;
	return (!*first || ipt_number(first, max, from)) && (!mid[1] || ipt_number(mid + 1, max, to)) && *from <= *to;
}

static bool port(const char *s, int proto, unsigned *out)
{
	const struct protoent *p;
	const struct servent *service;
	uint64_t number;

	if (ipt_number(s, 65535, &number)) {
		*out = (unsigned)number;
		return true;
	}
	p = isalpha((unsigned char)*s) ? getprotobynumber(proto) : NULL;
	service = p ? getservbyname(s, p->p_name) : NULL;
	if (!service)
		return false;
	*out = ntohs((uint16_t)service->s_port);
	return true;
}

/* Names may have a `-`, so only `:` parts a range. */
int ipt_ports(const char *s, int proto, unsigned *from, unsigned *to)
{
	const char *mid = strchr(s, ':');
	char first[64];

	*from = 0;
	*to = 65535;
	if (!mid) {
		if (!port(s, proto, from))
			return -EINVAL;
		*to = *from;
		return 0;
	}
	if (!cut(first, sizeof(first), s, (size_t)(mid - s)) || (*first && !port(first, proto, from)) ||
	    (mid[1] && !port(mid + 1, proto, to)))
		return -EINVAL;
	return *from <= *to ? 0 : -EINVAL;
}

/* An IPv4 address; a network may lack its last numbers: 10, 192.168. Return: how many it has; 0: it is none. */
static int v4_addr(const char *s, uint8_t out[4])
{
	int n = 0;

	memset(out, 0, 4);
	for (; n < 4; s++) {
		unsigned v = 0, digits = 0;

		for (; isdigit((unsigned char)*s) && digits < 4; s++, digits++)
			v = 10 * v + (unsigned)(*s - '0');
		if (!digits || v > 255)
			return 0;
		out[n++] = (uint8_t)v;
		if (!*s)
			return n;
		if (*s != '.')
			return 0;
	}
	return 0;
}

/* The length of a mask; -1: it is no prefix. */
static int mask_len(const uint8_t *mask, unsigned bytes)
{
	int len = 0;

	for (unsigned i = 0; i < 8 * bytes; i++) {
		if (!(mask[i / 8] & 0x80 >> i % 8))
			continue;
		if (len != (int)i)
			return -1;
		len++;
	}
	return len;
}

static bool read_addr(const char *s, enum ipt_family family, bool whole, uint8_t *out)
{
	if (family == IPT_V6)
		return inet_pton(AF_INET6, s, out) == 1;
	return whole ? v4_addr(s, out) == 4 : v4_addr(s, out) > 0;
}

static bool read_mask(const char *s, enum ipt_family family, unsigned *len)
{
	unsigned bytes = family == IPT_V6 ? 16 : 4;
	uint8_t mask[16];
	uint64_t number;
	int n;

	if (ipt_number(s, 8 * bytes, &number)) {
		*len = (unsigned)number;
		return true;
	}
	n = read_addr(s, family, true, mask) ? mask_len(mask, bytes) : -1;
	*len = (unsigned)n;
	return n >= 0;
}

bool ipt_net(const char *s, enum ipt_family family, struct ipt_net *out)
{
	const char *slash = strchr(s, '/');
	unsigned bytes = family == IPT_V6 ? 16 : 4;
	char addr[64];

	*out = (struct ipt_net){ .family = family, .len = 8 * bytes };
	if (!cut(addr, sizeof(addr), s, slash ? (size_t)(slash - s) : strlen(s)) ||
	    !read_addr(addr, family, false, out->addr) || (slash && !read_mask(slash + 1, family, &out->len)))
		return false;
	for (unsigned i = out->len; i < 8 * bytes; i++)
		out->addr[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return true;
}

const char *ipt_addr_text(enum ipt_family family, const uint8_t *addr, char out[48])
{
	return inet_ntop(family == IPT_V6 ? AF_INET6 : AF_INET, addr, out, 48);
}

bool ipt_print_between(struct fw_buf *b, enum ipt_family family, const char *text)
{
	int af = family == IPT_V6 ? AF_INET6 : AF_INET;
	const char *dash = strchr(text, '-');
	uint8_t from[16], to[16];
	char first[64], shown[48];

	snprintf(first, sizeof(first), "%.*s", dash ? (int)(dash - text) : (int)strlen(text), text);
	if (inet_pton(af, first, from) != 1 || inet_pton(af, dash ? dash + 1 : first, to) != 1 ||
	    memcmp(from, to, af == AF_INET ? 4 : 16) > 0)
		return false;
	fw_buf_printf(b, "%s", ipt_addr_text(family, from, shown));
	if (memcmp(from, to, af == AF_INET ? 4 : 16) != 0)
		fw_buf_printf(b, "-%s", ipt_addr_text(family, to, shown));
	return true;
}

void ipt_print_net(struct fw_buf *b, const struct ipt_net *net)
{
	char text[48];

	fw_buf_printf(b, "%s", ipt_addr_text(net->family, net->addr, text));
	if (net->len != (net->family == IPT_V6 ? 128 : 32))
		fw_buf_printf(b, "/%u", net->len);
}

static const struct {
	const char *word;
	unsigned seconds;
} units[] = { { "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 } };

unsigned ipt_unit_seconds(const char *unit)
{
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(units[i].word, unit))
			return units[i].seconds;
	return 0;
}

bool ipt_rate(const char *s, uint64_t max, uint64_t *packets, const char **unit)
{
	const char *slash = strchr(s, '/');
	char number[24];

	*unit = units[0].word;
	if (!cut(number, sizeof(number), s, slash ? (size_t)(slash - s) : strlen(s)) ||
	    !ipt_number(number, max, packets) || !*packets)
		return false;
	if (!slash)
		return true;
	for (size_t i = 0; i < 4 && slash[1]; i++)
		if (!strncasecmp(units[i].word, slash + 1, strlen(slash + 1))) {
			*unit = units[i].word;
			return true;
		}
	return false;
}
