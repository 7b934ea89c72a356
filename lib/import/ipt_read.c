// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines of iptables-save, as people's files are: other commands than -A, lines of scripts (`iptables -A ...`), several
 * tables, counters, no COMMIT.
 */
#include "lib/import/ipt.h"

/* Reading a file. */
struct reader {
	struct ipt *c;
	const struct fw_import_file *file;
	enum ipt_family family;
	enum ipt_table_number table;
	bool known_table;        /* of the section; rules of others (broute) are no rules of iptables */
	uint64_t packets, bytes; /* the counters of the line */
	struct import_place at;
	struct ipt_word words[IPT_WORDS];
	int n;
};

static const char *const table_names[IPT_NTABLES] = { "raw", "mangle", "nat", "filter", "security" };

/* Refuses the line as a whole. @opens: it may have been one that drops packets. */
static int refuse(struct reader *r, unsigned column, const char *why, const char *word)
{
	struct fw_import_line *line;

	r->at.column = column;
	line = import_note(r->c->im, &r->at, FW_IMPORT_AS_SYNTAX, why, word);
	if (!line)
		return -ENOMEM;
	line->filters = r->table == IPT_FILTER;
	line->opens = true;
	return 0;
}

static int set_table(struct reader *r, const char *name, unsigned column)
{
	r->known_table = false;
	for (int t = 0; t < IPT_NTABLES; t++)
		if (!strcmp(table_names[t], name)) {
			r->table = (enum ipt_table_number)t;
			r->known_table = true;
		}
	return r->known_table ? 0 : refuse(r, column, "there is no table %s", name);
}

/* A section `*filter`. One that a table has twice would replace the first. */
static int begin_table(struct reader *r, const char *name)
{
	struct ipt_table *t;
	int err = set_table(r, name, 1);

	if (err || !r->known_table)
		return err;
	t = &r->c->tables[r->family][r->table];
	if (t->file)
		return refuse(r, 1, "the table %s was there before: its rules would be replaced", name);
	t->file = r->file;
	return 0;
}

/* Does the table have a chain at the hook of this name? */
static bool is_of_table(enum ipt_table_number t, const char *name)
{
	static const unsigned hooks[IPT_NTABLES] = {
		[IPT_RAW] = 1u << IPT_PREROUTING | 1u << IPT_OUTPUT,
		[IPT_MANGLE] = (1u << IPT_NHOOKS) - 1,
		[IPT_NAT] = ((1u << IPT_NHOOKS) - 1) & ~(1u << IPT_FORWARD),
		[IPT_FILTER] = 1u << IPT_INPUT | 1u << IPT_FORWARD | 1u << IPT_OUTPUT,
		[IPT_SECURITY] = 1u << IPT_INPUT | 1u << IPT_FORWARD | 1u << IPT_OUTPUT,
	};

	for (int i = 0; i < IPT_NHOOKS; i++)
		if (!strcmp(ipt_hook_names[i], name))
			return hooks[t] & 1u << i;
	return true;
}

/* The chain of the line's table. NULL: out of memory, or there cannot be one, and *err is 0 or -ENOMEM. */
static struct ipt_chain *chain_of(struct reader *r, const struct ipt_word *w, int *err)
{
	struct ipt_chain *chain;

	if (strchr("-!", w->s[0]) || strlen(w->s) > IPT_NAME_MAX || !is_of_table(r->table, w->s) ||
	    ipt_is_target(w->s)) {
		*err = refuse(r, w->column, "the table has no chain %s", w->s);
		return NULL;
	}
	chain = ipt_chain_get(r->c, r->family, r->table, w->s);
	*err = chain ? 0 : -ENOMEM;
	return chain;
}

/* `:INPUT DROP [0:0]` or `-P INPUT DROP`; `-` is of a user's chain. */
static int set_policy(struct reader *r, const struct ipt_word *name, const struct ipt_word *policy)
{
	int err;
	struct ipt_chain *chain = chain_of(r, name, &err);
	struct fw_import_line *line;

	if (!chain || !strcmp(policy->s, "-"))
		return err;
	if (strcmp(policy->s, "ACCEPT") != 0 && strcmp(policy->s, "DROP") != 0)
		return refuse(r, policy->column, "a policy is ACCEPT or DROP, not %s", policy->s);
	if (chain->hook < 0)
		return refuse(r, policy->column, "a user's chain has no policy", NULL);
	chain->drops = policy->s[0] == 'D';
	chain->has_policy = true;
	chain->packets = r->packets;
	chain->bytes = r->bytes;
	chain->note = r->c->im->report->n;
	line = import_note(r->c->im, &r->at, FW_IMPORT_AS_POLICY, NULL);
	if (!line)
		return -ENOMEM;
	line->filters = r->table == IPT_FILTER;
	return 0;
}

