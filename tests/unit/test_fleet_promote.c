// SPDX-License-Identifier: GPL-2.0-only
/* The steps of a rollout: as a table, and in a random fleet in which hosts fall silent, get worse and come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/fleet/promote.h"
#include "tests/unit/random.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))
#define RINGS 3
/* Hosts that report, that have confirmed, are worse, are left alone, are busy. */
#define P(hosts, confirmed, worse, left, busy)            \
	{                                                 \
		hosts, confirmed, worse, left, busy, NULL \
	}

static const struct fw_generation from = { 11, { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } };
static const struct fw_generation to = { 12, { "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" } };

/* Half of the first ring, 90 percent of the second and all of the third have to confirm. */
static const struct fw_rings rings = {
	.ring = { { .name = "first", .percent = 1, .share = 0.5, .soak = 10, .timeout = 100 },
		  { .name = "second", .percent = 10, .share = 0.9, .soak = 0, .timeout = 100 },
		  { .name = "third", .percent = 100, .share = 1, .soak = 60, .timeout = 600 } },
	.n = RINGS,
};

/* A rollout that began at 1000, and what becomes of it. */
struct step {
	const char *what;
	enum fw_rollout_state state;
	unsigned ring, hosts;
	uint64_t well;
	struct fw_ring_progress progress[RINGS];
	uint64_t now;
	/* Afterwards. */
	bool changed;
	enum fw_rollout_state then;
	unsigned next;
	uint64_t well_then;
};

