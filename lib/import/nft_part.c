// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rule of nftables is a sequence of matches and statements, each of which happens only if the matches and limits before it
 * are true. Our rules match first, then ask conditions, then have effects, then decide. A rule with another order goes on in a
 * chain of its own, which exists for the callers of this one rule:
 *
 *	tcp dport 22 log prefix "ssh " ip saddr 192.0.2.1 accept
 *
 *	rule chain c proto tcp dport 22 log prefix "ssh " jump c.1
 *	rule chain c.1 ip from 192.0.2.1 accept
 *
 * So does one with alternatives that share a limit, and one with matches that cannot be joined.
 */
#include "lib/import/nft_rule.h"

static bool is_of_later_fragments(const struct nft_match *m)
{
	const struct nft_values *v = &m->values[NFT_FRAG];

	return m->given & NFT_BITS(NFT_FRAG) && v->n == 1 && v->ranges[0].lo == FW_FRAG_LATER;
}

/* Appends a rule of the current place. */
static int print_line(struct nft_rule_text *t, const struct nft_match *m, const char *action)
{
	int err;

	if (m->never || (m->given & NFT_TRANSPORT && is_of_later_fragments(m)))
		return 0;
	if (t->use->on_wire && t->at.word == t->use->word && !(m->given & (NFT_BITS(NFT_FAMILY) | NFT_BITS(NFT_PROTO))))
		return nft_refuse(t->n, FW_IMPORT_AS_PLACE,
				  "on the wire the rule would also be about frames that are not IP");
	fw_buf_printf(&t->text, "rule");
	if (t->at.word)
		fw_buf_printf(&t->text, " chain %s", t->at.word);
	if (t->at.prefix)
		fw_buf_printf(&t->text, " %s", t->at.prefix);
	err = nft_print_match(t->n, &t->at, m, &t->text);
	fw_buf_printf(&t->text, " %s", action);
	if (*t->comment) {
		fw_buf_printf(&t->text, " comment ");
		import_print_string(&t->text, t->comment);
	}
	fw_buf_printf(&t->text, "\n");
	t->printed = true;
	return err;
}

/* A chain that the rule needs; from now on the place where its rules go. */
static const char *new_chain(struct nft_rule_text *t)
{
	return nft_make_chain(t->n, nft_printf(t->n, "%s.1", t->use->word ? t->use->word : t->use->chain->name));
}

static void enter(struct nft_rule_text *t, const char *word)
{
	t->at.word = word;
	t->at.prefix = NULL;
}

/* Adds what an alternative asks for. -EAGAIN: it cannot be joined. */
static int add_terms(struct nft *n, struct nft_match *m, const struct nft_term *terms)
{
	int err = 0;

	for (; !err && terms; terms = terms->next)
		err = nft_match_add(n, m, terms);
	return err;
}

/* Can each alternative be joined with what all of them have in common? 0; -EAGAIN; -ENOMEM. */
static int try_alternatives(struct nft *n, const struct nft_match *common, const struct nft_alternative *a)
{
	int err = 0;

	for (; !err && a; a = a->next) {
		struct nft_match m = *common;

		err = add_terms(n, &m, a->terms);
	}
	return err;
}

static int print_alternatives(struct nft_rule_text *t, const char *action)
{
	int err = 0;

	for (const struct nft_alternative *a = t->part.alternatives; !err && a; a = a->next) {
		struct nft_match m = t->part.match;
		const char *verdict = action;

		err = add_terms(t->n, &m, a->terms);
		if (a->words)
			verdict = a->words;
		if (!err && *verdict)
			err = print_line(t, &m, verdict);
	}
	return err;
}

/* Conditions, effects and verdict. NULL: out of memory. */
static const char *action_of(struct nft_rule_text *t, const char *verdict)
{
	const struct nft_part *p = &t->part;
	bool effects = p->effects.len;
	const char *end = *verdict || effects || !p->counts ? verdict : "continue";
	struct fw_buf words = { 0 };

	if (!*end && !effects)
		return "";
	fw_buf_printf(&words, "%s%s%s", p->conditions.len ? p->conditions.text : "", effects ? p->effects.text : "",
		      end);
	if (!words.failed && words.text[words.len - 1] == ' ')
		words.text[--words.len] = '\0';
	end = words.failed ? NULL : nft_strdup(t->n, words.text);
	fw_buf_free(&words);
	return end;
}

