/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations on etcd: a request that is tried on the endpoints in turn, with a token if there is a user. */
#ifndef FW_LIB_FLEET_ETCD_OP_H
#define FW_LIB_FLEET_ETCD_OP_H

#include "etcd_json.h"

#define ETCD_TOKEN 4096

struct fw_etcd {
	struct fw_http *http;
	const struct fw_etcd_settings *settings;
	char *endpoints[FW_ETCD_ENDPOINTS]; /* without a slash at the end */
	unsigned n;
	unsigned at;            /* the endpoint that is tried first */
	char token[ETCD_TOKEN]; /* empty: none */
	unsigned logins;        /* that succeeded */
	bool logging_in;
	struct etcd_op *ops;
	struct fw_etcd_watch *watches;
};

struct etcd_op {
	struct fw_etcd *etcd;
	struct etcd_op *next, **link;
	const char *path;
	struct fw_buf body;
	struct fw_http_call *call;
	struct fw_timer again;
	double deadline;
	unsigned tries, endpoint, logins, refused;
	bool waiting; /* for a token */
	bool failed;  /* answer says so */
	struct etcd_reply reply;
	struct fw_etcd_answer answer;
	char why[640];
	/* Makes @answer of @reply; true if another request follows, with the new @body. NULL: there is nothing to do. */
	bool (*take)(struct etcd_op *op);
	char *prefix; /* of a read of many keys */
	fw_etcd_done *done;
	void *ctx;
};

/* A new operation; the caller adds its body and starts it. NULL: out of memory. */
struct etcd_op *etcd_op_new(struct fw_etcd *e, const char *path, fw_etcd_done *done, void *ctx);
/* 0, or -ENOMEM: it is freed. */
int etcd_op_start(struct etcd_op *op);
/* Ends it without a call. */
void etcd_op_cancel(struct etcd_op *op);
/* Starts a request to an endpoint: fills in URL, headers and identity of @r. 0 or -ENOMEM. */
int etcd_request(struct fw_etcd *e, unsigned endpoint, const char *path, struct fw_http_request *r,
		 struct fw_http_call **out);
/* An endpoint has failed: others are to be tried first. */
void etcd_avoid(struct fw_etcd *e, unsigned endpoint);
/* 0.5 to 1.5 times @seconds. */
double etcd_jitter(double seconds);

#endif