#define RUN FW_ROLLOUT_RUNNING
#define PAUSE FW_ROLLOUT_PAUSED
#define FAIL FW_ROLLOUT_FAILED
#define DONE FW_ROLLOUT_DONE
static const struct step steps[] = {
	{ "nobody has heard", RUN, 0, 4, 0, { P(4, 0, 0, 0, 4) }, 1000, false, RUN, 0, 0 },
	{ "too few", RUN, 0, 4, 0, { P(4, 1, 0, 0, 3) }, 1001, false, RUN, 0, 0 },
	{ "the share", RUN, 0, 4, 0, { P(4, 2, 0, 0, 2) }, 1001, true, RUN, 0, 1001 },
	{ "the share is rounded up", RUN, 0, 5, 0, { P(5, 2, 0, 0, 3) }, 1001, false, RUN, 0, 0 },
	{ "during the soak", RUN, 0, 4, 1001, { P(4, 4, 0, 0, 0) }, 1010, false, RUN, 0, 1001 },
	{ "after the soak", RUN, 0, 4, 1001, { P(4, 4, 0, 0, 0), P(7, 0, 0, 0, 7) }, 1011, true, RUN, 1, 0 },
	{ "the share is lost", RUN, 0, 4, 1001, { P(4, 1, 0, 0, 3) }, 1010, true, RUN, 0, 0 },
	{ "a host is worse", RUN, 0, 4, 1001, { P(4, 3, 1, 0, 0) }, 1011, true, FAIL, 0, 0 },
	{ "one of an earlier ring", RUN, 1, 4, 1001, { P(4, 3, 1, 0, 0), P(4, 4, 0, 0, 0) }, 1011, true, FAIL, 1, 0 },
	{ "one of a later ring", RUN, 0, 4, 0, { P(4, 1, 0, 0, 3), P(4, 3, 1, 0, 0) }, 1011, false, RUN, 0, 0 },
	{ "the time is over", RUN, 0, 4, 0, { P(4, 1, 0, 0, 3) }, 1100, true, FAIL, 0, 0 },
	{ "not yet", RUN, 0, 4, 0, { P(4, 1, 0, 0, 3) }, 1099, false, RUN, 0, 0 },
	{ "confirmed late", RUN, 0, 4, 0, { P(4, 4, 0, 0, 0) }, 1100, true, RUN, 0, 1100 },
	{ "soaks beyond its time", RUN, 0, 4, 1095, { P(4, 4, 0, 0, 0) }, 1104, false, RUN, 0, 1095 },
	{ "all silent", RUN, 0, 4, 0, { { 0 }, P(5, 5, 0, 0, 0) }, 1050, false, RUN, 0, 0 },
	{ "silent too long", RUN, 0, 4, 0, { { 0 }, P(5, 5, 0, 0, 0) }, 1100, true, FAIL, 0, 0 },
	{ "fell silent while it soaked", RUN, 0, 4, 1001, { P(1, 1, 0, 0, 0) }, 1011, true, RUN, 0, 0 },
	{ "as few as the share allows", RUN, 0, 4, 1001, { P(2, 2, 0, 0, 0) }, 1011, true, RUN, 1, 0 },
	{ "down before: does not count", RUN, 0, 1, 0, { P(1, 1, 0, 0, 0) }, 1001, true, RUN, 0, 1001 },
	{ "more have come", RUN, 0, 1, 0, { P(9, 1, 0, 0, 8) }, 1001, false, RUN, 0, 0 },
	{ "more have come, and confirmed", RUN, 0, 1, 0, { P(9, 5, 0, 0, 4) }, 1001, true, RUN, 0, 1001 },
	{ "overruled ones do not count", RUN, 0, 4, 0, { P(4, 1, 0, 2, 1) }, 1001, true, RUN, 0, 1001 },
	{ "empty", RUN, 0, 0, 0, { { 0 }, P(5, 0, 0, 0, 5) }, 1001, true, RUN, 0, 1001 },
	{ "empty for a while", RUN, 0, 0, 1001, { { 0 }, P(5, 0, 0, 0, 5) }, 1030, false, RUN, 0, 1001 },
	{ "empty for long enough", RUN, 0, 0, 1001, { { 0 }, P(5, 0, 0, 0, 5) }, 1031, true, RUN, 1, 0 },
	{ "no longer empty", RUN, 0, 0, 1001, { P(1, 0, 0, 0, 1), P(5, 0, 0, 0, 5) }, 1031, true, RUN, 0, 0 },
	{ "all overruled", RUN, 0, 4, 1001, { P(4, 0, 0, 4, 0) }, 1031, true, RUN, 1, 0 },
	{ "the fleet is silent", RUN, 0, 0, 0, { { 0 } }, 1050, false, RUN, 0, 0 },
	{ "the fleet is silent for too long", RUN, 0, 0, 0, { { 0 } }, 1100, true, FAIL, 0, 0 },
	{ "the fleet falls silent", RUN, 0, 0, 1001, { { 0 } }, 1031, true, RUN, 0, 0 },
	{ "no soak", RUN, 1, 10, 0, { P(1, 1, 0, 0, 0), P(10, 9, 0, 0, 1) }, 1001, true, RUN, 1, 1001 },
	{ "no soak, next step", RUN, 1, 10, 1001, { P(1, 1, 0, 0, 0), P(10, 9, 0, 0, 1) }, 1001, true, RUN, 2, 0 },
	{ "the last ring soaks", RUN, 2, 9, 1001, { { 0 }, { 0 }, P(9, 9, 0, 0, 0) }, 1060, false, RUN, 2, 1001 },
	{ "done", RUN, 2, 9, 1001, { { 0 }, { 0 }, P(9, 9, 0, 0, 0) }, 1061, true, DONE, 2, 1001 },
	{ "paused", PAUSE, 0, 4, 0, { P(4, 4, 0, 0, 0) }, 9999, false, PAUSE, 0, 0 },
	{ "paused, and a host is worse", PAUSE, 0, 4, 0, { P(4, 3, 1, 0, 0) }, 9999, true, FAIL, 0, 0 },
	{ "done stays done", DONE, 2, 4, 0, { P(4, 0, 4, 0, 0) }, 9999, false, DONE, 2, 0 },
	{ "failed stays failed", FAIL, 1, 4, 0, { P(4, 4, 0, 0, 0) }, 9999, false, FAIL, 1, 0 },
	{ "aborted stays aborted",
	  FW_ROLLOUT_ABORTED,
	  1,
	  4,
	  0,
	  { P(4, 4, 0, 0, 0) },
	  9999,
	  false,
	  FW_ROLLOUT_ABORTED,
	  1,
	  0 },
	{ "a ring that is no more", RUN, 3, 4, 0, { P(4, 4, 0, 0, 0) }, 1001, true, FAIL, 3, 0 },
	{ "a clock behind the rollout's", RUN, 0, 4, 2000, { P(4, 4, 0, 0, 0) }, 1001, false, RUN, 0, 2000 },
};

