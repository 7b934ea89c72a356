/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests: who may make them, what carries them out. */
#ifndef FWD_REQUEST_H
#define FWD_REQUEST_H

#include "client.h"

/* By the header alone: may the body be read? false: the client has been told. */
bool request_allowed(struct client *c);
/* The request is complete: carries it out, or lets it wait for a load to be over. */
void request_begin(struct client *c);
/* From now on the loop's time is the request's. */
void request_doing(struct client *c);
/* It is done, or its client is gone: lets go of all that it holds. */
void request_forget(struct client *c);
/* Its handler runs when the engine is not busy any more. */
void request_wait(struct client *c);
/* Some of those that waited, until one of them starts a load. true: there are more that could go on at once. */
bool requests_resume(struct fwd *d);

/* One for each request; each ends the reply, or leaves somebody behind who will: c->stream, c->reporter or c->child. */
void handle_status(struct client *c);
void handle_list(struct client *c);
void handle_counters(struct client *c);
void handle_reset(struct client *c);
void handle_save(struct client *c);
void handle_classify(struct client *c);
void handle_change(struct client *c);
void handle_load(struct client *c);
void handle_confirm(struct client *c);
void handle_undo(struct client *c);
void handle_history(struct client *c);
void handle_flush(struct client *c);
void handle_attach(struct client *c);
void handle_detach(struct client *c);
void handle_metrics(struct client *c);

#endif
