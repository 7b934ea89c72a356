// SPDX-License-Identifier: GPL-2.0-only
/*
 * What members of the group may read of the pins, without any privilege: the
 * maps, and the iterator files where the kernel has them. Nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/pins.h"

enum { USER = 54321, GROUP = 12345, OTHER_GROUP = 54321 };
enum { PACKETS = 50 };

static struct pins_user user;
/* Why this kernel has no iterators: -errno; 0: it has them. */
static int refused;

static void begin(void)
{
	struct fw_result got;

	user = pins_open(true);
	pins_publish(&user, fw_kern_generation(user.k) + 1);
	assert_int_equal(chmod(SANDBOX_BPFFS, 0755), 0);
	assert_int_equal(fw_kern_share(user.k, GROUP), refused);
	for (int i = 0; i < PACKETS; i++)
		assert_int_equal(fw_kern_test(user.k, FW_PROG_XDP, pins_at.bad.data, pins_at.bad.len, 0, &got), 0);
}

static int read_files(void)
{
	for (int i = 0; i < FW_NITERATORS; i++) {
		fw_autofree char *text = NULL;
		const char *path = fw_kern_iterator_file(user.k, (enum fw_kern_iterator_file)i);
		size_t len;

		if (fw_file_read(path, FW_FILE_ANY, 1 << 20, &text, &len) || text[0] != '#')
			return 1;
	}
	return 0;
}

/* Everything that may be read can be, and nothing of it can be written. */
static int read_maps(void)
{
	struct fw_pinned *p = NULL;
	char why[FW_PINNED_WHY];

	if (fw_pinned_open(PINS, why, &p))
		return 1;
	if (fw_pinned_chunk(p, 0) != 1 || fw_pinned_row(p, FW_COUNTER_RULES).count.packets != PACKETS)
		return 2;
	if (bpf_obj_get(PINS "/readers/traffic") >= 0 || errno != EACCES)
		return 3;
	if (bpf_obj_get(PINS "/readers/" FW_COUNTERS_PIN "-0-0") >= 0 || errno != EACCES)
		return 4;
	return unlink(PINS "/readers/traffic") ? 0 : 5;
}

/* The error names a sandbox that refuses bpf(). */
static int read_in_sandbox(void)
{
	struct fw_pinned *p = NULL;
	char why[FW_PINNED_WHY];

	if (sandbox_refuse_call(SYS_bpf, EPERM))
		return 1;
	if (fw_pinned_open(PINS, why, &p) != -EPERM)
		return 2;
	return strstr(why, "bpf() is refused to this process") ? 0 : 3;
}

/* Runs @read in a process without capabilities, as a user of one group. Return: its result. */
static int as_member(int (*read)(void), gid_t group)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(setgroups(0, NULL) || setgid(group) || setuid(USER) ? 99 : read());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void maps(void **state)
{
	char why[FW_PINNED_WHY];
	struct fw_pinned *p;

	begin();
	assert_int_equal(as_member(read_maps, GROUP), 0);
	assert_int_equal(as_member(read_maps, OTHER_GROUP), 1);
	assert_int_equal(as_member(read_in_sandbox, GROUP), 0);
	fw_kern_unpin(user.k);
	assert_int_equal(fw_pinned_open(PINS, why, &p), -ENOENT);
	pins_close(&user);
}

static void iterator_files(void **state)
{
	if (refused) {
		print_message("skipped: %s: the kernel refuses iterators: %s\n", __func__, strerror(-refused));
		skip();
	}
	begin();
	assert_int_equal(as_member(read_files, GROUP), 0);
	assert_int_equal(as_member(read_files, OTHER_GROUP), 1);
	pins_unpin(&user);
}

/* Counters that are added later are pinned too, and the next process keeps them. */
static void many_counters(void **state)
{
	enum { CHUNKS = 3, LAST = CHUNKS * FW_COUNTER_CHUNK - FW_COUNTER_RULES - 1 };
	struct fw_label label = { 5, FW_LABEL_NAMED(FW_NAMED_RULE) };
	char why[FW_PINNED_WHY];
	struct fw_pinned *p;

	begin();
	assert_int_equal(fw_kern_counters_reserve(user.k, LAST + 1), 0);
	for (int round = 0; round < 2; round++) {
		label.id += (unsigned)round;
		fw_kern_label_set(user.k, LAST + FW_COUNTER_RULES, &label,
				  &(struct fw_label_names){ { "last", NULL } });
		assert_int_equal(fw_pinned_open(PINS, why, &p), 0);
		assert_int_equal(fw_pinned_chunk(p, CHUNKS - 1), 1);
		assert_int_equal(fw_pinned_row(p, FW_COUNTER_CHUNK - 1).label.id, label.id);
		assert_string_equal(fw_pinned_row(p, FW_COUNTER_CHUNK - 1).name, "last");
		assert_int_equal(fw_pinned_chunk(p, CHUNKS), 0);
		fw_pinned_close(p);
		pins_close(&user);
		begin();
	}
	pins_unpin(&user);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(iterator_files),
		cmocka_unit_test(many_counters),
	};

	refused = fw_kern_iterator_files_probe();
	return pins_main(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
