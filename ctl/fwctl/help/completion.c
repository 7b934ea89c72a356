// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl completion: a script that completes command lines of fwctl, written from the table of commands. It asks fwd for the
 * names of rules and sets, of the first thousand only, so that Tab stays quick.
 */
#include "completion.h"
#include "ctl/fwctl/output/message.h"

#include <string.h>

static const struct ctl_option *const no_options[] = { NULL };

static const struct shell {
	const char *name;
	void (*write)(const struct ctl_command *const *commands);
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
};

static int run(const struct ctl_settings *s, int n, char **operands)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (!strcmp(operands[0], shells[i].name)) {
			shells[i].write(s->commands);
			return CTL_OK;
		}
	ctl_error("completion: there are scripts for bash and zsh, not for \"%s\"", operands[0]);
	return CTL_USAGE;
}

const struct ctl_command ctl_completion = {
	.name = "completion",
	.operands = "bash|zsh",
	.summary = "write a script that completes command lines of fwctl",
	.details = "bash: source <(fwctl completion bash)\n"
		   "zsh:  fwctl completion zsh >_fwctl, in a folder of $fpath; or source <(fwctl completion zsh)\n",
	.options = no_options,
	.words = "bash zsh",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
