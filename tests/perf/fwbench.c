// SPDX-License-Identifier: GPL-2.0-only
/* fwbench: measurements. One row per subcommand. */
#include "tests/perf/bench.h"

#include <string.h>

static const struct {
	const char *name, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "lookup", "check every packet of a trace, then time lookups", bench_lookup },
	{ "update", "time changes, with and without traffic", bench_update },
	{ "reload", "measure time and memory of reloads under traffic", bench_reload },
	{ "peers", "compare with other packet filters", bench_peers },
	{ "stateful", "compare with other filters that accept known connections first", bench_stateful },
	{ "cost", "measure the most expensive packet of a ruleset, and compare with the bound", bench_cost },
	{ "scrape", "measure time and memory of scrapes under traffic", bench_scrape },
};

#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

void bench_say(const struct fw_diags *ds)
{
	char text[1024];

	for (unsigned i = 0; i < ds->n; i++)
		fprintf(stderr, "fwbench: %s\n", fw_diag_format(&ds->d[i], text, sizeof(text)));
}

static void usage(FILE *out)
{
	fprintf(out, "usage: fwbench COMMAND [OPTION...]\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "`fwbench COMMAND --help` lists a command's options.\n");
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < NCOMMANDS; i++)
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "fwbench: there is no command '%s'\n", argv[1]);
	usage(stderr);
	return 2;
}
