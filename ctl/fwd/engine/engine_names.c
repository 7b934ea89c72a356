// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of interfaces by number: kept in the store, since the tables that a
 * process before left behind have its numbers, and given back when no rule uses
 * them, so that they never run out. A packet may be on its way with a number, or
 * be looked up in tables that know it, so a grace period passes before the name
 * is lost and the kernel told so, and another before the number is given again.
 * What waits to be confirmed keeps the names that it may bring back.
 */
#include "engine_internal.h"

#include <string.h>

#define SETTING \
	"interfaces" /* names by number, one a line; where a number is nobody's, one that no interface can have */
/* So many more names than there are may be stored, and as many again. */
#define STORED_BESIDES 64

static int write_names(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	int err;

	for (size_t i = 0; i < rs->nifaces; i++)
		if (rs->ifaces[i].name)
			fw_buf_printf(&b, "%s\n", rs->ifaces[i].name);
		else
			fw_buf_printf(&b, "/%zu\n", i);
	if (b.failed)
		return -ENOMEM;
	err = store_set(e->store, SETTING, b.text ? b.text : "", ds);
	if (err)
		return err;
	e->names_stored = rs->ifaces_named;
	fw_ruleset_ifaces_settle(rs);
	return 0;
}

int names_store(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds)
{
	e->names_stuck = false;
	return rs->ifaces_fresh ? write_names(e, rs, ds) : 0;
}

int names_restore(struct engine *e, struct fw_ruleset *rs)
{
	fw_autofree char *names = NULL;
	char *save = NULL;
	int err = store_get(e->store, SETTING, &names);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (char *name = strtok_r(names, "\n", &save); name && !err; name = strtok_r(NULL, "\n", &save))
		err = fw_ruleset_iface_append(rs, name[0] == '/' ? NULL : name);
	fw_ruleset_ifaces_settle(rs);
	return err;
}

static bool is_nobodys(void *ctx, uint32_t ifindex, uint32_t number)
{
	const struct fw_ruleset *rs = ctx;

	return number >= rs->nifaces || !rs->ifaces[number].name;
}

/* Packets that come from now on have no number that is nobody's: also of interfaces that went while no process looked. */
static void tell_kernel(struct engine *e)
{
	int err = ifaces_renumber(e);

	err = err ? err : fw_kern_ifaces_forget(e->kern, is_nobodys, e->live->now->rs);
	/* Without that the numbers stay held. The next change tries again. */
	e->names_told = !err;
	e->names_stuck = err;
}

bool names_wanted(const struct engine *e)
{
	const struct fw_ruleset *rs = e->live->now->rs;

	return !e->names_stuck && (rs->ifaces_parting || (rs->ifaces_idle && !e->confirm.by));
}

void names_wait(struct engine *e)
{
	struct fw_ruleset *rs = e->live->now->rs;

	if (rs->ifaces_parting && !e->names_told && !e->names_stuck)
		tell_kernel(e);
	fw_ruleset_ifaces_wait(rs, !e->confirm.by, e->names_told);
}

void names_part(struct engine *e)
{
	struct fw_ruleset *rs = e->live->now->rs;

	if (fw_ruleset_ifaces_part(rs, !e->confirm.by))
		tell_kernel(e);
	/* A restart reads them all. If they cannot be written now, they are when there are new ones. */
	if (!rs->ifaces_parting && e->names_stored > 2 * rs->ifaces_named + STORED_BESIDES)
		write_names(e, rs, NULL);
}
