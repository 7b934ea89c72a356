/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of chains and sets in our rules. */
#ifndef FW_IMPORT_IPT_OUT_H
#define FW_IMPORT_IPT_OUT_H

#include "lib/import/ipt.h"

/*
 * A name that our language takes, like @name, and that no other thing of its kind has. @kind: '@' of sets, '>' of chains.
 * NULL: out of memory, which is noted.
 */
const char *ipt_out_name(struct ipt *c, char kind, const char *name);

#endif
