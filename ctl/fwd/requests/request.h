/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request and its reply. A handler (handlers.h) reads the one and fills the other; it knows nothing of connections. When it returns, the
 * reply has ended, or something is left that will end it: a stream (reply.stream), a job that reports to the request
 * (@reporter), a child process (@long_reply), or the same handler, run @again.
 */
#ifndef FWD_REQUEST_H
#define FWD_REQUEST_H

#include "ctl/fwd/base/args.h"
#include "long_reply.h"
#include "reply.h"
#include "ctl/fwd/fwd.h"

struct request {
	struct fwd *fwd;
	int fd; /* of the connection: for request_who() */
	struct fw_wire_head header;
	char *body;
	struct fw_message *message; /* points into @body */
	struct args args;
	struct reply reply;
	struct request **reporter;    /* where a job that reports to this request keeps it; NULL: none does */
	struct long_reply long_reply; /* to be written by a child process; .write NULL: none is */
	bool admin;                   /* who asks may change everything */
	bool again;                   /* run the handler again when the engine is not busy any more */
	bool asked;                   /* the engine was asked to undo, and the reply waits for it */
	bool waited;                  /* the change needed a grace period, and waited for it */
	bool woken;                   /* see request_wake() */
};

/* Decodes the body. 0, or -errno, perhaps with diagnostics; it sets reply.last if the connection cannot be used any more. */
int request_decode(struct request *req, struct fw_diags *ds);
/* From now on the loop's time is the request's. */
void request_doing(struct request *req);
/* The next part of the reply, of one that is a stream. */
void request_step(struct request *req);
/* Something was added to the reply outside of the handler and of a stream's step: it can be sent. */
void request_wake(struct request *req);
/* The process that asks, while its connection is open. */
struct record_who request_who(const struct request *req);
/* The groups that own chains and that who asks is in, as of owners_of(). 0 or -ENOMEM. */
int request_owners(const struct request *req, uint32_t **out, size_t *n);
/* The user, other than who asks, that owns the ruleset; NULL: there is none. */
const char *request_owner(const struct request *req);
/* It is done, or nobody waits for the reply any more: frees all that it holds, except reply.out, for the next request. */
void request_end(struct request *req);

#endif
