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
enum ctl_exit { CTL_OK, CTL_FAILED, CTL_USAGE };

/* What the options of a command line said. */
struct ctl_settings {
	enum fw_format format;
	bool json;
	bool kernel;
	bool tc;
	bool xdp_set;
	enum fw_xdp_mode xdp;
	double interval; /* seconds */
	const char *pcap;
	const char *devs[CTL_DEVS_MAX];
	unsigned ndevs;
};

/* One option: parsing and help come from the same row. */
struct ctl_option {
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *help;
	/* Return: NULL, or what would have been right. */
	const char *(*set)(struct ctl_settings *s, const char *value);
};

extern const struct ctl_option ctl_opt_format, ctl_opt_json, ctl_opt_kernel, ctl_opt_pcap, ctl_opt_dev, ctl_opt_xdp,
	ctl_opt_tc, ctl_opt_interval;

/* One command: dispatch, usage and help come from the same row. */
struct ctl_command {
	const char *name;
	const char *operands; /* for the synopsis */
	const char *summary;
	const char *details;                     /* below the options in the help; also documents the JSON fields */
	const struct ctl_option *const *options; /* ended by NULL */
	int min_operands, max_operands;          /* max -1: any number */
	int (*run)(const struct ctl_settings *s, int n, char **operands);
};

extern const struct ctl_command ctl_check, ctl_classify, ctl_run;

/**
 * ctl_options_parse - an argument vector, argv[0] being the command's name
 * @operands: those that are not options, inside @argv; @n of them
 * Return: 0; CTL_USAGE when it is wrong, and said so; -1 when help was asked for.
 */
int ctl_options_parse(const struct ctl_command *cmd, int argc, char **argv, struct ctl_settings *s, int *n,
		      char ***operands);
void ctl_options_print(FILE *f, const struct ctl_command *cmd);

/* "fwctl: MESSAGE" on standard error. */
void ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Every diagnostic on standard error, as compilers do, and how many there are. */
void ctl_print_diags(const struct fw_diags *ds);
/* What went wrong: the diagnostics, or, when there are none, @what and the errno of @err. */
void ctl_print_failure(const struct fw_diags *ds, const char *what, int err);

/* Loads a ruleset, or says why not. @seconds may be NULL. Return: 0 or -errno. */
int ctl_load(const char *path, enum fw_format format, struct fw_ruleset **out, double *seconds);
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

/* Strings that need not be UTF-8; NULL becomes null. Rules as {"id", "name", "verdict", "text"}. */
json_t *ctl_json_string(const char *s);
json_t *ctl_json_u64(uint64_t v);
json_t *ctl_json_rule(const struct fw_ruleset *rs, const struct fw_rule *rule);
/* One object on one line; takes @object. Return: 0, or -EIO. */
int ctl_json_print(json_t *object);

const char *ctl_verdict_name(enum fw_verdict verdict);
/* Can the rule match packets of this hook? */
bool ctl_rule_on_hook(const struct fw_rule *rule, enum fw_hook hook);

/* Cleanup attributes. */
void ctl_ruleset_freep(struct fw_ruleset **p);
void ctl_pool_freep(struct fw_pool **p);
void ctl_kern_closep(struct fw_kern **p);
void ctl_buf_clear(struct fw_buf *b);

#endif
