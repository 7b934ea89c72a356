/* SPDX-License-Identifier: GPL-2.0-only */
/* A host that is closed to all packets until fwd filters: see tools/systemd/fwd-closed.service.in. */
#ifndef FWD_CLOSED_H
#define FWD_CLOSED_H

#include "ctl/fwd/fwd.h"

/* Opens the host when packets are filtered as they should be. Call it at the start and once a second. */
void closed_look(struct fwd *d);

#endif
