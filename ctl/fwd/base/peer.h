/* SPDX-License-Identifier: GPL-2.0-only */
/* The process at the other end of a connection. */
#ifndef FWD_PEER_H
#define FWD_PEER_H

#include "ctl/fwd/base/record.h"

#include <sys/types.h>

/* The process that connected, with the name that it has now, if /proc shows one. */
void peer_of(int fd, struct record_who *out);
/* Its user; UINT32_MAX: the kernel does not tell. */
uid_t peer_uid(int fd);
/* Is it a member of the group? @group (gid_t)-1: there is no such group. */
bool peer_is_in(int fd, gid_t group);
/* Has it hung up? */
bool peer_is_gone(int fd);

/* The name of a process, without control characters; "?": unknown. */
void peer_process(pid_t pid, char *out, size_t size);
/* The number of a user, of a group; -1: there is none. */
uid_t peer_user(const char *name);
gid_t peer_group(const char *name);

#endif
