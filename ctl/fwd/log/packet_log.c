// SPDX-License-Identifier: GPL-2.0-only
/* Reading the ring, in steps. */
#include "ctl/fwd/log/packet_log.h"

#include "ctl/fwd/additions.h"
#include "ctl/fwd/log/log_journal.h"

#include <string.h>
#include <time.h>

#define STEP 256                            /* events that are read at once */
#define INTERVAL 0.005                      /* seconds between steps while events arrive */
#define IDLE 0.05                           /* after so many seconds without one, the kernel is to report the next */
#define COUNT 1.0                           /* seconds between looks at what was lost */
#define ALL (FW_EVENT_RING / FW_EVENT_HEAD) /* events that the ring can hold */

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void take_packet(struct fwd *d, const struct fw_event *event)
{
	struct packet_log *p = d->packet_log;
	struct logged *l = kept_add(&p->kept);
	uint64_t number = p->kept.next - 1;

	if (!l)
		return;
	logged_resolve(d->engine, event, l);
	l->number = number;
	l->time = (int64_t)event->time + p->realtime;
	log_journal(d, l);
}

static void take(const struct fw_event *event, void *ctx)
{
	if (event->kind == FW_EVENT_LOG)
		take_packet(ctx, event);
	else
		additions_take(ctx, event);
}

/* What was lost becomes an entry. */
static void take_losses(struct fwd *d, double now)
{
	struct packet_log *p = d->packet_log;
	uint64_t lost[FW_NLOSSES];
	struct logged *l;

	p->counted = now;
	log_journal_tick(d);
	if (!fw_kern_events_lost(engine_kern(d->engine), lost))
		return;
	l = kept_add(&p->kept);
	if (!l)
		return;
	*l = (struct logged){ .number = p->kept.next - 1, .time = nanoseconds(CLOCK_REALTIME), .is_loss = true };
	memcpy(l->lost, lost, sizeof(lost));
	log_journal(d, l);
}

/* A part of the round: what follows it takes its own time. */
static unsigned read_some(struct fwd *d, unsigned max)
{
	struct packet_log *p = d->packet_log;
	uint64_t before = p->kept.next;
	double now = fw_now();
	unsigned n;

	fw_loop_part(&d->loop);
	fw_loop_doing(&d->loop, "log");
	p->realtime = nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_MONOTONIC);
	p->read_at = now;
	n = fw_kern_events(engine_kern(d->engine), max, take, d);
	if (n)
		p->idle_since = now;
	if (now - p->counted >= COUNT)
		take_losses(d, now);
	if (p->kept.next != before)
		kept_tell(&p->kept);
	fw_loop_part(&d->loop);
	fw_loop_doing(&d->loop, "round");
	return n;
}

static void ready(struct fw_loop_source *s, uint32_t events)
{
	struct packet_log *p = (struct packet_log *)((char *)s - offsetof(struct packet_log, source));

	/* The next round reads. */
	p->reading = true;
	p->read_at = p->idle_since = 0;
	fw_loop_want(p->loop, s, 0);
}

double packet_log_round(struct fwd *d, double now)
{
	struct packet_log *p = d->packet_log;

	if (!p->reading) {
		if (now - p->counted >= COUNT)
			read_some(d, STEP);
		return COUNT;
	}
	if (now - p->read_at >= INTERVAL)
		read_some(d, STEP);
	if (now - p->idle_since >= IDLE) {
		p->reading = false;
		fw_loop_want(&d->loop, &p->source, EPOLLIN);
	}
	return INTERVAL;
}

void packet_log_catch_up(struct fwd *d)
{
	if (d->packet_log)
		read_some(d, ALL);
}

int packet_log_open(struct fwd *d)
{
	struct packet_log *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	d->packet_log = p;
	p->loop = &d->loop;
	kept_init(&p->kept, nanoseconds(CLOCK_REALTIME) / 1000000);
	p->source = (struct fw_loop_source){ .fd = fw_kern_events_fd(engine_kern(d->engine)),
					     .name = "log",
					     .ready = ready };
	packet_log_catch_up(d);
	return fw_loop_add(&d->loop, &p->source, EPOLLIN);
}

void packet_log_close(struct fwd *d)
{
	if (d->packet_log)
		kept_free(&d->packet_log->kept);
	free(fw_take(d->packet_log));
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

json_t *packet_log_json(const struct fwd *d)
{
	const struct kept *k = &d->packet_log->kept;
	struct fw_event_counts n;

	fw_kern_event_counts(engine_kern(d->engine), &n);
	return json_pack("{so so so so so so si so}", "packets", number(n.sent[FW_EVENT_LOG]), "lost",
			 number(n.lost[FW_EVENT_LOG]), "limited", number(n.limited), "additions",
			 number(n.sent[FW_EVENT_ADD]), "additions_lost", number(n.lost[FW_EVENT_ADD]), "kept",
			 number(k->next - kept_oldest(k)), "followers", (int)k->nfollowers, "journal_left_out",
			 number(d->packet_log->journal_left_out_all));
}
