/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket that clients connect to: created, or handed over by systemd. */
#ifndef FWD_LISTEN_H
#define FWD_LISTEN_H

#include "ctl/fwd/config.h"

struct listener {
	int fd;
	char path[FW_SETTING_TEXT]; /* created by us and removed at the end; empty: not ours */
};

/**
 * listen_open - the socket of the configuration, non-blocking
 *
 * Its folder is created if missing, and a socket file on which nobody listens is replaced.
 * Return: 0; -EADDRINUSE with a diagnostic: another fwd is running; other -errno with a diagnostic.
 */
int listen_open(const struct config *c, struct listener *out, struct fw_diags *ds);
void listen_close(struct listener *l);

#endif
