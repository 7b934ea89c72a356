// SPDX-License-Identifier: GPL-2.0-only
/* Settings as options of a command line, and --help. */
#include "fw/settings.h"

#include <getopt.h>
#include <string.h>

/* What getopt_long() returns for each option, above all characters: a row of the settings, of the options, or these two. */
enum { SETTING = 256, OPTION = SETTING + FW_SETTINGS_MAX, HELP = OPTION + FW_SETTINGS_MAX, VERSION };

static const struct fw_setting help_row = { .name = "help", .help = "print this text" };
static const struct fw_setting version_row = { .name = "version", .help = "print the version" };

static struct option option_of(const struct fw_setting *s, int number)
{
	return (struct option){ s->name, s->arg ? required_argument : no_argument, NULL, number };
}

/* Lists all options for getopt_long(), which wants zeroes at the end. */
static void list(const struct fw_program *p, struct option *longs)
{
	for (size_t i = 0; i < p->settings->n; i++)
		*longs++ = option_of(&p->settings->rows[i], SETTING + (int)i);
	for (size_t i = 0; i < p->options->n; i++)
		*longs++ = option_of(&p->options->rows[i], OPTION + (int)i);
	*longs++ = option_of(&help_row, HELP);
	*longs++ = option_of(&version_row, VERSION);
	*longs = (struct option){ 0 };
}

static void note(struct fw_command_line *cl, int number, const char *value)
{
	if (number >= SETTING && number < OPTION)
		cl->setting[number - SETTING] = value;
	else if (number >= OPTION && number < HELP)
		cl->option[number - OPTION] = value ? value : "";
	cl->help |= number == HELP || number == 'h';
	cl->version |= number == VERSION;
}

static int wrong(const struct fw_program *p, const char *what, const char *which, struct fw_diags *ds)
{
	char hint[64];

	snprintf(hint, sizeof(hint), "`%s --help` lists the options", p->name);
	return fw_diag_add(ds, (struct fw_place){ 0 }, hint, "%s %s", what, which);
}

int fw_command_line_parse(const struct fw_program *p, int argc, char **argv, struct fw_command_line *out,
			  struct fw_diags *ds)
{
	struct option longs[2 * FW_SETTINGS_MAX + 3];
	struct fw_command_line cl = { .help = false };
	int number;

	list(p, longs);
	opterr = 0;
	optind = 0; /* resets getopt_long() */
	while ((number = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (number == ':')
			return wrong(p, "missing value of", argv[optind - 1], ds);
		if (number == '?')
			return wrong(p, "unknown option", argv[optind - 1], ds);
		note(&cl, number, optarg);
	}
	if (optind < argc)
		return wrong(p, "unexpected operand", argv[optind], ds);
	*out = cl;
	return 0;
}

int fw_command_line_set(const struct fw_program *p, const struct fw_command_line *cl, void *into, struct fw_diags *ds)
{
	int err = 0;

	for (size_t i = 0; i < p->settings->n; i++)
		if (cl->setting[i] &&
		    fw_settings_set(&p->settings->rows[i], into, cl->setting[i], (struct fw_place){ 0 }, ds))
			err = -EINVAL;
	return err;
}

int fw_command_line_settings(const struct fw_program *p, const struct fw_command_line *cl, const char *path, void *into,
			     struct fw_diags *ds)
{
	const char *file = path ? path : p->file;
	int err, wrong;

	fw_settings_defaults(p->settings, into);
	err = file ? fw_settings_read(p->settings, into, file, path != NULL, ds) : 0;
	wrong = fw_command_line_set(p, cl, into, ds);
	return wrong ? wrong : err;
}

static void print_row(struct fw_buf *b, const struct fw_setting *s)
{
	bool value = s->value && s->value[0];
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", s->name, s->arg ? " " : "", s->arg ? s->arg : "");
	fw_buf_printf(b, "  %-26s %s%s%s%s\n", left, s->help, value ? " (default: " : "", value ? s->value : "",
		      value ? ")" : "");
}

static void print_help(struct fw_buf *b, const struct fw_program *p)
{
	fw_buf_printf(b, "usage: %s [OPTIONS]\n\n%s\n\noptions:\n", p->name, p->about);
	for (size_t i = 0; i < p->options->n; i++)
		print_row(b, &p->options->rows[i]);
	print_row(b, &help_row);
	print_row(b, &version_row);
	fw_buf_printf(b, "\n%s:\n", p->heading);
	for (size_t i = 0; i < p->settings->n; i++)
		print_row(b, &p->settings->rows[i]);
	fw_buf_printf(b, "\n%s\n", p->after);
}

bool fw_command_line_answer(const struct fw_program *p, const struct fw_command_line *cl, struct fw_buf *b)
{
	if (cl->help)
		print_help(b, p);
	else if (cl->version)
		fw_buf_printf(b, "%s %s\n", p->name, FW_VERSION);
	return cl->help || cl->version;
}
