/* SPDX-License-Identifier: GPL-2.0-only */
/* Rulesets as text of other packet filters. */
#ifndef FW_EXPORT_H
#define FW_EXPORT_H

#include "fw/rule.h"

/*
 * What comes out: X(symbol, name).
 * NFT: a file for `nft -f`, one table, inet fw_rules; sets become one for each family.
 * IPTABLES, IP6TABLES: what iptables-restore or ip6tables-restore takes, the table filter with what holds for IPv4 or IPv6.
 * IPSET: what `ipset restore` takes, the sets that these two name, as NAME_v4 and NAME_v6.
 */
/* clang-format off */
#define FW_EXPORT_FORMATS(X)       \
	X(NFT, "nft")              \
	X(IPTABLES, "iptables")    \
	X(IP6TABLES, "ip6tables")  \
	X(IPSET, "ipset")
enum fw_export_format {
#define FW_EXPORT_FORMAT_ENUM(sym, name) FW_EXPORT_##sym,
	FW_EXPORT_FORMATS(FW_EXPORT_FORMAT_ENUM)
#undef FW_EXPORT_FORMAT_ENUM
	FW_EXPORT_NFORMATS,
};
/* clang-format on */
extern const char *const fw_export_format_names[FW_EXPORT_NFORMATS + 1]; /* ended by NULL */

/**
 * fw_export - a ruleset as the text of another packet filter
 * @ds:  each rule, set or policy that the format cannot say, with its line
 * @out: empty; stays so on failure
 *
 * Only the hooks input, forward and output exist there, and rules have to name them.
 * Return: 0, -EINVAL with diagnostics, or -ENOMEM.
 */
int fw_export(const struct fw_ruleset *rs, enum fw_export_format format, struct fw_diags *ds, struct fw_buf *out);

#endif
