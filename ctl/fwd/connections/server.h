/* SPDX-License-Identifier: GPL-2.0-only */
/* Accepts connections, gives them their turns, and closes those that are stuck. */
#ifndef FWD_SERVER_H
#define FWD_SERVER_H

#include "ctl/fwd/fwd.h"

/* Serves the listening socket from now on. 0 or -errno. */
int server_start(struct fwd *d);
/*
 * After each round of the loop: connections have their turns, stuck ones are closed, and closed ones freed. true: there is more
 * to do at once, though no descriptor may be ready.
 */
bool server_round(struct fwd *d);
void server_stop(struct fwd *d);

#endif
