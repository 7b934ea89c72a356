// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends an exact number of packets out of an interface, for tests:
 *
 *	frames IFACE [cut] N PACKET [[cut] N PACKET...]
 *
 * PACKET is a packet as for fwctl classify, or 0x and the bytes of the frame. On an interface without Ethernet header only the
 * part after that header is sent, with its ethertype. `cut` removes the last 20 bytes, without changing the length in the header.
 * The frames of all packets alternate. Ends when the other end of the veth pair has received them all, so that they are counted
 * there; none is lost, because there are never more in flight than the pair can queue.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
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

struct flow {
	struct fw_frame frame;
	unsigned long left;
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

static void read_flows(char **arg)
{
	struct fw_diags ds = { .n = 0 };

	for (; *arg; arg += 2, nflows++) {
		struct flow *f = &flow[nflows];
		bool cut = !strcmp(*arg, "cut");

		arg += cut;
		if (nflows == PACKETS_MAX || !arg[0] || !arg[1])
			die("usage", "frames IFACE [cut] N PACKET..., up to 64 of them");
		f->left = strtoul(arg[0], NULL, 10);
		if (!strncmp(arg[1], "0x", 2))
			read_bytes(arg[1] + 2, &f->frame);
		else if (fw_text_frame(arg[1], &f->frame, &ds))
			die(arg[1], ds.d[0].message);
		if (cut)
			f->frame.len -= CUT;
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
		die("usage", "frames IFACE [cut] N PACKET...");
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
			want += send_one(fd, &flow[i].frame);
			if (++n % UNDER_WAY == 0)
				settle(want, lost);
		}
	}
	settle(want, lost);
	close(fd);
	return 0;
}
