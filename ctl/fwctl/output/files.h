/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that commands read and write. Each function prints an error when it fails. */
#ifndef FWCTL_FILES_H
#define FWCTL_FILES_H

#include "fw/path.h"

#include <stdio.h>

/* The name of a file in diagnostics: "<stdin>" for "-". */
const char *ctl_file_name(const char *path);
/* A whole file, or standard input for "-"; free() @text, which has a NUL after @len bytes. 0 or -errno. */
int ctl_file_read(const char *path, char **text, size_t *len);

/*
 * A file that is written under a temporary name and renamed at the end, so that nobody sees half of it; in the folder that
 * its path and symbolic links lead to. If the path names a device, a pipe, a socket or one of our descriptors, that is
 * written to directly.
 */
#define CTL_TEMPORARY ".fwctl-" /* temporary names begin with it */
struct ctl_new_file {
	const char *path;
	struct fw_path at;
	mode_t mode;        /* of a file that is not there yet; 0: its owner may write and its group may read it */
	char temporary[32]; /* name in the same folder; empty: there is none */
	FILE *f;
};
/* Opens @out->f for writing. Return: 0 or -errno. */
int ctl_new_file_open(const char *path, struct ctl_new_file *out);
/* Return: 0 or -errno. */
int ctl_new_file_write(struct ctl_new_file *nf, const void *bytes, size_t len);
/* The file is complete, unless an earlier write failed: flushes it to disk and renames it. Return: 0 or -errno. */
int ctl_new_file_commit(struct ctl_new_file *nf);
/* Closes it; removes it, unless it was committed. */
void ctl_new_file_end(struct ctl_new_file *nf);

#endif
