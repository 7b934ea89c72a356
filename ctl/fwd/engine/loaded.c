// SPDX-License-Identifier: GPL-2.0-only
/* A ruleset with its tables and what the engine knows of both. */
#include "loaded.h"
#include "engine_internal.h"

static void loaded_free(struct fw_compiled *c)
{
	struct loaded *l = (struct loaded *)c;

	fw_ruleset_free(c->rs);
	memory_free(l->arena);
	free(l);
}

struct loaded *loaded_new(void)
{
	struct loaded *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->compiled.free = loaded_free;
	l->arena = memory_new();
	return l;
}

int loaded_compile(const struct engine *e, struct loaded *l, struct fw_diags *ds)
{
	int err;

	memory_use(l->arena);
	err = fw_live_compile(e->live, &l->compiled, ds);
	memory_use(0);
	if (!err)
		fw_attach_needs_of(l->compiled.rs, &l->needs);
	return err;
}

int loaded_cost(const struct engine *e, struct loaded *l)
{
	return fw_cost_worst(e->live->pool, l->compiled.image.root, &l->cost);
}

struct loaded *loaded_now(const struct engine *e)
{
	return (struct loaded *)e->live->now;
}
