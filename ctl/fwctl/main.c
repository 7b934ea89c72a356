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
	const struct ctl_command *cmd;
	struct ctl_settings settings;
	char **operands;
	int n, words, err;

	setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters */
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("fwctl " FW_VERSION);
		return CTL_OK;
	}
	err = ctl_options_global(&argc, &argv, &settings);
	settings.commands = ctl_commands;
	if (err > 0)
		return err;
	if (err || !argc) {
		ctl_print_usage(err ? stdout : stderr, ctl_commands);
		return err ? CTL_OK : CTL_USAGE;
	}
	cmd = ctl_command_find(ctl_commands, argc, argv, &words);
	if (!cmd)
		return CTL_USAGE;
	err = ctl_options_parse(cmd, argc - words + 1, argv + words - 1, &settings, &n, &operands);
	if (err < 0) {
		ctl_print_help(cmd);
		return CTL_OK;
	}
	if (!err)
		err = cmd->run(&settings, n, operands);
	if (err && settings.json)
		ctl_json_failure();
	return err;
}
