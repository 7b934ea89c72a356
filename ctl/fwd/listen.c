// SPDX-License-Identifier: GPL-2.0-only
/* Unix sockets: making one without opening a gap for others, and the credentials of a peer. */
#include "ctl/fwd/listen.h"

#include "fw/path.h"
#include "fw/service.h"

#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

static int fail(struct fw_diags *ds, const char *path, int err, const char *what, const char *hint)
{
	fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, hint, "%s: %s", what, strerror(-err));
	return err;
}

/* config.c allows no longer paths than fit. */
static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%.*s", (int)sizeof(a.sun_path) - 1, path);
	return a;
}

bool listen_alive(const char *path)
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

static int remove_stale(const char *path, struct fw_diags *ds)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fail(ds, path, -errno, "cannot be looked at", NULL);
	if (!S_ISSOCK(st.st_mode))
		return fail(ds, path, -EEXIST, "is there and is no socket", "give the socket another path");
	if (!fw_path_ours(st.st_uid))
		return fail(ds, path, -EPERM, "is a socket of another user", "give the socket another path");
	if (listen_alive(path))
		return fail(ds, path, -EADDRINUSE, "another fwd listens here",
			    "stop it first, or give this one a socket, a store and pins of its own");
	return unlink(path) ? fail(ds, path, -errno, "cannot remove the stale socket", NULL) : 0;
}

/* Nobody but root can connect before the group is right. */
static int bind_socket(const struct config *c, int fd, struct fw_diags *ds)
{
	struct sockaddr_un a = address(c->socket);
	gid_t group = listen_group(c->group);
	mode_t mask = umask(0177);
	int err = bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;

	umask(mask);
	if (err)
		return fail(ds, c->socket, err, "cannot make the socket", NULL);
	if (group != (gid_t)-1 && chown(c->socket, (uid_t)-1, group))
		return fail(ds, c->socket, -errno, "cannot give the socket to its group", NULL);
	if (chmod(c->socket, 0660) || listen(fd, BACKLOG))
		return fail(ds, c->socket, -errno, "cannot listen", NULL);
	return 0;
}

static int make_socket(const struct config *c, struct listener *out, struct fw_diags *ds)
{
	int err = fw_path_folder(c->socket, 0755, ds), fd;

	if (!err)
		err = remove_stale(c->socket, ds);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(ds, c->socket, -errno, "cannot make a socket", NULL);
	err = bind_socket(c, fd, ds);
	if (err) {
		close(fd);
		return err;
	}
	out->fd = fd;
	snprintf(out->path, sizeof(out->path), "%s", c->socket);
	return 0;
}

int listen_open(const struct config *c, struct listener *out, struct fw_diags *ds)
{
	int handed = fw_service_socket();

	*out = (struct listener){ .fd = handed };
	if (handed == -ENOENT)
		return make_socket(c, out, ds);
	if (handed < 0)
		return fw_diag_add(ds, (struct fw_place){ 0 }, "let the socket unit have one ListenStream=",
				   "the service manager did not hand over one listening socket");
	return 0;
}

void listen_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->path[0])
		unlink(l->path);
	*l = (struct listener){ .fd = -1 };
}

gid_t listen_group(const char *name)
{
	const struct group *g = getgrnam(name);

	return g ? g->gr_gid : (gid_t)-1;
}

uid_t listen_peer_uid(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) ? UINT32_MAX : who.uid;
}

bool listen_peer_gone(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0;
}

bool listen_peer_is(int fd, gid_t group)
{
	struct ucred who;
	socklen_t len = sizeof(who), size = 0;
	fw_autofree gid_t *groups = NULL;

	if (group == (gid_t)-1 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return false;
	if (who.gid == group)
		return true;
	/* Without room for them it tells how much they need. */
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) || errno != ERANGE)
		return false;
	groups = malloc(size);
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		return false;
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == group)
			return true;
	return false;
}

void listen_process(pid_t pid, char *out, size_t size)
{
	char path[64], name[64] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f))
		name[strcspn(name, "\n")] = '\0';
	if (f)
		fclose(f);
	record_text(out, size, name, strlen(name));
}

void listen_peer(int fd, struct record_who *out)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	*out = (struct record_who){ .pid = -1, .uid = UINT32_MAX, .process = "?" };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return;
	out->pid = who.pid ? who.pid : -1; /* 0: of a namespace that cannot be seen from here */
	out->uid = who.uid;
	if (who.pid)
		listen_process(who.pid, out->process, sizeof(out->process));
}
