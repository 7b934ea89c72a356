// SPDX-License-Identifier: GPL-2.0-only
/* Changes of sets as text: made, filled, emptied and destroyed. */
#include <limits.h>

#include "lib/text/parse_edit.h"

static bool line_ends(const struct fw_parser *p)
{
	return p->tok.kind == FW_T_NEWLINE || p->tok.kind == FW_T_END;
}

/* Elements between braces, or with blanks between up to the end of the line. */
static int elements_each(struct fw_parser *p, int (*element)(struct fw_parser *, void *), void *ctx)
{
	int result = 0;

	if (p->tok.kind == FW_T_OPEN) {
		result = fw_parser_list(p, element, ctx, true);
		return result ? result : fw_parser_statement_end(p);
	}
	while (p->tok.kind == FW_T_WORD) {
		int err = element(p, ctx);

		if (err && err != -EINVAL)
			return err;
		result = err ? err : result;
		fw_parser_next(p);
	}
	if (!line_ends(p))
		return fw_parser_expected(p, "an address or the end of the line",
					  "write { 192.0.2.1, 192.0.2.2 }, or the addresses with blanks between");
	return result;
}

/* An element where one has to be. */
static int take_range(struct fw_parser *p, const struct fw_set *set, struct fw_addr_range *out, bool *own)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "an address", "write addresses without quotes");
	return fw_parser_element(p, set, out, own);
}

/* Elements that are added to a set or deleted from it. */
struct elements {
	struct change *c;
	uint32_t set;
	bool add, exist;  /* exist: what is so already is fine */
	bool plain;       /* the last element had no timeout of its own */
	const char *verb; /* for the log, which gets it with the first element; NULL: it has it */
};

static void log_element(struct elements *es, const struct fw_addr_range *r)
{
	struct change *c = es->c;

	if (!c->log)
		return;
	if (es->verb)
		fw_buf_printf(c->log, "set %s %s", es->verb, c->p.rs->sets[es->set].name);
	es->verb = NULL;
	log_text(c, " ");
	if (es->add)
		fw_text_print_element(c->log, &c->p.rs->sets[es->set], r, 0);
	else
		fw_text_print_addr_range(c->log, r);
}

/* Would adding or deleting the element change nothing? */
static bool is_so(const struct elements *es, const struct fw_addr_range *r)
{
	uint32_t until = 0;
	bool has = fw_edit_set_has(es->c->p.edit, es->set, r, &until);

	return es->add ? has && fw_until_later(until, r->until) == until : !has;
}

/*
 * Adds or deletes an element. One with a timeout may be there already: it is prolonged, if that makes it stay longer. What was
 * stored says exactly until when.
 */
static int change_element(struct fw_parser *p, struct elements *es, const struct fw_addr_range *r, bool own,
			  struct fw_place at)
{
	if (es->add && fw_parser_stored(p))
		return fw_edit_set_put(p->edit, es->set, r);
	if ((es->exist || (es->add && own)) && is_so(es, r))
		return 1;
	return es->add ? fw_edit_set_add(p->edit, es->set, r, at, p->ds) :
			 fw_edit_set_delete(p->edit, es->set, r, at, p->ds);
}

static int take_element(struct fw_parser *p, void *ctx)
{
	struct elements *es = ctx;
	struct fw_place at = fw_parser_here(p);
	struct fw_addr_range r = { .until = 0 };
	bool own = false, plain = es->plain;
	int err = take_range(p, &p->rs->sets[es->set], &r, &own);

	es->plain = !own;
	if (!err && plain && own && !p->depth && !fw_parser_stored(p))
		err = fw_diag_add(p->ds, at, "write a timeout after each of them",
				  "it is not clear whether the timeout is for the addresses before this one, too");
	if (!err)
		err = change_element(p, es, &r, own, at);
	if (err > 0)
		return 0;
	if (!err)
		log_element(es, &r);
	return err;
}

static int set_create(struct change *c)
{
	struct fw_parser *p = &c->p;
	struct fw_place at = fw_parser_here(p);
	struct elements es = { .c = c, .add = true };
	uint32_t timeout = 0, size = 0;
	char name[FW_NAME_MAX + 1];
	int err = fw_parser_set_name(p, name);
	bool dynamic = fw_parser_at(p, FW_WORD_DYNAMIC);

	if (dynamic && !err) {
		fw_parser_next(p);
		err = fw_parser_dynamic(p, &timeout, &size);
	}
	if (!err)
		err = fw_edit_set_create(p->edit, name, dynamic, at, p->ds, &es.set);
	if (err)
		return err;
	p->rs->sets[es.set].timeout = timeout;
	p->rs->sets[es.set].size = size;
	log_text(c, "set create ");
	log_text(c, name);
	if (c->log)
		fw_print_dynamic_words(c->log, &p->rs->sets[es.set]);
	return elements_each(p, take_element, &es);
}

/*
 * Skips the name of a set. Return: 1 if there is no such set and that is fine: a change that fwd stored may concern a set
 * that no longer exists, since earlier changes may have been undone.
 */
