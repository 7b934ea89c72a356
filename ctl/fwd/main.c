// SPDX-License-Identifier: GPL-2.0-only
/* fwd: the command line, whose options are the settings of the configuration file and a few more. */
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
	[CHECK_CONFIG] = { .name = "check-config", .help = "say whether the settings are right, and end" },
	[DETACH] = { .name = "detach", .help = "stop filtering (fwd must not run), and end" },
	[CHECK_STORE] = { .name = "check-store",
			  .help = "say whether the store is whole and its rules compile (fwd must not run), and end" },
	[RESTORE] = { .name = "restore",
		      .arg = "FILE",
		      .help = "put a copy of a store in the place of the store (fwd must not run), and end" },
};

static const struct fw_program program = {
	.name = "fwd",
	.about =
		"Keeps the live ruleset of the firewall and changes it at the word of fwctl. Runs in the foreground. When it\n"
		"ends, packets are filtered as before, and the next fwd takes over.",
	.heading = "settings, also as lines `SETTING VALUE` of the file, without the dashes; options count more",
	.after = "Exit code: 0 ended by a signal, 1 failed, 2 wrong usage. The socket's protocol: docs/fwd.socket.md.",
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
	puts("the settings are right");
	return 0;
}

/* Options after which fwd ends. */
static const struct {
	int (*run)(const struct config *c, const char *value, struct fw_diags *ds);
	const char *failure;
} actions[NOPTIONS] = {
	[CHECK_CONFIG] = { check_config, NULL },
	[DETACH] = { detach, "cannot detach" },
	[CHECK_STORE] = { check_store, "cannot check the store" },
	[RESTORE] = { offline_restore, "cannot restore the store" },
};

/* Defaults, the file, the command line, in that order. */
static int configure(const struct fw_command_line *cl, struct config *c, struct fw_diags *ds)
{
	const char *path = cl->option[CONFIG];
	int err, wrong;

	fw_settings_defaults(&config_settings, c);
	err = fw_settings_read(&config_settings, c, path ? path : CONFIG_DEFAULT_FILE, path != NULL, ds);
	wrong = fw_command_line_set(&program, cl, c, ds);
	return wrong ? wrong : err;
}

static int run(const struct fw_command_line *cl)
{
	struct config config = { .socket = "" };
	struct fw_diags ds = { .n = 0 };
	int err = configure(cl, &config, &ds);

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
