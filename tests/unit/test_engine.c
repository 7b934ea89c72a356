// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: rules, tables in the kernel and the store change together or not
 * at all, through changes, loads and restarts.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/engine_fixture.h"

static void begins_empty(void **state)
{
	struct engine_status st;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	assert_int_equal(engine_ruleset(e)->nrules, 0);
	assert_int_equal(fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:80"), FW_ACCEPT);
	engine_status(e, &st);
	assert_int_equal(st.generation, 1);
	e = fixture_restart(e);
	engine_close(e);
}

static void changes(void **state)
{
	static struct engine_result r;
	static const struct engine_edit check = {
		.source.text = "add rule drop", .source.len = 13, .source.name = "c", .check = true
	};
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_change(e, "policy in drop\nadd rule name ssh in proto tcp dport 22 accept\n");
	assert_int_equal(fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:22"), FW_ACCEPT);
	assert_int_equal(fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:23"), FW_DROP);
	fixture_change(
		e,
		"set create bad 192.0.2.1\nadd rule first name bad from @bad drop\nreplace rule ssh in proto tcp accept");
	assert_int_equal(fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:23"), FW_ACCEPT);
	assert_int_equal(fixture_send(e, "tcp 192.0.2.1:1 > 10.0.0.2:23"), FW_DROP);
	fixture_change(e, "set del bad 192.0.2.1\nset add bad 192.0.2.2");
	assert_int_equal(fixture_send(e, "tcp 192.0.2.1:1 > 10.0.0.2:23"), FW_ACCEPT);
	assert_int_equal(fixture_send(e, "tcp 192.0.2.2:1 > 10.0.0.2:23"), FW_DROP);
	assert_filters(e, 300);
	assert_int_equal(engine_change(e, &check, &r), 0);
	assert_int_equal(r.counts.added, 1);
	assert_int_equal(engine_ruleset(e)->nrules, 2);
	fixture_refused(e, "add rule drop\nadd rule dport 80 drop", "dport");
	fixture_refused(e, "del rule nobody", "nobody");
	e = fixture_restart(e);
	assert_filters(e, 300);
	fixture_pump(e);
	fixture_change(e, "del rule ssh\nmove rule bad last");
	assert_filters(e, 300);
	e = fixture_restart(e);
	engine_close(e);
}

static void loads(void **state)
{
	static struct engine_result r;
	struct engine_status st;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, "policy in drop\nrule name a from 10.0.0.0/8 accept\nrule name b proto tcp drop\n");
	assert_int_equal(fixture_loaded.counts.added, 2);
	assert_filters(e, 300);
	for (int i = 0; i < 3; i++)
		fixture_send(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 3);
	fixture_load(e, "policy in drop\nrule proto udp dport 53 accept\nrule name a from 10.0.0.0/8 accept\n");
	assert_int_equal(fixture_loaded.counts.added, 1);
	assert_int_equal(fixture_loaded.counts.kept, 1);
	assert_int_equal(fixture_loaded.counts.removed, 1);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 3);
	assert_filters(e, 300);
	assert_int_equal(fixture_load_start(e, "rule dport 80 accept\nrule from 10.0.0.0/40 drop\n", 0, false), 0);
	assert_int_equal(fixture_edit(e, "add rule drop", 0, &r), -EAGAIN);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, -EINVAL);
	assert_int_equal(fixture_loaded.ds.n, 2);
	assert_int_equal(engine_ruleset(e)->nrules, 2);
	assert_int_equal(fixture_load_start(e, "rule drop\n", 0, true), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, 0);
	assert_int_equal(engine_ruleset(e)->nrules, 2);
	e = fixture_restart(e);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 3);
	assert_filters(e, 300);
	engine_status(e, &st);
	assert_int_equal(st.reload_seconds.count, 0);
	fixture_load(e, "");
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

/* Files of sets are part of the request; for the rules file of the options they are read from its folder. */
static void files(void **state)
{
	struct engine_options from_file = fixture_options;
	struct fw_diags ds = { 0 };
	char path[120], list[120];
	struct engine *e = NULL;
	struct store_file *file = calloc(1, sizeof(*file));
	struct engine_load l = { .source.name = strdup("x/y.rules"),
				 .source.text = strdup("set s file \"s.txt\"\nrule from @s drop\n") };

	fixture_fresh();
	l.source.len = strlen(l.source.text);
	l.source.nfiles = 1;
	l.source.files = file;
	*file = (struct store_file){ strdup("s.txt"), strdup("192.0.2.1\n192.0.2.7\n"), 20 };
	l.done = fixture_done;
	e = fixture_begin();
	assert_int_equal(engine_load_start(e, &l), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, 0);
	assert_int_equal(fixture_send(e, "tcp 192.0.2.7:1 > 10.0.0.2:22"), FW_DROP);
	e = fixture_restart(e);
	assert_int_equal(fixture_send(e, "tcp 192.0.2.7:1 > 10.0.0.2:22"), FW_DROP);
	assert_int_equal(fixture_load_start(e, "set s file \"/etc/passwd\"\nrule from @s drop\n", 0, false), 0);
	fixture_pump(e);
	assert_true(fixture_loaded.err < 0);
	engine_close(e);

	fixture_fresh();
	snprintf(path, sizeof(path), "%s/first.rules", fixture_folder);
	snprintf(list, sizeof(list), "%s/s.txt", fixture_folder);
	write_file(path, "set s file \"s.txt\"\nrule from @s drop\n");
	from_file.rules = path;
	/* Files that were cut off open nothing. */
	write_file(list, "");
	assert_int_equal(engine_open(&from_file, &ds, &e), -EINVAL);
	write_file(path, "# rules\n");
	assert_int_equal(engine_open(&from_file, &ds, &e), -EINVAL);
	assert_int_equal(ds.n, 2);
	assert_non_null(strstr(ds.d[0].message, "holds no address"));
	assert_non_null(strstr(ds.d[1].message, "nothing in it"));
	write_file(path, "set s file \"s.txt\"\nrule from @s drop\n");
	write_file(list, "192.0.2.9\n");
	assert_int_equal(engine_open(&from_file, &ds, &e), 0);
	assert_int_equal(fixture_send(e, "tcp 192.0.2.9:1 > 10.0.0.2:22"), FW_DROP);
	unlink(path);
	e = fixture_restart(e);
	assert_int_equal(fixture_send(e, "tcp 192.0.2.9:1 > 10.0.0.2:22"), FW_DROP);
	engine_close(e);
}

/* Filtering continues if the engine cannot start. */
static void cannot_begin(void **state)
{
	struct fw_diags ds = { 0 };
	struct engine *e, *none = NULL;
	struct fw_kern *k = NULL;
	const struct fw_kern_options kern = { .pins = FIXTURE_PINS, .pool = sandbox_pool() };
	uint32_t generation;
	int fd;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, "rule proto tcp drop\n");
	generation = fw_kern_generation(engine_kern(e));
	engine_close(e);
	fd = open(fixture_options.store, O_WRONLY);
	assert_int_equal(pwrite(fd, "damage", 6, 4096), 6);
	close(fd);
	assert_int_equal(engine_open(&fixture_options, &ds, &none), -EIO);
	assert_int_equal(ds.n, 1);
	unlink(fixture_options.store);
	assert_int_equal(engine_open(&fixture_options, NULL, &none), -ENODATA);
	assert_int_equal(fw_kern_open(&kern, NULL, &k), 0);
	assert_int_equal(fw_kern_generation(k), generation);
	fw_kern_close(k);
}

