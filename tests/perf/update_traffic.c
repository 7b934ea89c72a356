// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench update, packets on their way: one thread looks packets up on one CPU,
 * for the time and for the answers, while another makes changes at a steady rate
 * on the other. Windows with changes and without take turns.
 */
#include "tests/perf/answers.h"
#include "tests/perf/update.h"

#include "fw/kern.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define RATE 10000                /* changes a second */
#define PACKETS "20000"           /* of the trace */
#define TRACKED 128               /* packets whose answers are checked */
#define WINDOW_SECONDS 0.25       /* of each of hot and cold */
#define HOT_WALK (BENCH_HOT * 40) /* packets of one walk */
#define CHECKS 2000               /* between two walks */
#define WRONG_SAID 5
#define LATE 0.02  /* seconds: changes that are due for so long are not made up for */
#define LOOPBACK 1 /* the ingress interface of test packets */

struct check {
	uint32_t packet, from, to; /* changes that were published before, and that were begun after */
	long slot;
	uint32_t reason;
};

struct traffic {
	struct bench_controller *controller;
	struct bench_walker *walker;
	struct bench_trace trace;
	struct fw_key keys[TRACKED];
	uint32_t header[TRACKED];  /* of the trace */
	uint64_t toggled[TRACKED]; /* id of the rule made for that packet alone; 0: none */
	size_t walked, tracked;
	struct answers *answers;
	struct bench_changes changes;
	uint32_t begun, published; /* changes; atomic */

	/* The looking thread's. */
	pthread_t looker;
	bool with_changes;
	bool done; /* atomic */
	struct check *checks;
	size_t nchecks, checks_cap;
	struct bench_sample ns[2][2]; /* a packet, of each walk: [cold][with changes] */
	struct bench_sample empty[2];
	uint64_t state;
	int err;

	struct bench_sample change;
	size_t rebuilt;
	double busy_seconds;
};

/* By the tc program: a test run of an XDP program waits for grace periods. */
static int look(struct traffic *t)
{
	struct check c = { .packet = (uint32_t)(fw_mix64(++t->state) % t->tracked) };
	const struct bench_header *h = &t->trace.headers[t->header[c.packet]];
	uint8_t frame[FW_FRAME_MAX] = { 0 };
	struct fw_result r;
	int err;

	memcpy(frame, &h->head, sizeof(h->head));
	c.from = __atomic_load_n(&t->published, __ATOMIC_SEQ_CST);
	err = fw_kern_test(bench_controller_kern(t->controller), FW_PROG_TC_INGRESS, frame, h->len, 0, &r);
	c.to = __atomic_load_n(&t->begun, __ATOMIC_SEQ_CST);
	if (err)
		return bench_said("run a packet through the program", err);
	c.slot = r.reason != FW_R_NONE ? -1 : (long)r.slot;
	c.reason = r.reason;
	return fw_vec_push(t->checks, t->nchecks, t->checks_cap, c);
}

/* For one window: walks, empty walks and checks by turns. */
static int window(struct traffic *t, bool cold)
{
	int prog = fw_kern_prog_fd(bench_controller_kern(t->controller), FW_PROG_XDP), err = 0;
	size_t count = cold || t->walked < BENCH_HOT ? t->walked : BENCH_HOT;
	uint64_t packets = cold ? t->walked : HOT_WALK;
	struct bench_walk walk = { 0 };
	double start = fw_now();

	while (!err && fw_now() - start < WINDOW_SECONDS) {
		err = bench_walker_run(t->walker, prog, count, packets, &walk);
		if (!err)
			err = bench_sample_add(&t->ns[cold][t->with_changes], walk.ns);
		if (!err)
			err = bench_walker_run(t->walker, -1, count, packets, &walk);
		if (!err)
			err = bench_sample_add(&t->empty[cold], walk.ns);
		for (int i = 0; !err && i < CHECKS; i++)
			err = look(t);
	}
	return err;
}

