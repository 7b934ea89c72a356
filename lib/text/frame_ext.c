// SPDX-License-Identifier: GPL-2.0-only
/* The extension headers of IPv6 packets described by hand: those that their fields ask for. */
#include "lib/text/frame.h"

#include "fw/table/packet.h"

bool fw_packet_is_ext(uint32_t proto)
{
	return proto < 256 && fw_ext_kind[proto];
}

uint32_t fw_next_header_usual(enum fw_family family, const uint32_t *f)
{
	if (family != FW_IP6)
		return FW_ABSENT_NEXT_HEADER;
	if (f[FW_F_RT_TYPE] <= fw_field_info[FW_F_RT_TYPE].max)
		return IPPROTO_ROUTING;
	return f[FW_F_FRAG] != FW_FRAG_NO ? (uint32_t)IPPROTO_FRAGMENT : f[FW_F_PROTO];
}

/* A routing header has a type. What is before the fragment header is in each fragment, what is after it only in the first. */
bool fw_packet_can_begin(const struct fw_packet *p, uint32_t next)
{
	if (p->family != FW_IP6 || next == fw_next_header_usual(p->family, p->f))
		return p->family == FW_IP6;
	if (next == IPPROTO_FRAGMENT)
		return p->f[FW_F_FRAG] != FW_FRAG_LATER;
	return next != IPPROTO_ROUTING && fw_packet_is_ext(next);
}

/* A header that only FW_F_NEXT_HEADER asks for comes first. */
unsigned fw_packet_exts(const struct fw_packet *p, uint8_t ext[FW_PACKET_EXTS + 1])
{
	uint32_t first = p->f[FW_F_NEXT_HEADER];
	unsigned n = 0;

	if (!fw_packet_can_begin(p, first))
		first = fw_next_header_usual(p->family, p->f);
	if (fw_packet_is_ext(first) && first != IPPROTO_ROUTING)
		ext[n++] = (uint8_t)first;
	if (p->f[FW_F_RT_TYPE] <= fw_field_info[FW_F_RT_TYPE].max)
		ext[n++] = IPPROTO_ROUTING;
	if (p->f[FW_F_FRAG] != FW_FRAG_NO && first != IPPROTO_FRAGMENT)
		ext[n++] = IPPROTO_FRAGMENT;
	ext[n] = (uint8_t)p->f[FW_F_PROTO];
	return n;
}
