// SPDX-License-Identifier: GPL-2.0-only
/* Listening Unix sockets. */
#include "fw/unix_socket.h"

#include "fw/path.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

_Static_assert(FW_UNIX_PATH_MAX + 1 == sizeof(((struct sockaddr_un *)0)->sun_path), "room for a path");

static int fail(struct fw_diags *ds, const char *path, int err, const char *what, const char *hint)
{
	fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, hint, "%s: %s", what, strerror(-err));
	return err;
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%.*s", FW_UNIX_PATH_MAX, path);
	return a;
}

bool fw_unix_alive(const char *path)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return false;
	alive = !connect(fd, (struct sockaddr *)&a, sizeof(a)) || errno == EAGAIN;
	close(fd);
	return alive;
}

static int remove_stale(const struct fw_unix_socket *s, struct fw_diags *ds)
{
	char taken[64];
	struct stat st;

	if (lstat(s->path, &st))
		return errno == ENOENT ? 0 : fail(ds, s->path, -errno, "cannot be looked at", NULL);
	if (!S_ISSOCK(st.st_mode))
		return fail(ds, s->path, -EEXIST, "is there and is no socket", "give the socket another path");
	if (!fw_path_ours(st.st_uid))
		return fail(ds, s->path, -EPERM, "is a socket of another user", "give the socket another path");
	snprintf(taken, sizeof(taken), "another %s listens here", s->who);
	if (fw_unix_alive(s->path))
		return fail(ds, s->path, -EADDRINUSE, taken, s->hint);
	return unlink(s->path) ? fail(ds, s->path, -errno, "cannot remove the stale socket", NULL) : 0;
}

static int bind_to(const struct fw_unix_socket *s, int fd, struct fw_diags *ds)
{
	struct sockaddr_un a = address(s->path);
	mode_t mask = umask(0177);
	int err = bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;

	umask(mask);
	if (err)
		return fail(ds, s->path, err, "cannot make the socket", NULL);
	if (s->group != (gid_t)-1 && chown(s->path, (uid_t)-1, s->group))
		return fail(ds, s->path, -errno, "cannot give the socket to its group", NULL);
	if (chmod(s->path, s->mode) || listen(fd, BACKLOG))
		return fail(ds, s->path, -errno, "cannot listen", NULL);
	return 0;
}

int fw_unix_listen(const struct fw_unix_socket *s, int flags, struct fw_diags *ds)
{
	int err = fw_path_folder(s->path, 0755, ds), fd;

	if (!err)
		err = remove_stale(s, ds);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return fail(ds, s->path, -errno, "cannot make a socket", NULL);
	err = bind_to(s, fd, ds);
	if (!err)
		return fd;
	close(fd);
	return err;
}
