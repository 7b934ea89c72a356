// SPDX-License-Identifier: GPL-2.0-only
/* Child processes that write replies, and what is left to do when they end. */
#include "forked.h"

#include "shares.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT 6.0    /* seconds that a request waits for its place */
#define SHARE 10    /* forks for one rank take at most 1/SHARE of the loop's time, */
#define PAUSE 0.1   /* or are so far apart */
#define NICE 5      /* the loop comes first */
#define LONGEST 600 /* seconds that a reply may take: all that has changed since is in memory twice */

/* A child process, until it is reaped. */
struct child {
	struct child *next;
	pid_t pid;
	struct share *share;
	struct client *client; /* NULL: gone, and the child killed */
};

/* A reply that is to be written. */
struct forked_work {
	const char *verb;
	int (*write)(struct forked *f, const struct fwd *d, void *ctx);
	void *ctx;
};

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

int forked_end(const struct forked *f, json_t *fields)
{
	fw_autofree char *text = NULL;
	struct fw_part part;

	if (!fields || json_object_set_new(fields, "ok", json_true())) {
		json_decref(fields);
		return -ENOMEM;
	}
	text = json_dumps(fields, JSON_COMPACT);
	json_decref(fields);
	if (!text)
		return -ENOMEM;
	part = (struct fw_part){ text, (uint32_t)strlen(text) };
	return forked_send(f, FW_REPLY_END, &part, 1);
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
static void child(const struct client *c, const struct forked_work *w)
{
	struct forked f = { .fd = c->source.fd, .timeout = (int)c->fwd->config.client_timeout * 1000 };
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LONGEST);
	setpriority(PRIO_PROCESS, 0, NICE);
	if (f.fd > 3)
		close_range(3, (unsigned)f.fd - 1, 0);
	close_range((unsigned)f.fd + 1, ~0u, 0);
	err = c->out_len ? send_all(&f, c->out + c->out_from, c->out_len - c->out_from) : 0;
	_exit(err || w->write(&f, c->fwd, w->ctx) ? 1 : 0);
}

/* One that was killed, and has not ended yet? Its place is about to be free. */
static bool one_is_ending(const struct fwd *d, enum share_rank rank)
{
	for (const struct child *ch = d->children; ch; ch = ch->next)
		if (ch->share->rank == rank && !ch->client)
			return true;
	return false;
}

static void start(struct client *c, const struct forked_work *w)
{
	struct child *ch = calloc(1, sizeof(*ch));
	double before = fw_now(), pause;
	pid_t pid = ch ? fork() : -1;
	char what[64];

	if (!pid)
		child(c, w);
	if (pid < 0) {
		snprintf(what, sizeof(what), "cannot %s", w->verb);
		client_fail_errno(c, NULL, what, ch ? -errno : -ENOMEM);
		free(ch);
		return;
	}
	*ch = (struct child){ c->fwd->children, pid, c->share, c };
	c->fwd->children = c->child = ch;
	c->fwd->forks++;
	c->share->long_at = c->begun = fw_now();
	pause = SHARE * (c->begun - before);
	c->fwd->fork_after[c->share->rank] = c->begun + (pause < PAUSE ? pause : PAUSE);
	shares_hold(c, SHARE_LONG, 1);
	c->out_from = c->out_len = 0;
}

/* No process is made for who has gone. true: it is begun, or the request is over; false: there is no place for it yet. */
static bool begin(struct client *c)
{
	const struct forked_work *w = c->forked;
	double now = fw_now();
	bool late = now - c->begun > WAIT;
	char why[200] = "";

	if (!late && (now < c->fwd->fork_after[c->share->rank] || one_is_ending(c->fwd, c->share->rank)))
		return false;
	if (listen_peer_gone(c->source.fd)) {
		c->broken = true;
		return true;
	}
	if (shares_room(c->fwd, c->share, SHARE_LONG, 1, late ? why : NULL, sizeof(why)))
		start(c, w);
	else if (late)
		client_fail(c, NULL, "cannot %s: %s", w->verb, why);
	else
		return false;
	return true;
}

void forked_reply(struct client *c, const char *verb, int (*write)(struct forked *f, const struct fwd *d, void *ctx),
		  void *ctx)
{
	struct client **at = &c->fwd->waiting_long;

	c->forked = malloc(sizeof(*c->forked));
	if (!c->forked) {
		c->broken = true;
		return;
	}
	*c->forked = (struct forked_work){ verb, write, ctx };
	while (*at && (*at)->share->long_at <= c->share->long_at)
		at = &(*at)->waits;
	c->waits = *at;
	*at = c;
}

void forked_resume(struct fwd *d)
{
	struct client **p = &d->waiting_long;

	while (*p) {
		struct client *c = *p;

		if (!begin(c)) {
			p = &c->waits;
			continue;
		}
		*p = c->waits;
		client_pump(c);
	}
}

void forked_over(struct fwd *d, pid_t pid, bool well)
{
	struct child **p = &d->children, *ch;
	struct client *c;

	while (*p && (*p)->pid != pid)
		p = &(*p)->next;
	ch = *p;
	if (!ch)
		return;
	*p = ch->next;
	c = ch->client;
	if (c) {
		shares_hold(c, SHARE_LONG, 0);
		c->child = NULL;
		c->ended = true;
		c->broken = !well;
		client_pump(c);
	} else {
		shares_add(d, ch->share, SHARE_LONG, -1);
	}
	free(ch);
}

void forked_forget(struct client *c)
{
	free(fw_take(c->forked));
	if (!c->child)
		return;
	kill(c->child->pid, SIGKILL);
	c->child->client = NULL;
	c->child = NULL;
	c->held[SHARE_LONG] = 0; /* the child's, until it is reaped */
}

void forked_stop(struct fwd *d)
{
	while (d->children) {
		struct child *ch = d->children;

		d->children = ch->next;
		shares_add(d, ch->share, SHARE_LONG, -1);
		free(ch);
	}
}
