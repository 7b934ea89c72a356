// SPDX-License-Identifier: GPL-2.0-only
/* The numbers of a page but for the rules. */
#include "snapshot.h"

#include "fw/rule.h"

#include <string.h>

#define INTERFACES_MAX 4096

/* clang-format off */
const struct snapshot_hook snapshot_hooks[FW_NPROGS] = {
#define SNAPSHOT_HOOK(sym, name, direction) [FW_PROG_##sym] = { name, direction },
	FW_PROGS(SNAPSHOT_HOOK)
#undef SNAPSHOT_HOOK
};
/* clang-format on */

void snapshot_free(struct snapshot *snap)
{
	json_decref(snap->status);
	fw_fleet_status_free(&snap->fleet);
	free(snap->traffic);
	*snap = (struct snapshot){ 0 };
}

static bool is(const char *word, const char *name, size_t len)
{
	return strlen(word) == len && !memcmp(word, name, len);
}

int snapshot_hook(const char *name, size_t len)
{
	for (int i = 0; i < FW_NPROGS; i++)
		if (is(snapshot_hooks[i].name, name, len))
			return i;
	return -1;
}

int snapshot_reason(const char *name, size_t len)
{
	for (int i = 0; i < FW_NREASONS; i++)
		if (is(fw_reason_info[i].name, name, len))
			return i;
	return -1;
}

static struct snapshot_traffic *find(struct snapshot *snap, const char *interface)
{
	for (size_t i = 0; i < snap->ntraffic; i++)
		if (!strcmp(snap->traffic[i].interface, interface))
			return &snap->traffic[i];
	return NULL;
}

int snapshot_add_traffic(struct snapshot *snap, const char *interface, int hook, enum fw_verdict verdict,
			 uint64_t packets)
{
	struct snapshot_traffic *t = find(snap, interface);

	if (!t) {
		struct snapshot_traffic new = { .interface = "" };

		if (snap->ntraffic == INTERFACES_MAX)
			return -E2BIG;
		snprintf(new.interface, sizeof(new.interface), "%s", interface);
		if (fw_vec_push(snap->traffic, snap->ntraffic, snap->cap, new))
			return -ENOMEM;
		t = &snap->traffic[snap->ntraffic - 1];
	}
	t->there[hook] = true;
	t->packets[hook][verdict] += packets;
	return 0;
}
