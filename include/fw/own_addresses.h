/* SPDX-License-Identifier: GPL-2.0-only */
/* The addresses of this network namespace, as its routing table `local` says, for built-in sets (fw/builtin.h). */
#ifndef FW_OWN_ADDRESSES_H
#define FW_OWN_ADDRESSES_H

#include "fw/builtin.h"

/* The addresses of now, of routes of types local and broadcast. 0, and fw_own_addresses_free(); or -errno. */
int fw_own_addresses_read(struct fw_own_addresses *out);
/*
 * A descriptor that is readable when they may have changed; close() it. What is read from it has no meaning: read all there is,
 * then fw_own_addresses_read(). -errno.
 */
int fw_own_addresses_watch(void);

#endif
