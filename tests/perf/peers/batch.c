// SPDX-License-Identifier: GPL-2.0-only
/* A batch's memory, and how it is searched on this CPU. */
#include "tests/perf/peers/batch_state.h"

#include <string.h>

const struct batch_method *const batch_methods[BATCH_METHODS] = { &batch_avx512, &batch_plain };

const struct batch_method *batch_best(void)
{
	for (size_t i = 0; i < BATCH_METHODS - 1; i++)
		if (batch_methods[i]->has())
			return batch_methods[i];
	return batch_methods[BATCH_METHODS - 1];
}

static void *lines_alloc(size_t size)
{
	void *p = aligned_alloc(FW_LINE, (size + FW_LINE - 1) / FW_LINE * FW_LINE);

	return p ? memset(p, 0, size) : NULL;
}

static void turns_fill(struct batch *b)
{
	for (unsigned n = 1; n <= FW_CLASS_IDENTITIES; n++)
		for (unsigned i = 0; i < n * FW_CLASS_IDENTITIES; i++) {
			b->turn[n][0][i] = (__u8)(i / n);
			b->turn[n][1][i] = (__u8)(i % n);
		}
}

int batch_new(const struct fw_pool *pool, struct batch **out)
{
	struct batch *b = lines_alloc(sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->cpu = lines_alloc(offsetof(struct fw_cpu, flows));
	if (!b->cpu) {
		batch_free(b);
		return -ENOMEM;
	}
	b->pool = pool;
	turns_fill(b);
	*out = b;
	return 0;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	free(b->cpu);
	free(b);
}

void batch_publish(struct batch *b, uint32_t root, uint32_t generation)
{
	b->control = FW_CONTROL(root, generation);
	memcpy(&b->root, fw_pool_ptr(b->pool, root), sizeof(b->root));
}