static void table(void **state)
{
	for (size_t i = 0; i < ROWS(steps); i++) {
		const struct step *s = &steps[i];
		struct fw_rollout r = { .state = s->state,
					.from = from,
					.to = to,
					.ring = s->ring,
					.hosts = s->hosts,
					.since = 1000,
					.well = s->well };
		bool changed = fw_promote(&rings, &r, s->progress, s->now);

		if (changed != s->changed || r.state != s->then || r.ring != s->next || r.well != s->well_then)
			fail_msg("%s: changed %d, %s, ring %u, well %llu (%s)", s->what, changed,
				 fw_rollout_state_names[r.state], r.ring, (unsigned long long)r.well, r.why);
		if ((r.state == FAIL) != (r.why[0] != '\0') && s->state != FAIL)
			fail_msg("%s: why: '%s'", s->what, r.why);
		if (r.ring > s->ring)
			assert_true(r.since == s->now && r.hosts == s->progress[r.ring].hosts);
	}
}

/* What a failed rollout says. */
static void whys(void **state)
{
	const struct fw_report back = { .host = "web-1",
					.state = FW_REPORT_TAKEN_BACK,
					.why = "tcp:192.0.2.1:53 was not reached" };
	const struct fw_report worse = { .host = "web-2", .state = FW_REPORT_CONFIRMED, .worse = true };
	const struct {
		struct fw_ring_progress progress;
		uint64_t now;
		const char *why;
	} rows[] = {
		{ { 3, 2, 1, 0, 0, &back },
		  1001,
		  "ring first: host web-1 taken-back: tcp:192.0.2.1:53 was not reached" },
		{ { 3, 2, 1, 0, 0, &worse }, 1001, "ring first: host web-2 is worse" },
		{ P(3, 1, 0, 0, 2), 1100, "ring first: after 100 s 1 of 2 hosts that it needs have confirmed" },
		{ { 0 }, 1100, "ring first: no host of the fleet has reported for 100 s" },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ring_progress progress[FW_RINGS_MAX] = { rows[i].progress };
		struct fw_rollout r = { .from = from, .to = to, .since = 1000 };

		assert_true(fw_promote(&rings, &r, progress, rows[i].now));
		assert_string_equal(r.why, rows[i].why);
	}
}

