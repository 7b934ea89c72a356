// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: rules, tables in the kernel and the store change together or not
 * at all, through changes, loads, restarts, kill -9 and full disks. What it must
 * hold is said by a model: the same texts applied to a ruleset of the test's own.
 * In namespaces and a bpffs of its own; skipped where that is not allowed.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/fwd/engine_internal.h"
#include "ctl/fwd/metric.h"
#include "ctl/fwd/selection.h"
#include "fw/packet.h"
#include "tests/unit/random.h"
#include "tests/unit/sandbox.h"
#include "tests/unit/tree.h"

#define PINS SANDBOX_BPFFS "/engine"

static char folder[64], store_path[96];

static struct engine_options options = { .store = store_path, .pins = PINS, .readers = (gid_t)-1 };

/* Nothing is stored and nothing is filtering. */
static void fresh(void)
{
	tree_empty(folder);
	tree_empty(PINS);
	assert_true(!mkdir(PINS, 0700) || errno == EEXIST);
}

static struct engine *engine_begin(void)
{
	struct fw_diags ds = { 0 };
	struct engine *e = NULL;

	if (engine_open(&options, &ds, &e))
		fail_msg("%s", ds.n ? ds.d[0].message : "engine_open");
	return e;
}

/* Lets the engine work until it has nothing to do for a while. */
static void pump(struct engine *e)
{
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };

	while (poll(&p, 1, engine_busy(e) ? 20000 : 30) > 0)
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

static bool same_text(const struct fw_ruleset *a, const struct fw_ruleset *b)
{
	fw_autofree char *x = text_of(a), *y = text_of(b);

	return !strcmp(x, y);
}

struct scanned {
	struct engine *e;
	size_t rules;
};

static void check_row(void *ctx, const struct best_row *row, bool marked)
{
	struct scanned *s = ctx;
	const struct fw_rule *r = fw_ruleset_by_slot(engine_ruleset(s->e), row->slot);
	struct fw_count count;

	assert_non_null(r);
	assert_true(row->id == r->id);
	assert_int_equal(marked, r->counter || r->name);
	count = engine_rule_count(s->e, r);
	assert_memory_equal(&row->count, &count, sizeof(count));
	s->rules++;
}

/* What the pinned file has to say of policies and rules. */
static void print_counters(struct engine *e, struct fw_buf *b)
{
	static const char *const hooks[] = { "xdp", "tc-ingress", "tc-egress" };
	const struct fw_ruleset *rs = engine_ruleset(e);

	fw_buf_printf(b, "# rule packets bytes verdict counter name\n");
	for (unsigned prog = 0; prog < FW_NPROGS; prog++)
		for (unsigned reason = 0; reason < FW_NREASONS; reason++) {
			struct fw_count n = fw_kern_prog_count(engine_kern(e), prog, reason);

			fw_buf_printf(b, "%s/%s %llu %llu %s - -\n", fw_reason_info[reason].name, hooks[prog],
				      (unsigned long long)n.packets, (unsigned long long)n.bytes,
				      rs->policy[reason] == FW_ACCEPT ? "accept" : "drop");
		}
	for (uint32_t slot = 0; slot < rs->next_slot; slot++) {
		const struct fw_rule *r = fw_ruleset_by_slot(rs, slot);

		if (r)
			metric_rule(b, r, engine_rule_count(e, r));
	}
}

/* Whose a counter is, for those who read only counters: as the ruleset says. */
static void assert_labels(struct engine *e)
{
	fw_cleanup(fw_buf_free) struct fw_buf want = { 0 }, got = { 0 };
	const char *path = fw_kern_file(engine_kern(e), FW_FILE_COUNTERS);
	struct scanned s = { .e = e };
	char part[4096];
	ssize_t n;
	int fd;

	selection_scan(e, check_row, &s);
	assert_int_equal(s.rules, engine_ruleset(e)->nrules);
	if (!path) {
		assert_true(engine_files_error(e) < 0);
		return;
	}
	print_counters(e, &want);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while ((n = read(fd, part, sizeof(part))) > 0)
		fw_buf_add(&got, part, (size_t)n);
	close(fd);
	assert_int_equal(n, 0);
	assert_string_equal(got.text, want.text);
}

/* Packets near the rules get from the live tables what the oracle says; counters say whose they are. */
static void assert_filters(struct engine *e, unsigned packets)
{
	const struct fw_ruleset *rs = engine_ruleset(e);
	static struct random_frame f;

	assert_labels(e);
	assert_int_equal(fw_ruleset_order((struct fw_ruleset *)rs), 0);
	assert_int_equal(fw_kern_generation(engine_kern(e)) != 0, true);
	for (unsigned i = 0; i < packets; i++) {
		struct fw_result got;
		struct fw_key key;
		long want;

		random_frame(rs, &f);
		f.meta.iface = FW_IFACE_OTHER;
		fw_packet_parse(f.bytes, f.bytes + f.meta.len, &f.meta, &key);
		want = fw_oracle(rs, &key);
		assert_int_equal(fw_kern_probe(engine_kern(e), (enum fw_hook)f.meta.hook, 0, f.bytes, f.meta.len,
					       f.meta.mark, &got),
				 0);
		if (got.verdict != fw_oracle_verdict(rs, want, &key) || (want >= 0) != (got.reason == FW_R_NONE) ||
		    (want >= 0 && got.slot != rs->rules[want]->slot)) {
			fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

			fw_text_print_key(&b, rs, &key);
			fail_msg("%s: verdict %d slot %u reason %u, oracle: rule %ld", b.text, got.verdict, got.slot,
				 got.reason, want >= 0 ? (long)rs->rules[want]->id : -1);
		}
	}
}

