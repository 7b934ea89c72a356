// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of values: protocols, ICMP types and codes, DSCP, ethertypes and so on,
 * spelt as nft and iptables spell them. Where a value has several names, the
 * first is printed and the others are only read.
 */
#include "lib/rule/field_names.h"

#include <stddef.h>

/* clang-format off */
const struct fw_name fw_proto_names[] = {
	{ "icmp", 1 },      { "igmp", 2 },       { "ipip", 4 },        { "ipencap", 4 },   { "tcp", 6 },
	{ "egp", 8 },       { "udp", 17 },       { "dccp", 33 },       { "ipv6", 41 },     { "rsvp", 46 },
	{ "gre", 47 },      { "esp", 50 },       { "ah", 51 },         { "icmp6", 58 },    { "icmpv6", 58 },
	{ "ipv6-icmp", 58 }, { "ipv6-nonxt", 59 }, { "eigrp", 88 },    { "ospf", 89 },     { "etherip", 97 },
	{ "pim", 103 },     { "ipcomp", 108 },   { "comp", 108 },      { "vrrp", 112 },    { "l2tp", 115 },
	{ "sctp", 132 },    { "udplite", 136 },  { "mpls-in-ip", 137 }, { NULL, 0 },
};

const struct fw_name fw_icmp_type_names[] = {
	{ "echo-reply", 0 },
	{ "destination-unreachable", 3 },
	{ "source-quench", 4 },
	{ "redirect", 5 },
	{ "echo-request", 8 },
	{ "router-advertisement", 9 },
	{ "router-solicitation", 10 },
	{ "time-exceeded", 11 },
	{ "parameter-problem", 12 },
	{ "timestamp-request", 13 },
	{ "timestamp-reply", 14 },
	{ "info-request", 15 },
	{ "info-reply", 16 },
	{ "address-mask-request", 17 },
	{ "address-mask-reply", 18 },
	{ NULL, 0 },
};

const struct fw_name fw_icmp6_type_names[] = {
	{ "destination-unreachable", 1 },
	{ "packet-too-big", 2 },
	{ "time-exceeded", 3 },
	{ "parameter-problem", 4 },
	{ "echo-request", 128 },
	{ "echo-reply", 129 },
	{ "mld-listener-query", 130 },
	{ "mld-listener-report", 131 },
	{ "mld-listener-done", 132 },
	{ "mld-listener-reduction", 132 },
	{ "nd-router-solicit", 133 },
	{ "router-solicitation", 133 },
	{ "nd-router-advert", 134 },
	{ "router-advertisement", 134 },
	{ "nd-neighbor-solicit", 135 },
	{ "neighbor-solicitation", 135 },
	{ "neighbour-solicitation", 135 },
	{ "nd-neighbor-advert", 136 },
	{ "neighbor-advertisement", 136 },
	{ "neighbour-advertisement", 136 },
	{ "nd-redirect", 137 },
	{ "redirect", 137 },
	{ "router-renumbering", 138 },
	{ "ind-neighbor-solicit", 141 },
	{ "ind-neighbor-advert", 142 },
	{ "mld2-listener-report", 143 },
	{ NULL, 0 },
};

/* Codes of destination-unreachable. */
const struct fw_name fw_icmp_code_names[] = {
	{ "net-unreachable", 0 },  { "host-unreachable", 1 }, { "prot-unreachable", 2 },
	{ "port-unreachable", 3 }, { "frag-needed", 4 },      { "net-prohibited", 9 },
	{ "host-prohibited", 10 }, { "admin-prohibited", 13 }, { NULL, 0 },
};

const struct fw_name fw_icmp6_code_names[] = {
	{ "no-route", 0 },    { "admin-prohibited", 1 }, { "addr-unreachable", 3 }, { "port-unreachable", 4 },
	{ "policy-fail", 5 }, { "reject-route", 6 },     { NULL, 0 },
};

const struct fw_name fw_tcp_flag_names[] = {
	{ "fin", 0x01 }, { "syn", 0x02 }, { "rst", 0x04 }, { "psh", 0x08 }, { "ack", 0x10 },
	{ "urg", 0x20 }, { "ece", 0x40 }, { "cwr", 0x80 }, { NULL, 0 },
};

