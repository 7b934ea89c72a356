// SPDX-License-Identifier: GPL-2.0-only
/* Reading /proc. */
#include "usage.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static void add_times(pid_t pid, struct usage *u)
{
	char path[64], line[1024] = "";
	unsigned long user = 0, system = 0;
	const char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(line, sizeof(line), f) && (after = strrchr(line, ')')) != NULL &&
	    sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2)
		u->cpu += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	fclose(f);
}

static void add_memory(pid_t pid, struct usage *u)
{
	char path[64], line[256];
	uint64_t kb;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmRSS: %" SCNu64, &kb) == 1)
			u->bytes += kb << 10;
		if (sscanf(line, "VmHWM: %" SCNu64, &kb) == 1)
			u->peak += kb << 10;
	}
	fclose(f);
}

struct usage usage_of(pid_t pid)
{
	struct usage u = { 0 };
	char path[64];
	int child;
	FILE *f;

	if (!pid)
		return u;
	add_times(pid, &u);
	add_memory(pid, &u);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &child) == 1) {
		add_times(child, &u);
		add_memory(child, &u);
	}
	if (f)
		fclose(f);
	return u;
}

uint64_t usage_network(void)
{
	FILE *f = fopen("/proc/net/dev", "re");
	char line[512];
	uint64_t bytes = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " lo: %" SCNu64, &bytes) == 1)
			break;
	if (f)
		fclose(f);
	return bytes;
}
