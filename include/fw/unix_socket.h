/* SPDX-License-Identifier: GPL-2.0-only */
/* Listening Unix sockets, created so that nobody can connect too early. */
#ifndef FW_UNIX_SOCKET_H
#define FW_UNIX_SOCKET_H

#include "fw/base.h"

#include <sys/types.h>

#define FW_UNIX_PATH_MAX 107 /* bytes of a path */

/* A socket file: who may connect, and the error if it is in use. */
struct fw_unix_socket {
	const char *path; /* of at most FW_UNIX_PATH_MAX bytes */
	mode_t mode;
	gid_t group;      /* (gid_t)-1: that of the process */
	const char *who;  /* "fwd": for "another fwd listens here" */
	const char *hint; /* for that error */
};

/**
 * fw_unix_listen - create a listening stream socket
 * @flags: of socket(2), such as SOCK_NONBLOCK
 *
 * Creates its folder if needed, and replaces a socket file of ours that nobody listens on. Only the owner can connect before
 * group and mode are set.
 * Return: the descriptor, closed on exec; -EADDRINUSE: another process listens there; another -errno; each with a diagnostic.
 */
int fw_unix_listen(const struct fw_unix_socket *s, int flags, struct fw_diags *ds);
/* Does a process listen there? */
bool fw_unix_alive(const char *path);

#endif
