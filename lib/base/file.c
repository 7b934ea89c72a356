// SPDX-License-Identifier: GPL-2.0-only
/* Whole files into memory. */
#include "fw/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_BYTES 65536 /* first room for what has no size */

static void closep(int *fd)
{
	if (*fd > STDIN_FILENO)
		close(*fd);
}

/* 0, or why a file of this kind is not read. */
static int check_kind(mode_t mode, enum fw_file_kind kind)
{
	bool device = S_ISCHR(mode) || S_ISBLK(mode);

	if (kind == FW_FILE_REGULAR && S_ISDIR(mode))
		return -EISDIR;
	return (kind == FW_FILE_REGULAR && !S_ISREG(mode)) || (kind == FW_FILE_NO_DEVICE && device) ? -ENODEV : 0;
}

/* Reads to the end. @room: bytes to begin with, at least 2; it grows as needed. */
static int read_to_end(int fd, size_t room, size_t max, char **text, size_t *len)
{
	fw_autofree char *all = malloc(room);
	size_t n = 0;
	ssize_t got;

	if (!all)
		return -ENOMEM;
	do {
		if (room - n < 2) {
			char *grown = realloc(all, room * 2);

			if (!grown)
				return -ENOMEM;
			all = grown;
			room *= 2;
		}
		got = read(fd, all + n, room - n - 1);
		if (got < 0 && errno != EINTR)
			return -errno;
		n += got > 0 ? (size_t)got : 0;
		if (n > max)
			return -EFBIG;
	} while (got);
	all[n] = '\0';
	*text = fw_take(all);
	*len = n;
	return 0;
}

int fw_file_read(const char *path, enum fw_file_kind kind, size_t max, char **text, size_t *len)
{
	int nonblock = kind == FW_FILE_REGULAR ? O_NONBLOCK : 0; /* open() must not wait for a pipe's writer */
	fw_cleanup(closep) int fd = path ? open(path, O_RDONLY | O_CLOEXEC | nonblock) : STDIN_FILENO;
	struct stat st = { 0 };
	int err = fd < 0 || fstat(fd, &st) ? -errno : check_kind(st.st_mode, kind);

	if (err)
		return err;

	size_t size = S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;

	return size > max ? -EFBIG : read_to_end(fd, size ? size + 2 : PIPE_BYTES, max, text, len);
}
