/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a request that carry text: rules or changes, then path and text of each file that they name. fwd opens none
 * of its clients' files, so fwctl reads them.
 */
#ifndef FWCTL_PARTS_H
#define FWCTL_PARTS_H

#include "ctl/fwctl/output/diags.h"

#include "fw/client.h"

struct ctl_parts {
	struct fw_part parts[FW_WIRE_PARTS];
	struct ctl_source sources[FW_WIRE_PARTS];
	unsigned nparts, nsources;
	const char *path; /* of the text, which relative paths start from; NULL: from the current folder */
};
void ctl_parts_freep(struct ctl_parts **t);
/*
 * Adds the text itself, which is taken. @name: as diagnostics name it, copied; NULL: words of the command line.
 * Return: 0 or -ENOMEM, which is printed.
 */
int ctl_parts_add(struct ctl_parts *t, const char *name, char *text, size_t len);
/* Adds the files that the text names. @path: of its own file; NULL: none. Return: 0 or -errno, which is printed. */
int ctl_parts_add_files(struct ctl_parts *t, const char *path);

#endif
