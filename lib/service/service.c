// SPDX-License-Identifier: GPL-2.0-only
/* The parts of sd_notify(3) and sd_listen_fds(3) that are needed here. */
#include "fw/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FD 3 /* the first one that is passed */

void fw_service_say(const char *fmt, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char text[512];
	va_list ap;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(to.sun_path, path, strlen(path));
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* A failure cannot be reported to anyone. */
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	close(fd);
}

/* Does the variable contain the id of this process? Others are inherited. */
static int for_us(const char *variable)
{
	const char *pid = getenv(variable);

	return pid && strtol(pid, NULL, 10) == getpid();
}

double fw_service_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC");

	if (!usec || (getenv("WATCHDOG_PID") && !for_us("WATCHDOG_PID")))
		return 0;
	return strtod(usec, NULL) / 1e6 / 3;
}

int fw_service_socket(void)
{
	const char *n = getenv("LISTEN_FDS");
	int listening = 0;
	socklen_t len = sizeof(listening);

	if (!n || strtol(n, NULL, 10) < 1 || !for_us("LISTEN_PID"))
		return -ENOENT;
	if (strtol(n, NULL, 10) > 1)
		return -E2BIG;
	if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) || !listening)
		return -ENOTSOCK;
	fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
	return LISTEN_FD;
}
