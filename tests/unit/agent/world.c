// SPDX-License-Identifier: GPL-2.0-only
/* The clock, what happens on it, the fleet's artifacts, and the agent's folder. */
#include "around.h"

#include "fw/fleet/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TIMERS 64
#define EVENTS 256
#define FILES 64
#define STEP_MAX 20000

static struct world *here; /* the clock's */
static double now;
static struct fw_timer *timers[TIMERS + 1]; /* by place */
static struct event {
	double at;
	uint64_t id; /* 0: free */
	void (*happen)(void *ctx);
	void *ctx;
} events[EVENTS];
static uint64_t last_id;
static struct file {
	char name[128];
	char *bytes;
	size_t len;
} files[FILES];

double world_now(void)
{
	return now;
}

struct world *world_here(void)
{
	return here;
}

int fw_timer_set(struct fw_http *h, struct fw_timer *t, double seconds)
{
	for (unsigned i = 1; i <= TIMERS && !t->place; i++)
		if (!timers[i])
			t->place = i;
	assert_int_not_equal(t->place, 0);
	timers[t->place] = t;
	t->at = now + seconds;
	return 0;
}

void fw_timer_stop(struct fw_http *h, struct fw_timer *t)
{
	if (t->place)
		timers[t->place] = NULL;
	t->place = 0;
}

uint64_t world_later(double seconds, void (*happen)(void *ctx), void *ctx)
{
	for (int i = 0; i < EVENTS; i++)
		if (!events[i].id) {
			events[i] = (struct event){ now + seconds, ++last_id, happen, ctx };
			return last_id;
		}
	fail_msg("too much happens at once");
	return 0;
}

void world_never(uint64_t id)
{
	for (int i = 0; i < EVENTS; i++)
		if (id && events[i].id == id)
			events[i].id = 0;
}

static struct fw_timer *first_timer(double until)
{
	struct fw_timer *first = NULL;

	for (int i = 1; i <= TIMERS; i++)
		if (timers[i] && timers[i]->at <= until && (!first || timers[i]->at < first->at))
			first = timers[i];
	return first;
}

static struct event *first_event(double until)
{
	struct event *first = NULL;

	for (int i = 0; i < EVENTS; i++)
		if (events[i].id && events[i].at <= until &&
		    (!first || events[i].at < first->at || (events[i].at == first->at && events[i].id < first->id)))
			first = &events[i];
	return first;
}

static void move_to(double at)
{
	now = at > now ? at : now;
	fwd_clock(here);
}

/* Return: did anything happen? */
static bool happens(double until)
{
	struct event *e = first_event(until);
	struct fw_timer *t = first_timer(e ? e->at : until);

	if (t) {
		move_to(t->at);
		fw_timer_stop(NULL, t);
		t->ring(t);
	} else if (e) {
		struct event happening = *e;

		move_to(happening.at);
		e->id = 0;
		happening.happen(happening.ctx);
	}
	return t || e;
}

void world_run(struct world *w, double seconds)
{
	double until = now + seconds;

	for (int i = 0; happens(until); i++) {
		if (w->killed)
			world_kill_agent(w);
		assert_true(i < STEP_MAX); /* otherwise the agent turns in circles */
	}
	move_to(until);
}

/* The agent is killed at a write: before, or after it. Nothing that it does from then on has an effect. */
static bool killed_now(struct world *w)
{
	if (w->kills && !w->killed && !w->kill_at--) {
		w->kills = false;
		w->killed = true;
	}
	return w->killed;
}

