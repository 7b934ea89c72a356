// SPDX-License-Identifier: GPL-2.0-only
/* fw-exporter: what fwd counts, for Prometheus. The command line, whose options come from the table of settings. */
#include "tools/fw-exporter/exporter.h"
#include "tools/fw-exporter/settings.h"

#include <getopt.h>
#include <string.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

#define SETTINGS_MAX 16

/* What is no setting. Their numbers follow those of the settings. */
enum { ONCE = SETTINGS_MAX, METRICS, HELP, VERSION };

static const struct extra {
	const char *name, *help;
	int number;
} extras[] = {
	{ "once", "print the page of metrics, and end; 1 when nothing can be read", ONCE },
	{ "metrics", "print what metrics there are, as a table in Markdown, and end", METRICS },
	{ "help", "this text", HELP },
	{ "version", "which version this is", VERSION },
};
#define NEXTRAS (sizeof(extras) / sizeof(extras[0]))

static void print_option(const char *name, const char *arg, const char *help, const char *value)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", name, arg ? " " : "", arg ? arg : "");
	printf("  %-22s %s%s%s%s\n", left, help, value && value[0] ? " (default: " : "", value ? value : "",
	       value && value[0] ? ")" : "");
}

static void print_help(void)
{
	puts("usage: fw-exporter [OPTIONS]\n\n"
	     "Answers Prometheus with what fwd counts: GET /metrics, as text or OpenMetrics; GET /healthz. Runs in the\n"
	     "foreground, with no privileges but to connect to fwd's socket. While fwd does not answer, rules, policies and\n"
	     "interfaces are read from the files that fwd has pinned, and fw_controller_up is 0. Takes a listening socket\n"
	     "from systemd, instead of --address and --port.\n\noptions:");
	for (size_t i = 0; i < settings_n; i++)
		print_option(settings_table[i].name, settings_table[i].arg, settings_table[i].help,
			     settings_table[i].value);
	for (size_t i = 0; i < NEXTRAS; i++)
		print_option(extras[i].name, NULL, extras[i].help, NULL);
	puts("\nExit code: 0 ended by a signal, 1 failed, 2 wrong usage.");
}

static int usage_error(const char *what, const char *which)
{
	exporter_log("%s %s", what, which);
	fputs("  hint: `fw-exporter --help` lists the options\n", stderr);
	return EXIT_USAGE;
}

/* Options count in their order; -1 in @action: run. */
static int parse(int argc, char **argv, struct settings *c, struct fw_diags *ds, int *action)
{
	struct option longs[SETTINGS_MAX + NEXTRAS + 1] = { 0 };
	size_t n = 0;
	int option;

	for (size_t i = 0; i < settings_n; i++)
		longs[n++] = (struct option){ settings_table[i].name, required_argument, NULL, (int)i };
	for (size_t i = 0; i < NEXTRAS; i++)
		longs[n++] = (struct option){ extras[i].name, no_argument, NULL, extras[i].number };
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (option == ':')
			return usage_error("missing value of", argv[optind - 1]);
		if (option == '?')
			return usage_error("unknown option", argv[optind - 1]);
		if (option < SETTINGS_MAX)
			settings_set(c, &settings_table[option], optarg, ds);
		else
			*action = option == 'h' ? HELP : option;
	}
	return optind < argc ? usage_error("unexpected operand", argv[optind]) : EXIT_OK;
}

static int act(const struct settings *c, int action, struct fw_diags *ds)
{
	if (action == ONCE)
		return exporter_once(c, ds);
	if (action == METRICS)
		return exporter_list();
	return exporter_run(c, ds);
}

int main(int argc, char **argv)
{
	struct fw_diags ds = { .n = 0 };
	struct settings settings;
	int action = -1, err;

	settings_defaults(&settings);
	err = parse(argc, argv, &settings, &ds, &action);
	if (err)
		return err;
	if (action == HELP)
		print_help();
	if (action == VERSION)
		puts("fw-exporter " FW_VERSION);
	if (action == HELP || action == VERSION)
		return EXIT_OK;
	if (!ds.total)
		settings_check(&settings, &ds);
	if (ds.total) {
		exporter_log_diags(&ds);
		return EXIT_USAGE;
	}
	err = act(&settings, action, &ds);
	exporter_log_diags(&ds);
	return err ? EXIT_FAILED : EXIT_OK;
}
