/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fwd has pinned for read-only users: counts and labels, even while no fwd
 * runs. Needs only permission to enter the folder (root, or the group that fwd
 * was given) and none of the libraries that loading programs takes.
 */
#ifndef FW_PINNED_H
#define FW_PINNED_H

#include "fw/base.h"
#include "fw/table/prog.h"

/* The default folder of pins. */
#define FW_PINS "/sys/fs/bpf/fwd"
/* The folder under fwd's pins, and what is in it: see lib/kern/readers.c. */
#define FW_READERS "readers"
/* The map of counters. Versions share a map of the same name: its number changes with the meaning of a counter's number. */
#define FW_COUNTERS_PIN "counters-5"
_Static_assert(
	FW_NREASONS == 12 && FW_NTERMINAL == 3 && FW_COUNTER_REASON(1, 1, 1) == 40 && FW_COUNTER_RULES == 256,
	"counters have other numbers than before: FW_COUNTERS_PIN needs the next one, and this line the new numbers");
#define FW_COUNTERS_PIN_CHUNK FW_COUNTERS_PIN "-%u-%u" /* chunk, column */
#define FW_NAMES_PIN_CHUNK "%s-%u"                     /* of an fw_named_pins */

/* By enum fw_named. */
extern const char *const fw_named_pins[FW_NNAMED];

struct fw_count {
	uint64_t packets, bytes;
};

static inline void fw_count_add(struct fw_count *sum, struct fw_count count)
{
	sum->packets += count.packets;
	sum->bytes += count.bytes;
}

#define FW_PINNED_WHY 200
struct fw_pinned;
/**
 * fw_pinned_open - open the pins for reading
 * @pins: fwd's folder in bpffs
 * @why:  on failure the error, as one line
 * Return: 0; -ENOENT: nothing is pinned there; -EACCES: neither root nor a member of the group; -EPERM: this process may not call
 * bpf(); -EPROTO: pinned by an incompatible version; -ENAMETOOLONG, -ENOMEM.
 */
int fw_pinned_open(const char *pins, char why[FW_PINNED_WHY], struct fw_pinned **out);
void fw_pinned_close(struct fw_pinned *p); /* NULL is fine */

/* The generation that packets see, 0 if nothing was ever published. Return: 0 or -errno. */
int fw_pinned_generation(const struct fw_pinned *p, uint32_t *generation);
/* Packets by interface, as fw_kern_traffic(). */
int fw_pinned_traffic(const struct fw_pinned *p, struct fw_traffic **out, size_t *n);

/**
 * fw_pinned_chunk - read FW_COUNTER_CHUNK counters, for fw_pinned_row()
 * @chunk: from 0 on; the first FW_COUNTER_RULES counters of chunk 0 are those of reasons, all others those of rules
 * Return: 1; 0: there are no more; -errno.
 */
int fw_pinned_chunk(struct fw_pinned *p, uint32_t chunk);
/* A counter and its rule. */
struct fw_pinned_row {
	struct fw_count count;
	struct fw_label label; /* id 0: no rule */
	const char *name;      /* NULL: none; valid until the next chunk is read, as is @chain */
	const char *chain;     /* to which the rule belongs; NULL: the main list */
};
/* The counter number @i of the chunk. */
struct fw_pinned_row fw_pinned_row(const struct fw_pinned *p, uint32_t i);

#endif
