// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies, chains and rules as text. Lists and chains of the same name of both families are printed as one: rules that say
 * the same once, without a family, the others each with theirs. Since no packet is of both families, only the order within
 * a family matters.
 */
#include "lib/import/ipt_out.h"
#include "lib/import/ipt_recent.h"
#include "lib/import/ipt_set.h"

/* A list of rules of one or both families. */
struct list {
	struct ipt *c;
	struct fw_buf *out;
	const struct ipt_chain *chains[IPT_NFAMILIES]; /* NULL: the family has none */
	bool is_hook;
	unsigned aux; /* chains of single rules so far */
};

static const char *const family_words[] = { " ip", " ip6" };

/* A rule with all that matches alike, of one family or both. */
struct line {
	const struct ipt_rule *rules[IPT_NFAMILIES];
	const char *family;
};

static bool is_same(const struct ipt_text *a, const struct ipt_text *b)
{
	return !a->own_rate && !b->own_rate && !a->aux == !b->aux && !strcmp(a->match, b->match) &&
	       !strcmp(a->action, b->action) && !strcmp(a->log, b->log) && !strcmp(a->verdict, b->verdict) &&
	       !strcmp(a->comment, b->comment) && (!a->aux || !strcmp(a->aux, b->aux));
}

/* `rule input` or `rule chain web`. */
static void print_place(const struct list *l, const struct ipt_chain *chain)
{
	fw_buf_printf(l->out, l->is_hook ? "rule %s" : "rule chain %s", l->is_hook ? chain->place : chain->out);
}

/* Copies a line of a rule's own chains, with the name of the next one where it is called. Return: the next line. */
static const char *print_body(const struct list *l, const char *body, const char *next)
{
	const char *end = strchr(body, '\n');

	if (end[-1] == '\1')
		fw_buf_printf(l->out, "%.*s%s\n", (int)(end - body) - 1, body, next);
	else
		fw_buf_printf(l->out, "%.*s\n", (int)(end - body), body);
	return end + 1;
}

#define LEVELS_MAX 8

/* One word for the hooks. */
static const char *hook_word(const struct ipt_chain *chain)
{
	return chain->hook == IPT_POSTROUTING ? "input-forward" : ipt_hook_words[chain->hook];
}

/*
 * The chains that a rule has of its own. @names: gets their names, from 1 on. Return: where the last rule begins, which only
 * packets come to that match all that the rule asks; SIZE_MAX: there are no chains.
 */
static size_t print_aux(struct list *l, const struct ipt_chain *chain, const struct ipt_text *t, const char **names)
{
	char name[IPT_NAME_MAX + 32];
	size_t last = SIZE_MAX;

	for (unsigned i = 1; i <= t->levels; i++) {
		snprintf(name, sizeof(name), "%s.%u", l->is_hook ? hook_word(chain) : chain->out, ++l->aux);
		names[i] = ipt_out_name(l->c, '>', name);
		fw_buf_printf(l->out, "chain %s\n", names[i]);
	}
	for (const char *at = t->aux; at && *at;) {
		unsigned level = (unsigned)(*at - '0');

		last = l->out->len;
		fw_buf_printf(l->out, "rule chain %s", names[level]);
		at = print_body(l, at + 1, level < t->levels ? names[level + 1] : "");
	}
	return last;
}

/* The line of the report that became the text from @from on; NULL: there is none. */
static struct fw_import_line *note(struct list *l, size_t number, size_t from)
{
	struct fw_import_line *line;

	if (number == SIZE_MAX || l->out->failed)
		return NULL;
	line = &l->c->im->report->lines[number];
	line->became = from;
	line->became_len = l->out->len - from - 1;
	return line;
}

/* The rule that begins at @counts goes on with its counter. */
static void note_count(struct fw_import_line *line, size_t counts, uint64_t packets, uint64_t bytes)
{
	if (!line)
		return;
	line->counts = counts;
	line->packets = packets;
	line->bytes = bytes;
}

static void print_rule(struct list *l, const struct line *line)
{
	const struct ipt_rule *r = line->rules[line->rules[0] ? 0 : 1];
	const struct ipt_text *t = r->text;
	const char *names[LEVELS_MAX + 1] = { NULL };
	size_t from = l->out->len, counts = print_aux(l, r->chain, t, names);

	counts = counts == SIZE_MAX ? from : counts;
	print_place(l, r->chain);
	fw_buf_printf(l->out, "%s%s%s%s", t->family_implied ? "" : line->family, t->match, t->action, t->log);
	if (t->aux)
		fw_buf_printf(l->out, " jump %s", names[1]);
	else
		fw_buf_printf(l->out, "%s", t->verdict);
	fw_buf_printf(l->out, "%s\n", t->comment);
	for (int f = 0; f < IPT_NFAMILIES; f++)
		if (line->rules[f]) {
			note_count(note(l, line->rules[f]->note, from), counts, line->rules[f]->packets,
				   line->rules[f]->bytes);
			note(l, line->rules[f]->text->folded, from);
		}
}

/* The next rule that became one. */
static const struct ipt_rule *next_text(const struct ipt_rule *r)
{
	while (r && (r->refused || r->kept || !r->text))
		r = r->next;
	return r;
}

