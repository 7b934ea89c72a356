// SPDX-License-Identifier: GPL-2.0-only
#include "tests/fuzz/files.h"

#include <string.h>

#include "fw/base.h"

static int find(void *ctx, const char *path, const char **text, size_t *len)
{
	static const struct {
		const char *path, *text;
	} files[] = { { "l", "192.0.2.1\n2001:db8::/32 # both\n" }, { "e", "# nothing\n" } };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(path, files[i].path)) {
			*text = files[i].text;
			*len = strlen(files[i].text);
			return 0;
		}
	return -ENOENT;
}

const struct fw_files fuzz_files = { .find = find };

/* Replaces fw_file_read(), which is called only for the names of services, users and groups here: see the Makefile. */
int __wrap_fw_file_read(const char *path, enum fw_file_kind kind, size_t max, char **text, size_t *len);
int __wrap_fw_file_read(const char *path, enum fw_file_kind kind, size_t max, char **text, size_t *len)
{
	static const struct {
		const char *path, *text;
	} names[] = {
		{ "/etc/services",
		  "# services\nssh 22/tcp # shell\nhttp\t80/tcp www\ndomain 53/tcp\ndomain 53/udp\n"
		  "exec 512/tcp\nbiff 512/udp comsat\ntwo 1/tcp\ntwo 2/udp\nraw 1/ip\na-service-with-a-name-of-40-bytes-in-all 3/tcp\nbad\nworse x/tcp" },
		{ "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbad\nworse:x:y\nhigh:x:4294967295\nnobody:x:65534" },
		{ "/etc/group", "root:x:0:\nadm:x:4:syslog\n" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (path && !strcmp(path, names[i].path)) {
			*text = strdup(names[i].text);
			*len = strlen(names[i].text);
			return *text ? 0 : -ENOMEM;
		}
	abort();
}
