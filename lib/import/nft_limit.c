// SPDX-License-Identifier: GPL-2.0-only
/* Statements of nftables with a memory of packets: limits, also for each address, and sets that packets add to. */
#include "lib/import/nft_rule.h"

static const char *member(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* "10/second burst 20 " */
static int print_limit(struct nft *n, json_t *limit, struct fw_buf *out)
{
	json_int_t rate = json_integer_value(json_object_get(limit, "rate"));
	json_t *burst = json_object_get(limit, "burst");
	const char *per = member(limit, "per"), *unit = member(limit, "rate_unit");
	bool known = false;

	for (unsigned i = 0; i < FW_NUNITS; i++)
		known = known || nft_is(per, fw_unit_names[i]);
	if (!json_is_object(limit))
		return nft_refuse(n, FW_IMPORT_AS_STATE, "a named limit, which rules share");
	if (unit && !nft_is(unit, "packets"))
		return nft_refuse(n, FW_IMPORT_AS_STATE, "limits count packets, not bytes");
	if (!known)
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "a rate per %s: there are second, minute, hour and day",
				  per ? per : "?");
	if (rate < 1 || rate > FW_RATE_MAX ||
	    (burst && (json_integer_value(burst) < 1 || json_integer_value(burst) > FW_BURST_MAX)))
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "a rate or burst that is too large");
	fw_buf_printf(out, "limit %s%lld/%s burst %lld ", json_is_true(json_object_get(limit, "inv")) ? "over " : "",
		      (long long)rate, per, (long long)(burst ? json_integer_value(burst) : 5));
	return 0;
}

/* Does the rule only log? Then buckets of its own change no verdict. */
static bool only_logs(const struct nft_rule *r)
{
	static const char *const harmless[] = { "match", "counter", "limit", "meter", "log", "continue" };
	json_t *expr = json_object_get(r->o.json, "expr"), *item;
	size_t i;

	json_array_foreach(expr, i, item)
	{
		bool found = json_object_get(json_object_get(item, "set"), "stmt");

		for (size_t k = 0; k < sizeof(harmless) / sizeof(*harmless); k++)
			found = found || json_object_get(item, harmless[k]);
		if (!found)
			return false;
	}
	return true;
}

/* A chain whose packets go on in several ways is made for each, and each time its limits would have buckets of their own. */
static int check_once(struct nft_rule_text *t)
{
	return !t->use->chain->uses->next || only_logs(t->rule) ?
		       0 :
		       nft_refuse(t->n, FW_IMPORT_AS_STATE,
				  "the packets of this chain go on in several ways, which would not share the limit");
}

int nft_statement_limit(struct nft_rule_text *t, json_t *v)
{
	int err = check_once(t);

	if (!err)
		err = nft_enter(t, NFT_CONDITIONS, &t->part.limit);
	return err ? err : print_limit(t->n, v, &t->part.conditions);
}

/* Whose packets or elements: "from" or "to", and the family; or a pair of them for a limit. */
static int read_side(struct nft_rule_text *t, json_t *value, bool pair, const char **side, int *family)
{
	json_t *payload = json_object_get(value, "payload"), *concat = json_object_get(value, "concat");
	const char *protocol = member(payload, "protocol"), *field = member(payload, "field");
	const char *first = NULL, *second = NULL;
	int err;

	if (pair && json_array_size(concat) == 2) {
		err = read_side(t, json_array_get(concat, 0), false, &first, family);
		if (!err)
			err = read_side(t, json_array_get(concat, 1), false, &second, family);
		*side = "from-to";
		if (!err && strcmp(first, second))
			return 0;
	}
	*family = nft_is(protocol, "ip6") ? NFT_V6 : NFT_V4;
	*side = nft_is(field, "saddr") ? "from" : "to";
	if (!payload || (!nft_is(protocol, "ip") && !nft_is(protocol, "ip6")) ||
	    (!nft_is(field, "saddr") && !nft_is(field, "daddr")))
		return nft_refuse(t->n, FW_IMPORT_AS_STATE,
				  "packets are counted and remembered by their addresses only");
	return 0;
}

/* Seconds that a bucket takes to be full again, rounded up. */
static json_int_t refill(json_t *limit)
{
	static const json_int_t seconds[] = { 1, 60, 3600, 86400 };
	json_int_t rate = json_integer_value(json_object_get(limit, "rate"));
	json_int_t burst = json_integer_value(json_object_get(limit, "burst"));

	for (unsigned i = 0; i < FW_NUNITS; i++)
		if (nft_is(member(limit, "per"), fw_unit_names[i]) && rate > 0 && burst >= 0 && burst <= FW_BURST_MAX)
			return (burst * seconds[i] + rate - 1) / rate;
	return INT64_MAX;
}

/* Of `ip saddr & 255.255.255.0` the address, and how many of its bits count; 0: they are not the first ones. */
static json_t *read_mask(struct nft *n, json_t *key, int family, unsigned *bits)
{
	json_t *and = json_object_get(key, "&");
	unsigned width = family == NFT_V4 ? 32 : 128;
	struct nft_range mask;
	nft_number last;

	*bits = width;
	if (!and)
		return key;
	*bits = 0;
	if (nft_read_address(n, json_array_get(and, 1), family, &mask))
		return NULL;
	last = family == NFT_V4 ? (nft_number)UINT32_MAX : ~(nft_number)0;
	for (unsigned i = 1; i <= width; i++)
		if (mask.lo == (last & ~((i < width ? (nft_number)1 << (width - i) : 1) - 1)))
			*bits = i;
	return json_array_get(and, 0);
}

