/* SPDX-License-Identifier: GPL-2.0-only */
/* Hears which generation is wanted: the head of this host's ring in etcd, or the file `head`, which is polled. */
#ifndef AGENT_FOLLOW_H
#define AGENT_FOLLOW_H

#include "core.h"

/* 0 or -ENOMEM. From then on a->wanted is kept. */
int follow_open(struct agent *a);
void follow_close(struct agent *a);

#endif
