// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sandbox. A process outside watches: it outlives the one inside, collects the processes that it leaves, and removes
 * the folder. Mounts, network and bpf file system belong to the process inside and disappear with it.
 */
#include "tests/perf/sandbox.h"

#include "tests/perf/bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_TRIES 3000 /* a hundredth of a second each */

static volatile sig_atomic_t inside, end_signal;

static void on_signal(int number)
{
	end_signal = number;
	if (inside)
		kill((pid_t)inside, SIGKILL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

/* Until the process inside, and everything that it started, is gone. */
static void watch(const struct sandbox *box)
{
	int status, of_inside = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == (pid_t)inside) {
			of_inside = status;
			inside = 0;
		}
	nftw(box->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (end_signal) {
		signal(end_signal, SIG_DFL);
		raise(end_signal);
	}
	if (WIFSIGNALED(of_inside))
		fprintf(stderr, "fwbench: %s\n", strsignal(WTERMSIG(of_inside)));
	exit(WIFEXITED(of_inside) ? WEXITSTATUS(of_inside) : 128 + WTERMSIG(of_inside));
}

static int furnish(const struct sandbox *box)
{
	int fd;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET))
		return bench_said("have namespaces (root is needed)", -errno);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return bench_said("have mounts of its own", -errno);
	if (mkdir(sandbox_path(box, "bpf"), 0700) || mount("bpf", sandbox_path(box, "bpf"), "bpf", 0, "mode=0700"))
		return bench_said("mount a bpf file system", -errno);
	/* No other packets than those that are sent. */
	fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)
			bench_said("go without IPv6", -errno);
		close(fd);
	}
	return 0;
}

static int sandbox_make(struct sandbox *box)
{
	const char *tmp = getenv("TMPDIR");
	ssize_t n = readlink("/proc/self/exe", box->tools, sizeof(box->tools) - 1);
	char *slash;

	if (n < 0)
		return bench_said("find its own path", -errno);
	box->tools[n] = '\0';
	slash = strrchr(box->tools, '/');
	*slash = '\0';
	n = snprintf(box->dir, sizeof(box->dir), "%s/fwbench.XXXXXX", tmp ? tmp : "/var/tmp");
	if ((size_t)n >= sizeof(box->dir) || !mkdtemp(box->dir))
		return bench_said("make a folder", -errno);
	return 0;
}

int sandbox_enter(struct sandbox *box)
{
	struct sigaction act = { .sa_handler = on_signal };
	int err = sandbox_make(box);

	if (err)
		return err;
	fflush(NULL);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t pid = fork();

	if (pid < 0)
		return bench_said("start a process", -errno);
	if (pid) {
		inside = pid;
		if (end_signal)
			kill(pid, SIGKILL);
		watch(box);
	}
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return furnish(box);
}

const char *sandbox_path(const struct sandbox *box, const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", box->dir, name);
	return path;
}

/* Its output is written to a file, which is shown if it does not start. */
static void fwd_exec(const struct sandbox *box)
{
	char path[300];
	int log = open(sandbox_path(box, "log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	snprintf(path, sizeof(path), "%s/fwd", box->tools);
	execl(path, "fwd", "--config", "/dev/null", "--socket", sandbox_path(box, "sock"), "--store",
	      sandbox_path(box, "store/fwd.db"), "--pins", sandbox_path(box, "bpf/fwd"), (char *)NULL);
	bench_said("start fwd", -errno);
	_exit(1);
}

static void log_show(const struct sandbox *box)
{
	char line[512];
	FILE *f = fopen(sandbox_path(box, "log"), "re");

	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

int sandbox_fwd_start(struct sandbox *box)
{
	struct stat st;

	fflush(NULL);
	box->fwd = fork();
	if (box->fwd < 0)
		return bench_said("start fwd", -errno);
	if (!box->fwd)
		fwd_exec(box);
	for (int i = 0; i < ANSWER_TRIES; i++) {
		static const char *const status[] = { "status", NULL };
		struct sandbox_answer a = { 0 };

		if (waitpid(box->fwd, NULL, WNOHANG) == box->fwd)
			break;
		if (!stat(sandbox_path(box, "sock"), &st)) {
			int err = sandbox_fwctl(box, status, &a);

			sandbox_answer_free(&a);
			return err;
		}
		usleep(10000);
	}
	log_show(box);
	fprintf(stderr, "fwbench: fwd does not start\n");
	box->fwd = 0;
	return -EIO;
}

void sandbox_fwd_stop(struct sandbox *box)
{
	if (box->fwd <= 0)
		return;
	kill(box->fwd, SIGTERM);
	waitpid(box->fwd, NULL, 0);
	box->fwd = 0;
}

uint64_t sandbox_fwd_memory(const struct sandbox *box, const char *what)
{
	char path[64], line[256];
	size_t len = strlen(what);
	uint64_t kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)box->fwd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, what, len) && line[len] == ':')
			kib = strtoull(line + len + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib * 1024;
}

void sandbox_fwd_memory_reset(const struct sandbox *box)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)box->fwd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "5", 1) != 1)
		bench_said("take the peak of fwd's memory from now on", -errno);
	if (fd >= 0)
		close(fd);
}
