// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of numbered packets over a pair of interfaces. Sent and received packets are noted by number, so that every packet can be accounted
 * for.
 */
#include "tests/perf/reload.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NUMBER_AT 42 /* after Ethernet, IPv4 and UDP */
#define MAGIC 0x66775265
#define TICK 0.001
#define BURST 64
#define RECEIVE_BYTES (256 << 20)
#define FRAME_BYTES 128
#define DRAIN_MS 500

struct number {
	uint32_t magic, stream;
	uint64_t n;
};

struct seen {
	uint8_t *bits; /* by number */
	size_t cap;    /* bytes */
};

struct reload_traffic {
	const struct reload_rules *rules;
	unsigned rate;
	int out, in;
	bool quit;  /* atomic: no more is sent */
	bool drain; /* atomic: receive what is there, then end */
	uint64_t sent[RELOAD_STREAMS], received[RELOAD_STREAMS], twice;
	struct seen seen[RELOAD_STREAMS];
	uint64_t dropped_before;
	double start;
	pthread_t sender, receiver;
	int err; /* of the receiver */
};

static int command(const struct sandbox *box, const char *const argv[])
{
	struct sandbox_answer a = { 0 };
	int err = sandbox_run(box, argv, &a);

	sandbox_answer_free(&a);
	return err;
}

int reload_traffic_open(const struct sandbox *box)
{
	const char *const add[] = {
		"ip", "link", "add", RELOAD_PORT, "type", "veth", "peer", "name", RELOAD_PEER, NULL
	};
	const char *const up[] = { "ip", "link", "set", RELOAD_PORT, "up", NULL };
	const char *const peer_up[] = { "ip", "link", "set", RELOAD_PEER, "up", NULL };
	int err = command(box, add);

	if (!err)
		err = command(box, up);
	return err ? err : command(box, peer_up);
}

static int packet_socket(const char *name, uint16_t protocol)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(protocol),
				  .sll_ifindex = (int)if_nametoindex(name) };
	int size = RECEIVE_BYTES, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (!bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd;

	int err = -errno;

	close(fd);
	return err;
}

/* Frames that the interface took from nobody, since its peer was full. */
static uint64_t interface_dropped(const char *name)
{
	unsigned long long v[12] = { 0 };
	char line[512];
	FILE *f = fopen("/proc/net/dev", "re");
	uint64_t dropped = 0;

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':'), *at = line + strspn(line, " ");

		if (!colon || strncmp(at, name, strlen(name)) || at + strlen(name) != colon)
			continue;
		at = colon + 1;
		for (int i = 0; i < 12; i++)
			v[i] = strtoull(at, &at, 10);
		dropped = v[11];
	}
	if (f)
		fclose(f);
	return dropped;
}

