// SPDX-License-Identifier: GPL-2.0-only
/* Forking, killing and reaping the writers of long replies. */
#include "children.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define SHARE 10    /* forks for one rank take at most 1/SHARE of the loop's time, */
#define PAUSE 0.1   /* or are this far apart */
#define NICE 5      /* the loop comes first */
#define LONGEST 600 /* seconds that a reply may take: all that has changed since is in memory twice */

/* A child process, until it is reaped. */
struct child {
	struct child *next;
	pid_t pid;
	struct share *share;
	struct connection *connection; /* NULL: closed, and the child killed */
};

/* The child keeps no descriptor but this connection: above all not the socket that another fwd may want to create. */
static void write_reply(const struct connection *c)
{
	const struct long_reply *l = &c->request.long_reply;
	const struct reply *r = &c->request.reply;
	struct long_writer w = { .fd = c->source.fd, .timeout = (int)c->fwd->config.client_timeout * 1000 };
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LONGEST);
	setpriority(PRIO_PROCESS, 0, NICE);
	if (w.fd > 3)
		close_range(3, (unsigned)w.fd - 1, 0);
	close_range((unsigned)w.fd + 1, ~0u, 0);
	err = long_reply_bytes(&w, r->out + r->from, r->len - r->from);
	_exit(err || l->write(&w, c->fwd, l->ctx) ? 1 : 0);
}

int child_start(struct connection *c)
{
	struct server *s = &c->fwd->server;
	struct child *ch = calloc(1, sizeof(*ch));
	double before = fw_now(), pause;
	pid_t pid;

	if (!ch)
		return -ENOMEM;
	pid = fork();
	if (!pid)
		write_reply(c);
	if (pid < 0) {
		int err = -errno;

		free(ch);
		return err;
	}
	*ch = (struct child){ s->children, pid, c->share, c };
	s->children = c->child = ch;
	s->forks++;
	c->share->long_at = c->begun = fw_now();
	pause = SHARE * (c->begun - before);
	s->fork_after[c->share->rank] = c->begun + (pause < PAUSE ? pause : PAUSE);
	connection_hold(c, SHARE_LONG, 1);
	c->request.reply.from = c->request.reply.len = 0;
	return 0;
}

void child_kill(struct connection *c)
{
	if (!c->child)
		return;
	kill(c->child->pid, SIGKILL);
	c->child->connection = NULL;
	c->child = NULL;
	c->held[SHARE_LONG] = 0; /* the child's, until it is reaped */
}

struct connection *child_reap(struct fwd *d, pid_t pid, bool well)
{
	struct child **p = &d->server.children, *ch;
	struct connection *c;

	while (*p && (*p)->pid != pid)
		p = &(*p)->next;
	ch = *p;
	if (!ch)
		return NULL;
	*p = ch->next;
	c = ch->connection;
	if (c) {
		connection_hold(c, SHARE_LONG, 0);
		c->child = NULL;
		c->request.reply.ended = true;
		c->request.reply.broken = !well;
	} else {
		shares_add(&d->server.shares, ch->share, SHARE_LONG, -1);
	}
	free(ch);
	return c;
}

bool children_ending(const struct fwd *d, enum share_rank rank)
{
	for (const struct child *ch = d->server.children; ch; ch = ch->next)
		if (ch->share->rank == rank && !ch->connection)
			return true;
	return false;
}

void children_forget(struct fwd *d)
{
	while (d->server.children) {
		struct child *ch = d->server.children;

		d->server.children = ch->next;
		shares_add(&d->server.shares, ch->share, SHARE_LONG, -1);
		free(ch);
	}
}
