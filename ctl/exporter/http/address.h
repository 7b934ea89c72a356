/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket that the server listens on. */
#ifndef EXPORTER_ADDRESS_H
#define EXPORTER_ADDRESS_H

#include "ctl/exporter/settings.h"

/*
 * The socket from the service manager, or one at the address and port, or the path, of the settings. Return: its descriptor, or
 * -errno with a diagnostic.
 */
int address_listen(const struct settings *c, struct fw_diags *ds);
/* Is it a Unix socket? */
bool address_is_unix(int fd);
/* Where it listens, as in a URL: "127.0.0.1:9479", "[::1]:9479"; or "unix:PATH". Return: @buf. */
#define ADDRESS_TEXT 128
const char *address_text(int fd, char buf[ADDRESS_TEXT]);

#endif
