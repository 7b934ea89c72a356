/* SPDX-License-Identifier: GPL-2.0-only */
/* A request to fwd, and where the parts of its answer are passed. */
#ifndef FWCTL_REQUEST_H
#define FWCTL_REQUEST_H

#include "reply.h"
#include "ctl/fwctl/output/diags.h"

#include "fw/client.h"

struct ctl_request {
	enum fw_request kind;
	json_t *args;                /* taken; NULL: none */
	const struct fw_part *parts; /* after the arguments */
	unsigned nparts;
	const struct ctl_source *sources; /* for diagnostics */
	bool raw;                         /* print LINES and END unchanged; `line` is not called then */
	bool raw_too;                     /* with raw: call `line` all the same, after it was printed */
	bool quiet;                       /* do not print a refusal */
	bool patient;                     /* do not print that the connection was lost */
	bool refused;                     /* out: fwd answered, and refused */
	bool lost;                        /* out: fwd ended before it answered */
	/* Each returns 0, or -errno to end the answer, after printing why. NULL: that part is dropped. */
	int (*line)(void *ctx, json_t *object);
	int (*text)(void *ctx, const char *text, size_t len);
	void (*progress)(void *ctx, json_t *object);
	void *ctx;
};

/* Connects and prints nothing. Return: 0 or -errno. */
int ctl_connect_try(const struct ctl_settings *s, struct fw_client **out);
/* Connects, or prints why not. Return: CTL_OK, CTL_NO_DAEMON, CTL_FAILED. */
enum ctl_exit ctl_connect(const struct ctl_settings *s, struct fw_client **out);
/**
 * ctl_request_send - sends a request and waits for the end of the answer
 * @end: the object of END, json_decref() it; set only when CTL_OK is returned; may be NULL
 * Return: CTL_OK, or CTL_FAILED after printing why.
 */
enum ctl_exit ctl_request_send(struct fw_client *c, struct ctl_request *request, json_t **end);
/* Connects, sends and disconnects. With --json the request is raw. Return: as ctl_connect() and ctl_request_send(). */
enum ctl_exit ctl_request_run(const struct ctl_settings *s, struct ctl_request *request, json_t **end);

#endif