/* How a report is counted, in the first ring, whose head is `to`, and in the second, whose head is `from`. */
static void counted(void **state)
{
#define WORD(p) ((p).confirmed ? "confirmed" : (p).worse ? "worse" : (p).left ? "left" : (p).busy ? "busy" : "none")
	const struct {
		struct fw_report report;
		const char *first, *second;
	} rows[] = {
		{ { .state = FW_REPORT_CONFIRMED, .running = to, .wanted = to }, "confirmed", "busy" },
		{ { .state = FW_REPORT_CONFIRMED, .running = from, .wanted = from }, "busy", "confirmed" },
		{ { .state = FW_REPORT_CONFIRMED, .running = from, .wanted = to }, "busy", "busy" },
		{ { .state = FW_REPORT_CONFIRMED, .running = { 12, { "00" } }, .wanted = { 12, { "00" } } },
		  "busy",
		  "busy" },
		{ { .state = FW_REPORT_CONFIRMED, .running = to, .wanted = to, .worse = true }, "worse", "busy" },
		{ { .state = FW_REPORT_CONFIRMED, .running = from, .wanted = from, .worse = true }, "busy", "worse" },
		{ { .state = FW_REPORT_REFUSED, .running = from, .wanted = to }, "worse", "busy" },
		{ { .state = FW_REPORT_TAKEN_BACK, .running = from, .wanted = to }, "worse", "busy" },
		{ { .state = FW_REPORT_REFUSED, .running = from, .wanted = { 10, { "00" } } }, "busy", "busy" },
		{ { .state = FW_REPORT_FETCHING, .running = from, .wanted = to }, "busy", "busy" },
		{ { .state = FW_REPORT_LOADING, .running = from, .wanted = to }, "busy", "busy" },
		{ { .state = FW_REPORT_PROBING, .running = to, .wanted = to }, "busy", "busy" },
		{ { .state = FW_REPORT_IDLE }, "busy", "busy" },
		{ { .state = FW_REPORT_OVERRULED, .running = from, .wanted = to }, "left", "left" },
		{ { .state = FW_REPORT_DRIFTED, .running = to, .wanted = to }, "left", "left" },
	};
	const struct fw_rollout rollout = { .from = from, .to = to };

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_report reports[] = { rows[i].report, rows[i].report, rows[i].report, rows[i].report };
		struct fw_ring_progress out[FW_RINGS_MAX];

		strcpy(reports[0].ring, "first");
		strcpy(reports[1].ring, "second");
		strcpy(reports[2].ring, "fourth");
		fw_progress(&rings, &rollout, reports, ROWS(reports), out);
		assert_true(out[0].hosts == 1 && out[1].hosts == 1 && out[2].hosts == 0);
		if (strcmp(WORD(out[0]), rows[i].first) || strcmp(WORD(out[1]), rows[i].second))
			fail_msg("row %zu: %s, %s", i, WORD(out[0]), WORD(out[1]));
		assert_ptr_equal(out[0].worst, out[0].worse ? &reports[0] : NULL);
	}
#undef WORD
}

/* Nobody is confirmed about a head that does not exist. */
static void no_head(void **state)
{
	const struct fw_rollout rollout = { .to = to };
	struct fw_report report = { .ring = "second", .state = FW_REPORT_CONFIRMED };
	struct fw_ring_progress out[FW_RINGS_MAX];

	fw_progress(&rings, &rollout, &report, 1, out);
	assert_true(out[1].busy == 1 && out[1].confirmed == 0);
}

static void what_runs(void **state)
{
	struct fw_rollout r = { .from = from, .to = to };

	assert_true(fw_rollout_runs(NULL)->number == 0);
	for (unsigned s = 0; s < FW_NROLLOUT_STATES; s++) {
		r.state = s;
		assert_true(fw_rollout_runs(&r)->number == (s == FW_ROLLOUT_DONE ? 12 : 11));
	}
}

/* Rings that came after a rollout has ended have what the fleet runs. */
static void heads(void **state)
{
	struct fw_rollout r = { .from = from, .to = to, .ring = 1 };

	for (unsigned s = 0; s < FW_NROLLOUT_STATES; s++) {
		bool active = s <= FW_ROLLOUT_PAUSED;

		r.state = s;
		assert_int_equal(fw_rollout_head(&r, 1)->number, active || s == FW_ROLLOUT_DONE ? 12 : 11);
		assert_int_equal(fw_rollout_head(&r, 2)->number, s == FW_ROLLOUT_DONE ? 12 : 11);
	}
}

/* A random fleet. */
#define HOSTS 40
struct fleet {
	struct fw_rings rings;
	struct fw_report host[HOSTS];
	bool silent[HOSTS];
	unsigned bad; /* percent of hosts that turn out worse */
	struct fw_rollout rollout;
	uint64_t now;
	/* What the test has seen: since when the share of the ring has confirmed; 0: it has not. */
	uint64_t well;
	unsigned reported; /* hosts of the ring that reported when it was moved on */
};

/* Of a ring's name: r0, r1 ... */
static unsigned number_of(const char *ring)
{
	return (unsigned)(ring[1] - '0');
}

