/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text in and out: the rule grammar both ways, ClassBench filter sets, and
 * packets written by hand. Reads memory and files that the caller names; never prints.
 */
#ifndef FW_TEXT_H
#define FW_TEXT_H

#include "fw/edit.h"

/* A stretch of text; not ended by NUL. */
struct fw_str {
	const char *s;
	size_t len;
};

/*
 * The nearest of some words, when it is near: fw_nearest_try() with each of
 * them, then fw_nearest_hint() writes "did you mean 'x'?", or nothing.
 */
struct fw_nearest {
	struct fw_str word;
	const char *best;
	unsigned distance;
};
void fw_nearest_try(struct fw_nearest *n, const char *candidate);
#define FW_NEAREST_TRIES 4096 /* words that are looked at where there may be a million: some milliseconds */
const char *fw_nearest_hint(const struct fw_nearest *n, char *buf, size_t size);

/* Where a word of another program (iptables, nft, ufw, pf) was found: in a rule, or at the start of a statement or a change. */
enum fw_word_where { FW_WORD_OF_RULE = 1, FW_WORD_OF_TEXT = 2, FW_WORD_OF_CHANGE = 4 };
/* A hint for what to write instead; NULL: it is not such a word. */
const char *fw_other_word(struct fw_str s, enum fw_word_where where);

/* Formats of whole rulesets: X(symbol, name, parser). The store keeps the number of a row. */
/* clang-format off */
#define FW_FORMATS(X)                    \
	X(RULES, "rules", fw_text_parse) \
	X(CLASSBENCH, "classbench", fw_text_parse_classbench)
enum fw_format {
#define FW_FORMAT_ENUM(sym, name, parser) FW_FORMAT_##sym,
	FW_FORMATS(FW_FORMAT_ENUM)
#undef FW_FORMAT_ENUM
	FW_NFORMATS,
};
/* clang-format on */
extern const char *const fw_format_names[FW_NFORMATS + 1]; /* ended by NULL */
/* The parser of a format: the contract is that of fw_text_parse(). */
typedef int fw_text_parser(struct fw_ruleset *rs, const char *text, size_t len, const char *name, struct fw_diags *ds);
fw_text_parser *fw_text_parser_of(enum fw_format format);

/**
 * fw_text_parse - rules in the grammar of fw.rules, added to a ruleset
 * @rs:   gets the rules, sets and policies of the text
 * @text: @len bytes, need not end in NUL or newline; borrowed
 * @name: for diagnostics; also the file that relative paths of `set NAME file` start from
 * @ds:   every error of the text, up to FW_MAX_DIAGS
 * Return: 0, -EINVAL with diagnostics (the ruleset may hold a part of the text; throw it away), -ENOMEM.
 */
int fw_text_parse(struct fw_ruleset *rs, const char *text, size_t len, const char *name, struct fw_diags *ds);

/*
 * Where to get the text of `set NAME file "PATH"`, for callers that must not open files: @path as written. The text is
 * borrowed until the parse ends. 0, or -errno: the file is not there.
 */
struct fw_files {
	int (*find)(void *ctx, const char *path, const char **text, size_t *len);
	void *ctx;
	bool stored; /* the text was accepted before, maybe by an older version: what only newer ones refuse is accepted */
};
/* fw_text_parse() with files from @files. */
int fw_text_parse_with(struct fw_ruleset *rs, const char *text, size_t len, const char *name,
		       const struct fw_files *files, struct fw_diags *ds);
/*
 * The paths of all `set NAME file "PATH"` of a text, as written, without parsing the rest: calls @path for each until it
 * returns other than 0, which is then returned.
 */
int fw_text_files(const char *text, size_t len, int (*path)(const char *path, void *ctx), void *ctx);

