/* SPDX-License-Identifier: GPL-2.0-only */
/* One request of an agent to fwd, blocking: for the worker of local_fwd.c. */
#ifndef AGENT_FWD_REQUEST_H
#define AGENT_FWD_REQUEST_H

#include "local.h"

#include "fw/client.h"

#define FWD_REQUEST_SECONDS 300 /* for which fwd may say nothing: another load may be under way */

void fwd_request(struct fw_client *c, const struct local_request *request, struct local_answer *out);

#endif
