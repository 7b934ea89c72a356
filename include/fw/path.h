/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a path leads, and who else could make it lead elsewhere. */
#ifndef FW_PATH_H
#define FW_PATH_H

#include "fw/base.h"

#include <limits.h>
#include <sys/types.h>

#define FW_PATH_NOBODY ((uid_t)-1) /* no user */
#define FW_PATH_ANYBODY ((uid_t)-2)

/*
 * A file by its folder, which is open, and its name in it: whatever becomes of the path, they stay what was looked at.
 * "We" are root and the effective user.
 */
struct fw_path {
	int folder;              /* O_PATH */
	char name[NAME_MAX + 1]; /* no symbolic link, but for one in /proc that leads to an open file; may not exist */
	uid_t link;              /* the user who could lead us here by a symbolic link; FW_PATH_NOBODY: only we could */
	char exposed
		[PATH_MAX]; /* a folder or link on the way that users other than we can change; empty: there is none */
};

/**
 * fw_path_open - follow a path, and its symbolic links, to the folder of what it names
 * @out: ended by fw_path_end(), also after an error
 * Return: 0, also when there is no such file in the folder; -ENOENT when a folder on the way is missing, or another -errno.
 */
int fw_path_open(const char *path, struct fw_path *out);
void fw_path_end(struct fw_path *p);

/* Is a file of this owner ours? */
bool fw_path_ours(uid_t owner);

/**
 * fw_path_folder - make the folder of a file, unless it is there, and be sure that only we decide what is in it
 * @path: of the file
 * @mode: of a new folder
 * A folder that everybody may write to will do if it is sticky: others cannot remove or rename what is ours there.
 * Return: 0; -EPERM when users other than we could change where @path leads; or -errno of the folder, and so said in @ds.
 */
int fw_path_folder(const char *path, mode_t mode, struct fw_diags *ds);

#endif
