// SPDX-License-Identifier: GPL-2.0-only
/*
 * Candidates for the lead over an etcd that is a table in this program, in simulated time: answers are slow, get lost, or come after the
 * transaction was made; leaders die at any point, are cut off and come back. After each transaction heads and rollout must agree, no
 * ring is moved on before its time, and every rollout ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/fleet/lead.h"
#include "fw/fleet/promote.h"
#include "tests/unit/random.h"

#define FLEET "edge"
#define KEYS 128
#define LEASES 4096
#define CANDIDATES 3
#define HOSTS 24
#define TIMEOUT 5.0 /* seconds after which an operation fails */

/* Time, and what happens at which. */
static double now;
static double clock_now(void)
{
	return now;
}

/* Candidates disagree about the time of day. */
time_t time(time_t *out)
{
	time_t t = 1000000000 + (time_t)random_below(1000000);

	if (out)
		*out = t;
	return t;
}

struct event {
	struct event *next;
	double at;
	void (*happens)(struct event *e);
};
static struct event *events;

static void event_add(struct event *e, double at)
{
	struct event **link = &events;

	while (*link && (*link)->at <= at)
		link = &(*link)->next;
	e->at = at;
	e->next = *link;
	*link = e;
}

static void event_remove(struct event *e)
{
	for (struct event **link = &events; *link; link = &(*link)->next)
		if (*link == e) {
			*link = e->next;
			return;
		}
}

static double seconds_up_to(double most)
{
	return most * random_below(1000) / 1000;
}

/* The store. */
static struct {
	struct {
		char key[FW_FLEET_KEY];
		char *value; /* NULL: deleted */
		uint64_t modified, lease;
	} keys[KEYS];
	unsigned n;
	double lease_ends[LEASES]; /* by id; 0: there is none */
	unsigned nleases;
	uint64_t revision;
} store;

static int find(const char *key)
{
	for (unsigned i = 0; i < store.n; i++)
		if (!strcmp(store.keys[i].key, key))
			return (int)i;
	return -1;
}

static const char *value_of(const char *what, const char *name)
{
	char key[FW_FLEET_KEY];
	int i = find(fw_fleet_key(FLEET, what, name, key));

	return i < 0 ? NULL : store.keys[i].value;
}

/* Faults, in percent. */
static struct {
	unsigned lost, late, cut, death;
} faults;

/* A candidate, and its connection. */
struct fw_etcd {
	bool cut;
	bool alive;
	struct fw_lead *lead;
	struct fw_lead_setup setup;
	char by[16];
	struct fw_etcd_watch *watch;
	unsigned log_lines;
};
static struct fw_etcd candidates[CANDIDATES];

/* Watches: each change is told a little later. */
struct fw_etcd_watch {
	struct fw_etcd *etcd;
	struct fw_etcd_watching w;
	char keys[3][FW_FLEET_KEY];
	struct event again;
};
struct telling {
	struct event event;
	struct fw_etcd *etcd;
	struct fw_etcd_watch *watch;
	char *key, *value;
	uint64_t modified;
};

static void tell(struct event *e)
{
	struct telling *t = (struct telling *)e;

	if (t->etcd->alive && t->etcd->watch == t->watch && !t->etcd->cut)
		t->watch->w.changed(t->watch->w.ctx, &(struct fw_etcd_pair){ t->key, t->value, t->modified, 0 });
	free(t->key);
	free(t->value);
	free(t);
}

/* Never before an earlier one. */
static void tell_watch(struct fw_etcd_watch *w, unsigned key)
{
	struct telling *t = calloc(1, sizeof(*t));
	static double last;

	*t = (struct telling){ .event = { .happens = tell },
			       .etcd = w->etcd,
			       .watch = w,
			       .key = strdup(store.keys[key].key),
			       .value = store.keys[key].value ? strdup(store.keys[key].value) : NULL,
			       .modified = store.keys[key].modified };
	last = last > now && last < now + 1 ? last : now;
	last += seconds_up_to(0.05);
	event_add(&t->event, last);
}

