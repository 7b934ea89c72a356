/* SPDX-License-Identifier: GPL-2.0-only */
/* Who does something to a fleet. */
#ifndef FWCTL_AUTHOR_H
#define FWCTL_AUTHOR_H

#include <stddef.h>

/* "NAME@HOST" of whoever runs this. */
void author_of_this(char *out, size_t size);

#endif
