/* SPDX-License-Identifier: GPL-2.0-only */
/* Probes of real targets: TCP connections, and ICMP echoes by the kernel's ping sockets, which need no privilege. */
#ifndef AGENT_PROBER_H
#define AGENT_PROBER_H

#include "local.h"

#include "fw/fleet/http.h"
#include "fw/fleet/probe.h"

/* @targets is copied; the rest is borrowed. 0 or -ENOMEM. */
int prober_open(struct fw_loop *loop, struct fw_http *http, const struct fw_probes *targets, struct probes **out);
void prober_close(struct probes *p); /* NULL is fine */

#endif
