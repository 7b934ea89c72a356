/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's connection tracking, which rules with `state` ask. It tracks the connections of a network namespace while somebody
 * there wants it: nftables' and iptables' rules with `ct` or `nat`, or fwd. All of this is about the namespace of the process.
 */
#ifndef FW_CONNTRACK_H
#define FW_CONNTRACK_H

#include "fw/kern.h"

/**
 * fw_conntrack_begin - switch tracking on, and keep it on
 * @why: if it fails: what is missing, as a constant string; may be NULL
 *
 * If something is pinned, tracking also outlives this process, as filtering does. Nothing happens if it is on already.
 * Return: 0; -EOPNOTSUPP: the kernel cannot, or the programs on the wire cannot ask it; another -errno.
 */
int fw_conntrack_begin(struct fw_kern *k, const char **why);
/* Stops keeping it on, for an earlier process too. It stays on while others want it. */
void fw_conntrack_end(struct fw_kern *k);
/* Readable when somebody has changed tables of nftables: then fw_conntrack_look(). -1: there is nothing to watch yet. */
int fw_conntrack_fd(const struct fw_kern *k);
/*
 * Puts back what others have deleted that keeps tracking on after this process, as `nft flush ruleset` does; while this process
 * lives, such a flush does not end tracking. Also tells the programs how the namespace is set up. 0, or -errno: try again.
 */
int fw_conntrack_look(struct fw_kern *k);

/* How often it was put back. */
uint64_t fw_conntrack_restored(const struct fw_kern *k);

struct fw_conntrack {
	bool ours;         /* fw_conntrack_begin() has turned tracking on */
	bool known;        /* the kernel reports the numbers that follow */
	uint64_t restored; /* number of times that others removed it and it was put back */
	uint64_t entries, max;
	/* Since the namespace exists: */
	uint64_t early_drops; /* number of entries evicted because the table was full */
	uint64_t drops;       /* number of packets dropped because the table was full */
	uint64_t insert_failures;
};
void fw_conntrack_read(const struct fw_kern *k, struct fw_conntrack *out);

#endif
