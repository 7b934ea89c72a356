// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel has to know before packets see new tables, and the publication. Without a kernel there is nothing to do. */
#include "internal.h"

#include <string.h>
#include <unistd.h>

#define TRIES 1000
#define PAUSE_US 1000

static int kernel_error(int err, const char *what, struct fw_diags *ds)
{
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the kernel cannot %s: %s", what, strerror(-err));
	return err;
}

/* Do rules or policies have rates? */
static bool has_rates(const struct fw_ruleset *rs)
{
	for (uint32_t i = FW_NVERDICTS; i < rs->nactions; i++)
		if (rs->action_use[i].taken && (rs->actions[i].limit.interval || rs->actions[i].log.interval))
			return true;
	return false;
}

static int host_error(int err, const char *why, struct fw_diags *ds)
{
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, why,
			    "rules that reject or set marks cannot be applied at the host's hooks: %s", strerror(-err));
	return err;
}

int live_ready(const struct fw_live *live, const struct fw_ruleset *rs, struct fw_diags *ds)
{
	const char *why = NULL;
	int err;

	if (rs->next_slot > FW_COUNTER_SLOTS) {
		fw_diag_add(ds, (struct fw_place){ 0 },
			    "rules that these replace count too, until they are gone: `fwctl flush` first",
			    "there are counters for %u rules, not for more", FW_COUNTER_SLOTS);
		return -E2BIG;
	}
	if (!live->kern)
		return 0;
	err = live_state_ready(live, rs, ds);
	if (!err)
		err = kernel_error(fw_kern_counters_reserve(live->kern, rs->next_slot), "make counters", ds);
	if (!err && fw_ruleset_rejects(rs))
		err = kernel_error(fw_kern_need_reject(live->kern), "answer rejected packets", ds);
	if (!err && fw_ruleset_answers(rs) && fw_kern_host_attached(live->kern))
		err = host_error(fw_kern_host_answer(live->kern, true, &why), why, ds);
	if (!err && has_rates(rs))
		err = kernel_error(fw_kern_buckets_reserve(live->kern), "make room for rates", ds);
	if (!err)
		err = kernel_error(fw_kern_sync(live->kern), "take the tables", ds);
	return err;
}

uint32_t fw_live_next_generation(const struct fw_live *live)
{
	uint32_t now = live->kern ? fw_kern_generation(live->kern) : live->now ? live->now->image.generation : 0;

	return now == UINT32_MAX ? 1 : now + 1;
}

/* Without a kernel the owner publishes. */
static int publish_once(const struct fw_live *live, const struct fw_image *image)
{
	return live->kern ? fw_kern_publish(live->kern, image->root, image->generation) : 0;
}

void live_publish(const struct fw_live *live, const struct fw_image *image)
{
	int tries = 0;

	/* Memory may be short for a moment. */
	while (publish_once(live, image)) {
		if (++tries == TRIES && live->options.hooks.stuck)
			live->options.hooks.stuck(live->options.ctx);
		usleep(PAUSE_US);
	}
}

int live_publish_first(const struct fw_live *live, const struct fw_image *image, struct fw_diags *ds)
{
	return kernel_error(publish_once(live, image), "put the new tables in the place of the old ones", ds);
}
