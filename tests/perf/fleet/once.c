// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done once for all hosts, in place of two functions of the library (by the linker). A real host has a CPU and the memory
 * to fetch, check and decompress an object; thousands of them in one process have not, and that is not what is measured. So each
 * object is kept, checked and decompressed for the first host only. To the others all of its bytes are sent, and dropped; the
 * simulated fwd does not look at them. Manifests, signatures and reports are each host's own.
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

static struct fw_sha256 right[OBJECTS_MAX];
static unsigned nright;

static bool is_right(const char *hex)
{
	for (unsigned i = 0; i < nright; i++)
		if (!strcmp(right[i].hex, hex))
			return true;
	return false;
}

int __wrap_fw_object_open(const struct fw_object *about, const void *bytes, size_t len, void **out, char why[256])
{
	void *all = NULL;
	int err;

	if (is_right(about->sha256.hex) && len == about->bytes) {
		*out = calloc(1, 1);
		return *out ? 0 : -ENOMEM;
	}
	err = __real_fw_object_open(about, bytes, len, &all, why);
	if (err)
		return err;
	if (nright < OBJECTS_MAX)
		right[nright++] = about->sha256;
	*out = all;
	return 0;
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

	if (!a->err && a->status == 200)
		all.len = c->len;
	c->done(c->ctx, &all);
	free(c);
}

/* Is it a large object that the first host has checked? */
static bool is_known(const struct fw_http_request *request)
{
	const char *slash = strrchr(request->url, '/');
	char hex[FW_SHA256_HEX + 1];

	if (!slash || request->max < LARGE)
		return false;
	snprintf(hex, sizeof(hex), "%s", slash + 1);
	return is_right(hex);
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
