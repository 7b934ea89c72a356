// SPDX-License-Identifier: GPL-2.0-only
/* Child processes that write replies, and what is left to do when they end. */
#include "ctl/fwd/forked.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHILDREN_MAX 4

static int send_all(const struct forked *f, const char *bytes, size_t len)
{
	while (len) {
		struct pollfd p = { .fd = f->fd, .events = POLLOUT };
		ssize_t n = send(f->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0 && poll(&p, 1, f->timeout) == 0)
			return -ETIMEDOUT;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int forked_send(const struct forked *f, enum fw_reply kind, const struct fw_part *parts, uint16_t n)
{
	fw_autofree char *bytes = NULL;
	size_t len;
	int err = fw_wire_encode((uint16_t)kind, parts, n, &bytes, &len);

	return err ? err : send_all(f, bytes, len);
}

int forked_text(struct forked *f, const char *head, bool all)
{
	struct fw_part parts[] = { { head, (uint32_t)strlen(head) }, { f->b.text, (uint32_t)f->b.len } };
	int err;

	if (f->b.failed)
		return -ENOMEM;
	if (!f->b.len || (f->b.len < CLIENT_CHUNK && !all))
		return 0;
	err = forked_send(f, FW_REPLY_TEXT, parts, 2);
	f->b.len = 0;
	return err;
}

/* The child holds nothing but this one connection: above all not the socket that another fwd may want to make anew. */
static void child(const struct client *c, int (*write)(struct forked *f, const struct fwd *d, void *ctx), void *ctx)
{
	struct forked f = { .fd = c->source.fd, .timeout = (int)c->fwd->config.client_timeout * 1000 };
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (f.fd > 3)
		close_range(3, (unsigned)f.fd - 1, 0);
	close_range((unsigned)f.fd + 1, ~0u, 0);
	err = c->out_len ? send_all(&f, c->out + c->out_from, c->out_len - c->out_from) : 0;
	_exit(err || write(&f, c->fwd, ctx) ? 1 : 0);
}

void forked_reply(struct client *c, const char *verb, int (*write)(struct forked *f, const struct fwd *d, void *ctx),
		  void *ctx)
{
	unsigned children = 0;
	char what[64];
	pid_t pid;

	for (const struct client *other = c->fwd->clients; other; other = other->next)
		children += other->child != 0;
	if (children >= CHILDREN_MAX) {
		client_fail(c, NULL, "cannot %s: %u long replies are being written already: try again", verb, children);
		return;
	}
	pid = fork();
	if (!pid)
		child(c, write, ctx);
	snprintf(what, sizeof(what), "cannot %s", verb);
	if (pid < 0) {
		client_fail_errno(c, NULL, what, -errno);
		return;
	}
	c->child = pid;
	c->out_from = c->out_len = 0;
}

void forked_over(struct fwd *d, pid_t pid, bool well)
{
	for (struct client *c = d->clients; c; c = c->next) {
		if (c->child != pid)
			continue;
		c->child = 0;
		c->ended = c->broken = true;
		if (well)
			c->broken = false;
		client_pump(c);
		return;
	}
}
