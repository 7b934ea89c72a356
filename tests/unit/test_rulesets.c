// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rulesets with traces and known answers, from the folder that FW_RULESETS
 * names: for every NAME with NAME_trace and NAME_truth in it (and NAME_trace_loc
 * with NAME_truth_loc), each packet finds the known first match, in user space and in the kernel.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fw/kern.h"
#include "fw/tables.h"
#include "fw/table/packet.h"
#include "fw/text.h"
#include "tests/unit/sandbox.h"

static struct fw_diags ds;

/* One set, and where it is looked up. */
struct set {
	const char *path;
	struct fw_ruleset *rs;
	long *truth, *rule_of; /* packet -> rule; counter slot -> rule */
	size_t n;
	struct fw_pool *pool;
	struct fw_classifier *classifier[2]; /* without flow cache, with it */
	struct fw_image image[2];            /* in user space, in the kernel */
	struct fw_kern *kern;                /* NULL: no kernel */
};

static void need(int err, const char *path)
{
	char text[1024];

	if (err)
		fail_msg("%s: %s", path, ds.n ? fw_diag_format(&ds.d[0], text, sizeof(text)) : strerror(-err));
}

static const char *path_of(const char *path, const char *suffix)
{
	static char buf[4096];

	snprintf(buf, sizeof(buf), "%s%s", path, suffix);
	return buf;
}

static void compile(struct set *s, struct fw_pool *pool, struct fw_image *image)
{
	const char *reason;

	need(fw_tables_compile(s->rs, pool, NULL, &ds, image), s->path);
	if (fw_image_validate(pool, image->root, &reason))
		fail_msg("%s: %s", s->path, reason);
}

/* Without the permission to load programs, only user space is tested. */
static void kernel_open(struct set *s)
{
	int err = fw_kern_open(&(struct fw_kern_options){ .pool = sandbox_pool() }, &ds, &s->kern);

	if (err == -EPERM) {
		ds.n = ds.total = 0;
		print_message("skipped: the kernel, for want of CAP_BPF\n");
		return;
	}
	need(err, s->path);
	compile(s, fw_kern_pool(s->kern), &s->image[1]);
	need(fw_kern_counters_reserve(s->kern, s->rs->next_slot), s->path);
	need(fw_kern_publish(s->kern, s->image[1].root, 1), s->path);
}

static void set_open(struct set *s)
{
	need(fw_text_load(s->path, FW_FORMAT_CLASSBENCH, &s->rs, &ds), s->path);
	s->rule_of = calloc((size_t)s->rs->next_slot + 1, sizeof(*s->rule_of));
	assert_non_null(s->rule_of);
	for (size_t i = 0; i < s->rs->nrules; i++)
		s->rule_of[s->rs->rules[i]->slot] = (long)i;
	need(fw_pool_new(&s->pool), s->path);
	compile(s, s->pool, &s->image[0]);
	for (int cache = 0; cache < 2; cache++) {
		need(fw_classifier_new(s->pool, cache, &s->classifier[cache]), s->path);
		fw_classifier_publish(s->classifier[cache], s->image[0].root, 1);
	}
	kernel_open(s);
}

static void set_close(struct set *s)
{
	fw_classifier_free(s->classifier[0]);
	fw_classifier_free(s->classifier[1]);
	fw_image_free(&s->image[1]);
	fw_image_free(&s->image[0]);
	fw_kern_close(s->kern);
	fw_pool_free(s->pool);
	fw_ruleset_free(s->rs);
	free(s->truth);
	free(s->rule_of);
}

static void assert_rule(const struct set *s, size_t packet, const char *engine, struct fw_result got)
{
	long rule = got.reason != FW_R_NONE ? -1 : got.slot < s->rs->next_slot ? s->rule_of[got.slot] : -2;

	if (rule != s->truth[packet])
		fail_msg("%s: packet %zu (from 0), %s: rule %ld (reason %u), not %ld", s->path, packet, engine, rule,
			 got.reason, s->truth[packet]);
}

