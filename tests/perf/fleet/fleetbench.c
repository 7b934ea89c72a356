// SPDX-License-Identifier: GPL-2.0-only
/*
 * fleetbench: rollouts to thousands of simulated hosts, against an etcd and a web server that run already. First all hosts come to
 * the first generation, then there is a rollout of each other one; a line of JSON for each. tests/perf/fleet/run starts everything.
 */
#include "host.h"
#include "usage.h"

#include "fw/fleet/lead.h"
#include "fw/loop.h"

#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FLEET "bench"
#define ROLLOUTS_MAX 8
#define OPEN_A_ROUND 10   /* hosts that begin in a round of the loop */
#define ROUND 0.05        /* seconds between rounds */
#define SETTLE_SECONDS 12 /* after a rollout: hosts keep their leases alive meanwhile */
#define PATIENCE 600      /* seconds for a rollout */
#define QUANTILES 100

enum phase { OPENING, ROLLING, SETTLING };

struct rollout {
	const char *name;
	struct fw_generation to;
};

struct bench {
	struct fw_loop loop; /* first */
	struct sim sim;
	struct fw_fleet_config config;
	struct fw_http *http;
	struct fw_etcd *etcd;
	struct fw_lead *lead;
	struct host **hosts;
	unsigned nhosts, nopen;
	struct rollout rollout[ROLLOUTS_MAX];
	unsigned nrollouts, now; /* which it is */
	enum phase phase;
	double since; /* of the phase */
	double begun; /* when the rollout was written */
	pid_t etcd_pid, nginx_pid;
	struct usage before[3]; /* etcd, nginx, this process */
	uint64_t network;
	double load; /* average of the last minute: what else the machine does */
	bool failed;
};

static void fail(struct bench *b, const char *what, const char *why)
{
	fprintf(stderr, "fleetbench: %s: %s\n", what, why);
	b->failed = b->loop.end = true;
}

static void written(void *ctx, const struct fw_etcd_answer *a)
{
	struct bench *b = ctx;

	if (a->err)
		fail(b, "cannot write to etcd", a->why ? a->why : strerror(-a->err));
}

/* Starts a rollout as `fwctl rollout start` does; of the first generation only the ring's head. */
static void begin(struct bench *b)
{
	fw_cleanup(fw_buf_free) struct fw_buf head = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };
	const struct rollout *r = &b->rollout[b->now];
	struct fw_rollout next = { .state = FW_ROLLOUT_RUNNING, .to = r->to, .hosts = b->nhosts };
	char keys[2][FW_FLEET_KEY];
	struct fw_etcd_put puts[] = { { .key = fw_fleet_key(FLEET, "ring/", "all", keys[0]) },
				      { .key = fw_fleet_key(FLEET, "rollout", "", keys[1]) } };

	next.since = (uint64_t)time(NULL);
	if (b->now)
		next.from = b->rollout[b->now - 1].to;
	fw_generation_print(&head, &r->to);
	fw_rollout_print(&text, &next);
	puts[0].value = head.text;
	puts[1].value = text.text;
	if (fw_etcd_txn(b->etcd, NULL, 0, puts, b->now ? 2 : 1, written, b))
		fail(b, "cannot write to etcd", "out of memory");
	b->begun = b->since = fw_now();
}

static int write_rings(struct bench *b)
{
	static const char rings[] =
		"{\"rings\":[{\"name\":\"all\",\"percent\":100,\"share\":1,\"soak\":0,\"timeout\":3600}]}";
	char key[FW_FLEET_KEY];
	const struct fw_etcd_put put = { .key = fw_fleet_key(FLEET, "rings", "", key), .value = rings };

	return fw_etcd_txn(b->etcd, NULL, 0, &put, 1, written, b);
}

static void measure(const struct bench *b, struct usage out[3])
{
	out[0] = usage_of(b->etcd_pid);
	out[1] = usage_of(b->nginx_pid);
	out[2] = usage_of(getpid());
}

static unsigned confirmed(const struct bench *b)
{
	const struct fw_generation *to = &b->rollout[b->now].to;
	unsigned n = 0;

	for (unsigned i = 0; i < b->nopen; i++)
		n += fw_generation_same(&host_status(b->hosts[i])->confirmed, to);
	return n;
}