/* The rules of a part, which ends in this verdict. */
int nft_part_print(struct nft_rule_text *t, const char *verdict)
{
	static const struct nft_match all;
	const char *action = action_of(t, verdict), *shared;
	bool plain = !t->part.conditions.len && !t->part.effects.len;
	int err;

	if (!action)
		return -ENOMEM;
	if (!t->part.alternatives)
		return *action ? print_line(t, &t->part.match, action) : 0;
	if (plain)
		return print_alternatives(t, action);
	shared = new_chain(t);
	err = shared ? print_alternatives(t, nft_printf(t->n, "jump %s", shared)) : -ENOMEM;
	if (err)
		return err;
	enter(t, shared);
	return print_line(t, &all, action);
}

/* Throws the part away, but for what it says of every packet that comes further. */
static void next_part(struct nft_rule_text *t)
{
	static const enum nft_field kept[] = { NFT_FAMILY, NFT_PROTO };
	struct nft_part p = { 0 };

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		p.match.values[kept[i]] = t->part.match.values[kept[i]];
		p.match.given |= t->part.match.given & NFT_BITS(kept[i]);
	}
	p.match.never = t->part.match.never;
	fw_buf_free(&t->part.conditions);
	fw_buf_free(&t->part.effects);
	t->part = p;
}

int nft_split(struct nft_rule_text *t)
{
	static const struct nft_match all;
	bool plain = !t->part.conditions.len && !t->part.effects.len;
	bool counts = t->part.counts && plain;
	const char *word = new_chain(t);
	int err = word ? nft_part_print(t, nft_printf(t->n, "jump %s", word)) : -ENOMEM;

	if (err)
		return err;
	enter(t, word);
	next_part(t);
	return counts ? print_line(t, &all, "continue") : 0;
}

static int add_one(struct nft_rule_text *t, const struct nft_term *term)
{
	struct nft_match before = t->part.match;
	int err = nft_match_add(t->n, &t->part.match, term);

	if (!err)
		err = try_alternatives(t->n, &t->part.match, t->part.alternatives);
	if (err != -EAGAIN)
		return err;
	t->part.match = before;
	err = nft_split(t);
	if (!err)
		err = nft_match_add(t->n, &t->part.match, term);
	return err == -EAGAIN ? nft_refuse(t->n, FW_IMPORT_AS_MATCH, "a match that contains itself") : err;
}

int nft_part_match(struct nft_rule_text *t, struct nft_alternative *a)
{
	int err = 0;

	if (t->part.phase > NFT_MATCHES || (a && a->next && t->part.alternatives))
		err = nft_split(t);
	if (err)
		return err;
	if (!a)
		t->part.match.never = true;
	if (!a || (!a->next && !a->words)) {
		for (const struct nft_term *term = a ? a->terms : NULL; !err && term; term = term->next)
			err = add_one(t, term);
		return err;
	}
	err = try_alternatives(t->n, &t->part.match, a);
	if (err == -EAGAIN) {
		err = nft_split(t);
		if (!err)
			err = try_alternatives(t->n, &t->part.match, a);
	}
	t->part.alternatives = a;
	return err == -EAGAIN ? nft_refuse(t->n, FW_IMPORT_AS_MATCH, "a match that contains itself") : err;
}

/* Begins another part if this one is further than @phase, or has its statement of this kind. */
int nft_enter(struct nft_rule_text *t, enum nft_phase phase, bool *taken)
{
	int err = t->part.phase > phase || (taken && *taken) ? nft_split(t) : 0;

	t->part.phase = phase;
	if (taken)
		*taken = true;
	return err;
}

/* A match that a statement implies, unless it is there already. */
int nft_imply(struct nft_rule_text *t, enum nft_field field, unsigned number)
{
	const struct nft_values *v = &t->part.match.values[field];
	struct nft_alternative *a;

	if (t->part.match.given & NFT_BITS(field) && v->n == 1 && v->ranges[0].lo == number &&
	    v->ranges[0].hi == number)
		return 0;
	a = nft_one(t->n, field, number, number);
	return a ? nft_part_match(t, a) : -ENOMEM;
}
