// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths are followed here instead of in the kernel, folder by folder, so that
 * each folder can be checked, and what was checked is what is used. A user who
 * owns a folder, or may write to it, decides what it contains; the owner of a
 * symbolic link decides where it leads.
 */
#include "fw/path.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* of a path, as in the kernel */

struct walk {
	struct fw_path *at;
	char rest[2 * PATH_MAX]; /* what is still to follow */
	struct stat folder;
	unsigned links;
};

bool fw_path_ours(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

/* Notes that others could change the folder that was reached, or @name in it. Only the first is kept. */
static void expose(struct fw_path *at, const char *name)
{
	char proc[64];
	ssize_t n;

	if (at->exposed[0])
		return;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", at->folder);
	n = readlink(proc, at->exposed, sizeof(at->exposed) - NAME_MAX - 2);
	n = n < 0 ? snprintf(at->exposed, sizeof(at->exposed), "a folder on the way") : n;
	snprintf(at->exposed + n, sizeof(at->exposed) - (size_t)n, "%s%s", name && n > 1 ? "/" : "", name ? name : "");
}

static bool others_write(const struct stat *folder, mode_t who)
{
	return folder->st_mode & who && !(folder->st_mode & S_ISVTX);
}

/* Continues in the folder @fd, which the walk closes. */
static int enter(struct walk *w, int fd)
{
	if (fd < 0)
		return -errno;
	if (w->at->folder >= 0)
		close(w->at->folder);
	w->at->folder = fd;
	if (fstat(fd, &w->folder))
		return -errno;
	if (!fw_path_ours(w->folder.st_uid) || others_write(&w->folder, S_IWGRP | S_IWOTH))
		expose(w->at, NULL);
	return 0;
}

static int begin(struct walk *w)
{
	return enter(w, open(w->rest[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Takes the next name of the path. A path that ends in a slash has "." as its last name. */
static int next_name(struct walk *w, bool *last)
{
	char *from = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(from, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	snprintf(w->at->name, sizeof(w->at->name), "%.*s", len ? (int)len : 1, len ? from : ".");
	*last = !from[len];
	memmove(w->rest, from + len, strlen(from + len) + 1);
	return 0;
}

/*
 * The user who could have led us here: the link's owner, or the owner of its folder, who could move another link there. Links
 * of others in a folder that everybody may write to are not followed, as with the kernel's fs.protected_symlinks.
 */
static uid_t leader(const struct stat *folder, const struct stat *link)
{
	bool ours = fw_path_ours(link->st_uid);

	if (folder->st_mode & S_IWOTH && (!ours || !(folder->st_mode & S_ISVTX)))
		return FW_PATH_ANYBODY;
	if (!ours)
		return link->st_uid;
	return fw_path_ours(folder->st_uid) ? FW_PATH_NOBODY : folder->st_uid;
}

static void blame(struct walk *w, const struct stat *link)
{
	uid_t who = leader(&w->folder, link);

	if (who == FW_PATH_NOBODY)
		return;
	expose(w->at, w->at->name);
	w->at->link = w->at->link == FW_PATH_NOBODY || w->at->link == who ? who : FW_PATH_ANYBODY;
}

/* Replaces the name of the link by its target. */
static int follow(struct walk *w, const struct stat *link)
{
	char to[2 * PATH_MAX];
	ssize_t n = readlinkat(w->at->folder, w->at->name, to, PATH_MAX);

	if (n < 0)
		return -errno;
	if (n == PATH_MAX || strlen(w->rest) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	blame(w, link);
	snprintf(to + n, sizeof(to) - (size_t)n, "%s", w->rest);
	memcpy(w->rest, to, sizeof(to));
	return to[0] == '/' ? begin(w) : 0;
}

/* Links to open files in /proc: their targets, as texts, need not lead to the file. */
static bool is_open_file(const struct walk *w)
{
	struct statfs fs;

	return !fstatfs(w->at->folder, &fs) && fs.f_type == PROC_SUPER_MAGIC &&
	       strspn(w->at->name, "0123456789") == strlen(w->at->name);
}

int fw_path_open(const char *path, struct fw_path *out)
{
	struct walk w = { .at = out };
	struct stat st;
	bool last;
	int err;

	*out = (struct fw_path){ .folder = -1, .link = FW_PATH_NOBODY };
	if (!path[0])
		return -ENOENT;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(w.rest, path);
	err = begin(&w);
	while (!err) {
		err = next_name(&w, &last);
		if (err)
			return err;
		if (fstatat(out->folder, out->name, &st, AT_SYMLINK_NOFOLLOW))
			return errno == ENOENT && last ? 0 : -errno;
		if (S_ISLNK(st.st_mode) && !(last && is_open_file(&w)))
			err = follow(&w, &st);
		else if (last)
			return 0;
		else
			err = enter(&w, openat(out->folder, out->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	}
	return err;
}

void fw_path_end(struct fw_path *p)
{
	if (p->folder >= 0)
		close(p->folder);
	p->folder = -1;
}

static int refused(const struct fw_path *p, const char *path, struct fw_diags *ds)
{
	fw_diag_add(ds, (struct fw_place){ path, 0, 0 },
		    "name a place in folders that belong to root and that nobody else may write to",
		    "other users could change where this leads: %.200s is theirs, or they may write to it", p->exposed);
	return -EPERM;
}

int fw_path_folder(const char *path, mode_t mode, struct fw_diags *ds)
{
	for (;;) {
		fw_cleanup(fw_path_end) struct fw_path p;
		int err = fw_path_open(path, &p);

		if (p.exposed[0])
			return refused(&p, path, ds);
		if (err == -ENOENT)
			err = mkdirat(p.folder, p.name, mode) ? -errno : -EAGAIN;
		if (err == -EAGAIN)
			continue;
		if (err)
			fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "its folder cannot be made: %s",
				    strerror(-err));
		return err;
	}
}
