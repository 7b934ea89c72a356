// SPDX-License-Identifier: GPL-2.0-only
/* An engine under test, and what must hold after everything that is done to it. */
#include "fw/oracle.h"

#include "tests/unit/engine_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/fwd/requests/metrics_objects.h"
#include "ctl/fwd/requests/rule_counts.h"
#include "fw/table/packet.h"
#include "tests/unit/probe.h"
#include "tests/unit/random.h"
#include "tests/unit/tree.h"

static char store_path[96];
const struct record_who fixture_who = { .pid = 77, .uid = 7, .process = "trial" };
char fixture_folder[64] = "/tmp/fwd-test-engine-XXXXXX";
struct engine_options fixture_options = { .store = store_path, .pins = FIXTURE_PINS, .readers = (gid_t)-1 };

bool fixture_enter(int argc, char **argv)
{
	random_start();
	fixture_options.pool = sandbox_pool();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return sandbox_enter();
}

int fixture_setup(void **state)
{
	if (!mkdtemp(fixture_folder))
		return -1;
	snprintf(store_path, sizeof(store_path), "%s/store", fixture_folder);
	return 0;
}

int fixture_teardown(void **state)
{
	tree_empty(fixture_folder);
	return rmdir(fixture_folder);
}

void fixture_fresh(void)
{
	tree_empty(fixture_folder);
	tree_empty(FIXTURE_PINS);
	assert_true(!mkdir(FIXTURE_PINS, 0700) || errno == EEXIST);
}

struct engine *fixture_begin(void)
{
	struct fw_diags ds = { 0 };
	struct engine *e = NULL;

	if (engine_open(&fixture_options, &ds, &e))
		fail_msg("%s", ds.n ? ds.d[0].message : "engine_open");
	return e;
}

void fixture_wait_undone(struct engine *e)
{
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };
	double end = fw_now() + 120;

	for (;;) {
		if (!engine_waits(e, NULL) && !engine_busy(e))
			break;
		if (fw_now() > end)
			fail_msg("it is not undone");
		if (poll(&p, 1, 100) > 0)
			engine_work(e);
	}
	fixture_pump(e);
}

void fixture_pump(struct engine *e)
{
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };

	while (poll(&p, 1, engine_busy(e) ? 300000 : 30) > 0)
		engine_work(e);
	assert_false(engine_busy(e));
}

/* The ruleset as text, with slots and whether the ids were given. free() it. */
static char *text_of(const struct fw_ruleset *rs)
{
	struct fw_buf b = { 0 };

	fw_text_print(&b, rs);
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		fw_buf_printf(&b, "%u ", r->own_id);
	assert_false(b.failed);
	return b.text;
}

bool fixture_same(const struct fw_ruleset *a, const struct fw_ruleset *b)
{
	fw_autofree char *x = text_of(a), *y = text_of(b);

	return !strcmp(x, y);
}

struct scanned {
	struct engine *e;
	size_t rules;
};

static void check_row(void *ctx, const struct rule_count *c, bool marked)
{
	struct scanned *s = ctx;
	const struct fw_rule *r = fw_ruleset_by_slot(engine_ruleset(s->e), c->slot);
	struct fw_count count;

	assert_non_null(r);
	assert_true(c->row.id == r->id);
	assert_int_equal(marked, r->exported || r->name);
	count = engine_rule_count(s->e, r);
	assert_memory_equal(&c->row.count, &count, sizeof(count));
	s->rules++;
}

/* The lines that the iterator file must have for policies and rules. */
static void print_counters(struct engine *e, struct fw_buf *b)
{
	const struct fw_ruleset *rs = engine_ruleset(e);

	fw_buf_printf(b, "# rule packets bytes verdict counter name chain\n");
	for (unsigned i = 0; i < FW_NPROGS * FW_NREASONS * FW_NTERMINAL; i++) {
		unsigned verdict = i % FW_NTERMINAL, reason = i / FW_NTERMINAL % FW_NREASONS;
		unsigned prog = i / FW_NTERMINAL / FW_NREASONS;
		struct fw_count n = fw_kern_prog_count(engine_kern(e), prog, reason, verdict);

		enum fw_verdict is = fw_ruleset_policy(rs, reason, fw_prog_hook(prog));

		if (n.packets || (verdict == is && fw_reason_possible(prog, reason)))
			fw_buf_printf(b, "%s/%s %llu %llu %s - - -\n", fw_reason_info[reason].name, fw_prog_names[prog],
				      (unsigned long long)n.packets, (unsigned long long)n.bytes,
				      fw_verdict_name(verdict));
	}
	for (uint32_t slot = 0; slot < rs->next_slot; slot++) {
		const struct fw_rule *r = fw_ruleset_by_slot(rs, slot);

		if (r)
			metric_rule(b, rs, r, engine_rule_count(e, r));
	}
}

