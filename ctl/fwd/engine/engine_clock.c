// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock by which elements leave sets: seconds since the epoch that never step. The store keeps the times at which elements
 * leave, so this clock has to go on from one fwd to the next:
 *
 *	the machine was not started in between	CLOCK_BOOTTIME goes on, and the store knows its distance to this clock: whatever was
 *						done to the time of day has no effect
 *	it was					the time of day, but not before the last time that an element left: what left a set stays out
 *
 * The setting `clock` of the store: the boot's id, the time at its beginning in nanoseconds, and in seconds the last time that an
 * element left.
 */
#include "engine_internal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#define CLOCK "clock"
#define BOOT_ID 36

#define SECOND 1000000000

static int64_t nanoseconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* "" if the kernel does not tell: then no boot is the same. */
static void boot_id(char out[BOOT_ID + 1])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(out, BOOT_ID + 1, f))
		out[0] = '\0';
	if (f)
		fclose(f);
}

uint32_t engine_now(const struct engine *e)
{
	if (e->clock.fake)
		return e->clock.fake();
	return (uint32_t)((e->clock.base + nanoseconds_of(CLOCK_BOOTTIME)) / SECOND);
}

static void clock_write(struct engine *e)
{
	char value[BOOT_ID + 64], boot[BOOT_ID + 1];

	boot_id(boot);
	snprintf(value, sizeof(value), "%s %" PRId64 " %" PRIu32, boot[0] ? boot : "-", e->clock.base, e->clock.last);
	store_set(e->store, CLOCK, value, NULL);
	e->clock.written = fw_now();
}

static bool read_setting(const char *value, char boot[BOOT_ID + 1], int64_t *base, uint32_t *last)
{
	size_t n = strcspn(value, " ");
	char *end;

	if (!value[n] || n > BOOT_ID)
		return false;
	memcpy(boot, value, n);
	boot[n] = '\0';
	*base = strtoll(value + n, &end, 10);
	if (*end != ' ')
		return false;
	*last = (uint32_t)strtoul(end, &end, 10);
	return !*end;
}

void clock_open(struct engine *e)
{
	fw_autofree char *value = NULL;
	char was[BOOT_ID + 1], boot[BOOT_ID + 1];
	int64_t base, today = nanoseconds_of(CLOCK_REALTIME), up = nanoseconds_of(CLOCK_BOOTTIME);
	bool known = !store_get(e->store, CLOCK, &value) && read_setting(value, was, &base, &e->clock.last);

	boot_id(boot);
	if (known && boot[0] && !strcmp(was, boot)) {
		e->clock.base = base;
		return;
	}
	if (known && today / SECOND < e->clock.last)
		today = (int64_t)e->clock.last * SECOND;
	e->clock.base = today - up;
	clock_write(e);
}

void clock_left(struct engine *e, uint32_t now)
{
	e->clock.last = now;
	if (fw_now() - e->clock.written >= 60)
		clock_write(e);
}

static void timer_set(struct engine *e, uint32_t seconds)
{
	struct itimerspec at = { .it_value = { .tv_sec = seconds } };

	timerfd_settime(e->expiry.timer, 0, &at, NULL);
}

void clock_arm(struct engine *e)
{
	uint32_t soonest = fw_ruleset_soonest(e->live->now->rs), now = engine_now(e);

	if (soonest == e->expiry.armed)
		return;
	e->expiry.armed = soonest;
	/* The timer runs from the middle of a second: it may be a second late, and is never early. */
	timer_set(e, soonest == FW_FOREVER ? 0 : soonest > now ? soonest - now : 1);
}
