/* SPDX-License-Identifier: GPL-2.0-only */
/* A ruleset of this host alone, in the file that the setting `local` names. */
#ifndef AGENT_OVERRULE_H
#define AGENT_OVERRULE_H

#include "core.h"

/* Is there one? It is noted in the record: when it is gone, the fleet's ruleset is loaded again. */
bool overrule_is(struct agent *a);

#endif
