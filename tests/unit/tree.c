// SPDX-License-Identifier: GPL-2.0-only
/* The folders that tests work in, and the sources. */
#include "tests/unit/tree.h"
#include "fw/base.h"

#include <ftw.h>
#include <limits.h>

#define TEXT_BYTES_MAX ((size_t)1 << 20)

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return at->level ? remove(path) : 0;
}

void tree_empty(const char *folder)
{
	if (!nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) || errno == ENOENT)
		return;
	perror(folder);
	abort();
}

const char *tree_source(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", FW_TOP, name);
	return path;
}

char *tree_text(const char *name)
{
	char *text;
	size_t len;

	if (!fw_file_read(tree_source(name), FW_FILE_REGULAR, TEXT_BYTES_MAX, &text, &len))
		return text;
	perror(name);
	abort();
}