/* Puts a rule at a place of its chain, counted from 1; 0: the end. */
static bool insert(struct ipt_chain *chain, struct ipt_rule *rule, unsigned long place)
{
	struct ipt_rule **at = place ? &chain->first : chain->end;

	for (; place > 1 && *at; place--)
		at = &(*at)->next;
	if (place > 1)
		return false;
	rule->next = *at;
	*at = rule;
	if (!rule->next)
		chain->end = &rule->next;
	return true;
}

/* The number after `-I CHAIN`, which may be missing. */
static unsigned long place_of(const struct reader *r, int i, int *used)
{
	char *end;
	unsigned long place = i < r->n ? strtoul(r->words[i].s, &end, 10) : 0;

	*used = i < r->n && r->words[i].s[0] >= '0' && r->words[i].s[0] <= '9' && !*end && place;
	return *used ? place : 1;
}

/* `-A CHAIN ...` or `-I CHAIN [N] ...`: the command is the word @i. */
static int add_rule(struct reader *r, int i, bool at_end)
{
	struct ipt_rule *rule = fw_region_alloc(&r->c->im->mem, sizeof(*rule));
	struct fw_import_line *line;
	int err, used = 0;
	struct ipt_chain *chain;
	unsigned long place = at_end ? 0 : place_of(r, i + 2, &used);

	if (!rule)
		return -ENOMEM;
	if (i + 1 >= r->n)
		return refuse(r, r->words[i].column, "%s wants a chain", r->words[i].s);
	chain = chain_of(r, &r->words[i + 1], &err);
	if (!chain)
		return err;
	*rule = (struct ipt_rule){
		.chain = chain, .note = r->c->im->report->n, .proto = -1, .packets = r->packets, .bytes = r->bytes
	};
	rule->end = &rule->uses;
	r->at.column = r->words[i].column;
	line = import_note(r->c->im, &r->at, FW_IMPORT_AS_RULE, NULL);
	if (!line)
		return -ENOMEM;
	line->filters = r->table == IPT_FILTER;
	line->opens = true;
	if (!insert(chain, rule, place)) {
		ipt_refuse(r->c, rule, FW_IMPORT_AS_SYNTAX, r->words[i + 2].column, "the chain has fewer rules");
		return 0;
	}
	/* The command and its operands are taken out; what is before them (-t TABLE, -4) belongs to the rule. */
	for (int k = i; k < i + 2 + used; k++)
		r->words[k].s = NULL;
	return ipt_read_rule(r->c, rule, r->words, r->n);
}

/* `-F [CHAIN]`: the rules so far never were. */
static void flush(struct reader *r, const char *name)
{
	for (struct ipt_chain *chain = r->c->tables[r->family][r->table].first; chain; chain = chain->next) {
		if (name && strcmp(chain->name, name) != 0)
			continue;
		for (const struct ipt_rule *rule = chain->first; rule; rule = rule->next)
			r->c->im->report->lines[rule->note].message = "a later -F removes it";
		chain->first = NULL;
		chain->end = &chain->first;
	}
}

/* The commands: what they are called, and what each does. */
enum command { APPEND, INSERT, NEW, POLICY, FLUSH, NOTHING, OTHER, NONE };
static enum command command_of(const struct ipt_word *w)
{
	static const struct {
		const char *letter, *name;
		enum command command;
	} rows[] = {
		{ "-A", "--append", APPEND },        { "-I", "--insert", INSERT },
		{ "-N", "--new-chain", NEW },        { "-N", "--new", NEW },
		{ "-P", "--policy", POLICY },        { "-F", "--flush", FLUSH },
		{ "-X", "--delete-chain", NOTHING }, { "-Z", "--zero", NOTHING },
		{ "-L", "--list", NOTHING },         { "-S", "--list-rules", NOTHING },
		{ "-D", "--delete", OTHER },         { "-R", "--replace", OTHER },
		{ "-E", "--rename-chain", OTHER },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && w->s && !w->quoted; i++)
		if (!strcmp(w->s, rows[i].letter) || !strcmp(w->s, rows[i].name))
			return rows[i].command;
	return NONE;
}

static int run_command(struct reader *r, enum command command, int i)
{
	int err;
	const char *name = i + 1 < r->n ? r->words[i + 1].s : NULL;

	switch (command) {
	case APPEND:
	case INSERT:
		return add_rule(r, i, command == APPEND);
	case POLICY:
		if (i + 2 < r->n)
			return set_policy(r, &r->words[i + 1], &r->words[i + 2]);
		return refuse(r, r->words[i].column, "-P wants a chain and a policy", NULL);
	case NEW:
		if (!name)
			return refuse(r, r->words[i].column, "-N wants a name", NULL);
		chain_of(r, &r->words[i + 1], &err);
		return err;
	case FLUSH:
		flush(r, name);
		return 0;
	case NOTHING:
		return 0;
	default:
		return refuse(r, r->words[i].column,
			      "rules are not changed here: write what is meant in the end, not %s", r->words[i].s);
	}
}