static void link_say(struct engine *e, uint32_t index, const char *name)
{
	struct fw_interface l = { .ifindex = index, .gone = !name };

	snprintf(l.name, sizeof(l.name), "%s", name ? name : "");
	assert_int_equal(engine_interface_told(e, &l), 0);
}

static enum fw_verdict probe_on(struct engine *e, uint32_t index)
{
	struct fw_result got;
	struct fw_frame f;
	struct fw_probe p;

	assert_int_equal(fw_text_frame("tcp 10.0.0.1:1 > 10.0.0.2:22", &f, NULL), 0);
	p = (struct fw_probe){ .frame = f.data, .len = f.len, .iface = index };
	assert_int_equal(fw_kern_probe(engine_kern(e), &p, &got), 0);
	return got.verdict;
}

static void interfaces(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	link_say(e, 5, "wan");
	link_say(e, 6, "lan");
	fixture_change(e, "add rule on lan drop");
	assert_int_equal(probe_on(e, 5), FW_ACCEPT);
	assert_int_equal(probe_on(e, 6), FW_DROP);
	link_say(e, 6, "old");
	link_say(e, 5, "lan");
	assert_int_equal(probe_on(e, 5), FW_DROP);
	assert_int_equal(probe_on(e, 6), FW_ACCEPT);
	link_say(e, 5, NULL);
	assert_int_equal(probe_on(e, 5), FW_ACCEPT);
	fixture_change(e, "add rule on old drop");
	assert_int_equal(probe_on(e, 6), FW_DROP);
	/* Numbers stay, whatever order the rules name the interfaces in. */
	fixture_load(e, "rule on { new, old } drop\nrule on lan accept\n");
	link_say(e, 7, "new");
	assert_int_equal(probe_on(e, 6), FW_DROP);
	assert_int_equal(probe_on(e, 7), FW_DROP);
	e = fixture_restart(e);
	assert_int_equal(probe_on(e, 6), FW_DROP);
	assert_int_equal(probe_on(e, 7), FW_DROP);
	assert_int_equal(probe_on(e, 5), FW_ACCEPT);
	engine_close(e);
}

