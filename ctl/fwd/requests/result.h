/* SPDX-License-Identifier: GPL-2.0-only */
/* How a change or a load went, as END. */
#ifndef FWD_RESULT_H
#define FWD_RESULT_H

#include "request.h"

/*
 * @lines: objects that come before it, not when it failed; where they are many they are taken over and sent in pieces
 * @load:  with the fields that only a load has
 */
void result_end(struct request *req, const struct engine_result *r, struct fw_buf *lines, bool load);

#endif
