// SPDX-License-Identifier: GPL-2.0-only
#include "prober.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECONDS 2.0 /* for all targets */

struct prober;
struct trial {
	struct fw_loop_source source; /* fd -1: over */
	struct prober *prober;
};

struct prober {
	struct probes probes;
	struct fw_loop *loop;
	struct fw_http *http;
	struct fw_probes targets;
	struct trial trials[FW_PROBES_MAX];
	struct fw_timer timer;
	uint32_t waiting, failed; /* by target */
	uint16_t sequence;
	void (*done)(void *ctx, uint32_t failed);
	void *ctx;
};

static unsigned number_of(const struct trial *t)
{
	return (unsigned)(t - t->prober->trials);
}

static void trial_end(struct trial *t)
{
	if (t->source.fd < 0)
		return;
	fw_loop_remove(t->prober->loop, &t->source);
	close(t->source.fd);
	t->source.fd = -1;
}

/* The last one ends the round. */
static void trial_over(struct trial *t, bool reached)
{
	struct prober *p = t->prober;
	uint32_t bit = 1u << number_of(t);

	trial_end(t);
	p->waiting &= ~bit;
	if (!reached)
		p->failed |= bit;
	if (!p->waiting)
		fw_timer_set(p->http, &p->timer, 0);
}

/* An event that was waiting for the former socket of a trial tells nothing about this one. */
static bool is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return !getpeername(fd, (struct sockaddr *)&peer, &len);
}

/* Is this the answer to our echo? A socket gets those for its own identifier only. */
static bool is_echo(const struct prober *p, int fd, int family)
{
	struct icmphdr four;
	struct icmp6_hdr six;

	if (family == AF_INET)
		return recv(fd, &four, sizeof(four), MSG_DONTWAIT) == sizeof(four) && four.type == ICMP_ECHOREPLY &&
		       four.un.echo.sequence == p->sequence;
	return recv(fd, &six, sizeof(six), MSG_DONTWAIT) == sizeof(six) && six.icmp6_type == ICMP6_ECHO_REPLY &&
	       six.icmp6_seq == p->sequence;
}

static void ready(struct fw_loop_source *s, uint32_t events)
{
	struct trial *t = (struct trial *)((char *)s - offsetof(struct trial, source));
	const struct fw_probe *target = &t->prober->targets.probe[number_of(t)];
	int error = 0;
	socklen_t len = sizeof(error);

	if (s->fd < 0)
		return;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
		trial_over(t, false);
	else if (target->kind == FW_PROBE_TCP ? is_connected(s->fd) :
						is_echo(t->prober, s->fd, target->to.sa.sa_family))
		trial_over(t, true);
}

static int echo(const struct prober *p, int fd, int family)
{
	const struct icmphdr four = { .type = ICMP_ECHO, .un.echo.sequence = p->sequence };
	const struct icmp6_hdr six = { .icmp6_type = ICMP6_ECHO_REQUEST, .icmp6_seq = p->sequence };
	ssize_t n = family == AF_INET ? send(fd, &four, sizeof(four), MSG_DONTWAIT | MSG_NOSIGNAL) :
					send(fd, &six, sizeof(six), MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 ? -errno : 0;
}

/* 0: it is under way; -errno: it was not reached. */
static int try_target(struct prober *p, struct trial *t, const struct fw_probe *target)
{
	int family = target->to.sa.sa_family;
	bool tcp = target->kind == FW_PROBE_TCP;
	int fd = socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
			tcp               ? 0 :
			family == AF_INET ? IPPROTO_ICMP :
					    IPPROTO_ICMPV6);
	int err;

	if (fd < 0)
		return -errno;
	t->source = (struct fw_loop_source){ .fd = fd, .name = "probe", .ready = ready };
	t->prober = p;
	err = connect(fd, &target->to.sa, target->tolen) && errno != EINPROGRESS ? -errno : 0;
	if (!err && !tcp)
		err = echo(p, fd, family);
	if (!err)
		err = fw_loop_add(p->loop, &t->source, tcp ? EPOLLOUT : EPOLLIN);
	if (err) {
		close(fd);
		t->source.fd = -1;
	}
	return err;
}

/* The time is over, or all have answered. */
static void round_over(struct fw_timer *timer)
{
	struct prober *p = (struct prober *)((char *)timer - offsetof(struct prober, timer));

	for (unsigned i = 0; i < p->targets.n; i++)
		trial_end(&p->trials[i]);
	p->failed |= p->waiting;
	p->waiting = 0;
	p->done(p->ctx, p->failed);
}

static int start(struct probes *probes, void (*done)(void *ctx, uint32_t failed), void *ctx)
{
	struct prober *p = (struct prober *)probes;
	int err;

	p->done = done;
	p->ctx = ctx;
	p->waiting = p->failed = 0;
	p->sequence++;
	for (unsigned i = 0; i < p->targets.n; i++) {
		err = try_target(p, &p->trials[i], &p->targets.probe[i]);
		*(err ? &p->failed : &p->waiting) |= 1u << i;
	}
	return fw_timer_set(p->http, &p->timer, p->waiting ? SECONDS : 0);
}

static void stop(struct probes *probes)
{
	struct prober *p = (struct prober *)probes;

	fw_timer_stop(p->http, &p->timer);
	for (unsigned i = 0; i < p->targets.n; i++)
		trial_end(&p->trials[i]);
	p->waiting = 0;
}

static const char *name(struct probes *probes, unsigned target)
{
	const struct prober *p = (const struct prober *)probes;

	return target < p->targets.n ? p->targets.probe[target].name : "?";
}

int prober_open(struct fw_loop *loop, struct fw_http *http, const struct fw_probes *targets, struct probes **out)
{
	struct prober *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*p = (struct prober){ .probes = { start, stop, name }, .loop = loop, .http = http, .targets = *targets };
	p->timer.ring = round_over;
	for (unsigned i = 0; i < FW_PROBES_MAX; i++) {
		p->trials[i].prober = p;
		p->trials[i].source.fd = -1;
	}
	*out = &p->probes;
	return 0;
}

void prober_close(struct probes *p)
{
	if (!p)
		return;
	stop(p);
	free(p);
}
