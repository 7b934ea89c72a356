// SPDX-License-Identifier: GPL-2.0-only
/* The live ruleset, and everything that waits to be freed: made and freed. */
#include "internal.h"

int fw_live_new(const struct fw_live_options *options, struct fw_live **out)
{
	struct fw_live *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->options = *options;
	live->kern = options->kern;
	live->pool = options->kern ? fw_kern_pool(options->kern) : options->pool;
	*out = live;
	return 0;
}

static void retired_free(struct fw_live_retired *list)
{
	while (list) {
		struct fw_live_retired *next = list->next;

		live_retired_free(list);
		list = next;
	}
}

/* Nothing is synced any more, so segments stay in the kernel's maps. */
void fw_live_free(struct fw_live *live)
{
	if (!live)
		return;
	retired_free(live->running);
	retired_free(live->waiting);
	fw_compiled_free(live->now);
	free(live);
}
