/* SPDX-License-Identifier: GPL-2.0-only */
/* A ruleset with its tables and what the engine knows of both. */
#ifndef FWD_LOADED_H
#define FWD_LOADED_H

#include "engine.h"

#include "fw/live.h"

struct loaded {
	struct fw_compiled compiled;  /* the first member: struct fw_live gives it back */
	struct fw_cost_worst cost;    /* of the tables when they were written as a whole */
	bool changed;                 /* they have changed since then */
	struct fw_attach_needs needs; /* of the ruleset */
	unsigned arena;               /* jemalloc's, in which the ruleset was loaded; 0: none of its own */
};

/* The live one. */
struct loaded *loaded_now(const struct engine *e);
/* An empty one, with an arena of its own; fw_compiled_free() frees it. NULL: out of memory. */
struct loaded *loaded_new(void);
/*
 * Its tables, and what attachments need to know of its ruleset. Both look at every rule, so once there is a worker this is
 * its job. As fw_tables_compile().
 */
int loaded_compile(const struct engine *e, struct loaded *l, struct fw_diags *ds);
/* What a packet costs in these tables. 0 or -ENOMEM. */
int loaded_cost(const struct engine *e, struct loaded *l);

#endif
