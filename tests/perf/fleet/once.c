// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done once for all hosts, in place of two functions of the library (by the linker). A real host has a CPU and the memory
 * to keep, check and decompress a large object; thousands of them in one process have not, and that is not what is measured. So
 * that is done for the first host only. To the others all bytes of it are sent, too, but counted and dropped; the simulated fwd
 * does not look at them. Small objects, manifests, signatures and reports are each host's own.
 */
#include "fw/fleet/http.h"
#include "fw/fleet/snapshot.h"

#include <string.h>

#define OBJECTS_MAX 16
#define LARGE (1u << 20)

int __real_fw_object_open(const struct fw_object *about, const void *bytes, size_t len, void **out, char why[256]);
int __wrap_fw_object_open(const struct fw_object *about, const void *bytes, size_t len, void **out, char why[256]);
int __real_fw_http_start(struct fw_http *h, const struct fw_http_request *request, struct fw_http_call **out);
int __wrap_fw_http_start(struct fw_http *h, const struct fw_http_request *request, struct fw_http_call **out);

static const char dropped[] = ""; /* stands for bytes that were dropped */

int __wrap_fw_object_open(const struct fw_object *about, const void *bytes, size_t len, void **out, char why[256])
{
	if (bytes != dropped || len != about->bytes)
		return __real_fw_object_open(about, bytes, len, out, why);
	*out = calloc(1, 1);
	return *out ? 0 : -ENOMEM;
}

/* A request whose bytes are only counted. One that is cancelled leaves this behind. */
struct counted {
	void (*done)(void *ctx, const struct fw_http_answer *a);
	void *ctx;
	size_t len;
};

static int count(void *ctx, const char *bytes, size_t len)
{
	((struct counted *)ctx)->len += len;
	return 0;
}

static void counted_done(void *ctx, const struct fw_http_answer *a)
{
	struct counted *c = ctx;
	struct fw_http_answer all = *a;

	if (!a->err && a->status == 200) {
		all.body = dropped;
		all.len = c->len;
	}
	c->done(c->ctx, &all);
	free(c);
}

/* Is it a large object that another host has asked for before? */
static bool is_known(const struct fw_http_request *request)
{
	static char *urls[OBJECTS_MAX];
	static unsigned n;

	if (request->max < LARGE || !strstr(request->url, "/object/"))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(urls[i], request->url))
			return true;
	if (n < OBJECTS_MAX)
		urls[n++] = strdup(request->url);
	return false;
}

int __wrap_fw_http_start(struct fw_http *h, const struct fw_http_request *request, struct fw_http_call **out)
{
	struct fw_http_request other = *request;
	struct counted *c = is_known(request) ? malloc(sizeof(*c)) : NULL;
	int err;

	if (!c)
		return __real_fw_http_start(h, request, out);
	*c = (struct counted){ request->done, request->ctx, 0 };
	other.part = count;
	other.done = counted_done;
	other.ctx = c;
	err = __real_fw_http_start(h, &other, out);
	if (err)
		free(c);
	return err;
}