static void tell_watches(unsigned key)
{
	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct fw_etcd_watch *w = candidates[i].alive ? candidates[i].watch : NULL;

		for (unsigned j = 0; w && j < 3; j++)
			if (!strcmp(w->keys[j], store.keys[key].key))
				tell_watch(w, key);
	}
}

static void put(const char *key, const char *value, uint64_t lease)
{
	int i = find(key);

	if (i < 0) {
		assert_true(store.n < KEYS);
		i = (int)store.n++;
		snprintf(store.keys[i].key, FW_FLEET_KEY, "%s", key);
	}
	free(store.keys[i].value);
	store.keys[i].value = value ? strdup(value) : NULL;
	store.keys[i].modified = store.revision;
	store.keys[i].lease = lease;
	tell_watches((unsigned)i);
}

static void put_now(const char *what, const char *name, const char *value)
{
	char key[FW_FLEET_KEY];

	store.revision++;
	put(fw_fleet_key(FLEET, what, name, key), value, 0);
}

/* The watch reads its keys now and then, as after a lost connection. */
static void watch_read(struct event *e)
{
	struct fw_etcd_watch *w = (struct fw_etcd_watch *)((char *)e - offsetof(struct fw_etcd_watch, again));

	event_add(&w->again, now + 5 + seconds_up_to(10));
	if (w->etcd->cut)
		return;
	for (unsigned i = 0; i < 3; i++) {
		int k = find(w->keys[i]);

		if (k >= 0)
			w->w.changed(w->w.ctx, &(struct fw_etcd_pair){ w->keys[i], store.keys[k].value,
								       store.keys[k].value ? store.keys[k].modified :
											     store.revision,
								       0 });
	}
	w->w.synced(w->w.ctx, store.revision);
}

int fw_etcd_watch(struct fw_etcd *e, const struct fw_etcd_watching *watching, struct fw_etcd_watch **out)
{
	struct fw_etcd_watch *w = calloc(1, sizeof(*w));

	w->etcd = e;
	w->w = *watching;
	w->again.happens = watch_read;
	assert_int_equal(watching->nkeys, 3);
	for (unsigned i = 0; i < 3; i++)
		snprintf(w->keys[i], FW_FLEET_KEY, "%s", watching->keys[i]);
	event_add(&w->again, now + seconds_up_to(0.2));
	e->watch = *out = w;
	return 0;
}

void fw_etcd_watch_close(struct fw_etcd_watch *w)
{
	if (!w)
		return;
	event_remove(&w->again);
	w->etcd->watch = NULL;
	free(w);
}

/* Operations: made at one time, answered at another. */
struct op {
	struct event event; /* first */
	struct op *others;
	struct fw_etcd *etcd;
	bool made, forgotten;
	bool lost_before, lost_after, retried;
	void (*make)(struct op *op);
	/* Of each kind. */
	char key[FW_FLEET_KEY];
	bool prefix;
	struct fw_etcd_if ifs[8];
	struct fw_etcd_put puts[FW_RINGS_MAX + 2];
	unsigned nifs, nputs, seconds;
	uint64_t lease;
	struct fw_etcd_pair *pairs;
	size_t npairs;
	int err;
	uint64_t revision;
	fw_etcd_done *done;
	void *ctx;
};
static struct op *ops;

static void op_free(struct op *op)
{
	for (struct op **link = &ops; *link; link = &(*link)->others)
		if (*link == op) {
			*link = op->others;
			break;
		}
	for (unsigned i = 0; i < op->nifs; i++)
		free((char *)op->ifs[i].key);
	for (unsigned i = 0; i < op->nputs; i++) {
		free((char *)op->puts[i].key);
		free((char *)op->puts[i].value);
	}
	for (size_t i = 0; i < op->npairs; i++) {
		free((char *)op->pairs[i].key);
		free((char *)op->pairs[i].value);
	}
	free(op->pairs);
	free(op);
}

