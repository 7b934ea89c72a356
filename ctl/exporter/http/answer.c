// SPDX-License-Identifier: GPL-2.0-only
/* Answers: one function for each path. */
#include "answer.h"

#include "accept.h"
#include "outgoing.h"

#include <microhttpd.h>
#include <string.h>

#define WHOLE_MAX (2u << 20) /* larger pages are sent while they are made; bytes */
#define BLOCK 65536
#define HEADER_MAX 4096 /* bytes of an Accept header that are read */
#define TEXT "text/plain; charset=utf-8"

/* Takes @text; NULL: it could not be allocated. Return: NULL: out of memory. */
static struct MHD_Response *response_of(char *text, size_t len, const char *type)
{
	struct MHD_Response *r = text ? MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE) : NULL;

	if (!r)
		free(text);
	else
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return r;
}

static struct MHD_Response *response_of_buf(struct fw_buf *b, const char *type)
{
	size_t len = b->len;

	if (b->failed)
		fw_buf_free(b);
	return response_of(fw_take(b->text), len, type);
}

/* Takes @r; NULL: closes the connection. */
static int send_response(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *r)
{
	int queued;

	if (!r)
		return MHD_NO;
	queued = MHD_queue_response(mhd, status, r);
	MHD_destroy_response(r);
	return queued;
}

/* Headers of some refusals. */
static const struct extra {
	unsigned status;
	const char *name, *value;
} extras[] = {
	{ MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW, "GET, HEAD" },
	{ MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "5" },
	{ MHD_HTTP_BAD_REQUEST, MHD_HTTP_HEADER_CONNECTION, "close" },
	{ MHD_HTTP_MISDIRECTED_REQUEST, MHD_HTTP_HEADER_CONNECTION, "close" },
};

int answer_text(struct MHD_Connection *mhd, unsigned status, const char *text)
{
	fw_autofree char *line = fw_escaped(text);
	struct fw_buf b = { .failed = !line };
	struct MHD_Response *r;

	fw_buf_printf(&b, "%s\n", line ? line : "");
	r = response_of_buf(&b, TEXT);
	for (size_t i = 0; r && i < sizeof(extras) / sizeof(extras[0]); i++)
		if (extras[i].status == status)
			MHD_add_response_header(r, extras[i].name, extras[i].value);
	return send_response(mhd, status, r);
}

bool answer_method(const char *method)
{
	return !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
}

/* A header that may occur several times, joined by commas. */
struct header {
	const char *name;
	char value[HEADER_MAX];
};

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header *h = cls;
	size_t len = strlen(h->value);

	if (!strcasecmp(name, h->name) && value)
		snprintf(h->value + len, sizeof(h->value) - len, "%s%s", len ? "," : "", value);
	return MHD_YES;
}

/* Return: its value, or NULL: the request does not have it. */
static const char *header_read(struct header *h, struct MHD_Connection *mhd, const char *name)
{
	*h = (struct header){ .name = name };
	MHD_get_connection_values(mhd, MHD_HEADER_KIND, add_header, h);
	return h->value[0] ? h->value : NULL;
}

/* The Host headers of a request. */
struct host_header {
	const char *value; /* of the first */
	unsigned n;
};

static enum MHD_Result count_host(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct host_header *h = cls;

	if (strcasecmp(name, MHD_HTTP_HEADER_HOST) != 0)
		return MHD_YES;
	h->value = h->n++ ? h->value : value ? value : "";
	return MHD_YES;
}

int answer_host(const struct request *r, const struct target *t)
{
	struct host_header h = { .n = 0 };
	char text[512];
	const char *host;
	size_t len;

	MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, count_host, &h);
	if (h.n > 1)
		return answer_text(r->mhd, MHD_HTTP_BAD_REQUEST, "more than one Host header");
	host = t->host ? t->host : h.value;
	len = t->host ? t->len : host ? strlen(host) : 0;
	if (hosts_allow(&r->web->hosts, host, len))
		return MHD_YES;
	snprintf(text, sizeof(text),
		 "'%.*s' is not a name of this exporter: use an address or localhost, or start it with --host NAME",
		 (int)(len < 255 ? len : 255), host);
	return answer_text(r->mhd, MHD_HTTP_MISDIRECTED_REQUEST, text);
}

/* A page that is sent while it is made. */
struct streaming {
	struct outgoing *page;
	struct web *web;
	struct connection *connection;
};