static void change(struct engine *e, const char *text)
{
	static struct engine_result r;

	if (engine_change(e, text, strlen(text), "test", false, NULL, NULL, &r))
		fail_msg("%s: %s", text, r.ds.d[0].message);
	assert_true(r.generation == fw_kern_generation(engine_kern(e)));
}

static int refused(struct engine *e, const char *text, const char *says)
{
	static struct engine_result r;
	fw_autofree char *before = text_of(engine_ruleset(e)), *after = NULL;
	uint32_t generation = fw_kern_generation(engine_kern(e));

	assert_true(engine_change(e, text, strlen(text), "test", false, NULL, NULL, &r) < 0);
	assert_true(r.ds.n > 0);
	if (!strstr(r.ds.d[0].message, says))
		fail_msg("%s", r.ds.d[0].message);
	after = text_of(engine_ruleset(e));
	assert_string_equal(before, after);
	assert_int_equal(generation, fw_kern_generation(engine_kern(e)));
	return r.err;
}

/* How the last load went. */
static struct engine_result loaded;
static unsigned loads_done;
static char stages[100];

static void on_done(const struct engine_result *r, void *ctx)
{
	loaded = *r;
	loads_done++;
}

static void on_stage(const char *stage, void *ctx)
{
	snprintf(stages + strlen(stages), sizeof(stages) - strlen(stages), "%s ", stage);
}

static int load_start(struct engine *e, const char *text, unsigned confirm, bool check)
{
	struct engine_load l = {
		.name = strdup("test.rules"),
		.text = strdup(text),
		.len = strlen(text),
		.confirm = confirm,
		.check = check,
		.done = on_done,
		.progress = on_stage,
	};

	stages[0] = '\0';
	return engine_load_start(e, &l);
}

static void load(struct engine *e, const char *text)
{
	unsigned before = loads_done;

	assert_int_equal(load_start(e, text, 0, false), 0);
	assert_true(engine_busy(e));
	pump(e);
	assert_int_equal(loads_done, before + 1);
	if (loaded.err)
		fail_msg("%s", loaded.ds.d[0].message);
	assert_string_equal(stages, "parse compile store swap ");
}

static const struct fw_rule *rule(struct engine *e, const char *name)
{
	const struct fw_rule *r = fw_ruleset_by_name(engine_ruleset(e), name);

	assert_non_null(r);
	return r;
}

/* A packet that is counted. */
static enum fw_verdict send_packet(struct engine *e, const char *text)
{
	struct fw_result got;
	struct fw_frame f;

	assert_int_equal(fw_text_frame(text, &f, NULL), 0);
	assert_int_equal(fw_kern_test(engine_kern(e), FW_PROG_XDP, f.data, f.len, 0, &got), 0);
	return got.verdict;
}

static struct engine *restart(struct engine *e)
{
	fw_autofree char *before = text_of(engine_ruleset(e)), *after = NULL;
	uint32_t generation = fw_kern_generation(engine_kern(e));

	engine_close(e);
	e = engine_begin();
	after = text_of(engine_ruleset(e));
	assert_string_equal(before, after);
	assert_true(fw_kern_generation(engine_kern(e)) > generation);
	return e;
}

