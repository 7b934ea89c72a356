/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of one parse, shared by the statements (parse.c), rules (parse_rule.c) and their matches (parse_match.h). */
#ifndef FW_TEXT_PARSE_H
#define FW_TEXT_PARSE_H

#include "lib/text/internal.h"

#define FW_LIST_MAX 65535 /* values of one list */
#define FW_WORD_DYNAMIC "dynamic"
#define FW_WORD_EXIST "--exist"
#define FW_WORD_TIMEOUT "timeout"
#define FW_WORD_UNTIL "until"
#define FW_WORD_NEVER "never"
#define FW_WORD_SIZE "size"

/* The addresses of one side of a rule while it is being read. */
struct fw_side {
	bool said, negated;
	struct fw_addr_range *ranges;
	size_t nranges, ranges_cap;
	uint32_t *sets;
	size_t nsets, sets_cap;
};

/* A file of this machine in which names have numbers, once it was needed. */
struct fw_names_file {
	char *text; /* free() */
	size_t len;
	bool read;
};
struct fw_parser {
	struct fw_lexer lx;
	struct fw_token tok; /* the one that is looked at */
	bool fresh;          /* it is the first of its line */
	struct fw_ruleset *rs;
	const char *name;
	struct fw_diags *ds;
	unsigned depth;                    /* open braces */
	struct fw_match *room[FW_NFIELDS]; /* matches of the rule that is being read */
	uint64_t has_room;                 /* fields with room, by FW_FIELD_BIT() */
	uint32_t room_cap[FW_NFIELDS];     /* ranges that fit */
	unsigned masked;                   /* of the match that is being read: so many values have a mask */
	struct fw_side src, dst, *side;    /* of that rule; side: the one that is being read */
	const char *const *statements;     /* the words that begin one, up to NULL */
	const struct fw_files *files;      /* NULL: the parser opens files itself */
	struct fw_edit *edit;              /* NULL: a ruleset is read, not changes to one */
	bool query;                        /* matches without a rule */
	const struct fw_match *proto;      /* of the rule that is being read; NULL: not given so far */
	struct fw_names_file services, users, groups;
};

/* From the beginning of a text; then what the text is made for is set. */
void fw_parser_init(struct fw_parser *p, struct fw_ruleset *rs, const char *text, size_t len, const char *name,
		    struct fw_diags *ds);
void fw_parser_free(struct fw_parser *p);

void fw_parser_next(struct fw_parser *p);
void fw_parser_skip_newlines(struct fw_parser *p);

static inline struct fw_place fw_parser_here(const struct fw_parser *p)
{
	return (struct fw_place){ p->name, p->tok.line, p->tok.column };
}

static inline bool fw_parser_at(const struct fw_parser *p, const char *word)
{
	return p->tok.kind == FW_T_WORD && fw_str_is(p->tok.text, word);
}

/* The text was accepted before: see struct fw_files. */
static inline bool fw_parser_stored(const struct fw_parser *p)
{
	return p->files && p->files->stored;
}

/* The current word as addresses, not passed over: 0, or -EINVAL with a diagnostic. */
int fw_parser_range(struct fw_parser *p, struct fw_addr_range *out);

/* The current word as a span of time, or as `never`, which is 0; not passed over. 0, or -EINVAL with a diagnostic. */
int fw_parser_time(struct fw_parser *p, uint32_t *seconds);
/* A whole number from 1 to @max, not passed over. 0, or -EINVAL with a diagnostic. */
int fw_parser_count(struct fw_parser *p, const char *what, uint32_t max, uint32_t *out);
/*
 * An element of @set, which may have `timeout TIME` or `until SECONDS` after it; its last word stays the current one.
 * @own: set to whether the element has a timeout of its own; NULL is fine. 0, or -EINVAL with a diagnostic.
 */
int fw_parser_element(struct fw_parser *p, const struct fw_set *set, struct fw_addr_range *out, bool *own);
/* Takes the words after `dynamic`: `timeout TIME` and `size N`. 0, or -EINVAL with a diagnostic. */
int fw_parser_dynamic(struct fw_parser *p, uint32_t *timeout, uint32_t *size);
/* Prints them, each after a blank. */
void fw_print_dynamic_words(struct fw_buf *b, const struct fw_set *set);

