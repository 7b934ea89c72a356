/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects and lines of the request `metrics`. */
#ifndef FWD_METRICS_OBJECTS_H
#define FWD_METRICS_OBJECTS_H

#include "ctl/fwd/engine/engine.h"

/* A line, see fw/rule_line.h. */
void metric_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule, struct fw_count count);
/* Packets by interface: an object and a newline for each hook that counted something or is attached. */
void metric_interfaces(struct fw_buf *b, struct engine *e);
/* A policy with its counters by hook, and a newline. */
void metric_policy(struct fw_buf *b, struct engine *e, enum fw_reason reason);

#endif
