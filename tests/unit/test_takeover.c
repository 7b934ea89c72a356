// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another version of the program takes over what is pinned, with traffic, of
 * which no frame may pass unfiltered or be missing from the counters; and
 * processes are killed at any point of it. In a sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <dirent.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw/pinned.h"
#include "tests/unit/pins.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"

/* Another version takes over, twice: no frame passes unfiltered or is missing from the counters. */
static void taken_over(void **state)
{
	uint32_t before, after;
	struct pins_user u = pins_open(true);
	uint64_t sent;

	pins_publish(&u, 41);
	pins_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, pins_at.ifindex, FW_PROG_TC_INGRESS, &pins_diags), 0);
	before = pins_prog_id(fw_kern_prog_fd(u.k, FW_PROG_XDP));
	pins_close(&u);

	pins_traffic_start();
	for (int i = 0; i < 2; i++) {
		u = pins_open(i & 1);
		after = pins_prog_id(fw_kern_prog_fd(u.k, FW_PROG_XDP));
		assert_int_not_equal(before, after);
		assert_int_equal(pins_versions(), 2);
		assert_int_equal(pins_attachments(u.k), 2);
		assert_int_equal(fw_kern_generation(u.k), 41 + (uint32_t)i);
		pins_publish(&u, fw_kern_generation(u.k) + 1);
		assert_int_equal(pins_versions(), 1);
		assert_int_equal(pins_attachments(u.k), 2);
		before = after;
		if (!i)
			pins_close(&u);
	}
	sent = pins_traffic_end();
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, sent);
	assert_int_equal(fw_kern_reason_count(u.k, FW_R_INTERNAL, FW_DROP).packets, 0);
	pins_unpin(&u);
	pins_assert_clean();
}

/* Makes the pins those of an older version, whose counters have other numbers. */
static void make_older(void)
{
	char from[1024], to[1024];
	const struct dirent *e;
	DIR *dir = opendir(PINS);
	int made = 0;

	while (dir && (e = readdir(dir))) {
		snprintf(from, sizeof(from), PINS "/%s/maps/" FW_COUNTERS_PIN, e->d_name);
		snprintf(to, sizeof(to), PINS "/%s/maps/counters", e->d_name);
		made += e->d_name[0] != '.' && !rename(from, to);
	}
	closedir(dir);
	assert_int_equal(made, 1);
}

/* Filtering continues, and counting restarts from 0: no rule shows the count of another one. */
static void other_layout(void **state)
{
	struct pins_user u = pins_open(true);

	pins_publish(&u, 1);
	pins_attach(&u);
	pins_assert_filtered(true);
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 20);
	pins_close(&u);
	make_older();
	u = pins_open(false);
	pins_assert_filtered(true);
	pins_publish(&u, fw_kern_generation(u.k) + 1);
	for (uint32_t slot = 0; slot < 2; slot++)
		assert_int_equal(fw_kern_rule_count(u.k, slot).packets, 0);
	pins_assert_filtered(true);
	for (uint32_t slot = 0; slot < 2; slot++)
		assert_int_equal(fw_kern_rule_count(u.k, slot).packets, 20);
	assert_int_equal(pins_versions(), 1);
	pins_unpin(&u);
	pins_assert_clean();
}

/* Probes do not disturb live packets: each packet is filtered and counted, and probes are not counted. */
static void asked(void **state)
{
	struct pins_user u = pins_open(true);
	uint64_t sent;

	pins_publish(&u, 1);
	pins_attach(&u);
	pins_traffic_start();
	for (int i = 0; i < 20000; i++) {
		const struct fw_frame *f = i & 1 ? &pins_at.good : &pins_at.bad;
		struct fw_result r;

		const struct fw_probe p = { .frame = f->data, .len = f->len, .iface = pins_at.ifindex };

		assert_int_equal(fw_kern_probe(u.k, &p, &r), 0);
		assert_int_equal(r.reason, FW_R_NONE);
		assert_int_equal(r.slot, i & 1);
		assert_int_equal(r.verdict, i & 1 ? FW_ACCEPT : FW_DROP);
	}
	sent = pins_traffic_end();
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, sent);
	assert_int_equal(fw_kern_rule_count(u.k, 1).packets, 1); /* sent by pins_traffic_end() */
	assert_int_equal(fw_kern_reason_count(u.k, FW_R_INTERNAL, FW_DROP).packets, 0);
	pins_unpin(&u);
	pins_assert_clean();
}

