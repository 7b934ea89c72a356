/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands and options, one row each. Parsing, help, manual and completion are all made from these rows. */
#ifndef FWCTL_COMMAND_H
#define FWCTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_DEVS_MAX 32
#define CTL_KEYS_MAX 16 /* that one manifest can be signed with */

/* Exit codes. */
enum ctl_exit { CTL_OK, CTL_FAILED, CTL_USAGE, CTL_NO_DAEMON };

struct ctl_command;

/* Arguments that are not read yet. */
struct ctl_arguments {
	int n;
	char **v;
};

/* The options of a command line. */
struct ctl_settings {
	const struct ctl_command *const *commands; /* all of them, ended by NULL: for help, manual and completion */
	const char *socket, *pins, *agent;
	int format;      /* enum fw_format */
	int xdp;         /* enum fw_xdp_mode; -1: not given */
	int import_from; /* enum fw_import_format */
	int to;          /* enum fw_export_format */
	int mode, out;   /* of attach: indices into the words of the option */
	bool json, kernel, tc, terse, reset, check, diff, yes, echo, exist, later, follow, host, report, partial, load,
		counters, hosts;
	double interval;     /* seconds */
	uint64_t limit, top; /* 0: all */
	uint64_t confirm;    /* seconds; 0: the change needs no confirmation */
	uint64_t max_cost;   /* nanoseconds that a packet may take; 0: no limit */
	uint64_t parent;     /* generation; 0: that of head */
	const char *rules, *from, *pcap, *capture, *rule, *output, *chain, *target, *fleet, *author, *trust, *config;
	const char *keys[CTL_KEYS_MAX]; /* files */
	unsigned nkeys;
	const char *devs[CTL_DEVS_MAX];
	unsigned ndevs;
};

/* What an operand or the value of an option can be, for completion. */
enum ctl_kind {
	CTL_KIND_FILE = 1,
	CTL_KIND_IFACE = 2,
	CTL_KIND_RULE = 4,
	CTL_KIND_SET = 8,
	CTL_KIND_MATCH = 16, /* words of the rule language, and what can follow each */
	CTL_KIND_COMMAND = 32,
	CTL_KIND_PLACE = 64, /* what can follow a word, such as `before` */
	CTL_KIND_CHAIN = 128,
};

/* An option. */
struct ctl_option {
	const char *name;
	const char *arg; /* name of its value; NULL: it takes none */
	const char *help;
	/* Sets it. Return: NULL, or what would be right. */
	const char *(*set)(const struct ctl_option *o, struct ctl_settings *s, const char *value);
	size_t at;                /* offset of the setting in struct ctl_settings */
	const char *const *words; /* of a choice, ended by NULL; the setting is set to the index */
	enum ctl_kind kind;       /* of the value; 0: nothing to complete */
	bool many;                /* may be given more than once */
	char letter;              /* a short form, -o; 0: none */
};

extern const struct ctl_option ctl_opt_format, ctl_opt_json, ctl_opt_kernel, ctl_opt_pcap, ctl_opt_dev, ctl_opt_xdp,
	ctl_opt_tc, ctl_opt_interval, ctl_opt_socket, ctl_opt_rules, ctl_opt_from, ctl_opt_limit, ctl_opt_top,
	ctl_opt_terse, ctl_opt_reset, ctl_opt_check, ctl_opt_max_cost, ctl_opt_diff, ctl_opt_confirm, ctl_opt_yes,
	ctl_opt_echo, ctl_opt_exist, ctl_opt_mode, ctl_opt_out, ctl_opt_later, ctl_opt_host, ctl_opt_pins,
	ctl_opt_agent, ctl_opt_follow, ctl_opt_rule, ctl_opt_capture, ctl_opt_import_from, ctl_opt_to, ctl_opt_output,
	ctl_opt_report, ctl_opt_partial, ctl_opt_load, ctl_opt_counters, ctl_opt_chain, ctl_opt_publish_to, ctl_opt_key,
	ctl_opt_fleet, ctl_opt_parent, ctl_opt_author, ctl_opt_trust, ctl_opt_config, ctl_opt_hosts, ctl_opt_until;
/* Options that every command takes, ended by NULL. */
extern const struct ctl_option *const ctl_global_options[];

/* A command. */
struct ctl_command {
	const char *name;     /* one word or two */
	const char *operands; /* for the synopsis */
	const char *summary;
	const char *details;                     /* below the options in the help; documents the JSON fields too */
	const struct ctl_option *const *options; /* ended by NULL; besides the global ones */
	const char *words;                       /* that operands can be, separated by blanks; NULL: none */
	unsigned kinds;                          /* enum ctl_kind that operands can be */
	int min_operands, max_operands;          /* max -1: any number */
	bool hidden;                             /* for the build only */
	/* Return: enum ctl_exit. */
	int (*run)(const struct ctl_settings *s, int n, char **operands);
};

#endif
