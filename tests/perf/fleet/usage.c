// SPDX-License-Identifier: GPL-2.0-only
/* Reading /proc. */
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number that is word @n of the line, from 0. */
static uint64_t number_at(const char *line, unsigned n)
{
	line += strspn(line, " ");
	for (; n && *line; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return strtoull(line, NULL, 10);
}

/* The number after the name that the line begins with; 0: it begins with another one. */
static uint64_t number_of(const char *line, const char *name)
{
	line += strspn(line, " ");
	return strncmp(line, name, strlen(name)) ? 0 : strtoull(line + strlen(name), NULL, 10);
}

static void add_times(pid_t pid, struct usage *u)
{
	char path[64], line[1024] = "";
	const char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(line, sizeof(line), f) && (after = strrchr(line, ')')) != NULL)
		u->cpu += (double)(number_at(after + 1, 11) + number_at(after + 1, 12)) / (double)sysconf(_SC_CLK_TCK);
	fclose(f);
}

static void add_memory(pid_t pid, struct usage *u)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		u->bytes += number_of(line, "VmRSS:") << 10;
		u->peak += number_of(line, "VmHWM:") << 10;
	}
	fclose(f);
}

struct usage usage_of(pid_t pid)
{
	struct usage u = { 0 };
	char path[64], line[256] = "", *at = line, *end;
	FILE *f;

	if (!pid)
		return u;
	add_times(pid, &u);
	add_memory(pid, &u);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	if (!f)
		return u;
	if (fgets(line, sizeof(line), f))
		for (long child; (child = strtol(at, &end, 10)) > 0; at = end) {
			add_times((pid_t)child, &u);
			add_memory((pid_t)child, &u);
		}
	fclose(f);
	return u;
}

uint64_t usage_network(void)
{
	FILE *f = fopen("/proc/net/dev", "re");
	char line[512];
	uint64_t bytes = 0;

	while (f && !bytes && fgets(line, sizeof(line), f))
		bytes = number_of(line, "lo:");
	if (f)
		fclose(f);
	return bytes;
}
