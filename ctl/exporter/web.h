/* SPDX-License-Identifier: GPL-2.0-only */
/* The HTTP server: a thread for each connection. */
#ifndef EXPORTER_WEB_H
#define EXPORTER_WEB_H

#include "clients.h"
#include "host.h"
#include "scrape.h"

struct MHD_Daemon;

struct web {
	const struct settings *settings;
	struct scrapes scrapes;
	struct clients clients;
	struct hosts hosts;
	struct MHD_Daemon *daemon;
	char *cert, *key; /* NULL: plain HTTP */
	pthread_t starter;
	char complaint[256]; /* of the library, to who starts it */
};

/* @fd: listens; the server's from now on, also on failure. 0, or -errno with a diagnostic. */
int web_start(struct web *w, const struct settings *c, int fd, struct fw_diags *ds);
/* Closes all connections and waits for their threads. */
void web_stop(struct web *w);

#endif
