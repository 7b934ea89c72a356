// SPDX-License-Identifier: GPL-2.0-only
/* The client side of fwd's socket. */
#include "fw/client.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct fw_client {
	int fd;
	char *body; /* of the last message read */
	size_t cap;
	struct fw_message message;
};

/* A timeout of a socket is reported as "try again". */
static int socket_error(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK ? -ETIMEDOUT : -err;
}

static int set_timeout(int fd, unsigned seconds)
{
	const struct timeval limit = { .tv_sec = seconds };

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -errno;
	return 0;
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	while (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		if (errno != EINTR)
			return socket_error(errno);
	return 0;
}

int fw_client_open(const char *path, unsigned timeout, struct fw_client **out)
{
	struct fw_client *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	err = c->fd < 0 ? -errno : set_timeout(c->fd, timeout);
	if (!err)
		err = connect_to(c->fd, path);
	if (err) {
		fw_client_close(c);
		return err;
	}
	*out = c;
	return 0;
}

void fw_client_close(struct fw_client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->body);
	free(c);
}

void fw_client_abort(struct fw_client *c)
{
	shutdown(c->fd, SHUT_RDWR);
}

void fw_client_closep(struct fw_client **c)
{
	fw_client_close(*c);
}

static int send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return socket_error(errno);
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int read_all(int fd, char *bytes, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, bytes, len, 0);

		if (!n || (n < 0 && errno != EINTR))
			return n ? socket_error(errno) : -ECONNRESET;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* A request beyond its limits is refused here, before anything is sent. */
int fw_client_send(struct fw_client *c, enum fw_request kind, const struct fw_part *parts, unsigned nparts)
{
	fw_autofree char *bytes = NULL;
	struct fw_wire_head head;
	const char *why = NULL;
	size_t len;
	int err;

	if (nparts > FW_WIRE_PARTS)
		return -EMSGSIZE;
	err = fw_wire_encode((uint16_t)kind, parts, (uint16_t)nparts, &bytes, &len);
	if (err)
		return err;
	fw_wire_head_read(bytes, &head);
	err = fw_wire_request_check(&head, &why);
	if (err)
		return err;
	err = send_all(c->fd, bytes, len);
	return err == -EPIPE || err == -ECONNRESET ? 0 : err;
}

/* Makes room for a body of this size; the last message is void. 0 or -ENOMEM. */
static int room(struct fw_client *c, size_t bytes)
{
	if (bytes <= c->cap)
		return 0;
	free(c->body);
	c->cap = 0;
	c->body = malloc(bytes);
	if (!c->body)
		return -ENOMEM;
	c->cap = bytes;
	return 0;
}

int fw_client_next(struct fw_client *c, const struct fw_message **out)
{
	char bytes[FW_WIRE_HEADER];
	struct fw_wire_head head;
	int err = read_all(c->fd, bytes, sizeof(bytes));

	if (err)
		return err;
	fw_wire_head_read(bytes, &head);
	if (!head.parts || head.bytes > FW_CLIENT_MESSAGE_MAX)
		return -EPROTO;
	err = room(c, head.bytes);
	if (!err)
		err = read_all(c->fd, c->body, head.bytes);
	if (!err)
		err = fw_wire_decode(&head, c->body, &c->message);
	if (!err)
		*out = &c->message;
	return err;
}
