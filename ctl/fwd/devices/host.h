/* SPDX-License-Identifier: GPL-2.0-only */
/* The host: netfilter's hooks of fwd's network namespace. Whether they are to be filtered, and whether they are. */
#ifndef FWD_HOST_H
#define FWD_HOST_H

#include "ctl/fwd/fwd.h"

enum host_state { HOST_OFF, HOST_ATTACHED, HOST_FAILED };

struct host {
	bool wish; /* somebody asked for it, and the store keeps it */
	enum host_state state;
	char error[512]; /* of HOST_FAILED */
};

/* Makes the kernel filter there as @h wants it. Idempotent. 0, or -errno with diagnostics: nothing has changed. */
int host_apply(struct fwd *d, struct host *h, struct fw_diags *ds);
/* Attaches again what was lost, after fw_kern_look(), and says so. true: something was done. */
bool host_settle(struct fwd *d, struct host *h);
/* At the start: what an earlier process has attached stays so, though nothing in the store asks for it. true: that is the case. */
bool host_adopt(struct fwd *d, struct host *h);
/* The object of docs/fwd.socket.md; NULL: memory is out. */
json_t *host_json(const struct fwd *d, const struct host *h);

#endif
