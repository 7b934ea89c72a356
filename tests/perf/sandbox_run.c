// SPDX-License-Identifier: GPL-2.0-only
/* Programs that run to their end inside the sandbox, timed from start to exit. */
#include "tests/perf/bench.h"
#include "tests/perf/sandbox.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int read_all(int fd, struct fw_buf *out)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			fw_buf_add(out, chunk, (size_t)n);
	return n < 0 ? -errno : out->failed ? -ENOMEM : 0;
}

/* vfork() inside: the memory of this process, which may be large, is not looked at. */
static int spawn(const struct sandbox *box, const char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	char path[300];
	int err;

	snprintf(path, sizeof(path), "%s/%s", box->tools, argv[0]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = -posix_spawn(pid, path, &actions, NULL, (char *const *)argv, environ);
	if (err == -ENOENT)
		err = -posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

int sandbox_run(const struct sandbox *box, const char *const argv[], struct sandbox_answer *out)
{
	double start = fw_now();
	int fds[2], status = 0;
	pid_t pid = 0;
	int err = pipe2(fds, O_CLOEXEC) ? -errno : 0;

	if (err)
		return bench_said("make a pipe", err);
	out->out.len = 0;
	err = spawn(box, argv, fds[1], &pid);
	close(fds[1]);
	if (!err) {
		err = read_all(fds[0], &out->out);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	out->seconds = fw_now() - start;
	close(fds[0]);
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status)))
		err = -EIO;
	if (err)
		fprintf(stderr, "fwbench: %s %s failed: %s\n", argv[0], argv[1] ? argv[1] : "",
			out->out.len ? out->out.text : strerror(-err));
	return err;
}

/* The object in the last line. */
static int end_read(struct sandbox_answer *a)
{
	size_t at = a->out.len;

	while (at && a->out.text[at - 1] == '\n')
		at--;
	while (at && a->out.text[at - 1] != '\n')
		at--;
	json_decref(a->end);
	a->end = at < a->out.len ? json_loadb(a->out.text + at, a->out.len - at, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	return a->end ? 0 : bench_said("understand what fwctl says", -EPROTO);
}

int sandbox_fwctl(const struct sandbox *box, const char *const args[], struct sandbox_answer *out)
{
	const char *argv[SANDBOX_ARGS + 5] = { "fwctl" };
	size_t n = 1;
	int err;

	while (args[n - 1] && n <= SANDBOX_ARGS) {
		argv[n] = args[n - 1];
		n++;
	}
	argv[n++] = "--json";
	argv[n++] = "--socket";
	argv[n] = sandbox_path(box, "sock");
	err = sandbox_run(box, argv, out);
	return err ? err : end_read(out);
}

void sandbox_answer_free(struct sandbox_answer *a)
{
	fw_buf_free(&a->out);
	json_decref(a->end);
	*a = (struct sandbox_answer){ 0 };
}
