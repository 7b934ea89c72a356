/* SPDX-License-Identifier: GPL-2.0-only */
/* From a file to the snapshot that is published: with ids, compiled, and with what it costs. */
#ifndef FWCTL_SNAPSHOT_H
#define FWCTL_SNAPSHOT_H

#include "fw/fleet/snapshot.h"

struct snapshot {
	void *bytes; /* as fw_snapshot_pack() makes it */
	size_t len;
	struct fw_message *parts;             /* in @bytes */
	uint64_t rules, memory, worst_packet; /* as in struct fw_manifest */
};
/*
 * Reads a ruleset and its list files, gives ids to its rules and compiles it. @follows: the parent's; NULL: there is none.
 * @out is to be ended by snapshot_end() in any case. Return: 0 or -errno, which is printed.
 */
int snapshot_make(const char *path, const struct fw_ruleset *follows, struct snapshot *out);
void snapshot_end(struct snapshot *s);

#endif
