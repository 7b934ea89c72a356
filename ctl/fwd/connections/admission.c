// SPDX-License-Identifier: GPL-2.0-only
/* A request is refused by its header if that is invalid, if its user lacks the right, or if there is no room for it. */
#include "admission.h"

#include "room.h"

#include "ctl/fwd/history.h"

/* Bytes of a request that are counted: for smaller ones, the number of connections is limit enough. */
#define LARGE 65536

/* true: the request is of a kind that exists, and of a size that it may have. */
static bool is_valid(struct connection *c)
{
	struct reply *r = &c->request.reply;
	const char *why = NULL;

	if (!fw_wire_request_check(&c->request.header, &why))
		return true;
	r->last = true;
	reply_fail(r, NULL, "not a request of fwd " FW_VERSION ": %s", why);
	return false;
}

/* Changes of chains that a group of the user owns are asked for as other changes, and checked when they are made. */
static bool owns_chain(const struct connection *c)
{
	fw_autofree uint32_t *owners = NULL;
	size_t n = 0;

	return c->request.header.kind == FW_REQ_CHANGE && !request_owners(&c->request, &owners, &n) && n;
}

static bool has_right(struct connection *c)
{
	const struct fw_request_info *info = &fw_request_info[c->request.header.kind];

	c->request.admin = connection_is_admin(c);
	if (info->right == FW_RIGHT_READ || c->request.admin || owns_chain(c))
		return true;
	history_say(c->fwd, &(struct history_event){ RECORD_DENIED, request_who(&c->request), info->name, true,
						     "only root and the admin group may" });
	reply_deny(&c->request.reply, "only root and members of the group '%s' may ask for '%s'",
		   c->fwd->config.admin_group, info->name);
	return false;
}

static bool has_room(struct connection *c)
{
	struct reply *r = &c->request.reply;
	uint32_t bytes = c->request.header.bytes;
	char why[SHARES_WHY];

	if (bytes <= LARGE)
		return true;
	if (room_make(c->fwd, c->share, SHARE_REQUEST, bytes, why)) {
		connection_hold(c, SHARE_REQUEST, bytes);
		return true;
	}
	r->last = true;
	reply_fail(r, NULL, "%s", why);
	return false;
}

bool admission_check(struct connection *c)
{
	if (is_valid(c) && has_right(c) && has_room(c))
		return true;
	c->state = CONNECTION_REPLY;
	return false;
}
