// SPDX-License-Identifier: GPL-2.0-only
/* Another fwd reads the store as it is on disk at random moments. */
#include "model.h"
#include "more.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/random.h"

#define CUTS 40
#define WITHIN_US 3000

static struct daemon fwd, other;
static struct model model;

/* The files of the store, and SQLite's other files that survive a power cut. */
static void copy_store(void)
{
	static const char *const ends[] = { "", "-wal", "-journal" };

	daemon_clear(&other);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char from[100], to[100];

		snprintf(from, sizeof(from), "%s%s", fwd.store, ends[i]);
		snprintf(to, sizeof(to), "%s%s", other.store, ends[i]);
		daemon_copy(from, to);
	}
}

/* Has the whole answer arrived? Does not receive it. */
static bool is_answered(int fd)
{
	static char bytes[1 << 18];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

	return n > 0 && memmem(bytes, (size_t)n, "\"ok\":true", 9);
}

/* Copies the files while the daemon is stopped. Return: had the change been acknowledged by then? */
static bool cut(int fd)
{
	bool answered;
	int status;

	usleep(random_below(WITHIN_US));
	kill(fwd.pid, SIGSTOP);
	assert_int_equal(waitpid(fwd.pid, &status, WUNTRACED), fwd.pid);
	assert_true(WIFSTOPPED(status));
	answered = is_answered(fd);
	copy_store();
	kill(fwd.pid, SIGCONT);
	return answered;
}

/* The rules in the copy. Freed by the caller. */
static char *text_of_copy(void)
{
	char *text;
	int fd;

	daemon_start(&other);
	fd = daemon_dial(&other);
	text = model_daemon_text(fd);
	close(fd);
	daemon_stop(&other, SIGKILL);
	return text;
}

/* Return: did the copy contain the change before it was acknowledged? */
static bool cut_once(int fd)
{
	fw_autofree char *before = NULL, *after = NULL, *got = NULL;
	struct answer a;
	struct step s;
	bool answered;

	before = model_text(model.rs);
	step_make(&model, false, &s);
	assert_true(ask_send(fd, s.whole ? FW_REQ_LOAD : FW_REQ_CHANGE, "{}", s.text, strlen(s.text)));
	answered = cut(fd);
	ask_receive(fd, &a);
	assert_int_equal(a.said, SAID_OK);
	answer_free(&a);
	model_step(&model, &s);
	after = model_text(model.rs);
	got = text_of_copy();
	if (strcmp(got, after) != 0 && (answered || strcmp(got, before) != 0))
		fail_msg("%s the copy holds\n%s\nand not\n%s", answered ? "though acknowledged" : "before the answer",
			 got, after);
	free(s.text);
	return !answered && !strcmp(got, after);
}

void power_cut(void **state)
{
	unsigned early = 0;
	struct answer a;
	struct step first;
	int fd;

	daemon_make(&fwd, "power");
	daemon_make(&other, "copy");
	daemon_start(&fwd);
	fd = daemon_dial(&fwd);
	model_begin(&model, &first);
	ask(fd, FW_REQ_LOAD, "{}", first.text, strlen(first.text), &a);
	answer_free(&a);
	free(first.text);
	for (int i = 0; i < CUTS; i++)
		early += cut_once(fd);
	print_message("%d copies, %u of them with a change that was not answered yet\n", CUTS, early);
	close(fd);
	assert_int_equal(daemon_stop(&fwd, SIGTERM), 0);
	assert_int_equal(daemon_detach(&fwd), 0);
	assert_int_equal(daemon_detach(&other), 0);
	assert_true(daemon_is_gone(&fwd) && daemon_is_gone(&other));
}

int power_cut_over(void **state)
{
	daemon_end(&fwd);
	daemon_end(&other);
	model_end(&model);
	return 0;
}