static void fleet_make(struct fleet *f)
{
	*f = (struct fleet){ .now = 1000, .bad = random_below(4) ? 0 : 2 };
	f->rings.n = 1 + random_below(4);
	for (unsigned i = 0; i < f->rings.n; i++) {
		struct fw_ring *r = &f->rings.ring[i];

		snprintf(r->name, sizeof(r->name), "r%u", i);
		r->share = 0.05 * (1 + random_below(20));
		r->soak = random_below(20);
		r->timeout = 100 + random_below(300);
	}
	for (unsigned i = 0; i < HOSTS; i++) {
		struct fw_report *h = &f->host[i];

		snprintf(h->host, sizeof(h->host), "h%u", i);
		snprintf(h->ring, sizeof(h->ring), "r%u", random_below(f->rings.n));
		h->running = h->wanted = from;
		h->state = FW_REPORT_CONFIRMED;
		f->silent[i] = random_below(8) == 0;
	}
	f->rollout = (struct fw_rollout){ .from = from, .to = to };
}

/* A host hears of its head, takes it, or something happens to it. */
static void host_step(struct fleet *f, unsigned i)
{
	struct fw_report *h = &f->host[i];
	const struct fw_generation *head = fw_rollout_head(&f->rollout, number_of(h->ring));

	if (random_below(200) == 0)
		f->silent[i] = !f->silent[i];
	if (random_below(500) == 0)
		h->state = FW_REPORT_OVERRULED;
	if (!fw_generation_same(&h->wanted, head)) {
		h->wanted = *head;
		h->state = FW_REPORT_FETCHING;
		h->worse = false;
	} else if (h->state == FW_REPORT_FETCHING && random_below(100) < f->bad) {
		h->state = random_below(2) ? FW_REPORT_REFUSED : FW_REPORT_TAKEN_BACK;
	} else if (h->state == FW_REPORT_FETCHING) {
		h->running = *head;
		h->state = FW_REPORT_CONFIRMED;
	} else if (random_below(1000) < f->bad) {
		h->worse = true;
	}
}

static size_t reports(const struct fleet *f, struct fw_report out[HOSTS])
{
	size_t n = 0;

	for (unsigned i = 0; i < HOSTS; i++)
		if (!f->silent[i])
			out[n++] = f->host[i];
	return n;
}

/* What the test itself counts of a ring. */
struct seen {
	unsigned hosts, confirmed, left, worse;
};

static struct seen see(const struct fleet *f, unsigned ring)
{
	struct seen s = { 0 };

	for (unsigned i = 0; i < HOSTS; i++) {
		const struct fw_report *h = &f->host[i];
		bool about = fw_generation_same(&h->wanted, fw_rollout_head(&f->rollout, ring));

		if (f->silent[i] || number_of(h->ring) != ring)
			continue;
		s.hosts++;
		if (h->state == FW_REPORT_OVERRULED)
			s.left++;
		else if (about && (h->worse || h->state == FW_REPORT_REFUSED || h->state == FW_REPORT_TAKEN_BACK))
			s.worse++;
		else if (about && h->state == FW_REPORT_CONFIRMED)
			s.confirmed++;
	}
	return s;
}

/* Looks at the ring as the leader is about to, and remembers since when its share has confirmed. */
static void observe(struct fleet *f)
{
	struct seen s = see(f, f->rollout.ring);
	unsigned counts = (s.hosts > f->reported ? s.hosts : f->reported) - s.left;
	bool well = counts ? s.confirmed && s.confirmed + 1e-6 >= f->rings.ring[f->rollout.ring].share * counts : true;

	if (!well || f->rollout.state != FW_ROLLOUT_RUNNING)
		f->well = 0;
	else if (!f->well)
		f->well = f->now;
}

