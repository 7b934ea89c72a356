/* SPDX-License-Identifier: GPL-2.0-only */
/* The exporter's settings: one table gives the options of the command line, --help and the manual. Pure. */
#ifndef EXPORTER_SETTINGS_H
#define EXPORTER_SETTINGS_H

#include "fw/base.h"

#define SETTINGS_TEXT_MAX 256 /* bytes of a value, NUL included */

/* Which rules get series of their own. */
enum rules { RULES_SELECTED, RULES_ALL, RULES_NONE, RULES_NCHOICES };
extern const char *const rules_names[RULES_NCHOICES + 1]; /* ended by NULL; as fwd's request calls them */

struct settings {
	char address[SETTINGS_TEXT_MAX];
	unsigned port;
	char tls_cert[SETTINGS_TEXT_MAX], tls_key[SETTINGS_TEXT_MAX]; /* empty: none */
	char socket[SETTINGS_TEXT_MAX];
	char pins[SETTINGS_TEXT_MAX];
	unsigned rules; /* enum rules */
	unsigned max_rules, top;
	unsigned clients_max;
	unsigned timeout; /* seconds */
	unsigned format;  /* enum page_format, of --once */
};

/* What a value has to look like, and where it goes. */
struct setting {
	const char *name;
	const char *arg; /* for --help */
	const char *help;
	const char *value;                                                     /* the default */
	const char *want;                                                      /* what is right */
	int (*parse)(const struct setting *s, const char *value, void *field); /* 0 or -EINVAL */
	size_t offset;                                                         /* of the field */
	unsigned min, max;                                                     /* of numbers; of texts: bytes */
	const char *const *words;                                              /* of a choice */
};
extern const struct setting settings_table[];
extern const size_t settings_n;

/* All settings as they are when nobody says anything. */
void settings_defaults(struct settings *c);
/* One setting: 0, or -EINVAL with a diagnostic. */
int settings_set(struct settings *c, const struct setting *s, const char *value, struct fw_diags *ds);
/* Do they go together? 0, or -EINVAL with a diagnostic. */
int settings_check(const struct settings *c, struct fw_diags *ds);

#endif