static void op_happens(struct event *e)
{
	struct op *op = (struct op *)e;

	if (!op->made) {
		op->made = true;
		if (!op->lost_before && !op->etcd->cut)
			op->make(op);
		else
			op->err = -ETIMEDOUT;
		if (op->retried && !op->err)
			op->make(op);
		if (op->lost_after || op->etcd->cut)
			op->err = -ETIMEDOUT;
		event_add(&op->event, now + (op->err == -ETIMEDOUT ? TIMEOUT : seconds_up_to(0.2)));
		return;
	}
	if (!op->forgotten && op->etcd->alive)
		op->done(op->ctx, &(struct fw_etcd_answer){ op->err, op->err ? "it failed" : NULL, op->revision,
							    op->lease, op->pairs, op->err ? 0 : op->npairs });
	op_free(op);
}

static struct op *op_new(struct fw_etcd *e, void (*make)(struct op *), fw_etcd_done *done, void *ctx)
{
	struct op *op = calloc(1, sizeof(*op));

	*op = (struct op){ .event = { .happens = op_happens }, .etcd = e, .make = make, .done = done, .ctx = ctx };
	op->lost_before = random_below(100) < faults.lost;
	op->lost_after = random_below(100) < faults.lost;
	op->retried = random_below(100) < faults.late;
	op->others = ops;
	ops = op;
	event_add(&op->event, now + seconds_up_to(0.2));
	return op;
}

void fw_etcd_forget(struct fw_etcd *e, const void *ctx)
{
	for (struct op *op = ops; op; op = op->others)
		if (op->etcd == e && op->ctx == ctx)
			op->forgotten = true;
}

static void make_get(struct op *op)
{
	op->revision = store.revision;
	if (op->pairs)
		return;
	op->pairs = calloc(KEYS, sizeof(*op->pairs));
	for (unsigned i = 0; i < store.n; i++)
		if (store.keys[i].value && !strncmp(store.keys[i].key, op->key, strlen(op->key)))
			op->pairs[op->npairs++] = (struct fw_etcd_pair){ strdup(store.keys[i].key),
									 strdup(store.keys[i].value),
									 store.keys[i].modified, 0 };
}

int fw_etcd_get(struct fw_etcd *e, const char *key, bool prefix, fw_etcd_done *done, void *ctx)
{
	struct op *op = op_new(e, make_get, done, ctx);

	assert_true(prefix);
	snprintf(op->key, sizeof(op->key), "%s", key);
	return 0;
}

static void check(void);

/* Only who leads writes anything but the key `leader`. */
static void check_leads(const struct op *op)
{
	char by[FW_LEADER_NAME];
	const char *leader = value_of("leader", "");

	if (op->nputs == 1 && op->puts[0].lease)
		return;
	assert_non_null(leader);
	assert_int_equal(fw_leader_parse(leader, strlen(leader), by), 0);
	assert_string_equal(by, op->etcd->by);
}

static void make_txn(struct op *op)
{
	for (unsigned i = 0; i < op->nifs; i++) {
		int k = find(op->ifs[i].key);
		uint64_t modified = k >= 0 && store.keys[k].value ? store.keys[k].modified : 0;

		if (modified != op->ifs[i].modified) {
			op->err = -ECANCELED;
			return;
		}
	}
	for (unsigned i = 0; i < op->nputs; i++)
		if (op->puts[i].lease && !(store.lease_ends[op->puts[i].lease] > now)) {
			op->err = -ENOENT;
			return;
		}
	check_leads(op);
	op->revision = ++store.revision;
	for (unsigned i = 0; i < op->nputs; i++)
		put(op->puts[i].key, op->puts[i].value, op->puts[i].lease);
	check();
}

