// SPDX-License-Identifier: GPL-2.0-only
/* Memory as /proc shows it. */
#include "tests/perf/peers/peers.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* jemalloc's, where it is linked in. */
int mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen) __attribute__((weak));
#define ALL_ARENAS "arena.4096"

#define QUIET_BYTES (64 << 10)
#define QUIET_US 100000
#define QUIET_TRIES 20

/* The line "NAME: N kB" of a file of lines like it, in bytes; 0: there is none. */
static int64_t line_bytes(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, name, len) && at[len] == ':')
			return strtoll(at + len + 1, NULL, 10) * 1024;
	}
	return 0;
}

static void file_read(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(out, 1, size - 1, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
}

static int64_t kernel_bytes(void)
{
	static const char *const others[] = { "MemFree",   "Buffers",    "Cached",      "SwapCached",
					      "AnonPages", "PageTables", "KernelStack", "SReclaimable" };
	char text[8192];
	int64_t bytes;

	file_read("/proc/meminfo", text, sizeof(text));
	bytes = line_bytes(text, "MemTotal");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		bytes -= line_bytes(text, others[i]);
	return bytes;
}

/* Freed memory is given back a moment later: waits until little changes. */
int64_t peers_kernel_bytes(void)
{
	int64_t last = INT64_MIN / 2, now = 0;
	char text[16];

	for (int i = 0; i < QUIET_TRIES; i++) {
		/* Adds up what CPUs have counted for themselves. */
		file_read("/proc/sys/vm/stat_refresh", text, sizeof(text));
		now = kernel_bytes();
		if (llabs(now - last) < QUIET_BYTES)
			break;
		last = now;
		usleep(QUIET_US);
	}
	return now;
}

int64_t peers_user_bytes(void)
{
	char text[4096];

	if (mallctl) {
		mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
		mallctl(ALL_ARENAS ".purge", NULL, NULL, NULL, 0);
	}
	file_read("/proc/self/status", text, sizeof(text));
	/* Libraries that bring memory of their own may have it from a file that is nowhere. */
	return line_bytes(text, "RssAnon") + line_bytes(text, "RssShmem");
}

int64_t peers_available_bytes(void)
{
	char text[8192];

	file_read("/proc/meminfo", text, sizeof(text));
	return line_bytes(text, "MemAvailable");
}
