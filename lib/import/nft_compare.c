// SPDX-License-Identifier: GPL-2.0-only
/* For which values of a field a comparison of nftables is true. */
#include "lib/import/nft_key.h"

/* Is a number left of the operator true of the one to its right? */
static bool compare(const char *op, uint64_t left, uint64_t right)
{
	return nft_is(op, "in") ? left & right :
	       nft_is(op, "!")  ? !(left & right) :
	       nft_is(op, "==") ? left == right :
	       nft_is(op, "!=") ? left != right :
	       nft_is(op, "<")  ? left < right :
	       nft_is(op, "<=") ? left <= right :
	       nft_is(op, ">")  ? left > right :
				  left >= right;
}

/* Flags and states: each value of the field is tried. */
static int read_bits(struct nft *n, const struct nft_left *l, const struct nft_comparison *c, struct nft_values *out)
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
		if (set ? in != nft_is(c->op, "!=") : compare(c->op, value, right))
			err = err ? err : nft_values_add(n, out, v, v);
	}
	return err;
}

/* ip frag-off & 0x1fff != 0, and the like. */
static int read_fragment(struct nft *n, const struct nft_left *l, const struct nft_comparison *c,
			 struct nft_values *out)
{
	bool zero = json_is_integer(c->right) && !json_integer_value(c->right);
	bool fragments = nft_is(c->op, "!=") || nft_is(c->op, ">");
	int err = 0;

	if (!l->masked || !zero || (!fragments && !nft_is(c->op, "==")) || (l->mask != 0x1fff && l->mask != 0x3fff))
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

	if (!type || (!nft_is(type, "local") && !nft_is(type, "broadcast") && !nft_is(type, "multicast")))
		return nft_refuse(n, FW_IMPORT_AS_VALUE,
				  "of the types of addresses only local, broadcast and multicast are known");
	err = add_name(n, out, nft_printf(n, "@%s", type));
	if (!err && nft_is(type, "broadcast"))
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
		err = add_value(n, l, nft_unwrap(value), out);
		if (err)
			break;
	}
	return err;
}

/* A named set: of addresses by its name, of other values by what it holds. */
static int add_set(struct nft *n, const struct nft_comparison *c, const struct nft_left *l, struct nft_values *out)
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
	if (nft_is(op, "==") || nft_is(op, "in"))
		return 0;
	if (nft_is(op, "!=") || nft_is(op, "!"))
		return nft_values_not(n, v, max);
	if (v->n != 1 || v->nnames || v->ranges[0].lo != v->ranges[0].hi)
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "'%s' compares with one number", op);
	at = v->ranges[0].lo;
	v->n = 0;
	if (nft_is(op, "<"))
		return at ? nft_values_add(n, v, 0, at - 1) : 0;
	if (nft_is(op, "<="))
		return nft_values_add(n, v, 0, at);
	if (nft_is(op, ">"))
		return at < max ? nft_values_add(n, v, at + 1, max) : 0;
	if (nft_is(op, ">="))
		return nft_values_add(n, v, at, max);
	return nft_refuse(n, FW_IMPORT_AS_MATCH, "the operator '%s' is unknown", op);
}

/* meta mark & 0xff == 0x10 */
static int read_mark_bits(struct nft *n, const struct nft_left *l, const struct nft_comparison *c,
			  struct nft_values *out)
{
	uint64_t value = json_is_integer(c->right) ? (uint64_t)json_integer_value(c->right) : UINT64_MAX;

	if (value > UINT32_MAX || l->mask > UINT32_MAX || (value & ~l->mask) || !l->mask ||
	    (!nft_is(c->op, "==") && !nft_is(c->op, "!=")))
		return nft_refuse(n, FW_IMPORT_AS_VALUE,
				  "a mark with a mask is compared by == or != with bits of the mask");
	out->negated = nft_is(c->op, "!=");
	return add_name(n, out, nft_printf(n, "0x%x/0x%x", (unsigned)value, (unsigned)l->mask));
}

/* exists and missing */
static int read_option(struct nft *n, const struct nft_left *l, const struct nft_comparison *c, struct nft_values *out)
{
	if (!json_is_boolean(c->right) || (!nft_is(c->op, "==") && !nft_is(c->op, "!=")))
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "of '%s' only 'exists' and 'missing' can be matched",
				  l->key->text);
	out->negated = json_is_true(c->right) != nft_is(c->op, "==");
	return add_name(n, out, nft_option(l->key));
}

int nft_read_values(struct nft *n, const struct nft_left *l, const struct nft_comparison *c, struct nft_values *out)
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
		err = add_value(n, l, nft_unwrap(c->right), out);
	return err ? err : apply_op(n, l, c->op, out);
}
