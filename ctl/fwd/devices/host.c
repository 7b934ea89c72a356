// SPDX-License-Identifier: GPL-2.0-only
/* Attaching the host's hooks, and keeping them attached. */
#include "host.h"

#include "ctl/fwd/history.h"
#include "fw/attach_needs.h"
#include "fw/json.h"

#include <string.h>

#define WHAT "the host's hooks"

/* How many links there are: two of each hook when all is well. */
static unsigned links(const struct fwd *d)
{
	struct fw_kern_attachment a;
	unsigned n = 0;

	for (size_t i = 0; fw_kern_attached(engine_kern(d->engine), i, &a); i++)
		n += a.family && !a.away;
	return n;
}

static void say(struct fwd *d, bool refused, const char *why)
{
	history_say(d, &(struct history_event){ RECORD_ATTACH, { 0 }, WHAT, refused, why });
}

int host_apply(struct fwd *d, struct host *h, struct fw_diags *ds)
{
	unsigned first = ds->n;
	int err;

	h->error[0] = '\0';
	h->state = HOST_OFF;
	if (!h->wish) {
		fw_kern_detach_host(engine_kern(d->engine));
		return 0;
	}
	err = fw_kern_attach_host(engine_kern(d->engine), ds);
	h->state = err ? HOST_FAILED : HOST_ATTACHED;
	if (err)
		snprintf(h->error, sizeof(h->error), "%s", ds->n > first ? ds->d[first].message : strerror(-err));
	return err;
}

bool host_settle(struct fwd *d, struct host *h)
{
	struct fw_diags ds = { .n = 0 };
	bool lost = h->state == HOST_ATTACHED;
	char before[sizeof(h->error)];

	if (!h->wish || (h->state == HOST_ATTACHED && links(d) == FW_HOST_LINKS))
		return false;
	memcpy(before, h->error, sizeof(before));
	if (!host_apply(d, h, &ds)) {
		say(d, false, lost ? "somebody detached them: they are attached again" : "filtered");
	} else if (strcmp(before, h->error) != 0) {
		say(d, true, h->error);
		d->attach_failures++;
	}
	return true;
}

bool host_adopt(struct fwd *d, struct host *h)
{
	if (h->wish || !links(d))
		return false;
	h->wish = true;
	say(d, false, "already filtered, though nothing in the store asks for it: they stay so");
	return true;
}

/* Says that rules or policies have no effect; NULL: they all have. */
static const char *warning(const struct fwd *d, const struct host *h)
{
	if (h->wish || !fw_attach_needs_host(engine_needs(d->engine), engine_ruleset(d->engine)))
		return NULL;
	return "the ruleset filters at input, forward or output, but nothing is attached there: fwctl attach --host";
}

json_t *host_json(const struct fwd *d, const struct host *h)
{
	static const char *const states[] = { "off", "attached", "failed" };

	return json_pack("{ss so so}", "state", states[h->state], "error", fw_json_text(h->error[0] ? h->error : NULL),
			 "warning", fw_json_text(warning(d, h)));
}
