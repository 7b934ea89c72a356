// SPDX-License-Identifier: GPL-2.0-only
/* Connection tracking is on while somebody wants it, whatever others delete and however a process ends. In a sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fw/conntrack.h"
#include "lib/kern/nft.h"
#include "tests/unit/pins.h"

#define STAYS "fwd_track"
#define OWNED "fwd_track_0"

/* Sends a packet on the loopback device, from a port of its own each time. */
static void send_packet(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(9),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)), 1);
	close(fd);
}

/* Connections are in the table as soon as their first packet has passed. */
static void assert_tracks(const struct fw_kern *k, bool tracks)
{
	struct fw_conntrack before, after;

	fw_conntrack_read(k, &before);
	send_packet();
	fw_conntrack_read(k, &after);
	if (before.known && after.known)
		assert_int_equal(after.entries > before.entries, tracks);
}

static void assert_tables(int stays, int owned)
{
	assert_int_equal(nft_rules(STAYS), stays);
	assert_int_equal(nft_rules(OWNED), owned);
}

/* What another process does to a table. */
static int delete_table(const char *name)
{
	struct nft_batch b;

	nft_begin(&b, name);
	nft_table_delete(&b);
	return nft_send(&b);
}

static void begin(struct fw_kern *k)
{
	const char *why = "";

	if (fw_conntrack_begin(k, &why))
		fail_msg("%s", why);
}

static void on_and_off(void **state)
{
	struct pins_user u = pins_open(true);

	assert_tracks(u.k, false);
	assert_int_equal(fw_conntrack_fd(u.k), -1);
	begin(u.k);
	begin(u.k);
	assert_tables(1, 1);
	assert_tracks(u.k, true);
	fw_conntrack_end(u.k);
	assert_tables(0, 0);
	assert_tracks(u.k, false);
	begin(u.k);
	assert_tracks(u.k, true);
	pins_unpin(&u);
	assert_tables(0, 0);
}

/* A process that pins nothing leaves nothing; two of them do not disturb each other. */
static void two_processes(void **state)
{
	struct pins_user pinned = pins_open(true);
	struct fw_kern *k;

	assert_int_equal(pins_kern_open(true, NULL, &k), 0);
	begin(k);
	assert_tables(0, 1);
	begin(pinned.k);
	assert_int_equal(nft_rules("fwd_track_1"), 1);
	assert_tables(1, 1);
	fw_kern_close(k);
	assert_tables(1, 0);
	assert_tracks(pinned.k, true);
	pins_unpin(&pinned);
	assert_int_equal(nft_rules("fwd_track_1"), 0);
	assert_tables(0, 0);
}

/* Others may delete the table that stays: it comes back, and tracking never ends. They cannot delete the other one. */
static void deleted(void **state)
{
	struct pins_user u = pins_open(true);
	struct fw_conntrack c;

	begin(u.k);
	assert_int_equal(fw_conntrack_look(u.k), 0);
	assert_int_equal(delete_table(OWNED), -EPERM);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(delete_table(STAYS), 0);
		assert_tables(0, 1);
		assert_tracks(u.k, true);
		assert_int_equal(fw_conntrack_look(u.k), 0);
		assert_tables(1, 1);
		fw_conntrack_read(u.k, &c);
		assert_int_equal(c.restored, i);
	}
	pins_unpin(&u);
}

/* Ends as if killed: tracking goes on, and the next process continues or ends it. */
static void outlived(void **state)
{
	struct pins_user u = pins_open(true);

	begin(u.k);
	pins_close(&u);
	assert_tables(1, 0);
	u = pins_open(true);
	assert_tracks(u.k, true);
	begin(u.k);
	assert_tables(1, 1);
	pins_close(&u);
	/* It does not want tracking. */
	u = pins_open(true);
	fw_conntrack_end(u.k);
	assert_tables(0, 0);
	assert_tracks(u.k, false);
	/* Somebody deleted the table while no process ran. */
	begin(u.k);
	pins_close(&u);
	assert_int_equal(delete_table(STAYS), 0);
	u = pins_open(true);
	assert_tracks(u.k, false);
	begin(u.k);
	assert_tables(1, 1);
	assert_tracks(u.k, true);
	pins_unpin(&u);
	assert_tables(0, 0);
	pins_assert_clean();
}

static void numbers(void **state)
{
	struct pins_user u = pins_open(true);
	struct fw_conntrack c;

	fw_conntrack_read(u.k, &c);
	assert_false(c.ours);
	begin(u.k);
	send_packet();
	fw_conntrack_read(u.k, &c);
	assert_true(c.ours);
	if (!c.known)
		print_message("skipped: its numbers, for want of ctnetlink\n");
	else
		assert_true(c.entries >= 1 && c.max > c.entries && !c.early_drops && !c.drops && !c.insert_failures);
	pins_unpin(&u);
}

/* Can the kernel do it at all? */
static bool possible(void)
{
	const char *why = "";
	struct fw_kern *k;
	int err;

	if (pins_kern_open(true, NULL, &k))
		return false;
	err = fw_conntrack_begin(k, &why);
	if (err)
		print_message("skipped: connection tracking: %s\n", why);
	fw_kern_close(k);
	return !err;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_and_off), cmocka_unit_test(two_processes), cmocka_unit_test(deleted),
		cmocka_unit_test(outlived),   cmocka_unit_test(numbers),
	};

	return pins_main(argc, argv) && possible() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
