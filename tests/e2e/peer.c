// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of fwd's socket, for tests: a correct one, and many that misbehave.
 *
 *	peer SOCKET ask REQUEST [JSON [FILE...]]   prints the reply; exit code 0: ok, 1: not ok, 3: denied, 4: no complete reply
 *	peer SOCKET slow REQUEST JSON KIB/S        the same, reading no faster than that
 *	peer SOCKET bad N                          N clients of all kinds below; prints "ready", holds them until killed
 *	peer SOCKET open N                         N connections that send nothing; likewise
 *	peer SOCKET unread N REQUEST JSON          N connections that send a request and do not read; likewise, once each has something to read
 *	peer SOCKET announce N BYTES               N connections that announce a load of so many bytes; likewise
 *	peer SOCKET hangup N REQUEST               sends N requests, and hangs up at once
 *	peer SOCKET flood N REQUEST JSON           N connections that repeat a request until killed; prints "ready"
 *	peer SOCKET raw                            sends standard input as it is, and prints what it receives
 */
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fw/wire.h"

enum { OK, NOT_OK, USAGE, DENIED, BROKEN };

static const char *path;

static int dial(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	fprintf(stderr, "peer: cannot connect to %s: %s\n", path, strerror(errno));
	exit(BROKEN);
}

static int send_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* 0; -1: the connection ended before. */
static int receive_all(int fd, char *p, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, p, len, 0);

		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int request_number(const char *name)
{
	for (int i = 0; i < FW_NREQUESTS; i++)
		if (!strcmp(fw_request_info[i].name, name))
			return i;
	fprintf(stderr, "peer: no request %s\n", name);
	exit(USAGE);
}

static char *file(const char *name, uint32_t *len)
{
	char *text = NULL;
	size_t n = 0;
	int err = fw_file_read(name, FW_FILE_REGULAR, UINT32_MAX, &text, &n);

	if (err) {
		fprintf(stderr, "peer: cannot read %s: %s\n", name, strerror(-err));
		exit(USAGE);
	}
	*len = (uint32_t)n;
	return text;
}

static void print_part(const struct fw_message *m, unsigned i)
{
	fwrite(m->part[i].data, 1, m->part[i].len, stdout);
	if (m->kind != FW_REPLY_LINES && m->kind != FW_REPLY_TEXT)
		putchar('\n');
}

static int end_code(const struct fw_message *m)
{
	char text[4096];

	snprintf(text, sizeof(text), "%.*s", (int)m->part[0].len, m->part[0].data);
	return strstr(text, "\"ok\":true") ? OK : strstr(text, "\"denied\":true") ? DENIED : NOT_OK;
}

/* Prints the reply up to END. @pause_us: for each KiB of a message. */
static int print_reply(int fd, useconds_t pause_us)
{
	static struct fw_message m;
	struct fw_wire_head head;
	char h[FW_WIRE_HEADER];

	while (!receive_all(fd, h, sizeof(h))) {
		fw_autofree char *body = NULL;

		fw_wire_head_read(h, &head);
		body = malloc(head.bytes + 1);
		if (receive_all(fd, body, head.bytes) || fw_wire_decode(&head, body, &m) || !m.nparts)
			break;
		print_part(&m, m.kind == FW_REPLY_TEXT && m.nparts > 1);
		fflush(stdout);
		if (m.kind == FW_REPLY_END)
			return end_code(&m);
		usleep(pause_us * (head.bytes / 1024 + 1));
	}
	fprintf(stderr, "peer: the connection ended before the reply did\n");
	return BROKEN;
}

static int ask(int argc, char **argv, useconds_t pause_us)
{
	struct fw_part parts[FW_WIRE_PARTS];
	int request = request_number(argv[0]), fd = dial();
	uint16_t n = 1;
	char *bytes;
	size_t len;

	parts[0] = (struct fw_part){ argc > 1 ? argv[1] : "{}", argc > 1 ? (uint32_t)strlen(argv[1]) : 2 };
	for (int i = 2; i < argc && n < FW_WIRE_PARTS; i++, n++)
		parts[n].data = file(argv[i], &parts[n].len);
	if (fw_wire_encode((uint16_t)request, parts, n, &bytes, &len))
		return USAGE;
	/* fwd may refuse before everything is sent. */
	send_all(fd, bytes, len);
	return print_reply(fd, pause_us);
}

