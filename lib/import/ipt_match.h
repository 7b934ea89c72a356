/* SPDX-License-Identifier: GPL-2.0-only */
/* The matches and targets of iptables, and what they have in common. */
#ifndef FW_IMPORT_IPT_MATCH_H
#define FW_IMPORT_IPT_MATCH_H

#include "lib/import/ipt_said.h"

/* What rules match on by protocol: ports, flags, types of ICMP (ipt_ports.c). */
extern const struct ipt_module ipt_tcp, ipt_udp, ipt_udplite, ipt_sctp, ipt_dccp, ipt_icmp4, ipt_icmp6, ipt_icmpv6,
	ipt_multiport, ipt_tcpmss;
/* Properties of packets (ipt_packet.c). */
extern const struct ipt_module ipt_ttl, ipt_hl, ipt_length, ipt_dscp, ipt_mark, ipt_mac, ipt_pkttype, ipt_rt, ipt_owner,
	ipt_comment, ipt_conntrack, ipt_state;
/* Sets and kinds of addresses (ipt_addr.c). */
extern const struct ipt_module ipt_iprange, ipt_addrtype, ipt_set;
/* What remembers packets (ipt_memory.c). */
extern const struct ipt_module ipt_limit, ipt_hashlimit, ipt_recent;
/* Targets (ipt_target.c). */
extern const struct ipt_module ipt_accept, ipt_drop, ipt_return, ipt_reject, ipt_log, ipt_nflog, ipt_mark_target,
	ipt_set_target;

/* What else iptables has, and what rules lack for it. NULL: nothing is known of the name. */
const char *ipt_missing(const char *name, enum fw_import_reason *reason);
/* One that changes packets or what the kernel keeps of them, and goes on? */
bool ipt_is_changing(const char *name);

#endif
