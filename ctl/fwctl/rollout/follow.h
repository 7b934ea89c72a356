/* SPDX-License-Identifier: GPL-2.0-only */
/* Following a rollout to its end. */
#ifndef FWCTL_FOLLOW_H
#define FWCTL_FOLLOW_H

#include "session.h"

/*
 * Prints each step of the rollout until it has ended, and on a terminal how many hosts have confirmed. While etcd does not answer
 * it goes on trying. Return: CTL_OK: it is done; CTL_FAILED: it has failed or was aborted.
 */
int follow(struct session *session, const struct ctl_settings *s);

#endif
