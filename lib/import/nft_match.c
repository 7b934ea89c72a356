// SPDX-License-Identifier: GPL-2.0-only
/*
 * What rules of nftables ask of packets, as conditions on our fields. An expression implies more than it says: "tcp dport"
 * that the packet is TCP, "ip saddr" that it is IPv4. A concatenation becomes one alternative for each element.
 *
 *	ip saddr . tcp dport { 192.0.2.1 . 22, 192.0.2.2 . 80 }
 *	(ip, from 192.0.2.1, proto tcp, dport 22) or (ip, from 192.0.2.2, proto tcp, dport 80)
 */
#include "lib/import/nft_key.h"

#define MAX_ALTERNATIVES 4096

/* What a comparison is about. */
struct comparison {
	const struct nft_use *use;
	const char *op;
	json_t *right;
};

static const char *text_of(json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "";
}

static bool is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

/* Is a number left of the operator true of the one to its right? */
static bool compare(const char *op, uint64_t left, uint64_t right)
{
	return is(op, "in") ? left & right :
	       is(op, "!")  ? !(left & right) :
	       is(op, "==") ? left == right :
	       is(op, "!=") ? left != right :
	       is(op, "<")  ? left < right :
	       is(op, "<=") ? left <= right :
	       is(op, ">")  ? left > right :
			      left >= right;
}

/* Flags and states: each value of the field is tried. */
static int read_bits(struct nft *n, const struct nft_left *l, const struct comparison *c, struct nft_values *out)
{
	static const uint8_t states[] = { [FW_STATE_NEW] = 8,
					  [FW_STATE_ESTABLISHED] = 2,
					  [FW_STATE_RELATED] = 4,
					  [FW_STATE_INVALID] = 1,
					  [FW_STATE_UNTRACKED] = 64 };
	bool state = l->key->field == NFT_STATE;
	json_t *set = json_object_get(c->right, "set"), *item;
	uint64_t right = 0, each;
	size_t i;
	int err = 0;

	if (!set)
		err = nft_read_bits(n, l->key->field, c->right, &right);
	for (uint64_t v = 0; !err && v <= nft_field_info[l->key->field].max; v++) {
		uint64_t value = (state ? states[v] : v) & (l->masked ? l->mask : UINT64_MAX);
		bool in = false;

		json_array_foreach(set, i, item)
		{
			each = 0;
			err = err ? err : nft_read_bits(n, l->key->field, item, &each);
			in = in || value == each;
		}
		if (set ? in != is(c->op, "!=") : compare(c->op, value, right))
			err = err ? err : nft_values_add(n, out, v, v);
	}
	return err;
}

/* ip frag-off & 0x1fff != 0, and the like. */
static int read_fragment(struct nft *n, const struct nft_left *l, const struct comparison *c, struct nft_values *out)
{
	bool zero = json_is_integer(c->right) && !json_integer_value(c->right);
	bool fragments = is(c->op, "!=") || is(c->op, ">");
	int err = 0;

	if (!l->masked || !zero || (!fragments && !is(c->op, "==")) || (l->mask != 0x1fff && l->mask != 0x3fff))
		return nft_refuse(
			n, FW_IMPORT_AS_VALUE,
			"of 'ip frag-off' only the offset and whether the packet is a fragment can be matched");
	for (unsigned v = FW_FRAG_NO; !err && v <= FW_FRAG_LATER; v++)
		if ((v == FW_FRAG_LATER || (v == FW_FRAG_FIRST && l->mask == 0x3fff)) == fragments)
			err = nft_values_add(n, out, v, v);
	return err;
}

static int add_name(struct nft *n, struct nft_values *out, const char *name)
{
	return name ? nft_values_name(n, out, name) : -ENOMEM;
}

/* The kinds of addresses that the built-in sets hold. The kernel takes 0.0.0.0/8 for broadcast. */
static int add_fib_type(struct nft *n, json_t *json, struct nft_values *out)
{
	const char *type = json_string_value(json);
	int err;

	if (!type || (!is(type, "local") && !is(type, "broadcast") && !is(type, "multicast")))
		return nft_refuse(n, FW_IMPORT_AS_VALUE,
				  "of the types of addresses only local, broadcast and multicast are known");
	err = add_name(n, out, nft_printf(n, "@%s", type));
	if (!err && is(type, "broadcast"))
		err = nft_values_name(n, out, "0.0.0.0/8");
	return err;
}

