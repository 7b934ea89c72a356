/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request sends that may name files: fwd opens none of its clients', so fwctl reads them. A text, then path and text of
 * each file.
 */
#ifndef FWCTL_TEXTS_H
#define FWCTL_TEXTS_H

#include "client.h"

struct ctl_texts {
	struct fw_part parts[FW_WIRE_PARTS];
	struct ctl_source sources[FW_WIRE_PARTS];
	unsigned nparts, nsources;
	const char *path; /* of the text, which relative paths start from; NULL: from the current folder */
};
void ctl_texts_freep(struct ctl_texts **t);
/* The text itself. @name: as diagnostics call it, copied; NULL: the words of the command line. Takes @text. 0 or -ENOMEM. */
int ctl_texts_add(struct ctl_texts *t, const char *name, char *text, size_t len);
/* The files that the text, from the file @path (NULL: none), names. 0 or -errno, and said so. */
int ctl_texts_files(struct ctl_texts *t, const char *path);

#endif
