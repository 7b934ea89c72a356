// SPDX-License-Identifier: GPL-2.0-only
/* fwctl: finds the command, reads its options and operands, and runs it. */
#include "commands.h"
#include "command_line/find.h"
#include "command_line/options.h"
#include "help/help.h"
#include "output/json.h"

#include <locale.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct ctl_arguments args = { argc, argv };
	const struct ctl_command *cmd;
	struct ctl_settings settings;
	int words, err;

	setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters */
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("fwctl " FW_VERSION);
		return CTL_OK;
	}
	err = ctl_options_global(&args, &settings);
	settings.commands = ctl_commands;
	if (err > 0)
		return err;
	if (err || !args.n) {
		ctl_print_usage(err ? stdout : stderr, ctl_commands);
		return err ? CTL_OK : CTL_USAGE;
	}
	cmd = ctl_command_find(ctl_commands, args.n, args.v, &words);
	if (!cmd)
		return CTL_USAGE;
	args.n -= words - 1;
	args.v += words - 1;
	err = ctl_options_parse(cmd, &args, &settings);
	if (err < 0) {
		ctl_print_help(cmd);
		return CTL_OK;
	}
	if (!err)
		err = cmd->run(&settings, args.n, args.v);
	if (err && settings.json)
		ctl_json_failure();
	return err;
}
