// SPDX-License-Identifier: GPL-2.0-only
/* fwd: the command line, whose options are the settings of the configuration file and a few more. */
#include "ctl/fwd/config.h"
#include "ctl/fwd/daemon.h"
#include "ctl/fwd/log.h"

#include <getopt.h>
#include <string.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

#define SETTINGS_MAX 16

/* What is no setting. Their numbers follow those of the settings. */
enum { CONFIG = SETTINGS_MAX, CHECK_CONFIG, DETACH, HELP, VERSION };

static const struct extra {
	const char *name, *arg, *help;
	int number;
} extras[] = {
	{ "config", "FILE", "settings to read (default: " CONFIG_DEFAULT_FILE ", if there is one)", CONFIG },
	{ "check-config", NULL, "say whether the settings are right, and end", CHECK_CONFIG },
	{ "detach", NULL, "stop filtering (fwd must not run), and end", DETACH },
	{ "help", NULL, "this text", HELP },
	{ "version", NULL, "which version this is", VERSION },
};
#define NEXTRAS (sizeof(extras) / sizeof(extras[0]))

struct command_line {
	const char *config;              /* NULL: the default file */
	const char *value[SETTINGS_MAX]; /* of each setting; NULL: not given */
	bool check, detach, help, version;
};

static void print_option(const char *name, const char *arg, const char *help, const char *value)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", name, arg ? " " : "", arg ? arg : "");
	printf("  %-26s %s%s%s%s\n", left, help, value && value[0] ? " (default: " : "", value ? value : "",
	       value && value[0] ? ")" : "");
}

static void print_help(void)
{
	puts("usage: fwd [OPTIONS]\n\n"
	     "Keeps the live ruleset of the firewall and changes it at the word of fwctl. Runs in the foreground. When it\n"
	     "ends, packets are filtered as before, and the next fwd takes over.\n\noptions:");
	for (size_t i = 0; i < NEXTRAS; i++)
		print_option(extras[i].name, extras[i].arg, extras[i].help, NULL);
	puts("\nsettings, also as lines `SETTING VALUE` of the file, without the dashes; options count more:");
	for (size_t i = 0; i < config_nsettings; i++)
		print_option(config_settings[i].name, config_settings[i].arg, config_settings[i].help,
			     config_settings[i].value);
	puts("\nExit code: 0 ended by a signal, 1 failed, 2 wrong usage. The socket's protocol: docs/fwd.socket.md.");
}

static int usage_error(const char *what, const char *which)
{
	log_say("%s %s", what, which);
	fputs("  hint: `fwd --help` lists the options\n", stderr);
	return EXIT_USAGE;
}

static void note(struct command_line *cl, int option, const char *value)
{
	if (option < SETTINGS_MAX)
		cl->value[option] = value;
	else if (option == CONFIG)
		cl->config = value;
	cl->check |= option == CHECK_CONFIG;
	cl->detach |= option == DETACH;
	cl->help |= option == HELP;
	cl->version |= option == VERSION;
}

static int parse(int argc, char **argv, struct command_line *cl)
{
	struct option longs[SETTINGS_MAX + NEXTRAS + 1] = { 0 };
	size_t n = 0;
	int option;

	for (size_t i = 0; i < config_nsettings; i++)
		longs[n++] = (struct option){ config_settings[i].name, required_argument, NULL, (int)i };
	for (size_t i = 0; i < NEXTRAS; i++)
		longs[n++] = (struct option){ extras[i].name, extras[i].arg ? required_argument : no_argument, NULL,
					      extras[i].number };
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (option == ':')
			return usage_error("missing value of", argv[optind - 1]);
		if (option == '?')
			return usage_error("unknown option", argv[optind - 1]);
		note(cl, option == 'h' ? HELP : option, optarg);
	}
	return optind < argc ? usage_error("unexpected operand", argv[optind]) : EXIT_OK;
}

/* Defaults, the file, the command line, in that order. */
static int configure(const struct command_line *cl, struct config *c, struct fw_diags *ds)
{
	int err;

	config_defaults(c);
	err = config_read(c, cl->config ? cl->config : CONFIG_DEFAULT_FILE, cl->config != NULL, ds);
	for (size_t i = 0; i < config_nsettings; i++)
		if (cl->value[i] && config_set(c, &config_settings[i], cl->value[i], (struct fw_place){ 0 }, ds))
			err = -EINVAL;
	return err;
}

int main(int argc, char **argv)
{
	struct command_line cl = { .config = NULL };
	struct fw_diags ds = { .n = 0 };
	struct config config;
	int err = parse(argc, argv, &cl);

	if (err)
		return err;
	if (cl.help || cl.version) {
		if (cl.help)
			print_help();
		else
			puts("fwd " FW_VERSION);
		return EXIT_OK;
	}
	err = configure(&cl, &config, &ds);
	if (err || cl.check) {
		if (err)
			log_failure(&ds, "cannot read the settings", err);
		else
			puts("the settings are right");
		return err ? EXIT_FAILED : EXIT_OK;
	}
	err = cl.detach ? daemon_detach(&config, &ds) : daemon_run(&config, &ds);
	if (err)
		log_failure(&ds, cl.detach ? "cannot detach" : "cannot run", err);
	return err ? EXIT_FAILED : EXIT_OK;
}
