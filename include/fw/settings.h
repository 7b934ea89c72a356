/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The settings of a program: one table defines the lines of its configuration
 * file, the options of its command line and --help. Only fw_settings_read() does I/O.
 */
#ifndef FW_SETTINGS_H
#define FW_SETTINGS_H

#include "fw/base.h"

#define FW_SETTING_TEXT 256 /* bytes of a value, NUL included */
#define FW_SETTINGS_MAX 32  /* rows of a table */

/* A setting: its name, its valid values, and the field that it is stored in. */
struct fw_setting {
	const char *name;
	const char *arg; /* for --help; NULL: an option without a value */
	const char *help;
	const char *value; /* the default; empty: none */
	const char *want;  /* the valid values: "a path that begins with '/'" */
	int (*parse)(const struct fw_setting *s, const char *value, void *field); /* 0 or -EINVAL */
	size_t offset;                                                            /* of the field */
	unsigned min, max; /* of a number; of a text in bytes; max of a choice: how many words */
	const char *const *words;
};

struct fw_settings {
	const struct fw_setting *rows;
	size_t n; /* at most FW_SETTINGS_MAX */
};

/* Parsers for fields char[FW_SETTING_TEXT]; a path begins with '/' unless it is empty. */
int fw_setting_text(const struct fw_setting *s, const char *value, void *field);
int fw_setting_path(const struct fw_setting *s, const char *value, void *field);
/* Parsers for fields unsigned; for enums, by the index of the word. */
int fw_setting_number(const struct fw_setting *s, const char *value, void *field);
int fw_setting_choice(const struct fw_setting *s, const char *value, void *field);

/* Sets all defaults. @into is zeroed before. */
void fw_settings_defaults(const struct fw_settings *t, void *into);
/**
 * fw_settings_set - parse and store a value
 * @at: its place in a file; all zero: it is from the command line, and the diagnostic names the option
 * Return: 0, or -EINVAL with a diagnostic.
 */
int fw_settings_set(const struct fw_setting *s, void *into, const char *value, struct fw_place at, struct fw_diags *ds);

/**
 * fw_settings_parse - parse lines `SETTING VALUE`, and comments, which begin with `#`
 * @name: the file, for diagnostics
 * Return: 0, or -EINVAL with a diagnostic for each invalid line.
 */
int fw_settings_parse(const struct fw_settings *t, void *into, const char *text, size_t len, const char *name,
		      struct fw_diags *ds);
/* Reads a file. @must: it has to exist. 0, or -errno with diagnostics. */
int fw_settings_read(const struct fw_settings *t, void *into, const char *path, bool must, struct fw_diags *ds);

/* A program whose command line has its settings and a few more options; --help, -h and --version need no row. */
struct fw_program {
	const char *name;
	const char *about, *after; /* first and last text of --help */
	const char *heading;       /* of the settings in --help */
	const char *file; /* of settings, read if it is there and the command line names no other; NULL: none */
	const struct fw_settings *settings;
	const struct fw_settings *options; /* the others, of which only name, arg and help are used */
};

struct fw_command_line {
	const char *setting[FW_SETTINGS_MAX]; /* values, by row; NULL: not given; the last one counts */
	const char *option[FW_SETTINGS_MAX];  /* the same; "" for one without a value */
	bool help, version;
};

/* Does not check values. @argv may be reordered, and its texts are borrowed. 0, or -EINVAL with a diagnostic. */
int fw_command_line_parse(const struct fw_program *p, int argc, char **argv, struct fw_command_line *out,
			  struct fw_diags *ds);
/* Stores the settings that were given. 0, or -EINVAL with a diagnostic for each invalid one. */
int fw_command_line_set(const struct fw_program *p, const struct fw_command_line *cl, void *into, struct fw_diags *ds);
/*
 * All settings: the defaults, then those of a file, then those that were given. @path: the file that the command line names, which
 * has to exist; NULL: p->file. 0, or -errno with diagnostics.
 */
int fw_command_line_settings(const struct fw_program *p, const struct fw_command_line *cl, const char *path, void *into,
			     struct fw_diags *ds);
/* Was --help or --version given? Then writes the text to @b, to be printed instead of running. */
bool fw_command_line_answer(const struct fw_program *p, const struct fw_command_line *cl, struct fw_buf *b);

#endif
