/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of fwd's socket: requests and replies, each a header and some parts. Numbers are little-endian. Part 0 is always a
 * JSON object (in FW_REPLY_LINES: JSON objects, one on each line); docs/fwd.socket.md describes their contents. Pure: nothing
 * here does I/O.
 *
 *	bytes after the header (u32) | kind (u16) | parts (u16) | { length (u32) | bytes } ...
 */
#ifndef FW_WIRE_H
#define FW_WIRE_H

#include "fw/base.h"

#define FW_WIRE_HEADER 8
#define FW_WIRE_PARTS 1024 /* at most, in one message */

/* LOG: packets of others can be read, and parts of what they carry. */
enum fw_right { FW_RIGHT_READ, FW_RIGHT_CHANGE, FW_RIGHT_LOG };

/* X(symbol, name, right that it needs, largest number of parts, of bytes) */
/* clang-format off */
#define FW_REQUESTS(X)                                                      \
	X(STATUS, "status", FW_RIGHT_READ, 1, 4096)                         \
	X(LIST, "list", FW_RIGHT_READ, 1, 65536)                            \
	X(COUNTERS, "counters", FW_RIGHT_READ, 1, 4096)                     \
	X(RESET, "reset", FW_RIGHT_CHANGE, 1, 65536)                        \
	X(SAVE, "save", FW_RIGHT_READ, 1, 4096)                             \
	X(CLASSIFY, "classify", FW_RIGHT_READ, 2, 16384)                    \
	X(CHANGE, "change", FW_RIGHT_CHANGE, FW_WIRE_PARTS, 256 << 20)      \
	X(LOAD, "load", FW_RIGHT_CHANGE, FW_WIRE_PARTS, 1 << 30)            \
	X(CONFIRM, "confirm", FW_RIGHT_CHANGE, 1, 4096)                     \
	X(FLUSH, "flush", FW_RIGHT_CHANGE, 1, 4096)                         \
	X(ATTACH, "attach", FW_RIGHT_CHANGE, 1, 4096)                       \
	X(DETACH, "detach", FW_RIGHT_CHANGE, 1, 4096)                       \
	X(METRICS, "metrics", FW_RIGHT_READ, 1, 4096)                       \
	X(UNDO, "undo", FW_RIGHT_CHANGE, 1, 4096)                           \
	X(HISTORY, "history", FW_RIGHT_READ, 1, 4096)                       \
	X(LOG, "log", FW_RIGHT_LOG, 1, 65536)

enum fw_request {
#define FW_REQUEST_ENUM(sym, name, right, parts, bytes) FW_REQ_##sym,
	FW_REQUESTS(FW_REQUEST_ENUM)
#undef FW_REQUEST_ENUM
	FW_NREQUESTS,
};
/* clang-format on */

/* A reply is any number of LINES, TEXT and PROGRESS, and one END. */
enum fw_reply {
	FW_REPLY_LINES = 256, /* part 0: JSON objects, one on each line */
	FW_REPLY_TEXT,        /* part 0: `{}`, of metrics {"pass"}; part 1: text */
	FW_REPLY_PROGRESS,    /* part 0: {"stage"} */
	FW_REPLY_END,         /* part 0: {"ok", "error", "diags", ...} */
};

struct fw_request_info {
	const char *name;
	enum fw_right right;
	uint32_t parts, bytes;
};
extern const struct fw_request_info fw_request_info[FW_NREQUESTS];

struct fw_part {
	const char *data;
	uint32_t len;
};
struct fw_message {
	uint16_t kind;
	uint16_t nparts;
	struct fw_part part[FW_WIRE_PARTS]; /* pointing into the decoded bytes */
};

/* A header's fields. */
struct fw_wire_head {
	uint32_t bytes;
	uint16_t kind, parts;
};
void fw_wire_head_read(const void *bytes, struct fw_wire_head *out);
/**
 * fw_wire_request_check - is this the header of a request, and within its limits?
 * @why: if not: what is wrong, a constant string
 * Return: 0, -EPROTO (no such request), -EMSGSIZE (more bytes or parts than it may have).
 */
int fw_wire_request_check(const struct fw_wire_head *head, const char **why);
/**
 * fw_wire_decode - the parts of a message
 * @body: the head->bytes bytes after the header; borrowed by @out
 * Return: 0, or -EPROTO: the parts do not fill the body exactly.
 */
int fw_wire_decode(const struct fw_wire_head *head, const void *body, struct fw_message *out);
/**
 * fw_wire_encode - a message as bytes
 * @out: free() it
 * Return: 0, -ENOMEM, -EMSGSIZE above 4 GiB or FW_WIRE_PARTS parts.
 */
int fw_wire_encode(uint16_t kind, const struct fw_part *parts, uint16_t nparts, char **out, size_t *len);

#endif