/* Refuses the current token: always -EINVAL. */
int fw_parser_expected(struct fw_parser *p, const char *what, const char *hint);

/**
 * fw_parser_list - one element, or several between braces
 * @element: takes the current word or string, which the list then skips; after -EINVAL the list continues,
 *           so that every bad element is reported
 * @empty:   may `{ }` be empty?
 * Return: 0, -EINVAL when anything was refused, -ENOMEM.
 */
int fw_parser_list(struct fw_parser *p, int (*element)(struct fw_parser *, void *), void *ctx, bool empty);

/* Takes a string: unescaped, printable UTF-8, at most @max - 1 bytes. */
int fw_parser_string(struct fw_parser *p, const char *what, char *out, size_t max);
/* Takes a word as the name of a rule or set. */
int fw_parser_name(struct fw_parser *p, const char *what, char *out);
/* A verdict that has one of the roles (enum fw_verdict_role); its number if that comes next, else -1. */
int fw_parser_verdict(struct fw_parser *p, unsigned roles, uint8_t *out);
int fw_parser_at_verdict(const struct fw_parser *p, unsigned roles);
/* "'drop' or 'accept'", after the words in @before. Return: @buf. */
#define FW_VERDICT_WORDS 128
const char *fw_verdict_words(unsigned roles, const char *before, char *buf, size_t size);
void fw_nearest_try_verdicts(struct fw_nearest *near, unsigned roles);
/* Is the current token the first word of a statement, at the beginning of a line? */
bool fw_parser_at_statement(const struct fw_parser *p);
/*
 * Calls @statement at each statement; after -EINVAL the next one is parsed, so that all errors are reported. 0, -EINVAL when
 * anything was refused, -ENOMEM.
 */
int fw_parser_statements(struct fw_parser *p, int (*statement)(struct fw_parser *, void *), void *ctx);
/* The end of the line or of the text: 0; else refuses what is there. */
int fw_parser_statement_end(struct fw_parser *p);
/* What a rule or policy does, as it was read. */
struct fw_action_text {
	uint8_t number; /* of the action in the ruleset */
	struct fw_log log;
	uint16_t target; /* the chain that jump and goto name */
	/* Private to parse_action.c. */
	struct fw_action action;
	struct fw_rule_places *at;
	bool effects; /* it does something besides its verdict, which may be left out */
	char prefix[FW_LOG_PREFIX_MAX + 1];
};
#define FW_WORD_AUDIT "audit"
/* Is this the first word of an action, but for the verdicts? */
bool fw_parser_at_action(const struct fw_parser *p);
/*
 * What queries ask of an action, a bit each: FW_PART_UPDATE comes with FW_PART_ADD. fw_parse_parts() takes their words, without
 * what rules have after them; fw_action_parts(): those that an action has.
 */
enum fw_action_part {
	FW_PART_LIMIT = 1,
	FW_PART_CONNECTIONS = 2,
	FW_PART_LOG = 4,
	FW_PART_MARK = 8,
	FW_PART_ADD = 16,
	FW_PART_UPDATE = 32,
	FW_PART_AUDIT = 64
};
unsigned fw_parse_parts(struct fw_parser *p);
unsigned fw_action_parts(const struct fw_action *a);
/**
 * fw_parse_action - conditions and effects, and the verdict
 * @roles: FW_OF_RULES, or what policies may have: these log at most
 * @at:    gets the places of the parts
 * @out:   not to be copied: the log's prefix is in it
 * Return: 0, -EINVAL with a diagnostic.
 */
int fw_parse_action(struct fw_parser *p, unsigned roles, struct fw_rule_places *at, struct fw_action_text *out);
/* Prints it, with a blank in front. */
void fw_print_action(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_action *a,
		     const struct fw_log *log);

/* The current word as the chain of that name; not passed over. 0, or -EINVAL with a diagnostic. */
int fw_parser_find_chain(struct fw_parser *p, uint16_t *out);
#define FW_WORD_CHAIN "chain"
#define FW_WORD_OWNER "owner"
/*
 * What follows `chain` where one is defined: its name, which no chain has, and `owner GROUP`; *owned says whether. 0, -EINVAL
 * with a diagnostic.
 */
