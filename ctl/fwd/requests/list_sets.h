/* SPDX-License-Identifier: GPL-2.0-only */
/* The request `list` for sets. */
#ifndef FWD_LIST_SETS_H
#define FWD_LIST_SETS_H

#include "request.h"

/* Lists all sets, or the one that the arguments name. */
void sets_list(struct request *req);

#endif
