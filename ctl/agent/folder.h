/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder of the file system, for the agent's files. */
#ifndef AGENT_FOLDER_H
#define AGENT_FOLDER_H

#include "local.h"

struct folder_real {
	struct folder folder;
	char path[256];
	int fd;
};
/* The folder must exist. What a killed agent had begun to write is removed. 0 or -errno. */
int folder_open(const char *path, struct folder_real *out);
void folder_close(struct folder_real *f);
/* Replaces a file, by its path: on the disk when it returns 0, if @lasting. 0 or -errno. */
int folder_replace(int folder, const char *name, const void *bytes, size_t len, bool lasting);

#endif
