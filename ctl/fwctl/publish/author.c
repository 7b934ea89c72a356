// SPDX-License-Identifier: GPL-2.0-only
#include "author.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

void author_of_this(char *out, size_t size)
{
	const struct passwd *user = getpwuid(getuid());
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	snprintf(out, size, "%.60s@%s", user ? user->pw_name : "?", host);
}