static void *looker(void *arg)
{
	struct traffic *t = arg;

	bench_pin_cpu();
	t->err = window(t, false);
	t->err = t->err ? t->err : window(t, true);
	__atomic_store_n(&t->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* A rule for one of the packets alone is made, or deleted again. */
static void toggle_write(struct traffic *t, struct fw_buf *out)
{
	size_t i = bench_random(&t->changes) % t->tracked;
	struct fw_addr_range src = { t->keys[i].src, t->keys[i].src, .family = (uint8_t)t->keys[i].family };
	struct fw_addr_range dst = { t->keys[i].dst, t->keys[i].dst, .family = (uint8_t)t->keys[i].family };

	if (t->toggled[i] && fw_ruleset_by_id(t->changes.rs, t->toggled[i])) {
		fw_buf_printf(out, "del rule %llu\n", (unsigned long long)t->toggled[i]);
		t->toggled[i] = 0;
		return;
	}
	t->toggled[i] = t->changes.rs->next_id;
	fw_buf_printf(out, "add rule first from ");
	fw_text_print_addr_range(out, &src);
	fw_buf_printf(out, " to ");
	fw_text_print_addr_range(out, &dst);
	fw_buf_printf(out, bench_random(&t->changes) & 1 ? " accept\n" : " drop\n");
}

static void row_told(const struct fw_rule_change *row, void *ctx)
{
	answers_row(ctx, row);
}

/* Every other change is about a packet that is looked at, the others are about anything. */
static int change(struct traffic *t)
{
	struct fw_buf text = { 0 };
	struct bench_stages at = { 0 };
	uint32_t number = t->begun + 1;
	int err = 0;

	if (number & 1)
		toggle_write(t, &text);
	else
		err = update_write(&t->changes, (enum update_row)update_kind(&t->changes, UPDATE_SINGLES), &text);
	__atomic_store_n(&t->begun, number, __ATOMIC_SEQ_CST);
	if (!err)
		err = bench_controller_change(t->controller, &text, row_told, t->answers, &at);
	__atomic_store_n(&t->published, number, __ATOMIC_SEQ_CST);
	fw_buf_free(&text);
	if (!err)
		err = answers_step(t->answers, number);
	t->rebuilt += !err && at.rebuilt;
	return err ? err : bench_sample_add(&t->change, at.total);
}

static void sleep_until(double when)
{
	double now = fw_now();
	struct timespec ts = { 0, (long)((when - now) * 1e9) };

	if (when > now)
		nanosleep(&ts, NULL);
}

static int changes_run(struct traffic *t)
{
	double start = fw_now(), due = start;
	int err = 0;

	while (!err && !__atomic_load_n(&t->done, __ATOMIC_SEQ_CST)) {
		sleep_until(due);
		err = change(t);
		due += 1.0 / RATE;
		if (fw_now() - due > LATE)
			due = fw_now();
	}
	t->busy_seconds += fw_now() - start;
	return err;
}

static int windows_run(struct traffic *t, unsigned windows)
{
	int err = 0;

	for (unsigned i = 0; !err && i < windows * 2; i++) {
		t->with_changes = i & 1;
		t->done = false;
		err = -pthread_create(&t->looker, NULL, looker, t);
		if (err)
			break;
		if (t->with_changes)
			err = changes_run(t);
		pthread_join(t->looker, NULL);
		if (!err)
			err = t->err;
		bench_controller_settle(t->controller);
	}
	return err;
}

/* Keeps incoming packets from an interface that no rule names; the first ones are used for the hot walks. */
static void trace_choose(struct traffic *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->trace.n; i++) {
		const struct bench_header *h = &t->trace.headers[i];

		if (bench_walkable(h) && h->iface == FW_IFACE_OTHER)
			t->trace.headers[n++] = *h;
	}
	t->trace.n = n;
	for (size_t i = 0; i < n && i < BENCH_HOT && t->tracked < TRACKED; i++) {
		struct fw_key *key = &t->keys[t->tracked];

		bench_header_key(&t->trace.headers[i], key);
		if (key->family != FW_FAMILY_NONE && key->reason == FW_R_NONE)
			t->header[t->tracked++] = (uint32_t)i;
	}
}

/* Packets that lean to the rules, as fwgen makes them. */
static int trace_make(struct traffic *t, const struct update_settings *s, const struct sandbox *box,
		      struct fw_ruleset *rs)
{
	const char *const argv[] = { "fwgen",   "trace",     "--rules", s->rules, "--format",
				     s->format, "--packets", PACKETS,   NULL };
	const char *path = sandbox_path(box, "trace");
	struct sandbox_answer a = { 0 };
	FILE *f = NULL;
	int err = sandbox_run(box, argv, &a);

	if (!err && (!(f = fopen(path, "we")) || fwrite(a.out.text, 1, a.out.len, f) != a.out.len))
		err = bench_said("write a trace", -EIO);
	if (f && fclose(f) && !err)
		err = bench_said("write a trace", -EIO);
	sandbox_answer_free(&a);
	if (!err)
		err = bench_trace_read(path, FW_FORMAT_RULES, rs, &t->trace);
	if (err)
		return err;
	trace_choose(t);
	return t->tracked ? 0 : bench_said("find incoming packets of the ruleset", -ENOENT);
}

static int traffic_prepare(struct traffic *t, struct fw_ruleset *rs, bool flow_cache)
{
	struct fw_kern_options options = { .no_flow_cache = !flow_cache };
	int err = bench_controller_new(rs, &options, &t->controller);

	if (!err)
		err = bench_walker_new(&t->trace, &t->walker, &t->walked);
	if (!err)
		err = answers_new(rs, t->keys, t->tracked, &t->answers);
	return err ? err : fw_kern_iface_set(bench_controller_kern(t->controller), LOOPBACK, FW_IFACE_OTHER);
}

static void traffic_end(struct traffic *t)
{
	bench_walker_free(t->walker);
	bench_controller_free(t->controller);
	answers_free(t->answers);
	bench_trace_free(&t->trace);
	bench_changes_free(&t->changes);
	free(t->checks);
	for (int i = 0; i < 4; i++)
		bench_sample_free(&t->ns[i / 2][i % 2]);
	bench_sample_free(&t->empty[0]);
	bench_sample_free(&t->empty[1]);
	bench_sample_free(&t->change);
}

/* The fastest empty walk is subtracted: noise in the others must not make a lookup look faster. */
static double median(struct traffic *t, bool cold, bool busy)
{
	bench_sample_sort(&t->ns[cold][busy]);
	bench_sample_sort(&t->empty[cold]);
	return bench_sample_quantile(&t->ns[cold][busy], 0.5) - bench_sample_quantile(&t->empty[cold], 0);
}

static void wrong_say(const struct traffic *t, const struct check *c)
{
	struct fw_buf packet = { 0 };

	fw_text_print_key(&packet, NULL, &t->keys[c->packet]);
	fprintf(stderr, "fwbench: wrong: %s: between changes %u and %u slot %ld (reason %u), not %ld\n",
		packet.text ? packet.text : "", c->from, c->to, c->slot, c->reason,
		answers_after(t->answers, c->packet, c->to));
	fw_buf_free(&packet);
}

static void results(struct traffic *t, struct update_traffic *out, int cache)
{
	for (int busy = 0; busy < 2; busy++) {
		out->cache[cache].hot[busy] = median(t, false, busy);
		out->cache[cache].cold[busy] = median(t, true, busy);
	}
	out->cache[cache].rate = (double)t->begun / t->busy_seconds;
	out->cache[cache].checked = t->nchecks;
	out->cache[cache].changed = answers_changed(t->answers);
	out->cache[cache].rebuilt = t->rebuilt;
	for (size_t i = 0; i < t->nchecks; i++)
		if (!answers_legal(t->answers, t->checks[i].packet, t->checks[i].from, t->checks[i].to,
				   t->checks[i].slot) &&
		    out->cache[cache].wrong++ < WRONG_SAID)
			wrong_say(t, &t->checks[i]);
	out->cache[cache].change = t->change;
	t->change = (struct bench_sample){ 0 };
	out->packets = t->walked;
}

static int cache_run(const struct update_settings *s, const struct sandbox *box, struct fw_ruleset *rs, int cache,
		     struct update_traffic *out)
{
	struct traffic *t = calloc(1, sizeof(*t));
	int err = t ? trace_make(t, s, box, rs) : -ENOMEM;

	if (!t)
		return err;
	t->changes = (struct bench_changes){ .rs = rs, .random = { s->seed } };
	if (!err)
		err = traffic_prepare(t, rs, cache);
	if (!err)
		err = windows_run(t, s->windows);
	if (!err)
		results(t, out, cache);
	traffic_end(t);
	free(t);
	return err;
}

/* The thread that makes changes takes CPUs that the looking one does not. */
static void pin_away(cpu_set_t *before)
{
	cpu_set_t others;

	sched_getaffinity(0, sizeof(*before), before);
	others = *before;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &others)) {
			CPU_CLR(cpu, &others);
			break;
		}
	sched_setaffinity(0, sizeof(others), &others);
}

