// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter's hooks with real sockets on the loopback device, which a packet passes at output and then at input: verdicts,
 * counters, takeover by another version, and what is left. In a sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fw/tables.h"
#include "lib/kern/kern.h"
#include "lib/kern/nft.h"
#include "tests/unit/pins.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

#define OPEN_PORT 7001
#define CLOSED_PORT 7002

/* As if the kernel had no links on these hooks. */
static bool by_table;

static struct pins_user start(bool flow_cache, const char *rules, uint32_t generation)
{
	struct pins_user u = pins_open(flow_cache);

	u.k->has_links &= !by_table;
	u.rs = ruleset_of(rules);
	assert_int_equal(fw_tables_compile(u.rs, fw_kern_pool(u.k), NULL, NULL, &u.image), 0);
	assert_int_equal(fw_kern_counters_reserve(u.k, u.rs->next_slot), 0);
	assert_int_equal(fw_kern_publish(u.k, u.image.root, generation), 0);
	return u;
}

static void attach(struct pins_user *u)
{
	pins_diags.n = pins_diags.total = 0;
	if (fw_kern_attach_host(u->k, &pins_diags))
		fail_msg("attach: %s", pins_diags.n ? pins_diags.d[0].message : "");
}

static int udp_socket(int family, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(s >= 0);
	assert_int_equal(family == AF_INET ? bind(s, (void *)&v4, sizeof(v4)) : bind(s, (void *)&v6, sizeof(v6)), 0);
	return s;
}

/* Sends a datagram from one socket of a family to another on @port. 1: it arrived; 0: it did not; -errno of sending. */
static int send_udp(int family, uint16_t port)
{
	int to = udp_socket(family, port), from = udp_socket(family, 0), result;
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	char byte = 'x';

	assert_int_equal(getsockname(to, (void *)&at, &len), 0);
	if (sendto(from, &byte, 1, 0, (void *)&at, len) < 0)
		result = -errno;
	else
		result = recv(to, &byte, 1, 0) == 1;
	close(to);
	close(from);
	return result;
}

static void verdicts(void **state)
{
	struct pins_user u = start(true,
				   "rule input proto udp dport 7002 drop\n"
				   "rule output proto udp dport 7003 drop\n"
				   "rule forward accept\n"
				   "rule proto udp dport 7001 accept\n",
				   1);
	static const int families[] = { AF_INET, AF_INET6 };

	attach(&u);
	attach(&u);
	assert_int_equal(pins_attachments(u.k), by_table ? 0 : 6);
	assert_true(fw_kern_host_holds(u.k));
	for (size_t i = 0; i < ROWS(families); i++) {
		assert_int_equal(send_udp(families[i], 7001), 1);
		assert_int_equal(send_udp(families[i], 7002), 0);
		assert_int_equal(send_udp(families[i], 7003), -EPERM);
	}
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 2);
	assert_int_equal(fw_kern_rule_count(u.k, 1).packets, 2);
	assert_int_equal(fw_kern_rule_count(u.k, 2).packets, 0);
	assert_int_equal(fw_kern_rule_count(u.k, 3).packets, 4);
	assert_int_equal(fw_kern_rule_count(u.k, 3).bytes, 2 * (29 + 49));
	assert_int_equal(fw_kern_prog_count(u.k, FW_PROG_NF_OUTPUT, FW_R_OUTPUT, FW_ACCEPT).packets, 2);
	assert_int_equal(fw_kern_detach_host(u.k), 0);
	assert_int_equal(fw_kern_detach_host(u.k), -ENOENT);
	assert_int_equal(send_udp(AF_INET, 7003), 1);
	pins_unpin(&u);
	pins_assert_clean();
}

/* What rules know of a packet here: interfaces, and whose socket it is from. */
static void fields(void **state)
{
	struct pins_user u = start(true,
				   "rule input from-if lo on lo proto udp dport 7001 accept\n"
				   "rule output to-if lo on lo proto udp dport 7002 drop\n"
				   "rule output uid 65534 proto udp dport 7001 drop\n"
				   "rule output gid 0 uid 0 proto udp dport 7003 drop\n"
				   "rule input proto udp drop\n",
				   1);
	uint32_t lo = 0;

	for (; lo < u.rs->nifaces && strcmp(u.rs->ifaces[lo].name, "lo") != 0; lo++)
		;
	assert_int_equal(fw_kern_iface_set(u.k, 1, lo), 0);
	attach(&u);
	assert_int_equal(send_udp(AF_INET, 7001), 1);
	assert_int_equal(send_udp(AF_INET6, 7001), 1);
	assert_int_equal(send_udp(AF_INET, 7002), -EPERM);
	assert_int_equal(send_udp(AF_INET, 7003), -EPERM);
	assert_int_equal(send_udp(AF_INET, 7004), 0);
	/* The socket's file has the ids of the thread that made it. */
	assert_int_equal(syscall(SYS_setfsuid, 65534), 0);
	assert_int_equal(send_udp(AF_INET6, 7001), -EPERM);
	assert_int_equal(syscall(SYS_setfsuid, 0), 65534);
	pins_unpin(&u);
	pins_assert_clean();
}