/**
 * fw_text_edit - changes to a ruleset, one a line, in the grammar of docs/fw.rules.md
 *
 *	add rule [chain NAME] [first | last | before REF | after REF] [ID] [name NAME] [chain NAME] { match } ACTION
 *		[counter] [comment STRING]
 *	replace rule REF [name NAME] { match } ACTION [counter] [comment STRING]
 *	move rule REF ( first | last | before REF | after REF )
 *	del rule REF { REF }
 *	set create NAME [dynamic [timeout TIME] [size N]] ELEMENTS
 *	set add | del [--exist] NAME ELEMENTS
 *	set replace NAME ( ELEMENTS | file "PATH" { WORD } )
 *	set flush NAME
 *	set destroy NAME
 *	policy REASON [log ...] verdict
 *	chain create NAME [owner GROUP]
 *	chain del NAME
 *
 * REF is the id or the name of a rule, ELEMENTS are addresses with blanks between, or a list in braces, each with `timeout TIME`
 * after it if it is to leave a dynamic set again. Later lines see what earlier ones did.
 * @e:   gets the changes, and is settled (fw_edit_settle()); on failure end it by fw_edit_abort()
 * @log: gets the same lines in a form that does the same when it is read again over the same ruleset: ids given, REFs as
 *       ids; NULL: not wanted
 * Return: 0, -EINVAL with a diagnostic for the first line that went wrong, -ENOMEM.
 */
int fw_text_edit(struct fw_edit *e, const char *text, size_t len, const char *name, struct fw_diags *ds,
		 struct fw_buf *log);
/*
 * fw_text_edit() with files from @files. Where they are `stored`, elements that are there already, or are not there, and
 * changes of elements of a set that no longer exists are skipped.
 */
int fw_text_edit_with(struct fw_edit *e, const char *text, size_t len, const char *name, const struct fw_files *files,
		      struct fw_diags *ds, struct fw_buf *log);

/* A text of rules for one chain. */
struct fw_chain_text {
	const char *chain; /* name of the chain */
	const char *text;  /* @len bytes, need not end in NUL; borrowed */
	size_t len;
	const char *name; /* path or name of the text, for diagnostics */
};
/*
 * Replaces the rules of the chain by those of the text and changes nothing else. Rules that are the same keep their ids and counters,
 * as with fw_ruleset_adopt(). @e, @log and the return value are those of fw_text_edit().
 */
int fw_text_edit_chain(struct fw_edit *e, const struct fw_chain_text *text, struct fw_diags *ds, struct fw_buf *log);

/**
 * fw_text_query - parses a query, which selects the rules that could decide on certain packets
 * @matches: `chain NAME`, matches as in a rule, words of conditions and effects (`limit`, `log`), and the verdict, each of them
 *           optional: `from 10.0.0.0/8 proto tcp`
 * @out:     to be freed with fw_query_free()
 *
 * A rule passes if some packet satisfies the query's matches and the rule's, as their sets are now, and if the rule has the chain,
 * the conditions and effects, and the verdict that the query names. A query that names nothing of IP includes other frames. A query
 * that no packet can satisfy is refused, with the diagnostic that a rule with the same matches would get.
 * Return: 0, -EINVAL with a diagnostic, or -ENOMEM.
 */
struct fw_query;
struct fw_query_names {
	/* The @i-th name of the @iface-th interface, its primary name first. NULL: it has no more; with @i 0: no more interfaces. */
	const char *(*name)(void *ctx, size_t iface, size_t i);
	void *ctx; /* passed to @name */
};
int fw_text_query(const char *matches, const char *name, struct fw_diags *ds, struct fw_query **out);
/* Tells the query all names of the machine's interfaces, so that each name stands for all of them. 0 or -ENOMEM. */
int fw_query_name(struct fw_query *q, const struct fw_query_names *names);
/**
 * fw_query_passes - is a rule one of those that the query selects?
 * @work: number of comparisons that may be made; lowered by those that were. NULL: any number
 * Return: 1 or 0; -EAGAIN: @work is used up, and the next call with the same rule continues, even if the ruleset was edited in
 * between; -ENOMEM.
 */
