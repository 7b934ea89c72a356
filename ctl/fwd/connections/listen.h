/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket that clients connect to: made, or handed over by systemd; and who is at the other end of a connection. */
#ifndef FWD_LISTEN_H
#define FWD_LISTEN_H

#include "ctl/fwd/config.h"

#include "ctl/fwd/base/record.h"

#include <sys/types.h>

struct listener {
	int fd;
	char path[FW_SETTING_TEXT]; /* that we made and take away; empty: not ours */
};

/**
 * listen_open - the socket of the configuration, non-blocking
 *
 * Its folder is made when there is none, and a socket file that nobody listens on is replaced.
 * Return: 0; -EADDRINUSE with a diagnostic: another fwd is there; other -errno with a diagnostic.
 */
int listen_open(const struct config *c, struct listener *out, struct fw_diags *ds);
void listen_close(struct listener *l);

/* Is the peer of a connection a member of the group? @group (gid_t)-1: there is no such group. */
bool listen_peer_is(int fd, gid_t group);
/* The user at the other end; UINT32_MAX: the kernel does not tell. */
uid_t listen_peer_uid(int fd);
/* Has it hung up? */
bool listen_peer_gone(int fd);
/* The process that connected, with its name as it is now, where /proc tells. */
void listen_peer(int fd, struct record_who *out);
/* The name of a process: without control characters; "?": nobody knows. */
void listen_process(pid_t pid, char *out, size_t size);
/* The number of a group, (gid_t)-1: there is none. */
gid_t listen_group(const char *name);

#endif