/* "eth*" is a pattern, "eth\\*" is not. */
static int add_interface(struct nft *n, json_t *json, struct nft_values *out)
{
	const char *name = json_string_value(json);
	size_t len = name ? strlen(name) : 0;

	if (!len || len > FW_IFNAME_MAX || !fw_name_is_plain(name) || strpbrk(name, "\"\\/: "))
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "an interface that has no plain name cannot be matched");
	if (!strcmp(name, "*"))
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "a pattern of interfaces needs the beginning of a name");
	return nft_values_name(n, out, name);
}

static bool is_fib(const struct nft_left *l)
{
	return !strncmp(l->key->text, "fib ", 4);
}

static json_t *unwrap(json_t *element)
{
	json_t *wrapped = json_object_get(element, "elem");

	return wrapped ? json_object_get(wrapped, "val") : element;
}

/* Adds one value, a range or a prefix. */
static int add_value(struct nft *n, const struct nft_left *l, json_t *value, struct nft_values *out)
{
	json_t *range = json_object_get(value, "range");
	enum nft_field field = l->key->field;
	struct nft_range r = { 0 };
	int err;

	if (is_fib(l))
		return add_fib_type(n, value, out);
	if (field == NFT_FROM_IF || field == NFT_TO_IF)
		return add_interface(n, value, out);
	if (field == NFT_FROM || field == NFT_TO) {
		err = nft_read_address(n, value, l->key->family, &r);
	} else {
		err = nft_read_number(n, field, range ? json_array_get(range, 0) : value, &r.lo);
		r.hi = r.lo;
		if (!err && range)
			err = nft_read_number(n, field, json_array_get(range, 1), &r.hi);
		if (!err && r.lo > r.hi)
			err = nft_refuse(n, FW_IMPORT_AS_VALUE, "a range ends before it begins");
	}
	return err ? err : nft_values_add(n, out, r.lo, r.hi);
}

static int add_values(struct nft *n, const struct nft_left *l, json_t *list, struct nft_values *out)
{
	json_t *value;
	size_t i;
	int err = 0;

	json_array_foreach(list, i, value)
	{
		err = add_value(n, l, unwrap(value), out);
		if (err)
			break;
	}
	return err;
}

/* A named set: of addresses by its name, of other values by what it holds. */
static int add_set(struct nft *n, const struct comparison *c, const struct nft_left *l, struct nft_values *out)
{
	struct nft_set *s = nft_set_find(n, c->use->chain, json_string_value(c->right) + 1);
	json_t *elements;
	int err;

	if (!s)
		return nft_refuse(n, FW_IMPORT_AS_SET, "there is no set '%s'", json_string_value(c->right) + 1);
	if (s->limits)
		return nft_refuse(n, FW_IMPORT_AS_SET, "set '%s' is both matched and holds the buckets of a limit",
				  s->name);
	if ((l->key->field == NFT_FROM || l->key->field == NFT_TO) && !is_fib(l)) {
		s->shown = true;
		return add_name(n, out, nft_printf(n, "@%s", s->word));
	}
	if (s->added)
		return nft_refuse(n, FW_IMPORT_AS_SET, "packets add to set '%s', which holds no addresses", s->name);
	err = nft_set_elements(n, s, &elements);
	return err ? err : add_values(n, l, elements, out);
}

/* Turns the values to the right of an operator into those of the field. */
static int apply_op(struct nft *n, const struct nft_left *l, const char *op, struct nft_values *v)
{
	bool address = l->key->field == NFT_FROM || l->key->field == NFT_TO;
	nft_number max = nft_field_info[l->key->field].max, at;

	if (address)
		max = l->key->family == NFT_V4 ? (nft_number)UINT32_MAX : ~(nft_number)0;
	if (l->key->field == NFT_MAC)
		max = ((nft_number)1 << 48) - 1;
	nft_values_sort(v);
	if (is(op, "==") || is(op, "in"))
		return 0;
	if (is(op, "!=") || is(op, "!"))
		return nft_values_not(n, v, max);
	if (v->n != 1 || v->nnames || v->ranges[0].lo != v->ranges[0].hi)
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "'%s' compares with one number", op);
	at = v->ranges[0].lo;
	v->n = 0;
	if (is(op, "<"))
		return at ? nft_values_add(n, v, 0, at - 1) : 0;
	if (is(op, "<="))
		return nft_values_add(n, v, 0, at);
	if (is(op, ">"))
		return at < max ? nft_values_add(n, v, at + 1, max) : 0;
	if (is(op, ">="))
		return nft_values_add(n, v, at, max);
	return nft_refuse(n, FW_IMPORT_AS_MATCH, "the operator '%s' is unknown", op);
}

