// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named sets. Those of addresses become sets; what others hold stands in the rules that look it up. A set that packets add to,
 * or whose elements expire, is dynamic.
 */
#include "lib/import/nft.h"

#define LONGEST_TIMEOUT (3650 * 86400)
#define LARGEST_SIZE 1048576

int nft_set_elements(struct nft *n, struct nft_set *s, json_t **out)
{
	static const char *const flags[] = { "stmt", "expr" };

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (json_object_get(s->o.json, flags[i]))
			return nft_refuse(n, FW_IMPORT_AS_SET, "the elements of set '%s' have statements", s->name);
	*out = json_object_get(s->o.json, "elem");
	return 0;
}

/* A statement that fills a set, or keeps the buckets of a limit in it. */
static void scan_statement(struct nft *n, const struct nft_chain *c, json_t *set)
{
	const char *name = json_string_value(json_object_get(set, "set"));
	struct nft_set *s = name && *name == '@' ? nft_set_find(n, c, name + 1) : NULL;

	if (!s)
		return;
	if (json_object_get(set, "stmt"))
		s->limits++;
	else
		s->added = true;
}

static void scan_lookup(struct nft *n, const struct nft_chain *c, json_t *json)
{
	const char *name = json_string_value(json), *key;
	struct nft_set *s = name && *name == '@' ? nft_set_find(n, c, name + 1) : NULL;
	json_t *item;
	size_t i;

	if (s)
		s->looked_up = true;
	json_array_foreach(json, i, item) scan_lookup(n, c, item);
	json_object_foreach(json, key, item) if (strcmp(key, "set") || !json_is_string(item)) scan_lookup(n, c, item);
}

void nft_sets_scan(struct nft *n)
{
	for (size_t i = 0; i < n->nchains; i++)
		for (struct nft_rule *r = n->chains[i].first; r; r = r->next) {
			json_t *expr = json_object_get(r->o.json, "expr"), *item;
			size_t k;

			json_array_foreach(expr, k, item)
			{
				if (json_object_get(item, "set"))
					scan_statement(n, &n->chains[i], json_object_get(item, "set"));
				else
					scan_lookup(n, &n->chains[i], item);
			}
		}
}

static int print_timeout(struct nft *n, json_t *timeout, struct fw_buf *out)
{
	json_int_t seconds = json_integer_value(timeout);

	if (!timeout)
		return 0;
	if (seconds < 1 || seconds > LONGEST_TIMEOUT)
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "timeouts last from 1 s to 3650 days");
	fw_buf_printf(out, " timeout %llds", (long long)seconds);
	return 0;
}

/* An element: address, prefix or range, with the time that it has left. */
static int print_element(struct nft *n, int family, json_t *element, struct fw_buf *out)
{
	json_t *wrapped = json_object_get(element, "elem"), *left = json_object_get(wrapped, "expires");
	struct nft_range r;
	int err = nft_read_address(n, wrapped ? json_object_get(wrapped, "val") : element, family, &r);

	if (err)
		return err;
	nft_print_addresses(family, &r, out);
	if (json_integer_value(left) < 1)
		left = json_object_get(wrapped, "timeout");
	return print_timeout(n, left, out);
}

static int family_of(struct nft *n, const struct nft_set *s)
{
	const char *type = json_string_value(json_object_get(s->o.json, "type"));

	if (type && !strcmp(type, "ipv4_addr"))
		return NFT_V4;
	if (type && !strcmp(type, "ipv6_addr"))
		return NFT_V6;
	return nft_refuse(n, FW_IMPORT_AS_SET, "set '%s' does not hold addresses", s->name);
}

static bool has_flag(json_t *json, const char *flag)
{
	json_t *flags = json_object_get(json, "flags"), *item;
	size_t i;

	if (json_is_string(flags))
		return !strcmp(json_string_value(flags), flag);
	json_array_foreach(flags, i,
			   item) if (json_is_string(item) && !strcmp(json_string_value(item), flag)) return true;
	return false;
}

/* The words after the name. */
static int print_kind(struct nft *n, const struct nft_set *s, struct fw_buf *out)
{
	json_int_t size = json_integer_value(json_object_get(s->o.json, "size"));
	json_t *timeout = json_object_get(s->o.json, "timeout");
	int err;

	if (!s->added && !timeout && !has_flag(s->o.json, "timeout") && !has_flag(s->o.json, "dynamic"))
		return 0;
	fw_buf_printf(out, " dynamic");
	err = print_timeout(n, timeout, out);
	if (!err && size > LARGEST_SIZE)
		err = nft_refuse(n, FW_IMPORT_AS_VALUE, "a set has at most %d elements", LARGEST_SIZE);
	if (!err && size > 0)
		fw_buf_printf(out, " size %lld", (long long)size);
	return err;
}

static int print_set(struct nft *n, struct nft_set *s, struct fw_buf *out)
{
	json_t *elements = NULL, *element;
	int family = family_of(n, s), err = family < 0 ? family : 0;
	size_t i;

	if (!err && s->map)
		err = nft_refuse(n, FW_IMPORT_AS_SET, "'%s' is a map", s->name);
	if (!err)
		err = nft_set_elements(n, s, &elements);
	if (err)
		return err;
	fw_buf_printf(out, "set %s", s->word);
	err = print_kind(n, s, out);
	fw_buf_printf(out, " {");
	json_array_foreach(elements, i, element)
	{
		fw_buf_printf(out, "%s%s", i ? "," : "", i % 6 ? " " : i ? "\n\t" : " ");
		err = err ? err : print_element(n, family, element, out);
	}
	fw_buf_printf(out, " }\n");
	return err;
}

int nft_print_sets(struct nft *n, struct fw_buf *out)
{
	for (size_t i = 0; i < n->nsets; i++) {
		struct nft_set *s = &n->sets[i];
		size_t from = out->len;
		int err;

		if (!s->shown)
			continue;
		err = print_set(n, s, out);
		if (err == -ENOMEM)
			return err;
		if (err)
			out->len = from;
		s->o.filters = true;
		s->o.opens = err;
		s->o.became = from;
		s->o.became_len = err ? 0 : out->len - from - 1;
		nft_report(n, &s->o, err, NULL);
	}
	return 0;
}
