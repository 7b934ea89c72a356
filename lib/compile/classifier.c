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
};

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
	c->cpu.key = *key;
	fw_begin(&c->cpu, c->control);
	fw_classify(&c->cpu, c->flow_cache);
	return &c->cpu.answer;
}
