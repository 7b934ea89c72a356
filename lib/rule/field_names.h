/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of names of values, for the rows of FW_FIELDS. Each ends with a NULL name. */
#ifndef FW_RULE_FIELD_NAMES_H
#define FW_RULE_FIELD_NAMES_H

#include "fw/field.h"

extern const struct fw_name fw_hook_names[];
extern const struct fw_name fw_ethertype_names[];
extern const struct fw_name fw_state_names[];
extern const struct fw_name fw_frag_names[];
extern const struct fw_name fw_dscp_names[];
extern const struct fw_name fw_proto_names[];
extern const struct fw_name fw_icmp_type_names[];
extern const struct fw_name fw_icmp6_type_names[];
extern const struct fw_name fw_icmp_code_names[]; /* of destination-unreachable */
extern const struct fw_name fw_icmp6_code_names[];
extern const struct fw_name fw_tcp_flag_names[];
extern const struct fw_name fw_tcp_option_names[];
extern const struct fw_name fw_ip_option_names[];
extern const struct fw_name fw_packet_type_names[];

#endif