static void print_one(struct list *l, const struct ipt_rule *r)
{
	enum ipt_family f = r->chain->family;
	struct line line = { .family = l->is_hook || l->chains[!f] ? family_words[f] : "" };

	line.rules[f] = r;
	print_rule(l, &line);
}

#define WINDOW 64 /* rules that are looked at for one that says the same */

/* How many rules after @list says the first of them the same as @r; WINDOW: none near. */
static unsigned distance(const struct ipt_rule *list, const struct ipt_rule *r)
{
	unsigned d = 0;

	for (; list && d < WINDOW && !is_same(list->text, r->text); d++)
		list = next_text(list->next);
	return list ? d : WINDOW;
}

static const struct ipt_rule *print_some(struct list *l, const struct ipt_rule *r, unsigned n)
{
	for (; r && n; n--) {
		print_one(l, r);
		r = next_text(r->next);
	}
	return r;
}

static void print_list(struct list *l)
{
	const struct ipt_rule *a = l->chains[0] ? next_text(l->chains[0]->first) : NULL;
	const struct ipt_rule *b = l->chains[1] ? next_text(l->chains[1]->first) : NULL;

	while (a && b) {
		unsigned in_b = distance(b, a), in_a = distance(a, b);

		if (!in_b) {
			print_rule(l, &(struct line){ { a, b }, "" });
			a = next_text(a->next);
			b = next_text(b->next);
		} else if (in_b < in_a) {
			b = print_some(l, b, in_b);
		} else {
			a = print_some(l, a, in_a < WINDOW ? in_a : 1);
		}
	}
	print_some(l, a, UINT32_MAX);
	print_some(l, b, UINT32_MAX);
}

/* A policy that only one family has is a last rule: the other's packets are decided by the policy, which accepts. */
static void print_last(struct list *l, const struct ipt_chain *chain)
{
	size_t from = l->out->len;

	print_place(l, chain);
	fw_buf_printf(l->out, "%s drop\n", l->is_hook || l->chains[!chain->family] ? family_words[chain->family] : "");
	note_count(note(l, chain->note, from), from, chain->packets, chain->bytes);
}

static bool drops(const struct ipt_chain *chain)
{
	return chain && chain->drops;
}

static void print_policy(struct list *l, const char *word)
{
	bool both = drops(l->chains[0]) && drops(l->chains[1]);
	size_t from = l->out->len;

	fw_buf_printf(l->out, "policy %s %s\n", word, both ? "drop" : "accept");
	for (int f = 0; f < IPT_NFAMILIES; f++)
		if (l->chains[f] && (both || !l->chains[f]->drops))
			note(l, l->chains[f]->note, from);
}

/* The chains of a hook in both families. Only those of filter have policies. */
static struct list list_of(struct ipt *c, const char *name)
{
	struct list l = { .c = c, .out = c->im->out, .is_hook = true };

	for (int f = 0; f < IPT_NFAMILIES; f++)
		l.chains[f] = ipt_chain_find(c, (enum ipt_family)f, IPT_FILTER, name);
	return l;
}

static void print_hook(struct ipt *c, const char *name)
{
	struct list l = list_of(c, name);
	bool both = drops(l.chains[0]) && drops(l.chains[1]);

	if (!l.chains[0] && !l.chains[1])
		return;
	print_list(&l);
	for (int f = 0; f < IPT_NFAMILIES; f++)
		if (drops(l.chains[f]) && !both)
			print_last(&l, l.chains[f]);
}

/* A user's chain, with the one of the same name of the other family; that is then not printed again. */
static void print_chain(struct ipt *c, const struct ipt_chain *chain)
{
	const struct ipt_chain *other = chain->twin;
	struct list l = { .c = c, .out = c->im->out };

	if (other && chain->family == IPT_V6)
		return;
	l.chains[chain->family] = chain;
	l.chains[!chain->family] = other;
	print_list(&l);
	for (int f = 0; f < IPT_NFAMILIES; f++)
		if (drops(l.chains[f]))
			print_last(&l, l.chains[f]);
}

static void each_chain(struct ipt *c, void (*print)(struct ipt *c, const struct ipt_chain *chain))
{
	for (int f = 0; f < IPT_NFAMILIES; f++)
		for (const struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next)
			if (chain->out)
				print(c, chain);
}

static void declare(struct ipt *c, const struct ipt_chain *chain)
{
	if (chain->family == IPT_V4 || !chain->twin)
		fw_buf_printf(c->im->out, "chain %s\n", chain->out);
}

void ipt_print(struct ipt *c)
{
	static const char *const lists[] = { "PREROUTING", "POSTROUTING", "INPUT", "FORWARD", "OUTPUT" };

	for (size_t i = 2; i < sizeof(lists) / sizeof(*lists); i++) {
		struct list l = list_of(c, lists[i]);

		if (l.chains[0] || l.chains[1])
			print_policy(&l, ipt_hook_words[IPT_INPUT + i - 2]);
	}
	ipt_set_print(c, c->im->out);
	ipt_recent_print(c, c->im->out);
	each_chain(c, declare);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		print_hook(c, lists[i]);
	each_chain(c, print_chain);
}
