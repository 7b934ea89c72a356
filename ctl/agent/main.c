// SPDX-License-Identifier: GPL-2.0-only
/* fw-agent: the command line. */
#include "service.h"

#include "fw/log.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

enum { CONFIG, CHECK_CONFIG };
static const struct fw_setting options[] = {
	[CONFIG] = { .name = "config", .arg = "FILE", .help = "settings to read (default: " FW_FLEET_CONFIG ")" },
	[CHECK_CONFIG] = { .name = "check-config",
			   .help = "check the settings and the files that they name, and exit" },
};

static const struct fw_program program = {
	.name = "fw-agent",
	.about =
		"Keeps the ruleset of this host what its fleet wants it to be: hears of a new one from etcd, or reads URL/head,\n"
		"fetches it, checks its signature, lets fwd load it, and confirms it if the host is as well as before; otherwise it\n"
		"is undone. Runs in the foreground, and needs no privileges but to change fwd's ruleset: membership in fwd-admin.\n"
		"fwd filters on when it ends.",
	.heading =
		"settings; lines `SETTING VALUE` of the file set them too, without the dashes; options override the file",
	.after = "SIGHUP reads the keys again, and tries the wanted ruleset again, also if it has failed.\n"
		 "Exit code: 0 ended by a signal, 1 failed, 2 wrong usage.",
	.file = FW_FLEET_CONFIG,
	.settings = &fw_fleet_settings,
	.options = &(const struct fw_settings){ options, sizeof(options) / sizeof(options[0]) },
};

static int run(const struct fw_command_line *cl)
{
	struct fw_fleet_config config = { .fleet = "" };
	struct fw_diags ds = { .n = 0 };
	int err = fw_command_line_settings(&program, cl, cl->option[CONFIG], &config, &ds);

	if (!err)
		err = service_check(&config, &ds);
	if (err) {
		fw_log_failure(&ds, "cannot read the settings", err);
		return EXIT_FAILED;
	}
	if (cl->option[CHECK_CONFIG]) {
		puts("the settings are valid");
		return EXIT_OK;
	}
	err = service_run(&config, &ds);
	if (err)
		fw_log_failure(&ds, "cannot run", err);
	return err ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
	fw_cleanup(fw_buf_free) struct fw_buf answer = { 0 };
	struct fw_command_line cl;
	struct fw_diags ds = { .n = 0 };
	int err = fw_command_line_parse(&program, argc, argv, &cl, &ds);

	if (err) {
		fw_log_failure(&ds, "wrong usage", err);
		return EXIT_USAGE;
	}
	if (!fw_command_line_answer(&program, &cl, &answer))
		return run(&cl);
	fwrite(answer.text, 1, answer.len, stdout);
	return EXIT_OK;
}