static int slow(int argc, char **argv)
{
	return ask(2, argv, (useconds_t)(1000000 / strtol(argv[2], NULL, 10)));
}

/* What misbehaving clients send; after that they do nothing, or close. */
#define HEAD(bytes, kind, parts)         \
	{                                \
		(bytes), (kind), (parts) \
	}
static const struct bad {
	const char *what;
	struct fw_wire_head head;
	unsigned header; /* bytes of the header that are sent */
	const char *body;
	unsigned body_len;
	unsigned times; /* how often it is sent, without reading */
	bool closes;
} bads[] = {
	{ "nothing", HEAD(0, 0, 0), 0, "", 0, 1, false },
	{ "half a header", HEAD(6, FW_REQ_STATUS, 1), 3, "", 0, 1, false },
	{ "a header", HEAD(6, FW_REQ_STATUS, 1), 8, "", 0, 1, false },
	{ "half a body", HEAD(6, FW_REQ_STATUS, 1), 8, "\2\0\0", 3, 1, false },
	{ "half a body, then closes", HEAD(6, FW_REQ_STATUS, 1), 8, "\2\0\0", 3, 1, true },
	{ "a huge load", HEAD(1 << 30, FW_REQ_LOAD, 2), 8, "\2\0\0\0{}\xf0\xff\xff\x3f", 10, 1, false },
	{ "a huge load, then closes", HEAD(1 << 30, FW_REQ_LOAD, 2), 8, "\2\0\0\0{}", 6, 1, true },
	{ "a huge list", HEAD(1 << 30, FW_REQ_LIST, 1), 8, "x", 1, 1, false },
	{ "too huge a load", HEAD(0xffffffff, FW_REQ_LOAD, 2), 8, "x", 1, 1, false },
	{ "no such kind", HEAD(6, 77, 1), 8, "\2\0\0\0{}", 6, 1, false },
	{ "a reply", HEAD(6, FW_REPLY_END, 1), 8, "\2\0\0\0{}", 6, 1, false },
	{ "no parts", HEAD(0, FW_REQ_STATUS, 0), 8, "", 0, 1, false },
	{ "many parts", HEAD(4096, FW_REQ_LOAD, 0xffff), 8, "x", 1, 1, false },
	{ "parts that do not fit", HEAD(6, FW_REQ_STATUS, 1), 8, "\xff\0\0\0{}", 6, 1, false },
	{ "no JSON", HEAD(6, FW_REQ_STATUS, 1), 8, "\2\0\0\0}{", 6, 1, false },
	{ "a list that it does not read", HEAD(6, FW_REQ_LIST, 1), 8, "\2\0\0\0{}", 6, 1, false },
	{ "lists that it does not read", HEAD(6, FW_REQ_LIST, 1), 8, "\2\0\0\0{}", 6, 50, false },
	{ "a list, then closes", HEAD(6, FW_REQ_LIST, 1), 8, "\2\0\0\0{}", 6, 1, true },
	{ "a save that it does not read", HEAD(6, FW_REQ_SAVE, 1), 8, "\2\0\0\0{}", 6, 1, false },
	{ "a save, then closes", HEAD(6, FW_REQ_SAVE, 1), 8, "\2\0\0\0{}", 6, 1, true },
	{ "many requests, then closes", HEAD(6, FW_REQ_STATUS, 1), 8, "\2\0\0\0{}", 6, 200, true },
};
#define NBADS (sizeof(bads) / sizeof(bads[0]))

