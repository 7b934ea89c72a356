/* SPDX-License-Identifier: GPL-2.0-only */
/* The fwd of this host, by its socket. */
#ifndef AGENT_LOCAL_FWD_H
#define AGENT_LOCAL_FWD_H

#include "local.h"

#include "fw/loop.h"

/* Starts the worker. @socket: a path, borrowed. 0 or -errno. */
int local_fwd_open(struct fw_loop *loop, const char *socket, struct local **out);
void local_fwd_close(struct local *l); /* NULL is fine */

#endif
