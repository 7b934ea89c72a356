// SPDX-License-Identifier: GPL-2.0-only
/* A fwd whose ruleset is a number, and probes. */
#include "around.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct {
	bool busy;
	struct local_request request; /* done NULL: forgotten */
	char name[64];
	uint64_t event;
} asked;
static struct {
	void (*done)(void *ctx, uint32_t failed);
	void *ctx;
	uint64_t event;
} probing;

void fwd_begin(struct world *w)
{
	w->started = 1600000000.5;
	w->version = 1;
	asked.busy = false;
	probing.event = 0;
}

static void set_live(struct world *w, unsigned live)
{
	w->live = live;
	w->version++;
}

static void undo(struct world *w)
{
	set_live(w, w->before);
	snprintf(w->undone, sizeof(w->undone), "%s", w->waiting);
	w->waiting[0] = '\0';
}

void fwd_clock(struct world *w)
{
	if (w->waiting[0] && world_now() >= w->deadline)
		undo(w);
	w->packets += 50;
	w->dropped += w->live <= WORLD_GENERATIONS && w->artifact[w->live].drops ? 40 : 1;
}

/* What was promised: never older than the way back, never anything that is not the fleet's. */
static void check_load(struct world *w, unsigned n)
{
	assert_true(n >= 1 && n <= WORLD_GENERATIONS);
	assert_true(n + 1 >= w->top);
	w->top = n > w->top ? n : w->top;
}

static void begin_waiting(struct world *w, const char *verb)
{
	assert_true(asked.request.confirm > 0); /* nothing of the fleet's without a way back */
	snprintf(w->waiting, sizeof(w->waiting), "%s %s", verb, asked.name);
	w->deadline = world_now() + asked.request.confirm;
}

/* The number of a generation after the first @skip bytes of what was asked. */
static unsigned generation_at(size_t skip)
{
	return (unsigned)strtoul((const char *)asked.request.bytes + skip, NULL, 10);
}

static int do_load(struct world *w, struct local_answer *out)
{
	unsigned n = generation_at(strlen("rules "));

	assert_memory_equal(asked.request.bytes, "rules ", strlen("rules "));
	if (w->artifact[n].refused) {
		snprintf(out->why, sizeof(out->why), "line 3: there is no field 'prot'");
		return -EINVAL;
	}
	out->differs = n != w->live;
	if (asked.request.check)
		return 0;
	if (w->waiting[0])
		return -EBUSY;
	check_load(w, n);
	w->before = w->live;
	set_live(w, n);
	begin_waiting(w, "load");
	w->loads++;
	return 0;
}

static int do_change(struct world *w, struct local_answer *out)
{
	char *end;
	unsigned from = (unsigned)strtoul((const char *)asked.request.bytes + strlen("delta "), &end, 10);
	unsigned to = (unsigned)strtoul(end, NULL, 10);

	assert_memory_equal(asked.request.bytes, "delta ", strlen("delta "));
	if (w->waiting[0])
		return -EBUSY;
	if (w->artifact[to].refused)
		return -EINVAL;
	check_load(w, to);
	w->before = w->live;
	set_live(w, w->live == from ? to : WORLD_MIXED);
	begin_waiting(w, "batch");
	w->changes++;
	return 0;
}

static int end_waiting(struct world *w)
{
	size_t len = strlen(w->waiting), name = strlen(asked.name);

	if (len < name || strcmp(w->waiting + len - name, asked.name))
		return -ENOENT;
	if (asked.request.kind == LOCAL_UNDO) {
		undo(w);
		return 0;
	}
	assert_int_not_equal(w->live, WORLD_MIXED);
	assert_false(w->live <= WORLD_GENERATIONS && w->artifact[w->live].bad);
	w->waiting[0] = w->undone[0] = '\0';
	return 0;
}

