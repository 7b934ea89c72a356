/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's side of fwd's socket, blocking: a request goes out, and the
 * reply comes back message by message, so that a list of a million rules passes
 * through a buffer of one message. Never prints.
 */
#ifndef FW_CLIENT_H
#define FW_CLIENT_H

#include "fw/wire.h"

#define FW_CLIENT_SOCKET "/run/fwd/fwd.sock" /* unless somebody says otherwise */
#define FW_CLIENT_MESSAGE_MAX (256u << 20)   /* bytes of a message of a reply; a larger one is none of fwd's */

/* A connection. One thread at a time. */
struct fw_client;

/**
 * fw_client_open - connect
 * @timeout: seconds that connecting may take, and sending or receiving may stand still; 0: no limit
 * @out:     closed with fw_client_close(); untouched on failure
 * Return: 0, -ENAMETOOLONG, -ETIMEDOUT, -ENOMEM, or -errno of socket() and connect().
 */
int fw_client_open(const char *path, unsigned timeout, struct fw_client **out);
void fw_client_close(struct fw_client *c); /* NULL is fine */
void fw_client_closep(struct fw_client **c);

/**
 * fw_client_send - a request
 * @parts: the first is the JSON object of arguments
 *
 * When fwd hangs up before it has read everything it is no error: fwd has said why, fw_client_next() tells.
 * Return: 0, -EMSGSIZE or -EPROTO (no request may be like this; nothing was sent), -ETIMEDOUT, -ENOMEM, -errno of send().
 */
int fw_client_send(struct fw_client *c, enum fw_request kind, const struct fw_part *parts, unsigned nparts);

/**
 * fw_client_next - the next message of the reply; the one of kind FW_REPLY_END is the last
 * @out: has at least one part; borrowed, until the next call or fw_client_close()
 * Return: 0, -ECONNRESET (the connection ended first), -EPROTO (that is no message), -ETIMEDOUT, -ENOMEM, -errno of recv().
 */
int fw_client_next(struct fw_client *c, const struct fw_message **out);

#endif
