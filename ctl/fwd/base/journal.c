// SPDX-License-Identifier: GPL-2.0-only
/* The journal's native protocol: an entry is a datagram of lines (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
#include "ctl/fwd/base/journal.h"

#include "fw/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The service manager names the file that is the journal's end of standard error; if that was redirected, ours is another. */
bool journal_is_there(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return false;
	snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return !strcmp(stream, ours);
}

bool journal_send(const char *fields, size_t len)
{
	static const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
	static int fd = -1;

	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && sendto(fd, fields, len, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
				 sizeof(to)) == (ssize_t)len;
}

void journal_say(int priority, const char *message, const char *fields)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	fw_autofree char *line = fw_escaped(message);

	fw_buf_printf(&b, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=fwd\n%s", line ? line : "", priority, fields);
	if (!line || b.failed || !journal_is_there() || !journal_send(b.text, b.len))
		fw_log("%s", message);
}