int fw_etcd_txn(struct fw_etcd *e, const struct fw_etcd_if *ifs, unsigned nifs, const struct fw_etcd_put *puts,
		unsigned nputs, fw_etcd_done *done, void *ctx)
{
	struct op *op = op_new(e, make_txn, done, ctx);

	op->nifs = nifs;
	op->nputs = nputs;
	for (unsigned i = 0; i < nifs; i++)
		op->ifs[i] = (struct fw_etcd_if){ strdup(ifs[i].key), ifs[i].modified };
	for (unsigned i = 0; i < nputs; i++)
		op->puts[i] = (struct fw_etcd_put){ strdup(puts[i].key), puts[i].value ? strdup(puts[i].value) : NULL,
						    puts[i].lease };
	return 0;
}

static void make_grant(struct op *op)
{
	assert_true(store.nleases + 1 < LEASES);
	op->lease = ++store.nleases;
	store.lease_ends[op->lease] = now + op->seconds;
}

int fw_etcd_lease_grant(struct fw_etcd *e, unsigned seconds, fw_etcd_done *done, void *ctx)
{
	op_new(e, make_grant, done, ctx)->seconds = seconds;
	return 0;
}

static void make_keepalive(struct op *op)
{
	if (store.lease_ends[op->lease] > now)
		store.lease_ends[op->lease] = now + FW_LEAD_LEASE;
	else
		op->err = -ENOENT;
}

int fw_etcd_lease_keepalive(struct fw_etcd *e, uint64_t lease, fw_etcd_done *done, void *ctx)
{
	op_new(e, make_keepalive, done, ctx)->lease = lease;
	return 0;
}

/* Removes keys of leases that have ended. */
static void end_leases(void)
{
	for (unsigned i = 0; i < store.n; i++)
		if (store.keys[i].value && store.keys[i].lease && store.lease_ends[store.keys[i].lease] <= now) {
			store.revision++;
			put(store.keys[i].key, NULL, 0);
		}
}

static void make_revoke(struct op *op)
{
	store.lease_ends[op->lease] = 0;
	end_leases();
}

int fw_etcd_lease_revoke(struct fw_etcd *e, uint64_t lease, fw_etcd_done *done, void *ctx)
{
	op_new(e, make_revoke, done, ctx)->lease = lease;
	return 0;
}

/* Timers. */
struct timer {
	struct event event; /* first */
	struct fw_timer *timer;
};
static struct timer timers[64];

static void timer_rings(struct event *e)
{
	struct fw_timer *t = ((struct timer *)e)->timer;

	((struct timer *)e)->timer = NULL;
	t->place = 0;
	t->ring(t);
}

void fw_timer_stop(struct fw_http *h, struct fw_timer *t)
{
	if (!t->place)
		return;
	event_remove(&timers[t->place - 1].event);
	timers[t->place - 1].timer = NULL;
	t->place = 0;
}

int fw_timer_set(struct fw_http *h, struct fw_timer *t, double seconds)
{
	unsigned i = 0;

	fw_timer_stop(h, t);
	while (timers[i].timer)
		i++;
	assert_true(i < 64);
	timers[i] = (struct timer){ { .happens = timer_rings }, t };
	t->place = i + 1;
	event_add(&timers[i].event, now + seconds);
	return 0;
}

/* The fleet. */
static const struct fw_generation from = { 11, { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } };
static const struct fw_generation to = { 12, { "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" } };
static const char rings_text[] =
	"{\"rings\":[{\"name\":\"first\",\"hosts\":\"h0 h1 h2\",\"share\":1,\"soak\":40,\"timeout\":300},"
	"{\"name\":\"second\",\"hosts\":\"h3 h4 h5 h6 h7 h8\",\"share\":0.8,\"soak\":40,\"timeout\":300},"
	"{\"name\":\"third\",\"hosts\":\"h*\",\"share\":0.9,\"soak\":40,\"timeout\":300}]}";