int fw_query_passes(struct fw_query *q, const struct fw_ruleset *rs, const struct fw_rule *rule, int64_t *work);
/* A packet that was seen, for a query. */
struct fw_query_packet {
	const struct fw_key *key; /* from the packet parser; its interfaces are not used */
	const char *in, *out;     /* names of the interfaces; NULL: the packet has none, or it is unknown */
	enum fw_verdict verdict;  /* what was decided */
};
/* Is it one of the packets that the query asks for? */
bool fw_query_has(const struct fw_query *q, const struct fw_query_packet *p);
/* Does it ask for conditions or effects of rules, which a packet does not have? */
bool fw_query_asks_effects(const struct fw_query *q);
void fw_query_free(struct fw_query *q); /* NULL is fine */

/**
 * fw_text_parse_classbench - a ClassBench filter set, all verdicts DROP, no hook
 *
 * `@src/len<TAB>dst/len<TAB>lo : hi<TAB>lo : hi<TAB>proto/mask[<TAB>anything]`; what follows the protocol is
 * ignored. Ports of a rule are matched only when its range is not 0 : 65535. Same contract as fw_text_parse().
 */
int fw_text_parse_classbench(struct fw_ruleset *rs, const char *text, size_t len, const char *name,
			     struct fw_diags *ds);

/**
 * fw_text_load - a whole ruleset from a file ("-": standard input)
 * @out: the ruleset, freed with fw_ruleset_free(); untouched on failure
 * Return: 0, -EINVAL (diagnostics), -ENOMEM, or another -errno with a diagnostic when the file cannot be read.
 */
int fw_text_load(const char *path, enum fw_format format, struct fw_ruleset **out, struct fw_diags *ds);

/* One rule as `rule ID ...`, no newline. Parses back to the same rule. */
void fw_text_print_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule);
/*
 * The same in pieces, since a rule may name a million addresses: about @most of them, from @at on, which begins as zeros.
 * true: that was all.
 */
struct fw_rule_place {
	enum fw_rule_part { FW_RULE_HEAD, FW_RULE_SRC, FW_RULE_DST } part;
	uint32_t element;
};
bool fw_text_print_rule_some(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
			     struct fw_rule_place *at, uint32_t most);
/*
 * `set NAME [dynamic] { ... }` or `set NAME file "PATH" { WORD }`, no newline. @now: elements that leave are printed with the
 * time that is left then, `timeout 5m`; 0: with the time at which they leave, `until 1767225600`.
 */
void fw_text_print_set(struct fw_buf *b, const struct fw_set *set, uint32_t now);
/*
 * The changes (fw_text_edit()) that give a ruleset the elements of @rs's dynamic sets. @with: only of sets whose names it has,
 * or some of whose elements leave; NULL: of all.
 */
void fw_text_print_dynamic(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_ruleset *with);
/* `chain NAME [owner GROUP]`, no newline. */
void fw_text_print_chain(struct fw_buf *b, const struct fw_chain *c);
/* Policies (those the user set), sets, chains, rules: a text that parses back to the same ruleset. */
void fw_text_print(struct fw_buf *b, const struct fw_ruleset *rs);
/* An element of @set as it is parsed, with its time: @now as of fw_text_print_set(). */
void fw_text_print_element(struct fw_buf *b, const struct fw_set *set, const struct fw_addr_range *r, uint32_t now);
/* Prints `policy REASON ACTION`, without the newline. */
void fw_text_print_policy(struct fw_buf *b, const struct fw_ruleset *rs, enum fw_reason reason);
/* A span of time: "1h30m"; nothing for 0. */
void fw_text_print_time(struct fw_buf *b, uint32_t seconds);
/* An address range as address, prefix or a-b. */
void fw_text_print_addr_range(struct fw_buf *b, const struct fw_addr_range *r);

struct fw_meta;

#define FW_FRAME_MAX 2048

