// SPDX-License-Identifier: GPL-2.0-only
/* A process that outlives the run and all actors, however they end, and cleans up after them. */
#include "tests/perf/peers/peers.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t run_pid, end_signal;

static void on_signal(int number)
{
	end_signal = number;
	if (run_pid)
		kill((pid_t)run_pid, SIGKILL);
}

/* Until all are gone: actors are killed when the run is, and become this process's children. */
static void guard(void)
{
	int status, of_run = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == (pid_t)run_pid) {
			of_run = status;
			run_pid = 0;
		}
	peers_cgroup_sweep();
	if (end_signal) {
		signal(end_signal, SIG_DFL);
		raise(end_signal);
	}
	if (WIFSIGNALED(of_run))
		fprintf(stderr, "fwbench: %s\n", strsignal(WTERMSIG(of_run)));
	exit(WIFEXITED(of_run) ? WEXITSTATUS(of_run) : 128 + WTERMSIG(of_run));
}

int peers_guard(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction act = { .sa_handler = on_signal };
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &act, NULL);
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return bench_said("start a process", -errno);
	if (pid) {
		run_pid = pid;
		if (end_signal)
			kill(pid, SIGKILL);
		guard();
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}
