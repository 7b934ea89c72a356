// SPDX-License-Identifier: GPL-2.0-only
/* Interfaces that appear, are renamed and disappear, in a sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <net/if.h>
#include <poll.h>
#include <unistd.h>

#include "fw/interfaces.h"
#include "tests/unit/sandbox.h"

#define LINKS_MAX 4096

/* The last report of each interface, by its index. */
static struct fw_interface known[LINKS_MAX];
static unsigned messages;

static void note(const struct fw_interface *link, void *ctx)
{
	assert_ptr_equal(ctx, known);
	assert_true(link->ifindex < LINKS_MAX);
	known[link->ifindex] = *link;
	messages++;
}

/* Reads until nothing arrives for a moment. Return: how often messages were lost. */
static unsigned settle(struct fw_interfaces *l)
{
	struct pollfd p = { .fd = fw_interfaces_fd(l), .events = POLLIN };
	unsigned lost = 0;

	while (poll(&p, 1, 50) > 0) {
		int err = fw_interfaces_read(l, note, known);

		assert_true(!err || err == -ENOBUFS);
		lost += err == -ENOBUFS;
	}
	return lost;
}

static void comes_and_goes(void **state)
{
	struct fw_interfaces *l = NULL;
	uint32_t first, second;

	first = sandbox_veth("fwl0", "fwl1");
	assert_int_equal(fw_interfaces_open(&l), 0);
	settle(l);
	assert_string_equal(known[1].name, "lo");
	assert_true(known[1].ethernet && known[1].up && !known[1].gone);
	assert_string_equal(known[first].name, "fwl0");
	assert_true(known[first].ethernet && known[first].up && !known[first].gone);

	second = sandbox_veth("fwl2", "fwl3");
	settle(l);
	assert_string_equal(known[second].name, "fwl2");
	assert_true(known[second].up && !known[second].gone);

	sandbox_rename("fwl2", "fwl4");
	settle(l);
	assert_string_equal(known[second].name, "fwl4");
	assert_false(known[second].gone);

	sandbox_delete("fwl4");
	settle(l);
	assert_true(known[second].gone);
	assert_string_equal(known[second].name, "fwl4");
	assert_false(known[first].gone);

	messages = 0;
	assert_int_equal(fw_interfaces_read(l, note, known), 0);
	assert_int_equal(messages, 0);
	fw_interfaces_close(l);
	fw_interfaces_close(NULL);
	sandbox_delete("fwl0");
}

/* More messages than the socket holds: the loss is reported, and all interfaces are reported again. */
static void overrun(void **state)
{
	struct fw_interfaces *l = NULL;
	uint32_t index = sandbox_veth("fwl0", "fwl1");
	unsigned lost = 0, rounds = 0;

	assert_int_equal(fw_interfaces_open(&l), 0);
	settle(l);
	while (!lost && rounds++ < 10) {
		for (int i = 0; i < 4000; i++) {
			sandbox_rename("fwl0", "fwl5");
			sandbox_rename("fwl5", "fwl0");
		}
		sandbox_rename("fwl0", "fwl6");
		lost = settle(l);
		assert_string_equal(known[index].name, "fwl6");
		sandbox_rename("fwl6", "fwl0");
	}
	assert_true(lost);
	settle(l);
	assert_string_equal(known[index].name, "fwl0");
	fw_interfaces_close(l);
	sandbox_delete("fwl0");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(overrun),
	};

	return sandbox_enter() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
