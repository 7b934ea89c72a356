// SPDX-License-Identifier: GPL-2.0-only
/* The options of a rule, each to the module that it belongs to. */
#include "lib/import/ipt.h"
#include "lib/import/ipt_match.h"
#include "lib/import/ipt_values.h"

/* Reading a rule. */
struct parse {
	struct ipt *c;
	struct ipt_rule *rule;
	const struct ipt_word *words;
	int n, i;
	bool proto_match; /* the match that -p brings with it was added */
};

/* An option that was found. */
struct found {
	struct ipt_use *use;
	const struct ipt_option *option;
	unsigned matches; /* how many options the word may mean; of an exact name 1 */
};

static struct ipt_use *add_use(struct parse *p, const struct ipt_module *m, unsigned column)
{
	struct ipt_use *use = fw_region_alloc(&p->c->im->mem, sizeof(*use));

	if (!use) {
		p->c->failed = true;
		return NULL;
	}
	*use = (struct ipt_use){ .module = m, .column = column };
	use->end = &use->first;
	*p->rule->end = use;
	p->rule->end = &use->next;
	return use;
}

/* Looks at the options of a module: an exact name ends the search. */
static bool look(struct ipt_use *use, const char *word, size_t len, struct found *f)
{
	bool is_long = word[0] == '-' && word[1] == '-';

	for (const struct ipt_option *o = use->module->options; o->name; o++) {
		bool exact = is_long ? strlen(o->name) == len - 2 && !strncmp(o->name, word + 2, len - 2) :
				       o->letter && o->letter == word[1];

		if (exact) {
			*f = (struct found){ use, o, 1 };
			return true;
		}
		if (is_long && len > 2 && !strncmp(o->name, word + 2, len - 2)) {
			f->matches++;
			f->use = use;
			f->option = o;
		}
	}
	return false;
}

/* The option that a word means, among those of the rule's modules: of equal names that of the latest module. */
static struct found find(struct parse *p, const char *word, size_t len)
{
	struct found exact = { 0 }, near = { 0 };

	for (struct ipt_use *use = p->rule->uses; use; use = use->next) {
		struct found f = { 0 };

		if (look(use, word, len, &f))
			exact = f;
		else if (f.matches)
			near = (struct found){ f.use, f.option, near.matches + f.matches };
	}
	return exact.matches ? exact : near;
}

/* What `-p` brings with it is added when an option is met that no other module has. */
static bool add_proto_match(struct parse *p)
{
	const char *name = p->proto_match || p->rule->proto < 0 ? NULL : ipt_match_of_proto(p->rule->proto);
	const struct ipt_module *m = name ? ipt_match_find(name, p->rule->chain->family) : NULL;

	p->proto_match = true;
	for (struct ipt_use *use = p->rule->uses; m && use; use = use->next)
		if (use->module == m)
			return false;
	return m && add_use(p, m, p->words[p->i].column);
}

static struct found find_option(struct parse *p, const char *word, size_t len)
{
	struct found f = find(p, word, len);

	if (!f.matches && add_proto_match(p))
		f = find(p, word, len);
	return f;
}

static int refuse(struct parse *p, enum fw_import_reason reason, unsigned column, const char *why, const char *word)
{
	ipt_refuse(p->c, p->rule, reason, column, why, word);
	return -EINVAL;
}

/* Words of the command, which were taken out. */
static void skip_taken(struct parse *p)
{
	while (p->i < p->n && !p->words[p->i].s)
		p->i++;
}

/* The next word that is an operand. NULL: there is none. */
static const char *operand(struct parse *p)
{
	skip_taken(p);
	return p->i < p->n ? p->words[p->i++].s : NULL;
}

static bool is_not(const struct parse *p)
{
	return p->i < p->n && p->words[p->i].s && !p->words[p->i].quoted && !strcmp(p->words[p->i].s, "!");
}

/* `-m NAME`: loads the module. */
static int load_match(struct parse *p, const char *name, unsigned column)
{
	const struct ipt_module *m = ipt_match_find(name, p->rule->chain->family);
	enum fw_import_reason reason = FW_IMPORT_AS_MATCH;
	const char *why = m ? NULL : ipt_missing(name, &reason);

	if (!m)
		return refuse(p, reason, column, why ? why : "rules have nothing like the match %s", name);
	return add_use(p, m, column) ? 0 : -ENOMEM;
}

/* `-j NAME` or `-g NAME`: a chain of the user's, which was there before, or a target. */
static int load_target(struct parse *p, const char *name, unsigned column, bool go)
{
	const struct ipt_chain *chain = p->rule->chain, *to;
	const struct ipt_module *m = go ? NULL : ipt_target_find(name, chain->family);

	p->rule->target = name;
	p->rule->target_column = column;
	p->rule->go = go;
	if (m)
		return add_use(p, m, column) ? 0 : -ENOMEM;
	to = ipt_chain_find(p->c, chain->family, chain->table, name);
	p->rule->to = to && to->hook < 0 ? to : NULL;
	if (p->rule->to)
		return 0;
	if (ipt_is_target(name))
		return refuse(p, FW_IMPORT_AS_TARGET, column, "rules have no target %s", name);
	return refuse(p, FW_IMPORT_AS_CHAIN, column, "there is no chain or target %s", name);
}

static int note_proto(struct parse *p, const struct ipt_given *g)
{
	int proto = ipt_proto(g->value);

	if (proto < 0)
		return refuse(p, FW_IMPORT_AS_VALUE, g->column, "there is no protocol %s", g->value);
	p->rule->proto = g->negated ? -1 : proto;
	return 0;
}