static struct fw_rings rings;
static struct fw_report hosts[HOSTS];
static bool bad[HOSTS];
static struct fw_rollout seen; /* after the last transaction */
static double moved;           /* when its ring was moved on */
static double worse_since;     /* a host of a ring that was moved on is worse; 0: none is */

static void host_report(struct fw_report *h)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_report_print(&b, h);
	put_now("host/", h->host, b.text);
}

static void host_step(unsigned i)
{
	struct fw_report *h = &hosts[i];
	struct fw_generation head = { 0 };
	const char *text = value_of("ring/", h->ring);

	if (!text || fw_generation_parse(text, strlen(text), &head, NULL))
		return;
	if (!fw_generation_same(&h->wanted, &head)) {
		h->wanted = head;
		h->state = FW_REPORT_LOADING;
	} else if (h->state != FW_REPORT_LOADING) {
		return;
	} else if (bad[i] && fw_generation_same(&head, &to)) {
		h->state = FW_REPORT_TAKEN_BACK;
		worse_since = worse_since ? worse_since : now;
	} else {
		h->running = head;
		h->state = FW_REPORT_CONFIRMED;
	}
	host_report(h);
}

/* Heads and rollout agree, and no ring was moved on too early. */
static void check(void)
{
	const char *text = value_of("rollout", "");
	struct fw_rollout r;
	char why[256];

	if (!text)
		return;
	if (fw_rollout_parse(text, strlen(text), &r, why))
		fail_msg("%s", why);
	for (unsigned i = 0; i < rings.n; i++) {
		struct fw_generation head = { 0 };
		const char *value = value_of("ring/", rings.ring[i].name);

		assert_true(value && !fw_generation_parse(value, strlen(value), &head, NULL));
		assert_true(fw_generation_same(&head, fw_rollout_head(&r, i)));
	}
	if (seen.state != FW_ROLLOUT_RUNNING && r.state != seen.state)
		assert_true(seen.state == FW_ROLLOUT_PAUSED && r.state == FW_ROLLOUT_FAILED);
	if (r.ring != seen.ring || (r.state == FW_ROLLOUT_DONE && seen.state != FW_ROLLOUT_DONE)) {
		struct fw_ring_progress progress[FW_RINGS_MAX];

		assert_true(r.ring == seen.ring + 1 || r.state == FW_ROLLOUT_DONE);
		assert_int_equal(seen.state, FW_ROLLOUT_RUNNING);
		/* What has confirmed stays so here. */
		fw_progress(&rings, &seen, hosts, HOSTS, progress);
		assert_true(progress[seen.ring].confirmed >=
			    fw_ring_needs(&rings.ring[seen.ring], &progress[seen.ring], seen.hosts));
		assert_true(now - moved >= rings.ring[seen.ring].soak);
		moved = now;
	}
	if (r.state == FW_ROLLOUT_FAILED && seen.state != FW_ROLLOUT_FAILED && strstr(r.why, "taken-back"))
		assert_true(worse_since > 0);
	seen = r;
}

static void start_rollout(void)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 }, head = { 0 }, old = { 0 };
	struct fw_ring_progress progress[FW_RINGS_MAX];
	struct fw_rollout r = { .from = from, .to = to, .by = "ann@admin" };

	fw_progress(&rings, &r, hosts, HOSTS, progress);
	fw_rollout_begin(&r, progress, 1);
	fw_rollout_print(&b, &r);
	fw_generation_print(&head, &to);
	fw_generation_print(&old, &from);
	put_now("ring/", "first", head.text);
	put_now("ring/", "second", old.text);
	put_now("ring/", "third", old.text);
	put_now("rollout", "", b.text);
	seen = r;
	moved = now;
}