int fw_parser_chain(struct fw_parser *p, char name[FW_NAME_MAX + 1], bool *owned, uint32_t *owner);
/* Prints its definition without the first word. */
void fw_print_chain_words(struct fw_buf *b, const struct fw_chain *c);

/* Takes what a policy is for, and its action, FW_FOLLOW included. */
int fw_parser_policy(struct fw_parser *p, enum fw_reason *reason, struct fw_action_text *action);
/* The set of that name, built in or defined; without one, a diagnostic at the current token. */
int fw_parser_find_set(struct fw_parser *p, struct fw_str name, uint32_t *out);
/* The same, for sets whose elements may be changed: not for a built-in one. */
int fw_parser_change_set(struct fw_parser *p, struct fw_str name, uint32_t *out);
/* Takes the name of a set that is defined, as fw_parser_name(): not that of a built-in one, unless it was stored. */
int fw_parser_set_name(struct fw_parser *p, char *out);

/* The text of a set's file; free() *own. 0, -EINVAL with a diagnostic, -ENOMEM. */
struct fw_set_file {
	const char *name; /* for diagnostics */
	const char *text;
	size_t len;
	char *own_name, *own_text; /* free() them */
};
int fw_set_file_read(struct fw_parser *p, const char *path, struct fw_place at, struct fw_set_file *out);
void fw_set_file_free(struct fw_set_file *f);
/* The elements of a set that has a name, a path and words, from its file. 0, -EINVAL with diagnostics, -ENOMEM. */
int fw_set_read(struct fw_parser *p, struct fw_set *set, struct fw_place at);
/* Takes the words that follow the file: 0, or -EINVAL with a diagnostic. */
int fw_set_words_parse(struct fw_parser *p, uint8_t *words);
/* Resolves the escapes of a string: 0, or -EINVAL with a diagnostic. */
int fw_str_unescape(struct fw_str s, const char *what, struct fw_place at, struct fw_diags *ds, char *out, size_t max);

/* The current word as a port: a number, a range, or the name of a service of the protocols that the rule has named so far. */
int fw_parse_port(struct fw_parser *p, enum fw_field field, struct fw_range *out);
/* The same for FW_F_UID and FW_F_GID: a number, a range, or the name of a user or group. */
int fw_parse_owner(struct fw_parser *p, enum fw_field field, struct fw_range *out);
/* Reads the file, unless it was read before: its text, or nothing when it cannot be read. */
void fw_names_file_read(struct fw_names_file *f, const char *path);

struct fw_keyword;
/* Of ICMP's types and codes: is it ICMPv6's word? NULL: no. */
bool fw_keyword_v6(const struct fw_keyword *kw);
enum { FW_SIDE_SRC = FW_NFIELDS, FW_SIDE_DST, FW_NSUBJECTS };

/* A rule as it was read. */
struct fw_rule_text {
	struct fw_rule draft; /* its matches are kept in the parser until the next rule is read */
	const struct fw_match *matches[FW_NFIELDS];
	struct fw_rule_places at;
	const struct fw_keyword *said[FW_NSUBJECTS];
	struct fw_action_text action;
	char name[FW_NAME_MAX + 1], comment[FW_COMMENT_MAX + 1];
	char chain[FW_NAME_MAX + 1]; /* of a query; empty: any */
};
/**
 * fw_parse_rule - `[ID] [name NAME] [chain NAME] { match } ACTION [counter] [comment STRING]`, to the end of the statement
 * @start: where the rule begins, for diagnostics
 * Return: 0, -EINVAL with diagnostics, -ENOMEM.
 */
int fw_parse_rule(struct fw_parser *p, struct fw_token start, struct fw_rule_text *out);
/* `[chain NAME] { match } { part } [verdict]`, to the end of the text; *verdict is left alone when there is none. @parts: enum fw_action_part */
int fw_parse_query(struct fw_parser *p, struct fw_rule_text *out, unsigned *parts, int *verdict);

#endif
