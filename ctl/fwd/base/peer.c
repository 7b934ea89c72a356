// SPDX-License-Identifier: GPL-2.0-only
/* Credentials of a peer. */
#include "peer.h"

#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

uid_t peer_user(const char *name)
{
	const struct passwd *p = getpwnam(name);

	return p ? p->pw_uid : (uid_t)-1;
}

gid_t peer_group(const char *name)
{
	const struct group *g = getgrnam(name);

	return g ? g->gr_gid : (gid_t)-1;
}

uid_t peer_uid(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) ? UINT32_MAX : who.uid;
}

bool peer_is_gone(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0;
}

bool peer_is_in(int fd, gid_t group)
{
	struct ucred who;
	socklen_t len = sizeof(who), size = 0;
	fw_autofree gid_t *groups = NULL;

	if (group == (gid_t)-1 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return false;
	if (who.gid == group)
		return true;
	/* Without room for them it returns how much they need. */
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

void peer_process(pid_t pid, char *out, size_t size)
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

void peer_of(int fd, struct record_who *out)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	*out = (struct record_who){ .pid = -1, .uid = UINT32_MAX, .process = "?" };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return;
	out->pid = who.pid ? who.pid : -1; /* 0: in a PID namespace that cannot be seen from here */
	out->uid = who.uid;
	if (who.pid)
		peer_process(who.pid, out->process, sizeof(out->process));
}
