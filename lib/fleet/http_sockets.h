/* SPDX-License-Identifier: GPL-2.0-only */
/* libcurl's multi interface on fw_loop: the sockets that it waits for, and when it wants to be called. */
#ifndef FW_LIB_FLEET_HTTP_SOCKETS_H
#define FW_LIB_FLEET_HTTP_SOCKETS_H

#include "timer.h"

#include <curl/curl.h>

struct http_socket;
struct http_sockets {
	CURLM *multi;
	struct fw_timers timers; /* libcurl's, and others */
	struct fw_timer timer;   /* libcurl's */
	struct http_socket *all, *spare;
	void (*served)(struct http_sockets *s); /* after each call of libcurl that may have moved bytes */
};

/* @s: its served is set, the rest is 0. 0, -ENOMEM, -errno. The loop outlives it. */
int http_sockets_open(struct http_sockets *s, struct fw_loop *loop);
/* All requests have ended. */
void http_sockets_close(struct http_sockets *s);

#endif
