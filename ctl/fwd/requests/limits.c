// SPDX-License-Identifier: GPL-2.0-only
#include "limits.h"

/* Including those that wait for a grace period. */
static uint64_t interface_names(struct engine *e)
{
	const struct fw_ruleset *rs = engine_ruleset(e);

	return rs->ifaces_named + rs->ifaces_parting;
}

static uint64_t rule_counters(struct engine *e)
{
	return fw_ruleset_slots(engine_ruleset(e));
}

static uint64_t source_identities(struct engine *e)
{
	return fw_image_identities(engine_image(e), 0);
}

static uint64_t destination_identities(struct engine *e)
{
	return fw_image_identities(engine_image(e), 1);
}

static uint64_t further_blocks(struct engine *e)
{
	return fw_image_further_blocks(engine_image(e));
}

static uint64_t segments(struct engine *e)
{
	return fw_kern_pool(engine_kern(e))->nsegments;
}

/* After the last one they start over. */
static uint64_t generations(struct engine *e)
{
	return engine_image(e)->generation;
}

static const struct {
	const char *what;
	uint64_t (*used)(struct engine *e);
	uint64_t max; /* 0: the pool's */
} limits[] = {
	{ "interface_names", interface_names, FW_IFACES_MAX },
	{ "rule_counters", rule_counters, FW_COUNTER_SLOTS },
	{ "source_identities", source_identities, FW_IDENTITIES_MAX - FW_IDENTITIES_FIXED },
	{ "destination_identities", destination_identities, FW_IDENTITIES_MAX - FW_IDENTITIES_FIXED },
	{ "further_blocks", further_blocks, FW_BLOCK_CHAIN },
	{ "segments", segments, 0 },
	{ "generations", generations, UINT32_MAX },
};

json_t *limits_json(const struct fwd *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		uint64_t used = limits[i].used(d->engine), pool = fw_kern_pool(engine_kern(d->engine))->limit;

		json_array_append_new(array, json_pack("{ss sI sI}", "what", limits[i].what, "used", (json_int_t)used,
						       "max", (json_int_t)(limits[i].max ? limits[i].max : pool)));
	}
	return array;
}
