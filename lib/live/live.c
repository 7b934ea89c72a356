// SPDX-License-Identifier: GPL-2.0-only
/* A ruleset with its tables, and what there is of it: the live one and those that wait to be freed. */
#include "fw/tables.h"

#include "internal.h"

void fw_compiled_free(struct fw_compiled *c)
{
	if (!c)
		return;
	fw_image_free(&c->image);
	if (c->free) {
		c->free(c);
		return;
	}
	fw_ruleset_free(c->rs);
	free(c);
}

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

int fw_live_compile(const struct fw_live *live, struct fw_compiled *c, struct fw_diags *ds)
{
	int err = fw_ruleset_order(c->rs);

	if (!err)
		err = fw_tables_compile(c->rs, live->pool, &live->options.compile, ds, &c->image);
	return err;
}
