// SPDX-License-Identifier: GPL-2.0-only
/* Accepting connections within limits, and a round of turns. */
#include "server.h"

#include "children.h"
#include "exchange.h"
#include "queues.h"
#include "room.h"

#include "ctl/fwd/base/peer.h"
#include "fw/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_TIME 0.004 /* seconds of one round */
#define PAUSE 1.0         /* seconds without accepting when descriptors ran out */

/* Seconds of a round for each rank, and then the step that is under way. What only reads has its turns with the readers. */
static const double turn_times[SHARE_NRANKS] = { [SHARE_ROOT] = 0.004, [SHARE_ADMIN] = 0.002, [SHARE_READER] = 0.001 };

static enum share_rank rank_of(const struct fwd *d, int fd, uid_t uid)
{
	return !uid ? SHARE_ROOT : peer_is_in(fd, d->server.admins) ? SHARE_ADMIN : SHARE_READER;
}

static void turn_away(int fd, const char *why)
{
	fw_autofree char *bytes = NULL;
	size_t len;

	if (!reply_refusal(why, &bytes, &len))
		(void)send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void accept_one(struct fwd *d, int fd)
{
	uid_t uid = peer_uid(fd);
	struct share *s;
	char why[SHARES_WHY];
	int err;

	if (peer_is_gone(fd)) {
		close(fd);
		return;
	}
	s = shares_of(&d->server.shares, uid, rank_of(d, fd, uid));
	if (s && !room_make(d, s, SHARE_CONNECTIONS, 1, why)) {
		turn_away(fd, why);
		close(fd);
		return;
	}
	err = connection_new(d, s, fd);
	if (err)
		fw_log("cannot serve a client: %s", strerror(-err));
}

/* An error that stays (no descriptors, no memory) would make the loop spin: level-triggered, it is reported again at once. */
static void pause_accepting(struct fwd *d, int err)
{
	fw_log("cannot accept clients: %s", strerror(err));
	fw_loop_want(&d->loop, &d->server.accepting, 0);
	d->server.accept_again = fw_now() + PAUSE;
}

static void accept_ready(struct fw_loop_source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, server.accepting));

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
	struct server *s = &d->server;
	int flags = fcntl(s->listener.fd, F_GETFL);

	s->admins = peer_group(d->config.admin_group);
	s->shares.clients_max = d->config.clients_max;
	if (flags < 0 || fcntl(s->listener.fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	s->accepting = (struct fw_loop_source){ .fd = s->listener.fd, .name = "connections", .ready = accept_ready };
	return fw_loop_add(&d->loop, &s->accepting, EPOLLIN);
}

static void serve(struct fwd *d, enum share_rank turn)
{
	double end = fw_now() + turn_times[turn];
	struct connection *c;

	while ((c = turns_next(d, turn)) != NULL) {
		uint32_t events = c->pending;

		c->pending = 0;
		fw_loop_doing(&d->loop, c->source.name);
		exchange_turn(c, events);
		fw_loop_part(&d->loop);
		if (fw_now() >= end)
			return;
	}
}

static void close_stuck(struct fwd *d, double now)
{
	for (struct connection *c = d->server.connections, *next; c; c = next) {
		next = c->next;
		if (connection_is_stuck(c, now))
			connection_close(c);
	}
}

bool server_round(struct fwd *d)
{
	bool more;
	double now;

	exchange_wake(d);
	more = exchange_resume(d);
	fw_loop_part(&d->loop);
	for (int turn = 0; turn < SHARE_NRANKS; turn++)
		serve(d, (enum share_rank)turn);
	fw_loop_doing(&d->loop, "round");
	now = fw_now();
	exchange_resume_long(d);
	close_stuck(d, now);
	connection_bury(d);
	shares_sweep(&d->server.shares);
	if (d->server.accept_again && now >= d->server.accept_again) {
		d->server.accept_again = 0;
		fw_loop_want(&d->loop, &d->server.accepting, EPOLLIN);
	}
	return more || d->server.woken;
}

void server_stop(struct fwd *d)
{
	while (d->server.connections)
		connection_close(d->server.connections);
	connection_bury(d);
	children_forget(d);
	shares_sweep(&d->server.shares);
	if (d->server.accepting.fd > 0)
		fw_loop_remove(&d->loop, &d->server.accepting);
}
