// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes events into the ring of a running fwd, for tests of its readers, as if the programs had seen packets:
 *
 *	events RING N HOOK COUNTER VERDICT IFINDEX PACKET
 *
 * RING is the pinned map; HOOK is `xdp` and so on; COUNTER is the slot of a rule, or the name of a policy. Prints how many found room.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/events.h"

static const char *const progs[FW_NPROGS] = {
#define NAME(sym, name, hook) name,
	FW_PROGS(NAME)
#undef NAME
};

static unsigned prog_of(const char *name)
{
	for (unsigned i = 0; i < FW_NPROGS; i++)
		if (!strcmp(progs[i], name))
			return i;
	exit(2);
}

static uint32_t counter_of(const char *text)
{
	char *end;
	uint32_t slot = (uint32_t)strtoul(text, &end, 10);

	if (!*end)
		return slot + FW_COUNTER_RULES;
	for (uint32_t r = 0; r < FW_NREASONS; r++)
		if (!strcmp(fw_reason_info[r].name, text))
			return r;
	exit(2);
}

int main(int argc, char **argv)
{
	int ring = argc == 8 ? bpf_obj_get(argv[1]) : -1;
	int writer = ring < 0 ? ring : event_writer(ring, sizeof(struct fw_event));
	unsigned long n = writer < 0 ? 0 : strtoul(argv[2], NULL, 10), written = 0;
	struct fw_event e;
	struct timespec t;

	if (writer < 0) {
		fprintf(stderr, "events: %s cannot be written\n", argc == 8 ? argv[1] : "the ring");
		return 1;
	}
	e = event_of((enum fw_prog)prog_of(argv[3]), counter_of(argv[4]),
		     (enum fw_verdict)fw_verdict_find(argv[5], strlen(argv[5]), ~0u), argv[7]);
	*(fw_prog_hook((enum fw_prog)e.prog) == FW_OUT ? &e.out : &e.in) = (uint32_t)strtoul(argv[6], NULL, 10);
	for (unsigned long i = 0; i < n; i++) {
		clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
		e.time = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
		written += !event_write(writer, &e);
	}
	printf("%lu\n", written);
	return 0;
}
