/* SPDX-License-Identifier: GPL-2.0-only */
/* What a service says on standard error, where systemd's journal reads it: one line for each message, each written at once. */
#ifndef FW_LOG_H
#define FW_LOG_H

#include "fw/base.h"

/* "PROGRAM: MESSAGE", with the name that the program was called by; text that others wrote cannot look like another line, see fw_escape(). */
void fw_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Every diagnostic, with its hint on a line of its own. */
void fw_log_diags(const struct fw_diags *ds);
/* The diagnostics; without any, @what and the text of the errno @err (-errno). */
void fw_log_failure(const struct fw_diags *ds, const char *what, int err);

#endif
