// SPDX-License-Identifier: GPL-2.0-only
/* Traffic that continues whatever happens to the daemon. */
#include "traffic.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/sandbox.h"

#define TIMES 3             /* that each flow sends in a batch */
#define BATCH_PAUSE_US 1000 /* between two batches */
#define LOST_MS 3000        /* a frame that is not there by then is lost */

const struct flow_info flow_info[NFLOWS] = {
	[FLOW_STAY] = { "udp 198.18.0.1:1000 > 192.0.2.1:1001 in length 100", "stay", NULL, true, false },
	[FLOW_CARRY] = { "udp 198.18.1.1:1000 > 192.0.2.1:1001 in length 110", "carry", NULL, true, false },
	[FLOW_CARRY6] = { "udp [2001:db8:1::1]:1000 > [2001:db8:2::1]:1001 in length 120", "carry6", NULL, true,
			  false },
	[FLOW_GATE] = { "udp 198.18.2.1:1000 > 192.0.2.1:1001 in length 130", "gate", NULL, true, false },
	[FLOW_BLOCK] = { "udp 198.18.3.1:1000 > 192.0.2.1:1001 in length 140", "block", NULL, false, false },
	[FLOW_WALL] = { "udp 198.18.9.1:1000 > 192.0.2.1:1001 in length 150", "wall", NULL, false, false },
	[FLOW_POLICY] = { "udp 203.0.113.1:1000 > 192.0.2.1:1001 in length 160", NULL, "in", false, false },
	[FLOW_CUT] = { "udp 198.18.0.1:1000 > 192.0.2.1:1001 in length 170", NULL, "malformed", false, true },
	[FLOW_ONCE] = { "udp 198.18.4.1:1000 > 192.0.2.1:1001 in length 180", "once", NULL, true, false },
};

/* The last bytes of every frame. */
struct stamp {
	uint32_t flow, number;
};

struct stream {
	struct fw_frame frame;
	uint64_t sent, received;
	bool on;
};

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool running, wanted, idle, end;
	char wrong[256]; /* the first error */
	int sender, receiver[2];
	struct stream stream[NFLOWS];
	unsigned batches;
} t = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

__attribute__((format(printf, 1, 2))) static void wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!t.wrong[0])
		vsnprintf(t.wrong, sizeof(t.wrong), fmt, ap);
	va_end(ap);
}

static void send_one(enum flow flow)
{
	struct stream *s = &t.stream[flow];
	struct stamp stamp = { (uint32_t)flow, (uint32_t)s->sent };

	memcpy(s->frame.data + s->frame.len - sizeof(stamp), &stamp, sizeof(stamp));
	while (send(t.sender, s->frame.data, s->frame.len, 0) < 0)
		if (errno != ENOBUFS) {
			wrong("cannot send: %s", strerror(errno));
			return;
		}
	s->sent++;
}

/* A frame that was received: it must be one that may pass, and the next of its flow. */
static void take(const uint8_t *frame, size_t len)
{
	struct stamp stamp;
	struct stream *s;

	if (len < sizeof(stamp)) {
		wrong("a frame of %zu bytes came out", len);
		return;
	}
	memcpy(&stamp, frame + len - sizeof(stamp), sizeof(stamp));
	if (stamp.flow >= NFLOWS) {
		wrong("a frame that nobody sent came out");
		return;
	}
	s = &t.stream[stamp.flow];
	if (!flow_info[stamp.flow].passes)
		wrong("frame %u of the flow of %s came through", stamp.number, flow_info[stamp.flow].packet);
	else if (stamp.number != (uint32_t)s->received)
		wrong("of the flow of %s frame %u came out, not %u", flow_info[stamp.flow].packet, stamp.number,
		      (uint32_t)s->received);
	s->received = stamp.number + 1ull;
}

static void drain(int fd)
{
	uint8_t frame[FW_FRAME_MAX];
	ssize_t len;

	while ((len = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) > 0)
		take(frame, (size_t)len);
}

static bool batch_is_out(void)
{
	for (int i = 0; i < NFLOWS; i++)
		if (flow_info[i].passes && t.stream[i].received != t.stream[i].sent)
			return false;
	return true;
}

