/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a path leads, and which other users could make it lead elsewhere. */
#ifndef FW_PATH_H
#define FW_PATH_H

#include "fw/base.h"

#include <limits.h>
#include <sys/types.h>

#define FW_PATH_NOBODY ((uid_t)-1) /* no user */
#define FW_PATH_ANYBODY ((uid_t)-2)

/*
 * A file as an open folder and a name in it, which stay the same whatever happens to the path. "We" are root and the
 * effective user.
 */
struct fw_path {
	int folder;              /* O_PATH */
	char name[NAME_MAX + 1]; /* no symbolic link, except for /proc's links to open files; may not exist */
	uid_t link;              /* the user who could have led us here by a symbolic link; FW_PATH_NOBODY: only we */
	char exposed[PATH_MAX];  /* a folder or link on the way that other users can change; empty: none */
};

/**
 * fw_path_open - follow a path, and its symbolic links, to the folder of what it names
 * @out: needs fw_path_end(), also after an error
 * Return: 0, even if the folder has no such file; -ENOENT: a folder on the way is missing; another -errno.
 */
int fw_path_open(const char *path, struct fw_path *out);
void fw_path_end(struct fw_path *p);

/* Is @owner root or the effective user? */
bool fw_path_ours(uid_t owner);

/**
 * fw_path_folder - create the folder of a file unless it exists, and make sure that no other user decides what is in it
 * @path: of the file
 * @mode: of a new folder
 *
 * A sticky folder that everybody may write to is accepted: others cannot remove or rename our files there.
 * Return: 0; -EPERM: other users could change where @path leads; another -errno of the folder; each with a diagnostic.
 */
int fw_path_folder(const char *path, mode_t mode, struct fw_diags *ds);

#endif
