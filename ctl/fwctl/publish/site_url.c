// SPDX-License-Identifier: GPL-2.0-only
/* A server that takes PUT: nginx with its dav module, other WebDAV servers, object stores. By libcurl. */
#include "site.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"

#include <curl/curl.h>
#include <string.h>

#define STALLED_SECONDS 30L
#define CONNECT_SECONDS 10L

/* A request on its way. */
struct transfer {
	const char *name, *url; /* URL with what it was made of */
	const char *bytes;      /* to send */
	size_t len, at;
	CURL *curl;
	struct fw_buf got; /* received, of an answer with status 200 */
	size_t max;
	bool too_large;
	char why[CURL_ERROR_SIZE];
};

/* What to do about an answer that is no success. */
static const struct {
	long status;
	const char *hint;
} hints[] = {
	{ 401, "give user and password in ~/.netrc" },
	{ 403, "the server does not let this user write there" },
	{ 404, "the server has to make folders, too; of nginx: create_full_put_path on" },
	{ 405, "the server has to take PUT; of nginx: dav_methods PUT" },
	{ 409, "the server has to make folders, too; of nginx: create_full_put_path on" },
	{ 411, "the server has to take PUT of a whole file" },
	{ 413, "the server has to take larger files; of nginx: client_max_body_size" },
	{ 501, "the server has to take PUT; publish to a folder, and copy it there" },
	{ 507, "the server's disk is full" },
};

static size_t send_bytes(char *out, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t some = t->len - t->at < size * n ? t->len - t->at : size * n;

	memcpy(out, t->bytes + t->at, some);
	t->at += some;
	ctl_progress("%s: %zu of %zu bytes sent", t->name, t->at, t->len);
	return some;
}

static int rewind_bytes(void *ctx, curl_off_t offset, int origin)
{
	struct transfer *t = ctx;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > t->len)
		return CURL_SEEKFUNC_CANTSEEK;
	t->at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t take_bytes(char *bytes, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return size * n;
	t->too_large = size * n > t->max - t->got.len;
	if (t->too_large)
		return 0;
	fw_buf_add(&t->got, bytes, size * n);
	return t->got.failed ? 0 : size * n;
}

static void transfer_end(struct transfer *t)
{
	fw_buf_free(&t->got);
	free((char *)t->url);
}

static void set_file(CURL *curl, CURLoption option, const char *path)
{
	if (path && *path)
		curl_easy_setopt(curl, option, path);
}

static int transfer_begin(struct site *s, const char *name, struct transfer *t)
{
	size_t len = strlen(s->to);
	char *url;

	if (asprintf(&url, "%s%s%s", s->to, len && s->to[len - 1] == '/' ? "" : "/", name) < 0)
		return -ENOMEM;
	t->name = name;
	t->curl = s->curl;
	t->url = url;
	curl_easy_reset(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_URL, url);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "fwctl/" FW_VERSION);
	curl_easy_setopt(s->curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);
	curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, t);
	if (s->identity) {
		set_file(s->curl, CURLOPT_CAINFO, s->identity->ca);
		/* With authorities of one's own, those of the system are not trusted. */
		if (s->identity->ca && *s->identity->ca)
			curl_easy_setopt(s->curl, CURLOPT_CAPATH, NULL);
		set_file(s->curl, CURLOPT_SSLCERT, s->identity->cert);
		set_file(s->curl, CURLOPT_SSLKEY, s->identity->key);
	}
	return 0;
}

/* Carries it out. Return: 0 with the status of the answer, or -errno, which is printed. */
static int transfer_run(struct site *s, struct transfer *t, long *status)
{
	CURLcode code = curl_easy_perform(s->curl);

	ctl_progress_end();
	if (!code) {
		curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, status);
		return 0;
	}
	if (t->too_large)
		ctl_error("%s: it has more than %zu bytes", t->url, t->max);
	else
		ctl_error("%s: %s", t->url, *t->why ? t->why : curl_easy_strerror(code));
	return t->too_large ? -EFBIG : -EIO;
}

static int refused(const struct transfer *t, const char *what, long status)
{
	ctl_error("%s: the server answers %s with %ld", t->url, what, status);
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (hints[i].status == status)
			ctl_hint("%s", hints[i].hint);
	return -EPROTO;
}

static int url_get(struct site *s, const char *name, size_t max, char **bytes, size_t *len)
{
	fw_cleanup(transfer_end) struct transfer t = { .max = max };
	struct curl_slist *headers = curl_slist_append(NULL, "Cache-Control: no-cache");
	long status = 0;
	int err = transfer_begin(s, name, &t);

	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, headers);
	if (!err)
		err = transfer_run(s, &t, &status);
	curl_slist_free_all(headers);
	if (err || status == 404)
		return err ? err : -ENOENT;
	if (status != 200)
		return refused(&t, "GET", status);
	fw_buf_add(&t.got, "", 0);
	*len = t.got.len;
	*bytes = fw_take(t.got.text);
	return 0;
}

/* Is there now a file of this length? Some servers answer every request with success. */
static int check_length(struct site *s, const char *name, size_t len)
{
	fw_cleanup(transfer_end) struct transfer t = { .max = 0 };
	curl_off_t got = -1;
	long status = 0;
	int err = transfer_begin(s, name, &t);

	curl_easy_setopt(s->curl, CURLOPT_NOBODY, 1L);
	if (!err)
		err = transfer_run(s, &t, &status);
	if (err)
		return err;
	if (status != 200)
		return refused(&t, "HEAD, after it took the file,", status);
	curl_easy_getinfo(s->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &got);
	if (got < 0 || (size_t)got == len)
		return 0;
	ctl_error("%s: the server took %zu bytes, but has %lld", t.url, len, (long long)got);
	return -EPROTO;
}

static int url_put(struct site *s, const char *name, const void *bytes, size_t len)
{
	fw_cleanup(transfer_end) struct transfer t = { .bytes = bytes, .len = len, .max = 65536 };
	long status = 0;
	int err = transfer_begin(s, name, &t);

	curl_easy_setopt(s->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(s->curl, CURLOPT_READFUNCTION, send_bytes);
	curl_easy_setopt(s->curl, CURLOPT_READDATA, &t);
	curl_easy_setopt(s->curl, CURLOPT_SEEKFUNCTION, rewind_bytes);
	curl_easy_setopt(s->curl, CURLOPT_SEEKDATA, &t);
	curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
	if (!err)
		err = transfer_run(s, &t, &status);
	if (err)
		return err;
	if (status < 200 || status > 204)
		return refused(&t, "PUT", status);
	return check_length(s, name, len);
}

static void url_close(struct site *s)
{
	curl_easy_cleanup(s->curl);
	curl_global_cleanup();
}

int site_url_open(const char *url, struct site *out)
{
	static const struct site_kind kind = { url_get, url_put, url_close };

	curl_global_init(CURL_GLOBAL_DEFAULT);
	out->kind = &kind;
	out->curl = curl_easy_init();
	if (out->curl)
		return 0;
	ctl_error("out of memory");
	return -ENOMEM;
}