/* One burst, the streams by turns. */
static void send_burst(struct reload_traffic *t, unsigned n, unsigned *stream)
{
	static uint8_t frames[BURST][FRAME_BYTES];
	struct mmsghdr messages[BURST] = { 0 };
	struct iovec iov[BURST];
	unsigned first = *stream;
	int sent = 0;

	for (unsigned i = 0; i < n; i++, *stream = (*stream + 1) % (unsigned)t->rules->nstreams) {
		const struct fw_frame *f = &t->rules->stream[*stream].frame;
		struct number number = { MAGIC, *stream, t->sent[*stream] + i / t->rules->nstreams };

		memcpy(frames[i], f->data, f->len);
		memcpy(frames[i] + NUMBER_AT, &number, sizeof(number));
		iov[i] = (struct iovec){ frames[i], f->len };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	while (sent < (int)n) {
		int got = sendmmsg(t->out, messages + sent, n - (unsigned)sent, 0);

		sent += got > 0 ? got : 0;
		if (got < 0)
			usleep(100); /* the interface is full */
	}
	for (unsigned i = 0; i < n; i++)
		t->sent[(first + i) % t->rules->nstreams]++;
}

static void *sender(void *arg)
{
	struct reload_traffic *t = arg;
	double due = fw_now();
	unsigned stream = 0;

	while (!__atomic_load_n(&t->quit, __ATOMIC_ACQUIRE)) {
		unsigned left = (unsigned)(t->rate * TICK + 0.5);
		struct timespec pause = { 0, 200000 };

		for (; left; left -= left < BURST ? left : BURST)
			send_burst(t, left < BURST ? left : BURST, &stream);
		due += TICK;
		if (fw_now() - due > 0.1)
			due = fw_now(); /* no bursts to make up for packets that were late */
		while (fw_now() < due)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static int seen_mark(struct reload_traffic *t, const struct number *number)
{
	struct seen *s = &t->seen[number->stream];
	size_t byte = number->n / 8;

	if (byte >= s->cap) {
		size_t cap = (byte + 1) * 2 + 4096;
		uint8_t *bits = realloc(s->bits, cap);

		if (!bits)
			return -ENOMEM;
		memset(bits + s->cap, 0, cap - s->cap);
		s->bits = bits;
		s->cap = cap;
	}
	t->twice += s->bits[byte] >> number->n % 8 & 1;
	s->bits[byte] |= (uint8_t)(1u << number->n % 8);
	t->received[number->stream]++;
	return 0;
}

/* Receives what has arrived, and marks each number as seen. Return: how many frames, or -errno. */
static int receive_burst(struct reload_traffic *t)
{
	static uint8_t frames[BURST][FRAME_BYTES];
	struct mmsghdr messages[BURST] = { 0 };
	struct iovec iov[BURST];
	int err = 0, n;

	for (int i = 0; i < BURST; i++) {
		iov[i] = (struct iovec){ frames[i], FRAME_BYTES };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	n = recvmmsg(t->in, messages, BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; !err && i < n; i++) {
		struct number number;

		if (messages[i].msg_len < NUMBER_AT + sizeof(number))
			continue;
		memcpy(&number, frames[i] + NUMBER_AT, sizeof(number));
		if (number.magic == MAGIC && number.stream < t->rules->nstreams)
			err = seen_mark(t, &number);
	}
	return err ? err : n < 0 ? 0 : n;
}

static void *receiver(void *arg)
{
	struct reload_traffic *t = arg;
	struct pollfd fd = { .fd = t->in, .events = POLLIN };

	for (;;) {
		bool last = __atomic_load_n(&t->drain, __ATOMIC_ACQUIRE);
		int n = poll(&fd, 1, last ? DRAIN_MS : 50) > 0 ? receive_burst(t) : 0;

		if (n < 0) {
			t->err = n;
			return NULL;
		}
		if (last && !n)
			return NULL;
	}
}

static int sockets_open(struct reload_traffic *t)
{
	t->out = packet_socket(RELOAD_PEER, 0);
	if (t->out < 0)
		return bench_said("send on an interface", t->out);
	t->in = packet_socket(RELOAD_PORT, ETH_P_IP);
	if (t->in >= 0)
		return 0;
	close(t->out);
	return bench_said("listen on an interface", t->in);
}

static int threads_start(struct reload_traffic *t)
{
	int err = -pthread_create(&t->receiver, NULL, receiver, t);

	if (err)
		return bench_said("start a thread", err);
	err = -pthread_create(&t->sender, NULL, sender, t);
	if (!err)
		return 0;
	__atomic_store_n(&t->drain, true, __ATOMIC_RELEASE);
	pthread_join(t->receiver, NULL);
	return bench_said("start a thread", err);
}

static void traffic_free(struct reload_traffic *t)
{
	for (int i = 0; i < RELOAD_STREAMS; i++)
		free(t->seen[i].bits);
	close(t->out);
	close(t->in);
	free(t);
}

int reload_traffic_start(const struct reload_rules *rules, unsigned rate, struct reload_traffic **out)
{
	struct reload_traffic *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->rules = rules;
	t->rate = rate;
	err = sockets_open(t);
	if (err) {
		free(t);
		return err;
	}
	t->start = fw_now();
	t->dropped_before = interface_dropped(RELOAD_PEER);
	err = threads_start(t);
	if (err)
		traffic_free(t);
	else
		*out = t;
	return err;
}

static void account(struct reload_traffic *t, struct reload_traffic_result *out)
{
	for (size_t i = 0; i < t->rules->nstreams; i++) {
		uint64_t passed = t->received[i], dropped = t->sent[i] - passed;

		out->sent += t->sent[i];
		out->received += passed;
		if (t->rules->stream[i].want == RELOAD_PASS)
			out->lost += dropped;
		else if (t->rules->stream[i].want == RELOAD_DROP)
			out->slipped += passed;
		else {
			out->judged_either[0] += dropped;
			out->judged_either[1] += passed;
		}
	}
	out->slipped += t->twice;
}

int reload_traffic_stop(struct reload_traffic *t, struct reload_traffic_result *out)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);
	int err;

	*out = (struct reload_traffic_result){ 0 };
	__atomic_store_n(&t->quit, true, __ATOMIC_RELEASE);
	pthread_join(t->sender, NULL);
	out->seconds = fw_now() - t->start;
	__atomic_store_n(&t->drain, true, __ATOMIC_RELEASE);
	pthread_join(t->receiver, NULL);
	if (!getsockopt(t->in, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		out->receiver_overflow = stats.tp_drops;
	out->dropped = interface_dropped(RELOAD_PEER) - t->dropped_before;
	account(t, out);
	err = t->err;
	traffic_free(t);
	return err ? bench_said("take in packets", err) : 0;
}
