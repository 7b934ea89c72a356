// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pair of tun interfaces, like a veth pair without Ethernet headers, for tests:
 *
 *	tunpair NAME NAMESPACE NAME NAMESPACE
 *
 * Packets that leave by one arrive on the other, with the same ethertype. Namespaces are paths. Prints `ready` once both exist; they
 * disappear with this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "tunpair: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int tun(const char *name, const char *namespace)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN };
	int ns = open(namespace, O_RDONLY | O_CLOEXEC), fd;

	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die(namespace);
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		die(name);
	return fd;
}

/* An interface that is down accepts nothing. */
static void pass(int from, int to)
{
	static uint8_t packet[65536 + sizeof(struct tun_pi)];
	ssize_t n = read(from, packet, sizeof(packet));

	if (n < 0)
		die("read");
	if (write(to, packet, (size_t)n) < 0 && errno != EIO && errno != EINVAL)
		die("write");
}

int main(int argc, char **argv)
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };

	if (argc != 5) {
		fprintf(stderr, "usage: tunpair NAME NAMESPACE NAME NAMESPACE\n");
		return 2;
	}
	p[0].fd = tun(argv[1], argv[2]);
	p[1].fd = tun(argv[3], argv[4]);
	puts("ready");
	fflush(stdout);
	while (poll(p, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
			if (p[i].revents & POLLIN)
				pass(p[i].fd, p[!i].fd);
	die("poll");
}
