/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of a program: one table gives the lines of its file, the options of
 * its command line and --help. Pure but for fw_settings_read().
 */
#ifndef FW_SETTINGS_H
#define FW_SETTINGS_H

#include "fw/text.h"

#define FW_SETTING_TEXT 256 /* bytes of a value, NUL included */
#define FW_SETTINGS_MAX 16  /* rows of a table */

/* What a value has to look like, and where it goes. */
struct fw_setting {
	const char *name;
	const char *arg; /* for --help; NULL: an option without a value */
	const char *help;
	const char *value; /* the default; empty: none */
	const char *want;  /* what is right: "a path that begins with '/'" */
	int (*parse)(const struct fw_setting *s, const char *value, void *field); /* 0 or -EINVAL */
	size_t offset;                                                            /* of the field */
	unsigned min, max; /* of numbers; of texts: bytes; of a choice: max is how many words */
	const char *const *words;
};

struct fw_settings {
	const struct fw_setting *rows;
	size_t n; /* at most FW_SETTINGS_MAX */
};

/* For fields char[FW_SETTING_TEXT]; a path begins with '/' unless it is empty. */
int fw_setting_text(const struct fw_setting *s, const char *value, void *field);
int fw_setting_path(const struct fw_setting *s, const char *value, void *field);
/* For fields unsigned; or of an enum: which word. */
int fw_setting_number(const struct fw_setting *s, const char *value, void *field);
int fw_setting_choice(const struct fw_setting *s, const char *value, void *field);

/* All settings as they are when nobody says anything, into a structure of zeroes. */
void fw_settings_defaults(const struct fw_settings *t, void *into);
/**
 * fw_settings_set - one setting
 * @at: its place in a file; all zero: from the command line, and the diagnostic names the option
 * Return: 0, or -EINVAL with a diagnostic.
 */
int fw_settings_set(const struct fw_setting *s, void *into, const char *value, struct fw_place at, struct fw_diags *ds);

/**
 * fw_settings_parse - lines `SETTING VALUE`; `#` begins a line of comment
 * @name: for diagnostics
 * Return: 0, or -EINVAL with a diagnostic for each line that is wrong.
 */
int fw_settings_parse(const struct fw_settings *t, void *into, const char *text, size_t len, const char *name,
		      struct fw_diags *ds);
/* A file. @must: it is an error when there is none. 0, or -errno with diagnostics. */
int fw_settings_read(const struct fw_settings *t, void *into, const char *path, bool must, struct fw_diags *ds);

/* A program whose command line is settings and a few options more; --help, -h and --version need no row. */
struct fw_program {
	const char *name;
	const char *about, *after; /* what --help says first and last */
	const char *heading;       /* of the settings in --help */
	const struct fw_settings *settings;
	const struct fw_settings *options; /* what is no setting: only name, arg and help count */
};

struct fw_command_line {
	const char *setting[FW_SETTINGS_MAX]; /* values, by row; NULL: not given; the last one counts */
	const char *option[FW_SETTINGS_MAX];  /* the same; "" of one that takes none */
	bool help, version;
};

/* 0, or -EINVAL with a diagnostic; values are not looked at. @argv may be reordered; what it holds is borrowed. */
int fw_command_line_parse(const struct fw_program *p, int argc, char **argv, struct fw_command_line *out,
			  struct fw_diags *ds);
/* The settings that were given. 0, or -EINVAL with a diagnostic for each one that is wrong. */
int fw_command_line_set(const struct fw_program *p, const struct fw_command_line *cl, void *into, struct fw_diags *ds);
/* Was help or the version asked for? Then @b gets it, to be printed instead of running. */
bool fw_command_line_answer(const struct fw_program *p, const struct fw_command_line *cl, struct fw_buf *b);

#endif