/* The leader steps, and may be another one from then on. */
static void leader_step(struct fleet *f)
{
	struct fw_report all[HOSTS];
	struct fw_ring_progress progress[FW_RINGS_MAX];
	struct fw_rollout before = f->rollout;
	unsigned worse = 0;

	observe(f);
	for (unsigned i = 0; i <= before.ring; i++)
		worse += see(f, i).worse;
	fw_progress(&f->rings, &f->rollout, all, reports(f, all), progress);
	fw_promote(&f->rings, &f->rollout, progress, f->now);
	if (worse)
		assert_int_equal(f->rollout.state, FW_ROLLOUT_FAILED);
	if (f->rollout.ring != before.ring || f->rollout.state == FW_ROLLOUT_DONE) {
		assert_int_equal(before.state, FW_ROLLOUT_RUNNING);
		assert_true(f->well && f->now - f->well >= f->rings.ring[before.ring].soak);
	}
	if (f->rollout.ring != before.ring) {
		assert_int_equal(f->rollout.ring, before.ring + 1);
		f->well = 0;
		f->reported = see(f, f->rollout.ring).hosts;
	}
	if (f->rollout.state == FW_ROLLOUT_DONE)
		assert_int_equal(f->rollout.ring, f->rings.n - 1);
	if (f->rollout.state == FW_ROLLOUT_RUNNING && random_below(50) == 0) { /* another leader */
		f->rollout.since = f->now;
		f->rollout.well = f->well = 0;
	}
}

/* Someone pauses, resumes or aborts. */
static void admin_step(struct fleet *f)
{
	if (random_below(40) == 0 && f->rollout.state <= FW_ROLLOUT_PAUSED) {
		f->rollout.state = f->rollout.state == FW_ROLLOUT_PAUSED ? FW_ROLLOUT_RUNNING : FW_ROLLOUT_PAUSED;
		f->rollout.since = f->now;
		f->rollout.well = 0;
	}
	if (random_below(2000) == 0 && f->rollout.state <= FW_ROLLOUT_PAUSED)
		f->rollout.state = FW_ROLLOUT_ABORTED;
}

static void check_heads(const struct fleet *f)
{
	bool back = f->rollout.state == FW_ROLLOUT_FAILED || f->rollout.state == FW_ROLLOUT_ABORTED;

	for (unsigned i = 0; i < f->rings.n; i++) {
		const struct fw_generation *head = fw_rollout_head(&f->rollout, i);

		assert_true(fw_generation_same(head, back || i > f->rollout.ring ? &from : &to));
		if (f->rollout.state == FW_ROLLOUT_DONE)
			assert_true(fw_generation_same(head, &to));
	}
}

static enum fw_rollout_state simulate(void)
{
	struct fw_report all[HOSTS];
	struct fw_ring_progress progress[FW_RINGS_MAX];
	struct fleet f;

	fleet_make(&f);
	fw_progress(&f.rings, &f.rollout, all, reports(&f, all), progress);
	fw_rollout_begin(&f.rollout, progress, f.now);
	f.reported = see(&f, 0).hosts;
	for (unsigned i = 0; i < 20000 && f.rollout.state <= FW_ROLLOUT_PAUSED; i++) {
		f.now += random_below(3);
		for (unsigned j = 0; j < 10; j++)
			host_step(&f, random_below(HOSTS));
		leader_step(&f);
		admin_step(&f);
		check_heads(&f);
	}
	return f.rollout.state;
}

/* Each rollout ends, and both ways are common. */
static void random_fleets(void **state)
{
	unsigned ends[FW_NROLLOUT_STATES] = { 0 }, n = random_amount("FW_FLEETS", 300);

	for (unsigned i = 0; i < n; i++)
		ends[simulate()]++;
	assert_int_equal(ends[FW_ROLLOUT_RUNNING] + ends[FW_ROLLOUT_PAUSED], 0);
	assert_true(ends[FW_ROLLOUT_DONE] > n / 10 && ends[FW_ROLLOUT_FAILED] > n / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),         cmocka_unit_test(whys),      cmocka_unit_test(counted),
		cmocka_unit_test(no_head),       cmocka_unit_test(what_runs), cmocka_unit_test(heads),
		cmocka_unit_test(random_fleets),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
