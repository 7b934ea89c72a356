// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends an exact number of packets out of an interface, for tests:
 *
 *	frames IFACE [cut|spread] N PACKET [[cut|spread] N PACKET...]
 *
 * PACKET is a packet as for fwctl classify, or 0x and the bytes of the frame. On an interface without Ethernet header only the
 * part after that header is sent, with its ethertype. `cut` removes the last 20 bytes, without changing the length in the header.
 * `spread` gives each frame of a flow, TCP or UDP over IPv4, a source port and address of its own, so that each is another flow.
 * The frames of all packets alternate. Ends when the other end of the veth pair has received them all, so that they are counted
 * there; none is lost, because there are never more in flight than the pair can queue.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fw/base.h"
#include "fw/text.h"

#define PACKETS_MAX 64
#define UNDER_WAY 64 /* a veth pair holds 256 */
#define DEADLINE 10.0
#define CUT 20
/* Offsets in a frame of IPv4 without options. */
enum { AT_PROTO = 23, AT_IP_SUM = 24, AT_SOURCE = 26, AT_PORT = 34, AT_UDP_SUM = 40, AT_TCP_SUM = 50 };
#define PORTS_FROM 1024 /* of spread frames */
#define PORTS 60000

struct flow {
	struct fw_frame frame;
	unsigned long left;
	bool spread;
	unsigned long sent; /* of a spread flow */
	uint16_t source;    /* the lower half of its first source address */
};

static const char *iface;
static struct flow flow[PACKETS_MAX];
static unsigned nflows;
static uint32_t skip; /* leading bytes of the frames that are not sent */

static void die(const char *what, const char *why)
{
	fprintf(stderr, "frames: %s: %s\n", what, why);
	exit(1);
}

/* Parses the line of an interface: its name, 8 numbers of received packets, then those of sent packets. */
static bool numbers_of(const char *line, unsigned long *sent, unsigned long *lost)
{
	const char *name = line + strspn(line, " ");
	size_t len = strcspn(name, ":");
	unsigned long v[12];
	char *end = (char *)name + len + 1;

	if (!name[len] || len != strlen(iface) || memcmp(name, iface, len) != 0)
		return false;
	for (unsigned i = 0; i < 12; i++)
		v[i] = strtoul(end, &end, 10);
	*sent = v[9];
	*lost = v[11];
	return true;
}

/* Reads how many were sent and lost in the namespace of this process; /sys may be that of another. */
static void numbers(unsigned long *sent, unsigned long *lost)
{
	FILE *f = fopen("/proc/self/net/dev", "re");
	bool found = false;
	char line[512];

	if (!f)
		die("/proc/self/net/dev", strerror(errno));
	while (!found && fgets(line, sizeof(line), f))
		found = numbers_of(line, sent, lost);
	fclose(f);
	if (!found)
		die(iface, "no such interface");
}

static int sender(void)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr))
		die(iface, strerror(errno));
	skip = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER ? 0 : ETH_HLEN;
	return fd;
}

static void read_bytes(const char *hex, struct fw_frame *out)
{
	size_t len = strlen(hex);
	char byte[3] = "";

	if (len % 2 || len > 2 * sizeof(out->data) || strspn(hex, "0123456789abcdef") != len)
		die(hex, "no bytes in hexadecimal");
	out->len = (uint32_t)len / 2;
	for (size_t i = 0; i < out->len; i++) {
		memcpy(byte, hex + 2 * i, 2);
		out->data[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static uint16_t get16(const struct fw_frame *f, unsigned at)
{
	return (uint16_t)(f->data[at] << 8 | f->data[at + 1]);
}

static void set16(struct fw_frame *f, unsigned at, uint16_t value)
{
	f->data[at] = (uint8_t)(value >> 8);
	f->data[at + 1] = (uint8_t)value;
}

/* Corrects a checksum for a word that changes: RFC 1624. */
static void correct(struct fw_frame *f, unsigned sum_at, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~get16(f, sum_at) + (uint32_t)(uint16_t)~before + after;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	set16(f, sum_at, (uint16_t)~sum);
}

/* The next source port, and after the last one the next address. */
static void spread(struct flow *of)
{
	struct fw_frame *f = &of->frame;
	unsigned sum_at = f->data[AT_PROTO] == IPPROTO_TCP ? AT_TCP_SUM : AT_UDP_SUM;
	uint16_t port = (uint16_t)(PORTS_FROM + of->sent % PORTS);
	uint16_t source = (uint16_t)(of->source + of->sent / PORTS);

	correct(f, sum_at, get16(f, AT_PORT), port);
	correct(f, sum_at, get16(f, AT_SOURCE + 2), source);
	correct(f, AT_IP_SUM, get16(f, AT_SOURCE + 2), source);
	set16(f, AT_PORT, port);
	set16(f, AT_SOURCE + 2, source);
	of->sent++;
}

static void read_flows(char **arg)
{
	struct fw_diags ds = { .n = 0 };

	for (; *arg; arg += 2, nflows++) {
		struct flow *f = &flow[nflows];
		bool cut = !strcmp(*arg, "cut");

		f->spread = !strcmp(*arg, "spread");
		arg += cut || f->spread;
		if (nflows == PACKETS_MAX || !arg[0] || !arg[1])
			die("usage", "frames IFACE [cut|spread] N PACKET..., up to 64 of them");
		f->left = strtoul(arg[0], NULL, 10);
		if (!strncmp(arg[1], "0x", 2))
			read_bytes(arg[1] + 2, &f->frame);
		else if (fw_text_frame(arg[1], &f->frame, &ds))
			die(arg[1], ds.d[0].message);
		if (cut)
			f->frame.len -= CUT;
		f->source = get16(&f->frame, AT_SOURCE + 2);
	}
}

/* Did it leave? An egress filter may have dropped it. */
static bool send_one(int fd, const struct fw_frame *frame)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(iface) };

	if (skip)
		memcpy(&at.sll_protocol, frame->data + offsetof(struct ethhdr, h_proto), sizeof(at.sll_protocol));
	if (sendto(fd, frame->data + skip, frame->len - skip, 0, (struct sockaddr *)&at, sizeof(at)) >= 0)
		return true;
	if (errno != ENOBUFS)
		die(iface, strerror(errno));
	return false;
}

/* Waits until @want have been received. */
static void settle(unsigned long want, unsigned long lost_before)
{
	double until = fw_now() + DEADLINE;
	unsigned long sent, lost;

	for (;;) {
		numbers(&sent, &lost);
		if (lost != lost_before)
			die(iface, "frames were lost");
		if (sent >= want)
			return;
		if (fw_now() > until)
			die(iface, "the other end does not take what is sent");
		usleep(200);
	}
}

int main(int argc, char **argv)
{
	unsigned long want, lost, n = 0;
	bool more = true;
	int fd;

	if (argc < 4)
		die("usage", "frames IFACE [cut|spread] N PACKET...");
	iface = argv[1];
	read_flows(argv + 2);
	fd = sender();
	numbers(&want, &lost);
	while (more) {
		more = false;
		for (unsigned i = 0; i < nflows; i++) {
			if (!flow[i].left)
				continue;
			flow[i].left--;
			more = true;
			if (flow[i].spread)
				spread(&flow[i]);
			want += send_one(fd, &flow[i].frame);
			if (++n % UNDER_WAY == 0)
				settle(want, lost);
		}
	}
	settle(want, lost);
	close(fd);
	return 0;
}
