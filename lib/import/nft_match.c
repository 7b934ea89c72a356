// SPDX-License-Identifier: GPL-2.0-only
/*
 * What rules of nftables ask of packets, as conditions on our fields. An expression implies more than it says: "tcp dport"
 * that the packet is TCP, "ip saddr" that it is IPv4. A concatenation becomes one alternative for each element.
 *
 *	ip saddr . tcp dport { 192.0.2.1 . 22, 192.0.2.2 . 80 }
 *	(ip, from 192.0.2.1, proto tcp, dport 22) or (ip, from 192.0.2.2, proto tcp, dport 80)
 */
#include <netinet/in.h>

#include "lib/import/nft_key.h"

#define MAX_ALTERNATIVES 4096

static const char *text_of(json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}

static int push_term(struct nft *n, struct nft_alternative *a, enum nft_field field, const struct nft_values *v)
{
	struct nft_term *t = nft_alloc(n, sizeof(*t)), **end = &a->terms;

	if (!t)
		return -ENOMEM;
	*t = (struct nft_term){ .field = field, .values = *v };
	while (*end)
		end = &(*end)->next;
	*end = t;
	return 0;
}

static int push_number(struct nft *n, struct nft_alternative *a, enum nft_field field, nft_number lo, nft_number hi)
{
	struct nft_values v = { 0 };
	int err = nft_values_add(n, &v, lo, hi);

	return err ? err : push_term(n, a, field, &v);
}

struct nft_alternative *nft_one(struct nft *n, enum nft_field field, nft_number lo, nft_number hi)
{
	struct nft_alternative *a = nft_alloc(n, sizeof(*a));

	return a && !push_number(n, a, field, lo, hi) ? a : NULL;
}

/* An option is missing from what is no TCP, and from later fragments, too: two alternatives. */
static int read_missing(struct nft *n, struct nft_alternative **out)
{
	struct nft_alternative *fragment = nft_one(n, NFT_FRAG, FW_FRAG_LATER, FW_FRAG_LATER);
	struct nft_alternative *other = nft_one(n, NFT_PROTO, 0, IPPROTO_TCP - 1);

	if (!fragment || !other || push_number(n, fragment, NFT_PROTO, IPPROTO_TCP, IPPROTO_TCP))
		return -ENOMEM;
	*out = other;
	other->next = fragment;
	return nft_values_add(n, &other->terms->values, IPPROTO_TCP + 1, 255);
}

/* Everything that one comparison says, into @a, and into *other what it says of packets without the field. */
static int read_terms(struct nft *n, const struct nft_left *l, const struct nft_comparison *c,
		      struct nft_alternative *a, struct nft_alternative **other)
{
	const struct nft_key *k = l->key;
	struct nft_values v = { 0 };
	unsigned absent = nft_absent_at(c->use, k->field);
	int err = 0;

	if (k->family >= 0)
		err = push_number(n, a, NFT_FAMILY, (nft_number)k->family, (nft_number)k->family);
	if (!err && k->proto >= 0)
		err = push_number(n, a, NFT_PROTO, (nft_number)k->proto, (nft_number)k->proto);
	if (!err)
		err = nft_read_values(n, l, c, &v);
	if (!err)
		err = nft_check_place(n, c->use, l, &v);
	if (!err && absent && v.names && v.negated) {
		*other = nft_alloc(n, sizeof(**other));
		for (unsigned hook = 0; !err && hook < FW_NHOOKS; hook++)
			if (absent & 1u << hook)
				err = *other ? push_number(n, *other, NFT_HOOK, hook, hook) : -ENOMEM;
	}
	if (!err && k->field == NFT_TCP_OPTION && v.negated)
		err = read_missing(n, other);
	if (absent == c->use->hooks && !v.negated)
		v = (struct nft_values){ 0 };
	return err ? err : push_term(n, a, k->field == NFT_MARK && l->masked ? NFT_MARK_BITS : k->field, &v);
}

static int read_comparison(struct nft *n, json_t *left, const struct nft_comparison *c, struct nft_alternative **out)
{
	struct nft_alternative *a = nft_alloc(n, sizeof(*a)), *other = NULL;
	struct nft_left l;
	int err = a ? nft_read_left(n, left, &l) : -ENOMEM;

	if (!err)
		err = read_terms(n, &l, c, a, &other);
	if (err)
		return err;
	a->next = other;
	*out = a;
	if (other && nft_absent_at(c->use, l.key->field) == c->use->hooks)
		*out = other;
	return 0;
}

/* One element of a concatenation: all of its parts must be equal. */
static int read_parts(struct nft *n, const struct nft_use *use, json_t *lefts, json_t *element,
		      struct nft_alternative *a)
{
	json_t *parts = json_object_get(element, "concat"), *left;
	struct nft_comparison c = { .use = use, .op = "==" };
	struct nft_alternative *none = NULL;
	struct nft_left l;
	size_t i;
	int err = 0;

	if (json_array_size(parts) != json_array_size(lefts))
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "an element of a concatenation has another number of parts");
	json_array_foreach(lefts, i, left)
	{
		c.right = json_array_get(parts, i);
		err = err ? err : nft_read_left(n, left, &l);
		err = err ? err : read_terms(n, &l, &c, a, &none);
	}
	return err;
}

static int check_number(struct nft *n, size_t alternatives)
{
	return alternatives <= MAX_ALTERNATIVES ?
		       0 :
		       nft_refuse(n, FW_IMPORT_AS_SET, "%zu elements would become as many rules", alternatives);
}

