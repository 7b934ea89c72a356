// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/untracked.h"

#include <linux/in.h>
#include <linux/in6.h>
#include <stddef.h>

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, ECE = 64, CWR = 128 };

static bool icmp_error(const struct fw_key *key)
{
	static const uint8_t types[] = { 3, 4, 5, 11, 12 };

	if (key->f[FW_F_PROTO] == IPPROTO_ICMPV6)
		return key->f[FW_F_ICMP_TYPE] < 128;
	for (size_t i = 0; i < sizeof(types); i++)
		if (key->f[FW_F_ICMP_TYPE] == types[i])
			return true;
	return false;
}

/* URG goes with any segment but RST and SYN/ACK. */
static uint32_t tcp_state(uint32_t flags, bool loose)
{
	flags &= ~(uint32_t)(PSH | ECE | CWR);
	if (flags == SYN || flags == (SYN | 32))
		return FW_STATE_NEW;
	return loose && (flags == ACK || flags == (ACK | 32)) ? FW_STATE_NEW : FW_STATE_INVALID;
}

uint32_t untracked_state(const struct fw_key *key, bool loose)
{
	if (key->f[FW_F_HOOK] == FW_OUT)
		return key->family == FW_FAMILY_NONE ? (uint32_t)FW_ABSENT_STATE : (uint32_t)FW_STATE_INVALID;
	if (key->reason != FW_R_NONE || key->f[FW_F_FRAG] == FW_FRAG_LATER)
		return FW_ABSENT_STATE;
	switch (key->f[FW_F_PROTO]) {
	case IPPROTO_TCP:
		return tcp_state(key->f[FW_F_TCP_FLAGS], loose);
	case IPPROTO_UDP:
		return FW_STATE_NEW;
	case IPPROTO_ICMP:
		return key->family == FW_IP4 && icmp_error(key) ? (uint32_t)FW_STATE_INVALID : FW_ABSENT_STATE;
	case IPPROTO_ICMPV6:
		return key->family == FW_IP6 && icmp_error(key) ? (uint32_t)FW_STATE_INVALID : FW_ABSENT_STATE;
	default:
		return FW_ABSENT_STATE;
	}
}