/* A packet as it is on the wire, and what the kernel knows about it. */
struct fw_frame {
	uint8_t data[FW_FRAME_MAX]; /* the bytes from the Ethernet header on */
	uint32_t len;               /* number of bytes in @data */
	uint32_t wire_len;          /* bytes of the whole frame, at least @len; struct fw_meta calls it len */
	uint32_t hook;              /* enum fw_hook */
	uint32_t mark;              /* the kernel's mark of the packet */
	uint64_t asked;             /* FW_FIELD_BIT()s: which of @state, @uid and @gid have a value */
	uint32_t state, uid, gid;
	char iface[FW_IFNAME_MAX + 1], from_if[FW_IFNAME_MAX + 1], to_if[FW_IFNAME_MAX + 1]; /* empty: not given */
};
/*
 * The name of FW_F_IFACE, FW_F_FROM_IF or FW_F_TO_IF; empty: not given. What came in at `in` and `input` came in `on` an interface,
 * and what goes out at `out` and `output` goes out `on` one. NULL: the packet has none there.
 */
const char *fw_frame_iface(const struct fw_frame *f, enum fw_field field);
/* What a hook tells the parser of the frame. @number gives the number of an interface in the ruleset; its name may be empty. */
struct fw_meta fw_frame_meta(const struct fw_frame *f, uint32_t (*number)(const void *ctx, const char *name),
			     const void *ctx);
/* For that: @ruleset is a struct fw_ruleset. */
uint32_t fw_frame_number(const void *ruleset, const char *name);

/**
 * fw_text_frame - a packet written by hand, as bytes
 * @text: `tcp 10.0.0.1:999 > 192.0.2.1:80 [HOOK] [[on] IFACE] { WORD VALUE }`, with the packet words of fw_field_info[]:
 *        vlan N, ttl N, length N and so on, and from-if, to-if; IPv6 with ports as [addr]:port; a protocol name or number
 *
 * Defaults: `in`, any interface, state new where the hook can know it, flags syn, type echo-request, ttl 64, a length without payload. Checksums are right,
 * but for SCTP's.
 * @out:  untouched on failure
 * Return: 0, or -EINVAL with a diagnostic whose column counts in @text.
 */
int fw_text_frame(const char *text, struct fw_frame *out, struct fw_diags *ds);

/* The packets of a trace file, one a line. */
struct fw_trace;

/**
 * fw_trace_open - a file of packets
 * @format: FW_FORMAT_RULES: as fw_text_frame() reads them; FW_FORMAT_CLASSBENCH: `src dst sport dport proto`, decimal,
 *          and anything after them
 * @out:    closed with fw_trace_close(); untouched on failure
 * Return: 0, -ENOMEM, or -errno with a diagnostic when the file cannot be opened.
 */
int fw_trace_open(const char *path, enum fw_format format, struct fw_diags *ds, struct fw_trace **out);
/* Return: 1 a packet, 0 the end, -EINVAL with a diagnostic. */
int fw_trace_next(struct fw_trace *t, struct fw_diags *ds, struct fw_frame *frame);
void fw_trace_close(struct fw_trace *t); /* NULL is fine */

/**
 * fw_truth_read - the known answers to a trace: for each packet the index of the first rule that matches, or -1
 * @nrules: above every index
 * @out:    @n answers; free() them
 * Return: 0, -EINVAL with a diagnostic, -ENOMEM, or -errno with a diagnostic when the file cannot be opened.
 */
int fw_truth_read(const char *path, size_t nrules, struct fw_diags *ds, long **out, size_t *n);

/* A value as a packet written by hand has it: a name, a number, or flags with commas between them. */
void fw_text_print_packet_value(struct fw_buf *b, enum fw_field field, bool v6, uint32_t value);
/*
 * The packet of a key in one line, in the form that fw_text_frame() reads; other frames: the reason, ethertype and
 * length. @rs names the interface and may be NULL.
 */
void fw_text_print_key(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_key *key);

/* Which is nearer to @word, and near enough to be suggested: @best so far (may be NULL) or @candidate. NULL: neither. */
const char *fw_text_nearer(const char *word, const char *best, const char *candidate);

#endif
