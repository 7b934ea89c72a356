// SPDX-License-Identifier: GPL-2.0-only
/* fwctl export: rules as a ruleset of another packet filter. Touches neither kernel nor network. */
#include "rows.h"
#include "ruleset.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/message.h"

#include "fw/export.h"
#include "fw/text.h"

#include <string.h>

static const struct ctl_option *const options[] = { &ctl_opt_to, &ctl_opt_output, NULL };

static int deliver(const struct ctl_settings *s, const struct fw_buf *out)
{
	fw_cleanup(ctl_new_file_end) struct ctl_new_file nf = { .at.folder = -1 };

	if (!s->output || !strcmp(s->output, "-")) {
		fwrite(out->text, 1, out->len, stdout);
		return CTL_OK;
	}
	if (ctl_new_file_open(s->output, &nf))
		return CTL_FAILED;
	if (ctl_new_file_write(&nf, out->text, out->len) || ctl_new_file_commit(&nf))
		return CTL_FAILED;
	return CTL_OK;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(fw_buf_free) struct fw_buf out = { 0 };
	struct fw_ruleset *rs = NULL;
	struct fw_diags ds = { 0 };
	int err;

	(void)n;
	if (ctl_ruleset_load(operands[0], FW_FORMAT_RULES, &rs, NULL))
		return CTL_FAILED;
	err = fw_export(rs, (enum fw_export_format)s->to, &ds, &out);
	if (err)
		ctl_print_failure(&ds, "cannot export", err);
	fw_ruleset_free(rs);
	return err ? CTL_FAILED : deliver(s, &out);
}

const struct ctl_command ctl_export = {
	.name = "export",
	.operands = "FILE",
	.summary = "translate rules into a ruleset of nft, iptables or ipset",
	.details =
		"FILE is a ruleset, as `fwctl save` writes it; - is standard input. The result decides the same. Rules that the\n"
		"other packet filter cannot express are refused: those on the wire (`in`, `out`), those that count connections,\n"
		"policies of input, forward and output other than accept and drop, and matches that it lacks.\n"
		"FORMAT names the tool that loads the result:\n"
		"  nft        `nft -f`: the table `inet fw_rules`, which replaces one of this name\n"
		"  iptables   iptables-restore: the table filter with all rules for IPv4, which replaces the present one\n"
		"  ip6tables  ip6tables-restore: the same for IPv6\n"
		"  ipset      `ipset restore`, before these two: the sets that their rules name, each as NAME_v4 and NAME_v6\n",
	.options = options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
