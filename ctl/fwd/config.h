/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's settings: one table gives the configuration file, the options of
 * the command line and --help. Pure but for config_read().
 */
#ifndef FWD_CONFIG_H
#define FWD_CONFIG_H

#include "fw/kern.h"

#define CONFIG_DEFAULT_FILE "/etc/fwd/fwd.conf"
#define CONFIG_TEXT_MAX 256 /* bytes of a value, NUL included */

struct config {
	char socket[CONFIG_TEXT_MAX];
	char store[CONFIG_TEXT_MAX];
	char pins[CONFIG_TEXT_MAX];
	enum fw_kern_pool pool;
	char rules[CONFIG_TEXT_MAX]; /* empty: none */
	char group[CONFIG_TEXT_MAX];
	char admin_group[CONFIG_TEXT_MAX];
	unsigned clients_max;
	unsigned client_timeout; /* seconds */
};

/* What a value has to look like, and where it goes. */
struct setting {
	const char *name;
	const char *arg; /* for --help */
	const char *help;
	const char *value; /* the default */
	const char *want;  /* what is right: "a path that begins with '/'" */
	int (*parse)(const struct setting *s, const char *value, void *field); /* 0 or -EINVAL */
	size_t offset;                                                         /* of the field */
	unsigned min, max;                                                     /* of numbers; of texts: bytes */
};
extern const struct setting config_settings[];
extern const size_t config_nsettings;

/* All settings as they are when nobody says anything. */
void config_defaults(struct config *c);
/* One setting: 0, or -EINVAL with a diagnostic. */
int config_set(struct config *c, const struct setting *s, const char *value, struct fw_place at, struct fw_diags *ds);
/**
 * config_parse - lines `SETTING VALUE`; `#` begins a line of comment
 * @name: for diagnostics
 * Return: 0, or -EINVAL with a diagnostic for each line that is wrong.
 */
int config_parse(struct config *c, const char *text, size_t len, const char *name, struct fw_diags *ds);
/* A file. @must: it is an error when there is none. 0, or -errno with diagnostics. */
int config_read(struct config *c, const char *path, bool must, struct fw_diags *ds);

#endif
