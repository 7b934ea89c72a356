// SPDX-License-Identifier: GPL-2.0-only
/* One connection is one request. What is freed stays until the end, since the loop may still call it. */
#include "fake_web.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 256
#define REQUEST 65536

struct fake_connection {
	struct fw_loop_source source;
	struct fake_web *web;
	struct fw_timer timer;
	char *request;
	size_t got, sent;
	struct fake_answer answer;
	bool answered;
};

struct fake_web {
	struct fw_loop_source source;
	struct fw_loop *loop;
	struct fw_http *timers;
	fake_answer_fn *answer;
	void *ctx;
	char url[64];
	struct fake_connection *connection[CONNECTIONS];
	unsigned n;
};

static void end_connection(struct fake_connection *c)
{
	if (c->source.fd < 0)
		return;
	fw_timer_stop(c->web->timers, &c->timer);
	fw_loop_remove(c->web->loop, &c->source);
	close(c->source.fd);
	c->source.fd = -1;
}

static void send_piece(struct fw_timer *t)
{
	struct fake_connection *c = (struct fake_connection *)((char *)t - offsetof(struct fake_connection, timer));
	const struct fake_answer *a = &c->answer;
	size_t left = a->len - c->sent, n = a->piece && a->piece < left ? a->piece : left;
	ssize_t sent = n ? send(c->source.fd, a->text + c->sent, n, MSG_NOSIGNAL) : 0;

	if (sent < 0 && errno != EAGAIN) {
		end_connection(c);
		return;
	}
	c->sent += sent > 0 ? (size_t)sent : 0;
	if (c->sent < a->len)
		fw_timer_set(c->web->timers, t, 0.001);
	else if (a->text && !a->keep)
		end_connection(c);
}

/* Are the headers complete, and the body? Or does it begin a TLS connection? */
static bool complete(const char *request)
{
	const char *body = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "\r\nContent-Length:");

	return *request == 0x16 || (body && (!length || strlen(body + 4) >= strtoul(length + 17, NULL, 10)));
}

static void connection_ready(struct fw_loop_source *s, uint32_t events)
{
	struct fake_connection *c = (struct fake_connection *)s;
	ssize_t n;

	if (s->fd < 0)
		return;
	n = read(s->fd, c->request + c->got, REQUEST - 1 - c->got);
	if (n <= 0) {
		end_connection(c);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = 0;
	if (c->answered || !complete(c->request))
		return;
	c->answered = true;
	c->answer = c->web->answer(c->web->ctx, c->request);
	if (!c->answer.len && c->answer.text)
		c->answer.len = strlen(c->answer.text);
	fw_timer_set(c->web->timers, &c->timer, 0);
}

static void accept_ready(struct fw_loop_source *s, uint32_t events)
{
	struct fake_web *web = (struct fake_web *)s;
	struct fake_connection *c = calloc(1, sizeof(*c));

	assert(c && web->n < CONNECTIONS);
	*c = (struct fake_connection){ .web = web, .timer = { .ring = send_piece }, .request = calloc(1, REQUEST) };
	c->source = (struct fw_loop_source){ .fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC),
					     .name = "fake",
					     .ready = connection_ready };
	assert(c->request && c->source.fd >= 0);
	web->connection[web->n++] = c;
	assert(!fw_loop_add(web->loop, &c->source, EPOLLIN));
}

struct fake_web *fake_web_open(struct fw_loop *loop, struct fw_http *timers, fake_answer_fn *answer, void *ctx)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fake_web *web = calloc(1, sizeof(*web));
	socklen_t len = sizeof(a);

	assert(web);
	*web = (struct fake_web){ .loop = loop, .timers = timers, .answer = answer, .ctx = ctx };
	web->source = (struct fw_loop_source){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
					       .name = "fake",
					       .ready = accept_ready };
	assert(!bind(web->source.fd, (struct sockaddr *)&a, len) && !listen(web->source.fd, 64));
	assert(!getsockname(web->source.fd, (struct sockaddr *)&a, &len));
	snprintf(web->url, sizeof(web->url), "http://127.0.0.1:%u", ntohs(a.sin_port));
	assert(!fw_loop_add(loop, &web->source, EPOLLIN));
	return web;
}

const char *fake_web_url(const struct fake_web *web)
{
	return web->url;
}

void fake_web_close(struct fake_web *web)
{
	for (unsigned i = 0; i < web->n; i++) {
		end_connection(web->connection[i]);
		free(web->connection[i]->request);
		free(web->connection[i]);
	}
	fw_loop_remove(web->loop, &web->source);
	close(web->source.fd);
	free(web);
}
