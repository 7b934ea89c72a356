/* SPDX-License-Identifier: GPL-2.0-only */
/* Values as iptables reads them. Nothing here reports errors: the callers know what the value is for. */
#ifndef FW_IMPORT_IPT_VALUES_H
#define FW_IMPORT_IPT_VALUES_H

#include "lib/import/ipt.h"

/* A number, decimal, or after 0 octal, or after 0x hexadecimal, up to @max. false: it is none. */
bool ipt_number(const char *s, uint64_t max, uint64_t *out);
/* `VALUE/MASK`; without a mask all bits. false: they are no numbers of 32 bits. */
bool ipt_masked(const char *s, uint32_t *value, uint32_t *mask);
/* A protocol by name or number. 0: all; -1: there is none of this name. */
int ipt_proto(const char *s);
/* The word for a protocol in our rules; NULL: its number. */
const char *ipt_proto_word(int proto);
/* Two numbers with @sep between; one alone is both, and one that is missing is 0 or @max. false: they are none. */
bool ipt_range(const char *s, char sep, uint64_t max, uint64_t *from, uint64_t *to);
/* A port or a range of them, by number or name. Return: 0, -EINVAL: there is no such service. */
int ipt_ports(const char *s, int proto, unsigned *from, unsigned *to);

/* An address with its mask, bits after the mask cleared. */
struct ipt_net {
	enum ipt_family family;
	uint8_t addr[16];
	unsigned len; /* of the prefix */
};
/* false: it is no address of the family (a host name, say), or the mask is no prefix. */
bool ipt_net(const char *s, enum ipt_family family, struct ipt_net *out);
/* Appends ADDRESS or ADDRESS/LENGTH. */
void ipt_print_net(struct fw_buf *b, const struct ipt_net *net);
/* Appends `FROM-TO`, or one address. false: they are no addresses of the family, in this order. */
bool ipt_print_between(struct fw_buf *b, enum ipt_family family, const char *text);
/* The address alone. Return: @out. */
const char *ipt_addr_text(enum ipt_family family, const uint8_t *addr, char out[48]);

/* `5/min`: packets and the unit's word in our language; no unit is a second. false: it is no rate. */
bool ipt_rate(const char *s, uint64_t max, uint64_t *packets, const char **unit);
/* Seconds of a unit's word. */
unsigned ipt_unit_seconds(const char *unit);

/* A type of ICMP by name or number, `8`, `3/4`, `echo-request`. *code -1: any; *type -1: any. false: there is none. */
bool ipt_icmp(const char *s, enum ipt_family family, int *type, int *code);

#endif
