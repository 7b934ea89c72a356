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
#include "tests/unit/pins.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

#define OPEN_PORT 7001
#define CLOSED_PORT 7002

static struct pins_user start(bool flow_cache, const char *rules, uint32_t generation)
{
	struct pins_user u = pins_open(flow_cache);

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
	assert_int_equal(pins_attachments(u.k), 6);
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
		assert_int_equal(pins_attachments(u.k), 6);
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

/* Has the kernel links on netfilter's hooks? They came with Linux 6.4. */
static bool has_links(void)
{
	struct pins_user u = start(true, "", 1);
	struct fw_diags ds = { .n = 0 };
	int err = fw_kern_attach_host(u.k, &ds);

	if (err)
		print_message("skipped: netfilter's hooks: %s\n", ds.d[0].message);
	assert_int_not_equal(err, -EACCES); /* what the verifier says of a bad program */
	pins_unpin(&u);
	return !err;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(fields),
		cmocka_unit_test(taken_over),
		cmocka_unit_test(detached_by_others),
	};

	if (!pins_main(argc, argv) || !has_links())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