const struct fw_name fw_dscp_names[] = {
	{ "cs0", 0 },   { "be", 0 },    { "le", 1 },    { "cs1", 8 },   { "af11", 10 }, { "af12", 12 }, { "af13", 14 },
	{ "cs2", 16 },  { "af21", 18 }, { "af22", 20 }, { "af23", 22 }, { "cs3", 24 },  { "af31", 26 }, { "af32", 28 },
	{ "af33", 30 }, { "cs4", 32 },  { "af41", 34 }, { "af42", 36 }, { "af43", 38 }, { "cs5", 40 },  { "va", 44 },
	{ "ef", 46 },   { "cs6", 48 },  { "cs7", 56 },  { NULL, 0 },
};

const struct fw_name fw_ethertype_names[] = {
	{ "ip", 0x0800 },     { "ip4", 0x0800 },    { "ipv4", 0x0800 },       { "arp", 0x0806 },
	{ "wol", 0x0842 },    { "rarp", 0x8035 },   { "ipx", 0x8137 },        { "ip6", 0x86dd },
	{ "ipv6", 0x86dd },   { "pause", 0x8808 },  { "lacp", 0x8809 },       { "mpls", 0x8847 },
	{ "mpls-multicast", 0x8848 },               { "pppoe-discovery", 0x8863 }, { "pppoe", 0x8864 },
	{ "eapol", 0x888e },  { "profinet", 0x8892 }, { "ethercat", 0x88a4 }, { "lldp", 0x88cc },
	{ "macsec", 0x88e5 }, { "ptp", 0x88f7 },    { "cfm", 0x8902 },        { "fcoe", 0x8906 },
	{ "loopback", 0x9000 }, { NULL, 0 },
};

const struct fw_name fw_hook_names[] = {
	{ "in", FW_IN },           { "out", FW_OUT },       { "input", FW_INPUT },
	{ "forward", FW_FORWARD }, { "output", FW_OUTPUT }, { NULL, 0 },
};

const struct fw_name fw_state_names[] = {
	{ "new", FW_STATE_NEW },         { "established", FW_STATE_ESTABLISHED }, { "related", FW_STATE_RELATED },
	{ "invalid", FW_STATE_INVALID }, { "untracked", FW_STATE_UNTRACKED },     { NULL, 0 },
};

const struct fw_name fw_packet_type_names[] = {
	{ "unicast", FW_PACKET_UNICAST }, { "broadcast", FW_PACKET_BROADCAST }, { "multicast", FW_PACKET_MULTICAST },
	{ NULL, 0 },
};

const struct fw_name fw_tcp_option_names[] = {
	{ "mss", FW_TCP_OPTION_MSS },
	{ "window", FW_TCP_OPTION_WINDOW },
	{ "sack-permitted", FW_TCP_OPTION_SACK_PERMITTED },
	{ "sack", FW_TCP_OPTION_SACK },
	{ "timestamp", FW_TCP_OPTION_TIMESTAMP },
	{ "md5", FW_TCP_OPTION_MD5 },
	{ "mptcp", FW_TCP_OPTION_MPTCP },
	{ "fastopen", FW_TCP_OPTION_FASTOPEN },
	{ NULL, 0 },
};

const struct fw_name fw_ip_option_names[] = {
	{ "rr", FW_IP_OPTION_RR },
	{ "timestamp", FW_IP_OPTION_TIMESTAMP },
	{ "security", FW_IP_OPTION_SECURITY },
	{ "lsrr", FW_IP_OPTION_LSRR },
	{ "ssrr", FW_IP_OPTION_SSRR },
	{ "router-alert", FW_IP_OPTION_ROUTER_ALERT },
	{ "any", FW_IP_OPTION_ANY },
	{ NULL, 0 },
};

const struct fw_name fw_frag_names[] = {
	{ "no", FW_FRAG_NO }, { "first", FW_FRAG_FIRST }, { "later", FW_FRAG_LATER }, { NULL, 0 },
};
/* clang-format on */
