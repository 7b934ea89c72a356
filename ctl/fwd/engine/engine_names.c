// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers of interfaces are given back when no rule uses them, so that they never run out. A packet may be under way with a
 * number, or be looked up in tables that know it, so a grace period passes before the name is lost and the kernel is told, and
 * another one before the number is given out again. As long as something waits to be confirmed, the names that it may bring back
 * are kept.
 */
#include "engine_internal.h"

#include <string.h>

/* The store may keep this many more names than twice those in use. */
#define STORED_BESIDES 64

static bool is_nobodys(void *ctx, uint32_t ifindex, uint32_t number)
{
	const struct fw_ruleset *rs = ctx;

	return number >= rs->nifaces || !rs->ifaces[number].name;
}

/* From now on no packet gets a number without a name, not even on interfaces that were deleted while no process was watching. */
static void tell_kernel(struct engine *e)
{
	int err = ifaces_renumber(e);

	if (!err)
		err = fw_kern_ifaces_forget(e->kern, is_nobodys, e->live->now->rs);
	/* Without that the numbers stay in use. The next change tries again. */
	e->names_told = !err;
	e->names_stuck = err;
}

/* Would a grace period give numbers back? */
static bool some_idle(const struct engine *e)
{
	const struct fw_ruleset *rs = e->live->now->rs;

	return !e->names_stuck && (rs->ifaces_parting || (rs->ifaces_idle && !e->confirm.by));
}

bool names_wanted(const struct engine *e)
{
	return some_idle(e) || ifaces_changed(e);
}

void names_wait(struct engine *e)
{
	struct fw_ruleset *rs = e->live->now->rs;

	ifaces_wait(e);
	if (rs->ifaces_parting && !e->names_told && !e->names_stuck)
		tell_kernel(e);
	fw_ruleset_ifaces_wait(rs, !e->confirm.by, e->names_told);
}

void names_part(struct engine *e)
{
	struct fw_ruleset *rs = e->live->now->rs;

	ifaces_settle(e);
	if (fw_ruleset_ifaces_part(rs, !e->confirm.by))
		tell_kernel(e);
	/* A restart reads all of them. If they cannot be written now, that is done with the next new name. */
	if (!rs->ifaces_parting && e->names_stored > 2 * rs->ifaces_named + STORED_BESIDES)
		names_write(e, rs, NULL);
}
