// SPDX-License-Identifier: GPL-2.0-only
/* The server side of fwd's socket: a thread for each connection. */
#include "fake_fwd.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define FAKE_CONNECTIONS 1000

/* Waits until there is something to read. false: the test is over. */
static bool readable(const struct fake_fwd *f, int fd)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN }, { .fd = f->wake[0], .events = POLLIN } };

	return poll(p, 2, -1) > 0 && !p[1].revents;
}

static void read_request(struct fake_fwd *f, int fd)
{
	char bytes[1024] = "";
	ssize_t n = recv(fd, bytes, sizeof(bytes) - 1, 0);
	struct fw_wire_head head;

	if (n < FW_WIRE_HEADER + 4)
		return;
	fw_wire_head_read(bytes, &head);
	pthread_mutex_lock(&f->lock);
	f->kind = (enum fw_request)head.kind;
	snprintf(f->request, sizeof(f->request), "%.500s", bytes + FW_WIRE_HEADER + 4);
	f->requests++;
	pthread_mutex_unlock(&f->lock);
}

struct connection {
	struct fake_fwd *f;
	int fd;
};

static void *answer(void *ctx)
{
	struct connection c = *(struct connection *)ctx;
	const struct fake_fwd *f = c.f;
	size_t at = 0;
	ssize_t n = 0;

	free(ctx);
	if (readable(f, c.fd)) {
		read_request(c.f, c.fd);
		for (; at < f->len && n >= 0; at += n > 0 ? (size_t)n : 0)
			n = send(c.fd, f->bytes + at, f->len - at, MSG_NOSIGNAL);
		if (f->hangs)
			readable(f, c.fd);
	}
	close(c.fd);
	return NULL;
}

static void *serve(void *ctx)
{
	pthread_t threads[FAKE_CONNECTIONS];
	struct fake_fwd *f = ctx;
	size_t n = 0;

	while (n < FAKE_CONNECTIONS && readable(f, f->fd)) {
		struct connection *c = malloc(sizeof(*c));

		*c = (struct connection){ f, accept(f->fd, NULL, NULL) };
		if (!pthread_create(&threads[n], NULL, answer, c))
			n++;
	}
	while (n)
		pthread_join(threads[--n], NULL);
	return NULL;
}

void fake_fwd_start(struct fake_fwd *f, const char *bytes, size_t len, bool hangs)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	*f = (struct fake_fwd){ .folder = "/tmp/fake-fwd-XXXXXX", .bytes = bytes, .len = len, .hangs = hangs };
	assert_non_null(mkdtemp(f->folder));
	pthread_mutex_init(&f->lock, NULL);
	snprintf(f->path, sizeof(f->path), "%s/sock", f->folder);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->path);
	f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f->fd, 8), 0);
	assert_int_equal(pipe(f->wake), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

void fake_fwd_stop(struct fake_fwd *f)
{
	assert_int_equal(write(f->wake[1], "x", 1), 1);
	pthread_join(f->thread, NULL);
	close(f->fd);
	close(f->wake[0]);
	close(f->wake[1]);
	pthread_mutex_destroy(&f->lock);
	unlink(f->path);
	rmdir(f->folder);
}

void fake_message(struct fw_buf *b, enum fw_reply kind, const char *part0, const char *part1)
{
	const struct fw_part parts[] = { { part0, (uint32_t)strlen(part0) },
					 { part1, part1 ? (uint32_t)strlen(part1) : 0 } };
	char *bytes = NULL;
	size_t len;

	assert_int_equal(fw_wire_encode(kind, parts, part1 ? 2 : 1, &bytes, &len), 0);
	fw_buf_add(b, bytes, len);
	free(bytes);
}