/* meta mark & 0xff == 0x10 */
static int read_mark_bits(struct nft *n, const struct nft_left *l, const struct comparison *c, struct nft_values *out)
{
	uint64_t value = json_is_integer(c->right) ? (uint64_t)json_integer_value(c->right) : UINT64_MAX;

	if (value > UINT32_MAX || l->mask > UINT32_MAX || (value & ~l->mask) || !l->mask ||
	    (!is(c->op, "==") && !is(c->op, "!=")))
		return nft_refuse(n, FW_IMPORT_AS_VALUE,
				  "a mark with a mask is compared by == or != with bits of the mask");
	out->negated = is(c->op, "!=");
	return add_name(n, out, nft_printf(n, "0x%x/0x%x", (unsigned)value, (unsigned)l->mask));
}

/* exists and missing */
static int read_option(struct nft *n, const struct nft_left *l, const struct comparison *c, struct nft_values *out)
{
	if (!json_is_boolean(c->right) || (!is(c->op, "==") && !is(c->op, "!=")))
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "of '%s' only 'exists' and 'missing' can be matched",
				  l->key->text);
	out->negated = json_is_true(c->right) != is(c->op, "==");
	return add_name(n, out, nft_option(l->key));
}

/* The values of the field for which the comparison is true. */
static int read_values(struct nft *n, const struct nft_left *l, const struct comparison *c, struct nft_values *out)
{
	enum nft_field field = l->key->field;
	json_t *set = json_object_get(c->right, "set");
	json_int_t version = l->key->family == NFT_V4 ? 4 : 6;
	int err;

	if (strstr(l->key->text, " version"))
		return compare(c->op, (uint64_t)version, (uint64_t)json_integer_value(c->right)) ?
			       nft_values_add(n, out, (nft_number)l->key->family, (nft_number)l->key->family) :
			       0;
	if (field == NFT_TCP_OPTION || field == NFT_IP_OPTION)
		return read_option(n, l, c, out);
	if ((field == NFT_FLAGS || field == NFT_STATE) &&
	    !(json_is_string(c->right) && *json_string_value(c->right) == '@'))
		return read_bits(n, l, c, out);
	if (field == NFT_FRAG)
		return read_fragment(n, l, c, out);
	if (field == NFT_MARK && l->masked)
		return read_mark_bits(n, l, c, out);
	if (l->masked)
		return nft_refuse(n, FW_IMPORT_AS_MATCH, "'%s' cannot be matched with a mask", l->key->text);
	if (json_is_string(c->right) && *json_string_value(c->right) == '@')
		err = add_set(n, c, l, out);
	else if (set || json_is_array(c->right))
		err = add_values(n, l, set ? set : c->right, out);
	else
		err = add_value(n, l, unwrap(c->right), out);
	return err ? err : apply_op(n, l, c->op, out);
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

/* The hooks at which a packet lacks the field, though nftables compares it there: with an empty name. */
static int absent_at(struct nft *n, const struct nft_use *use, enum nft_field field, unsigned *out)
{
	unsigned known = nft_field_info[field].hooks;

	*out = 0;
	if (known)
		*out = use->hooks & ~known;
	if (field == NFT_TO_IF && use->before_route)
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "the way out of a packet is not known before routing");
	if (field == NFT_STATE && use->no_state)
		return nft_refuse(n, FW_IMPORT_AS_PLACE,
				  "the state of a packet is not known before connection tracking");
	if (field == NFT_MARK && n->sets_marks)
		return nft_refuse(n, FW_IMPORT_AS_MATCH,
				  "this ruleset sets marks, and rules match on the mark that a packet came with");
	return 0;
}

/* Fields that later fragments lack, or that are others in fragments. */
#define OF_WHOLE_PACKETS                                                                                        \
	(NFT_BITS(NFT_SPORT) | NFT_BITS(NFT_DPORT) | NFT_BITS(NFT_ICMP_TYPE) | NFT_BITS(NFT_ICMP_CODE) |        \
	 NFT_BITS(NFT_ICMP6_TYPE) | NFT_BITS(NFT_ICMP6_CODE) | NFT_BITS(NFT_FLAGS) | NFT_BITS(NFT_TCP_OPTION) | \
	 NFT_BITS(NFT_MSS) | NFT_BITS(NFT_LENGTH) | NFT_BITS(NFT_FRAG))

