// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker thread does one request after the other, since the client of fwd's socket blocks. It connects for each: a fwd that was
 * restarted is noticed at once, and none of its connections is held in vain.
 */
#include "local_fwd.h"

#include "fwd_request.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct local_fwd {
	struct local local;
	struct fw_loop *loop;
	const char *socket;
	struct fw_loop_source source; /* the eventfd: a request is over */
	pthread_t thread;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	enum { IDLE, ASKED, ASKING, ANSWERED } state;
	bool end, forgotten;
	struct fw_client *client; /* that the worker waits for */
	struct local_request request;
	struct local_answer answer;
};

/* Without the lock. */
static void ask(struct local_fwd *f, const struct local_request *request, struct local_answer *out)
{
	struct fw_client *c = NULL;
	int err = fw_client_open(f->socket, FWD_REQUEST_SECONDS, &c);

	if (err) {
		out->err = err;
		snprintf(out->why, sizeof(out->why), "%s: %s", f->socket, strerror(-err));
		return;
	}
	pthread_mutex_lock(&f->lock);
	f->client = c;
	if (f->forgotten || f->end)
		fw_client_abort(c);
	pthread_mutex_unlock(&f->lock);
	fwd_request(c, request, out);
	pthread_mutex_lock(&f->lock);
	f->client = NULL;
	pthread_mutex_unlock(&f->lock);
	fw_client_close(c);
}

static void *work(void *ctx)
{
	struct local_fwd *f = ctx;

	pthread_mutex_lock(&f->lock);
	while (!f->end) {
		struct local_answer answer = { .err = 0 };
		struct local_request request = f->request;

		if (f->state != ASKED) {
			pthread_cond_wait(&f->changed, &f->lock);
			continue;
		}
		f->state = ASKING;
		pthread_mutex_unlock(&f->lock);
		ask(f, &request, &answer);
		pthread_mutex_lock(&f->lock);
		f->answer = answer;
		f->state = ANSWERED;
		pthread_cond_broadcast(&f->changed);
		eventfd_write(f->source.fd, 1);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static void over(struct fw_loop_source *s, uint32_t events)
{
	struct local_fwd *f = (struct local_fwd *)((char *)s - offsetof(struct local_fwd, source));
	struct local_answer answer;
	eventfd_t n;
	bool tell;

	eventfd_read(s->fd, &n);
	pthread_mutex_lock(&f->lock);
	tell = f->state == ANSWERED;
	answer = f->answer;
	if (tell)
		f->state = IDLE;
	pthread_mutex_unlock(&f->lock);
	if (tell)
		f->request.done(f->request.ctx, &answer);
}

static int start(struct local *l, const struct local_request *request)
{
	struct local_fwd *f = (struct local_fwd *)l;
	int err = 0;

	pthread_mutex_lock(&f->lock);
	if (f->state != IDLE) {
		err = -EBUSY;
	} else {
		f->request = *request;
		f->state = ASKED;
		pthread_cond_broadcast(&f->changed);
	}
	pthread_mutex_unlock(&f->lock);
	return err;
}

static void forget(struct local *l)
{
	struct local_fwd *f = (struct local_fwd *)l;

	pthread_mutex_lock(&f->lock);
	f->forgotten = true;
	if (f->client)
		fw_client_abort(f->client);
	if (f->state == ASKED)
		f->state = IDLE;
	while (f->state == ASKING)
		pthread_cond_wait(&f->changed, &f->lock);
	f->state = IDLE;
	f->forgotten = false;
	pthread_mutex_unlock(&f->lock);
}

static int begin(struct local_fwd *f)
{
	int err = f->source.fd < 0 ? -errno : fw_loop_add(f->loop, &f->source, EPOLLIN);

	return err ? err : -pthread_create(&f->thread, NULL, work, f);
}

int local_fwd_open(struct fw_loop *loop, const char *socket, struct local **out)
{
	struct local_fwd *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	*f = (struct local_fwd){ .local = { start, forget }, .loop = loop, .socket = socket };
	f->source =
		(struct fw_loop_source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .name = "fwd", .ready = over };
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	err = begin(f);
	if (err) {
		close(f->source.fd);
		free(f);
		return err;
	}
	*out = &f->local;
	return 0;
}

void local_fwd_close(struct local *l)
{
	struct local_fwd *f = (struct local_fwd *)l;

	if (!l)
		return;
	pthread_mutex_lock(&f->lock);
	f->end = true;
	if (f->client)
		fw_client_abort(f->client);
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	fw_loop_remove(f->loop, &f->source);
	close(f->source.fd);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->changed);
	free(f);
}
