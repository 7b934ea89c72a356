/* SPDX-License-Identifier: GPL-2.0-only */
/* The server side of fwd's socket, for unit tests: answers each request with the same bytes, all of them or a part. */
#ifndef FW_TEST_FAKE_FWD_H
#define FW_TEST_FAKE_FWD_H

#include "fw/text.h"
#include "fw/wire.h"

#include <pthread.h>

struct fake_fwd {
	char folder[32], path[48];
	int fd, wake[2];
	pthread_t thread;
	const char *bytes; /* of the reply */
	size_t len;        /* how many of them are sent; then the connection is closed, */
	bool hangs;        /* or kept open */
	pthread_mutex_t lock;
	char request[512]; /* the arguments of the last one */
	enum fw_request kind;
	unsigned requests;
};

/* Borrows @bytes. */
void fake_fwd_start(struct fake_fwd *f, const char *bytes, size_t len, bool hangs);
void fake_fwd_stop(struct fake_fwd *f);

/* Appends a message with one part, or with two if @part1 is not NULL. */
void fake_message(struct fw_buf *b, enum fw_reply kind, const char *part0, const char *part1);

#endif
