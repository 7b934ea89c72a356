// SPDX-License-Identifier: GPL-2.0-only
/* Connections by address: the table of counts against an array, and real connections in a namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fw/conntrack.h"
#include "fw/tracked.h"
#include "lib/kern/connections_table.h"
#include "tests/unit/pins.h"
#include "tests/unit/random.h"

static void the_table_counts(void **state)
{
	enum { KEYS = 3000, STEPS = 200000 };
	static uint32_t model[KEYS];
	struct connections_table t = { .max = KEYS * 3 / 4, .seed = random_u64() };
	size_t n = 0;

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned k = random_below(KEYS);
		int by = random_below(2) ? 1 : -1;
		struct fw_addr addr = { k % 7, (uint64_t)k << 32 };
		struct fw_connections_key key;
		bool fits = by > 0 ? model[k] || n < t.max : model[k] > 0;

		fw_connections_key(&key, k % 2, FW_IP6, 128, &addr);
		assert_int_equal(connections_table_count(&t, &key), model[k]);
		n -= model[k] > 0;
		model[k] += fits ? (uint32_t)by : 0;
		n += model[k] > 0;
		assert_int_equal(connections_table_add(&t, &key, by), fits ? (int64_t)model[k] : -1);
		assert_int_equal(t.n, n);
	}
	for (unsigned k = 0; k < KEYS; k++) {
		struct fw_addr addr = { k % 7, (uint64_t)k << 32 };
		struct fw_connections_key key;

		fw_connections_key(&key, k % 2, FW_IP6, 128, &addr);
		assert_int_equal(connections_table_count(&t, &key), model[k]);
	}
	connections_table_free(&t);
}

static void keys_are_masked(void **state)
{
	const struct fw_addr a = { 0x20010db8ffffffffull, 0x123456789abcdef0ull }, b = { 0xc0000281ull << 32, 0 };
	struct fw_connections_key key;

	fw_connections_key(&key, FW_CONNECTIONS_TO, FW_IP6, 48, &a);
	assert_true(key.addr.hi == 0x20010db8ffff0000ull && !key.addr.lo);
	fw_connections_key(&key, FW_CONNECTIONS_TO, FW_IP6, 65, &a);
	assert_true(key.addr.hi == a.hi && !key.addr.lo);
	fw_connections_key(&key, FW_CONNECTIONS_TO, FW_IP6, 128, &a);
	assert_true(key.addr.hi == a.hi && key.addr.lo == a.lo);
	fw_connections_key(&key, FW_CONNECTIONS_FROM, FW_IP4, 25, &b);
	assert_true(key.addr.hi == 0xc0000280ull << 32);
	fw_connections_key(&key, FW_CONNECTIONS_FROM, FW_IP4, 0, &b);
	assert_true(!key.addr.hi);
	/* More than 2: the third of them is one too many, whose first packet is not among those that are known. */
	assert_false(fw_connections_over(1, 2, 1));
	assert_true(fw_connections_over(2, 2, 1));
	assert_false(fw_connections_over(2, 2, 0));
	assert_true(fw_connections_over(3, 2, 0));
}

static int listener(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(7),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 100), 0);
	return fd;
}

/* A connection from that address of 127.0.0.0/8. */
static int connect_from(unsigned host)
{
	const struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + host) };
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(7),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Reads until so many connections are known; some seconds at most. */
static void settle(struct fw_tracked *t, uint64_t connections, uint64_t told)
{
	struct pollfd p = { .fd = fw_tracked_fd(t), .events = POLLIN };
	struct fw_tracked_status st;
	double end = fw_now() + 60;

	do {
		poll(&p, 1, 50);
		assert_int_equal(fw_tracked_read(t), 0);
		assert_int_equal(fw_tracked_look(t, fw_now()), 0);
		fw_tracked_status(t, &st);
	} while ((st.connections != connections || st.told != told) && fw_now() < end);
	assert_int_equal(st.connections, connections);
	assert_int_equal(st.told, told);
	assert_int_equal(st.left_out, 0);
}

static void connections_are_followed(void **state)
{
	static const struct fw_tracked_want wants[] = { { FW_CONNECTIONS_FROM, 32, 128, 3 },
							{ FW_CONNECTIONS_TO, 8, 8, 5 } };
	struct fw_kern *k = NULL;
	struct fw_tracked *t = NULL;
	int serving, fd[5], accepted[5];
	const char *why = "the kernel's events cannot be followed";

	assert_int_equal(pins_kern_open(true, NULL, &k), 0);
	if (fw_conntrack_begin(k, &why) || fw_tracked_open(k, &t)) {
		print_message("skipped: connection tracking: %s\n", why);
		fw_kern_close(k);
		skip();
	}
	serving = listener();
	/* One before it begins, which the dump tells of; the others by events. */
	fd[0] = connect_from(1);
	assert_int_equal(fw_tracked_want(t, wants, 2), 0);
	settle(t, 1, 0);
	for (unsigned i = 1; i < 5; i++)
		fd[i] = connect_from(i < 3 ? 1 : 2);
	settle(t, 5, 2); /* 127.0.0.2 has 3, 127.0.0.3 has 2, all together 5 to 127.0.0.0/8 */
	/* Another rule is there: all are read again. */
	assert_int_equal(fw_tracked_want(t, wants, 1), 0);
	settle(t, 5, 1);
	/* A closed connection does not count, though the kernel remembers it. */
	for (unsigned i = 0; i < 5; i++)
		accepted[i] = accept(serving, NULL, NULL);
	for (unsigned i = 0; i < 2; i++) {
		close(fd[i]);
		for (unsigned a = 0; a < 5; a++)
			if (!recv(accepted[a], (char[1]){ 0 }, 1, MSG_DONTWAIT)) {
				close(accepted[a]);
				accepted[a] = -1;
			}
	}
	for (unsigned a = 0; a < 5; a++)
		if (accepted[a] >= 0)
			close(accepted[a]);
	for (unsigned i = 2; i < 5; i++)
		close(fd[i]);
	settle(t, 0, 0);
	close(serving);
	fw_tracked_close(t);
	fw_conntrack_end(k);
	fw_kern_close(k);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_counts),
		cmocka_unit_test(keys_are_masked),
		cmocka_unit_test(connections_are_followed),
	};

	random_start();
	return pins_main(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
