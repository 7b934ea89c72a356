/* SPDX-License-Identifier: GPL-2.0-only */
/* Unix sockets that listen, made without opening a gap for others. */
#ifndef FW_UNIX_SOCKET_H
#define FW_UNIX_SOCKET_H

#include "fw/base.h"

#include <sys/types.h>

#define FW_UNIX_PATH_MAX 107 /* bytes of a path */

/* A socket in a file: who may connect, and what to say when it is taken. */
struct fw_unix_socket {
	const char *path; /* of at most FW_UNIX_PATH_MAX bytes */
	mode_t mode;
	gid_t group;      /* (gid_t)-1: that of the process */
	const char *who;  /* "fwd": another one of these listens here */
	const char *hint; /* when one does */
};

/**
 * fw_unix_listen - a listening stream socket
 * @flags: of socket(2), such as SOCK_NONBLOCK
 *
 * Its folder is made when there is none, and a socket file of ours that nobody listens on is replaced. Nobody but the owner
 * can connect before group and mode are right.
 * Return: the descriptor, closed on exec; -EADDRINUSE: somebody listens there; other -errno; each with a diagnostic.
 */
int fw_unix_listen(const struct fw_unix_socket *s, int flags, struct fw_diags *ds);
/* Does somebody listen there? */
bool fw_unix_alive(const char *path);

#endif
