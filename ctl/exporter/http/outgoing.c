// SPDX-License-Identifier: GPL-2.0-only
/* Sending a page: what to make next, and compression. */
#include "outgoing.h"

#include "gzip.h"

#include <string.h>

#define BLOCK 65536 /* bytes that are made before they are compressed */

struct outgoing {
	struct scrape *scrape;
	struct gzip *gzip; /* NULL: not compressed */
	struct fw_buf packed;
	size_t at;     /* bytes of @packed that were sent */
	bool finished; /* the rest of the page is in @packed */
};

struct outgoing *outgoing_new(struct scrape *scrape, bool gzip)
{
	struct outgoing *o = calloc(1, sizeof(*o));

	if (!o) {
		scrape_free(scrape);
		return NULL;
	}
	o->scrape = scrape;
	if (!gzip || !gzip_new(&o->gzip))
		return o;
	outgoing_free(o);
	return NULL;
}

void outgoing_free(struct outgoing *o)
{
	if (!o)
		return;
	scrape_free(o->scrape);
	gzip_free(o->gzip);
	fw_buf_free(&o->packed);
	free(o);
}

/* Compresses what was made. @last: the page ends with it. Return: 0 or -ENOMEM. */
static int pack(struct outgoing *o, bool last)
{
	const char *text;
	size_t len;
	int err;

	text = scrape_text(o->scrape, &len);
	err = gzip_add(o->gzip, text, len, last, &o->packed);
	scrape_take(o->scrape, len);
	return err;
}

char *outgoing_whole(struct outgoing *o, size_t *len)
{
	if (!o->gzip)
		return scrape_steal(o->scrape, len);
	if (pack(o, true))
		return NULL;
	*len = o->packed.len;
	return fw_take(o->packed.text);
}

static ssize_t copy(const char *text, size_t len, char *buf, size_t max)
{
	size_t n = len < max ? len : max;

	if (n)
		memcpy(buf, text, n);
	return (ssize_t)n;
}

static ssize_t next_plain(struct outgoing *o, char *buf, size_t max)
{
	const char *text;
	size_t len;
	bool done;
	ssize_t n;
	int err = scrape_fill(o->scrape, 1, &done);

	if (err)
		return err;
	text = scrape_text(o->scrape, &len);
	n = copy(text, len, buf, max);
	scrape_take(o->scrape, (size_t)n);
	return n;
}

static ssize_t next_packed(struct outgoing *o, char *buf, size_t max)
{
	ssize_t n;

	while (o->at == o->packed.len && !o->finished) {
		int err = scrape_fill(o->scrape, BLOCK, &o->finished);

		o->at = o->packed.len = 0;
		if (!err)
			err = pack(o, o->finished);
		if (err)
			return err;
	}
	n = copy(o->packed.text + o->at, o->packed.len - o->at, buf, max);
	o->at += (size_t)n;
	return n;
}

ssize_t outgoing_next(struct outgoing *o, char *buf, size_t max)
{
	return o->gzip ? next_packed(o, buf, max) : next_plain(o, buf, max);
}