/* The counters of a chunk that were read from the pins, as print_counters(). */
static void print_pinned(const struct fw_pinned *p, uint32_t chunk, struct fw_buf *b)
{
	for (uint32_t i = chunk ? 0 : FW_COUNTER_RULES; i < FW_COUNTER_CHUNK; i++) {
		struct fw_pinned_row row = fw_pinned_row(p, i);

		if (row.label.id)
			fw_buf_printf(b, "%llu %llu %llu %s %s %s %s\n", (unsigned long long)row.label.id,
				      (unsigned long long)row.count.packets, (unsigned long long)row.count.bytes,
				      fw_verdict_name(row.label.what & FW_LABEL_VERDICT),
				      row.label.what & FW_LABEL_EXPORTED ? "counter" : "-", row.name ? row.name : "-",
				      row.chain ? row.chain : "-");
	}
}

static void assert_pinned(const char *want)
{
	fw_cleanup(fw_buf_free) struct fw_buf got = { 0 };
	struct fw_pinned *p = NULL;
	char why[FW_PINNED_WHY];
	int more = 1;

	if (fw_pinned_open(fixture_options.pins, why, &p))
		fail_msg("%s", why);
	for (uint32_t chunk = 0; (more = fw_pinned_chunk(p, chunk)) > 0; chunk++)
		print_pinned(p, chunk, &got);
	assert_int_equal(more, 0);
	fw_pinned_close(p);
	assert_string_equal(got.text ? got.text : "", want);
}

/* Where the rules begin in the output of print_counters(). */
static const char *rules_of(const char *text)
{
	while (*text && (*text < '0' || *text > '9'))
		text += strcspn(text, "\n") + 1;
	return text;
}