static void check_packet(const struct set *s, size_t packet, const struct fw_frame *f)
{
	struct fw_meta meta = { .hook = f->hook, .iface = FW_IFACE_OTHER, .mark = f->mark, .len = f->wire_len };
	struct fw_result got;
	struct fw_key key;

	fw_packet_parse(f->data, f->data + f->len, &meta, &key);
	for (int again = 0; again < 2; again++) {
		assert_rule(s, packet, "user space", fw_classifier_result(s->classifier[0], &key));
		assert_rule(s, packet, "user space, flow cache", fw_classifier_result(s->classifier[1], &key));
		if (!s->kern)
			continue;
		need(fw_kern_test(s->kern, FW_PROG_XDP, f->data, f->len, 0, &got), s->path);
		assert_rule(s, packet, "kernel", got);
	}
}

/* Every packet of a trace gets the answer that its file of right answers has. */
static void check_trace(struct set *s, const char *truth, const char *packets)
{
	struct fw_trace *trace = NULL;
	struct fw_frame f;
	size_t n = 0;
	int got;

	need(fw_truth_read(path_of(s->path, truth), s->rs->nrules, &ds, &s->truth, &s->n), s->path);
	need(fw_trace_open(path_of(s->path, packets), FW_FORMAT_CLASSBENCH, &ds, &trace), s->path);
	while ((got = fw_trace_next(trace, &ds, &f)) > 0) {
		if (n == s->n)
			fail_msg("%s%s: more packets than answers", s->path, packets);
		check_packet(s, n++, &f);
	}
	need(got, s->path);
	fw_trace_close(trace);
	if (n != s->n || !n)
		fail_msg("%s%s: %zu packets, %zu answers", s->path, packets, n, s->n);
	free(s->truth);
	s->truth = NULL;
	print_message("%s%s: %zu rules, %zu packets, user space%s\n", s->path, packets, s->rs->nrules, n,
		      s->kern ? " and kernel" : "");
}

static void check_set(const char *path)
{
	struct set s = { .path = path };

	set_open(&s);
	check_trace(&s, "_truth", "_trace");
	if (!access(path_of(path, "_truth_loc"), R_OK))
		check_trace(&s, "_truth_loc", "_trace_loc");
	set_close(&s);
}

static void known_answers(void **state)
{
	const char *dir = getenv("FW_RULESETS");
	size_t sets = 0;
	glob_t g;

	if (!dir) {
		print_message("skipped: FW_RULESETS names no folder\n");
		return;
	}
	assert_int_equal(glob(path_of(dir, "/*_truth"), 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *path = g.gl_pathv[i];

		path[strlen(path) - strlen("_truth")] = '\0';
		if (access(path, R_OK) || access(path_of(path, "_trace"), R_OK))
			continue;
		check_set(path);
		sets++;
	}
	globfree(&g);
	assert_true(sets > 0);
}

/* Lines that cannot be read are named. */
static void bad_traces(void **state)
{
	static const struct {
		enum fw_format format;
		const char *text, *message;
	} rows[] = {
		{ FW_FORMAT_CLASSBENCH, "1 2 3 4 6 0\n1 2 3 4\n", "cannot be read" },
		{ FW_FORMAT_CLASSBENCH, "1 2 3 4 6\n1 2 65536 4 6\n", "cannot be read" },
		{ FW_FORMAT_RULES, "tcp 1.1.1.1:1 > 2.2.2.2:2\ntcp 1.1.1.1:1 >\n", "destination address" },
	};
	char path[] = "/tmp/fw-test-trace-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_trace *t = NULL;
		struct fw_frame f;

		ds.n = ds.total = 0;
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text, strlen(rows[i].text), 0), strlen(rows[i].text));
		assert_int_equal(fw_trace_open(path, rows[i].format, &ds, &t), 0);
		assert_int_equal(fw_trace_next(t, &ds, &f), 1);
		assert_int_equal(fw_trace_next(t, &ds, &f), -EINVAL);
		assert_int_equal(ds.total, 1);
		assert_int_equal(ds.d[0].line, 2);
		assert_string_equal(ds.d[0].file, path);
		assert_non_null(strstr(ds.d[0].message, rows[i].message));
		fw_trace_close(t);
	}
	close(fd);
	unlink(path);
	ds.n = ds.total = 0;
	assert_int_equal(fw_trace_open(path, FW_FORMAT_RULES, &ds, &(struct fw_trace *){ NULL }), -ENOENT);
	assert_int_equal(ds.total, 1);
	ds.n = ds.total = 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(bad_traces), cmocka_unit_test(known_answers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