/* Pauses, resumes or aborts, as `fwctl rollout` does. */
static void administrate(void)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 }, old = { 0 };

	if (seen.state > FW_ROLLOUT_PAUSED)
		return;
	seen.state = random_below(30) == 0           ? FW_ROLLOUT_ABORTED :
		     seen.state == FW_ROLLOUT_PAUSED ? FW_ROLLOUT_RUNNING :
						       FW_ROLLOUT_PAUSED;
	seen.well = 0;
	fw_generation_print(&old, &from);
	for (unsigned i = 0; i <= seen.ring && seen.state == FW_ROLLOUT_ABORTED; i++)
		put_now("ring/", rings.ring[i].name, old.text);
	fw_rollout_print(&b, &seen);
	put_now("rollout", "", b.text);
	check();
}

/* Is a step on its way? */
static bool stepping(void)
{
	for (struct op *op = ops; op; op = op->others)
		if (!op->made && op->nifs > 1)
			return true;
	return false;
}

/* The lease of who leads ends. */
static void end_lead(void)
{
	char key[FW_FLEET_KEY];
	int i = find(fw_fleet_key(FLEET, "leader", "", key));

	if (i >= 0 && store.keys[i].value)
		store.lease_ends[store.keys[i].lease] = 0;
	end_leases();
}

static void candidate_log(void *ctx, const char *line)
{
	struct fw_etcd *c = ctx;

	c->log_lines++;
	if (getenv("FW_LOG"))
		fprintf(stderr, "%8.2f %s: %s\n", now, c->by, line);
}

static void candidate_start(unsigned i)
{
	struct fw_etcd *c = &candidates[i];

	snprintf(c->by, sizeof(c->by), "agent@h%u", i);
	c->setup = (struct fw_lead_setup){
		.etcd = c, .fleet = FLEET, .by = c->by, .now = clock_now, .log = candidate_log, .ctx = c
	};
	c->alive = true;
	assert_int_equal(fw_lead_open(&c->setup, &c->lead), 0);
}

/* As kill -9: what is on its way may still be made. */
static void candidate_kill(unsigned i)
{
	fw_lead_close(candidates[i].lead);
	candidates[i].lead = NULL;
	candidates[i].alive = false;
}

static void world_make(void)
{
	struct fw_diags ds = { .n = 0 };

	memset(&store, 0, sizeof(store));
	memset(&seen, 0, sizeof(seen));
	memset(bad, 0, sizeof(bad));
	now = 1;
	worse_since = 0;
	assert_int_equal(fw_rings_parse(rings_text, strlen(rings_text), "rings", &rings, &ds), 0);
	for (unsigned i = 0; i < HOSTS; i++) {
		struct fw_report *h = &hosts[i];

		*h = (struct fw_report){ .state = FW_REPORT_CONFIRMED, .running = from, .wanted = from };
		snprintf(h->host, sizeof(h->host), "h%u", i);
		strcpy(h->ring, rings.ring[fw_ring_of(&rings, h->host)].name);
		host_report(h);
	}
	put_now("rings", "", rings_text);
}

static void world_free(void)
{
	for (unsigned i = 0; i < CANDIDATES; i++)
		if (candidates[i].alive)
			candidate_kill(i);
	while (events) {
		struct event *e = events;

		events = e->next;
		if (e->happens == tell) {
			struct telling *t = (struct telling *)e;

			free(t->key);
			free(t->value);
			free(t);
		}
	}
	while (ops)
		op_free(ops);
	for (unsigned i = 0; i < store.n; i++)
		free(store.keys[i].value);
	fw_rings_free(&rings);
}

static void run_for(double seconds)
{
	double end = now + seconds;

	while (events && events->at <= end) {
		struct event *e = events;

		events = e->next;
		now = e->at > now ? e->at : now;
		e->happens(e);
	}
	now = end;
	end_leases();
}

