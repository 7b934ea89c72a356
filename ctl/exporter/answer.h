/* SPDX-License-Identifier: GPL-2.0-only */
/* What the server answers to a request that is whole. */
#ifndef EXPORTER_ANSWER_H
#define EXPORTER_ANSWER_H

#include "web.h"

struct MHD_Connection;

struct request {
	struct web *web;
	struct client *client;
	struct MHD_Connection *connection;
	const char *path, *method, *version; /* of HTTP */
};

/* Return: enum MHD_Result: MHD_NO closes the connection. */
int answer_request(const struct request *r);
/* Of a request that is refused before it is whole: a status with one line of text. */
int answer_text(struct MHD_Connection *connection, unsigned status, const char *text);
/* Refuses a request that means another host, or says two. Return: as answer_request(), MHD_YES also when nothing is to be said. */
int answer_host(const struct request *r, const struct target *t);
/* Is the method one that is answered? */
bool answer_method(const char *method);

#endif
