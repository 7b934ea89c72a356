/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks over the options of IPv4 and TCP headers. The lengths in them are not trusted: a walk ends where they leave the header.
 * Written for the verifier: a copy of the options is walked, with zeros after them, and steps are arithmetic, so that it sees one
 * state after each of them.
 */
#ifndef FW_OPTIONS_H
#define FW_OPTIONS_H

#include "fw/table/bits.h"
#include "fw/table/cursor.h"
#include "fw/table/fields.h"

#define FW_OPTIONS_MAX 40 /* bytes of them in a header of either protocol */
#define FW_OPTIONS_ROOM 64
#define FW_OPTION_END 0 /* numbers of both: nothing follows; one byte of padding */
#define FW_OPTION_NOP 1
#define FW_TCP_MSS 2 /* the maximum segment size, in four bytes */

/* By number of the option: its bit of FW_F_IP_OPTION. RFC 791, RFC 2113. */
static const __u8 fw_ip_option_bits[256] = {
	[7] = FW_IP_OPTION_RR,     [68] = FW_IP_OPTION_TIMESTAMP, [130] = FW_IP_OPTION_SECURITY,
	[131] = FW_IP_OPTION_LSRR, [137] = FW_IP_OPTION_SSRR,     [148] = FW_IP_OPTION_ROUTER_ALERT,
};
/* The same of FW_F_TCP_OPTION: RFC 9293, RFC 7323, RFC 2018, RFC 2385, RFC 8684, RFC 7413. */
static const __u8 fw_tcp_option_bits[256] = {
	[FW_TCP_MSS] = FW_TCP_OPTION_MSS, [3] = FW_TCP_OPTION_WINDOW,    [4] = FW_TCP_OPTION_SACK_PERMITTED,
	[5] = FW_TCP_OPTION_SACK,         [8] = FW_TCP_OPTION_TIMESTAMP, [19] = FW_TCP_OPTION_MD5,
	[30] = FW_TCP_OPTION_MPTCP,       [34] = FW_TCP_OPTION_FASTOPEN,
};

/* The options of a header, and zeros. */
struct fw_options {
	__u32 word[FW_OPTIONS_ROOM / 4];
};

/* Copies the @bytes of options at the cursor. 0, or -1: they cannot be read. */
static __always_inline int fw_options_copy(const struct fw_cursor *c, __u32 bytes, struct fw_options *out)
{
	if (c->pos + bytes > c->end)
		return -1;
	for (__u32 i = 0; i < FW_OPTIONS_ROOM / 4; i++) {
		__u32 there = fw_sign((__u64)i * 4 - bytes);

		out->word[i] = FW_BPF || there ? fw_load32(c->pos + i * 4) & -there : 0;
	}
	return 0;
}

static __always_inline __u32 fw_options_byte(const struct fw_options *o, __u32 at)
{
	const __u8 *bytes = (const __u8 *)o;

	fw_opaque(at);
	return bytes[at & (FW_OPTIONS_ROOM - 1)];
}

/* The options of an IPv4 header: bits of enum fw_ip_option. */
FW_GLOBAL int fw_ip_options(const struct fw_options *o)
{
	__u32 at = 0, bits = 0;

	for (int i = 0; o && i < FW_OPTIONS_MAX && at < FW_OPTIONS_MAX; i++) {
		__u32 number = fw_options_byte(o, at), length = fw_options_byte(o, at + 1);
		__u64 end = fw_is_zero(number), nop = fw_is_zero(number ^ FW_OPTION_NOP), option = (end | nop) ^ 1;

		bits |= fw_ip_option_bits[number] | (FW_IP_OPTION_ANY & -option);
		end |= option & fw_sign(length - 2ull);
		at += nop + (length & -option) + (FW_OPTIONS_MAX & -end);
	}
	return bits;
}

/* What fw_tcp_options() returns. */
#define FW_TCP_OPTIONS(mss, bits) ((mss) << 8 | (bits))
#define FW_TCP_OPTIONS_MSS(options) ((options) >> 8)
/* clang-format off */
#define FW_TCP_OPTIONS_BITS(options) ((options) & 255)
/* clang-format on */

/*
 * The options of a TCP header, which are @bytes: bits of enum fw_tcp_option, and the value of the first option mss, or
 * FW_ABSENT_MSS. As netfilter has it, the end of the options is one byte like any other, and so is an option whose length is 0.
 */
FW_GLOBAL int fw_tcp_options(const struct fw_options *o, __u32 bytes)
{
	__u32 at = 0, bits = 0, mss = FW_ABSENT_MSS;

	for (int i = 0; o && i < FW_OPTIONS_MAX && at < FW_OPTIONS_MAX; i++) {
		__u32 number = fw_options_byte(o, at), length = fw_options_byte(o, at + 1);
		__u32 value = fw_options_byte(o, at + 2) << 8 | fw_options_byte(o, at + 3);
		__u64 plain = fw_sign(number - 2ull) | fw_is_zero(length);
		__u64 first = fw_is_zero(number ^ FW_TCP_MSS) & fw_is_zero(length ^ 4) &
			      fw_is_zero(mss ^ FW_ABSENT_MSS) & fw_sign(at + 3ull - bytes);

		bits |= fw_tcp_option_bits[number];
		mss ^= (mss ^ value) & -first;
		at += plain + (length & (plain - 1));
	}
	return FW_TCP_OPTIONS(mss, bits);
}

#endif
