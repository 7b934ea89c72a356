// SPDX-License-Identifier: GPL-2.0-only
/* The table of what carries requests out, and the queue of those that wait. Rights and limits stand in fw/wire.h. */
#include "request.h"

#include "forked.h"
#include "ctl/fwd/history.h"

#include <string.h>

#define LARGE \
	65536 /* bytes of a request that are counted: of smaller ones, the number of connections is limit enough */
#define RESUME_TIME 0.004 /* seconds of a round for those that waited */

static const struct handler {
	void (*run)(struct client *c);
	bool waits; /* while a load is under way */
} handlers[FW_NREQUESTS] = {
	[FW_REQ_STATUS] = { handle_status, false },     [FW_REQ_LIST] = { handle_list, false },
	[FW_REQ_COUNTERS] = { handle_counters, false }, [FW_REQ_RESET] = { handle_reset, true },
	[FW_REQ_SAVE] = { handle_save, false },         [FW_REQ_CLASSIFY] = { handle_classify, false },
	[FW_REQ_CHANGE] = { handle_change, true },      [FW_REQ_LOAD] = { handle_load, true },
	[FW_REQ_CONFIRM] = { handle_confirm, true },    [FW_REQ_FLUSH] = { handle_flush, true },
	[FW_REQ_ATTACH] = { handle_attach, true },      [FW_REQ_DETACH] = { handle_detach, true },
	[FW_REQ_METRICS] = { handle_metrics, false },   [FW_REQ_UNDO] = { handle_undo, true },
	[FW_REQ_HISTORY] = { handle_history, false },
};

/* Is there room for a request of this length? */
static bool fits(struct client *c)
{
	char why[200];

	if (c->header.bytes <= LARGE)
		return true;
	if (shares_room(c->fwd, c->share, SHARE_REQUEST, c->header.bytes, why, sizeof(why))) {
		shares_hold(c, SHARE_REQUEST, c->header.bytes);
		return true;
	}
	c->closing = true;
	c->state = CLIENT_REPLY;
	client_fail(c, NULL, "%s", why);
	return false;
}

bool request_allowed(struct client *c)
{
	const char *why = NULL;

	if (fw_wire_request_check(&c->header, &why)) {
		c->closing = true;
		c->state = CLIENT_REPLY;
		client_fail(c, NULL, "not a request of fwd " FW_VERSION ": %s", why);
		return false;
	}
	if (fw_request_info[c->header.kind].right == FW_RIGHT_CHANGE && !client_is_admin(c)) {
		const struct record_who who = client_who(c);

		c->state = CLIENT_REPLY;
		history_say(c->fwd, RECORD_DENIED, &who, fw_request_info[c->header.kind].name, true,
			    "only root and the admin group may");
		client_deny(c, "only root and members of the group '%s' may ask for '%s'", c->fwd->config.admin_group,
			    fw_request_info[c->header.kind].name);
		return false;
	}
	return fits(c);
}

static int decode(struct client *c, struct fw_diags *ds)
{
	c->message = malloc(sizeof(*c->message));
	if (!c->message)
		return -ENOMEM;
	if (fw_wire_decode(&c->header, c->body, c->message)) {
		c->closing = true;
		return fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the parts of the request do not fill it");
	}
	return args_decode((enum fw_request)c->header.kind, c->message->part[0].data, c->message->part[0].len, ds,
			   &c->args);
}

/* Root's before others', else in the order in which they came; one that was tried already was the first. */
static bool goes_before(const struct client *a, const struct client *c)
{
	bool root = c->share->rank == SHARE_ROOT;

	return a->share->rank == SHARE_ROOT ? !root || !c->waited : !root && !c->waited;
}

void request_wait(struct client *c)
{
	struct client **at = &c->fwd->waiting;

	while (*at && goes_before(*at, c))
		at = &(*at)->waits;
	c->waits = *at;
	*at = c;
}

/* Unless too much of what its user was told already lies unread. */
static void run(struct client *c)
{
	char why[200];

	if (shares_room(c->fwd, c->share, SHARE_REPLY, 1, why, sizeof(why)))
		handlers[c->header.kind].run(c);
	else
		client_fail(c, NULL, "%s", why);
}

void request_doing(struct client *c)
{
	loop_doing(&c->fwd->loop, fw_request_info[c->header.kind].name);
}

void request_begin(struct client *c)
{
	const struct handler *h = &handlers[c->header.kind];
	struct fw_diags ds = { .n = 0 };
	int err = decode(c, &ds);

	request_doing(c);
	c->state = CLIENT_REPLY;
	if (err)
		client_fail_errno(c, &ds, "cannot read the request", err);
	else if (h->waits && (engine_busy(c->fwd->engine) || c->fwd->waiting))
		request_wait(c);
	else
		run(c);
}

static void leave(struct client **queue, const struct client *c)
{
	while (*queue && *queue != c)
		queue = &(*queue)->waits;
	if (*queue)
		*queue = c->waits;
}

void request_forget(struct client *c)
{
	leave(&c->fwd->waiting, c);
	leave(&c->fwd->waiting_long, c);
	if (c->reporter)
		*c->reporter = NULL;
	forked_forget(c);
	c->reporter = NULL;
	c->asked = c->waited = false;
	args_free(&c->args);
	free(fw_take(c->message));
}

bool requests_resume(struct fwd *d)
{
	double end = fw_now() + RESUME_TIME;

	while (d->waiting && !engine_busy(d->engine) && fw_now() < end) {
		struct client *c = d->waiting;

		d->waiting = c->waits;
		c->waits = NULL;
		request_doing(c);
		run(c);
		client_pump(c);
	}
	return d->waiting && !engine_busy(d->engine);
}
