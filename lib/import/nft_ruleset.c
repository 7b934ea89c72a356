// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rulesets of nftables, from the JSON of `nft -j list ruleset`: tables, chains, sets and rules in one array, in the order of
 * the kernel's lists. The text becomes policies, sets, chains and rules, in this order.
 */
#include "lib/import/nft.h"

#include "fw/builtin.h"

/* How much text of rules a file may become. */
#define MOST_TEXT(size) (8 * (size) + (1 << 20))

/* Where the objects of the array are in the text. */
struct places {
	const char *at, *end;
	unsigned line;
	const char *line_start;
	unsigned depth;
};

/* Goes to the end of a string that begins here. */
static void skip_string(struct places *p)
{
	for (p->at++; p->at < p->end && *p->at != '"'; p->at++)
		p->at += *p->at == '\\' && p->at + 1 < p->end;
}

/* The next object inside the array. */
static struct import_place next_place(struct places *p, const struct import_place *file)
{
	struct import_place place = *file;

	for (; p->at < p->end; p->at++) {
		if (*p->at == '\n') {
			p->line++;
			p->line_start = p->at + 1;
		} else if (*p->at == '"') {
			skip_string(p);
		} else if (*p->at == '{' || *p->at == '[') {
			if (p->depth++ == 2) {
				place.line = p->line;
				place.column = (unsigned)(p->at - p->line_start) + 1;
				place.text = p->at;
			}
		} else if ((*p->at == '}' || *p->at == ']') && --p->depth == 2) {
			place.len = (size_t)(++p->at - place.text);
			return place;
		}
	}
	return place;
}

static const char *member(json_t *json, const char *name)
{
	const char *s = json_string_value(json_object_get(json, name));

	return s ? s : "";
}

static void enlist(struct nft *n, struct nft_object *o)
{
	*n->end = o;
	n->end = &o->next;
}

static int load_chain(struct nft *n, const struct nft_object *o)
{
	struct nft_chain c = { .o = *o,
			       .family = member(o->json, "family"),
			       .table = member(o->json, "table"),
			       .name = member(o->json, "name"),
			       .order = n->nchains };

	if (json_is_string(json_object_get(o->json, "hook"))) {
		c.hook = member(o->json, "hook");
		c.type = member(o->json, "type");
		c.priority = json_integer_value(json_object_get(o->json, "prio"));
		c.drops = !strcmp(member(o->json, "policy"), "drop");
	}
	return fw_vec_push(n->chains, n->nchains, n->chains_cap, c);
}

static int load_set(struct nft *n, const struct nft_object *o, bool map)
{
	struct nft_set s = { .o = *o,
			     .family = member(o->json, "family"),
			     .table = member(o->json, "table"),
			     .name = member(o->json, "name"),
			     .map = map };

	/* Ours has sets of some names without a definition. */
	s.word = nft_word(n, fw_builtin_find(s.name, strlen(s.name)) < 0 ? s.name : nft_printf(n, "%s.set", s.name));
	return s.word ? fw_vec_push(n->sets, n->nsets, n->sets_cap, s) : -ENOMEM;
}

