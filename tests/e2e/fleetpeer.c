// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: fleetpeer [-e ENDPOINTS] [-u USER -p PASSWORD] [-C CA] [-c CERT -k KEY] [-t SECONDS] COMMAND
 *
 *	get KEY | prefix KEY | put KEY VALUE | create KEY VALUE | swap KEY REVISION VALUE | del KEY
 *	grant SECONDS | keepalive LEASE | revoke LEASE | leased LEASE KEY VALUE | watch KEY... | repeat SECONDS KEY
 *
 * A client of etcd for tests. Prints a line for each answer: `KEY=VALUE @REVISION`, `KEY deleted @REVISION`, `synced @REVISION`,
 * `connected`, `lost: WHY`, `lease N`; exit code 1, and the reason, if it failed. `repeat` reads a key again and again, in one process.
 */
#include "fw/fleet/etcd.h"

#include <string.h>
#include <unistd.h>

struct peer {
	struct fw_loop loop;
	struct fw_http *http;
	struct fw_etcd *etcd;
	struct fw_timer timer;
	double every; /* of repeat; 0: once */
	const char *key;
	int code;
};

static void print_pair(const struct fw_etcd_pair *p)
{
	if (p->value)
		printf("%s=%s @%llu\n", p->key, p->value, (unsigned long long)p->modified);
	else
		printf("%s deleted @%llu\n", p->key, (unsigned long long)p->modified);
}

static void done(void *ctx, const struct fw_etcd_answer *a)
{
	struct peer *p = ctx;

	if (a->err)
		printf("failed: %s: %s\n", strerror(-a->err), a->why);
	for (size_t i = 0; i < a->n; i++)
		print_pair(&a->pairs[i]);
	if (a->lease)
		printf("lease %llu\n", (unsigned long long)a->lease);
	if (p->every > 0) {
		fw_timer_set(p->http, &p->timer, p->every);
		return;
	}
	p->code = a->err ? 1 : 0;
	p->loop.end = true;
}

static void changed(void *ctx, const struct fw_etcd_pair *pair)
{
	print_pair(pair);
}

static void synced(void *ctx, uint64_t revision)
{
	printf("synced @%llu\n", (unsigned long long)revision);
}

static void connection(void *ctx, const char *why)
{
	if (why)
		printf("lost: %s\n", why);
	else
		printf("connected\n");
}

static int watch(struct peer *p, char **keys, int n)
{
	const struct fw_etcd_watching w = { (const char *const *)keys, (unsigned)n, changed, synced, connection, p };
	struct fw_etcd_watch *watch;

	return fw_etcd_watch(p->etcd, &w, &watch);
}

static void repeat(struct fw_timer *t)
{
	struct peer *p = (struct peer *)((char *)t - offsetof(struct peer, timer));

	fw_etcd_get(p->etcd, p->key, false, done, p);
}

static int put(struct peer *p, const struct fw_etcd_if *cond, struct fw_etcd_put change)
{
	return fw_etcd_txn(p->etcd, cond, cond ? 1 : 0, &change, 1, done, p);
}

static uint64_t number(const char *s)
{
	return strtoull(s, NULL, 10);
}

/* Starts the command. Non-zero: there is no such command. */
static int start(struct peer *p, char **arg, int n)
{
	const char *what = *arg;
	struct fw_etcd *e = p->etcd;

	if (!strcmp(what, "watch") && n > 1)
		return watch(p, arg + 1, n - 1);
	if (!strcmp(what, "get") && n == 2)
		return fw_etcd_get(e, arg[1], false, done, p);
	if (!strcmp(what, "prefix") && n == 2)
		return fw_etcd_get(e, arg[1], true, done, p);
	if (!strcmp(what, "put") && n == 3)
		return put(p, NULL, (struct fw_etcd_put){ arg[1], arg[2], 0 });
	if (!strcmp(what, "create") && n == 3)
		return put(p, &(struct fw_etcd_if){ arg[1], 0 }, (struct fw_etcd_put){ arg[1], arg[2], 0 });
	if (!strcmp(what, "swap") && n == 4)
		return put(p, &(struct fw_etcd_if){ arg[1], number(arg[2]) },
			   (struct fw_etcd_put){ arg[1], arg[3], 0 });
	if (!strcmp(what, "del") && n == 2)
		return put(p, NULL, (struct fw_etcd_put){ arg[1], NULL, 0 });
	if (!strcmp(what, "leased") && n == 4)
		return put(p, NULL, (struct fw_etcd_put){ arg[2], arg[3], number(arg[1]) });
	if (!strcmp(what, "grant") && n == 2)
		return fw_etcd_lease_grant(e, (unsigned)number(arg[1]), done, p);
	if (!strcmp(what, "keepalive") && n == 2)
		return fw_etcd_lease_keepalive(e, number(arg[1]), done, p);
	if (!strcmp(what, "revoke") && n == 2)
		return fw_etcd_lease_revoke(e, number(arg[1]), done, p);
	if (strcmp(what, "repeat") || n != 3)
		return -EINVAL;
	p->every = strtod(arg[1], NULL);
	p->key = arg[2];
	repeat(&p->timer);
	return 0;
}

static int run(struct peer *p, const struct fw_etcd_settings *settings, char **arg, int n)
{
	struct fw_diags ds = { 0 };

	if (fw_loop_open(&p->loop) || fw_http_open(&p->loop, "fleetpeer", &p->http))
		return 2;
	if (fw_etcd_open(p->http, settings, &p->etcd, &ds)) {
		fprintf(stderr, "fleetpeer: %s\n", ds.d[0].message);
		return 2;
	}
	if (start(p, arg, n))
		return 2;
	fw_loop_run(&p->loop);
	fw_etcd_close(p->etcd);
	fw_http_close(p->http);
	fw_loop_close(&p->loop);
	return p->code;
}

int main(int argc, char **argv)
{
	struct fw_etcd_settings s = { .endpoints = "http://127.0.0.1:2379", .timeout = 5 };
	struct peer p = { .timer = { .ring = repeat } };
	int c;

	while ((c = getopt(argc, argv, "e:u:p:C:c:k:t:")) != -1) {
		const char **text = c == 'e' ? &s.endpoints :
				    c == 'u' ? &s.user :
				    c == 'p' ? &s.password :
				    c == 'C' ? &s.identity.ca :
				    c == 'c' ? &s.identity.cert :
				    c == 'k' ? &s.identity.key :
					       NULL;

		if (text)
			*text = optarg;
		else if (c == 't')
			s.timeout = strtod(optarg, NULL);
		else
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	return optind < argc ? run(&p, &s, argv + optind, argc - optind) : 2;
}
