// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts. The kernel's counters belong to packets, and nobody else writes them
 * while packets may count: a reset remembers how far they had come instead. What
 * it remembers is stored in blocks, so that a restart does not bring old packets
 * back. Counters are numbered as in the kernel: reasons first, then slots.
 */
#include "ctl/fwd/engine_internal.h"

#include <string.h>

#define BLOCK 4096 /* counters of one block */

static struct fw_count kernel_count(const struct engine *e, size_t counter)
{
	return counter < FW_COUNTER_RULES ? fw_kern_reason_count(e->kern, (enum fw_reason)counter) :
					    fw_kern_rule_count(e->kern, (uint32_t)(counter - FW_COUNTER_RULES));
}

static struct fw_count count_of(const struct engine *e, size_t counter)
{
	struct fw_count now = kernel_count(e, counter);

	if (counter < e->nbase) {
		now.packets -= e->base[counter].packets;
		now.bytes -= e->base[counter].bytes;
	}
	return now;
}

struct fw_count engine_rule_count(const struct engine *e, const struct fw_rule *rule)
{
	return count_of(e, (size_t)rule->slot + FW_COUNTER_RULES);
}

struct fw_count engine_reason_count(const struct engine *e, enum fw_reason reason)
{
	return count_of(e, reason);
}

/* Room for the block of this counter: 0 or -ENOMEM. */
static int base_reserve(struct engine *e, size_t counter)
{
	size_t n = (counter / BLOCK + 1) * BLOCK;
	struct fw_count *grown;
	uint8_t *changed;

	if (n <= e->nbase)
		return 0;
	grown = realloc(e->base, n * sizeof(*grown));
	if (grown)
		e->base = grown;
	changed = grown ? realloc(e->base_changed, n / BLOCK) : NULL;
	if (changed)
		e->base_changed = changed;
	if (!changed)
		return -ENOMEM;
	memset(e->base + e->nbase, 0, (n - e->nbase) * sizeof(*grown));
	memset(e->base_changed + e->nbase / BLOCK, 0, (n - e->nbase) / BLOCK);
	e->nbase = n;
	return 0;
}

static int base_set(struct engine *e, size_t counter, struct fw_count count)
{
	int err = count.packets || counter < e->nbase ? base_reserve(e, counter) : 0;

	if (err || counter >= e->nbase || !memcmp(&e->base[counter], &count, sizeof(count)))
		return err;
	e->base[counter] = count;
	e->base_changed[counter / BLOCK] = 1;
	e->base_unstored = true;
	return 0;
}

static int base_store(struct engine *e, struct fw_diags *ds)
{
	fw_autofree struct store_block *blocks = calloc(e->nbase / BLOCK + 1, sizeof(*blocks));
	size_t n = 0;
	int err;

	if (!blocks)
		return -ENOMEM;
	for (size_t i = 0; i < e->nbase / BLOCK; i++)
		if (e->base_changed[i])
			blocks[n++] = (struct store_block){ i, e->base + i * BLOCK, BLOCK * sizeof(*e->base) };
	err = store_blocks_set(e->store, blocks, n, ds);
	if (err)
		return err;
	memset(e->base_changed, 0, e->nbase / BLOCK);
	e->base_unstored = false;
	return 0;
}

void counts_forget(struct engine *e, uint32_t slot)
{
	/* It only makes a base 0 that is there: that needs no memory. */
	if ((size_t)slot + FW_COUNTER_RULES < e->nbase)
		base_set(e, (size_t)slot + FW_COUNTER_RULES, (struct fw_count){ 0 });
}

void counts_store(struct engine *e)
{
	if (e->base_unstored)
		base_store(e, NULL); /* if it cannot be written now, the next reset or deletion writes it */
}

int engine_count_reset(struct engine *e, const struct fw_rule *rule)
{
	int err = 0;

	if (rule) {
		err = base_set(e, (size_t)rule->slot + FW_COUNTER_RULES,
			       kernel_count(e, (size_t)rule->slot + FW_COUNTER_RULES));
	} else {
		for (size_t r = 0; r < FW_NREASONS && !err; r++)
			err = base_set(e, r, kernel_count(e, r));
		for (const struct fw_rule *r = e->live->rs->first; r && !err; r = r->next)
			err = base_set(e, (size_t)r->slot + FW_COUNTER_RULES,
				       kernel_count(e, (size_t)r->slot + FW_COUNTER_RULES));
	}
	return err ? err : base_store(e, NULL);
}

static int take_block(void *ctx, uint64_t number, const void *data, size_t len)
{
	struct engine *e = ctx;
	int err = len == BLOCK * sizeof(*e->base) && number < UINT32_MAX / BLOCK ? base_reserve(e, number * BLOCK) :
										   -EIO;

	if (!err)
		memcpy(e->base + number * BLOCK, data, len);
	return err;
}

/* Counters of a kernel that was started since count from 0: what is remembered of others is of no use. */
int counts_open(struct engine *e, struct fw_diags *ds)
{
	int err;

	if (!fw_kern_generation(e->kern))
		return store_blocks_clear(e->store, ds);
	err = store_blocks_read(e->store, take_block, e, ds);
	return err;
}
