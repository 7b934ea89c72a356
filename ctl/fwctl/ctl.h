/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of fwctl share: the table that each is a row of, its
 * options, and the ways to say things to the user. Only this directory prints.
 */
#ifndef FWCTL_CTL_H
#define FWCTL_CTL_H

#include "fw/kern.h"
#include "fw/text.h"

#include <jansson.h>

#define CTL_DEVS_MAX 32

/* Exit codes. */
enum ctl_exit { CTL_OK, CTL_FAILED, CTL_USAGE, CTL_NO_DAEMON };

/* What the options of a command line said. */
struct ctl_settings {
	const char *socket, *pins;
	int format;    /* enum fw_format */
	int xdp;       /* enum fw_xdp_mode; -1: not said */
	int mode, out; /* of attach, indices into the option's words */
	bool json, kernel, tc, terse, reset, check, diff, yes, echo, exist, later;
	double interval;     /* seconds */
	uint64_t limit, top; /* 0: all */
	uint64_t confirm;    /* seconds; 0: no confirmation is waited for */
	uint64_t max_cost;   /* nanoseconds that a packet may take; 0: no matter */
	const char *rules, *from, *pcap;
	const char *devs[CTL_DEVS_MAX];
	unsigned ndevs;
};

/* What an operand or the value of an option may be, for completion. */
enum ctl_kind {
	CTL_KIND_FILE = 1,
	CTL_KIND_IFACE = 2,
	CTL_KIND_RULE = 4,
	CTL_KIND_SET = 8,
	CTL_KIND_MATCH = 16, /* words of the rule language, and what may follow each */
	CTL_KIND_COMMAND = 32,
	CTL_KIND_PLACE = 64, /* what may follow a word, such as `before` */
};

/* One option: parsing, help, manual and completion come from the same row. */
struct ctl_option {
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *help;
	/* Return: NULL, or what would have been right. */
	const char *(*set)(const struct ctl_option *o, struct ctl_settings *s, const char *value);
	size_t at;                /* which setting: its offset in struct ctl_settings */
	const char *const *words; /* of a choice, ended by NULL; the setting gets the index */
	enum ctl_kind kind;       /* of the argument; 0: nothing to complete */
	bool many;                /* may be given more than once */
};

extern const struct ctl_option ctl_opt_format, ctl_opt_json, ctl_opt_kernel, ctl_opt_pcap, ctl_opt_dev, ctl_opt_xdp,
	ctl_opt_tc, ctl_opt_interval, ctl_opt_socket, ctl_opt_rules, ctl_opt_from, ctl_opt_limit, ctl_opt_top,
	ctl_opt_terse, ctl_opt_reset, ctl_opt_check, ctl_opt_max_cost, ctl_opt_diff, ctl_opt_confirm, ctl_opt_yes,
	ctl_opt_echo, ctl_opt_exist, ctl_opt_mode, ctl_opt_out, ctl_opt_later, ctl_opt_pins;
/* Those that every command takes, ended by NULL. */
extern const struct ctl_option *const ctl_global_options[];

/* One command: dispatch, usage, help, manual and completion come from the same row. */
struct ctl_command {
	const char *name;     /* one word or two */
	const char *operands; /* for the synopsis */
	const char *summary;
	const char *details;                     /* below the options in the help; also documents the JSON fields */
	const struct ctl_option *const *options; /* ended by NULL; without the global ones */
	const char *words;                       /* that operands may be, between blanks; NULL: none */
	unsigned kinds;                          /* enum ctl_kind that operands may be */
	int min_operands, max_operands;          /* max -1: any number */
	bool hidden;                             /* for the build only */
	int (*run)(const struct ctl_settings *s, int n, char **operands);
};

/* All of them, ended by NULL. */
extern const struct ctl_command *const ctl_commands[];
extern const struct ctl_command ctl_add, ctl_replace, ctl_move, ctl_del, ctl_show, ctl_list, ctl_counters,
	ctl_set_create, ctl_set_add, ctl_set_del, ctl_set_flush, ctl_set_replace, ctl_set_destroy, ctl_set_list,
	ctl_policy, ctl_load_command, ctl_confirm, ctl_undo, ctl_history, ctl_save, ctl_flush, ctl_batch, ctl_attach,
	ctl_detach, ctl_status, ctl_classify, ctl_watch, ctl_check, ctl_run, ctl_completion, ctl_man, ctl_help;

/**
 * ctl_command_find - the command that an argument vector begins with
 * @argv: of @argc words, at least one
 * @words: how many of them name it
 * Return: NULL when there is none, and said so.
 */
const struct ctl_command *ctl_command_find(int argc, char **argv, int *words);
/* The command that does what other firewalls' one of that name does; NULL: none. */
const char *ctl_other_command(const char *word);
void ctl_print_usage(FILE *f);
void ctl_print_help(const struct ctl_command *cmd);

