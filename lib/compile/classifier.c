// SPDX-License-Identifier: GPL-2.0-only
/* The lookup of include/fw/table/lookup.h over a pool in this process. */
#include "fw/compile.h"
#include "fw/memory_pool.h"

#include "fw/table/flow.h"

#include <stdlib.h>

struct fw_classifier {
	struct fw_cpu cpu;
	const struct fw_pool *pool;
	uint64_t control;
	bool flow_cache;
	fw_condition_fn *condition; /* NULL: fw_action_quiet() */
	void *ctx;
};

/* The one that looks up. */
static _Thread_local struct fw_classifier *asks;

static int ask(struct fw_cpu *cpu, const struct fw_action *a, __u32 what)
{
	return asks->condition(asks->ctx, &cpu->key, a, FW_WHAT_COUNTER(what) - FW_COUNTER_RULES);
}

void fw_classifier_conditions(struct fw_classifier *c, fw_condition_fn *condition, void *ctx)
{
	c->condition = condition;
	c->ctx = ctx;
}

int fw_classifier_new(const struct fw_pool *pool, bool flow_cache, struct fw_classifier **out)
{
	struct fw_classifier *c = aligned_alloc(FW_LINE, (sizeof(*c) + FW_LINE - 1) / FW_LINE * FW_LINE);

	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	c->pool = pool;
	c->flow_cache = flow_cache;
	*out = c;
	return 0;
}

void fw_classifier_free(struct fw_classifier *c)
{
	free(c);
}

void fw_classifier_publish(struct fw_classifier *c, uint32_t root, uint32_t generation)
{
	c->control = FW_CONTROL(root, generation);
}

const struct fw_answer *fw_classifier_run(struct fw_classifier *c, const struct fw_key *key)
{
	fw_pool_base = c->pool->base;
	fw_pool_condition = c->condition ? ask : NULL;
	asks = c;
	c->cpu.key = *key;
	fw_begin(&c->cpu, c->control);
	fw_classify_tracked(&c->cpu, c->flow_cache);
	return &c->cpu.answer;
}
