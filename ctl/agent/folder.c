// SPDX-License-Identifier: GPL-2.0-only
#include "folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW ".new" /* the end of the name of a file that is being written */
#define PATH_BYTES 512

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int folder_replace(int folder, const char *name, const void *bytes, size_t len, bool lasting)
{
	char begun[PATH_BYTES];
	int fd, err;

	snprintf(begun, sizeof(begun), "%s" NEW, name);
	fd = openat(folder, begun, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	err = write_all(fd, bytes, len);
	if (!err && lasting && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(folder, begun, folder, name))
		err = -errno;
	if (err)
		unlinkat(folder, begun, 0);
	else if (lasting && fsync(folder))
		err = -errno;
	return err;
}

static int read_file(struct folder *folder, const char *name, size_t max, char **text, size_t *len)
{
	struct folder_real *f = (struct folder_real *)folder;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return fw_file_read(path, FW_FILE_REGULAR, max, text, len);
}

static int write_file(struct folder *folder, const char *name, const void *bytes, size_t len)
{
	return folder_replace(((struct folder_real *)folder)->fd, name, bytes, len, true);
}

static void remove_file(struct folder *folder, const char *name)
{
	unlinkat(((struct folder_real *)folder)->fd, name, 0);
}

static void list_files(struct folder *folder, void (*each)(void *ctx, const char *name), void *ctx)
{
	DIR *dir = opendir(((struct folder_real *)folder)->path);
	const struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			each(ctx, e->d_name);
	if (dir)
		closedir(dir);
}

static void remove_begun(void *ctx, const char *name)
{
	size_t len = strlen(name);

	if (len > strlen(NEW) && !strcmp(name + len - strlen(NEW), NEW))
		remove_file(ctx, name);
}

int folder_open(const char *path, struct folder_real *out)
{
	*out = (struct folder_real){ .folder = { read_file, write_file, remove_file, list_files } };
	snprintf(out->path, sizeof(out->path), "%s", path);
	out->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->fd < 0)
		return -errno;
	list_files(&out->folder, remove_begun, &out->folder);
	return 0;
}

void folder_close(struct folder_real *f)
{
	close(f->fd);
}
