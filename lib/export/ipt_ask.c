// SPDX-License-Identifier: GPL-2.0-only
/* Options of iptables that a rule asks for, as they are collected. */
#include <netinet/in.h>
#include <stdarg.h>

#include "lib/export/ipt.h"

void ipt_match_free(struct ipt_match *m)
{
	fw_buf_free(&m->line);
	for (size_t i = 0; i < m->n; i++) {
		for (size_t k = 0; k < m->asks[i].n; k++)
			free(m->asks[i].options[k]);
		free(m->asks[i].options);
	}
}

/* There are not more asks than fields, a part of their values, and two sides. */
_Static_assert(IPT_ASKS > 24, "a rule has room for what it asks");
struct ipt_ask *ipt_ask_new(struct ipt_match *m, bool none)
{
	struct ipt_ask *ask = &m->asks[m->n++];

	ask->none = none;
	return ask;
}

void ipt_ask_add(struct ipt_match *m, struct ipt_ask *ask, const char *fmt, ...)
{
	char *text;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {
		m->failed = true;
	} else if (fw_vec_push(ask->options, ask->n, ask->cap, text)) {
		free(text);
		m->failed = true;
	}
}

void ipt_print_proto(struct fw_buf *b, int proto)
{
	static const char *const names[256] = {
		[IPPROTO_TCP] = "tcp",   [IPPROTO_UDP] = "udp", [IPPROTO_ICMP] = "icmp", [IPPROTO_ICMPV6] = "ipv6-icmp",
		[IPPROTO_SCTP] = "sctp", [IPPROTO_GRE] = "gre", [IPPROTO_ESP] = "esp",   [IPPROTO_AH] = "ah"
	};

	if (names[proto])
		fw_buf_printf(b, " -p %s", names[proto]);
	else
		fw_buf_printf(b, " -p %d", proto);
}
