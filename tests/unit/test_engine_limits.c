// SPDX-License-Identifier: GPL-2.0-only
/* The engine where something ends: room in the tables, on the disk, in the log of changes, and numbers of generations. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/fwd/engine/engine_internal.h"
#include "ctl/fwd/store/store_internal.h"
#include "lib/rule/internal.h"
#include "tests/unit/engine_fixture.h"

/* Many changes are folded into a snapshot, while others are made. */
static void folded(void **state)
{
	uint64_t changes_before = 0, changes_now, bytes;
	struct engine *e;
	char *text = malloc(200000);
	unsigned n = 0;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, "set s { 192.0.2.1 }\nrule name base from @s drop\n");
	for (unsigned i = 0; i < 60; i++) {
		size_t len = 0;

		for (unsigned k = 0; k < 600; k++, n++)
			len += (size_t)sprintf(text + len, "add rule first proto tcp dport %u accept comment \"%s\"\n",
					       n % 60000, i % 2 ? "some words" : "others");
		if (i)
			len += (size_t)sprintf(text + len, "del rule 2\nadd rule 2 name x%u proto udp drop\n", i);
		fixture_change(e, text);
		engine_work(e);
		store_size(engine_store(e), &changes_now, &bytes);
		if (changes_now < changes_before)
			break;
		changes_before = changes_now;
	}
	fixture_pump(e);
	store_size(engine_store(e), &changes_now, &bytes);
	assert_true(changes_now < changes_before);
	e = fixture_restart(e);
	assert_filters(e, 100);
	engine_close(e);
	free(text);
}

/* The pool has room for little more than two rulesets: memory of the replaced one is used for the next one. */
static void little_room(void **state)
{
	struct fw_buf text = { 0 };
	struct fw_pool *pool;
	struct engine *e;

	for (unsigned i = 0; i < 5000; i++)
		fw_buf_printf(&text, "rule from 10.%u.%u.0/24 proto tcp dport %u drop\n", i >> 8, i & 255, i % 5000);
	fixture_fresh();
	e = fixture_begin();
	pool = fw_kern_pool(engine_kern(e));
	fixture_load(e, text.text);
	fixture_pump(e);
	pool->limit = 2 * pool->nsegments + 1;
	for (int i = 0; i < 4; i++)
		fixture_load(e, text.text);
	fixture_pump(e);
	assert_filters(e, 50);
	pool->limit = pool->nsegments;
	for (unsigned i = 0; i < 300; i++) {
		static struct engine_result r;
		char line[120];

		snprintf(line, sizeof(line), "del rule %u\nadd rule %u from 172.16.%u.%u proto udp dport %u drop",
			 i + 1, i + 1, i >> 8, i & 255, i);
		if (fixture_edit(e, line, 0, &r) == -ENOSPC) {
			assert_int_equal(r.ds.n, 1);
			assert_non_null(fw_ruleset_by_id(engine_ruleset(e), i + 1));
			break;
		}
		assert_int_equal(r.err, 0);
	}
	pool->limit = FW_POOL_SEGMENTS;
	assert_filters(e, 50);
	fixture_change(e, "add rule first proto udp accept");
	assert_filters(e, 50);
	engine_close(e);
	fw_buf_free(&text);
}

/* Generations begin again, and 0 is none. All that is compiled then has the new rules of a chain that changes. */
static void many_generations(void **state)
{
	struct fw_image *image;
	struct engine *e;
	char line[100];

	fixture_fresh();
	e = fixture_begin();
	fixture_change(e, "chain create c\nadd rule jump c\nadd rule chain c name a proto tcp drop");
	image = &e->live->now->image;
	image->generation = UINT32_MAX - 3;
	assert_int_equal(fw_kern_publish(engine_kern(e), image->root, image->generation), 0);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(line, sizeof(line), "replace rule a proto tcp dport %u drop", i + 1);
		fixture_change(e, line);
		assert_int_equal(e->live->now->image.generation, i < 3 ? UINT32_MAX - 2 + i : i - 2);
		snprintf(line, sizeof(line), "tcp 10.0.0.1:1 > 10.0.0.2:%u", i + 1);
		assert_int_equal(fixture_send(e, line), FW_DROP);
		snprintf(line, sizeof(line), "tcp 10.0.0.1:1 > 10.0.0.2:%u", i);
		assert_int_equal(fixture_send(e, line), FW_ACCEPT);
	}
	fixture_pump(e);
	assert_filters(e, 50);
	engine_close(e);
}

