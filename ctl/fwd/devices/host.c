// SPDX-License-Identifier: GPL-2.0-only
/* Attaching the host's hooks, and keeping them attached. */
#include "host.h"

#include "ctl/fwd/history.h"
#include "fw/attach_needs.h"
#include "fw/json.h"

#include <string.h>

#define WHAT "the host's hooks"

static void say(struct fwd *d, bool refused, const char *why)
{
	history_say(d, &(struct history_event){ RECORD_ATTACH, { 0 }, WHAT, refused, why });
}

/* What rules reject is answered as long as there are such rules, and the table that filters on old kernels is kept there. 0, or -errno with a diagnostic. */
static int answer(struct fwd *d, struct fw_diags *ds)
{
	const char *why = NULL;
	int err = fw_kern_host_answer(engine_kern(d->engine), fw_ruleset_answers(engine_ruleset(d->engine)), &why);

	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, why,
			    "rules that reject or set marks cannot be applied at the host's hooks: %s", strerror(-err));
	return err;
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
	if (!err)
		err = answer(d, ds);
	if (err)
		fw_kern_detach_host(engine_kern(d->engine));
	h->state = err ? HOST_FAILED : HOST_ATTACHED;
	if (err)
		snprintf(h->error, sizeof(h->error), "%s", ds->n > first ? ds->d[first].message : strerror(-err));
	return err;
}

/* While the table is missing, packets are dropped instead of rejected, and no marks are set. */
static void keep_answering(struct fwd *d, struct host *h)
{
	uint64_t before, after;
	struct fw_diags ds = { .n = 0 };
	int err;

	fw_kern_host_answers(engine_kern(d->engine), &before);
	err = answer(d, &ds);
	fw_kern_host_answers(engine_kern(d->engine), &after);
	if (err && !h->error[0])
		say(d, true, ds.n ? ds.d[0].message : strerror(-err));
	else if (after != before)
		say(d, false, "somebody deleted the table fwd_host: it is back");
	snprintf(h->error, sizeof(h->error), "%s", err && ds.n ? ds.d[0].message : "");
}

bool host_settle(struct fwd *d, struct host *h)
{
	struct fw_diags ds = { .n = 0 };
	bool lost = h->state == HOST_ATTACHED;
	char before[sizeof(h->error)];

	/* A load prepares what its rules need, in another thread: devices_tick() looks again. */
	if (!h->wish || engine_busy(d->engine))
		return false;
	if (h->state == HOST_ATTACHED && fw_kern_host_holds(engine_kern(d->engine))) {
		keep_answering(d, h);
		return false;
	}
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
	if (h->wish || !fw_kern_host_attached(engine_kern(d->engine)))
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
	uint64_t restored;

	bool answers = fw_kern_host_answers(engine_kern(d->engine), &restored);

	return json_pack("{ss ss so so sb sI}", "state", states[h->state], "by",
			 fw_kern_host_by_table(engine_kern(d->engine)) ? "table" : "link", "error",
			 fw_json_text(h->error[0] ? h->error : NULL), "warning", fw_json_text(warning(d, h)), "answers",
			 answers, "restored", (json_int_t)restored);
}
