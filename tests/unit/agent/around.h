/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the world use of each other. */
#ifndef FW_TEST_AGENT_AROUND_H
#define FW_TEST_AGENT_AROUND_H

#include "world.h"

struct world *world_here(void);
double world_now(void);
/* Something happens in @seconds. Return: its number, for world_never(). */
uint64_t world_later(double seconds, void (*happen)(void *ctx), void *ctx);
void world_never(uint64_t id);
void world_log(void *ctx, const char *line);

void fwd_begin(struct world *w);
/* Undoes what was not confirmed in time. */
void fwd_clock(struct world *w);
struct local *fwd_local(void);
struct probes *fwd_probes(void);

void etcd_begin(struct world *w);
void etcd_end(struct world *w);
/* The head's key has another value. */
void etcd_head(struct world *w);

#endif