/* Rates of a rule, and of a rule and an address. */
static void limits(void **state)
{
	struct pins_user u = start(true,
				   "rule input proto udp dport 7001 limit 3/day burst 3 accept\n"
				   "rule input proto udp dport 7002 limit 3/day burst 3 per from accept\n"
				   "rule input proto udp drop\n",
				   1);

	assert_int_equal(fw_kern_buckets_reserve(u.k), 0);
	attach(&u);
	for (uint16_t port = 7001; port <= 7002; port++)
		for (int i = 0; i < 5; i++)
			assert_int_equal(send_udp(AF_INET, port), i < 3);
	assert_int_equal(send_udp(AF_INET6, 7002), 1);
	pins_unpin(&u);
	pins_assert_clean();
}

/* Links stay when the process ends, run the program of the next version, and are gone when they are detached. */
static void taken_over(void **state)
{
	static const char *const drop = "rule output proto udp dport 7003 drop\n";
	struct pins_user u = start(true, drop, 1);

	attach(&u);
	pins_close(&u);
	assert_int_equal(send_udp(AF_INET, 7003), -EPERM);
	for (uint32_t generation = 2; generation < 6; generation++) {
		u = start(generation & 1, drop, generation);
		assert_int_equal(pins_attachments(u.k), by_table ? 0 : 6);
		assert_true(fw_kern_host_attached(u.k));
		if (by_table)
			attach(&u);
		assert_int_equal(pins_versions(), 1);
		assert_int_equal(send_udp(AF_INET, 7003), -EPERM);
		assert_int_equal(send_udp(AF_INET6, 7003), -EPERM);
		assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 2 * generation - 2 + generation - 1);
		pins_close(&u);
		assert_int_equal(send_udp(AF_INET, 7003), -EPERM);
	}
	u = start(true, drop, 9);
	pins_unpin(&u);
	pins_assert_clean();
	assert_int_equal(send_udp(AF_INET, 7003), 1);
}

static void delete_table(const char *name)
{
	struct nft_batch b;

	nft_begin(&b, name);
	nft_table_delete(&b);
	assert_int_equal(nft_send(&b), 0);
}

/* Of two tables one cannot be deleted by others, and the other one is there when our process has ended. */
static void deleted_by_others(void **state)
{
	struct pins_user u =
		start(true, "policy output reject\nrule output proto udp dport 7002 mark set 1 accept\n", 1);
	const char *why = NULL;
	uint64_t restored = 0;
	struct nft_batch b;

	attach(&u);
	delete_table("fwd_host");
	nft_begin(&b, "fwd_host_guard_0");
	nft_table_delete(&b);
	assert_int_equal(nft_send(&b), -EPERM);
	assert_int_equal(send_udp(AF_INET, 7001), -EPERM);
	assert_int_equal(send_udp(AF_INET6, 7002), 1);
	assert_int_equal(fw_kern_host_answer(u.k, true, &why), 0);
	assert_true(fw_kern_host_table());
	assert_true(fw_kern_host_answers(u.k, &restored));
	assert_int_equal(restored, 1);
	assert_int_equal(send_udp(AF_INET, 7001), -EPERM);
	pins_close(&u);
	assert_int_equal(nft_rules("fwd_host_guard_0"), 0);
	assert_int_equal(send_udp(AF_INET, 7001), -EPERM);
	assert_int_equal(send_udp(AF_INET6, 7002), 1);
	u = start(true, "", 2);
	assert_int_equal(fw_kern_detach_host(u.k), 0);
	assert_false(fw_kern_host_attached(u.k));
	assert_int_equal(send_udp(AF_INET, 7001), 1);
	pins_unpin(&u);
	pins_assert_clean();
}

/* A link that somebody has detached is noticed, and attached again. */
static void detached_by_others(void **state)
{
	struct pins_user u = start(true, "policy output drop\n", 1);
	struct fw_kern_attachment a;
	int fd;

	attach(&u);
	assert_true(fw_kern_attached(u.k, 4, &a));
	fd = bpf_link_get_fd_by_id(a.link);
	assert_int_equal(bpf_link_detach(fd), 0);
	close(fd);
	assert_int_equal(pins_attachments(u.k), 5);
	attach(&u);
	assert_int_equal(pins_attachments(u.k), 6);
	assert_int_equal(send_udp(AF_INET, 7001), -EPERM);
	pins_unpin(&u);
	pins_assert_clean();
}

/* By links where the kernel has them, from Linux 6.4 on, and by tables. */
static int tests_of(bool table)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(fields),
		cmocka_unit_test(limits),
		cmocka_unit_test(taken_over),
		table ? (struct CMUnitTest)cmocka_unit_test(deleted_by_others) :
			(struct CMUnitTest)cmocka_unit_test(detached_by_others),
	};
	struct pins_user u = start(true, "", 1);
	struct fw_diags ds = { .n = 0 };
	bool has_links = u.k->has_links;
	int err;

	by_table = table;
	u.k->has_links &= !table;
	err = fw_kern_attach_host(u.k, &ds);
	if (err)
		print_message("skipped: the host's hooks by tables: %s\n", ds.d[0].message);
	assert_true(!err || (!u.k->has_links && err == -ENOENT));
	pins_unpin(&u);
	if (!table && !has_links)
		print_message("skipped: the host's hooks by links: the kernel has none there\n");
	return err || (!table && !has_links) ?
		       0 :
		       cmocka_run_group_tests_name(table ? "by tables" : "by links", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	if (!pins_main(argc, argv))
		return 0;
	return tests_of(false) + tests_of(true);
}
