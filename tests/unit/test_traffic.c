// SPDX-License-Identifier: GPL-2.0-only
/* Packets by interface when interfaces collide in the table that counts them. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <inttypes.h>
#include <linux/bpf.h>

#include "tests/unit/pins.h"

#define LOOPBACK 1 /* the ingress interface of test packets */

static struct pins_user user;
static bool have_files;

static void send_from(uint32_t ifindex)
{
	struct __sk_buff ctx = { .ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = pins_at.good.data, .data_size_in = pins_at.good.len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

	assert_int_equal(bpf_prog_test_run_opts(fw_kern_prog_fd(user.k, FW_PROG_TC_INGRESS), &opts), 0);
}

static uint64_t count_of(uint32_t ifindex)
{
	struct fw_traffic *t;
	uint64_t sum = 0;
	size_t n;

	assert_int_equal(fw_kern_traffic(user.k, &t, &n), 0);
	for (size_t i = 0; i < n; i++)
		if (t[i].ifindex == ifindex)
			sum += t[i].packets[FW_PROG_TC_INGRESS][FW_BY_RULE][FW_ACCEPT];
	free(t);
	return sum;
}

/* The iterator file has the same count. */
static void check_file(int ifindex)
{
	const char *path = fw_kern_iterator_file(user.k, FW_ITERATOR_INTERFACES);
	fw_autofree char *text = NULL;
	char line[64];
	size_t len;

	if (!have_files)
		return;
	snprintf(line, sizeof(line), "\n%d tc-ingress rule accept %" PRIu64 "\n", ifindex, count_of((uint32_t)ifindex));
	assert_int_equal(fw_file_read(path, FW_FILE_ANY, 65536, &text, &len), 0);
	assert_non_null(strstr(text, line));
}

/* The indices have the same home in the table: some interfaces get no entry, and one that disappears frees its own. */
static void colliding_interfaces(void **state)
{
	enum { DEVICES = FW_TRAFFIC_PROBES + 4, NO_ENTRY = 9 + 10 + 11 + 12 };
	char name[16], peer[16];
	uint32_t index[DEVICES];

	fw_kern_traffic_forget(user.k, LOOPBACK);
	for (uint32_t i = 0; i < DEVICES; i++) {
		index[i] = 1000 + i * FW_TRAFFIC;
		snprintf(name, sizeof(name), "crowd%u", i);
		snprintf(peer, sizeof(peer), "peer%u", i);
		assert_int_equal(sandbox_veth_at(name, peer, index[i]), index[i]);
	}
	for (uint32_t i = 0; i < DEVICES; i++)
		for (uint32_t n = 0; n <= i; n++)
			send_from(index[i]);
	for (uint32_t i = 0; i < DEVICES; i++)
		assert_int_equal(count_of(index[i]), i < FW_TRAFFIC_PROBES ? i + 1 : 0);
	assert_int_equal(count_of(0), NO_ENTRY);

	fw_kern_traffic_forget(user.k, index[2]);
	assert_int_equal(count_of(index[2]), 0);
	assert_int_equal(count_of(0), NO_ENTRY);
	assert_int_equal(count_of(FW_TRAFFIC_GONE), 3);
	check_file(0);
	check_file((int)FW_TRAFFIC_GONE);
	/* The free entry is taken by an interface that had one farther on; those that had none still get none. */
	for (uint32_t i = 3; i < DEVICES; i++)
		send_from(index[i]);
	for (uint32_t i = 3; i < FW_TRAFFIC_PROBES; i++)
		assert_int_equal(count_of(index[i]), i + 2);
	assert_int_equal(count_of(0), NO_ENTRY + 4);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(colliding_interfaces) };
	int failed;

	if (!pins_main(argc, argv))
		return 0;
	user = pins_open(true);
	pins_publish(&user, 1);
	have_files = !fw_kern_share(user.k, (gid_t)-1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	pins_unpin(&user);
	return failed;
}