/* `-c PACKETS BYTES`. */
static int note_counters(struct parse *p, const struct ipt_given *g)
{
	if (ipt_number(g->value, INT64_MAX, &p->rule->packets) && ipt_number(g->second, INT64_MAX, &p->rule->bytes))
		return 0;
	return refuse(p, FW_IMPORT_AS_SYNTAX, g->column, "-c wants two numbers, not %s", g->value);
}

/* Some of the options that every rule has say what to load. */
static int act(struct parse *p, const struct ipt_given *g)
{
	switch (g->option->letter) {
	case 'm':
		return load_match(p, g->value, g->column);
	case 'j':
	case 'g':
		return load_target(p, g->value, g->column, g->option->letter == 'g');
	case 'p':
		return note_proto(p, g);
	case 'c':
		return note_counters(p, g);
	default:
		return 0;
	}
}

/* The operands of an option; `--dport=22` and `-ptcp` have the first one with them. */
static int read_operands(struct parse *p, struct ipt_given *g, const char *attached)
{
	if (!g->option->args)
		return attached ? -EINVAL : 0;
	if (!attached && is_not(p)) {
		g->negated = true;
		p->i++;
	}
	g->value = attached ? attached : operand(p);
	if (!g->value)
		return -EINVAL;
	if (g->option->args > 1)
		g->second = operand(p);
	return g->option->args > 1 && !g->second ? -EINVAL : 0;
}

/* The value that is part of the word: after `=`, or after the letter. Sets @len to what is before it. */
static const char *attached_to(const char *word, size_t *len)
{
	const char *equals = strchr(word, '=');

	*len = strlen(word);
	if (word[1] != '-') {
		*len = 2;
		return word[2] ? word + 2 : NULL;
	}
	if (!equals)
		return NULL;
	*len = (size_t)(equals - word);
	return equals + 1;
}

/* Only -m may be given more than once; -j and -g are one option, since either says where the rule leads to. */
static bool is_given(const struct ipt_use *use, const struct ipt_option *o)
{
	for (const struct ipt_given *g = use->first; g; g = g->next)
		if ((g->option == o && o->letter != 'm') || (o->letter == 'g' && g->option->letter == 'j') ||
		    (o->letter == 'j' && g->option->letter == 'g'))
			return true;
	return false;
}

static int read_option(struct parse *p, bool negated)
{
	const struct ipt_word *w = &p->words[p->i++];
	struct ipt_given *g = fw_region_alloc(&p->c->im->mem, sizeof(*g));
	size_t len;
	const char *attached = attached_to(w->s, &len);
	struct found f;

	if (!g)
		return -ENOMEM;
	p->i--;
	f = find_option(p, w->s, len);
	p->i++;
	if (f.matches != 1)
		return refuse(p, FW_IMPORT_AS_SYNTAX, w->column,
			      f.matches ? "%s may mean several options" :
					  "the option %s is unknown, or its module is not given before it",
			      w->s);
	if (is_given(f.use, f.option))
		return refuse(p, FW_IMPORT_AS_SYNTAX, w->column, "%s is given twice", w->s);
	*g = (struct ipt_given){ .option = f.option, .column = w->column, .negated = negated };
	if (read_operands(p, g, attached))
		return refuse(p, FW_IMPORT_AS_SYNTAX, w->column, "%s lacks its value, or has one too many", w->s);
	if (g->negated && !f.option->negates)
		return refuse(p, FW_IMPORT_AS_SYNTAX, w->column, "%s cannot be negated", w->s);
	*f.use->end = g;
	f.use->end = &g->next;
	return f.use->module == &ipt_core ? act(p, g) : 0;
}

static int read_next(struct parse *p)
{
	const struct ipt_word *w;
	bool negated;

	skip_taken(p);
	negated = is_not(p);
	p->i += negated;
	skip_taken(p);
	if (p->i == p->n)
		return negated ? refuse(p, FW_IMPORT_AS_SYNTAX, 1, "the line ends after !", NULL) : 0;
	w = &p->words[p->i];
	if (w->s[0] != '-' || !w->s[1] || w->quoted)
		return refuse(p, FW_IMPORT_AS_SYNTAX, w->column, "%s belongs to no option", w->s);
	return read_option(p, negated);
}

/* Where a rule leads to is known even if something else is refused. */
static void find_target(struct parse *p)
{
	const struct ipt_chain *from = p->rule->chain, *to;

	for (int i = 0; i + 1 < p->n; i++) {
		const char *s = p->words[i].s;

		if (s && p->words[i + 1].s &&
		    (!strcmp(s, "-j") || !strcmp(s, "--jump") || !strcmp(s, "-g") || !strcmp(s, "--goto"))) {
			p->rule->target = p->words[i + 1].s;
			p->rule->target_column = p->words[i + 1].column;
			p->rule->go = s[1] == 'g' || s[2] == 'g';
		}
	}
	to = p->rule->target ? ipt_chain_find(p->c, from->family, from->table, p->rule->target) : NULL;
	p->rule->to = to && to->hook < 0 ? to : NULL;
}

int ipt_read_rule(struct ipt *c, struct ipt_rule *rule, const struct ipt_word *words, int n)
{
	struct parse p = { .c = c, .rule = rule, .words = words, .n = n };
	int err = 0;

	find_target(&p);
	if (rule->chain->table == IPT_NAT)
		return 0;
	if (!add_use(&p, &ipt_core, 1))
		return -ENOMEM;
	while (!err && p.i < n)
		err = read_next(&p);
	return c->failed ? -ENOMEM : 0;
}
