// SPDX-License-Identifier: GPL-2.0-only
/* The fields of our rules that expressions of nftables become. */
#include "lib/import/nft.h"

#define ARRIVED (FW_HOOK_BIT(IN) | FW_HOOK_BIT(INPUT) | FW_HOOK_BIT(FORWARD))

/* clang-format off */
const struct nft_field_info nft_field_info[NFT_NFIELDS] = {
	[NFT_HOOK] = { .word = "hook", .max = FW_NHOOKS - 1, .field = -1 },
	[NFT_FAMILY] = { .word = "family", .max = 1, .field = -1 },
	[NFT_ETHERTYPE] = { .word = "ethertype", .max = 65535, .field = FW_F_ETHERTYPE },
	[NFT_VLAN] = { .word = "vlan", .max = 4095, .field = FW_F_VLAN, .hooks = FW_HOOK_BIT(IN) },
	[NFT_FROM_IF] = { .word = "from-if", .max = 0, .field = -1, .hooks = ARRIVED, .names = true },
	[NFT_TO_IF] = { .word = "to-if", .max = 0, .field = -1, .hooks = FW_HOOK_BIT(FORWARD) | FW_HOOK_BIT(OUTPUT), .names = true },
	[NFT_MAC] = { .word = "mac", .max = 0, .field = -1, .hooks = ARRIVED },
	[NFT_PACKET_TYPE] = { .word = "packet-type", .max = 2, .field = -1, .hooks = ARRIVED },
	[NFT_FROM] = { .word = "from", .max = 0, .field = -1 },
	[NFT_TO] = { .word = "to", .max = 0, .field = -1 },
	[NFT_FRAG] = { .word = "frag", .max = 2, .field = FW_F_FRAG },
	[NFT_DSCP] = { .word = "dscp", .max = 63, .field = FW_F_DSCP },
	[NFT_TTL] = { .word = "ttl", .max = 255, .field = FW_F_TTL },
	[NFT_RT_TYPE] = { .word = "rt-type", .max = 255, .field = -1 },
	[NFT_IP_OPTION] = { .word = "ip-option", .max = 0, .field = -1, .names = true },
	[NFT_PROTO] = { .word = "proto", .max = 255, .field = FW_F_PROTO },
	[NFT_NEXT_HEADER] = { .word = "next-header", .max = 255, .field = FW_F_NEXT_HEADER },
	[NFT_SPORT] = { .word = "sport", .max = 65535, .field = -1 },
	[NFT_DPORT] = { .word = "dport", .max = 65535, .field = -1 },
	[NFT_ICMP_TYPE] = { .word = "icmp-type", .max = 255, .field = FW_F_ICMP_TYPE },
	[NFT_ICMP_CODE] = { .word = "icmp-code", .max = 255, .field = FW_F_ICMP_CODE },
	[NFT_ICMP6_TYPE] = { .word = "icmp6-type", .max = 255, .field = FW_F_ICMP_TYPE, .v6 = true },
	[NFT_ICMP6_CODE] = { .word = "icmp6-code", .max = 255, .field = FW_F_ICMP_CODE, .v6 = true },
	[NFT_FLAGS] = { .word = "flags", .max = 255, .field = -1 },
	[NFT_TCP_OPTION] = { .word = "tcp-option", .max = 0, .field = -1, .names = true },
	[NFT_STATE] = { .word = "state", .max = 4, .field = FW_F_STATE },
	[NFT_MSS] = { .word = "mss", .max = 65535, .field = -1 },
	[NFT_LENGTH] = { .word = "length", .max = 65535, .field = -1 },
	[NFT_MARK] = { .word = "mark", .max = UINT32_MAX, .field = -1 },
	[NFT_MARK_BITS] = { .word = "mark", .max = UINT32_MAX, .field = -1, .names = true },
	[NFT_UID] = { .word = "uid", .max = UINT32_MAX - 1, .field = -1, .hooks = FW_HOOK_BIT(OUTPUT) },
	[NFT_GID] = { .word = "gid", .max = UINT32_MAX - 1, .field = -1, .hooks = FW_HOOK_BIT(OUTPUT) },
};
/* clang-format on */
