/* SPDX-License-Identifier: GPL-2.0-only */
/* The HTTP server: a thread for each connection. */
#ifndef EXPORTER_WEB_H
#define EXPORTER_WEB_H

#include "connections.h"
#include "ctl/exporter/host.h"
#include "ctl/exporter/scrape/scrape.h"

struct MHD_Daemon;

struct web {
	const struct settings *settings;
	struct scrapes scrapes;
	struct connections connections;
	struct hosts hosts;
	struct MHD_Daemon *daemon;
	char *cert, *key; /* NULL: plain HTTP */
	pthread_t starter;
	char complaint[256]; /* why the library does not start */
};

/* @fd: listens; taken, even on failure. Return: 0, or -errno with a diagnostic. */
int web_start(struct web *w, const struct settings *c, int fd, struct fw_diags *ds);
/* Closes all connections and waits for their threads. */
void web_stop(struct web *w);

#endif