/* A version continues if its successor never published anything. */
static void not_taken_over(void **state)
{
	struct pins_user u = pins_open(true);

	pins_publish(&u, 3);
	pins_attach(&u);
	pins_close(&u);
	u = pins_open(false);
	pins_assert_filtered(true);
	pins_close(&u);
	pins_assert_filtered(true);
	u = pins_open(true);
	assert_int_equal(pins_versions(), 1);
	assert_int_equal(fw_kern_generation(u.k), 3);
	assert_int_equal(pins_attachments(u.k), 1);
	pins_assert_filtered(true);
	pins_unpin(&u);
	pins_assert_clean();
}

/* Does what a controller does until it is ready. */
static void work(bool flow_cache)
{
	struct pins_user u = pins_open(flow_cache);

	pins_publish(&u, fw_kern_generation(u.k) + 1);
	pins_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, pins_at.ifindex, FW_PROG_TC_EGRESS, &pins_diags), 0);
	assert_int_equal(fw_kern_grace(u.k), 0);
	fw_kern_retire(u.k);
	fw_kern_label_set(u.k, FW_COUNTER_RULES, &(struct fw_label){ 1, FW_LABEL_NAMED(FW_NAMED_RULE) },
			  &(struct fw_label_names){ { "bad", NULL } });
	assert_int_equal(fw_kern_share(u.k, 12345), fw_kern_iterator_files_probe());
	pins_close(&u);
}

/* The count of the rule can be read at any time. */
static void assert_readable(void)
{
	static uint64_t last;
	struct fw_pinned_row row;
	struct fw_pinned *p = NULL;
	char why[FW_PINNED_WHY];

	if (fw_pinned_open(PINS, why, &p))
		fail_msg("%s", why);
	assert_int_equal(fw_pinned_chunk(p, 0), 1);
	row = fw_pinned_row(p, FW_COUNTER_RULES);
	assert_int_equal(row.label.id, 1);
	assert_string_equal(row.name, "bad");
	assert_true(row.count.packets >= last);
	last = row.count.packets;
	fw_pinned_close(p);
}

/* Is it a system call that changes pins, maps or attachments, at which to kill the process? */
static bool changes(const struct __ptrace_syscall_info *info)
{
	static const unsigned long calls[] = { SYS_unlink, SYS_rename,  SYS_renameat2, SYS_rmdir,
					       SYS_mkdir,  SYS_symlink, SYS_chmod,     SYS_sendto };
	static const unsigned long commands[] = { BPF_OBJ_PIN,         BPF_LINK_CREATE,     BPF_LINK_UPDATE,
						  BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_UPDATE_BATCH };

	if (info->op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	for (size_t i = 0; i < ROWS(calls); i++)
		if (info->entry.nr == calls[i])
			return true;
	for (size_t i = 0; i < ROWS(commands); i++)
		if (info->entry.nr == SYS_bpf && info->entry.args[0] == commands[i])
			return true;
	return false;
}

/* Does the work in a process that is killed before the @at-th of these system calls. Return: was it killed? */
static bool work_killed(bool flow_cache, unsigned at)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		work(flow_cache);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		struct __ptrace_syscall_info info = { 0 };

		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) &&
		    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 && changes(&info) && !at--)
			kill(pid, SIGKILL);
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

/* Processes of two versions are killed at any point: filtering continues, and the last one takes over everything. */
static void killed(void **state)
{
	enum { AT_LEAST = 4, CALLS = 90 }; /* of a process that takes over */
	const double seconds = 10;
	double start = fw_now();
	unsigned kills = 0;
	struct pins_user u;

	work(true);
	pins_traffic_start();
	for (unsigned i = 0; i < AT_LEAST || fw_now() - start < seconds; i++) {
		kills += work_killed(random_below(4) ? i & 1 : !(i & 1), random_below(CALLS));
		assert_readable();
	}
	u = pins_open(true);
	pins_publish(&u, fw_kern_generation(u.k) + 1);
	assert_int_equal(pins_versions(), 1);
	assert_int_equal(pins_attachments(u.k), 2);
	pins_traffic_end();
	pins_assert_filtered(true);
	assert_int_equal(fw_kern_reason_count(u.k, FW_R_INTERNAL, FW_DROP).packets, 0);
	pins_unpin(&u);
	pins_assert_clean();
	print_message("%u processes killed\n", kills);
	assert_true(kills);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_taken_over), cmocka_unit_test(taken_over), cmocka_unit_test(other_layout),
		cmocka_unit_test(asked),          cmocka_unit_test(killed),
	};

	random_start();
	return pins_main(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
