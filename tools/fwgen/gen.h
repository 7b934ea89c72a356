/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the parts of fwgen: options, and addresses as text. */
#ifndef FWGEN_GEN_H
#define FWGEN_GEN_H

#include "fw/base.h"
#include "fw/random.h"
#include "fw/table/fields.h"

struct gen_options {
	unsigned long rules, count, packets, seed, v6; /* v6 in percent */
	double zipf;                                   /* 0: each packet is another flow */
	const char *shape;
	const char *rules_path;
	const char *trace_path;
	const char *format;
};

#define GEN_ADDR_TEXT 48
/* Writes the address to @text, which has room for GEN_ADDR_TEXT bytes. Return: @text. */
const char *gen_addr_text(enum fw_family family, struct fw_addr addr, char *text);
/* The mask of the host bits of a prefix of @len bits. */
struct fw_addr gen_host_mask(enum fw_family family, unsigned len);

struct fw_ruleset;
/* Reads the ruleset that the options name, and prints errors. 0 or -errno. */
int gen_load(const struct gen_options *o, struct fw_ruleset **out);
void gen_ruleset_freep(struct fw_ruleset **rs);

/* The subcommands. They print to standard output, and errors to standard error. Return: the exit status. */
int gen_rules(const struct gen_options *o);
int gen_prefixes(const struct gen_options *o);
int gen_trace(const struct gen_options *o);
int gen_truth(const struct gen_options *o);

#endif