static int load_rule(struct nft *n, const struct nft_object *o)
{
	struct nft_chain in = { .family = member(o->json, "family"), .table = member(o->json, "table") };
	struct nft_chain *c = nft_chain_find(n, &in, member(o->json, "chain"));
	struct nft_rule *r = nft_keep(n, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->o = *o;
	enlist(n, &r->o);
	if (!c) {
		nft_report(n, &r->o, nft_refuse(n, FW_IMPORT_AS_CHAIN, "the chain of this rule is missing"), NULL);
		r->o.opens = true;
		return 0;
	}
	if (c->last)
		c->last->next = r;
	else
		c->first = r;
	c->last = r;
	return 0;
}

/* Chains and sets come first, so that their addresses do not change when rules refer to them. */
static int load_object(struct nft *n, json_t *json, const struct import_place *at, bool rules)
{
	const char *kind = json_object_iter_key(json_object_iter(json));
	struct nft_object o = { .at = *at };

	if (!kind)
		return 0;
	o.json = json_object_get(json, kind);
	if (!strcmp(kind, "rule"))
		return rules ? load_rule(n, &o) : 0;
	if (rules)
		return 0;
	if (!strcmp(kind, "chain"))
		return load_chain(n, &o);
	if (!strcmp(kind, "set") || !strcmp(kind, "map"))
		return load_set(n, &o, !strcmp(kind, "map"));
	return 0;
}

static int load_array(struct nft *n, const struct import_place *file, json_t *root, bool rules)
{
	struct places p = { .at = file->text, .end = file->text + file->len, .line = 1, .line_start = file->text };
	json_t *array = json_object_get(root, "nftables"), *json;
	size_t i;
	int err = 0;

	json_array_foreach(array, i, json)
	{
		struct import_place at = next_place(&p, file);

		err = load_object(n, json, &at, rules);
		if (err)
			break;
	}
	return err;
}

/* The lists of objects and rules hold pointers into the arrays of chains and sets, which do not grow any more. */
static void link_objects(struct nft *n)
{
	n->end = &n->first;
	for (size_t i = 0; i < n->nchains; i++)
		if (n->chains[i].hook)
			enlist(n, &n->chains[i].o);
	for (size_t i = 0; i < n->nsets; i++)
		enlist(n, &n->sets[i].o);
}

/* Would the values of this text take more memory than those of nft do? */
static bool is_dense(const struct fw_import_file *f)
{
	size_t objects = 0, arrays = 0, values = 0;

	for (size_t i = 0; i < f->len; i++) {
		objects += f->text[i] == '{';
		arrays += f->text[i] == '[';
		values += f->text[i] == ',' || f->text[i] == ':';
	}
	return objects * 270 + arrays * 140 + values * 80 > 25 * f->len + (1 << 16);
}

static int refuse_file(struct nft *n, const struct import_place *at, const char *why)
{
	struct fw_import_line *line = import_note(n->im, at, FW_IMPORT_AS_SYNTAX, "%s", why);

	if (!line)
		return -ENOMEM;
	line->opens = true;
	return 0;
}

/* Sets *root if the file is one. */
static int parse_file(struct nft *n, const struct fw_import_file *f, struct import_place *at, json_t **root)
{
	json_error_t error;

	*at = (struct import_place){ .file = f, .line = 1, .column = 1, .text = f->text, .len = f->len };
	*root = NULL;
	if (is_dense(f))
		return refuse_file(n, at, "nft writes no JSON like this");
	*root = json_loadb(f->text, f->len, JSON_DISABLE_EOF_CHECK, &error);
	if (*root && json_is_array(json_object_get(*root, "nftables")))
		return 0;
	if (!*root && error.line > 0 && json_error_code(&error) != json_error_invalid_syntax) {
		at->line = (unsigned)error.line;
		at->column = error.column > 0 ? (unsigned)error.column : 1;
	}
	at->len = 0;
	json_decref(*root);
	*root = NULL;
	return refuse_file(n, at, "this is not the JSON of nftables: save it by 'nft -j list ruleset > FILE'");
}

static int report_all(struct nft *n, size_t rules_at)
{
	for (const struct nft_object *o = n->first; o; o = o->next) {
		struct fw_import_line *line;

		if (!o->reported)
			continue;
		line = import_note(n->im, &o->at, o->reason, o->message ? "%s" : NULL, o->message);
		if (!line)
			return -ENOMEM;
		line->filters = o->filters;
		line->opens = o->opens;
		line->became = o->became + (o->in_rules ? rules_at : 0);
		line->became_len = o->became_len;
		line->packets = o->packets;
		line->bytes = o->bytes;
		line->counts = o->counted ? o->counts + rules_at : SIZE_MAX;
	}
	return 0;
}

/* Rules that no base chain of ours leads to. */
static void report_others(struct nft *n)
{
	for (size_t i = 0; i < n->nchains; i++) {
		struct nft_chain *c = &n->chains[i];

		if (c->used)
			continue;
		if (c->hook && !c->o.reported) {
			c->o.reason = FW_IMPORT_AS_KERNEL;
			c->o.reported = true;
		}
		for (struct nft_rule *r = c->first; r; r = r->next) {
			nft_report(n, &r->o, 0, c->kernel ? NULL : "no chain at a hook leads to it");
			r->o.reason = c->kernel ? FW_IMPORT_AS_KERNEL : r->o.reason;
		}
	}
}

static int write_text(struct nft *n)
{
	struct fw_buf *out = n->im->out;
	int err;

	if (n->policies.len)
		fw_buf_add(out, n->policies.text, n->policies.len);
	err = nft_print_sets(n, out);
	for (size_t i = 0; i < n->nmade; i++)
		fw_buf_printf(out, "chain %s\n", n->made[i]);
	report_others(n);
	if (!err)
		err = report_all(n, out->len);
	if (n->rules.len)
		fw_buf_add(out, n->rules.text, n->rules.len);
	return err || out->failed || n->rules.failed ? -ENOMEM : 0;
}

static void free_all(struct nft *n, json_t **roots)
{
	for (size_t i = 0; roots && i < n->im->nfiles; i++)
		json_decref(roots[i]);
	free(roots);
	free(n->chains);
	free(n->sets);
	free(n->uses);
	free(n->words);
	free(n->made);
	fw_region_free(&n->work);
	fw_buf_free(&n->policies);
	fw_buf_free(&n->rules);
}

int import_nft(struct import *im)
{
	json_t **roots = calloc(im->nfiles + 1, sizeof(*roots));
	struct import_place *at = nft_alloc(&(struct nft){ .im = im }, im->nfiles * sizeof(*at));
	struct nft n = { .im = im };
	int err = roots && at ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < im->nfiles; i++) {
		n.most_text += MOST_TEXT(im->files[i].len);
		err = parse_file(&n, &im->files[i], &at[i], &roots[i]);
		if (!err && roots[i])
			err = load_array(&n, &at[i], roots[i], false);
	}
	if (!err)
		err = nft_index(&n);
	link_objects(&n);
	for (size_t i = 0; !err && i < im->nfiles; i++)
		if (roots[i])
			err = load_array(&n, &at[i], roots[i], true);
	if (!err) {
		nft_sets_scan(&n);
		err = nft_import_chains(&n);
	}
	if (!err)
		err = write_text(&n);
	free_all(&n, roots);
	return err;
}
