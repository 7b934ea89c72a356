/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON of etcd's gateway: keys and values in base64, 64-bit numbers as strings, members that are 0 or false left out. */
#ifndef FW_LIB_FLEET_ETCD_JSON_H
#define FW_LIB_FLEET_ETCD_JSON_H

#include "fw/fleet/etcd.h"

/* Codes of gRPC, of errors. */
enum etcd_code {
	ETCD_OK = 0,
	ETCD_INVALID = 3,
	ETCD_NOT_FOUND = 5,
	ETCD_FORBIDDEN = 7,
	ETCD_PRECONDITION = 9,
	ETCD_COMPACTED = 11,
	ETCD_UNAVAILABLE = 14,
	ETCD_UNAUTHENTICATED = 16,
};

/* What an answer says, of whatever kind. Zero-initialised is empty. */
struct etcd_reply {
	struct fw_region texts; /* of pairs, token and message */
	struct fw_etcd_pair *pairs;
	size_t n, cap;
	uint64_t revision, lease, ttl;
	bool succeeded; /* a transaction's conditions held */
	bool more;      /* there are further keys */
	bool created;   /* of a watch: it follows a key from now on */
	bool canceled;  /* of a watch: it has ended */
	const char *token;
	int code;            /* enum etcd_code, of an error */
	const char *message; /* of an error, and why a watch was canceled; NULL: none */
};

/* Adds what a JSON object says; pairs are appended. 0; -EPROTO: it is no answer of etcd's; -ENOMEM. */
int etcd_reply_add(struct etcd_reply *r, const char *text, size_t len);
void etcd_reply_free(struct etcd_reply *r);

/* These write the bodies of requests. */
void etcd_put_credentials(struct fw_buf *b, const char *user, const char *password);
void etcd_put_range(struct fw_buf *b, const char *key);
/* The first @limit keys that begin with @prefix, after the key @after, or NULL, as they were at @revision, or 0: now. */
void etcd_put_page(struct fw_buf *b, const char *prefix, const char *after, unsigned limit, uint64_t revision);
void etcd_put_txn(struct fw_buf *b, const struct fw_etcd_if *ifs, unsigned nifs, const struct fw_etcd_put *puts,
		  unsigned nputs);
/* A transaction that only reads. */
void etcd_put_reads(struct fw_buf *b, const char *const *keys, unsigned n);
void etcd_put_watch(struct fw_buf *b, const char *key, uint64_t revision);

#endif
