/* SPDX-License-Identifier: GPL-2.0-only */
/* The peers that decide at the driver's hook. */
#ifndef FWBENCH_PEER_XDP_H
#define FWBENCH_PEER_XDP_H

#include "tests/perf/peers/peer.h"

extern const struct peer peer_fwd_arena, peer_fwd_arena_plain, peer_fwd_maps, peer_fwd_maps_plain, peer_fwd_set;
/* With known connections accepted first: at forward of netfilter, which is no XDP at all, and on the wire, those of TCP. */
extern const struct peer peer_fwd_forward, peer_fwd_forward_plain, peer_fwd_syn;
extern const struct peer peer_lpm, peer_hash, peer_drop;

#endif
