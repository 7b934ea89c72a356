// SPDX-License-Identifier: GPL-2.0-only
/* A rule of nftables, statement by statement. */
#include "lib/import/nft_rule.h"

/* All statements, into t->text. */
static int print_statements(struct nft_rule_text *t, json_t *expr)
{
	json_t *item;
	size_t i;
	int err = 0;

	json_array_foreach(expr, i, item)
	{
		if (t->ended)
			return nft_refuse(t->n, FW_IMPORT_AS_SYNTAX, "statements follow the verdict");
		err = nft_statement(t, item);
		if (err)
			return err;
	}
	return nft_part_print(t, t->verdict ? t->verdict : "");
}

/* The counter of a rule that became a single one goes on there. */
static void note_counter(struct nft *n, struct nft_rule *r, const struct fw_buf *text)
{
	json_t *expr = json_object_get(r->o.json, "expr"), *item;
	size_t i;

	if (!text->len || memchr(text->text, '\n', text->len - 1))
		return;
	json_array_foreach(expr, i, item)
	{
		json_t *counter = json_object_get(item, "counter");

		if (!json_is_object(counter))
			continue;
		r->o.packets = (uint64_t)json_integer_value(json_object_get(counter, "packets"));
		r->o.bytes = (uint64_t)json_integer_value(json_object_get(counter, "bytes"));
		r->o.counts = n->rules.len;
		r->o.counted = true;
	}
}

static int print_rule(struct nft *n, const struct nft_use *use, struct nft_rule *r)
{
	struct nft_rule_text t = { .n = n, .use = use, .at = *use, .rule = r };
	const char *family = use->chain->family, *comment = json_string_value(json_object_get(r->o.json, "comment"));
	struct nft_alternative *a = NULL;
	size_t nmade = n->nmade;
	int err = 0;

	import_clean(t.comment, FW_COMMENT_MAX, comment ? comment : "");
	if (!strcmp(family, "ip") || !strcmp(family, "ip6")) {
		a = nft_one(n, NFT_FAMILY, family[2] == '6', family[2] == '6');
		err = a ? nft_part_match(&t, a) : -ENOMEM;
	}
	if (!err)
		err = print_statements(&t, json_object_get(r->o.json, "expr"));
	if (!err && t.text.failed)
		err = -ENOMEM;
	if (!err && t.printed && !r->o.reported)
		note_counter(n, r, &t.text);
	if (!err && t.printed)
		fw_buf_add(&n->rules, t.text.text, t.text.len);
	else
		n->nmade = nmade;
	fw_buf_free(&t.text);
	fw_buf_free(&t.part.conditions);
	fw_buf_free(&t.part.effects);
	return err;
}

/* Rules whose sets are large and many would make much more text than there was. */
static int check_size(struct nft *n)
{
	return n->rules.len <= n->most_text ?
		       0 :
		       nft_refuse(n, FW_IMPORT_AS_SET, "sets and maps would become too many rules");
}

int nft_print_rule(struct nft *n, const struct nft_use *use, struct nft_rule *r)
{
	int err = check_size(n);

	n->in_rule = true;
	if (!err)
		err = print_rule(n, use, r);
	n->in_rule = false;
	fw_region_free(&n->work);
	return err;
}
