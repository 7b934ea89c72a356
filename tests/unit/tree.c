// SPDX-License-Identifier: GPL-2.0-only
/* Folders that tests work in. */
#include "tests/unit/tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

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
