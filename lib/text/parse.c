// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statements of the rule language: sets, policies and rules. After an error
 * the parser continues with the next statement, so that one run reports every
 * error of a text.
 */
#include <limits.h>

#include "fw/chains.h"
#include "lib/text/parse.h"

#define REASONS_HINT "in, out, input, forward, output, malformed, non-ip, not-parsed, vlan-depth or ext-headers"

/* Policies but those of hooks may follow these, and those of hooks alone may reject. */
static int parser_policy_action(struct fw_parser *p, enum fw_reason reason, struct fw_action_text *out)
{
	bool may_follow = fw_policy_may_have(reason, FW_FOLLOW);
	struct fw_rule_places places = { .file = p->name };
	char words[FW_VERDICT_WORDS];
	int err;

	if (!may_follow && fw_parser_at_verdict(p, FW_OF_POLICIES) == FW_FOLLOW)
		return fw_parser_expected(p, fw_verdict_words(FW_TERMINAL, "", words, sizeof(words)),
					  "other policies may follow this one");
	err = fw_parse_action(p, may_follow ? FW_OF_POLICIES : FW_TERMINAL, &places, out);
	if (err || fw_policy_may_be(reason, &p->rs->actions[out->number]))
		return err;
	if (out->action.verdict == FW_REJECT)
		return fw_diag_add(p->ds, fw_place_of(&places, places.verdict), "write 'drop'",
				   "packets of the policy '%s' cannot be rejected", fw_reason_info[reason].name);
	return fw_diag_add(p->ds, fw_place_of(&places, places.log), "log where it follows to",
			   "a policy that follows others cannot log");
}

static int refuse_policy(struct fw_parser *p)
{
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];

	for (size_t r = 0; r < FW_NREASONS; r++)
		if (!fw_reason_is_fault((uint32_t)r))
			fw_nearest_try(&near, fw_reason_info[r].name);
	return fw_diag_add(p->ds, fw_parser_here(p),
			   near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) : REASONS_HINT,
			   "there is no policy for '%s'", FW_SHOW(p->tok.text));
}

int fw_parser_policy(struct fw_parser *p, enum fw_reason *reason, struct fw_action_text *action)
{
	size_t r = 0;

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "what the policy is for", REASONS_HINT);
	while (r < FW_NREASONS && (fw_reason_is_fault((uint32_t)r) || !fw_parser_at(p, fw_reason_info[r].name)))
		r++;
	if (r == FW_NREASONS)
		return refuse_policy(p);
	*reason = r;
	fw_parser_next(p);
	return parser_policy_action(p, r, action);
}

static int parse_policy(struct fw_parser *p, struct fw_token start)
{
	struct fw_place at = fw_parser_here(p);
	enum fw_reason r = FW_R_IN;
	struct fw_action_text action = { .number = 0 };
	int err = fw_parser_policy(p, &r, &action);

	if (!err && p->rs->policy_set[r])
		return fw_diag_add(p->ds, at, "keep one of the two", "the policy of '%s' is given twice",
				   fw_reason_info[r].name);
	return err ? err : fw_ruleset_policy_set(p->rs, r, action.number, &action.log);
}

static int parse_rule(struct fw_parser *p, struct fw_token start)
{
	struct fw_rule_text rule;
	int err = fw_parse_rule(p, start, &rule);

	return err ? err : fw_ruleset_add_at(p->rs, &rule.draft, &rule.at, p->ds, NULL);
}

static int set_element(struct fw_parser *p, void *ctx)
{
	struct fw_set *set = ctx;
	struct fw_addr_range r;

	if (p->tok.kind == FW_T_WORD && p->tok.text.s[0] == '@')
		return fw_diag_add(p->ds, fw_parser_here(p), "name both sets in the rule: from { @a, @b }",
				   "a set cannot hold another set");
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "an address", "write addresses without quotes");

	int err = fw_parser_element(p, set, &r, NULL);

	return err ? err : fw_set_push(set, &r);
}

int fw_set_read(struct fw_parser *p, struct fw_set *set, struct fw_place at)
{
	fw_cleanup(fw_set_file_free) struct fw_set_file f = { .name = NULL };
	int err = fw_set_file_read(p, set->path, at, &f);

	if (!err)
		err = fw_list_read(p->rs, set, f.text, f.len, f.name, fw_parser_stored(p), p->ds);
	if (err || set->n || set->words & FW_SET_MAY_BE_EMPTY || fw_parser_stored(p))
		return err;
	return fw_diag_add(p->ds, at, "write 'may-be-empty' after the file if that is intended",
			   "'%s' holds no address: the set '%s' would be empty", f.name, set->name);
}

static int name_set(struct fw_parser *p, struct fw_place at, char name[FW_NAME_MAX + 1])
{
	int err = fw_parser_set_name(p, name), old;
	char hint[64] = "";

	if (err)
		return err;
	old = fw_ruleset_set_find(p->rs, name);
	if (old >= 0 && p->rs->sets[old].line)
		snprintf(hint, sizeof(hint), "line %u defines it", p->rs->sets[old].line);
	if (old >= 0)
		return fw_diag_add(p->ds, at, hint, "there is already a set '%s'", name);
	return 0;
}

