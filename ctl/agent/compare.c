// SPDX-License-Identifier: GPL-2.0-only
#include "compare.h"

#include "bring.h"

#define EVERY 30.0 /* seconds between comparisons, at least, */
#define SHARE 20.0 /* and so many times what the last one took */

static void compared(struct agent *a, const struct local_answer *answer)
{
	bool refused = answer->err == -EINVAL; /* what is live cannot be it */

	free(a->bring.bytes);
	a->bring.bytes = NULL;
	a->cost = agent_now(a) - a->compared;
	if (answer->err && !refused) {
		agent_later(a, AGENT_ERROR_FWD, "fwd cannot compare: %s", answer->why);
		return;
	}
	agent_well(a);
	a->compare_done(a, refused || answer->differs);
}

static void snapshot_came(struct agent *a, int err, const char *why)
{
	const struct local_request request = {
		.kind = LOCAL_LOAD, .bytes = a->bring.bytes, .len = a->bring.object.size, .check = true
	};

	a->compared = agent_now(a);
	agent_ask(a, &request, &a->comparing, compared);
}

static void manifest_came(struct agent *a, int err, const char *why)
{
	if (err)
		agent_later(a, AGENT_ERROR_MANIFEST, "what runs cannot be compared: %s", why);
}

void compare_start(struct agent *a, const struct fw_generation *g, void (*done)(struct agent *a, bool differs))
{
	a->compare_done = done;
	a->comparing = *g;
	if (fw_generation_same(&a->bring.manifest.self, g))
		bring_object(a, &a->bring.manifest.snapshot, snapshot_came);
	else
		bring_known_manifest(a, g, manifest_came);
}

static void is_live(struct agent *a, bool differs)
{
	a->live = differs ? LIVE_OTHER : LIVE_SAME;
	if (differs) {
		a->other = a->seen;
		return;
	}
	a->record.mark = a->seen;
	agent_save(a);
}

bool compare_live(struct agent *a)
{
	double pause = a->cost * SHARE > EVERY ? a->cost * SHARE : EVERY;
	double left = a->compared > 0 ? a->compared + pause - agent_now(a) : 0;

	if (left > 0) {
		agent_wake(a, left);
		return false;
	}
	compare_start(a, &a->record.running, is_live);
	return true;
}
