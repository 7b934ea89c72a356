/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom a request means: its target and its Host header, after RFC 9112, 3.2. A browser that some site has led here by a name
 * of that site (DNS rebinding) says that name; only names that are ours are answered. Pure but for hosts_init().
 */
#ifndef EXPORTER_HOST_H
#define EXPORTER_HOST_H

#include <stdbool.h>
#include <stddef.h>

struct hosts {
	const char *names; /* of the setting, with commas between; borrowed */
	char own[1024];    /* the machine's, likewise */
	bool any;          /* a Unix socket: nobody is led there */
};

/* The machine's names are its host name, alone, with the domains that its resolver searches, and as /etc/hosts has it. */
void hosts_init(struct hosts *h, const char *names, bool any);
/*
 * Is it us? @host of @len bytes is NAME, ADDRESS or [ADDRESS], with :PORT behind or without. An address is always: nobody
 * else can have it lead here. So is localhost; NULL is a request of HTTP/1.0, which no browser sends.
 */
bool hosts_allow(const struct hosts *h, const char *host, size_t len);
/* Is it names of hosts with commas between? */
bool hosts_valid(const char *names);

/* A target in absolute form, http://HOST/PATH, says the host itself; in any other @host is NULL. */
struct target {
	const char *host, *path;
	size_t len; /* of @host */
};
struct target target_of(const char *url);

#endif
