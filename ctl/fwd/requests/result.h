/* SPDX-License-Identifier: GPL-2.0-only */
/* The result of a change or a load. */
#ifndef FWD_RESULT_H
#define FWD_RESULT_H

#include "request.h"

/*
 * Ends the reply.
 * @lines: objects to send before END, unless it failed; if they are many they are taken, and sent in pieces
 * @load:  with the fields that only a load has
 */
void result_end(struct request *req, const struct engine_result *r, struct fw_buf *lines, bool load);

#endif