static struct file *file_find(const char *name)
{
	for (int i = 0; i < FILES; i++)
		if (files[i].bytes && !strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

static int file_read(struct folder *f, const char *name, size_t max, char **text, size_t *len)
{
	struct file *file = file_find(name);

	if (!file)
		return -ENOENT;
	if (file->len > max)
		return -EFBIG;
	*text = strndup("", 0);
	*text = realloc(*text, file->len + 1);
	memcpy(*text, file->bytes, file->len);
	(*text)[file->len] = '\0';
	*len = file->len;
	return 0;
}

static int file_write(struct folder *f, const char *name, const void *bytes, size_t len)
{
	struct file *file = file_find(name);

	if (killed_now(here) && fw_random_percent(&here->random, 50))
		return 0;
	if (here->disk_full)
		return -ENOSPC;
	for (int i = 0; i < FILES && !file; i++)
		if (!files[i].bytes)
			file = &files[i];
	assert_non_null(file);
	free(file->bytes);
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->bytes = malloc(len + 1);
	memcpy(file->bytes, bytes, len);
	file->bytes[len] = '\0';
	file->len = len;
	return 0;
}

static void file_remove(struct folder *f, const char *name)
{
	struct file *file = file_find(name);

	if (!file || here->killed)
		return;
	free(file->bytes);
	file->bytes = NULL;
}

static void file_list(struct folder *f, void (*each)(void *ctx, const char *name), void *ctx)
{
	for (int i = 0; i < FILES; i++)
		if (files[i].bytes)
			each(ctx, files[i].name);
}

static struct folder folder = { file_read, file_write, file_remove, file_list };

const char *world_file(struct world *w, const char *name)
{
	struct file *f = file_find(name);

	return f ? f->bytes : NULL;
}

void world_remove_files(struct world *w)
{
	for (int i = 0; i < FILES; i++) {
		free(files[i].bytes);
		files[i].bytes = NULL;
	}
}

void world_damage_file(struct world *w, const char *name)
{
	for (int i = 0; i < FILES; i++)
		if (files[i].bytes && !strncmp(files[i].name, name, strlen(name)))
			files[i].bytes[files[i].len / 2] ^= 0x55;
}

void world_sign(struct world *w, unsigned generation, const struct fw_secret_key *key, const char *fleet)
{
	struct world_artifact *a = &w->artifact[generation];
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_manifest m = { .self = { .number = generation },
				 .snapshot = a->about,
				 .delta = a->about_delta,
				 .memory = 1 << 20,
				 .rules = 10,
				 .time = 1700000000 };

	snprintf(m.fleet, sizeof(m.fleet), "%s", fleet);
	snprintf(m.author, sizeof(m.author), "root@build");
	if (generation > 1)
		m.parent = w->artifact[generation - 1].name;
	fw_manifest_print(&b, &m, key, 1);
	free(a->text);
	a->len = b.len;
	a->text = strdup(b.text);
	a->name.number = generation;
	fw_sha256_of(a->text, a->len, &a->name.manifest);
}

/* The ruleset of a generation is `rules N`, the delta to it `delta N-1 N`. */
static void make_artifact(struct world *w, unsigned n)
{
	struct world_artifact *a = &w->artifact[n];
	char text[64];

	snprintf(text, sizeof(text), "rules %u", n);
	assert_int_equal(fw_object_make(text, strlen(text), &a->snapshot, &a->about), 0);
	snprintf(text, sizeof(text), "delta %u %u", n - 1, n);
	if (n > 1)
		assert_int_equal(fw_object_make(text, strlen(text), &a->delta, &a->about_delta), 0);
	world_sign(w, n, &w->secret, "edge");
}

void world_open(struct world *w, uint64_t seed, bool etcd)
{
	*w = (struct world){ .random = { seed }, .has_etcd = etcd, .memory = 1 << 30 };
	here = w;
	now = 1000;
	memset(timers, 0, sizeof(timers)); /* of a test that failed */
	memset(events, 0, sizeof(events));
	world_remove_files(w);
	fw_settings_defaults(&fw_fleet_settings, &w->config);
	snprintf(w->config.fleet, sizeof(w->config.fleet), "edge");
	snprintf(w->config.url, sizeof(w->config.url), "http://web/fleet/");
	w->config.local[0] = '\0';
	w->config.poll = 10;
	assert_int_equal(fw_key_make(&w->secret, &w->keys.key[0]), 0);
	w->keys.n = 1;
	for (unsigned n = 1; n <= WORLD_GENERATIONS; n++)
		make_artifact(w, n);
	fwd_begin(w);
	etcd_begin(w);
}

void world_close(struct world *w)
{
	world_kill_agent(w);
	world_remove_files(w);
	for (unsigned n = 1; n <= WORLD_GENERATIONS; n++) {
		free(w->artifact[n].text);
		free(w->artifact[n].snapshot);
		free(w->artifact[n].delta);
	}
	etcd_end(w);
	for (int i = 0; i < EVENTS; i++)
		events[i].id = 0;
	for (int i = 1; i <= TIMERS; i++)
		assert_null(timers[i]);
}

void world_start_agent(struct world *w)
{
	struct agent_setup setup = { .config = &w->config,
				     .host = "web1",
				     .keys = &w->keys,
				     .http = (struct fw_http *)w,
				     .etcd = w->has_etcd ? (struct fw_etcd *)w : NULL,
				     .local = fwd_local(),
				     .probes = fwd_probes(),
				     .folder = &folder,
				     .now = world_now };

	if (getenv("FW_AGENT_LOG"))
		setup.log = world_log;
	world_kill_agent(w);
	assert_int_equal(agent_open(&setup, &w->agent), 0);
}

void world_log(void *ctx, const char *line)
{
	print_message("%8.2f  %s\n", now - 1000, line);
}

/* Requests that are on their way to fwd may still be done. */
void world_kill_agent(struct world *w)
{
	w->killed = true; /* closing has no effect either */
	agent_close(w->agent);
	w->agent = NULL;
	w->killed = w->kills = false;
}

const struct fw_report *world_status(struct world *w)
{
	return &agent_status(w->agent)->report;
}
