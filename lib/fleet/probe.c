// SPDX-License-Identifier: GPL-2.0-only
/* Reading the setting `probes`. */
#include "fw/fleet/probe.h"

#include <arpa/inet.h>
#include <string.h>

#define PORT_DIGITS 5

/* An address, IPv6 ones in brackets, of @len bytes. 0 or -EINVAL. */
static int read_address(const char *text, size_t len, struct fw_probe *out)
{
	bool six = len > 2 && text[0] == '[' && text[len - 1] == ']';
	char address[INET6_ADDRSTRLEN] = "";

	if (six) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	out->to.sa.sa_family = six ? AF_INET6 : AF_INET;
	out->tolen = six ? sizeof(out->to.in6) : sizeof(out->to.in);
	return inet_pton(out->to.sa.sa_family, address, six ? (void *)&out->to.in6.sin6_addr : &out->to.in.sin_addr) ==
			       1 ?
		       0 :
		       -EINVAL;
}

/* `:PORT` at the end of a target. @len: of what is in front of it. 0 or -EINVAL. */
static int read_port(const char *text, size_t *len, struct fw_probe *out)
{
	const char *colon = memrchr(text, ':', *len);
	unsigned port = 0;

	if (!colon || colon + 1 == text + *len || colon + 1 + PORT_DIGITS < text + *len)
		return -EINVAL;
	for (const char *p = colon + 1; p < text + *len; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		port = port * 10 + (unsigned)(*p - '0');
	}
	if (!port || port > UINT16_MAX)
		return -EINVAL;
	out->to.in.sin_port = htons((uint16_t)port); /* the same place in both kinds of addresses */
	*len = (size_t)(colon - text);
	return 0;
}

static int read_probe(const char *word, size_t len, struct fw_probe *out)
{
	bool tcp = len > 4 && !memcmp(word, "tcp:", 4), icmp = len > 5 && !memcmp(word, "icmp:", 5);
	size_t kind = tcp ? 4 : 5, left = len - kind;

	if ((!tcp && !icmp) || len >= sizeof(out->name))
		return -EINVAL;
	memcpy(out->name, word, len);
	out->kind = tcp ? FW_PROBE_TCP : FW_PROBE_ICMP;
	if (tcp && read_port(word + kind, &left, out))
		return -EINVAL;
	return read_address(word + kind, left, out);
}

int fw_probes_parse(const char *text, struct fw_probes *out)
{
	struct fw_probes found = { .n = 0 };

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		if (found.n == FW_PROBES_MAX || read_probe(text, len, &found.probe[found.n]))
			return -EINVAL;
		found.n++;
		text += len;
	}
	*out = found;
	return 0;
}
