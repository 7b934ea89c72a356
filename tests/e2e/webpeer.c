// SPDX-License-Identifier: GPL-2.0-only
/*
 * Misbehaving HTTP clients, for tests, and a stand-in for systemd's socket activation.
 *
 *	webpeer ADDRESS PORT half N        N connections with half a request, then silence
 *	webpeer ADDRESS PORT drip N        N connections with a byte of a request every 0.2 s
 *	webpeer ADDRESS PORT slow N PATH   N connections that request PATH, and read a few bytes every 0.2 s
 *	webpeer ADDRESS PORT unread N PATH N connections that request PATH, and do not read
 *	webpeer ADDRESS PORT gone N PATH   N connections that request PATH and close, one after the other; then ends
 *	webpeer ADDRESS PORT raw           sends standard input as it is, and prints what it receives
 *	webpeer ADDRESS PORT run COMMAND   runs a command with a listening socket, as systemd does
 *
 * The first four print "ready", then the number of open connections whenever one is closed, and end with the last one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX 2048
#define PAUSE_MS 200
#define PIECE 16
#define LIFE 300 /* seconds, if nobody ends it */

enum { OK, FAILED, USAGE };

static struct sockaddr_storage address;
static socklen_t address_len;
static char request[512];

static bool set_address(const char *host, const char *port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	uint16_t number = htons((uint16_t)strtoul(port, NULL, 10));

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = number;
		address_len = sizeof(*v4);
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = number;
	address_len = sizeof(*v6);
	return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
}

/* @small: with a receive buffer of a few KiB, so that the server notices that the client does not read. */
static int dial(bool small)
{
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), bytes = 4096;

	if (small)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, address_len))
		return fd;
	fprintf(stderr, "webpeer: cannot connect: %s\n", strerror(errno));
	exit(FAILED);
}

static void say(const char *s, size_t len, int fd)
{
	(void)!send(fd, s, len, MSG_NOSIGNAL);
}

struct mode {
	const char *name;
	bool whole; /* sends the request at once */
	bool drips; /* sends it byte by byte */
	bool reads;
};

/* Is the connection still open? Discards some or all of what was received. */
static bool alive(int fd, const struct mode *m)
{
	struct pollfd p = { .fd = fd, .events = (short)(m->reads || !m->whole ? POLLIN : 0) };
	char piece[PIECE];

	if (poll(&p, 1, 0) <= 0)
		return true;
	if (p.revents & (POLLERR | POLLHUP))
		return false;
	return recv(fd, piece, sizeof(piece), MSG_DONTWAIT) > 0;
}

/* Keeps @n connections open with requests that are whole, half or sent byte by byte, until the server has closed all. */
static int hold(const struct mode *m, int n)
{
	static int fds[MAX];
	size_t len = strlen(request), half = len / 2;
	int left = n;

	for (int i = 0; i < n; i++) {
		fds[i] = dial(m->whole);
		say(request, m->whole ? len : m->drips ? 1 : half, fds[i]);
	}
	puts("ready");
	fflush(stdout);
	for (size_t at = 1; left; at++) {
		int before = left;

		usleep(PAUSE_MS * 1000);
		for (int i = 0; i < n; i++) {
			if (fds[i] >= 0 && m->drips)
				say(request + at % half, 1, fds[i]);
			if (fds[i] < 0 || alive(fds[i], m))
				continue;
			close(fds[i]);
			fds[i] = -1;
			left--;
		}
		if (left != before)
			printf("%d left\n", left);
		fflush(stdout);
	}
	return OK;
}

static int gone(int n)
{
	for (int i = 0; i < n; i++) {
		int fd = dial(false);

		say(request, strlen(request), fd);
		if (i % 2)
			usleep(1000);
		close(fd);
	}
	return OK;
}

static int raw(void)
{
	char bytes[65536];
	size_t n = fread(bytes, 1, sizeof(bytes), stdin);
	int fd = dial(false);
	ssize_t got;

	say(bytes, n, fd);
	shutdown(fd, SHUT_WR);
	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		fwrite(bytes, 1, (size_t)got, stdout);
	return OK;
}

static int run(char **command)
{
	int fd = socket(address.ss_family, SOCK_STREAM, 0), yes = 1;
	char pid[16];

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&address, address_len) || listen(fd, 64) || (fd != 3 && dup2(fd, 3) < 0)) {
		fprintf(stderr, "webpeer: cannot listen: %s\n", strerror(errno));
		return FAILED;
	}
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	execv(command[0], command);
	fprintf(stderr, "webpeer: cannot run %s: %s\n", command[0], strerror(errno));
	return FAILED;
}

int main(int argc, char **argv)
{
	static const struct mode modes[] = {
		{ "half", false, false, false },
		{ "drip", false, true, false },
		{ "slow", true, false, true },
		{ "unread", true, false, false },
	};
	const char *mode = argc > 3 ? argv[3] : "";
	int n = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 0;

	if (argc < 4 || !set_address(argv[1], argv[2]) || n > MAX)
		return USAGE;
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a client that takes its time\r\n\r\n",
		 argc > 5 ? argv[5] : "/metrics");
	if (strcmp(mode, "run") != 0)
		alarm(LIFE);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(mode, modes[i].name))
			return hold(&modes[i], n);
	if (!strcmp(mode, "gone"))
		return gone(n);
	if (!strcmp(mode, "raw"))
		return raw();
	return !strcmp(mode, "run") && argc > 4 ? run(argv + 4) : USAGE;
}
