/* SPDX-License-Identifier: GPL-2.0-only */
/* What the server answers. */
#ifndef EXPORTER_ANSWER_H
#define EXPORTER_ANSWER_H

#include "web.h"

struct MHD_Connection;

struct request {
	struct web *web;
	struct connection *connection;
	struct MHD_Connection *mhd;
	const char *path, *method, *version; /* of HTTP */
};

/* Answers a complete request. Return: enum MHD_Result; MHD_NO closes the connection. */
int answer_request(const struct request *r);
/* Answers with a status and one line of text; for requests refused before they are complete, too. */
int answer_text(struct MHD_Connection *mhd, unsigned status, const char *text);
/* Refuses a request for another host, or with two Host headers. Return: as answer_request(); MHD_YES also if it is not refused. */
int answer_host(const struct request *r, const struct target *t);
/* Is it GET or HEAD? */
bool answer_method(const char *method);

#endif
