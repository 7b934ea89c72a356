// SPDX-License-Identifier: GPL-2.0-only
#include "overrule.h"

#include <unistd.h>

bool overrule_is(struct agent *a)
{
	const char *path = a->setup.config->local;
	bool is = path[0] && !access(path, F_OK);

	if (is && !a->record.overruled) {
		a->record.overruled = true;
		agent_save(a);
	}
	return is;
}
