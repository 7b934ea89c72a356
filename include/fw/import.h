/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rulesets of other packet filters as text of the rule language, line by line: each line becomes rules, stays with the
 * kernel, or is refused with the reason. Nothing is approximated. Reads memory only.
 */
#ifndef FW_IMPORT_H
#define FW_IMPORT_H

#include "fw/base.h"

/*
 * Formats of files: X(symbol, name). AUTO: recognised by what the file contains. Of IPTABLES, the family is recognised by the
 * addresses, the name of the program in a comment, or the name of the file.
 */
/* clang-format off */
#define FW_IMPORT_FORMATS(X)       \
	X(AUTO, "auto")            \
	X(IPTABLES, "iptables")    \
	X(IP6TABLES, "ip6tables")  \
	X(IPSET, "ipset")          \
	X(NFT, "nft")
enum fw_import_format {
#define FW_IMPORT_FORMAT_ENUM(sym, name) FW_IMPORT_##sym,
	FW_IMPORT_FORMATS(FW_IMPORT_FORMAT_ENUM)
#undef FW_IMPORT_FORMAT_ENUM
	FW_IMPORT_NFORMATS,
};

/*
 * What became of a line: X(symbol, word, explanation). RULE and KERNEL are no refusals: a line of KERNEL (NAT, for example)
 * filters nothing, and the tool that it was written for keeps it in the kernel.
 */
#define FW_IMPORT_REASONS(X)                                                             \
	X(RULE, "rule", "became a rule")                                                 \
	X(POLICY, "policy", "became a policy, or the last rule of its hook")              \
	X(KERNEL, "kernel", "filters nothing and stays in the kernel")                   \
	X(SYNTAX, "syntax", "the tool that the file is for would not accept it")         \
	X(MATCH, "match", "asks for a property of packets that rules do not match on")    \
	X(VALUE, "value", "a value of a match or target that rules cannot express")      \
	X(TARGET, "target", "a target or statement without an equivalent")               \
	X(STATE, "state", "depends on earlier packets in a way that rules do not")      \
	X(SET, "set", "a set that is missing, or of a kind that rules cannot use")       \
	X(PLACE, "place", "a table, chain or hook where packets cannot be filtered")     \
	X(CHAIN, "chain", "a chain that is missing, called in a circle or too deeply")
enum fw_import_reason {
#define FW_IMPORT_REASON_ENUM(sym, word, text) FW_IMPORT_AS_##sym,
	FW_IMPORT_REASONS(FW_IMPORT_REASON_ENUM)
#undef FW_IMPORT_REASON_ENUM
	FW_IMPORT_NREASONS,
};
/* clang-format on */
extern const char *const fw_import_format_names[FW_IMPORT_NFORMATS + 1]; /* ended by NULL */
extern const char *const fw_import_reason_words[FW_IMPORT_NREASONS];
extern const char *const fw_import_reason_texts[FW_IMPORT_NREASONS];

struct fw_import_file {
	const char *name; /* path for messages; its family is taken from the name if that tells, as in rules.v6 */
	const char *text; /* @len bytes, need not end in NUL; borrowed, and the report refers to it */
	size_t len;
	enum fw_import_format format;
};

/* A line of a file that is about packets, and what became of it. */
struct fw_import_line {
	const char *file; /* name of the file */
	unsigned line;    /* from 1; 0 in JSON */
	unsigned column;  /* from 1, in bytes: the place that a refusal is about */
	enum fw_import_reason reason;
	const char *text; /* the line, @len bytes, not ended by NUL */
	size_t len;
	const char *message;     /* the reason of a refusal, or a remark; NULL: none */
	size_t became;           /* FW_IMPORT_RULE: offset of the rules that the line became in the output, */
	size_t became_len;       /* and their length in bytes, without the last newline */
	uint64_t packets, bytes; /* what the line has counted, as the file tells */
	size_t counts; /* FW_IMPORT_RULE: offset of the rule that counts the same packets; SIZE_MAX: none does */
	bool filters;  /* the line belongs to a table that filters packets */
	bool opens;    /* leaving it out could let packets pass */
};

struct fw_import_report {
	struct fw_import_line *lines; /* @n lines, in the order of the files */
	size_t n, cap;
	size_t refused;       /* number of lines that are refused */
	struct fw_region mem; /* holds the messages */
};
void fw_import_report_free(struct fw_import_report *r);

struct fw_import_options {
	bool partial; /* leave out refused lines where that cannot let packets pass */
};

/**
 * fw_import - rules for the files of another packet filter
 * @files:   of one firewall: files of iptables and ip6tables with those of ipset, or of nft
 * @report:  empty; gets the lines, also on failure; freed with fw_import_report_free()
 * @out:     empty; gets a text for fw_text_parse(); stays empty on failure
 * Return: 0; -EINVAL: a line is refused, and with @partial one whose absence could let packets pass; -ENOMEM.
 */
int fw_import(const struct fw_import_file *files, size_t n, const struct fw_import_options *options,
	      struct fw_import_report *report, struct fw_buf *out);

#endif