/* Is it a line for the other tool? Both read the same file then. */
static bool is_of_other_family(const struct reader *r)
{
	static const char *const words[IPT_NFAMILIES][2] = { { "-4", "--ipv4" }, { "-6", "--ipv6" } };

	for (int i = 0; i < r->n; i++)
		for (int k = 0; k < 2; k++)
			if (r->words[i].s && !r->words[i].quoted && !strcmp(r->words[i].s, words[!r->family][k]))
				return true;
	return false;
}

/* `iptables -A ...`, in a script. Return: whether it is for this family; *first: the word after it. */
static bool is_of_program(const struct reader *r, int *first)
{
	static const char *const names[IPT_NFAMILIES] = { "iptables", "ip6tables" };
	const char *slash = strrchr(r->words[0].s, '/'), *base = slash ? slash + 1 : r->words[0].s;

	for (int f = 0; f < IPT_NFAMILIES; f++)
		if (!strncmp(base, names[f], strlen(names[f]))) {
			*first = 1;
			return f == (int)r->family;
		}
	return true;
}

static void remove_words(struct reader *r, int at, int n)
{
	r->n -= n;
	memmove(r->words + at, r->words + at + n, (size_t)(r->n - at) * sizeof(*r->words));
}

/* A line that begins with an option: finds the table and the command among them. @first: the first word that counts. */
static int read_command(struct reader *r, int first)
{
	enum ipt_table_number section = r->table;
	int err = 0, at = -1;

	if (first)
		r->table = IPT_FILTER;
	for (int i = first; i < r->n && !err; i++) {
		bool table = !strcmp(r->words[i].s, "-t") || !strcmp(r->words[i].s, "--table");

		if (table && i + 1 < r->n) {
			err = set_table(r, r->words[i + 1].s, r->words[i + 1].column);
			remove_words(r, i--, 2);
		} else if (at < 0 && command_of(&r->words[i]) != NONE) {
			at = i;
		}
	}
	if (first)
		r->words[0].s = NULL;
	if (!err && r->known_table)
		err = at < 0 ? refuse(r, 1, "this is no line of iptables-save", NULL) :
			       run_command(r, command_of(&r->words[at]), at);
	r->table = section;
	return err;
}

/* `[PACKETS:BYTES]`; what is no number is 0. */
static void read_counters(struct reader *r, const char *word)
{
	char *colon = NULL, *end = NULL;
	uint64_t packets = *word == '[' ? strtoull(word + 1, &colon, 10) : 0;
	uint64_t bytes = colon && *colon == ':' ? strtoull(colon + 1, &end, 10) : 0;
	bool are = end && *end == ']';

	r->packets = are ? packets : 0;
	r->bytes = are ? bytes : 0;
}

/* Takes off the counters at the start of a rule. */
static void take_counters(struct reader *r)
{
	read_counters(r, r->words[0].s);
	if (r->n < 2 || r->words[0].s[0] != '[' || r->words[1].s[0] != '-')
		return;
	remove_words(r, 0, 1);
}

static int read_words(struct reader *r)
{
	const char *word;
	int first = 0;

	take_counters(r);
	word = r->words[0].s;
	if (word[0] == '*')
		return begin_table(r, word + 1);
	if (!strcmp(word, "COMMIT"))
		return 0;
	if (!is_of_program(r, &first) || is_of_other_family(r))
		return 0;
	if (word[0] == ':' && r->n > 1) {
		struct ipt_word name = { word + 1, r->words[0].column + 1, false };

		read_counters(r, r->n > 2 ? r->words[2].s : "");
		return r->known_table ? set_policy(r, &name, &r->words[1]) : 0;
	}
	if (word[0] != '-' && word[0] != '!' && !first)
		return refuse(r, r->words[0].column, "this is no line of iptables-save", NULL);
	return r->known_table || first ? read_command(r, first) : 0;
}

int ipt_read(struct ipt *c, const struct fw_import_file *f, enum ipt_family family)
{
	struct reader r = { .c = c, .file = f, .family = family, .table = IPT_FILTER, .known_table = true };
	struct import_lines lines = { .at = f->text, .end = f->text + f->len };
	int err = 0;

	r.at.file = f;
	while (!err && import_next_line(&lines, &r.at.text, &r.at.len)) {
		r.at.line = lines.line;
		r.at.column = 1;
		r.n = ipt_words(&c->im->mem, r.at.text, r.at.len, r.words);
		if (r.n > 0)
			err = read_words(&r);
		else if (r.n)
			err = r.n == -ENOMEM ? r.n :
					       refuse(&r, 1, "a quote does not end, or the line is too long", NULL);
	}
	return err;
}
