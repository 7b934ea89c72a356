/* SPDX-License-Identifier: GPL-2.0-only */
/* An interface of fwd, as attach and status print it. */
#ifndef FWCTL_INTERFACE_H
#define FWCTL_INTERFACE_H

#include <jansson.h>

/* One line of text: name, state and how it is filtered. @o: as in "devices" of the status. */
void ctl_print_interface(const json_t *o);
/* The same of the host's hooks. @host: as in the status. */
void ctl_print_host(const json_t *host);

#endif