/* NULL: no memory */
static struct fw_set *new_set(struct fw_parser *p, const char *name, const char *path, struct fw_token start)
{
	uint32_t number;

	if (fw_ruleset_set(p->rs, name, path, &number))
		return NULL;
	p->rs->sets[number].line = start.line;
	return &p->rs->sets[number];
}

/* `file "PATH" { WORD }` after the name; also reads the elements from the file. @start: of the statement. */
static int parse_set_file(struct fw_parser *p, const char *name, struct fw_token start)
{
	struct fw_place here;
	char path[PATH_MAX];
	struct fw_set *set;
	uint8_t said = 0;

	path[0] = '\0';
	fw_parser_next(p);
	here = fw_parser_here(p);

	int err = fw_parser_string(p, "the path of a file", path, sizeof(path));

	if (err)
		return err;
	if (!path[0])
		return fw_diag_add(p->ds, here, "name a file", "the path is empty");
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return fw_diag_add(p->ds, here, NULL, "the path holds a control character");
	err = fw_set_words_parse(p, &said);
	if (err)
		return err;
	set = new_set(p, name, path, start);
	if (!set)
		return -ENOMEM;
	set->words = said;
	return fw_set_read(p, set, here);
}

/* A set after the word `set`, which is @start. On failure the ruleset may keep the set with a part of its elements. */
static int parse_set(struct fw_parser *p, struct fw_token start)
{
	struct fw_place at = fw_parser_here(p);
	char name[FW_NAME_MAX + 1];
	uint32_t timeout = 0, size = 0;
	struct fw_set *set;
	bool dynamic;
	int err = name_set(p, at, name);

	if (err)
		return err;
	dynamic = fw_parser_at(p, FW_WORD_DYNAMIC);
	if (dynamic) {
		fw_parser_next(p);
		err = fw_parser_dynamic(p, &timeout, &size);
	}
	if (err)
		return err;
	if (dynamic && fw_parser_at(p, "file"))
		return fw_parser_expected(p, "'{'", "a rule can name both: from { @list, @banned }");
	if (fw_parser_at(p, "file"))
		return parse_set_file(p, name, start);
	if (p->tok.kind != FW_T_OPEN)
		return fw_parser_expected(
			p, dynamic ? "'{'" : "'{', 'file' or 'dynamic'",
			"set NAME [dynamic [timeout TIME] [size N]] { 192.0.2.1, 10.0.0.0/8 }, or set NAME file \"PATH\"");
	set = new_set(p, name, NULL, start);
	if (!set)
		return -ENOMEM;
	set->dynamic = dynamic;
	set->timeout = timeout;
	set->size = size;
	err = fw_parser_list(p, set_element, set, true);
	fw_set_sort(set);
	return err;
}

/* `chain NAME [owner GROUP]`, after its first word. */
static int parse_chain(struct fw_parser *p, struct fw_token start)
{
	char name[FW_NAME_MAX + 1];
	uint32_t owner = 0;
	uint16_t number = 0;
	bool owned;
	int err = fw_parser_chain(p, name, &owned, &owner);

	if (!err)
		err = fw_ruleset_chain(p->rs, name, &number);
	if (err == -E2BIG)
		return fw_diag_add(p->ds, (struct fw_place){ p->name, start.line, start.column }, NULL,
				   "there are more than %u chains", FW_CHAINS_MAX - 1);
	if (err)
		return err;
	p->rs->chains[number].line = start.line;
	p->rs->chains[number].owned = owned;
	p->rs->chains[number].owner = owner;
	return 0;
}

static const char *const words[] = { "rule", "set", "policy", FW_WORD_CHAIN, NULL };

static int refuse_statement(struct fw_parser *p)
{
	const char *other = fw_other_word(p->tok.text, FW_WORD_OF_TEXT);
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];

	for (size_t i = 0; words[i]; i++)
		fw_nearest_try(&near, words[i]);
	return fw_parser_expected(p, "'rule', 'set', 'policy' or 'chain'",
				  other ? other : fw_nearest_hint(&near, hint, sizeof(hint)));
}

static int parse_statement(struct fw_parser *p, void *ctx)
{
	static int (*const parse[])(struct fw_parser *, struct fw_token) = { parse_rule, parse_set, parse_policy,
									     parse_chain };
	struct fw_token start = p->tok;
	size_t i = 0;

	(void)ctx;
	while (words[i] && !fw_parser_at(p, words[i]))
		i++;
	if (!words[i])
		return refuse_statement(p);
	fw_parser_next(p);

	int err = parse[i](p, start);

	return err ? err : fw_parser_statement_end(p);
}

int fw_text_parse_with(struct fw_ruleset *rs, const char *text, size_t len, const char *name,
		       const struct fw_files *files, struct fw_diags *ds)
{
	fw_cleanup(fw_parser_free) struct fw_parser p;
	int result;

	fw_parser_init(&p, rs, text, len, name, ds);
	p.statements = words;
	p.files = files;
	result = fw_parser_statements(&p, parse_statement, NULL);
	if (!result)
		result = fw_ruleset_order(rs);
	return result ? result : fw_chains_check(rs, NULL, ds);
}

int fw_text_parse(struct fw_ruleset *rs, const char *text, size_t len, const char *name, struct fw_diags *ds)
{
	return fw_text_parse_with(rs, text, len, name, NULL, ds);
}