/* Refuses what means something else at one of the hooks. */
static int check_hooks(struct nft *n, const struct nft_use *use, const struct nft_left *l, const struct nft_values *v)
{
	enum nft_field field = l->key->field;

	if ((field == NFT_UID || field == NFT_GID) && use->hooks & FW_HOOK_BIT(INPUT))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' is only known of packets that leave the host",
				  l->key->text);
	if (field == NFT_PACKET_TYPE && use->hooks & FW_HOOK_BIT(OUTPUT) && nft_values_has(v, 0))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' is only known of packets that arrived", l->key->text);
	if (use->fragments && (NFT_BITS(field) & OF_WHOLE_PACKETS))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' would be matched before fragments are put together",
				  l->key->text);
	if (use->translated && (field == NFT_FROM || field == NFT_TO || field == NFT_SPORT || field == NFT_DPORT))
		return nft_refuse(n, FW_IMPORT_AS_PLACE,
				  "addresses and ports are others here: they are translated in between");
	if (field == NFT_VLAN && use->hooks != FW_HOOK_BIT(IN))
		return nft_refuse(n, FW_IMPORT_AS_PLACE, "'%s' is only known on the wire", l->key->text);
	if (field == NFT_STATE && use->hooks == FW_HOOK_BIT(IN))
		return nft_refuse(n, FW_IMPORT_AS_PLACE,
				  "the state of a packet is not known before connection tracking");
	return 0;
}

/* Everything that one comparison says, into @a, and into *other what it says at hooks without the field. */
static int read_terms(struct nft *n, const struct nft_left *l, const struct comparison *c, struct nft_alternative *a,
		      struct nft_alternative **other)
{
	const struct nft_key *k = l->key;
	struct nft_values v = { 0 };
	unsigned absent = 0;
	int err = 0;

	if (k->family >= 0)
		err = push_number(n, a, NFT_FAMILY, (nft_number)k->family, (nft_number)k->family);
	if (!err && k->proto >= 0)
		err = push_number(n, a, NFT_PROTO, (nft_number)k->proto, (nft_number)k->proto);
	if (!err)
		err = read_values(n, l, c, &v);
	if (!err)
		err = check_hooks(n, c->use, l, &v);
	if (!err)
		err = absent_at(n, c->use, k->field, &absent);
	if (!err && absent && v.names && v.negated) {
		*other = nft_alloc(n, sizeof(**other));
		for (unsigned hook = 0; !err && hook < FW_NHOOKS; hook++)
			if (absent & 1u << hook)
				err = *other ? push_number(n, *other, NFT_HOOK, hook, hook) : -ENOMEM;
	}
	if (absent == c->use->hooks && !v.negated)
		v = (struct nft_values){ 0 };
	return err ? err : push_term(n, a, k->field == NFT_MARK && l->masked ? NFT_MARK_BITS : k->field, &v);
}

static int read_comparison(struct nft *n, json_t *left, const struct comparison *c, struct nft_alternative **out)
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
	if (other && !(c->use->hooks & nft_field_info[l.key->field].hooks))
		*out = other;
	return 0;
}

/* One element of a concatenation: all of its parts must be equal. */
static int read_parts(struct nft *n, const struct nft_use *use, json_t *lefts, json_t *element,
		      struct nft_alternative *a)
{
	json_t *parts = json_object_get(element, "concat"), *left;
	struct comparison c = { .use = use, .op = "==" };
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
		err = err ? err : !a ? -ENOMEM : read_parts(n, use, lefts, unwrap(element), a);
	}
	return err;
}

int nft_read_match(struct nft *n, const struct nft_use *use, json_t *match, struct nft_alternative **out)
{
	json_t *left = json_object_get(match, "left"), *lefts = json_object_get(left, "concat");
	struct comparison c = { .use = use, .op = text_of(match, "op"), .right = json_object_get(match, "right") };

	*out = NULL;
	if (!lefts)
		return read_comparison(n, left, &c, out);
	if (!is(c.op, "=="))
		return nft_refuse(n, FW_IMPORT_AS_MATCH, "a concatenation can only be compared by ==");
	return read_concatenation(n, use, lefts, c.right, out);
}

/* The values that no other element of the map has. */
static int read_default(struct nft *n, const struct nft_use *use, json_t *left, json_t *elements,
			struct nft_alternative *a)
{
	json_auto_t *others = json_array(), *set = json_pack("{s:O}", "set", others);
	json_t *element;
	struct comparison c = { .use = use, .op = "!=", .right = set };
	struct nft_alternative *found = NULL;
	size_t i;
	int err;

	json_array_foreach(elements, i, element)
	{
		json_t *value = json_array_get(element, 0);

		if (!json_is_string(value) || !is(json_string_value(value), "*"))
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
	struct comparison c = { .use = use, .op = "==", .right = unwrap(value) };
	struct nft_alternative *found = NULL;
	int err;

	if (json_is_string(value) && is(json_string_value(value), "*"))
		return lefts ? nft_refuse(n, FW_IMPORT_AS_SET, "a map of concatenations with a default") :
			       read_default(n, use, key, elements, a);
	if (lefts)
		return read_parts(n, use, lefts, c.right, a);
	err = read_comparison(n, key, &c, &found);
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
