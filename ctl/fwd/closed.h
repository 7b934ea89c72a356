/* SPDX-License-Identifier: GPL-2.0-only */
/* A host that lets no packets in or out until fwd filters: see tools/systemd/fwd-closed.service.in. */
#ifndef FWD_CLOSED_H
#define FWD_CLOSED_H

#include "ctl/fwd/fwd.h"

/* Ends that when packets are filtered as they should be; at the start, and for every second after. */
void closed_look(struct fwd *d);

#endif
