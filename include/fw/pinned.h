/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fwd has pinned for those who may only read: counts and labels, also while
 * no process of ours runs. Needs no privileges but to enter the folder (root, or
 * the group that fwd was told), and none of the libraries of those who load programs.
 */
#ifndef FW_PINNED_H
#define FW_PINNED_H

#include "fw/base.h"
#include "fw/table/prog.h"

/* Where fwd pins, unless its settings say something else. */
#define FW_PINS "/sys/fs/bpf/fwd"
/* The folder under fwd's pins, and what is in it: see lib/kern/readers.c. */
#define FW_READERS "readers"
/* The counters' map. Another version goes on with what it finds by the same name: the 2 grows with what a counter's number means. */
#define FW_COUNTERS_PIN "counters-2"
#define FW_COUNTERS_PIN_CHUNK FW_COUNTERS_PIN "-%u-%u" /* chunk, column */
#define FW_NAMES_PIN_CHUNK "names-%u"

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
 * fw_pinned_open - begins to read
 * @pins: fwd's folder in bpffs
 * @why:  on failure what is wrong, as one line
 * Return: 0; -ENOENT: nothing is pinned there; -EACCES: only root and the group may; -EPERM: bpf() is refused to this process;
 * -EPROTO: it is another version's; -ENAMETOOLONG, -ENOMEM.
 */
int fw_pinned_open(const char *pins, char why[FW_PINNED_WHY], struct fw_pinned **out);
void fw_pinned_close(struct fw_pinned *p); /* NULL is fine */

/* The generation that packets see; 0: nothing was ever published. 0 or -errno. */
int fw_pinned_generation(const struct fw_pinned *p, uint32_t *generation);
/* Packets by interface, as fw_kern_traffic(). */
int fw_pinned_traffic(const struct fw_pinned *p, struct fw_traffic **out, size_t *n);

/**
 * fw_pinned_chunk - reads FW_COUNTER_CHUNK counters, to be looked at by fw_pinned_row()
 * @chunk: from 0 on; the first FW_COUNTER_RULES counters of the first are those of reasons, all others of rules
 * Return: 1; 0: there are no more; -errno.
 */
int fw_pinned_chunk(struct fw_pinned *p, uint32_t chunk);
/* A counter and whose it is. */
struct fw_pinned_row {
	struct fw_count count;
	struct fw_label label; /* id 0: nobody's */
	const char *name;      /* NULL: none; until the next chunk */
};
/* The counter number @i of the chunk. */
struct fw_pinned_row fw_pinned_row(const struct fw_pinned *p, uint32_t i);

#endif
