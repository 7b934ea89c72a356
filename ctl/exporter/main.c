// SPDX-License-Identifier: GPL-2.0-only
/* fw-exporter: serves the counters of fwd to Prometheus. The command line; its options come from the table of settings. */
#include "exporter.h"
#include "settings.h"

#include "fw/log.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

enum { ONCE, METRICS };
static const struct fw_setting options[] = {
	[ONCE] = { .name = "once", .help = "print the page of metrics and exit; 1 if no counters can be read" },
	[METRICS] = { .name = "metrics", .help = "print a list of all metrics as a table in Markdown, and exit" },
};

static const struct fw_program program = {
	.name = "fw-exporter",
	.about =
		"Serves the counters of fwd to Prometheus: GET /metrics, as text or OpenMetrics; GET /healthz. Runs in the\n"
		"foreground, and needs no privileges but access to fwd's socket. While fwd does not answer, it reads rules,\n"
		"policies and interfaces from the maps that fwd has pinned, and fw_controller_up is 0. It uses a listening\n"
		"socket of systemd, if there is one, instead of --address and --port.",
	.heading = "settings",
	.after = "Exit code: 0 ended by a signal, 1 failed, 2 wrong usage.",
	.settings = &settings_table,
	.options = &(const struct fw_settings){ options, sizeof(options) / sizeof(options[0]) },
};

static int run(const struct fw_command_line *cl, struct fw_diags *ds)
{
	struct settings settings = { .address = "" };
	int err;

	fw_settings_defaults(&settings_table, &settings);
	if (fw_command_line_set(&program, cl, &settings, ds) || settings_check(&settings, ds))
		return EXIT_USAGE;
	if (cl->option[ONCE])
		err = exporter_once(&settings, ds);
	else if (cl->option[METRICS])
		err = exporter_list();
	else
		err = exporter_run(&settings, ds);
	return err ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
	fw_cleanup(fw_buf_free) struct fw_buf answer = { 0 };
	struct fw_command_line cl;
	struct fw_diags ds = { .n = 0 };
	int code = EXIT_USAGE;

	if (!fw_command_line_parse(&program, argc, argv, &cl, &ds)) {
		if (fw_command_line_answer(&program, &cl, &answer)) {
			fwrite(answer.text, 1, answer.len, stdout);
			return EXIT_OK;
		}
		code = run(&cl, &ds);
	}
	fw_log_diags(&ds);
	return code;
}
