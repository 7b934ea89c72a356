/* SPDX-License-Identifier: GPL-2.0-only */
/* Rulesets of a file, without fwd: loaded, compiled, put into the kernel. Each step prints why it failed. */
#ifndef FWCTL_RULESET_H
#define FWCTL_RULESET_H

#include "fw/kern.h"
#include "fw/text.h"

/* Loads a ruleset and prints its warnings. @seconds: how long that took; may be NULL. Return: 0 or -errno. */
int ctl_ruleset_load(const char *path, int format, struct fw_ruleset **out, double *seconds);
/* Compiles it and validates the image. Return: 0 or -errno. */
int ctl_ruleset_compile(struct fw_ruleset *rs, struct fw_pool *pool, struct fw_image *out);
/* Loads the program into the kernel. Return: 0 or -errno. */
int ctl_kern_open(struct fw_kern **out);

/* A ruleset and its tables. */
struct ctl_tables {
	struct fw_ruleset *rs;
	struct fw_pool *pool; /* owned, or that of @kern */
	struct fw_kern *kern; /* NULL: the tables are in user space only */
	struct fw_image image;
	double parse_seconds;
};
/* Loads and compiles; with @kernel the tables are published there. Return: 0 or -errno; @out is to be closed in any case. */
int ctl_tables_open(const char *path, int format, bool kernel, struct ctl_tables *out);
/* The rest for a ruleset that @t has already: fills its built-in sets and compiles it in user space. Return: 0 or -errno. */
int ctl_tables_compile(struct ctl_tables *t);
void ctl_tables_close(struct ctl_tables *t);

#endif
