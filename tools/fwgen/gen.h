/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of fwgen share: options, the random numbers that make every run repeatable, and addresses as text. */
#ifndef FWGEN_GEN_H
#define FWGEN_GEN_H

#include "fw/base.h"
#include "fw/random.h"
#include "fw/table/fields.h"

struct gen_options {
	unsigned long rules, count, packets, seed, v6; /* v6 in percent */
	double zipf;                                   /* 0: every packet is a flow of its own */
	const char *shape;
	const char *rules_path;
	const char *trace_path;
	const char *format;
};

#define GEN_ADDR_TEXT 48
/* Writes the address and returns @text, which has room for GEN_ADDR_TEXT bytes. */
const char *gen_addr_text(enum fw_family family, struct fw_addr addr, char *text);
/* A number with bits only where a prefix of @len bits has host bits. */
struct fw_addr gen_host_mask(enum fw_family family, unsigned len);

struct fw_ruleset;
/* Reads the ruleset that the options name; what is wrong is said. 0 or -errno. */
int gen_load(const struct gen_options *o, struct fw_ruleset **out);
void gen_ruleset_freep(struct fw_ruleset **rs);

/* The subcommands: exit status. They print to standard output and say errors on standard error. */
int gen_rules(const struct gen_options *o);
int gen_prefixes(const struct gen_options *o);
int gen_trace(const struct gen_options *o);
int gen_truth(const struct gen_options *o);

#endif
