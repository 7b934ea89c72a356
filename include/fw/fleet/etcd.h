/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few calls of etcd that a fleet needs, by its JSON gateway (etcd 3.4 and newer, /v3/...), on fw_http. An operation is tried on
 * the endpoints in turn until one answers or its time is over. Keys and values are bytes; here they are texts without NUL.
 */
#ifndef FW_FLEET_ETCD_H
#define FW_FLEET_ETCD_H

#include "fw/fleet/http.h"

#define FW_ETCD_ENDPOINTS 16
#define FW_ETCD_VALUE (64u << 10) /* bytes of a value, at most: pointers and reports, never rules */

struct fw_etcd_settings {
	const char *endpoints;       /* URLs, separated by commas */
	const char *user, *password; /* NULL or empty: none */
	struct fw_http_identity identity;
	double timeout; /* seconds of an operation, over all endpoints */
};

struct fw_etcd;
/* @settings and what it points to outlive it. 0; -EINVAL with a diagnostic: not URLs; -ENOMEM. */
int fw_etcd_open(struct fw_http *http, const struct fw_etcd_settings *settings, struct fw_etcd **out,
		 struct fw_diags *ds);
void fw_etcd_close(struct fw_etcd *e); /* ends its operations and watches without a call; NULL is fine */
/* Ends the operations that were started with this @ctx, without a call. */
void fw_etcd_forget(struct fw_etcd *e, const void *ctx);

struct fw_etcd_pair {
	const char *key, *value; /* value NULL: the key was deleted (of a watch) */
	uint64_t modified;       /* revision of its last change */
	uint64_t lease;          /* 0: none */
};
struct fw_etcd_answer {
	int err; /* 0; -ECANCELED: a condition of a transaction did not hold; -EACCES; -ENOENT: the lease is gone; otherwise no endpoint answered */
	const char *why;   /* of an error, for people */
	uint64_t revision; /* of the store when it answered */
	uint64_t lease;    /* that was granted */
	const struct fw_etcd_pair *pairs;
	size_t n;
};
typedef void fw_etcd_done(void *ctx, const struct fw_etcd_answer *a);

/* Reads a key, or with @prefix all keys that begin with it, in pages; @done gets all. Linearizable. 0 or -ENOMEM, as all below. */
int fw_etcd_get(struct fw_etcd *e, const char *key, bool prefix, fw_etcd_done *done, void *ctx);
/* The same of all keys that begin with @prefix, as they were at a revision; -EINVAL if etcd has forgotten it. */
int fw_etcd_get_past(struct fw_etcd *e, const char *prefix, uint64_t revision, fw_etcd_done *done, void *ctx);

/*
 * A transaction: if all conditions hold, all changes are made. If a member dies while it answers, the transaction may have been made
 * and be tried again: then -ECANCELED may come from its own change. -E2BIG: more than 128 of either, or a value above FW_ETCD_VALUE.
 */
struct fw_etcd_if {
	const char *key;
	uint64_t modified; /* the key's revision is this; 0: it does not exist */
};
struct fw_etcd_put {
	const char *key, *value; /* value NULL: delete it */
	uint64_t lease;          /* 0: none */
};
int fw_etcd_txn(struct fw_etcd *e, const struct fw_etcd_if *ifs, unsigned nifs, const struct fw_etcd_put *puts,
		unsigned nputs, fw_etcd_done *done, void *ctx);

/* A lease that ends @seconds after its last keepalive. keepalive of one that is gone: -ENOENT. */
int fw_etcd_lease_grant(struct fw_etcd *e, unsigned seconds, fw_etcd_done *done, void *ctx);
int fw_etcd_lease_keepalive(struct fw_etcd *e, uint64_t lease, fw_etcd_done *done, void *ctx);
int fw_etcd_lease_revoke(struct fw_etcd *e, uint64_t lease, fw_etcd_done *done, void *ctx);

/*
 * Follows some keys for as long as it is open: reads them, calls changed() with each that exists, then watches from that revision;
 * after a lost connection, a lost leader or a compaction it does so again, on another endpoint, after a pause that grows to 30 s with
 * jitter. So changed() may repeat a value, but the last call for a key is its present value.
 */
struct fw_etcd_watch;
struct fw_etcd_watching {
	const char *const *keys; /* up to 8 */
	unsigned nkeys;
	void (*changed)(void *ctx, const struct fw_etcd_pair *pair);
	/* All keys were read: those that changed() was not called for do not exist. */
	void (*synced)(void *ctx, uint64_t revision);
	/* The connection was lost, or could not be made, with @why, at each failure; or all keys are followed (NULL). May be NULL. */
	void (*connection)(void *ctx, const char *why);
	void *ctx;
};
int fw_etcd_watch(struct fw_etcd *e, const struct fw_etcd_watching *w, struct fw_etcd_watch **out);
void fw_etcd_watch_close(struct fw_etcd_watch *w); /* NULL is fine */

#endif