/* Sends all frames of a batch from one CPU, so that they arrive in order. */
static void choose_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(t.batches++ % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set); /* may not be permitted: then it stays on its CPUs */
}

static void batch(void)
{
	double until = fw_now() + LOST_MS / 1e3;

	choose_cpu();
	for (int i = 0; i < TIMES * NFLOWS; i++)
		if (t.stream[i % NFLOWS].on)
			send_one((enum flow)(i % NFLOWS));
	send_one(FLOW_STAY);
	while (!t.wrong[0]) {
		struct pollfd p[] = { { .fd = t.receiver[0], .events = POLLIN },
				      { .fd = t.receiver[1], .events = POLLIN } };

		drain(t.receiver[0]);
		drain(t.receiver[1]);
		if (batch_is_out())
			break;
		if (fw_now() > until)
			for (int i = 0; i < NFLOWS; i++)
				if (flow_info[i].passes && t.stream[i].received != t.stream[i].sent)
					wrong("frame %llu of the flow of %s was lost",
					      (unsigned long long)t.stream[i].received, flow_info[i].packet);
		poll(p, 2, 10);
	}
}

static void *run(void *unused)
{
	pthread_mutex_lock(&t.lock);
	while (!t.end) {
		while (!t.wanted && !t.end) {
			t.idle = true;
			pthread_cond_broadcast(&t.changed);
			pthread_cond_wait(&t.changed, &t.lock);
		}
		t.idle = false;
		pthread_mutex_unlock(&t.lock);
		if (!t.wrong[0])
			batch();
		usleep(BATCH_PAUSE_US);
		pthread_mutex_lock(&t.lock);
	}
	pthread_mutex_unlock(&t.lock);
	return unused;
}

static void frame_make(enum flow flow)
{
	struct fw_frame *f = &t.stream[flow].frame;
	struct fw_diags ds = { .n = 0 };

	if (fw_text_frame(flow_info[flow].packet, f, &ds))
		fail_msg("%s: %s", flow_info[flow].packet, ds.d[0].message);
	/* The packet claims to be longer than it is. */
	if (flow_info[flow].cut)
		f->len = f->wire_len -= 20;
	t.stream[flow].on = true;
}

void traffic_start(const char *from, const char *to)
{
	t.sender = sandbox_sender(from);
	t.receiver[0] = sandbox_receiver(to, ETH_P_IP);
	t.receiver[1] = sandbox_receiver(to, ETH_P_IPV6);
	for (int i = 0; i < NFLOWS; i++)
		frame_make((enum flow)i);
	assert_int_equal(pthread_create(&t.thread, NULL, run, NULL), 0);
	t.running = true;
}

void traffic_pause(void)
{
	pthread_mutex_lock(&t.lock);
	t.wanted = false;
	while (!t.idle)
		pthread_cond_wait(&t.changed, &t.lock);
	pthread_mutex_unlock(&t.lock);
	if (t.wrong[0])
		fail_msg("traffic: %s", t.wrong);
}

void traffic_resume(void)
{
	pthread_mutex_lock(&t.lock);
	t.wanted = true;
	t.idle = false;
	pthread_cond_broadcast(&t.changed);
	pthread_mutex_unlock(&t.lock);
}

void traffic_stop(void)
{
	if (!t.running)
		return;
	pthread_mutex_lock(&t.lock);
	t.end = true;
	pthread_cond_broadcast(&t.changed);
	pthread_mutex_unlock(&t.lock);
	pthread_join(t.thread, NULL);
	t.running = false;
}

uint64_t traffic_sent(enum flow flow)
{
	return t.stream[flow].sent;
}

uint32_t traffic_bytes(enum flow flow)
{
	return t.stream[flow].frame.len;
}

bool traffic_has(enum flow flow)
{
	return t.stream[flow].on;
}

void traffic_switch(enum flow flow, bool on)
{
	t.stream[flow].on = on;
}

bool traffic_gets_through(enum flow flow)
{
	struct pollfd p = { .fd = t.receiver[flow == FLOW_CARRY6], .events = POLLIN };

	uint8_t frame[FW_FRAME_MAX];

	send_one(flow);
	return poll(&p, 1, 1000) == 1 && recv(p.fd, frame, sizeof(frame), 0) == t.stream[flow].frame.len;
}
