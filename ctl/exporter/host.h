/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which host a request is for: its target and its Host header, as in RFC 9112, section 3.2. In a DNS rebinding attack a
 * browser sends the name of the attacker's site; only requests for our own names are answered. Pure but for hosts_init().
 */
#ifndef EXPORTER_HOST_H
#define EXPORTER_HOST_H

#include <stdbool.h>
#include <stddef.h>

struct hosts {
	const char *names; /* of the setting, separated by commas; borrowed */
	char own[1024];    /* of the machine, in the same form */
	bool any;          /* all are allowed: a Unix socket, which no browser reaches */
};

/* The machine's names: its host name, alone and with the search domains of its resolver, and its names in /etc/hosts. */
void hosts_init(struct hosts *h, const char *names, bool any);
/*
 * Is the request for us? @host of @len bytes is NAME, ADDRESS or [ADDRESS], with or without :PORT. An address is always
 * allowed, since no other site can claim it, and so is localhost. NULL: a request of HTTP/1.0, which no browser sends.
 */
bool hosts_allow(const struct hosts *h, const char *host, size_t len);
/* Is it names of hosts, separated by commas? */
bool hosts_valid(const char *names);

/* A target in absolute form, http://HOST/PATH, names the host; in any other form @host is NULL. */
struct target {
	const char *host, *path;
	size_t len; /* of @host */
};
struct target target_of(const char *url);

#endif
