/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a fleet's files are published (fw/fleet/manifest.h): a folder, or a URL whose server takes PUT, as WebDAV and object
 * stores do. Each function prints why it failed.
 */
#ifndef FWCTL_SITE_H
#define FWCTL_SITE_H

#include "fw/fleet/http.h"

struct site;
/* How files are read and written: one table for folders, one for URLs. */
struct site_kind {
	int (*get)(struct site *s, const char *name, size_t max, char **bytes, size_t *len);
	int (*put)(struct site *s, const char *name, const void *bytes, size_t len);
	void (*close)(struct site *s);
};
struct site {
	const struct site_kind *kind;
	const char *to;                          /* as the user gave it */
	int folder;                              /* O_DIRECTORY; -1: a URL */
	int lock;                                /* held while it is open for writing; -1: none */
	void *curl;                              /* of a URL */
	const struct fw_http_identity *identity; /* of a URL; NULL: the system's authorities */
};

/**
 * site_open - a folder that exists, or a URL
 * @write: something will be put there: nobody else publishes to the same folder meanwhile. Servers have no lock
 * Return: 0 or -errno; @out is to be closed in any case.
 */
int site_open(const char *to, bool write, struct site *out);
void site_close(struct site *s);
/* The bytes of a file, at most @max; free() them. 0; -ENOENT, which is not printed: there is none; -errno. */
int site_get(struct site *s, const char *name, size_t max, char **bytes, size_t *len);
/* A new file, or one in place of another, in one step; it is on the disk then, or where the server keeps it. 0 or -errno. */
int site_put(struct site *s, const char *name, const void *bytes, size_t len);

int site_folder_open(const char *path, bool write, struct site *out);
int site_url_open(const char *url, struct site *out);

#endif