/* The key of the buckets of a limit. */
static int read_key(struct nft_rule_text *t, json_t *key, const char **side, int *family, unsigned *bits)
{
	json_t *payload = json_object_get(json_array_get(json_object_get(key, "&"), 0), "payload"), *of;

	*family = nft_is(member(payload, "protocol"), "ip6") ? NFT_V6 : NFT_V4;
	of = read_mask(t->n, key, *family, bits);
	if (of && of != key && !*bits)
		return nft_refuse(t->n, FW_IMPORT_AS_STATE, "a limit for addresses by a mask that is no prefix");
	return of ? read_side(t, of, of == key, side, family) : -EINVAL;
}

/*
 * A limit for each address, whose buckets the set or meter holds. A bucket that the kernel forgets has to be full by then, or
 * another packet would pass.
 */
static int per_address(struct nft_rule_text *t, json_t *key, json_t *limit, json_t *timeout, bool renewed)
{
	const char *side = "";
	unsigned bits = 0;
	int family, err = read_key(t, key, &side, &family, &bits);

	if (!err && json_integer_value(timeout) && (!renewed || refill(limit) > json_integer_value(timeout)))
		err = nft_refuse(t->n, FW_IMPORT_AS_STATE,
				 "a limit whose buckets are forgotten before they are full again");
	if (!err)
		err = check_once(t);
	if (!err)
		err = nft_imply(t, NFT_FAMILY, (unsigned)family);
	if (!err)
		err = nft_enter(t, NFT_CONDITIONS, &t->part.limit);
	if (!err)
		err = print_limit(t->n, limit, &t->part.conditions);
	if (family == NFT_V6 && !json_object_get(key, "&"))
		bits = 128;
	if (!err)
		fw_buf_printf(&t->part.conditions, family == NFT_V4 ? "per %s/%u " : "per %s/32/%u ", side, bits);
	return err;
}

static json_t *only_limit(json_t *stmt)
{
	json_t *one = json_is_array(stmt) ? json_array_get(stmt, 0) : stmt;

	return json_array_size(stmt) > 1 ? NULL : json_object_get(one, "limit");
}

static int limit_in_set(struct nft_rule_text *t, struct nft_set *s, json_t *key, json_t *v)
{
	json_t *limit = only_limit(json_object_get(v, "stmt")),
	       *elem = json_object_get(json_object_get(v, "elem"), "elem");
	json_t *timeout = json_object_get(elem, "timeout");

	if (!limit)
		return nft_refuse(t->n, FW_IMPORT_AS_STATE,
				  "of what a set can keep for each element, rules have only a limit");
	if (s->looked_up || s->added)
		return nft_refuse(t->n, FW_IMPORT_AS_SET,
				  "set '%s' holds the buckets of a limit and is used otherwise too", s->name);
	if (s->limits > 1 && !only_logs(t->rule))
		return nft_refuse(t->n, FW_IMPORT_AS_STATE, "rules share the buckets of set '%s'", s->name);
	return per_address(t, key, limit, timeout ? timeout : json_object_get(s->o.json, "timeout"),
			   nft_is(member(v, "op"), "update"));
}

/* add @set { ip saddr timeout 1h } */
static int add_to_set(struct nft_rule_text *t, struct nft_set *s, json_t *key, json_t *v)
{
	json_t *timeout = json_object_get(json_object_get(json_object_get(v, "elem"), "elem"), "timeout");
	const char *side;
	int family = NFT_V4, err = read_side(t, key, false, &side, &family);

	if (err)
		return err;
	if (timeout && (json_integer_value(timeout) < 1 || json_integer_value(timeout) > 3650 * 86400))
		return nft_refuse(t->n, FW_IMPORT_AS_VALUE, "timeouts last from 1 s to 3650 days");
	err = nft_imply(t, NFT_FAMILY, (unsigned)family);
	if (!err)
		err = nft_enter(t, NFT_EFFECTS, &t->part.add);
	if (err)
		return err;
	s->shown = true;
	fw_buf_printf(&t->part.effects, "%s %s to @%s ", member(v, "op"), side, s->word);
	if (timeout)
		fw_buf_printf(&t->part.effects, "timeout %llds ", (long long)json_integer_value(timeout));
	return 0;
}

int nft_statement_set(struct nft_rule_text *t, json_t *v)
{
	const char *name = member(v, "set"), *op = member(v, "op");
	struct nft_set *s = name && *name == '@' ? nft_set_find(t->n, t->use->chain, name + 1) : NULL;
	json_t *key = json_object_get(v, "elem"), *wrapped = json_object_get(key, "elem");

	if (wrapped)
		key = json_object_get(wrapped, "val");
	if (!s)
		return nft_refuse(t->n, FW_IMPORT_AS_SET, "there is no set '%s'", name ? name : "");
	if (!nft_is(op, "add") && !nft_is(op, "update"))
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "packets can only add elements to sets");
	return json_object_get(v, "stmt") ? limit_in_set(t, s, key, v) : add_to_set(t, s, key, v);
}

int nft_statement_meter(struct nft_rule_text *t, json_t *v)
{
	json_t *key = json_object_get(v, "key"), *wrapped = json_object_get(key, "elem");
	json_t *limit = only_limit(json_object_get(v, "stmt"));

	if (!limit)
		return nft_refuse(t->n, FW_IMPORT_AS_STATE,
				  "of what a meter can keep for each element, rules have only a limit");
	return per_address(t, wrapped ? json_object_get(wrapped, "val") : key, limit,
			   json_object_get(wrapped, "timeout"), true);
}
