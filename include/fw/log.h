/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of a service, on standard error, where systemd's journal reads it: each message is a line, written at once. */
#ifndef FW_LOG_H
#define FW_LOG_H

#include "fw/base.h"

/* Logs "PROGRAM: MESSAGE". Escapes the message: untrusted text cannot look like another line, see fw_escape(). */
void fw_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Logs each diagnostic, and its hint on a line of its own. */
void fw_log_diags(const struct fw_diags *ds);
/* Logs the diagnostics; without any, @what and the text of @err (-errno). */
void fw_log_failure(const struct fw_diags *ds, const char *what, int err);

#endif
