/* SPDX-License-Identifier: GPL-2.0-only */
/* Rulesets as text of other packet filters. */
#ifndef FW_EXPORT_H
#define FW_EXPORT_H

#include "fw/rule.h"

/**
 * fw_export_nft - a ruleset as a file for `nft -f`: one table, inet fw_rules
 * @ds:  each rule, set or policy that nftables cannot do, with its line
 * @out: empty; stays so on failure
 *
 * Only the hooks input, forward and output exist there, and rules have to name them. Sets become one for each family.
 * Return: 0, -EINVAL with diagnostics, or -ENOMEM.
 */
int fw_export_nft(const struct fw_ruleset *rs, struct fw_diags *ds, struct fw_buf *out);

#endif
