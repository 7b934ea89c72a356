// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ruleset as text. It must be that of one moment, or it might not be read
 * again (a rule without its set), however slow the client is and whatever
 * changes meanwhile. So a child process writes it: fork() keeps the moment, and
 * memory only for what changes.
 */
#include "ctl/fwd/objects.h"
#include "ctl/fwd/request.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX 4

struct save {
	int fd, timeout; /* milliseconds */
	struct fw_buf b;
};

static int send_all(const struct save *s, const char *bytes, size_t len)
{
	while (len) {
		struct pollfd p = { .fd = s->fd, .events = POLLOUT };
		ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0 && poll(&p, 1, s->timeout) == 0)
			return -ETIMEDOUT;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int send_message(const struct save *s, enum fw_reply kind, const struct fw_part *parts, uint16_t n)
{
	fw_autofree char *bytes = NULL;
	size_t len;
	int err = fw_wire_encode((uint16_t)kind, parts, n, &bytes, &len);

	return err ? err : send_all(s, bytes, len);
}

/* Sends the text there is, when it is worth a message, or @all of it. */
static int send_text(struct save *s, bool all)
{
	struct fw_part parts[] = { { "{}", 2 }, { s->b.text, (uint32_t)s->b.len } };
	int err;

	if (s->b.failed)
		return -ENOMEM;
	if (!s->b.len || (s->b.len < CLIENT_CHUNK && !all))
		return 0;
	err = send_message(s, FW_REPLY_TEXT, parts, 2);
	s->b.len = 0;
	return err;
}

/* The elements of a set stand in the text, also when they were read from a file: it may say something else by now. */
static int save_set(struct save *s, const struct fw_set *set)
{
	struct fw_set in_place = *set;

	if (!set->name)
		return 0;
	in_place.path = NULL;
	fw_text_print_set(&s->b, &in_place);
	fw_buf_add(&s->b, "\n", 1);
	return send_text(s, false);
}

static int save_all(struct save *s, const struct fw_ruleset *rs)
{
	char end[64];
	struct fw_part part = { end, 0 };
	int err = 0;

	for (size_t r = 0; r < FW_NREASONS; r++)
		if (rs->policy_set[r])
			fw_buf_printf(&s->b, "policy %s %s\n", fw_reason_info[r].name,
				      rs->policy[r] == FW_ACCEPT ? "accept" : "drop");
	for (size_t i = 0; !err && i < rs->nsets; i++)
		err = save_set(s, &rs->sets[i]);
	for (const struct fw_rule *r = rs->first; !err && r; r = r->next) {
		fw_text_print_rule(&s->b, rs, r);
		fw_buf_add(&s->b, "\n", 1);
		err = send_text(s, false);
	}
	err = err ? err : send_text(s, true);
	part.len = (uint32_t)snprintf(end, sizeof(end), "{\"ok\":true,\"rules\":%zu}", rs->nrules);
	return err ? err : send_message(s, FW_REPLY_END, &part, 1);
}

/* The child holds nothing but this one connection: above all not the socket that another fwd may want to make anew. */
static void child(const struct client *c)
{
	struct save s = { .fd = c->source.fd, .timeout = (int)c->fwd->config.client_timeout * 1000 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (s.fd > 3)
		close_range(3, (unsigned)s.fd - 1, 0);
	close_range((unsigned)s.fd + 1, ~0u, 0);
	_exit(save_all(&s, engine_ruleset(c->fwd->engine)) ? 1 : 0);
}

void handle_save(struct client *c)
{
	unsigned children = 0;
	pid_t pid;

	for (const struct client *other = c->fwd->clients; other; other = other->next)
		children += other->child != 0;
	if (children >= CHILDREN_MAX) {
		client_fail(c, NULL, "%u others are saving already: try again", children);
		return;
	}
	pid = fork();
	if (!pid)
		child(c);
	if (pid < 0)
		client_fail_errno(c, NULL, "cannot save", -errno);
	else
		c->child = pid;
}

void save_over(struct fwd *d, pid_t pid, bool well)
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
