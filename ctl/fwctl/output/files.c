// SPDX-License-Identifier: GPL-2.0-only
/* Reading whole files, and writing them so that nobody sees half of one. */
#include "files.h"
#include "message.h"
#include "progress.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)1 << 30)
#define NAME_BYTES 255 /* of a name in diagnostics; longer paths lose their beginning */

const char *ctl_file_name(const char *path)
{
	size_t len = strlen(path);

	if (!strcmp(path, "-"))
		return "<stdin>";
	return len > NAME_BYTES ? path + len - NAME_BYTES : path;
}

int ctl_file_read(const char *path, char **text, size_t *len)
{
	int err = fw_file_read(strcmp(path, "-") != 0 ? path : NULL, FW_FILE_ANY, BYTES_MAX, text, len);

	if (err)
		ctl_error("cannot read %s: %s", ctl_file_name(path), strerror(-err));
	return err;
}

static int cannot_write(const struct ctl_new_file *nf, int err)
{
	ctl_error("cannot write %s: %s", nf->path, strerror(-err));
	return err;
}

/*
 * A symbolic link that another user could have made is followed only to where that user may write anyway: into a folder of
 * that user, to a regular file or to a name that does not exist.
 */
static int check_link(const struct ctl_new_file *nf, const struct stat *st)
{
	uid_t owner = nf->at.link;
	struct stat folder;

	if (owner == FW_PATH_NOBODY)
		return 0;
	if (fstat(nf->at.folder, &folder))
		return cannot_write(nf, -errno);
	if (folder.st_uid == owner && (!st->st_mode || S_ISREG(st->st_mode)))
		return 0;
	if (owner == FW_PATH_ANYBODY)
		ctl_error("cannot write %s: a symbolic link leads elsewhere that any user could have made", nf->path);
	else
		ctl_error("cannot write %s: a symbolic link of user %u leads to what is not that user's", nf->path,
			  owner);
	ctl_hint("name the file that is meant, without the link");
	return -EPERM;
}

/* A descriptor for what a link of /proc leads to, if that is one of ours. Else -errno. */
static int own_descriptor(const struct ctl_new_file *nf)
{
	struct stat named, own;
	int fd = (int)strtol(nf->at.name, NULL, 10);

	if (fstatat(nf->at.folder, nf->at.name, &named, 0) || fstat(fd, &own))
		return -errno;
	if (named.st_dev != own.st_dev || named.st_ino != own.st_ino)
		return -EPERM; /* of another process */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* Connects through the open folder: its path may be too long for an address, or lead elsewhere by now. */
static int connect_to(const struct ctl_new_file *nf)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int len = snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s", nf->at.folder, nf->at.name), err;

	if (fd < 0)
		return -errno;
	err = (size_t)len >= sizeof(a.sun_path)             ? -ENAMETOOLONG :
	      connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno :
							      0;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* Opens a device, a pipe, a socket or one of our descriptors. Return: a descriptor or -errno. */
static int open_special(const struct ctl_new_file *nf, mode_t type)
{
	struct stat st;
	int fd;

	if (type == S_IFLNK)
		return own_descriptor(nf);
	if (type == S_IFSOCK)
		return connect_to(nf);
	fd = openat(nf->at.folder, nf->at.name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && (st.st_mode & S_IFMT) == type)
		return fd;
	close(fd);
	return -EAGAIN; /* it was replaced meanwhile */
}

/* The mode of a file that is replaced is kept if it is ours, without set-user-ID and the like; another owner's is not. */
static mode_t mode_of(const struct ctl_new_file *nf, const struct stat *st)
{
	mode_t mask = umask(0);

	umask(mask);
	if (S_ISREG(st->st_mode) && st->st_uid == geteuid())
		return st->st_mode & 0777;
	return nf->mode ? nf->mode : 0640 & ~mask;
}

/* A new file under a name that nobody can guess. Return: a descriptor or -errno. */
static int open_temporary(struct ctl_new_file *nf, mode_t mode)
{
	uint64_t number;
	int fd, err;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -errno;
	snprintf(nf->temporary, sizeof(nf->temporary), CTL_TEMPORARY "%016llx", (unsigned long long)number);
	ctl_signal_unlink(nf->at.folder, nf->temporary);
	fd = openat(nf->at.folder, nf->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = -errno;
		nf->temporary[0] = '\0';
		return err;
	}
	if (!fchmod(fd, mode))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Refuses what another user put into a folder that anybody may write to, as the kernel's fs.protected_fifos does. */
static int check_owner(const struct ctl_new_file *nf, const struct stat *st)
{
	struct stat folder;

	if (fstat(nf->at.folder, &folder))
		return -errno;
	return folder.st_mode & S_IWOTH && !fw_path_ours(st->st_uid) ? -EACCES : 0;
}

static int open_file(struct ctl_new_file *nf, const struct stat *st)
{
	int err;

	if (!st->st_mode || S_ISREG(st->st_mode))
		return open_temporary(nf, mode_of(nf, st));
	err = check_owner(nf, st);
	if (err)
		return err;
	return open_special(nf, st->st_mode & S_IFMT);
}

int ctl_new_file_open(const char *path, struct ctl_new_file *out)
{
	struct stat st = { 0 }; /* stays 0 when nothing is there */
	int err, fd;

	out->path = path;
	err = fw_path_open(path, &out->at);
	if (!err && fstatat(out->at.folder, out->at.name, &st, AT_SYMLINK_NOFOLLOW) && errno != ENOENT)
		err = -errno;
	if (err)
		return cannot_write(out, err);
	err = check_link(out, &st);
	if (err)
		return err;
	fd = open_file(out, &st);
	if (fd < 0)
		return cannot_write(out, fd);
	out->f = fdopen(fd, "w");
	if (out->f)
		return 0;
	close(fd);
	return cannot_write(out, -ENOMEM);
}

/* Pipes, devices and some file systems cannot be flushed, which is not an error. */
static int sync_fd(int fd)
{
	return fsync(fd) && errno != EINVAL && errno != EROFS && errno != ENOTSUP ? -errno : 0;
}

static int sync_folder(const struct ctl_new_file *nf)
{
	int fd = openat(nf->at.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return errno == EACCES ? 0 : -errno;
	err = sync_fd(fd);
	close(fd);
	return err;
}

int ctl_new_file_write(struct ctl_new_file *nf, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, nf->f) == len ? 0 : cannot_write(nf, -errno);
}

int ctl_new_file_commit(struct ctl_new_file *nf)
{
	int err = fflush(nf->f) ? -errno : ferror(nf->f) ? -EIO : sync_fd(fileno(nf->f));

	if (!err && nf->temporary[0]) {
		err = renameat(nf->at.folder, nf->temporary, nf->at.folder, nf->at.name) ? -errno : 0;
		if (!err) {
			ctl_signal_unlink(-1, NULL);
			nf->temporary[0] = '\0';
			err = sync_folder(nf);
		}
	}
	return err ? cannot_write(nf, err) : 0;
}

void ctl_new_file_end(struct ctl_new_file *nf)
{
	ctl_signal_unlink(-1, NULL);
	if (nf->f)
		fclose(nf->f);
	if (nf->temporary[0])
		unlinkat(nf->at.folder, nf->temporary, 0);
	fw_path_end(&nf->at);
}