static uint64_t packets_of(struct engine *e, const char *name)
{
	return engine_rule_count(e, fixture_rule(e, name)).packets;
}

static void send_times(struct engine *e, const char *packet, int n)
{
	while (n--)
		fixture_send(e, packet);
}

/* A rule with another name and other matches is another rule, even with the same id; the old one may return. */
static void an_id_given_to_another_rule(void **state)
{
	static const char web[] = "rule 10 name web in proto udp dport 9 drop\n";
	static const char mail[] = "rule 10 name mail in proto tcp dport 25 drop\n";
	static const char udp[] = "udp 10.0.0.1:1 > 10.0.0.2:9", tcp[] = "tcp 10.0.0.1:1 > 10.0.0.2:25";
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, web);
	send_times(e, udp, 5);
	assert_int_equal(fixture_load_start(e, mail, 3600, false), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, 0);
	assert_int_equal(fixture_loaded.counts.added, 1);
	assert_int_equal(fixture_loaded.counts.removed, 1);
	assert_int_equal(packets_of(e, "mail"), 0);
	send_times(e, tcp, 2);
	assert_int_equal(packets_of(e, "mail"), 2);
	assert_int_equal(engine_undo(e, &fixture_who, NULL), 0);
	fixture_wait_undone(e);
	assert_int_equal(packets_of(e, "web"), 5);
	send_times(e, udp, 1);
	/* For good, and through a restart. */
	fixture_load(e, mail);
	assert_int_equal(packets_of(e, "mail"), 0);
	send_times(e, tcp, 3);
	e = fixture_restart(e);
	assert_int_equal(packets_of(e, "mail"), 3);
	assert_labels(e);
	/* With the same name, or the same matches, it is the same rule. */
	fixture_load(e, "rule 10 name mail in proto tcp dport { 25, 465 } accept\n");
	assert_int_equal(packets_of(e, "mail"), 3);
	fixture_load(e, "rule 10 name post in proto tcp dport { 25, 465 } drop\n");
	assert_int_equal(packets_of(e, "post"), 3);
	engine_close(e);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_empty),
		cmocka_unit_test(changes),
		cmocka_unit_test(loads),
		cmocka_unit_test(files),
		cmocka_unit_test(cannot_begin),
		cmocka_unit_test(interfaces),
		cmocka_unit_test(an_id_given_to_another_rule),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}