/* Half a second with what goes wrong in it. */
static void world_step(void)
{
	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct fw_etcd *c = &candidates[i];

		if (c->alive && random_below(1000) < faults.death)
			candidate_kill(i);
		else if (!c->alive && random_below(40) == 0)
			candidate_start(i);
		if (random_below(1000) < faults.cut)
			c->cut = true;
		else if (random_below(40) == 0)
			c->cut = false;
	}
	for (unsigned i = 0; i < HOSTS / 4; i++)
		host_step(random_below(HOSTS));
	run_for(0.5);
}

static unsigned leaders(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CANDIDATES; i++)
		n += candidates[i].alive && fw_lead_leads(candidates[i].lead);
	return n;
}

/* Without faults: one leads, and a good rollout is done. */
static void quiet(void **state)
{
	memset(&faults, 0, sizeof(faults));
	world_make();
	for (unsigned i = 0; i < CANDIDATES; i++)
		candidate_start(i);
	run_for(3);
	assert_int_equal(leaders(), 1);
	start_rollout();
	for (unsigned i = 0; i < 400 && seen.state == FW_ROLLOUT_RUNNING; i++)
		world_step();
	assert_int_equal(seen.state, FW_ROLLOUT_DONE);
	world_free();
}

static void resign_done(void *ctx)
{
	*(bool *)ctx = true;
}

/* One that resigns is followed by another at once, not after its lease. */
static void resigns(void **state)
{
	bool resigned = false;
	unsigned leader = 0;

	memset(&faults, 0, sizeof(faults));
	world_make();
	for (unsigned i = 0; i < CANDIDATES; i++)
		candidate_start(i);
	run_for(3);
	while (!fw_lead_leads(candidates[leader].lead))
		leader++;
	fw_lead_resign(candidates[leader].lead, resign_done, &resigned);
	run_for(1);
	assert_true(resigned);
	candidate_kill(leader);
	run_for(1);
	assert_int_equal(leaders(), 1);
	world_free();
}

/* One that is cut off stops leading by itself, before or when another begins. */
static void cut_off(void **state)
{
	unsigned leader = 0;

	memset(&faults, 0, sizeof(faults));
	world_make();
	for (unsigned i = 0; i < CANDIDATES; i++)
		candidate_start(i);
	run_for(3);
	while (!fw_lead_leads(candidates[leader].lead))
		leader++;
	candidates[leader].cut = true;
	for (unsigned i = 0; i < 2 * FW_LEAD_LEASE; i++)
		run_for(1);
	assert_false(fw_lead_leads(candidates[leader].lead));
	assert_int_equal(leaders(), 1);
	world_free();
	candidates[leader].cut = false;
}

static enum fw_rollout_state storm(void)
{
	double longest = 4 * 3600;

	faults.lost = random_below(15);
	faults.late = random_below(15);
	faults.cut = random_below(10);
	faults.death = random_below(15);
	world_make();
	for (unsigned i = 0; i < HOSTS; i++)
		bad[i] = random_below(40) == 0;
	start_rollout();
	while (now < longest && seen.state <= FW_ROLLOUT_PAUSED) {
		world_step();
		if (random_below(stepping() ? 4 : seen.state == FW_ROLLOUT_PAUSED ? 20 : 500) == 0)
			administrate();
		if (stepping() && random_below(8) == 0)
			end_lead();
	}
	if (seen.state <= FW_ROLLOUT_PAUSED)
		fail_msg("the rollout has not ended: %s, ring %u", fw_rollout_state_names[seen.state], seen.ring);
	world_free();
	return seen.state;
}

static void storms(void **state)
{
	unsigned ends[FW_NROLLOUT_STATES] = { 0 }, n = random_amount("FW_STORMS", 100);

	for (unsigned i = 0; i < n; i++)
		ends[storm()]++;
	print_message("%u done, %u failed\n", ends[FW_ROLLOUT_DONE], ends[FW_ROLLOUT_FAILED]);
	assert_true(ends[FW_ROLLOUT_DONE] > n / 10 && ends[FW_ROLLOUT_FAILED] > n / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet),
		cmocka_unit_test(resigns),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(storms),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
