/* SPDX-License-Identifier: GPL-2.0-only */
/* Targets that a host must reach to be well, as the setting `probes` names them. */
#ifndef FW_FLEET_PROBE_H
#define FW_FLEET_PROBE_H

#include "fw/base.h"

#include <netinet/in.h>

#define FW_PROBES_MAX 16
#define FW_PROBE_NAME 80

enum fw_probe_kind { FW_PROBE_TCP, FW_PROBE_ICMP };

struct fw_probe {
	enum fw_probe_kind kind;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to; /* port 0 for ICMP */
	socklen_t tolen;
	char name[FW_PROBE_NAME]; /* as written */
};
struct fw_probes {
	struct fw_probe probe[FW_PROBES_MAX];
	unsigned n;
};

/* Reads `tcp:ADDRESS:PORT` and `icmp:ADDRESS`, separated by spaces; IPv6 addresses as [2001:db8::1]. 0 or -EINVAL. */
int fw_probes_parse(const char *text, struct fw_probes *out);

#endif