/* The elements of an anonymous or named set or map, each of which becomes a rule of its own. */
static int elements_of(struct nft *n, const struct nft_use *use, json_t *right, json_t **out)
{
	const char *name = json_string_value(right);
	struct nft_set *s;
	int err;

	*out = json_object_get(right, "set");
	if (!name || *name != '@')
		return *out ? check_number(n, json_array_size(*out)) :
			      nft_refuse(n, FW_IMPORT_AS_SET, "a comparison that needs a set");
	s = nft_set_find(n, use->chain, name + 1);
	if (!s)
		return nft_refuse(n, FW_IMPORT_AS_SET, "there is no set or map '%s'", name + 1);
	if (s->added)
		return nft_refuse(n, FW_IMPORT_AS_SET, "packets add to set '%s', which does not hold addresses alone",
				  s->name);
	err = nft_set_elements(n, s, out);
	return err ? err : check_number(n, json_array_size(*out));
}

static struct nft_alternative *push_alternative(struct nft *n, struct nft_alternative ***end)
{
	struct nft_alternative *a = nft_alloc(n, sizeof(*a));

	if (a) {
		**end = a;
		*end = &a->next;
	}
	return a;
}

static int read_concatenation(struct nft *n, const struct nft_use *use, json_t *lefts, json_t *right,
			      struct nft_alternative **out)
{
	struct nft_alternative **end = out, *a;
	json_t *elements, *element;
	size_t i;
	int err = elements_of(n, use, right, &elements);

	if (err)
		return err;
	json_array_foreach(elements, i, element)
	{
		a = push_alternative(n, &end);
		err = err ? err : !a ? -ENOMEM : read_parts(n, use, lefts, nft_unwrap(element), a);
	}
	return err;
}

int nft_read_match(struct nft *n, const struct nft_use *use, json_t *match, struct nft_alternative **out)
{
	json_t *left = json_object_get(match, "left"), *lefts = json_object_get(left, "concat");
	struct nft_comparison c = { .use = use, .op = text_of(match, "op"), .right = json_object_get(match, "right") };

	*out = NULL;
	if (!lefts)
		return read_comparison(n, left, &c, out);
	if (!nft_is(c.op, "=="))
		return nft_refuse(n, FW_IMPORT_AS_MATCH, "a concatenation can only be compared by ==");
	return read_concatenation(n, use, lefts, c.right, out);
}

/* The values that no other element of the map has. */
static int read_default(struct nft *n, const struct nft_use *use, json_t *left, json_t *elements,
			struct nft_alternative *a)
{
	json_auto_t *others = json_array(), *set = json_pack("{s:O}", "set", others);
	json_t *element;
	struct nft_comparison c = { .use = use, .op = "!=", .right = set };
	struct nft_alternative *found = NULL;
	size_t i;
	int err;

	json_array_foreach(elements, i, element)
	{
		json_t *value = json_array_get(element, 0);

		if (!json_is_string(value) || !nft_is(json_string_value(value), "*"))
			json_array_append(others, value);
	}
	if (!set)
		return -ENOMEM;
	err = read_comparison(n, left, &c, &found);
	if (!err && found->next)
		err = nft_refuse(n, FW_IMPORT_AS_PLACE,
				 "the default of a map on interfaces in a chain of several hooks");
	if (!err)
		a->terms = found->terms;
	return err;
}

static int read_entry(struct nft *n, const struct nft_use *use, json_t *key, json_t *elements, json_t *value,
		      struct nft_alternative *a)
{
	json_t *lefts = json_object_get(key, "concat");
	struct nft_comparison c = { .use = use, .op = "==", .right = nft_unwrap(value) };
	struct nft_alternative *found = NULL;
	int err;

	if (json_is_string(value) && nft_is(json_string_value(value), "*"))
		return lefts ? nft_refuse(n, FW_IMPORT_AS_SET, "a map of concatenations with a default") :
			       read_default(n, use, key, elements, a);
	if (lefts)
		return read_parts(n, use, lefts, c.right, a);
	err = read_comparison(n, key, &c, &found);
	if (!err && found->next)
		err = nft_refuse(n, FW_IMPORT_AS_VALUE, "a map of what packets lack");
	if (!err)
		a->terms = found->terms;
	return err;
}

int nft_read_vmap(struct nft *n, const struct nft_use *use, json_t *vmap, struct nft_alternative **out)
{
	json_t *key = json_object_get(vmap, "key"), *elements, *element;
	struct nft_alternative **end = out, *a;
	size_t i;
	int err = elements_of(n, use, json_object_get(vmap, "data"), &elements);

	*out = NULL;
	if (err)
		return err;
	json_array_foreach(elements, i, element)
	{
		a = push_alternative(n, &end);
		err = err ? err : !a ? -ENOMEM : read_entry(n, use, key, elements, json_array_get(element, 0), a);
		if (err)
			return err;
		a->verdict = json_array_get(element, 1);
	}
	return 0;
}

int nft_match_add(struct nft *n, struct nft_match *m, const struct nft_term *t)
{
	struct nft_values *v = &m->values[t->field];
	int err = 0;

	if (m->given & NFT_BITS(t->field))
		err = nft_values_and(n, v, &t->values, v);
	else
		*v = t->values;
	if (err)
		return err;
	m->given |= NFT_BITS(t->field);
	m->never = m->never || nft_values_empty(v);
	return 0;
}
