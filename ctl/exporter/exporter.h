/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program does. */
#ifndef EXPORTER_EXPORTER_H
#define EXPORTER_EXPORTER_H

#include "fw/base.h"

struct settings;

/* Serves until SIGTERM or SIGINT. Return: 0, or -errno with a diagnostic. */
int exporter_run(const struct settings *c, struct fw_diags *ds);
/* Prints the page. Return: 0, or -errno with a diagnostic. */
int exporter_once(const struct settings *c, struct fw_diags *ds);
/* Prints a list of all metrics. Return: 0 or -errno. */
int exporter_list(void);

#endif