/* A host that did not take the ruleset: nothing of this kind is simulated, so the machine is too slow for so many. */
static const char *refused(const struct bench *b)
{
	for (unsigned i = 0; i < b->nopen; i++) {
		const struct fw_report *r = &host_status(b->hosts[i])->report;

		if (r->state == FW_REPORT_REFUSED || r->state == FW_REPORT_TAKEN_BACK)
			return r->why;
	}
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Seconds after the rollout began, by quantile: the first, 99 between, the last host. */
static json_t *quantiles(const struct bench *b, double (*at)(const struct host *h))
{
	fw_autofree double *all = calloc(b->nhosts, sizeof(*all));
	json_t *out = json_array();

	for (unsigned i = 0; all && i < b->nhosts; i++)
		all[i] = at(b->hosts[i]) - b->begun;
	if (all)
		qsort(all, b->nhosts, sizeof(*all), by_value);
	for (unsigned q = 0; all && q <= QUANTILES; q++)
		json_array_append_new(out, json_real(all[(size_t)(b->nhosts - 1) * q / QUANTILES]));
	return out;
}

static json_t *usage_json(const struct usage *before, const struct usage *after)
{
	return json_pack("{sf sI sI}", "cpu_seconds", after->cpu - before->cpu, "memory_bytes",
			 (json_int_t)after->bytes, "peak_bytes", (json_int_t)after->peak);
}

static uint64_t errors_of(const struct bench *b)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < b->nhosts; i++)
		for (unsigned k = 0; k < AGENT_NERRORS; k++)
			n += host_status(b->hosts[i])->errors[k];
	return n;
}

static void print_line(const struct bench *b)
{
	static const char *const names[] = { "etcd", "nginx", "hosts_process" };
	struct usage after[3];
	json_t *o = json_pack("{ss ss sI}", "bench", "fleet", "rollout", b->rollout[b->now].name, "hosts",
			      (json_int_t)b->nhosts);

	measure(b, after);
	json_object_set_new(o, "applied", quantiles(b, host_applied));
	json_object_set_new(o, "confirmed", quantiles(b, host_confirmed));
	json_object_set_new(o, "seconds", json_real(fw_now() - b->begun));
	for (unsigned i = 0; i < 3; i++)
		json_object_set_new(o, names[i], usage_json(&b->before[i], &after[i]));
	json_object_set_new(o, "loopback_bytes", json_integer((json_int_t)(usage_network() - b->network)));
	json_object_set_new(o, "load_average_before", json_real(b->load));
	json_object_set_new(o, "errors", json_integer((json_int_t)errors_of(b)));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

static void set_phase(struct bench *b, enum phase phase)
{
	b->phase = phase;
	b->since = fw_now();
}

static void open_some(struct bench *b)
{
	for (unsigned i = 0; i < OPEN_A_ROUND && b->nopen < b->nhosts; i++, b->nopen++)
		if (host_open(&b->sim, b->nopen, &b->hosts[b->nopen])) {
			fail(b, "cannot open a host", "see ulimit -n");
			return;
		}
}

/* What the rollout took is all there is while it runs; the reports that follow count, too. */
static void roll_on(struct bench *b)
{
	if (b->now)
		print_line(b);
	set_phase(b, SETTLING);
}

static void next(struct bench *b)
{
	if (++b->now == b->nrollouts) {
		b->loop.end = true;
		return;
	}
	for (unsigned i = 0; i < b->nhosts; i++)
		host_reset(b->hosts[i]);
	measure(b, b->before);
	b->network = usage_network();
	if (getloadavg(&b->load, 1) != 1)
		b->load = -1;
	set_phase(b, ROLLING);
	begin(b);
}

static void round_over(struct fw_loop *l)
{
	struct bench *b = (struct bench *)l;
	static double last;
	const char *why;

	if (fw_now() - last < ROUND)
		return;
	last = fw_now();
	why = refused(b);
	if (why) {
		fail(b, "a host has refused the ruleset", why);
		return;
	}
	if (b->phase == OPENING)
		open_some(b);
	if (b->phase != SETTLING && b->nopen == b->nhosts && confirmed(b) == b->nhosts)
		roll_on(b);
	else if (b->phase == SETTLING && fw_now() - b->since > SETTLE_SECONDS)
		next(b);
	else if (fw_now() - b->since > PATIENCE)
		fail(b, b->rollout[b->now].name, "not all hosts have confirmed in time");
}

/* NAME=GENERATION:HASH */
static int add_rollout(struct bench *b, char *text)
{
	char *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;
	struct rollout *r = &b->rollout[b->nrollouts];

	if (!colon || b->nrollouts == ROLLOUTS_MAX || !fw_sha256_valid(colon + 1, strlen(colon + 1)))
		return -EINVAL;
	*equals = '\0';
	r->name = text;
	r->to.number = strtoull(equals + 1, NULL, 10);
	snprintf(r->to.manifest.hex, sizeof(r->to.manifest.hex), "%s", colon + 1);
	b->nrollouts++;
	return 0;
}

static int read_keys(struct bench *b, const char *path)
{
	fw_autofree char *text = NULL;
	size_t len;
	int err = fw_file_read(path, FW_FILE_REGULAR, 65536, &text, &len);

	return err ? err : fw_keys_parse(text, len, path, &b->sim.keys, NULL);
}

static int usage(void)
{
	fputs("usage: fleetbench --hosts N --etcd URL --url URL --keys FILE --etcd-pid PID --nginx-pid PID\n"
	      "                  [--confirm SECONDS] [--change SECONDS] [--load SECONDS] NAME=GENERATION:MANIFEST...\n",
	      stderr);
	return 2;
}

static int parse(struct bench *b, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "hosts", 1, NULL, 'h' },   { "etcd", 1, NULL, 'e' },     { "url", 1, NULL, 'u' },
		{ "keys", 1, NULL, 'k' },    { "etcd-pid", 1, NULL, 'E' }, { "nginx-pid", 1, NULL, 'N' },
		{ "confirm", 1, NULL, 'c' }, { "change", 1, NULL, 'd' },   { "load", 1, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1 && !err)
		switch (c) {
		case 'h':
			b->nhosts = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'e':
			b->sim.etcd.endpoints = optarg;
			break;
		case 'u':
			snprintf(b->config.url, sizeof(b->config.url), "%s", optarg);
			break;
		case 'k':
			err = read_keys(b, optarg);
			break;
		case 'E':
			b->etcd_pid = (pid_t)strtol(optarg, NULL, 10);
			break;
		case 'N':
			b->nginx_pid = (pid_t)strtol(optarg, NULL, 10);
			break;
		case 'c':
			b->config.confirm = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'd':
			b->sim.change = strtod(optarg, NULL);
			break;
		case 'l':
			b->sim.load = strtod(optarg, NULL);
			break;
		default:
			err = -EINVAL;
		}
	for (; optind < argc && !err; optind++)
		err = add_rollout(b, argv[optind]);
	return err || !b->nhosts || !b->sim.etcd.endpoints || !b->nrollouts ? -EINVAL : 0;
}

