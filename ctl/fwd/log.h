/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon says on standard error, where systemd's journal reads it. */
#ifndef FWD_LOG_H
#define FWD_LOG_H

#include "fw/base.h"

/* "fwd: MESSAGE" */
void log_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Every diagnostic, with its hint. */
void log_diags(const struct fw_diags *ds);
/* The same, or, when there are none, @what and the errno of @err. */
void log_failure(const struct fw_diags *ds, const char *what, int err);

#endif
