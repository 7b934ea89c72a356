// SPDX-License-Identifier: GPL-2.0-only
/* Accepting connections within limits. */
#include "server.h"

#include "client.h"
#include "forked.h"
#include "fw/log.h"
#include "request.h"
#include "shares.h"
#include "turns.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_TIME 0.004 /* seconds of one round */
#define PAUSE 1.0         /* seconds without accepting when descriptors ran out */

static enum share_rank rank_of(const struct fwd *d, int fd, uid_t uid)
{
	return !uid ? SHARE_ROOT : listen_peer_is(fd, d->admins) ? SHARE_ADMIN : SHARE_READER;
}

static void accept_one(struct fwd *d, int fd)
{
	uid_t uid = listen_peer_uid(fd);
	struct share *s;
	char why[200];
	int err;

	if (listen_peer_gone(fd)) {
		close(fd);
		return;
	}
	s = shares_of(d, uid, rank_of(d, fd, uid));
	if (s && !shares_room(d, s, SHARE_CONNECTIONS, 1, why, sizeof(why))) {
		client_turn_away(fd, why);
		close(fd);
		return;
	}
	err = client_new(d, s, fd);
	if (err)
		fw_log("cannot serve a client: %s", strerror(-err));
}

/* An error that stays (no descriptors, no memory) would make the loop spin: level-triggered, it comes again at once. */
static void pause_accepting(struct fwd *d, int err)
{
	fw_log("cannot accept clients: %s", strerror(err));
	loop_want(&d->loop, &d->accepting, 0);
	d->accept_again = fw_now() + PAUSE;
}

static void accept_ready(struct source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, accepting));

	for (double end = fw_now() + ACCEPT_TIME; fw_now() < end;) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			accept_one(d, fd);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_accepting(d, errno);
		return;
	}
}

int server_start(struct fwd *d)
{
	int flags = fcntl(d->listener.fd, F_GETFL);

	d->admins = listen_group(d->config.admin_group);
	if (flags < 0 || fcntl(d->listener.fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	d->accepting = (struct source){ .fd = d->listener.fd, .name = "connections", .ready = accept_ready };
	return loop_add(&d->loop, &d->accepting, EPOLLIN);
}

bool server_round(struct fwd *d)
{
	bool more;
	double now;

	more = requests_resume(d);
	loop_part(&d->loop);
	turns_serve(d);
	loop_doing(&d->loop, "round");
	now = fw_now();
	forked_resume(d);
	for (struct client *c = d->clients, *next; c; c = next) {
		next = c->next;
		if (client_stuck(c, now))
			client_close(c);
	}
	client_bury(d);
	shares_sweep(d);
	if (d->accept_again && now >= d->accept_again) {
		d->accept_again = 0;
		loop_want(&d->loop, &d->accepting, EPOLLIN);
	}
	return more;
}

void server_stop(struct fwd *d)
{
	while (d->clients)
		client_close(d->clients);
	client_bury(d);
	forked_stop(d);
	shares_sweep(d);
	if (d->accepting.fd > 0)
		loop_remove(&d->loop, &d->accepting);
}
