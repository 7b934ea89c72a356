/* SPDX-License-Identifier: GPL-2.0-only */
/* Which requests are read. */
#ifndef FWD_ADMISSION_H
#define FWD_ADMISSION_H

#include "connection.h"

/* By the header alone: may the body be read? false: the reply tells why not. */
bool admission_check(struct connection *c);

#endif
