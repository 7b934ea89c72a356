// SPDX-License-Identifier: GPL-2.0-only
/* What is done with every request. */
#include "request.h"

#include "ctl/fwd/base/peer.h"
#include "ctl/fwd/engine/engine.h"
#include "ctl/fwd/engine/owners.h"
#include "ctl/fwd/owner.h"

int request_decode(struct request *req, struct fw_diags *ds)
{
	req->message = malloc(sizeof(*req->message));
	if (!req->message)
		return -ENOMEM;
	if (fw_wire_decode(&req->header, req->body, req->message)) {
		req->reply.last = true;
		return fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the parts of the request do not fill it");
	}
	return args_decode((enum fw_request)req->header.kind, req->message->part[0].data, req->message->part[0].len, ds,
			   &req->args);
}

void request_doing(struct request *req)
{
	fw_loop_doing(&req->fwd->loop, fw_request_info[req->header.kind].name);
}

void request_step(struct request *req)
{
	request_doing(req);
	req->reply.stream->step(req, req->reply.stream);
}

void request_wake(struct request *req)
{
	req->woken = req->fwd->server.woken = true;
}

struct record_who request_who(const struct request *req)
{
	struct record_who who;

	peer_of(req->fd, &who);
	return who;
}

static bool is_in(void *ctx, uint32_t group)
{
	return peer_is_in(((const struct request *)ctx)->fd, group);
}

int request_owners(const struct request *req, uint32_t **out, size_t *n)
{
	return owners_of(engine_ruleset(req->fwd->engine), is_in, (void *)req, out, n);
}

const char *request_owner(const struct request *req)
{
	return owner_but(req->fwd, peer_uid(req->fd));
}

void request_end(struct request *req)
{
	if (req->reporter)
		*req->reporter = NULL;
	reply_stop(&req->reply);
	args_free(&req->args);
	free(req->message);
	free(req->body);
	*req = (struct request){ .fwd = req->fwd, .fd = req->fd, .reply = req->reply };
}
