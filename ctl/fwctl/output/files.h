/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that commands read and write; each function says what went wrong. */
#ifndef FWCTL_FILES_H
#define FWCTL_FILES_H

#include "fw/path.h"

#include <stdio.h>

/* What diagnostics call a file: "<stdin>" for "-". */
const char *ctl_file_name(const char *path);
/* A whole file, or standard input for "-"; free() @text, which has a NUL after @len bytes. 0 or -errno. */
int ctl_file_read(const char *path, char **text, size_t *len);

/*
 * A file that is whole or not there: written beside, renamed at the end, in the folder that its path and symbolic links lead
 * to. What is there and is no regular file (a device, a pipe, a socket, our own descriptors) is written to as it is.
 */
struct ctl_new_file {
	const char *path;
	struct fw_path at;
	char beside[32]; /* in the same folder; empty: there is none */
	FILE *f;
};
/* Return: 0 or -errno. */
int ctl_new_file_open(const char *path, struct ctl_new_file *out);
int ctl_new_file_commit(struct ctl_new_file *nf);
/* Nothing is left, unless it was committed. */
void ctl_new_file_end(struct ctl_new_file *nf);

#endif