/* Sends a message whose header does not fit its body, as often as the row asks. */
static void behave_badly(const struct bad *b, int fd)
{
	fw_autofree char *bytes = NULL;
	struct fw_part none = { "", 0 };
	size_t len;

	/* A correct header, to be modified. */
	if (fw_wire_encode(b->head.kind, &none, 1, &bytes, &len))
		exit(USAGE);
	bytes[0] = (char)b->head.bytes;
	bytes[1] = (char)(b->head.bytes >> 8);
	bytes[2] = (char)(b->head.bytes >> 16);
	bytes[3] = (char)(b->head.bytes >> 24);
	bytes[6] = (char)b->head.parts;
	bytes[7] = (char)(b->head.parts >> 8);
	for (unsigned i = 0; i < b->times; i++) {
		send(fd, bytes, b->header, MSG_NOSIGNAL | MSG_DONTWAIT);
		send(fd, b->body, b->body_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	if (b->closes)
		close(fd);
}

static int stay(void)
{
	puts("ready");
	fflush(stdout);
	pause();
	return OK;
}

static int hold(int n, bool bad)
{
	for (int i = 0; i < n; i++) {
		int fd = dial();

		if (bad)
			behave_badly(&bads[(size_t)i % NBADS], fd);
	}
	return stay();
}

static void ask_on(int fd, const char *request, const char *json)
{
	const struct fw_part args = { json, (uint32_t)strlen(json) };
	fw_autofree char *bytes = NULL;
	size_t len;

	if (fw_wire_encode((uint16_t)request_number(request), &args, 1, &bytes, &len))
		exit(USAGE);
	send_all(fd, bytes, len);
}

static int dial_and_ask(const char *request, const char *json)
{
	int fd = dial();

	ask_on(fd, request, json);
	return fd;
}

static int unread(int n, const char *request, const char *json)
{
	for (int i = 0; i < n; i++) {
		struct pollfd p = { .fd = dial_and_ask(request, json), .events = POLLIN };

		poll(&p, 1, -1);
	}
	return stay();
}

#define FLOOD_MAX 1024

/* Discards replies, and sends more requests whenever there is room. */
static int flood(unsigned n, const char *request, const char *json)
{
	static struct pollfd p[FLOOD_MAX];
	static char away[1 << 16];

	n = n < FLOOD_MAX ? n : FLOOD_MAX;
	for (unsigned i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = dial(), .events = POLLIN | POLLOUT };
	puts("ready");
	fflush(stdout);
	while (poll(p, n, -1) > 0)
		for (unsigned i = 0; i < n; i++) {
			if (p[i].revents & POLLIN && recv(p[i].fd, away, sizeof(away), MSG_DONTWAIT) == 0)
				return BROKEN;
			if (p[i].revents & POLLOUT)
				ask_on(p[i].fd, request, json);
		}
	return BROKEN;
}

static int hang_up(int n, const char *request)
{
	while (n--)
		close(dial_and_ask(request, "{}"));
	return OK;
}

static int announce(int n, uint32_t bytes)
{
	const struct bad b = { "a load", { bytes, FW_REQ_LOAD, 2 }, FW_WIRE_HEADER, "", 0, 1, false };

	for (int i = 0; i < n; i++)
		behave_badly(&b, dial());
	return stay();
}

static int raw(void)
{
	char bytes[65536];
	size_t n = fread(bytes, 1, sizeof(bytes), stdin);
	int fd = dial();
	ssize_t got;

	if (send_all(fd, bytes, n))
		return BROKEN;
	shutdown(fd, SHUT_WR);
	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		fwrite(bytes, 1, (size_t)got, stdout);
	return OK;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "";

	path = argv[1];
	if (argc > 3 && !strcmp(mode, "ask"))
		return ask(argc - 3, argv + 3, 0);
	if (argc > 5 && !strcmp(mode, "slow"))
		return slow(argc - 3, argv + 3);
	if (argc > 3 && (!strcmp(mode, "bad") || !strcmp(mode, "open")))
		return hold((int)strtol(argv[3], NULL, 10), mode[0] == 'b');
	if (argc > 5 && !strcmp(mode, "unread"))
		return unread((int)strtol(argv[3], NULL, 10), argv[4], argv[5]);
	if (argc > 5 && !strcmp(mode, "flood"))
		return flood((unsigned)strtoul(argv[3], NULL, 10), argv[4], argv[5]);
	if (argc > 4 && !strcmp(mode, "announce"))
		return announce((int)strtol(argv[3], NULL, 10), (uint32_t)strtoul(argv[4], NULL, 10));
	if (argc > 4 && !strcmp(mode, "hangup"))
		return hang_up((int)strtol(argv[3], NULL, 10), argv[4]);
	if (!strcmp(mode, "raw"))
		return raw();
	fputs("usage: peer SOCKET ask REQUEST [JSON [FILE...]] | slow REQUEST JSON KIB/S | bad N | open N | "
	      "unread N REQUEST JSON | announce N BYTES | hangup N REQUEST | flood N REQUEST JSON | raw\n",
	      stderr);
	return USAGE;
}