static int open_all(struct bench *b)
{
	struct fw_diags ds = { .n = 0 };
	int err = fw_loop_open(&b->loop);

	b->hosts = calloc(b->nhosts, sizeof(struct host *));
	if (!err)
		err = b->hosts ? fw_http_open(&b->loop, "fleetbench", &b->http) : -ENOMEM;
	if (!err)
		err = fw_etcd_open(b->http, &b->sim.etcd, &b->etcd, &ds);
	if (!err)
		err = write_rings(b);
	if (!err)
		err = fw_lead_open(
			&(struct fw_lead_setup){
				.http = b->http, .etcd = b->etcd, .fleet = FLEET, .by = "fleetbench", .now = fw_now },
			&b->lead);
	return err;
}

static void close_all(struct bench *b)
{
	for (unsigned i = 0; b->hosts && i < b->nopen; i++)
		host_close(b->hosts[i]);
	free(b->hosts);
	fw_lead_close(b->lead);
	fw_etcd_close(b->etcd);
	fw_http_close(b->http);
	fw_loop_close(&b->loop);
}

int main(int argc, char **argv)
{
	static struct bench b = { .sim.change = 0.005, .sim.load = 2 };
	int err;

	fw_settings_defaults(&fw_fleet_settings, &b.config);
	snprintf(b.config.fleet, sizeof(b.config.fleet), FLEET);
	b.config.local[0] = '\0';
	b.sim.loop = &b.loop;
	b.sim.config = &b.config;
	b.sim.etcd.timeout = 30;
	if (parse(&b, argc, argv))
		return usage();
	err = open_all(&b);
	b.loop.tick = ROUND;
	b.loop.round = round_over;
	if (!err) {
		begin(&b);
		err = fw_loop_run(&b.loop);
	}
	close_all(&b);
	if (err)
		fprintf(stderr, "fleetbench: %s\n", strerror(-err));
	return err || b.failed;
}
