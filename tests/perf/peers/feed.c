// SPDX-License-Identifier: GPL-2.0-only
/* Programs that load rules: rules as input, error messages as output. */
#include "tests/perf/bench.h"
#include "tests/perf/peers/peer.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Beyond this it does not load. */
#define PEER_SECONDS 120
#define PEER_BYTES (8ull << 30)

/* A file in memory: no pipe that both sides would have to keep going. */
static int text_file(const char *text, size_t len)
{
	int fd = memfd_create("rules", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n <= 0) {
			close(fd);
			return -ENOMEM;
		}
		done += (size_t)n;
	}
	if (fd < 0 || lseek(fd, 0, SEEK_SET))
		return -errno;
	return fd;
}

static int spawn(char *const argv[], int in, int complaints, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	/* Standard output is for our figures. */
	posix_spawn_file_actions_adddup2(&actions, complaints, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
	err = -posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

/* Reads more of its output. 0: it has ended; -ETIMEDOUT. */
static ssize_t hear(int fd, double until, char *chunk, size_t size)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		double left = until - fw_now();
		int n = left > 0 ? poll(&p, 1, (int)(left * 1000) + 1) : 0;

		if (!n)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return read(fd, chunk, size);
	}
}

/* The beginning of its output, up to the end, as one line, for a report. */
static int listen_to(int fd, char text[static PEER_ANSWER])
{
	double until = fw_now() + PEER_SECONDS;
	size_t len = 0;
	char chunk[4096];
	ssize_t n;

	while ((n = hear(fd, until, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n && len < PEER_ANSWER - 1; i++)
			if (!isspace((unsigned char)chunk[i]))
				text[len++] = chunk[i];
			else if (len && text[len - 1] != ' ')
				text[len++] = ' ';
	text[len] = '\0';
	return (int)n;
}

static int end(pid_t pid, bool kill_it)
{
	int status = 0;

	if (kill_it)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Runs it with @in as standard input. 0, or -errno and its error messages on standard error. */
static int run(char *const argv[], int in, char said[static PEER_ANSWER])
{
	static const struct rlimit memory = { PEER_BYTES, PEER_BYTES };
	int fds[2], status = 0, err = pipe2(fds, O_CLOEXEC) ? -errno : 0;
	pid_t pid = 0;

	if (err)
		return bench_said("make a pipe", err);
	err = spawn(argv, in, fds[1], &pid);
	close(fds[1]);
	if (!err) {
		prlimit(pid, RLIMIT_AS, &memory, NULL);
		err = listen_to(fds[0], said);
		status = end(pid, err);
	}
	close(fds[0]);
	if (!err && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (err == -ETIMEDOUT)
		snprintf(said, PEER_ANSWER, "takes over %d s", PEER_SECONDS);
	else if (!err && WIFSIGNALED(status))
		snprintf(said, PEER_ANSWER, "%s", strsignal(WTERMSIG(status)));
	fprintf(stderr, "fwbench: %s: %s\n", argv[0], *said ? said : strerror(err ? -err : EIO));
	return err ? err : -EIO;
}

int peer_feed(struct stage *st, char *const argv[], const char *text, size_t len)
{
	int in = text_file(text, len), err;
	char said[PEER_ANSWER] = "";

	if (in < 0)
		return bench_said("hand over rules", in);
	err = run(argv, in, said);
	close(in);
	return err;
}

int peer_ask(char *const argv[], char answer[static PEER_ANSWER])
{
	int in = text_file("", 0), err;

	*answer = '\0';
	if (in < 0)
		return bench_said("ask a program", in);
	err = run(argv, in, answer);
	close(in);
	return err;
}
