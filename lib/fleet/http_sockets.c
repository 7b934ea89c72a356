// SPDX-License-Identifier: GPL-2.0-only
/* What libcurl says of its sockets and its time, told to the loop. */
#include "http_sockets.h"

/* Never freed while the requests are open, since the loop may call a removed source in the same round. */
struct http_socket {
	struct fw_loop_source source; /* fd -1: spare */
	struct http_sockets *of;
	struct http_socket *next;       /* of all */
	struct http_socket *next_spare; /* of those that are not used */
};

/* Of a socket that has failed libcurl finds out itself how, by reading or writing. */
static void ready(struct fw_loop_source *source, uint32_t events)
{
	struct http_socket *s = (struct http_socket *)source;
	int running, what = 0;

	if (source->fd < 0)
		return;
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_OUT;
	curl_multi_socket_action(s->of->multi, source->fd, what, &running);
	s->of->served(s->of);
}

static void timer_ring(struct fw_timer *t)
{
	struct http_sockets *s = (struct http_sockets *)((char *)t - offsetof(struct http_sockets, timer));
	int running;

	curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	s->served(s);
}

static void put_spare(struct http_socket *s)
{
	s->source.fd = -1;
	s->next_spare = s->of->spare;
	s->of->spare = s;
}

static struct http_socket *take_spare(struct http_sockets *of)
{
	struct http_socket *s = of->spare;

	if (s) {
		of->spare = s->next_spare;
		return s;
	}
	s = calloc(1, sizeof(*s));
	if (s) {
		s->of = of;
		s->next = of->all;
		of->all = s;
	}
	return s;
}

static int add(struct http_sockets *of, curl_socket_t fd, uint32_t events)
{
	struct http_socket *s = take_spare(of);

	if (!s)
		return -1;
	s->source = (struct fw_loop_source){ .fd = fd, .name = "http", .ready = ready };
	if (!fw_loop_add(of->timers.loop, &s->source, events)) {
		curl_multi_assign(of->multi, fd, s);
		return 0;
	}
	put_spare(s);
	return -1;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
	struct http_sockets *of = ctx;
	struct http_socket *s = assigned;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	if (what == CURL_POLL_REMOVE && s) {
		fw_loop_remove(of->timers.loop, &s->source);
		curl_multi_assign(of->multi, fd, NULL);
		put_spare(s);
	}
	if (what == CURL_POLL_REMOVE)
		return 0;
	if (!s)
		return add(of, fd, events);
	fw_loop_want(of->timers.loop, &s->source, events);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *ctx)
{
	struct http_sockets *s = ctx;

	if (ms >= 0)
		return fw_timers_set(&s->timers, &s->timer, (double)ms / 1000);
	fw_timers_stop(&s->timers, &s->timer);
	return 0;
}

int http_sockets_open(struct http_sockets *s, struct fw_loop *loop)
{
	int err = -ENOMEM;

	s->timer.ring = timer_ring;
	if (!curl_global_init(CURL_GLOBAL_DEFAULT))
		s->multi = curl_multi_init();
	if (s->multi)
		err = fw_timers_open(&s->timers, loop);
	if (err) {
		curl_multi_cleanup(s->multi);
		return err;
	}
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
	return 0;
}

void http_sockets_close(struct http_sockets *s)
{
	curl_multi_cleanup(s->multi);
	fw_timers_close(&s->timers);
	while (s->all) {
		struct http_socket *gone = s->all;

		s->all = gone->next;
		free(gone);
	}
}