void assert_labels(struct engine *e)
{
	fw_cleanup(fw_buf_free) struct fw_buf want = { 0 }, got = { 0 };
	const char *path = fw_kern_iterator_file(engine_kern(e), FW_ITERATOR_COUNTERS);
	struct scanned s = { .e = e };
	char part[4096];
	ssize_t n;
	int fd;

	rule_counts_read(e, check_row, &s);
	assert_int_equal(s.rules, engine_ruleset(e)->nrules);
	print_counters(e, &want);
	assert_pinned(rules_of(want.text));
	assert_true(!path == !!engine_files_error(e));
	if (!path) {
		assert_int_equal(engine_files_error(e), fw_kern_iterator_files_probe());
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while ((n = read(fd, part, sizeof(part))) > 0)
		fw_buf_add(&got, part, (size_t)n);
	close(fd);
	assert_int_equal(n, 0);
	assert_string_equal(got.text, want.text);
}

void assert_filters(struct engine *e, unsigned packets)
{
	const struct fw_ruleset *rs = engine_ruleset(e);
	static struct random_frame f;

	assert_labels(e);
	assert_int_equal(fw_ruleset_order((struct fw_ruleset *)rs), 0);
	assert_int_equal(fw_kern_generation(engine_kern(e)) != 0, true);
	for (unsigned i = 0; i < packets; i++) {
		struct fw_result got;
		struct fw_probe p;
		struct fw_key key;
		long want;

		random_frame(rs, &f);
		random_frame_plain(&f);
		fw_packet_parse(f.bytes, f.bytes + f.meta.len, &f.meta, &key);
		want = fw_oracle(rs, &key);
		p = probe_of(&f.meta, f.bytes, 1);
		assert_int_equal(fw_kern_probe(engine_kern(e), &p, &got), 0);
		if (got.verdict != fw_oracle_verdict(rs, want, &key) || (want >= 0) != (got.reason == FW_R_NONE) ||
		    (want >= 0 && got.slot != rs->rules[want]->slot)) {
			fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

			fw_text_print_key(&b, rs, &key);
			fail_msg("%s: verdict %d slot %u reason %u, oracle: rule %ld", b.text, got.verdict, got.slot,
				 got.reason, want >= 0 ? (long)rs->rules[want]->id : -1);
		}
	}
}

static void take_result(const struct engine_result *r, void *ctx)
{
	*(struct engine_result *)ctx = *r;
}

/* As fwd does it: long changes are left to the worker. */
int fixture_edit(struct engine *e, const char *text, unsigned confirm, struct engine_result *out)
{
	const struct engine_edit edit = { .source.text = text,
					  .source.len = strlen(text),
					  .source.name = "test",
					  .cause = { .what = "change test", .confirm = confirm },
					  .ctx = out };

	engine_change(e, &edit, out);
	if (out->bulk && !engine_bulk_start(e, &edit, take_result, NULL))
		fixture_pump(e);
	return out->err;
}

void fixture_change(struct engine *e, const char *text)
{
	static struct engine_result r;

	/* As fwd lets it wait while the worker is busy, as with the store. */
	while (fixture_edit(e, text, 0, &r) == -EAGAIN)
		fixture_pump(e);
	if (r.err)
		fail_msg("error %d: %s: %.300s", r.err, r.ds.d[0].message, text);
	assert_true(r.generation == fw_kern_generation(engine_kern(e)));
}

int fixture_refused(struct engine *e, const char *text, const char *says)
{
	static struct engine_result r;
	fw_autofree char *before = text_of(engine_ruleset(e)), *after = NULL;
	uint32_t generation = fw_kern_generation(engine_kern(e));

	assert_true(fixture_edit(e, text, 0, &r) < 0);
	assert_true(r.ds.n > 0);
	if (!strstr(r.ds.d[0].message, says))
		fail_msg("%s", r.ds.d[0].message);
	after = text_of(engine_ruleset(e));
	assert_string_equal(before, after);
	assert_int_equal(generation, fw_kern_generation(engine_kern(e)));
	return r.err;
}

struct engine_result fixture_loaded;
static unsigned loads_done;
static char stages[100];

void fixture_done(const struct engine_result *r, void *ctx)
{
	fixture_loaded = *r;
	loads_done++;
}

static void on_stage(const char *stage, void *ctx)
{
	snprintf(stages + strlen(stages), sizeof(stages) - strlen(stages), "%s ", stage);
}

int fixture_load_start(struct engine *e, const char *text, unsigned confirm, bool check)
{
	struct engine_load l = {
		.source.name = strdup("test.rules"),
		.source.text = strdup(text),
		.source.len = strlen(text),
		.cause = { .what = "load test", .confirm = confirm },
		.check = check,
		.empty = true,
		.done = fixture_done,
		.progress = on_stage,
	};

	stages[0] = '\0';
	return engine_load_start(e, &l);
}

void fixture_load(struct engine *e, const char *text)
{
	unsigned before = loads_done;

	assert_int_equal(fixture_load_start(e, text, 0, false), 0);
	assert_true(engine_busy(e));
	fixture_pump(e);
	assert_int_equal(loads_done, before + 1);
	if (fixture_loaded.err)
		fail_msg("%s", fixture_loaded.ds.d[0].message);
	assert_string_equal(stages, "parse compile store swap ");
}

const struct fw_rule *fixture_rule(struct engine *e, const char *name)
{
	const struct fw_rule *r = fw_ruleset_by_name(engine_ruleset(e), name);

	assert_non_null(r);
	return r;
}

enum fw_verdict fixture_send(struct engine *e, const char *text)
{
	struct fw_result got;
	struct fw_frame f;

	assert_int_equal(fw_text_frame(text, &f, NULL), 0);
	assert_int_equal(fw_kern_test(engine_kern(e), FW_PROG_XDP, f.data, f.len, 0, &got), 0);
	return got.verdict;
}

struct engine *fixture_restart(struct engine *e)
{
	fw_autofree char *before = text_of(engine_ruleset(e)), *after = NULL;
	uint32_t generation = fw_kern_generation(engine_kern(e));

	engine_close(e);
	e = fixture_begin();
	after = text_of(engine_ruleset(e));
	assert_string_equal(before, after);
	assert_true(fw_kern_generation(engine_kern(e)) > generation);
	return e;
}