static void begins_empty(void **state)
{
	struct engine_status st;
	struct engine *e;

	fresh();
	e = engine_begin();
	assert_int_equal(engine_ruleset(e)->nrules, 0);
	assert_int_equal(send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:80"), FW_ACCEPT);
	engine_status(e, &st);
	assert_int_equal(st.generation, 1);
	e = restart(e);
	engine_close(e);
}

static void changes(void **state)
{
	static struct engine_result r;
	static const char check[] = "add rule drop";
	struct engine *e;

	fresh();
	e = engine_begin();
	change(e, "policy in drop\nadd rule name ssh in proto tcp dport 22 accept\n");
	assert_int_equal(send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:22"), FW_ACCEPT);
	assert_int_equal(send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:23"), FW_DROP);
	change(e,
	       "set create bad 192.0.2.1\nadd rule first name bad from @bad drop\nreplace rule ssh in proto tcp accept");
	assert_int_equal(send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:23"), FW_ACCEPT);
	assert_int_equal(send_packet(e, "tcp 192.0.2.1:1 > 10.0.0.2:23"), FW_DROP);
	change(e, "set del bad 192.0.2.1\nset add bad 192.0.2.2");
	assert_int_equal(send_packet(e, "tcp 192.0.2.1:1 > 10.0.0.2:23"), FW_ACCEPT);
	assert_int_equal(send_packet(e, "tcp 192.0.2.2:1 > 10.0.0.2:23"), FW_DROP);
	assert_filters(e, 300);
	assert_int_equal(engine_change(e, check, sizeof(check) - 1, "c", true, NULL, NULL, &r), 0);
	assert_int_equal(r.added, 1);
	assert_int_equal(engine_ruleset(e)->nrules, 2);
	refused(e, "add rule drop\nadd rule dport 80 drop", "dport");
	refused(e, "del rule nobody", "nobody");
	e = restart(e);
	assert_filters(e, 300);
	pump(e);
	change(e, "del rule ssh\nmove rule bad last");
	assert_filters(e, 300);
	e = restart(e);
	engine_close(e);
}

/* A rule that is deleted, renamed, marked, moved or reset; a load that keeps, renames and removes rules, and one that fails. */
static void labels(void **state)
{
	struct engine *e;

	fresh();
	e = engine_begin();
	change(e,
	       "add rule name a proto tcp accept counter\nadd rule proto udp drop\nadd rule name c proto icmp drop\n");
	assert_labels(e);
	for (int i = 0; i < 5; i++)
		send_packet(e, i % 2 ? "udp 10.0.0.1:1 > 10.0.0.2:22" : "tcp 10.0.0.1:1 > 10.0.0.2:22");
	assert_labels(e);
	change(e, "replace rule a name b proto tcp drop\nreplace rule 2 proto udp drop counter\nmove rule c first\n"
		  "policy in drop\n");
	assert_labels(e);
	assert_int_equal(engine_count_reset(e, rule(e, "b")), 0);
	send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:22");
	assert_int_equal(engine_rule_count(e, rule(e, "b")).packets, 1);
	assert_labels(e);
	change(e, "del rule b\nadd rule name d proto gre accept\ndel rule d\n");
	assert_labels(e);
	pump(e);
	change(e, "add rule name e proto gre accept counter\nadd rule proto ah accept\n");
	assert_labels(e);
	load(e,
	     "rule 2 name two proto udp accept\nrule name c proto icmp drop\nrule name new proto esp drop counter\n");
	assert_labels(e);
	assert_int_equal(engine_rule_count(e, rule(e, "two")).packets, 2);
	assert_int_equal(load_start(e, "rule name x drop\nrule from 10.0.0.0/40 drop\n", 0, false), 0);
	pump(e);
	assert_int_equal(loaded.err, -EINVAL);
	assert_int_equal(load_start(e, "rule name x drop\n", 0, true), 0);
	pump(e);
	assert_labels(e);
	assert_int_equal(engine_count_reset(e, NULL), 0);
	assert_labels(e);
	e = restart(e);
	assert_labels(e);
	load(e, "");
	assert_labels(e);
	engine_close(e);
}

static void loads(void **state)
{
	static struct engine_result r;
	struct engine_status st;
	struct engine *e;

	fresh();
	e = engine_begin();
	load(e, "policy in drop\nrule name a from 10.0.0.0/8 accept\nrule name b proto tcp drop\n");
	assert_int_equal(loaded.added, 2);
	assert_filters(e, 300);
	for (int i = 0; i < 3; i++)
		send_packet(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 3);
	load(e, "policy in drop\nrule proto udp dport 53 accept\nrule name a from 10.0.0.0/8 accept\n");
	assert_int_equal(loaded.added, 1);
	assert_int_equal(loaded.kept, 1);
	assert_int_equal(loaded.removed, 1);
	assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 3);
	assert_filters(e, 300);
	assert_int_equal(load_start(e, "rule dport 80 accept\nrule from 10.0.0.0/40 drop\n", 0, false), 0);
	assert_int_equal(engine_change(e, "add rule drop", 13, "test", false, NULL, NULL, &r), -EAGAIN);
	pump(e);
	assert_int_equal(loaded.err, -EINVAL);
	assert_int_equal(loaded.ds.n, 2);
	assert_int_equal(engine_ruleset(e)->nrules, 2);
	assert_int_equal(load_start(e, "rule drop\n", 0, true), 0);
	pump(e);
	assert_int_equal(loaded.err, 0);
	assert_int_equal(engine_ruleset(e)->nrules, 2);
	e = restart(e);
	assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 3);
	assert_filters(e, 300);
	engine_status(e, &st);
	assert_int_equal(st.reload_seconds.count, 0);
	load(e, "");
	assert_int_equal(engine_ruleset(e)->nrules, 0);
	engine_close(e);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Files of sets come with the request, or, for the rules file of the options, from where it stands. */
static void files(void **state)
{
	struct engine_options from_file = options;
	struct fw_diags ds = { 0 };
	char path[120], list[120];
	struct engine *e = NULL;
	struct engine_load l = { .name = strdup("x/y.rules"),
				 .text = strdup("set s file \"s.txt\"\nrule from @s drop\n") };

	fresh();
	l.len = strlen(l.text);
	l.files = calloc(1, sizeof(*l.files));
	l.nfiles = 1;
	l.files[0] = (struct store_file){ strdup("s.txt"), strdup("192.0.2.1\n192.0.2.7\n"), 20 };
	l.done = on_done;
	e = engine_begin();
	assert_int_equal(engine_load_start(e, &l), 0);
	pump(e);
	assert_int_equal(loaded.err, 0);
	assert_int_equal(send_packet(e, "tcp 192.0.2.7:1 > 10.0.0.2:22"), FW_DROP);
	e = restart(e);
	assert_int_equal(send_packet(e, "tcp 192.0.2.7:1 > 10.0.0.2:22"), FW_DROP);
	assert_int_equal(load_start(e, "set s file \"/etc/passwd\"\nrule from @s drop\n", 0, false), 0);
	pump(e);
	assert_true(loaded.err < 0);
	engine_close(e);

	fresh();
	snprintf(path, sizeof(path), "%s/first.rules", folder);
	snprintf(list, sizeof(list), "%s/s.txt", folder);
	write_file(path, "set s file \"s.txt\"\nrule from @s drop\n");
	write_file(list, "192.0.2.9\n");
	from_file.rules = path;
	assert_int_equal(engine_open(&from_file, &ds, &e), 0);
	assert_int_equal(send_packet(e, "tcp 192.0.2.9:1 > 10.0.0.2:22"), FW_DROP);
	unlink(path);
	e = restart(e);
	assert_int_equal(send_packet(e, "tcp 192.0.2.9:1 > 10.0.0.2:22"), FW_DROP);
	engine_close(e);
}

/* What is filtering goes on when the engine cannot begin. */
static void cannot_begin(void **state)
{
	struct fw_diags ds = { 0 };
	struct engine *e, *none = NULL;
	struct fw_kern *k = NULL;
	const struct fw_kern_options kern = { .pins = PINS, .pool = sandbox_pool() };
	uint32_t generation;
	int fd;

	fresh();
	e = engine_begin();
	load(e, "rule proto tcp drop\n");
	generation = fw_kern_generation(engine_kern(e));
	engine_close(e);
	fd = open(store_path, O_WRONLY);
	assert_int_equal(pwrite(fd, "damage", 6, 4096), 6);
	close(fd);
	assert_int_equal(engine_open(&options, &ds, &none), -EIO);
	assert_int_equal(ds.n, 1);
	unlink(store_path);
	assert_int_equal(engine_open(&options, NULL, &none), -ENODATA);
	assert_int_equal(fw_kern_open(&kern, NULL, &k), 0);
	assert_int_equal(fw_kern_generation(k), generation);
	fw_kern_close(k);
}

static void counts(void **state)
{
	struct engine *e;

	fresh();
	e = engine_begin();
	change(e, "add rule name a proto udp accept\nadd rule name b proto tcp accept");
	for (int i = 0; i < 5; i++)
		send_packet(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:22");
	send_packet(e, "gre 10.0.0.1 > 10.0.0.2");
	assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 5);
	assert_int_equal(engine_count_reset(e, rule(e, "a")), 0);
	assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 0);
	assert_int_equal(engine_rule_count(e, rule(e, "b")).packets, 1);
	send_packet(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	e = restart(e);
	assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 1);
	assert_int_equal(engine_rule_count(e, rule(e, "b")).packets, 1);
	assert_int_equal(engine_reason_count(e, FW_R_IN).packets, 1);
	assert_int_equal(engine_count_reset(e, NULL), 0);
	assert_int_equal(engine_rule_count(e, rule(e, "b")).packets, 0);
	assert_int_equal(engine_reason_count(e, FW_R_IN).packets, 0);
	/* The slot of a rule that goes is another rule's later, which begins at 0. */
	for (int i = 0; i < 20; i++) {
		char text[100];

		send_packet(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
		snprintf(text, sizeof(text), "del rule a\nadd rule name a proto udp accept comment \"%d\"", i);
		change(e, text);
		assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 0);
		if (i % 3 == 0)
			pump(e);
		if (i % 7 == 3)
			e = restart(e);
	}
	pump(e);
	change(e, "add rule first name c proto udp accept\ndel rule c");
	pump(e);
	assert_true(engine_ruleset(e)->next_slot < 12);
	e = restart(e);
	engine_close(e);
}

static void link_say(struct engine *e, uint32_t index, const char *name)
{
	struct fw_link l = { .ifindex = index, .gone = !name };

	snprintf(l.name, sizeof(l.name), "%s", name ? name : "");
	assert_int_equal(engine_link(e, &l), 0);
}

static enum fw_verdict probe_on(struct engine *e, uint32_t index)
{
	struct fw_result got;
	struct fw_frame f;

	assert_int_equal(fw_text_frame("tcp 10.0.0.1:1 > 10.0.0.2:22", &f, NULL), 0);
	assert_int_equal(fw_kern_probe(engine_kern(e), FW_IN, index, f.data, f.len, 0, &got), 0);
	return got.verdict;
}

static void interfaces(void **state)
{
	struct engine *e;

	fresh();
	e = engine_begin();
	link_say(e, 5, "wan");
	link_say(e, 6, "lan");
	change(e, "add rule on lan drop");
	assert_int_equal(probe_on(e, 5), FW_ACCEPT);
	assert_int_equal(probe_on(e, 6), FW_DROP);
	link_say(e, 6, "old");
	link_say(e, 5, "lan");
	assert_int_equal(probe_on(e, 5), FW_DROP);
	assert_int_equal(probe_on(e, 6), FW_ACCEPT);
	link_say(e, 5, NULL);
	assert_int_equal(probe_on(e, 5), FW_ACCEPT);
	change(e, "add rule on old drop");
	assert_int_equal(probe_on(e, 6), FW_DROP);
	/* Numbers stay, whatever order the rules name the interfaces in. */
	load(e, "rule on { new, old } drop\nrule on lan accept\n");
	link_say(e, 7, "new");
	assert_int_equal(probe_on(e, 6), FW_DROP);
	assert_int_equal(probe_on(e, 7), FW_DROP);
	e = restart(e);
	assert_int_equal(probe_on(e, 6), FW_DROP);
	assert_int_equal(probe_on(e, 7), FW_DROP);
	assert_int_equal(probe_on(e, 5), FW_ACCEPT);
	engine_close(e);
}

/* Waits for what the clock brings. */
static void pump_seconds(struct engine *e, double seconds)
{
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };
	double end = fw_now() + seconds;

	while (fw_now() < end)
		if (poll(&p, 1, 50) > 0)
			engine_work(e);
}

static void begin_unconfirmed(struct engine *e, unsigned seconds)
{
	load(e, "rule 5 name a proto udp accept\nrule 7 name b proto tcp accept\n");
	change(e, "add rule name c proto gre accept");
	send_packet(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	assert_int_equal(load_start(e, "rule 7 name b proto tcp drop\nrule name d proto esp drop\n", seconds, false),
			 0);
	pump(e);
	assert_int_equal(loaded.err, 0);
	assert_true(loaded.confirm_by >= time(NULL));
	assert_int_equal(send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:22"), FW_DROP);
	assert_int_equal(refused(e, "add rule drop", "to be confirmed"), -EBUSY);
	assert_int_equal(load_start(e, "rule drop", 0, false), -EBUSY);
}

static void assert_undone(struct engine *e)
{
	struct engine_status st;

	assert_int_equal(engine_ruleset(e)->nrules, 3);
	assert_int_equal(send_packet(e, "tcp 10.0.0.1:1 > 10.0.0.2:22"), FW_ACCEPT);
	assert_filters(e, 100);
	engine_status(e, &st);
	assert_int_equal(st.confirm_by, 0);
	assert_true(st.rollback_at >= time(NULL) - 10);
	assert_int_equal(st.rollback_rules, 3);
	assert_non_null(strstr(st.rollback_reason, "not confirmed within"));
	assert_int_equal(engine_rule_count(e, rule(e, "a")).packets, 1);
	change(e, "add rule name new proto ah drop");
	assert_int_equal(engine_rule_count(e, rule(e, "new")).packets, 0);
}

static void confirmed(void **state)
{
	struct fw_diags ds = { 0 };
	struct engine *e;
	bool waiting;

	for (int restarts = 0; restarts < 2; restarts++) {
		fresh();
		e = engine_begin();
		begin_unconfirmed(e, 60);
		if (restarts) {
			e = restart(e);
			assert_int_equal(refused(e, "add rule drop", "to be confirmed"), -EBUSY);
		}
		assert_int_equal(engine_confirm(e, &waiting, &ds), 0);
		assert_true(waiting);
		assert_int_equal(engine_confirm(e, &waiting, &ds), 0);
		assert_false(waiting);
		change(e, "add rule name e proto gre drop");
		pump(e);
		e = restart(e);
		assert_int_equal(engine_ruleset(e)->nrules, 3);
		assert_filters(e, 100);
		engine_close(e);
	}
}

static void not_confirmed(void **state)
{
	struct engine *e;

	fresh();
	e = engine_begin();
	begin_unconfirmed(e, 1);
	pump_seconds(e, 1.6);
	pump(e);
	assert_undone(e);
	e = restart(e);
	assert_int_equal(engine_ruleset(e)->nrules, 4);
	engine_close(e);

	/* Over a restart, before the time is over and after. */
	for (int late = 0; late < 2; late++) {
		fresh();
		e = engine_begin();
		/* Seconds begin with the clock's, and a start may take one of them on a busy machine. */
		begin_unconfirmed(e, late ? 2 : 4);
		engine_close(e);
		usleep(late ? 2500000 : 500000);
		e = engine_begin();
		if (!late) {
			assert_int_equal(engine_ruleset(e)->nrules, 2);
			pump_seconds(e, 4);
			pump(e);
		}
		assert_undone(e);
		engine_close(e);
	}
}

/* Many changes become a snapshot, while others go on. */
static void folded(void **state)
{
	uint64_t changes_before = 0, changes_now, bytes;
	struct engine *e;
	char *text = malloc(200000);
	unsigned n = 0;

	fresh();
	e = engine_begin();
	load(e, "set s { 192.0.2.1 }\nrule name base from @s drop\n");
	for (unsigned i = 0; i < 60; i++) {
		size_t len = 0;

		for (unsigned k = 0; k < 600; k++, n++)
			len += (size_t)sprintf(text + len, "add rule first proto tcp dport %u accept comment \"%s\"\n",
					       n % 60000, i % 2 ? "some words" : "others");
		if (i)
			len += (size_t)sprintf(text + len, "del rule 2\nadd rule 2 name x%u proto udp drop\n", i);
		change(e, text);
		engine_work(e);
		store_size(engine_store(e), &changes_now, &bytes);
		if (changes_now < changes_before)
			break;
		changes_before = changes_now;
	}
	pump(e);
	store_size(engine_store(e), &changes_now, &bytes);
	assert_true(changes_now < changes_before);
	e = restart(e);
	assert_filters(e, 100);
	engine_close(e);
	free(text);
}

/* Work that follows from a seed and what is there. */
struct dice {
	uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t n)
{
	d->state += 0x9e3779b97f4a7c15ull;
	return (uint32_t)(fw_mix64(d->state) % n);
}

static void put_body(struct fw_buf *b, struct dice *d)
{
	static const char *const from[] = { "",
					    " from 10.0.0.0/8",
					    " from 10.1.2.0/24",
					    " from 10.1.2.3",
					    " from not 10.1.0.0/16",
					    " from 2001:db8::/32",
					    " from @s",
					    " from @t" };
	static const char *const to[] = { "", " to 192.0.2.1", " to 192.0.2.0/24", " to @t" };
	static const char *const what[] = { "",
					    " proto tcp",
					    " proto tcp dport 22",
					    " proto tcp dport { 80, 443, 8000-8100 }",
					    " proto udp dport 53",
					    " in",
					    " proto udp sport not 1-1023" };

	uint32_t f = roll(d, 8), t = f == 5 ? 0 : roll(d, 4);

	fw_buf_printf(b, "%s%s%s %s\n", from[f], to[t], what[roll(d, 7)], roll(d, 2) ? "accept" : "drop");
}

static const struct fw_rule *any_rule(const struct fw_ruleset *rs, struct dice *d)
{
	const struct fw_rule *r = rs->first;

	for (uint32_t n = rs->nrules ? roll(d, (uint32_t)rs->nrules) : 0; r && n; n--)
		r = r->next;
	return r;
}

static void put_line(struct fw_buf *b, const struct fw_ruleset *rs, struct dice *d, uint32_t unique)
{
	const struct fw_rule *r = any_rule(rs, d), *other = any_rule(rs, d);
	uint32_t kind = r ? roll(d, 10) : 0;

	if (kind < 3)
		fw_buf_printf(b, "add rule %s", kind ? "" : "first");
	else if (kind < 5)
		fw_buf_printf(b, "add rule before %llu name n%u", (unsigned long long)r->id, unique);
	else if (kind < 7)
		fw_buf_printf(b, "replace rule %llu", (unsigned long long)r->id);
	if (kind < 7)
		put_body(b, d);
	else if (kind == 7)
		fw_buf_printf(b, "move rule %llu after %llu\n", (unsigned long long)r->id,
			      (unsigned long long)other->id);
	else if (kind == 8)
		fw_buf_printf(b, "policy in %s\n", roll(d, 2) ? "accept" : "drop");
	else
		fw_buf_printf(b, "set add t 10.9.%u.%u\n", unique >> 8 & 255, unique & 255);
}

/* Step @n over a ruleset: the text of a change, or, @whole, of a load. */
static char *step_text(const struct fw_ruleset *rs, uint64_t n, bool *whole)
{
	struct dice d = { fw_mix64(random_seed() + n * 77) };
	struct fw_buf b = { 0 };
	uint32_t rules = roll(&d, 40);

	*whole = !n || !roll(&d, 8);
	if (*whole) {
		fw_buf_printf(&b, "set s { 10.2.0.0/16, 2001:db8:1::/48 }\nset t { 10.3.0.0/16 }\n");
		for (uint32_t i = 0; i < rules; i++) {
			fw_buf_printf(&b, roll(&d, 3) ? "rule" : "rule name r%u", i);
			put_body(&b, &d);
		}
	} else {
		/* One line each, so that no line refers to what another one deletes; a deletion comes last. */
		for (uint32_t i = 0, lines = 1 + roll(&d, 4); i < lines; i++)
			put_line(&b, rs, &d, (uint32_t)n * 8 + i);
		if (!roll(&d, 3) && rs->nrules)
			fw_buf_printf(&b, "del rule %llu\n", (unsigned long long)any_rule(rs, &d)->id);
	}
	assert_false(b.failed);
	return b.text;
}

/* The model takes a step. */
static void model_step(struct fw_ruleset **rs, uint64_t n)
{
	bool whole;
	fw_autofree char *text = step_text(*rs, n, &whole);
	struct fw_ruleset *next;
	struct fw_adoption a;
	struct fw_diags ds = { 0 };
	struct fw_edit edit;

	if (!whole) {
		assert_int_equal(fw_edit_begin(*rs, &edit), 0);
		if (fw_text_edit(&edit, text, strlen(text), "model", &ds, NULL))
			fail_msg("%s: %s", text, ds.d[0].message);
		fw_edit_commit(&edit);
		return;
	}
	next = fw_ruleset_new(NULL);
	assert_int_equal(fw_ruleset_follow(next, *rs), 0);
	assert_int_equal(fw_text_parse(next, text, strlen(text), "model", &ds), 0);
	assert_int_equal(fw_ruleset_adopt(next, *rs, &ds, &a), 0);
	free(a.freed);
	fw_ruleset_free(*rs);
	*rs = next;
}

/* The same step by the engine: 0 when it is done. */
static int engine_step(struct engine *e, uint64_t n)
{
	static struct engine_result r;
	bool whole;
	fw_autofree char *text = step_text(engine_ruleset(e), n, &whole);
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };

	if (!whole) {
		int err = engine_change(e, text, strlen(text), "step", false, NULL, NULL, &r);

		/* Sometimes there is time for what waits for a grace period. */
		if (n % 3 == 0 && poll(&p, 1, 0) > 0)
			engine_work(e);
		return err;
	}
	if (load_start(e, text, 0, false))
		return -1;
	while (engine_busy(e))
		if (poll(&p, 1, 1000) > 0)
			engine_work(e);
	return loaded.err;
}

static void model_agrees(void **state)
{
	struct fw_ruleset *model = fw_ruleset_new(NULL);
	struct engine *e;

	fresh();
	e = engine_begin();
	for (uint64_t n = 0; n < 300; n++) {
		assert_int_equal(engine_step(e, n), 0);
		model_step(&model, n);
		assert_true(same_text(engine_ruleset(e), model));
		assert_filters(e, 30);
		if (n % 40 == 39)
			e = restart(e);
	}
	pump(e);
	engine_close(e);
	fw_ruleset_free(model);
}

static void work(int out, uint64_t from)
{
	struct engine *e = NULL;

	if (engine_open(&options, NULL, &e))
		_exit(1);
	for (uint64_t n = from;; n++)
		if (engine_step(e, n) || write(out, "x", 1) != 1)
			_exit(1);
}

static uint64_t kill_once(uint64_t from)
{
	uint64_t done = 0;
	char bytes[4096];
	int ends[2], status;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	child = fork();
	if (!child) {
		close(ends[0]);
		work(ends[1], from);
	}
	close(ends[1]);
	/* Mostly when it has begun to work. */
	if (random_below(5))
		assert_int_equal(poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, 20000), 1);
	usleep(random_below(200000));
	if (waitpid(child, &status, WNOHANG))
		fail_msg("the child ended by itself: status %d", status);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
		done += (uint64_t)n;
	close(ends[0]);
	return done;
}

/* Of all steps from 0 on, those that were acknowledged are there, and perhaps the one after them. */
static void killed(void **state)
{
	struct fw_ruleset *model = fw_ruleset_new(NULL);
	uint64_t steps = 0;

	fresh();
	for (int i = 0; i < 60; i++) {
		uint64_t done = steps + kill_once(steps);
		struct engine *e = engine_begin();

		for (; steps < done; steps++)
			model_step(&model, steps);
		if (!same_text(engine_ruleset(e), model))
			model_step(&model, steps++);
		if (!same_text(engine_ruleset(e), model))
			fail_msg("killed after %llu steps: the ruleset is neither that nor the next one",
				 (unsigned long long)done);
		assert_filters(e, 100);
		pump(e);
		engine_close(e);
	}
	fw_ruleset_free(model);
	print_message("60 kills, %llu steps\n", (unsigned long long)steps);
	assert_true(steps > 100);
}

/* The pool has room for little more than two rulesets: what was replaced makes room for what comes. */
static void little_room(void **state)
{
	struct fw_buf text = { 0 };
	struct fw_pool *pool;
	struct engine *e;

	for (unsigned i = 0; i < 5000; i++)
		fw_buf_printf(&text, "rule from 10.%u.%u.0/24 proto tcp dport %u drop\n", i >> 8, i & 255, i % 5000);
	fresh();
	e = engine_begin();
	pool = fw_kern_pool(engine_kern(e));
	load(e, text.text);
	pump(e);
	pool->limit = 2 * pool->nsegments + 1;
	for (int i = 0; i < 4; i++)
		load(e, text.text);
	pump(e);
	assert_filters(e, 50);
	pool->limit = pool->nsegments;
	for (unsigned i = 0; i < 300; i++) {
		static struct engine_result r;
		char line[120];

		snprintf(line, sizeof(line), "del rule %u\nadd rule %u from 172.16.%u.%u proto udp dport %u drop",
			 i + 1, i + 1, i >> 8, i & 255, i);
		if (engine_change(e, line, strlen(line), "t", false, NULL, NULL, &r) == -ENOSPC) {
			assert_int_equal(r.ds.n, 1);
			assert_non_null(fw_ruleset_by_id(engine_ruleset(e), i + 1));
			break;
		}
		assert_int_equal(r.err, 0);
	}
	pool->limit = FW_POOL_SEGMENTS;
	assert_filters(e, 50);
	change(e, "add rule first proto udp accept");
	assert_filters(e, 50);
	engine_close(e);
	fw_buf_free(&text);
}

/* Generations begin again, and 0 is none. */
static void many_generations(void **state)
{
	struct fw_image *image;
	struct engine *e;
	char line[100];

	fresh();
	e = engine_begin();
	change(e, "add rule name a proto tcp drop");
	image = &e->live->image;
	image->generation = UINT32_MAX - 3;
	assert_int_equal(fw_kern_publish(engine_kern(e), image->root, image->generation), 0);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(line, sizeof(line), "replace rule a proto tcp dport %u drop", i + 1);
		change(e, line);
		assert_int_equal(e->live->image.generation, i < 3 ? UINT32_MAX - 2 + i : i - 2);
		snprintf(line, sizeof(line), "tcp 10.0.0.1:1 > 10.0.0.2:%u", i + 1);
		assert_int_equal(send_packet(e, line), FW_DROP);
		snprintf(line, sizeof(line), "tcp 10.0.0.1:1 > 10.0.0.2:%u", i);
		assert_int_equal(send_packet(e, line), FW_ACCEPT);
	}
	pump(e);
	assert_filters(e, 50);
	engine_close(e);
}

