// SPDX-License-Identifier: GPL-2.0-only
/* In fwbench, which needs no DPDK: no peers of it. fwbench-acl has them, and all else that fwbench has. */
#include "tests/perf/peers/peer.h"

const struct peer *const peers_acl[] = { NULL };
