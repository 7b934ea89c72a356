/* SPDX-License-Identifier: GPL-2.0-only */
/* After a start, or when an answer of fwd was lost: what became of what was sent to fwd? */
#ifndef AGENT_SURVEY_H
#define AGENT_SURVEY_H

#include "core.h"

/* The next step of it, until a->surveyed; then record.trying is not open. */
void survey_step(struct agent *a);
/* record.trying was confirmed: it is what runs. */
void survey_confirmed(struct agent *a);

#endif
