/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections come, are served, and go when they do nothing good. */
#ifndef FWD_SERVER_H
#define FWD_SERVER_H

#include "ctl/fwd/fwd.h"

/* Serves the listening socket from now on. 0 or -errno. */
int server_start(struct fwd *d);
/*
 * After each round of the loop: clients have their turns, stuck ones go, and closed ones are freed. true: there is more to
 * do, which no descriptor tells of.
 */
bool server_round(struct fwd *d);
void server_stop(struct fwd *d);

#endif
