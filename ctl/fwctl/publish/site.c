// SPDX-License-Identifier: GPL-2.0-only
/* Folders and URLs as one. */
#include "site.h"

#include <string.h>
#include <unistd.h>

int site_open(const char *to, bool write, struct site *out)
{
	bool url = !strncmp(to, "http://", 7) || !strncmp(to, "https://", 8);

	*out = (struct site){ .to = to, .folder = -1, .lock = -1 };
	return url ? site_url_open(to, out) : site_folder_open(to, write, out);
}

void site_close(struct site *s)
{
	if (s->kind)
		s->kind->close(s);
	s->kind = NULL;
}

int site_get(struct site *s, const char *name, size_t max, char **bytes, size_t *len)
{
	return s->kind->get(s, name, max, bytes, len);
}

int site_put(struct site *s, const char *name, const void *bytes, size_t len)
{
	return s->kind->put(s, name, bytes, len);
}