/*
 * Options in front of the command: @argc and @argv become what is left. Return as ctl_options_parse().
 */
int ctl_options_global(int *argc, char ***argv, struct ctl_settings *s);
/**
 * ctl_options_parse - the options and operands of a command
 * @argv:     argv[0] is the command's last word
 * @s:        as ctl_options_global() left it
 * @operands: those that are not options, inside @argv; @n of them
 * Return: 0; CTL_USAGE when it is wrong, and said so; -1 when help was asked for.
 */
int ctl_options_parse(const struct ctl_command *cmd, int argc, char **argv, struct ctl_settings *s, int *n,
		      char ***operands);
/* Calls @each for every option that a command takes, the global ones last. */
void ctl_options_each(const struct ctl_command *cmd, void (*each)(const struct ctl_option *o, void *ctx), void *ctx);

/* "fwctl: MESSAGE" on standard error. */
void ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Something that is right, below an error. */
void ctl_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* JSON on standard output, with \u for what its writers leave as it is though nobody would see it. */
void ctl_put_json(const char *text, size_t len);
/* A text of others, escaped as fw_escape() does it. */
void ctl_put(FILE *f, const char *s);
/* So are all strings of a value, in place; NULL is fine. */
void ctl_json_clean(json_t *o);
/* Do both mean the same file, whose name @shown is escaped? */
bool ctl_is_shown_as(const char *name, const char *shown);

/* A text that diagnostics speak of. */
struct ctl_source {
	const char *name;  /* as diagnostics call it; NULL: the words of the command line, whatever they are called */
	const char *shown; /* what to call it; NULL: the same */
	const char *text;
	size_t len;
	const struct ctl_source *next;
};
/*
 * Every diagnostic on standard error, as compilers do: place, message, the line with the column marked, hint; and how many
 * there are. Texts that are not among @sources (may be NULL) are looked for in files.
 */
void ctl_print_diags(const struct fw_diags *ds, const struct ctl_source *sources);
/*
 * In JSON a command that fails says so in an object too: {"ok": false, "error", "diags"} of what was said first, unless an
 * answer of fwd has said it.
 */
void ctl_note_diags(const struct fw_diags *ds);
void ctl_note_answer(void);
void ctl_json_failure(void);
/* The same as warnings, in one line each. */
void ctl_print_warnings(const struct fw_diags *ds);
/* Diagnostics as an array of {"file", "line", "column", "message", "hint"}, and back; NULL is none. */
json_t *ctl_json_diags(const struct fw_diags *ds);
void ctl_diags_of(const json_t *array, struct fw_diags *ds);
/* The warnings of an END. */
void ctl_warnings_of(const json_t *end, struct fw_diags *ds);
/* What went wrong: the diagnostics, or, when there are none, @what and the errno of @err. */
void ctl_print_failure(const struct fw_diags *ds, const char *what, int err);

/* Loads a ruleset, or says why not. @seconds may be NULL. Return: 0 or -errno. */
int ctl_load(const char *path, int format, struct fw_ruleset **out, double *seconds);
/* Compiles it and validates the image, or says why not. Return: 0 or -errno. */
int ctl_compile(const struct fw_ruleset *rs, struct fw_pool *pool, struct fw_image *out);
/* Loads the program into the kernel, or says why not. Return: 0 or -errno. */
int ctl_kern_open(struct fw_kern **out);
/* The image becomes what packets see, with counters for every rule. Return: 0 or -errno, and said so. */
int ctl_kern_publish(struct fw_kern *k, const struct fw_ruleset *rs, const struct fw_image *image);

/* Bytes of a count in the largest fitting unit, as "12.3 MiB". Return: @buf. */
const char *ctl_bytes(char *buf, size_t size, uint64_t bytes);
/* Possible CPUs of this machine: per-CPU maps have a copy for each. */
unsigned ctl_cpus(void);

/* A text of others, escaped too; NULL becomes null. Text of fwd's languages as it is, if it is UTF-8. */
json_t *ctl_json_string(const char *s);
json_t *ctl_json_text(const char *s);
json_t *ctl_json_u64(uint64_t v);
/* {"id", "name", "verdict", "text"} */
json_t *ctl_json_rule(const struct fw_ruleset *rs, const struct fw_rule *rule);
/* One object on one line; takes @object. Return: 0, or -EIO. */
int ctl_json_print(json_t *object);

/* Cleanup attributes. */
void ctl_ruleset_freep(struct fw_ruleset **p);
void ctl_pool_freep(struct fw_pool **p);
void ctl_kern_closep(struct fw_kern **p);
void ctl_buf_clear(struct fw_buf *b);

#endif
