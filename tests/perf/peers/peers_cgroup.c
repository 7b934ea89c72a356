// SPDX-License-Identifier: GPL-2.0-only
/* A memory cgroup for each actor, of either version, where there are any: the memory that the kernel allocates for it. */
#include "tests/perf/peers/peers.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS 1000 /* for processes that are about to end */

static const struct version {
	const char *folder, *usage, *line; /* line: "" the file is the figure */
} versions[] = {
	{ "/sys/fs/cgroup/memory/fwbench.", "memory.kmem.usage_in_bytes", "" },
	{ "/sys/fs/cgroup/fwbench.", "memory.stat", "kernel " },
};
#define NVERSIONS (sizeof(versions) / sizeof(versions[0]))

static int file_of(const struct version *v, pid_t pid, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%d/%s", v->folder, (int)pid, name);
	return open(path, flags | O_CLOEXEC);
}

/* Moves this process into a cgroup of this version. 0 or -errno: there is none. */
static int enter(struct peers_cgroup *g, const struct version *v)
{
	char path[128];
	int procs;

	snprintf(path, sizeof(path), "%s%d", v->folder, (int)getpid());
	if (mkdir(path, 0700))
		return -errno;
	g->usage = file_of(v, getpid(), v->usage, O_RDONLY);
	g->line = v->line;
	procs = file_of(v, getpid(), "cgroup.procs", O_WRONLY);
	if (g->usage >= 0 && procs >= 0 && peers_cgroup_bytes(g) >= 0 && write(procs, "0", 1) == 1) {
		close(procs);
		return 0;
	}
	if (procs >= 0)
		close(procs);
	if (g->usage >= 0)
		close(g->usage);
	g->usage = -1;
	rmdir(path);
	return -ENOTSUP;
}

void peers_cgroup_enter(struct peers_cgroup *g)
{
	g->usage = -1;
	for (size_t i = 0; i < NVERSIONS; i++)
		if (!enter(g, &versions[i]))
			return;
}

int64_t peers_cgroup_bytes(const struct peers_cgroup *g)
{
	char text[8192];
	ssize_t n = g->usage < 0 ? -1 : pread(g->usage, text, sizeof(text) - 1, 0);
	const char *at = text;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	while (strncmp(at, g->line, strlen(g->line))) {
		at = strchr(at, '\n');
		if (!at)
			return -1;
		at++;
	}
	return strtoll(at + strlen(g->line), NULL, 10);
}

void peers_cgroup_remove(pid_t pid)
{
	char path[128];

	for (size_t i = 0; i < NVERSIONS; i++) {
		snprintf(path, sizeof(path), "%s%d", versions[i].folder, (int)pid);
		for (int ms = 0; rmdir(path) && errno == EBUSY && ms < WAIT_MS; ms++)
			usleep(1000);
	}
}

static void folder_sweep(const char *path)
{
	pid_t pid = (pid_t)strtol(strrchr(path, '.') + 1, NULL, 10);

	if (pid > 0 && kill(pid, 0) && errno == ESRCH)
		rmdir(path);
}

void peers_cgroup_sweep(void)
{
	for (size_t i = 0; i < NVERSIONS; i++) {
		char pattern[128];
		glob_t found = { 0 };

		snprintf(pattern, sizeof(pattern), "%s*", versions[i].folder);
		if (!glob(pattern, 0, NULL, &found))
			for (size_t k = 0; k < found.gl_pathc; k++)
				folder_sweep(found.gl_pathv[k]);
		globfree(&found);
	}
}