static ssize_t next_piece(void *ctx, uint64_t pos, char *buf, size_t max)
{
	struct streaming *s = ctx;
	ssize_t n;

	connections_scrape_piece(&s->web->connections, s->connection, false);
	n = outgoing_next(s->page, buf, max);
	connections_scrape_piece(&s->web->connections, s->connection, true);
	/* An error ends the connection without the last chunk, so that no client takes it for a complete page. */
	return n > 0 ? n : n ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

/* The connection may be closed by now. */
static void free_streaming(void *ctx)
{
	struct streaming *s = ctx;

	outgoing_free(s->page);
	free(s);
}

/* How the client wants the page. */
struct wish {
	enum page_format format;
	bool gzip;
};

static struct wish wish_of(struct MHD_Connection *mhd)
{
	struct header h;
	struct wish w;

	w.format = accept_format(header_read(&h, mhd, MHD_HTTP_HEADER_ACCEPT));
	w.gzip = accept_gzip(header_read(&h, mhd, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	return w;
}

static int send_page(const struct request *r, const struct wish *w, struct MHD_Response *response)
{
	if (response) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
		if (w->gzip)
			MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	}
	return send_response(r->mhd, MHD_HTTP_OK, response);
}

/* A response that makes the page piece by piece. Takes @taken. Return: NULL: out of memory. */
static struct MHD_Response *streamed(const struct request *r, struct outgoing *taken, const char *type)
{
	struct streaming *s = calloc(1, sizeof(*s));
	struct MHD_Response *response = NULL;

	if (s) {
		*s = (struct streaming){ taken, r->web, r->connection };
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, next_piece, s, free_streaming);
	}
	if (!response) {
		outgoing_free(taken);
		free(s);
		return NULL;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return response;
}

/* Sends a page. One that is complete already is sent with its length, and lets the next scrape begin at once. */
static int send_scrape(const struct request *r, const struct wish *w, struct scrape *taken, bool done)
{
	struct outgoing *o = outgoing_new(taken, w->gzip);
	const char *type = page_content_type[w->format];
	char *text;
	size_t len;

	if (!o)
		return MHD_NO;
	if (!done)
		return send_page(r, w, streamed(r, o, type));
	text = outgoing_whole(o, &len);
	outgoing_free(o);
	connections_scrape_end(&r->web->connections, r->connection);
	return send_page(r, w, response_of(text, len, type));
}

static int send_metrics(const struct request *r, const struct wish *w)
{
	fw_cleanup(scrape_freep) struct scrape *s = NULL;
	bool done = false;

	if (scrape_new(r->web->settings, &r->web->scrapes, w->format, &s))
		return MHD_NO;
	if (scrape_fill(s, WHOLE_MAX, &done)) {
		connections_scrape_end(&r->web->connections, r->connection);
		return answer_text(r->mhd, MHD_HTTP_SERVICE_UNAVAILABLE, scrape_why(s));
	}
	/* Without chunks, a page that is cut off looks complete. */
	if (!done && strcmp(r->version, MHD_HTTP_VERSION_1_1))
		return answer_text(r->mhd, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "a page of this size needs HTTP/1.1");
	return send_scrape(r, w, fw_take(s), done);
}

static int answer_metrics(const struct request *r)
{
	struct wish w = wish_of(r->mhd);

	if (connections_scrape_begin(&r->web->connections, r->connection))
		return answer_text(r->mhd, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes at once");
	return send_metrics(r, &w);
}

static int answer_health(const struct request *r)
{
	const struct settings *c = r->web->settings;
	char why[SOURCE_WHY], why_pinned[SOURCE_WHY], a[SOURCE_WHY], other[SOURCE_WHY];
	struct fw_buf b = { 0 };
	unsigned status = MHD_HTTP_OK;

	if (!source_fwd_check(c, why)) {
		fw_buf_printf(&b, "ok\nfwd: up\n");
	} else if (!source_pinned_check(c, why_pinned)) {
		fw_buf_printf(&b, "ok\nfwd: %s\ncounters: from the pinned maps\n",
			      fw_escape(a, sizeof(a), why, sizeof(why)));
	} else {
		fw_buf_printf(&b, "no counters\nfwd: %s\npinned maps: %s\n", fw_escape(a, sizeof(a), why, sizeof(why)),
			      fw_escape(other, sizeof(other), why_pinned, sizeof(why_pinned)));
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	return send_response(r->mhd, status, response_of_buf(&b, TEXT));
}

static int answer_root(const struct request *r)
{
	struct fw_buf b = { 0 };

	fw_buf_printf(
		&b,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>fw-exporter</title></head>\n"
		"<body><h1>fw-exporter " FW_VERSION "</h1>\n"
		"<p>What the firewall fwd counts, for Prometheus.</p>\n"
		"<ul><li><a href=\"/metrics\">/metrics</a></li><li><a href=\"/healthz\">/healthz</a></li></ul>\n"
		"</body></html>\n");
	return send_response(r->mhd, MHD_HTTP_OK, response_of_buf(&b, "text/html; charset=utf-8"));
}

static const struct {
	const char *path;
	int (*answer)(const struct request *r);
} routes[] = {
	{ "/metrics", answer_metrics },
	{ "/healthz", answer_health },
	{ "/", answer_root },
};

int answer_request(const struct request *r)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (!strcmp(r->path, routes[i].path))
			return routes[i].answer(r);
	return answer_text(r->mhd, MHD_HTTP_NOT_FOUND, "not found: try /metrics, /healthz or /");
}
