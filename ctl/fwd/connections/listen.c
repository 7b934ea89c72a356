// SPDX-License-Identifier: GPL-2.0-only
/* The socket that clients connect to, and the credentials of a peer. */
#include "listen.h"

#include "fw/service.h"
#include "fw/unix_socket.h"

#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int make_socket(const struct config *c, struct listener *out, struct fw_diags *ds)
{
	const struct fw_unix_socket s = {
		.path = c->socket,
		.mode = 0660,
		.group = listen_group(c->group),
		.who = "fwd",
		.hint = "stop it first, or give this one a socket, a store and pins of its own",
	};

	out->fd = fw_unix_listen(&s, SOCK_NONBLOCK, ds);
	if (out->fd < 0)
		return out->fd;
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
