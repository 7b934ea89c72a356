// SPDX-License-Identifier: GPL-2.0-only
/* Options of the commands of fwbench: one row each, for the usage text and for parsing. */
#include "tests/perf/bench.h"

#include <string.h>

static void usage(FILE *out, const struct bench_command_line *cl)
{
	fprintf(out, "usage: fwbench %s\n", cl->usage);
	for (size_t i = 0; i < cl->noptions; i++)
		fprintf(out, "  %-10s %-5s %s\n", cl->options[i].name,
			cl->options[i].argument ? cl->options[i].argument : "", cl->options[i].help);
}

static int number_take(const struct bench_option *o, const char *value, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || n > o->max) {
		fprintf(stderr, "fwbench: %s %s: want a number from 0 to %u\n", o->name, value, o->max);
		return -EINVAL;
	}
	*out = (unsigned)n;
	return 0;
}

/* Arguments taken, or -EINVAL. */
static int option_take(const struct bench_command_line *cl, void *settings, char **argv)
{
	for (size_t i = 0; i < cl->noptions; i++) {
		const struct bench_option *o = &cl->options[i];
		void *where = (char *)settings + o->offset;

		if (strcmp(o->name, argv[0]))
			continue;
		if (!o->argument) {
			*(bool *)where = true;
			return 1;
		}
		if (!argv[1])
			return fprintf(stderr, "fwbench: %s: a value is missing\n", argv[0]), -EINVAL;
		if (o->max)
			return number_take(o, argv[1], where) ? -EINVAL : 2;
		*(const char **)where = argv[1];
		return 2;
	}
	fprintf(stderr, "fwbench: %s: no such option\n", argv[0]);
	return -EINVAL;
}

int bench_wrong_usage(const struct bench_command_line *cl, const char *what)
{
	fprintf(stderr, "fwbench: %s\n", what);
	usage(stderr, cl);
	return -EINVAL;
}

int bench_options(const struct bench_command_line *cl, void *settings, int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		usage(stdout, cl);
		return 1;
	}
	for (int i = 1, n; i < argc; i += n) {
		n = option_take(cl, settings, argv + i);
		if (n < 0)
			return n;
	}
	return 0;
}

int bench_format(const char *name, enum fw_format *out)
{
	for (int i = 0; i < FW_NFORMATS; i++)
		if (!strcmp(name, fw_format_names[i])) {
			*out = (enum fw_format)i;
			return 0;
		}
	return -EINVAL;
}

int bench_rules_read(const char *path, enum fw_format format, struct fw_ruleset **out)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	int err = ds ? fw_text_load(path, format, out, ds) : -ENOMEM;

	if (ds)
		bench_say(ds);
	return err;
}

int bench_said(const char *what, int err)
{
	fprintf(stderr, "fwbench: cannot %s: %s\n", what, strerror(-err));
	return err;
}
