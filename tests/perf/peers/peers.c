// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench peers: the same work through everything that could be chosen instead,
 * and through ourselves. All are loaded at once; every measure is taken from one
 * after the other, several times over, so that what disturbs the machine disturbs all.
 */
#include "tests/perf/peers/peers_run.h"

#include <jansson.h>
#include <string.h>

struct settings {
	const char *shape, *peers, *seconds;
	unsigned rules, repeats;
	bool list;
};

#define AT(member) offsetof(struct settings, member)
static const struct bench_option options[] = {
	{ "--shape", "NAME", "blocklist, policy, classbench or hotpair (required)", AT(shape), 0 },
	{ "--rules", "N", "how many, up to 1000000 (required)", AT(rules), 1000000 },
	{ "--peers", "A,B,...", "only these; xdp-drop, the limit, is always included", AT(peers), 0 },
	{ "--seconds", "S", "of each measurement, approximately (default 0.2)", AT(seconds), 0 },
	{ "--repeats", "N", "of each measurement (default 5)", AT(repeats), 1000 },
	{ "--list", NULL, "print the names of all peers and exit", AT(list), 0 },
};
static const struct bench_command_line command_line = { "peers --shape NAME --rules N [OPTION...]", options,
							sizeof(options) / sizeof(*options) };

static const struct peer *const *const tables[] = { peers_xdp, peers_stack, peers_native, peers_acl };
#define NTABLES (sizeof(tables) / sizeof(tables[0]))

/* The @i-th of all; NULL: there is none. */
static const struct peer *peer_at(size_t i)
{
	for (size_t t = 0; t < NTABLES; t++)
		for (const struct peer *const *p = tables[t]; *p; p++)
			if (!i--)
				return *p;
	return NULL;
}

/* Is the name of @len bytes among those, separated by commas? */
static bool named(const char *names, const char *name, size_t len)
{
	for (const char *at = names; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strcspn(at, ",") == len && !strncmp(at, name, len))
			return true;
	}
	return false;
}

static bool exists(const char *name, size_t len)
{
	const struct peer *p;

	for (size_t i = 0; (p = peer_at(i)); i++)
		if (strlen(p->name) == len && !strncmp(p->name, name, len))
			return true;
	return false;
}

static int peers_check(const char *names)
{
	for (const char *at = names; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (exists(at, strcspn(at, ",")))
			continue;
		fprintf(stderr, "fwbench: --peers: there is no '%.*s'; `--list` says which there are\n",
			(int)strcspn(at, ","), at);
		return -EINVAL;
	}
	return 0;
}

static int settings_check(const struct settings *s, enum work_shape *shape, double *seconds)
{
	const char *wrong = "--shape is blocklist, policy, classbench or hotpair";
	char *end;

	for (int i = 0; s->shape && i < WORK_SHAPES; i++)
		if (!strcmp(s->shape, work_shapes[i])) {
			*shape = (enum work_shape)i;
			wrong = NULL;
		}
	if (!s->rules || !s->repeats)
		wrong = s->rules ? "--repeats is 1 or more" : "--rules is missing";
	*seconds = strtod(s->seconds, &end);
	if (!(*seconds >= 0.001 && *seconds <= 60) || *end)
		wrong = "--seconds is a number from 0.001 to 60";
	if (wrong)
		return bench_wrong_usage(&command_line, wrong);
	return s->peers ? peers_check(s->peers) : 0;
}

static void list(void)
{
	const struct peer *p;

	for (size_t i = 0; (p = peer_at(i)); i++)
		printf("%-16s %s\n", p->name, p->label);
}

/* Packets as the walker wants them. */
static int walkers_make(struct peers_shared *s)
{
	fw_autofree struct bench_header *headers = calloc(WORK_PACKETS, sizeof(*headers));
	int err = headers ? 0 : -ENOMEM;

	for (int t = 0; !err && t < WORK_TRAFFICS; t++) {
		struct bench_trace trace = { headers, WORK_PACKETS, WORK_PACKETS, WORK_FRAME };
		size_t n;

		for (size_t i = 0; i < WORK_PACKETS; i++) {
			headers[i] = (struct bench_header){ .len = WORK_FRAME, .hook = FW_IN };
			work_frame(&s->work->packets[t][i], (uint32_t)i, (uint8_t *)&headers[i].head);
		}
		err = bench_walker_new(&trace, &s->walkers[t], &n);
	}
	return err;
}

static int peers_all(struct peers_run *run, const struct settings *s)
{
	const struct peer *p;
	int err = peers_run_base(run);

	for (size_t i = 0; !err && (p = peer_at(i)); i++)
		if (!p->reference && (!s->peers || named(s->peers, p->name, strlen(p->name))))
			err = peers_run_add(run, p);
	return err ? err : peers_run_measure(run);
}

/* The exit status. */
static int peers_main(const struct settings *s, enum work_shape shape, double seconds)
{
	struct peers_run run = { .shared = { .seconds = seconds, .repeats = s->repeats } };
	int err = work_new(shape, s->rules, 1, &run.shared.work);

	if (!err)
		err = walkers_make(&run.shared);
	if (!err) {
		peers_json_machine();
		err = peers_all(&run, s);
	}
	peers_run_end(&run);
	for (int t = 0; t < WORK_TRAFFICS; t++)
		bench_walker_free(run.shared.walkers[t]);
	work_free(run.shared.work);
	if (err == -ENOMEM)
		fprintf(stderr, "fwbench: memory is out\n");
	return err || run.wrong ? 1 : 0;
}

int bench_peers(int argc, char **argv)
{
	struct settings s = { .seconds = "0.2", .repeats = 5 };
	enum work_shape shape = 0;
	double seconds;
	int err = bench_options(&command_line, &s, argc, argv);

	if (err)
		return err < 0 ? 2 : 0;
	if (s.list) {
		list();
		return 0;
	}
	if (settings_check(&s, &shape, &seconds))
		return 2;
	if (peers_guard())
		return 1;
	if (bench_pin_cpu())
		fprintf(stderr, "fwbench: cannot stay on one CPU; times will be less even\n");
	return peers_main(&s, shape, seconds);
}