static int take_set(struct fw_parser *p, uint32_t *set)
{
	struct fw_diags *ds = p->ds;
	int err = p->tok.kind == FW_T_WORD ? 0 : fw_parser_expected(p, "the name of a set", NULL);

	if (err)
		return err;
	p->ds = fw_parser_stored(p) ? NULL : ds;
	err = fw_parser_change_set(p, p->tok.text, set);
	p->ds = ds;
	if (err && !fw_parser_stored(p))
		return err;
	fw_parser_next(p);
	while (err && !line_ends(p))
		fw_parser_next(p);
	return err ? 1 : 0;
}

static int change_elements(struct change *c, bool add)
{
	struct fw_parser *p = &c->p;
	struct elements es = { .c = c, .add = add, .exist = fw_parser_stored(p), .verb = add ? "add" : "del" };
	int err;

	if (fw_parser_at(p, FW_WORD_EXIST)) {
		es.exist = true;
		fw_parser_next(p);
	}
	err = take_set(p, &es.set);
	if (err)
		return err < 0 ? err : 0;
	if (line_ends(p))
		return fw_parser_expected(p, "an address", "name at least one");
	return elements_each(p, take_element, &es);
}

static int set_add(struct change *c)
{
	return change_elements(c, true);
}

static int set_del(struct change *c)
{
	return change_elements(c, false);
}

static void print_replace(struct fw_buf *b, const struct fw_set *set, const struct fw_set *with)
{
	fw_buf_printf(b, "set replace %s { ", set->name);
	for (size_t i = 0; i < with->n; i++) {
		fw_buf_add(b, ", ", i ? 2 : 0);
		fw_text_print_element(b, set, &with->elements[i], 0);
	}
	fw_buf_add(b, with->n ? " }" : "}", with->n ? 2 : 1);
}

void fw_text_print_dynamic(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_ruleset *with)
{
	for (size_t i = 0; i < rs->nsets; i++) {
		const struct fw_set *set = &rs->sets[i];

		if (!set->name || !set->dynamic ||
		    (with && set->soonest == FW_FOREVER && fw_ruleset_set_find(with, set->name) < 0))
			continue;
		print_replace(b, set, set);
		fw_buf_add(b, "\n", 1);
	}
}

static int replace_with(struct change *c, uint32_t set, const struct fw_set *with)
{
	if (c->log)
		print_replace(c->log, &c->p.rs->sets[set], with);
	return fw_edit_set_replace(c->p.edit, set, with);
}

static int push_element(struct fw_parser *p, void *ctx)
{
	struct fw_set *with = ctx;
	struct fw_addr_range r;
	int err = take_range(p, with, &r, NULL);

	return err ? err : fw_set_push(with, &r);
}

/* `"PATH" { WORD }` after the word `file`. */
static int read_file(struct fw_parser *p, struct fw_set *out)
{
	struct fw_place at = fw_parser_here(p);
	char path[PATH_MAX];
	int err = fw_parser_string(p, "the path of a file", path, sizeof(path));

	if (!err)
		err = fw_set_words_parse(p, &out->words);
	if (!err)
		err = fw_parser_statement_end(p);
	if (err)
		return err;
	out->path = path;
	err = fw_set_read(p, out, at);
	out->path = NULL;
	for (size_t i = 0; out->timeout && i < out->n; i++)
		out->elements[i].until = fw_until_after(fw_ruleset_now(p->rs), out->timeout);
	return err;
}

/* What the set is to hold. */
static int read_elements(struct fw_parser *p, struct fw_set *out)
{
	if (line_ends(p))
		return fw_parser_expected(p, "'file' or an address", "`set flush` removes all elements");
	if (!fw_parser_at(p, "file"))
		return elements_each(p, push_element, out);
	fw_parser_next(p);
	return read_file(p, out);
}

static int set_replace(struct change *c)
{
	struct fw_set with = { .n = 0 };
	uint32_t set;
	int err = take_set(&c->p, &set);

	if (err)
		return err < 0 ? err : 0;
	with.name = c->p.rs->sets[set].name;
	with.dynamic = c->p.rs->sets[set].dynamic;
	with.timeout = c->p.rs->sets[set].timeout;
	err = read_elements(&c->p, &with);
	fw_set_sort(&with);
	if (!err)
		err = replace_with(c, set, &with);
	free(with.elements);
	return err;
}

static int set_flush(struct change *c)
{
	const struct fw_set nothing = { .n = 0 };
	uint32_t set;
	int err = take_set(&c->p, &set);

	if (err)
		return err < 0 ? err : 0;
	err = fw_parser_statement_end(&c->p);
	return err ? err : replace_with(c, set, &nothing);
}

static int set_destroy(struct change *c)
{
	struct fw_parser *p = &c->p;
	struct fw_place at = fw_parser_here(p);
	uint32_t set;
	int err = take_set(p, &set);

	if (err)
		return err < 0 ? err : 0;
	err = fw_parser_statement_end(p);
	log_text(c, "set destroy ");
	log_text(c, p->rs->sets[set].name);
	return err ? err : fw_edit_set_destroy(p->edit, set, at, p->ds);
}

int fw_change_set(struct change *c)
{
	static const struct verb verbs[] = {
		{ "create", set_create }, { "add", set_add },         { "del", set_del }, { "replace", set_replace },
		{ "flush", set_flush },   { "destroy", set_destroy }, { NULL, NULL },
	};

	return fw_change_dispatch(c, verbs, "'create', 'add', 'del', 'replace', 'flush' or 'destroy'");
}
