/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client side of fwd's socket, blocking: a request is sent, and the reply received message by message, so that a list of a
 * million rules passes through the buffer of one message. Never prints.
 */
#ifndef FW_CLIENT_H
#define FW_CLIENT_H

#include "fw/wire.h"

#define FW_CLIENT_SOCKET "/run/fwd/fwd.sock" /* the default */
#define FW_CLIENT_MESSAGE_MAX (256u << 20)   /* bytes of a reply's message; fwd sends no larger ones */

/* A connection. One thread at a time. */
struct fw_client;

/**
 * fw_client_open - connect
 * @timeout: seconds that connecting may take, and that sending or receiving may make no progress; 0: no limit
 * @out:     closed with fw_client_close(); untouched on failure
 * Return: 0, -ENAMETOOLONG, -ETIMEDOUT, -ENOMEM, or -errno of socket() and connect().
 */
int fw_client_open(const char *path, unsigned timeout, struct fw_client **out);
void fw_client_close(struct fw_client *c); /* NULL is fine */
/* Of a connection that another thread sends to or receives from: that ends with an error. */
void fw_client_abort(struct fw_client *c);
void fw_client_closep(struct fw_client **c);

/**
 * fw_client_send - a request
 * @parts: the first is the JSON object of arguments
 *
 * It is no error if fwd hangs up before it has read everything: fw_client_next() returns the reason.
 * Return: 0, -EMSGSIZE or -EPROTO (beyond the limits of requests; nothing was sent), -ETIMEDOUT, -ENOMEM, -errno of send().
 */
int fw_client_send(struct fw_client *c, enum fw_request kind, const struct fw_part *parts, unsigned nparts);

/**
 * fw_client_next - the next message of the reply; the last one is of kind FW_REPLY_END
 * @out: has at least one part; valid until the next call or fw_client_close()
 * Return: 0, -ECONNRESET (the connection ended), -EPROTO (this is no message), -ETIMEDOUT, -ENOMEM, -errno of recv().
 */
int fw_client_next(struct fw_client *c, const struct fw_message **out);

#endif
