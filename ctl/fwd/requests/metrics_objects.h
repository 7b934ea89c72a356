/* SPDX-License-Identifier: GPL-2.0-only */
/* The objects and lines that only `metrics` has. */
#ifndef FWD_METRICS_OBJECTS_H
#define FWD_METRICS_OBJECTS_H

#include "ctl/fwd/engine/engine.h"

/* A line, see fw/rule_line.h. */
void metric_rule(struct fw_buf *b, const struct fw_rule *rule, struct fw_count count);
/* What came by interfaces: those that counted something, and those that are filtered; an object and a newline each. */
void metric_interfaces(struct fw_buf *b, struct engine *e);
/* A policy with what it counted on each hook, and a newline. */
void metric_policy(struct fw_buf *b, struct engine *e, enum fw_reason reason);

#endif
