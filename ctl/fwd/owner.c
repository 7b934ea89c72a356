// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/fwd/owner.h"

#include "ctl/fwd/base/peer.h"
#include "ctl/fwd/engine/owners.h"
#include "fw/log.h"

#include <unistd.h>

#define NOBODY ((uid_t)-1)

void owner_open(struct fwd *d)
{
	d->owner = d->config.owner[0] ? peer_user(d->config.owner) : NOBODY;
	if (d->config.owner[0] && d->owner == NOBODY)
		fw_log("there is no user '%s', who the setting `owner` says owns the ruleset: nobody may change it",
		       d->config.owner);
}

static bool has_owner(const struct fwd *d)
{
	return d->config.owner[0] && (!d->config.local[0] || access(d->config.local, F_OK));
}

const char *owner_but(const struct fwd *d, uid_t uid)
{
	return has_owner(d) && (uid == NOBODY || uid != d->owner) ? d->config.owner : NULL;
}

/* Writes down that it was refused, for the first of the diagnostics. Return: -EPERM. */
static int refused(struct fwd *d, const struct history_event *e, const struct fw_diags *ds)
{
	struct history_event r = *e;
	char why[RECORD_WHY];

	r.refused = true;
	r.why = record_diag(why, sizeof(why), ds, -EPERM);
	history_say(d, &r);
	return -EPERM;
}

int owner_check(struct fwd *d, const struct history_event *e, const char *verb, struct fw_diags *ds)
{
	const char *owner = owner_but(d, e->who.uid);

	if (!owner)
		return 0;
	owners_refuse(owner, verb, ds);
	return refused(d, e, ds);
}

int owner_check_waiting(struct fwd *d, const struct history_event *e, const char *verb, uid_t by, struct fw_diags *ds)
{
	struct history_event r = *e;
	char what[RECORD_WHAT + 16];

	if (!has_owner(d) || by == NOBODY || by == e->who.uid)
		return 0;
	fw_diag_add(ds, (struct fw_place){ 0 },
		    "it is undone by itself if it is not confirmed: `fwctl status` says when",
		    "uid %u has begun '%s', and alone may %s it", by, e->what, verb);
	snprintf(what, sizeof(what), "%s: %s", verb, e->what);
	r.what = what;
	return refused(d, &r, ds);
}
