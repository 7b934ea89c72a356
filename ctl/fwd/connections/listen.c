// SPDX-License-Identifier: GPL-2.0-only
/* The listening socket. */
#include "listen.h"

#include "ctl/fwd/base/peer.h"
#include "fw/service.h"
#include "fw/unix_socket.h"

#include <sys/socket.h>
#include <unistd.h>

static int make_socket(const struct config *c, struct listener *out, struct fw_diags *ds)
{
	const struct fw_unix_socket s = {
		.path = c->socket,
		.mode = 0660,
		.group = peer_group(c->group),
		.who = "fwd",
		.hint = "stop it first, or give this one a socket, a store and pins of its own",
	};

	out->fd = fw_unix_listen(&s, SOCK_NONBLOCK, ds);
	if (out->fd < 0)
		return out->fd;
	snprintf(out->path, sizeof(out->path), "%s", c->socket);
	return 0;
}

int listen_open(const struct config *c, struct listener *out, struct fw_diags *ds)
{
	int handed = fw_service_socket();

	*out = (struct listener){ .fd = handed };
	if (handed == -ENOENT)
		return make_socket(c, out, ds);
	if (handed < 0)
		return fw_diag_add(ds, (struct fw_place){ 0 }, "let the socket unit have one ListenStream=",
				   "the service manager did not hand over one listening socket");
	return 0;
}

void listen_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->path[0])
		unlink(l->path);
	*l = (struct listener){ .fd = -1 };
}