int update_traffic_run(const struct update_settings *s, const struct sandbox *box, struct fw_ruleset *rs,
		       struct update_traffic *out)
{
	cpu_set_t before;
	int err = 0;

	pin_away(&before);
	prctl(PR_SET_TIMERSLACK, 1);
	for (int cache = 0; !err && cache < 2; cache++)
		err = cache_run(s, box, rs, cache, out);
	prctl(PR_SET_TIMERSLACK, 0);
	sched_setaffinity(0, sizeof(before), &before);
	return err;
}

void update_traffic_print(struct update_traffic *u)
{
	static const char *const cache[] = { "off", "on" };

	printf("  packets on their way         flow cache  changes/s  hot idle  changing  cold idle  changing  (ns)\n");
	for (int c = 0; c < 2; c++)
		printf("    %-25s %9s %10.0f %9.1f %9.1f %10.1f %9.1f\n", "", cache[c], u->cache[c].rate,
		       u->cache[c].hot[0], u->cache[c].hot[1], u->cache[c].cold[0], u->cache[c].cold[1]);
	for (int c = 0; c < 2; c++)
		printf("    flow cache %-3s wrong %zu of %zu answers; rules that decide changed %zu times\n", cache[c],
		       u->cache[c].wrong, u->cache[c].checked, u->cache[c].changed);
	for (int c = 0; c < 2; c++) {
		update_print_row(c ? "change meanwhile, on, us" : "change meanwhile, off, us", &u->cache[c].change,
				 1e-6);
		printf(" %8zu\n", u->cache[c].rebuilt);
	}
}

static json_t *cache_json(struct update_traffic *u, int c)
{
	/* clang-format off */
	return json_pack("{s:f,s:{s:f,s:f},s:{s:f,s:f},s:I,s:I,s:I,s:o}", "changes_per_second", u->cache[c].rate,
			 "hot_ns", "idle", u->cache[c].hot[0], "changing", u->cache[c].hot[1],
			 "cold_ns", "idle", u->cache[c].cold[0], "changing", u->cache[c].cold[1],
			 "checked", (json_int_t)u->cache[c].checked, "wrong", (json_int_t)u->cache[c].wrong,
			 "answers_changed", (json_int_t)u->cache[c].changed,
			 "change", update_json_row(&u->cache[c].change));
	/* clang-format on */
}

json_t *update_traffic_json(struct update_traffic *u)
{
	return json_pack("{s:I,s:o,s:o}", "packets", (json_int_t)u->packets, "no_flow_cache", cache_json(u, 0),
			 "flow_cache", cache_json(u, 1));
}

void update_traffic_free(struct update_traffic *u)
{
	for (int c = 0; c < 2; c++)
		bench_sample_free(&u->cache[c].change);
}
