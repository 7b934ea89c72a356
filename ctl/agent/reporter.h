/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's report in etcd, under a lease: it goes when the agent does not answer any more. */
#ifndef AGENT_REPORTER_H
#define AGENT_REPORTER_H

#include "core.h"

/* Without etcd all of these do nothing. */
void reporter_open(struct agent *a);
/* Puts the report if it differs from what is in etcd: at once, or shortly, if its state is one that passes. */
void reporter_changed(struct agent *a);
/* etcd is there again: does not wait for the end of a pause. */
void reporter_hurry(struct agent *a);
void reporter_close(struct agent *a);

#endif
