// SPDX-License-Identifier: GPL-2.0-only
/* Actors, seen from outside: started, given tasks, and ended when they take too long or too much memory. */
#include "tests/perf/peers/peers.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCH_MS 100
#define OTHER_SECONDS 900 /* of tasks that last as long as they are told to */

int peers_actor_start(const struct peers_shared *shared, const struct peer *peer, struct peers_actor *out)
{
	int fd[2], complaints = memfd_create("complaints", MFD_CLOEXEC);

	if (complaints < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return bench_said("start a process", -errno);
	fflush(NULL);
	pid_t pid = fork();

	if (pid < 0)
		return bench_said("start a process", -errno);
	if (!pid) {
		/* A process group of its own, for the processes that it starts. */
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fd[0]);
		peers_act(shared, peer, fd[1], complaints);
		_exit(0);
	}
	close(fd[1]);
	*out = (struct peers_actor){ peer, pid, fd[0], complaints };
	return 0;
}

static void actor_kill(struct peers_actor *a)
{
	kill(-a->pid, SIGKILL);
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, 0);
	peers_cgroup_remove(a->pid);
	close(a->fd);
	a->pid = 0;
}

/* 0: there is an answer; else why there will be none. */
static int actor_wait(struct peers_actor *a, const struct peers_task *task)
{
	bool limited = task->kind == PEERS_LOAD || task->kind == PEERS_ADD;
	double end = fw_now() + (limited ? PEERS_LOAD_SECONDS : OTHER_SECONDS);
	int64_t available = peers_available_bytes();
	struct pollfd p = { .fd = a->fd, .events = POLLIN };

	while (poll(&p, 1, WATCH_MS) <= 0) {
		if (fw_now() > end)
			return -ETIME;
		if (limited && available - peers_available_bytes() > (int64_t)PEERS_LOAD_BYTES)
			return -E2BIG;
	}
	return 0;
}

int peers_actor_do(struct peers_actor *a, const struct peers_task *task, struct peers_result *out)
{
	int err;

	*out = (struct peers_result){ 0 };
	if (!a->pid || write(a->fd, task, sizeof(*task)) != (ssize_t)sizeof(*task))
		return -EPIPE;
	err = actor_wait(a, task);
	if (!err && read(a->fd, out, sizeof(*out)) != (ssize_t)sizeof(*out))
		err = -EPIPE;
	if (!err)
		return out->err;
	actor_kill(a);
	return err;
}

bool peers_actor_limited(const struct peers_actor *a, int err)
{
	/* It may have failed in the same way by itself, and is still running then. */
	return !a->pid && (err == -ETIME || err == -E2BIG);
}

void peers_actor_why(const struct peers_actor *a, int err, char *out, size_t size)
{
	static const char prefix[] = "fwbench: ";
	ssize_t n = pread(a->complaints, out, size - 1, 0);
	size_t skip;

	if (peers_actor_limited(a, err)) {
		snprintf(out, size, "%s", err == -ETIME ? "takes over 120 s" : "takes over 8 GiB");
		return;
	}
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	skip = !strncmp(out, prefix, sizeof(prefix) - 1) ? sizeof(prefix) - 1 : 0;
	memmove(out, out + skip, strlen(out + skip) + 1);
	for (size_t len = strlen(out); len && out[len - 1] == ' '; len--)
		out[len - 1] = '\0';
	if (!*out)
		snprintf(out, size, "%s", err == -EPIPE ? "it ended on its own" : strerror(-err));
}

void peers_actor_end(struct peers_actor *a)
{
	if (a->pid) {
		/* Other actors have copies of the descriptor. */
		shutdown(a->fd, SHUT_RDWR);
		close(a->fd);
		waitpid(a->pid, NULL, 0);
		peers_cgroup_remove(a->pid);
		a->pid = 0;
	}
	if (a->complaints >= 0)
		close(a->complaints);
	a->complaints = -1;
}
