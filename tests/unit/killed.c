// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/killed.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/random.h"

#define BEGIN 300000 /* milliseconds until the first byte, on the slowest machine */

static pid_t start(const struct killed *k, int ends[2])
{
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(ends[0]);
		k->work(ends[1], k->from);
		_exit(1);
	}
	close(ends[1]);
	return child;
}

void kill_child(const struct killed *k, struct fw_buf *said)
{
	int ends[2], status;
	char bytes[4096];
	ssize_t n;
	pid_t child = start(k, ends);

	if (k->begun)
		assert_int_equal(poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, BEGIN), 1);
	usleep(random_below(k->us));
	if (waitpid(child, &status, WNOHANG))
		fail_msg("the child ended by itself: status %d", status);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
		fw_buf_add(said, bytes, (size_t)n);
	close(ends[0]);
}

uint64_t kill_child_counted(const struct killed *k)
{
	fw_cleanup(fw_buf_free) struct fw_buf said = { 0 };

	kill_child(k, &said);
	return said.len;
}