static void say_status(struct world *w, struct local_answer *out)
{
	out->started = w->started;
	out->rules = w->live ? 10 : 0;
	out->packets = w->packets;
	out->dropped = w->dropped;
	out->memory = w->memory;
	snprintf(out->waiting, sizeof(out->waiting), "%s", w->waiting);
	snprintf(out->undone, sizeof(out->undone), "%s", w->undone);
}

static void act(struct world *w, struct local_answer *out)
{
	switch (asked.request.kind) {
	case LOCAL_STATUS:
		say_status(w, out);
		break;
	case LOCAL_LOAD:
		out->err = do_load(w, out);
		break;
	case LOCAL_CHANGE:
		out->err = do_change(w, out);
		break;
	default:
		out->err = end_waiting(w);
	}
	out->version = w->version;
}

static void answer(void *ctx)
{
	struct world *w = ctx;
	struct local_answer out = { .err = 0 };
	bool dies = w->fwd_dies, first = fw_random_percent(&w->random, 50);

	asked.busy = false;
	w->fwd_dies = false;
	if (w->fwd_down) {
		out.err = -ECONNREFUSED;
	} else if (!dies || first) {
		act(w, &out);
	}
	if (dies) {
		world_restart_fwd(w);
		out = (struct local_answer){ .err = -ECONNRESET };
	}
	if (out.err && !out.why[0])
		snprintf(out.why, sizeof(out.why), "%s", strerror(-out.err));
	if (asked.request.done)
		asked.request.done(asked.request.ctx, &out);
}

static int local_start(struct local *l, const struct local_request *request)
{
	struct world *w = world_here();

	if (w->killed)
		return -EIO;
	if (asked.busy && !asked.request.done) { /* the former agent's: it is still being done */
		world_never(asked.event);
		answer(w);
	}
	assert_false(asked.busy); /* one at a time */
	asked.busy = true;
	asked.request = *request;
	snprintf(asked.name, sizeof(asked.name), "%s", request->name ? request->name : "");
	asked.event = world_later(0.02 + (double)fw_random_below(&w->random, 100) / 200, answer, w);
	return 0;
}

/* What was sent is done in half of the cases; its bytes are the agent's, and gone then. */
static void local_forget(struct local *l)
{
	struct world *w = world_here();

	asked.request.done = NULL;
	world_never(asked.event);
	if (asked.busy && fw_random_percent(&w->random, 50))
		answer(w);
	asked.busy = false;
}

struct local *fwd_local(void)
{
	static struct local local = { local_start, local_forget };

	return &local;
}

void world_admin(struct world *w, unsigned live)
{
	if (!w->waiting[0])
		set_live(w, live);
}

void world_ban(struct world *w)
{
	w->version++;
}

/* What waits goes on waiting. */
void world_restart_fwd(struct world *w)
{
	w->started += 100.25;
	w->version++;
}

/* The second target is never reached: that is not held against a ruleset. */
static void probe_over(void *ctx)
{
	struct world *w = ctx;
	bool cut = w->live <= WORLD_GENERATIONS && w->artifact[w->live].bad;

	probing.event = 0;
	probing.done(probing.ctx, 2u | (cut || w->target_down ? 1u : 0));
}

static int probe_start(struct probes *p, void (*done)(void *ctx, uint32_t failed), void *ctx)
{
	struct world *w = world_here();

	if (w->killed)
		return -EIO;
	assert_int_equal(probing.event, 0);
	probing.done = done;
	probing.ctx = ctx;
	probing.event = world_later(0.1, probe_over, w);
	return 0;
}

static void probe_stop(struct probes *p)
{
	world_never(probing.event);
	probing.event = 0;
}

static const char *probe_name(struct probes *p, unsigned target)
{
	return target ? "icmp:10.0.0.2" : "tcp:10.0.0.1:22";
}

struct probes *fwd_probes(void)
{
	static struct probes probes = { probe_start, probe_stop, probe_name };

	return &probes;
}
