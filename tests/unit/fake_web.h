/* SPDX-License-Identifier: GPL-2.0-only */
/* A small HTTP server on the loop of the test: what it answers is a function, and may be anything but HTTP. */
#ifndef FW_FAKE_WEB_H
#define FW_FAKE_WEB_H

#include "fw/fleet/http.h"

struct fake_web;
struct fake_answer {
	const char *text; /* all bytes, with status line and headers; NULL: it says nothing */
	size_t len;       /* 0: strlen(text) */
	size_t piece;     /* bytes that are sent at once, a piece each millisecond; 0: all */
	bool keep;        /* the connection stays open afterwards */
};
/* @request: headers and body, ended by NUL. */
typedef struct fake_answer fake_answer_fn(void *ctx, const char *request);

/* Listens on a free port of 127.0.0.1; url: http://127.0.0.1:PORT. */
struct fake_web *fake_web_open(struct fw_loop *loop, struct fw_http *timers, fake_answer_fn *answer, void *ctx);
const char *fake_web_url(const struct fake_web *web);
void fake_web_close(struct fake_web *web);

/* The headers of an answer with a body of any length, which ends with the connection. */
#define FAKE_OK "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

#endif