/* The store runs out of numbers for snapshots: the next load is refused, and nothing changes. */
static void last_snapshot(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, "rule name a drop\n");
	engine_store(e)->last_id = INT32_MAX - 1;
	fixture_load(e, "rule name b drop\n");
	assert_int_equal(fixture_load_start(e, "rule name c drop\n", 0, false), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, -E2BIG);
	assert_non_null(strstr(fixture_loaded.ds.d[0].message, "no number for another one"));
	fixture_change(e, "add rule name d accept");
	e = fixture_restart(e);
	fixture_rule(e, "b");
	fixture_rule(e, "d");
	assert_filters(e, 50);
	engine_close(e);
}

/* All counters but the first are held, as by rules that are gone. */
static void last_counter(void **state)
{
	static struct engine_result r;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_change(e, "add rule name a drop");
	while (e->live->now->rs->next_slot < FW_COUNTER_SLOTS) {
		uint32_t slot = e->live->now->rs->next_slot;

		assert_int_equal(fw_slot_reserve(e->live->now->rs, slot), 0);
		fw_slot_take(e->live->now->rs, slot, NULL);
	}
	assert_int_equal(fixture_edit(e, "add rule name b drop", 0, &r), -E2BIG);
	assert_non_null(strstr(r.ds.d[0].message, "counters for 16776960 rules"));
	assert_int_equal(e->live->now->rs->next_slot, FW_COUNTER_SLOTS);
	e = fixture_restart(e);
	fixture_change(e, "add rule name b drop");
	assert_filters(e, 20);
	engine_close(e);
}

/* Ids above the last one: those that are free, also after a restart and a flush. */
static void last_id(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_change(e, "add rule 18446744073709551615 name last drop\nadd rule name a accept\nadd rule name b drop");
	assert_int_equal(fixture_rule(e, "a")->id, 1);
	fixture_change(e, "del rule a last");
	e = fixture_restart(e);
	fixture_change(e, "add rule name c drop");
	assert_int_equal(fixture_rule(e, "c")->id, 1);
	fixture_load(e, "rule name d in drop\nrule name b drop\n");
	assert_int_equal(fixture_rule(e, "d")->id, 3);
	assert_int_equal(fixture_rule(e, "b")->id, 2);
	fixture_load(e, "");
	fixture_change(e, "add rule name e drop");
	e = fixture_restart(e);
	assert_filters(e, 50);
	engine_close(e);
}

/* A full disk: the live and the stored ruleset stay as they are. */
static void full_store(void **state)
{
	char in[96], file[120], ballast[120];
	struct engine_options small = fixture_options;
	struct fw_diags ds = { 0 };
	struct engine *e = NULL;
	char block[4096] = { 0 };
	int fd, err = 0;

	fixture_fresh();
	snprintf(in, sizeof(in), "%s/small", fixture_folder);
	snprintf(file, sizeof(file), "%s/store", in);
	snprintf(ballast, sizeof(ballast), "%s/ballast", in);
	assert_int_equal(mkdir(in, 0700), 0);
	assert_int_equal(mount("tmpfs", in, "tmpfs", 0, "size=48m"), 0);
	small.store = file;
	assert_int_equal(engine_open(&small, &ds, &e), 0);
	fixture_load(e, "rule name a proto tcp drop\n");
	fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	close(fd);
	assert_int_equal(fixture_load_start(e, "rule accept\n", 0, false), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, -ENOSPC);
	assert_non_null(strstr(fixture_loaded.ds.d[0].message, "disk"));
	for (int i = 0; i < 100000 && !err; i++) {
		static struct engine_result r;
		static const char text[] = "add rule first proto udp accept\ndel rule 2";

		err = fixture_edit(e, i ? text : "add rule 2 proto udp accept", 0, &r);
		if (!err && i)
			err = fixture_edit(e, "add rule 2 proto udp accept", 0, &r);
		if (err)
			assert_non_null(strstr(r.ds.d[0].message, "no space"));
	}
	assert_int_equal(err, -ENOSPC);
	assert_filters(e, 100);
	unlink(ballast);
	fixture_change(e, "add rule name z proto gre drop");
	fixture_pump(e);
	engine_close(e);
	assert_int_equal(engine_open(&small, &ds, &e), 0);
	fixture_rule(e, "z");
	assert_filters(e, 100);
	engine_close(e);
	assert_int_equal(umount(in), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded),        cmocka_unit_test(little_room),  cmocka_unit_test(many_generations),
		cmocka_unit_test(last_snapshot), cmocka_unit_test(last_counter), cmocka_unit_test(last_id),
		cmocka_unit_test(full_store),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}
