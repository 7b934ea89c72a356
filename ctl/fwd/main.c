// SPDX-License-Identifier: GPL-2.0-only
/* fwd's command line: the settings of the configuration file as options, and a few more. */
#include "ctl/fwd/config.h"
#include "ctl/fwd/daemon.h"
#include "fw/log.h"
#include "ctl/fwd/offline.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

enum { CONFIG, CHECK_CONFIG, DETACH, CHECK_STORE, RESTORE, NOPTIONS };
static const struct fw_setting options[] = {
	[CONFIG] = { .name = "config",
		     .arg = "FILE",
		     .help = "settings to read (default: " CONFIG_DEFAULT_FILE ", if there is one)" },
	[CHECK_CONFIG] = { .name = "check-config", .help = "check the settings and exit" },
	[DETACH] = { .name = "detach", .help = "stop filtering and exit (fwd must not be running)" },
	[CHECK_STORE] = { .name = "check-store",
			  .help = "check that the store is intact and its rules compile, and exit (fwd must not be running)" },
	[RESTORE] = { .name = "restore",
		      .arg = "FILE",
		      .help = "replace the store by a copy of FILE, a store, and exit (fwd must not be running)" },
};

static const struct fw_program program = {
	.name = "fwd",
	.about =
		"Keeps the live ruleset of the firewall and changes it when fwctl asks. Runs in the foreground. Filtering\n"
		"continues when it ends; the next fwd takes over.",
	.heading =
		"settings; lines `SETTING VALUE` of the file set them too, without the dashes; options override the file",
	.after = "Exit code: 0 ended by a signal, 1 failed, 2 wrong usage. The socket's protocol: docs/fwd.socket.md.",
	.file = CONFIG_DEFAULT_FILE,
	.settings = &config_settings,
	.options = &(const struct fw_settings){ options, sizeof(options) / sizeof(options[0]) },
};

static int detach(const struct config *c, const char *value, struct fw_diags *ds)
{
	return daemon_detach(c, ds);
}

static int check_store(const struct config *c, const char *value, struct fw_diags *ds)
{
	return offline_check(c, ds);
}

static int check_config(const struct config *c, const char *value, struct fw_diags *ds)
{
	puts("the settings are valid");
	return 0;
}

/* Options that make fwd do one thing and exit. */
static const struct {
	int (*run)(const struct config *c, const char *value, struct fw_diags *ds);
	const char *failure;
} actions[NOPTIONS] = {
	[CHECK_CONFIG] = { check_config, NULL },
	[DETACH] = { detach, "cannot detach" },
	[CHECK_STORE] = { check_store, "cannot check the store" },
	[RESTORE] = { offline_restore, "cannot restore the store" },
};

/* Does what the command line asks for: one action, or serving. Return: the exit code. */
static int run(const struct fw_command_line *cl)
{
	struct config config = { .socket = "" };
	struct fw_diags ds = { .n = 0 };
	int err = fw_command_line_settings(&program, cl, cl->option[CONFIG], &config, &ds);

	if (err) {
		fw_log_failure(&ds, "cannot read the settings", err);
		return EXIT_FAILED;
	}
	for (int i = 0; i < NOPTIONS; i++) {
		if (!cl->option[i] || !actions[i].run)
			continue;
		err = actions[i].run(&config, cl->option[i], &ds);
		if (err)
			fw_log_failure(&ds, actions[i].failure, err);
		return err ? EXIT_FAILED : EXIT_OK;
	}
	err = daemon_run(&config, &ds);
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
