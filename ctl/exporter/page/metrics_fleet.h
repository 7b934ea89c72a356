/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples of a host in a fleet, from the status of its agent. Without a status there are none. Functions of rows of the table of metrics. */
#ifndef EXPORTER_METRICS_FLEET_H
#define EXPORTER_METRICS_FLEET_H

#include "metrics.h"

typedef void metrics_emit_fn(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p);

metrics_emit_fn emit_fleet_up, emit_fleet_file_age; /* also of an agent that is gone */
metrics_emit_fn emit_fleet_info, emit_fleet_state, emit_fleet_connected, emit_fleet_errors;
/* @path of the row: a generation; a flag or a number; a time, of which the age is told. */
metrics_emit_fn emit_fleet_generation, emit_fleet_value, emit_fleet_age;

#endif
