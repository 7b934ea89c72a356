// SPDX-License-Identifier: GPL-2.0-only
/* The socket that the server listens on. */
#include "address.h"

#include "fw/service.h"
#include "fw/unix_socket.h"

#include <grp.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

static int fail(const struct settings *c, int err, struct fw_diags *ds)
{
	fw_diag_add(ds, (struct fw_place){ 0 }, err == -EADDRINUSE ? "choose another with --port or --address" : NULL,
		    "cannot listen on %s port %u: %s", c->address, c->port, strerror(-err));
	return err;
}

static int listen_at(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol), yes = 1, err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) && !bind(fd, a->ai_addr, a->ai_addrlen) &&
	    !listen(fd, BACKLOG))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int listen_unix(const struct settings *c, struct fw_diags *ds)
{
	const struct group *g = c->group[0] ? getgrnam(c->group) : NULL;
	const struct fw_unix_socket s = {
		.path = c->address,
		.mode = (mode_t)c->mode,
		.group = g ? g->gr_gid : (gid_t)-1,
		.who = "fw-exporter",
		.hint = "choose another path with --address",
	};

	if (c->group[0] && !g)
		return fw_diag_add(ds, (struct fw_place){ 0 }, "`getent group` lists the groups",
				   "there is no group '%s' for --group", c->group);
	return fw_unix_listen(&s, 0, ds);
}

int address_listen(const struct settings *c, struct fw_diags *ds)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *a = NULL;
	char port[8];
	int fd = fw_service_socket();

	if (fd >= 0)
		return fd;
	if (fd == -ENOENT && settings_is_unix(c))
		return listen_unix(c, ds);
	if (fd != -ENOENT)
		return fw_diag_add(ds, (struct fw_place){ 0 }, "the socket unit needs exactly one ListenStream=",
				   "the service manager did not pass exactly one listening socket");
	snprintf(port, sizeof(port), "%u", c->port);
	if (getaddrinfo(c->address, port, &hints, &a))
		return fail(c, -EADDRNOTAVAIL, ds);
	fd = listen_at(a);
	freeaddrinfo(a);
	return fd < 0 ? fail(c, fd, ds) : fd;
}

bool address_is_unix(int fd)
{
	struct sockaddr_storage a = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(a);

	return !getsockname(fd, (struct sockaddr *)&a, &len) && a.ss_family == AF_UNIX;
}

/* A socket without a file has no path: "?". */
static const char *unix_text(int fd, char buf[ADDRESS_TEXT])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a);

	getsockname(fd, (struct sockaddr *)&a, &len);
	snprintf(buf, ADDRESS_TEXT, "unix:%.*s", FW_UNIX_PATH_MAX, a.sun_path[0] ? a.sun_path : "?");
	return buf;
}

const char *address_text(int fd, char buf[ADDRESS_TEXT])
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char host[64] = "?", port[8] = "?";
	bool v6;

	if (address_is_unix(fd))
		return unix_text(fd, buf);
	if (!getsockname(fd, (struct sockaddr *)&a, &len))
		getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	v6 = strchr(host, ':') != NULL;
	snprintf(buf, ADDRESS_TEXT, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
	return buf;
}
