/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rule of the nft table of netfilter's hooks rejects a packet: bpf/answer.h. */
#ifndef FW_ANSWER_H
#define FW_ANSWER_H

#include "fw/table/verdict.h"

/* Rule 0 resets a TCP connection; the others send ICMP messages, of each kind one for IPv4 and one for IPv6. */
#define FW_ANSWER_RESET 0
#define FW_ANSWER_ICMP(kind, v6) (1 + ((kind)-FW_REJECT_PORT_UNREACHABLE) * 2 + (v6))
#define FW_ANSWERS FW_ANSWER_ICMP(FW_NREJECTS, 0)

#endif
