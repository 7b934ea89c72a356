// SPDX-License-Identifier: GPL-2.0-only
/* What chains do and whom they call: searches through their rules, verdict maps included. */
#include "lib/import/nft_key.h"

/* A search through all that a chain leads to. */
struct search {
	struct nft *n;
	const struct nft_chain *chain; /* where it is */
	void (*verdict)(struct search *, const char *word, json_t *value);
	struct nft_found found;
	const struct nft_use *use; /* whose callees are to be found */
	bool news;
	unsigned depth;
};

static void search_chain(struct search *s, struct nft_chain *c);

static void search_verdict(struct search *s, json_t *verdict)
{
	const char *word = json_object_iter_key(json_object_iter(verdict));

	if (word)
		s->verdict(s, word, json_object_get(verdict, word));
}

/* The verdicts of a map, which may be named. */
static void search_map(struct search *s, json_t *data)
{
	const char *name = json_string_value(data);
	struct nft_set *set = name && *name == '@' ? nft_set_find(s->n, s->chain, name + 1) : NULL;
	json_t *elements = set ? json_object_get(set->o.json, "elem") : json_object_get(data, "set"), *element;
	size_t i;

	json_array_foreach(elements, i, element) search_verdict(s, json_array_get(element, 1));
}

static void search_rule(struct search *s, const struct nft_rule *r)
{
	json_t *expr = json_object_get(r->o.json, "expr"), *item;
	size_t i;

	json_array_foreach(expr, i, item)
	{
		search_verdict(s, item);
		if (json_object_get(item, "vmap"))
			search_map(s, json_object_get(json_object_get(item, "vmap"), "data"));
	}
}

static void search_chain(struct search *s, struct nft_chain *c)
{
	const struct nft_chain *from = s->chain;

	if (c->seen)
		return;
	c->seen = true;
	s->chain = c;
	for (const struct nft_rule *r = c->first; r; r = r->next)
		search_rule(s, r);
	s->chain = from;
}

static struct nft_chain *target(struct search *s, const char *word, json_t *value)
{
	const char *name = json_string_value(json_object_get(value, "target"));

	return (nft_is(word, "jump") || nft_is(word, "goto")) && name ? nft_chain_find(s->n, s->chain, name) : NULL;
}

/* What kind of statement is it? */
static void note_statement(struct search *s, const char *word, json_t *value)
{
	static const char *const pass[] = {
		"match", "vmap", "accept", "continue", "return", "jump", "goto", "counter"
	};
	/* What keeps packets from the chains after this one, and so from our rules. */
	static const char *const drops[] = { "drop", "reject", "queue", "synproxy", "fwd" };
	static const char *const effects[] = { "log", "set", "meter", "limit", "ct count", "quota" };
	struct nft_chain *c = target(s, word, value);
	bool known = false;

	for (size_t i = 0; i < sizeof(drops) / sizeof(*drops); i++)
		s->found.drops = s->found.drops || nft_is(word, drops[i]);
	for (size_t i = 0; i < sizeof(effects) / sizeof(*effects); i++)
		s->found.effects = s->found.effects || nft_is(word, effects[i]);
	for (size_t i = 0; i < sizeof(pass) / sizeof(*pass); i++)
		known = known || nft_is(word, pass[i]);
	s->found.kernel = s->found.kernel || (!known && !s->found.drops && !s->found.effects);
	if (nft_is(word, "mangle"))
		s->found.changes |= nft_changes(json_object_get(value, "key"));
	if (nft_is(word, "reset"))
		s->found.changes |= NFT_BITS(NFT_TCP_OPTION) | NFT_BITS(NFT_MSS);
	if (c && s->depth < 64) {
		s->depth++;
		search_chain(s, c);
		s->depth--;
	}
}

static void forget_search(struct nft *n)
{
	for (size_t i = 0; i < n->nchains; i++)
		n->chains[i].seen = false;
}

struct nft_found nft_look_into(struct nft *n, struct nft_chain *c)
{
	struct search s = { .n = n, .chain = c, .verdict = note_statement };

	forget_search(n);
	search_chain(&s, c);
	s.found.drops = s.found.drops || c->drops;
	return s.found;
}

/* Marks a chain, and all that only such chains call, as the kernel's. */
static void mark_kernel(struct search *s, const char *word, json_t *value)
{
	struct nft_chain *c = target(s, word, value);

	if (c) {
		c->kernel = true;
		search_chain(s, c);
	}
}

void nft_leave_to_kernel(struct nft *n, struct nft_chain *c)
{
	struct search s = { .n = n, .chain = c, .verdict = mark_kernel };

	forget_search(n);
	c->kernel = true;
	search_chain(&s, c);
}

/* Do packets get to a chain by the same ways in both uses? */
static bool reached_alike(const struct nft_use *a, const struct nft_use *b)
{
	return a->hooks == b->hooks && a->first == b->first && a->last == b->last && a->no_state == b->no_state &&
	       a->before_route == b->before_route && a->translated == b->translated && a->on_wire == b->on_wire &&
	       a->fragments == b->fragments;
}

static void note_call(struct search *s, const char *word, json_t *value)
{
	struct nft_chain *c = target(s, word, value);
	struct nft_use *to = c ? nft_use_of(s->n, s->use, c) : NULL, before;

	if (!to)
		return;
	before = *to;
	to->hooks |= s->use->hooks;
	to->first = s->use->first < to->first ? s->use->first : to->first;
	to->last = s->use->last > to->last ? s->use->last : to->last;
	to->no_state |= s->use->no_state;
	to->before_route |= s->use->before_route;
	to->translated |= s->use->translated;
	to->on_wire |= s->use->on_wire;
	to->fragments |= s->use->fragments;
	c->used = true;
	if (!reached_alike(&before, to))
		nft_reach(s->n, to);
}

/* Finds the uses of all chains that this one leads to, and the hooks that reach them. */
void nft_reach(struct nft *n, const struct nft_use *use)
{
	struct search s = { .n = n, .chain = use->chain, .verdict = note_call, .use = use };

	for (const struct nft_rule *r = use->chain->first; r; r = r->next)
		search_rule(&s, r);
}

struct nft_use *nft_add_use(struct nft *n, const struct nft_use *u)
{
	struct nft_use *use = nft_keep(n, sizeof(*use));

	if (!use || fw_vec_push(n->uses, n->nuses, n->uses_cap, use))
		return NULL;
	*use = *u;
	use->next = use->chain->uses;
	use->chain->uses = use;
	use->chain->used = true;
	return use;
}

/* A chain of our text. NULL: out of memory. */
const char *nft_make_chain(struct nft *n, const char *name)
{
	const char *word = nft_word(n, name);

	return word && !fw_vec_push(n->made, n->nmade, n->made_cap, word) ? word : NULL;
}

struct nft_use *nft_use_of(struct nft *n, const struct nft_use *from, struct nft_chain *chain)
{
	struct nft_use use = { .chain = chain, .accept = from->accept, .first = from->first, .last = from->last };

	for (struct nft_use *u = chain->uses; u; u = u->next)
		if (!u->policy && nft_is(u->accept, from->accept))
			return u;
	use.word = nft_make_chain(n, chain->name);
	return use.word ? nft_add_use(n, &use) : NULL;
}
