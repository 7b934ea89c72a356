/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program does. Messages go to standard error, one a line. */
#ifndef EXPORTER_EXPORTER_H
#define EXPORTER_EXPORTER_H

#include "fw/base.h"

struct settings;

/* Serves until SIGTERM or SIGINT. 0, or -errno with a diagnostic. */
int exporter_run(const struct settings *c, struct fw_diags *ds);
/* The page on standard output. Likewise. */
int exporter_once(const struct settings *c, struct fw_diags *ds);
/* The metrics that there are, on standard output. 0 or -errno. */
int exporter_list(void);

void exporter_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void exporter_log_diags(const struct fw_diags *ds);

#endif