/* A full disk: what was live and stored stays. */
static void full_store(void **state)
{
	char in[96], file[120], ballast[120];
	struct engine_options small = options;
	struct fw_diags ds = { 0 };
	struct engine *e = NULL;
	char block[4096] = { 0 };
	int fd, err = 0;

	fresh();
	snprintf(in, sizeof(in), "%s/small", folder);
	snprintf(file, sizeof(file), "%s/store", in);
	snprintf(ballast, sizeof(ballast), "%s/ballast", in);
	assert_int_equal(mkdir(in, 0700), 0);
	assert_int_equal(mount("tmpfs", in, "tmpfs", 0, "size=48m"), 0);
	small.store = file;
	assert_int_equal(engine_open(&small, &ds, &e), 0);
	load(e, "rule name a proto tcp drop\n");
	fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	close(fd);
	assert_int_equal(load_start(e, "rule accept\n", 0, false), 0);
	pump(e);
	assert_int_equal(loaded.err, -ENOSPC);
	assert_non_null(strstr(loaded.ds.d[0].message, "disk"));
	for (int i = 0; i < 100000 && !err; i++) {
		static struct engine_result r;
		static const char text[] = "add rule first proto udp accept\ndel rule 2";

		err = engine_change(e, i ? text : "add rule 2 proto udp accept", i ? sizeof(text) - 1 : 27, "t", false,
				    NULL, NULL, &r);
		if (!err && i)
			err = engine_change(e, "add rule 2 proto udp accept", 27, "t", false, NULL, NULL, &r);
		if (err)
			assert_non_null(strstr(r.ds.d[0].message, "no space"));
	}
	assert_int_equal(err, -ENOSPC);
	assert_filters(e, 100);
	unlink(ballast);
	change(e, "add rule name z proto gre drop");
	pump(e);
	engine_close(e);
	assert_int_equal(engine_open(&small, &ds, &e), 0);
	rule(e, "z");
	assert_filters(e, 100);
	engine_close(e);
	assert_int_equal(umount(in), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_empty),  cmocka_unit_test(changes),     cmocka_unit_test(labels),
		cmocka_unit_test(loads),         cmocka_unit_test(files),       cmocka_unit_test(cannot_begin),
		cmocka_unit_test(counts),        cmocka_unit_test(interfaces),  cmocka_unit_test(confirmed),
		cmocka_unit_test(not_confirmed), cmocka_unit_test(folded),      cmocka_unit_test(model_agrees),
		cmocka_unit_test(killed),        cmocka_unit_test(little_room), cmocka_unit_test(many_generations),
		cmocka_unit_test(full_store),
	};
	int failed;

	random_start();
	options.pool = sandbox_pool();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (!sandbox_enter())
		return 0;
	snprintf(folder, sizeof(folder), "/tmp/fwd-test-engine-%d", (int)getpid());
	snprintf(store_path, sizeof(store_path), "%s/store", folder);
	if (mkdir(folder, 0700))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tree_empty(folder);
	rmdir(folder);
	return failed;
}
