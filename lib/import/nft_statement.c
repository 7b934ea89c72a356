// SPDX-License-Identifier: GPL-2.0-only
/* Statements of rules of nftables: conditions, effects and verdicts. */
#include "lib/import/nft_rule.h"

#include "fw/rule.h"

static bool is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

static const char *member(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

const char *nft_quote(struct nft *n, const char *text)
{
	struct fw_buf b = { 0 };
	const char *quoted, *end = text + strlen(text);

	fw_buf_add(&b, "\"", 1);
	while (text < end) {
		size_t len = fw_utf8_shown(text, (size_t)(end - text));

		if (!len)
			fw_buf_printf(&b, "\\x%02x", (unsigned char)*text);
		else if (*text == '"' || *text == '\\')
			fw_buf_printf(&b, "\\%c", *text);
		else
			fw_buf_add(&b, text, len);
		text += len ? len : 1;
	}
	fw_buf_add(&b, "\"", 1);
	quoted = b.failed ? NULL : nft_strdup(n, b.text);
	fw_buf_free(&b);
	return quoted;
}

/* Begins another part if this one is further than @phase, or has its statement of this kind. */
static int enter_phase(struct nft_rule_text *t, enum nft_phase phase, bool *taken)
{
	int err = t->part.phase > phase || (taken && *taken) ? nft_split(t) : 0;

	t->part.phase = phase;
	if (taken)
		*taken = true;
	return err;
}

/* "10/second burst 20 " */
static int print_limit(struct nft *n, json_t *limit, struct fw_buf *out)
{
	json_int_t rate = json_integer_value(json_object_get(limit, "rate"));
	json_t *burst = json_object_get(limit, "burst");
	const char *per = member(limit, "per"), *unit = member(limit, "rate_unit");
	bool known = false;

	for (unsigned i = 0; i < FW_NUNITS; i++)
		known = known || is(per, fw_unit_names[i]);
	if (!json_is_object(limit))
		return nft_refuse(n, FW_IMPORT_AS_STATE, "a named limit, which rules share");
	if (unit && !is(unit, "packets"))
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

static int statement_limit(struct nft_rule_text *t, json_t *v)
{
	int err = enter_phase(t, NFT_CONDITIONS, &t->part.limit);

	return err ? err : print_limit(t->n, v, &t->part.conditions);
}

static int statement_counter(struct nft_rule_text *t, json_t *v)
{
	(void)v;
	t->part.counts = true;
	t->part.phase = NFT_EFFECTS;
	return 0;
}

static const char *level_of(const char *level)
{
	static const char *const levels[] = { "emerg", "alert", "crit", "err", "notice", "info", "debug" };

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (is(level, levels[i]))
			return levels[i];
	return !level || is(level, "warn") || is(level, "warning") ? "" : NULL;
}

static int statement_log(struct nft_rule_text *t, json_t *v)
{
	const char *prefix = member(v, "prefix"), *level = level_of(member(v, "level"));
	int err;

	if (!level)
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "the log level '%s' is unknown", member(v, "level"));
	if (prefix && strlen(prefix) > FW_LOG_PREFIX_MAX)
		return nft_refuse(t->n, FW_IMPORT_AS_VALUE, "a log prefix has at most %d bytes", FW_LOG_PREFIX_MAX);
	err = enter_phase(t, NFT_EFFECTS, &t->part.log);
	if (err)
		return err;
	fw_buf_printf(&t->part.effects, "log ");
	if (prefix && *prefix)
		fw_buf_printf(&t->part.effects, "prefix %s ", nft_quote(t->n, prefix));
	if (*level)
		fw_buf_printf(&t->part.effects, "level %s ", level);
	return 0;
}

static bool is_mark(json_t *json)
{
	return is(member(json_object_get(json, "meta"), "key"), "mark");
}

static bool number32(json_t *json, uint32_t *out)
{
	json_int_t v = json_integer_value(json);

	*out = (uint32_t)v;
	return json_is_integer(json) && v >= 0 && v <= UINT32_MAX;
}

/* mark & MASK, or the mark itself: the bits that stay. */
static bool read_kept(json_t *json, uint32_t *kept)
{
	json_t *and = json_object_get(json, "&");

	*kept = UINT32_MAX;
	if (is_mark(json))
		return true;
	return json_array_size(and) == 2 &&
	       ((is_mark(json_array_get(and, 0)) && number32(json_array_get(and, 1), kept)) ||
		(is_mark(json_array_get(and, 1)) && number32(json_array_get(and, 0), kept)));
}

/* A number; mark & MASK; mark | BITS; (mark & MASK) | BITS; the same with ^ if no bit is turned. */
static bool read_mark(json_t *json, uint32_t *value, uint32_t *mask)
{
	json_t * or = json_object_get(json, "|"), *xor = json_object_get(json, "^"), *list = or ? or : xor;
	uint32_t kept;
	bool first;

	*mask = UINT32_MAX;
	if (number32(json, value))
		return true;
	*value = 0;
	if (!list) {
		bool ok = read_kept(json, &kept);

		*mask = ~kept;
		return ok && *mask;
	}
	first = json_is_integer(json_array_get(list, 0));
	if (!number32(json_array_get(list, !first), value) || !read_kept(json_array_get(list, first), &kept))
		return false;
	*mask = ~kept | *value;
	return *mask && (or || !(kept & *value));
}

static int statement_mangle(struct nft_rule_text *t, json_t *v)
{
	uint32_t value, mask;
	int err;

	if (!is_mark(json_object_get(v, "key")))
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "rules change nothing of a packet but its mark");
	if (!read_mark(json_object_get(v, "value"), &value, &mask))
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "a mark can only be set to a number, or some bits of it");
	if (t->use->before_route || t->use->hooks & FW_HOOK_BIT(IN) || is(t->use->chain->type, "route"))
		return nft_refuse(t->n, FW_IMPORT_AS_PLACE,
				  "a mark that routing is to see has to be set by the kernel");
	err = enter_phase(t, NFT_EFFECTS, &t->part.mark);
	if (!err)
		fw_buf_printf(&t->part.effects, mask == UINT32_MAX ? "mark set 0x%x " : "mark set 0x%x/0x%x ", value,
			      mask);
	return err;
}

/* A match that a statement implies, unless it is there already. */
static int imply(struct nft_rule_text *t, enum nft_field field, unsigned number)
{
	const struct nft_values *v = &t->part.match.values[field];
	struct nft_alternative *a;

	if (t->part.match.given & NFT_BITS(field) && v->n == 1 && v->ranges[0].lo == number &&
	    v->ranges[0].hi == number)
		return 0;
	a = nft_one(t->n, field, number, number);
	return a ? nft_part_match(t, a) : -ENOMEM;
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
	*family = is(protocol, "ip6") ? NFT_V6 : NFT_V4;
	*side = is(field, "saddr") ? "from" : "to";
	if (!payload || (!is(protocol, "ip") && !is(protocol, "ip6")) || (!is(field, "saddr") && !is(field, "daddr")))
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
		if (is(member(limit, "per"), fw_unit_names[i]) && rate > 0 && burst >= 0 && burst <= FW_BURST_MAX)
			return (burst * seconds[i] + rate - 1) / rate;
	return INT64_MAX;
}

/* Does the rule only log? Then buckets of its own change no verdict. */
static bool only_logs(const struct nft_rule *r)
{
	static const char *const verdicts[] = {
		"accept", "drop", "reject", "jump", "goto", "return", "mangle", "queue"
	};
	json_t *expr = json_object_get(r->o.json, "expr"), *item;
	size_t i;

	json_array_foreach(expr, i, item) for (size_t k = 0; k < sizeof(verdicts) / sizeof(*verdicts);
					       k++) if (json_object_get(item, verdicts[k])) return false;
	return true;
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

	*family = is(member(payload, "protocol"), "ip6") ? NFT_V6 : NFT_V4;
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
	const char *side;
	unsigned bits;
	int family, err = read_key(t, key, &side, &family, &bits);

	if (!err && json_integer_value(timeout) && (!renewed || refill(limit) > json_integer_value(timeout)))
		err = nft_refuse(t->n, FW_IMPORT_AS_STATE,
				 "a limit whose buckets are forgotten before they are full again");
	if (!err)
		err = imply(t, NFT_FAMILY, (unsigned)family);
	if (!err)
		err = enter_phase(t, NFT_CONDITIONS, &t->part.limit);
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
				  "of what a set can keep for each element, only a limit can be said");
	if (s->looked_up || s->added)
		return nft_refuse(t->n, FW_IMPORT_AS_SET,
				  "set '%s' holds the buckets of a limit and is used otherwise too", s->name);
	if (s->limits > 1 && !only_logs(t->rule))
		return nft_refuse(t->n, FW_IMPORT_AS_STATE, "rules share the buckets of set '%s'", s->name);
	return per_address(t, key, limit, timeout ? timeout : json_object_get(s->o.json, "timeout"),
			   is(member(v, "op"), "update"));
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
	err = imply(t, NFT_FAMILY, (unsigned)family);
	if (!err)
		err = enter_phase(t, NFT_EFFECTS, &t->part.add);
	if (err)
		return err;
	s->shown = true;
	fw_buf_printf(&t->part.effects, "%s %s to @%s ", member(v, "op"), side, s->word);
	if (timeout)
		fw_buf_printf(&t->part.effects, "timeout %llds ", (long long)json_integer_value(timeout));
	return 0;
}

static int statement_set(struct nft_rule_text *t, json_t *v)
{
	const char *name = member(v, "set"), *op = member(v, "op");
	struct nft_set *s = name && *name == '@' ? nft_set_find(t->n, t->use->chain, name + 1) : NULL;
	json_t *key = json_object_get(v, "elem"), *wrapped = json_object_get(key, "elem");

	if (wrapped)
		key = json_object_get(wrapped, "val");
	if (!s)
		return nft_refuse(t->n, FW_IMPORT_AS_SET, "there is no set '%s'", name ? name : "");
	if (!is(op, "add") && !is(op, "update"))
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "packets can only add elements to sets");
	return json_object_get(v, "stmt") ? limit_in_set(t, s, key, v) : add_to_set(t, s, key, v);
}

static int statement_meter(struct nft_rule_text *t, json_t *v)
{
	json_t *key = json_object_get(v, "key"), *wrapped = json_object_get(key, "elem");
	json_t *limit = only_limit(json_object_get(v, "stmt"));

	if (!limit)
		return nft_refuse(t->n, FW_IMPORT_AS_STATE,
				  "of what a meter can keep for each element, only a limit can be said");
	return per_address(t, wrapped ? json_object_get(wrapped, "val") : key, limit,
			   json_object_get(wrapped, "timeout"), true);
}

static int statement_match(struct nft_rule_text *t, json_t *v)
{
	struct nft_alternative *a;
	int err = nft_read_match(t->n, t->use, v, &a);

	return err ? err : nft_part_match(t, a);
}

/* Kinds of answers, and the family that they imply. */
static const struct {
	const char *type, *code, *kind;
	int family;
} rejects[] = {
	{ "icmp", "net-unreachable", "net-unreachable", NFT_V4 },
	{ "icmp", "host-unreachable", "host-unreachable", NFT_V4 },
	{ "icmp", "prot-unreachable", "proto-unreachable", NFT_V4 },
	{ "icmp", "port-unreachable", "port-unreachable", NFT_V4 },
	{ "icmp", "host-prohibited", "host-prohibited", NFT_V4 },
	{ "icmp", "admin-prohibited", "admin-prohibited", NFT_V4 },
	{ "icmpv6", "no-route", "net-unreachable", NFT_V6 },
	{ "icmpv6", "addr-unreachable", "host-unreachable", NFT_V6 },
	{ "icmpv6", "port-unreachable", "port-unreachable", NFT_V6 },
	{ "icmpv6", "admin-prohibited", "admin-prohibited", NFT_V6 },
	{ "icmpx", "no-route", "net-unreachable", -1 },
	{ "icmpx", "host-unreachable", "host-unreachable", -1 },
	{ "icmpx", "port-unreachable", "port-unreachable", -1 },
	{ "icmpx", "admin-prohibited", "admin-prohibited", -1 },
};

static int statement_reject(struct nft_rule_text *t, json_t *v)
{
	const char *type = member(v, "type"), *code = member(v, "expr"), *kind = type ? NULL : "port-unreachable";
	int family = -1, err = 0;

	for (size_t i = 0; type && i < sizeof(rejects) / sizeof(*rejects); i++)
		if (is(type, rejects[i].type) && is(code, rejects[i].code)) {
			kind = rejects[i].kind;
			family = rejects[i].family;
		}
	if (is(type, "tcp reset"))
		kind = "tcp-reset";
	if (!kind)
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "a reject with %s %s", type, code ? code : "");
	if (family >= 0)
		err = imply(t, NFT_FAMILY, (unsigned)family);
	else if (is(type, "tcp reset"))
		err = imply(t, NFT_PROTO, 6);
	t->verdict = nft_printf(t->n, "reject with %s", kind);
	t->ended = true;
	return err;
}

/* A call: goto in a base chain leads to the policy at its end. */
static int call(struct nft_rule_text *t, bool jump, const char *name, const char **out)
{
	struct nft_chain *c = name ? nft_chain_find(t->n, t->use->chain, name) : NULL;
	struct nft_use *use = c ? nft_use_of(t->n, t->use, c) : NULL;
	const char *word;

	if (!c)
		return nft_refuse(t->n, FW_IMPORT_AS_CHAIN, "there is no chain '%s'", name ? name : "");
	if (!use)
		return -ENOMEM;
	*out = nft_printf(t->n, "%s %s", jump ? "jump" : "goto", use->word);
	if (jump || !t->use->policy || t->use->policy_last)
		return *out ? 0 : -ENOMEM;
	word = nft_make_chain(t->n, nft_printf(t->n, "%s.end", use->word));
	if (!word)
		return -ENOMEM;
	fw_buf_printf(&t->text, "rule chain %s jump %s\nrule chain %s %s\n", word, use->word, word, t->use->policy);
	*out = nft_printf(t->n, "goto %s", word);
	return *out ? 0 : -ENOMEM;
}

static int read_verdict(struct nft_rule_text *t, json_t *verdict, const char **out)
{
	static const struct {
		const char *word, *is;
	} words[] = { { "drop", "drop" }, { "continue", "" } };
	json_t *to = json_object_get(verdict, "jump"), *over = json_object_get(verdict, "goto");

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (json_object_get(verdict, words[i].word)) {
			*out = words[i].is;
			return 0;
		}
	if (json_object_get(verdict, "accept"))
		*out = t->use->accept;
	else if (json_object_get(verdict, "return"))
		*out = t->use->policy ? t->use->policy : "return";
	else if (to || over)
		return call(t, to, member(to ? to : over, "target"), out);
	else
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "a verdict that no rule has");
	return 0;
}

static int statement_vmap(struct nft_rule_text *t, json_t *v)
{
	struct nft_alternative *first, *a;
	int err = nft_read_vmap(t->n, t->use, v, &first);

	for (a = err ? NULL : first; !err && a; a = a->next)
		err = read_verdict(t, a->verdict, &a->words);
	t->ended = true;
	return err ? err : nft_part_match(t, first);
}

static const struct {
	const char *word;
	int (*read)(struct nft_rule_text *t, json_t *value);
} statements[] = {
	{ "match", statement_match }, { "vmap", statement_vmap },   { "counter", statement_counter },
	{ "limit", statement_limit }, { "log", statement_log },     { "mangle", statement_mangle },
	{ "set", statement_set },     { "meter", statement_meter }, { "reject", statement_reject },
};
static const char *const verdicts[] = { "accept", "drop", "continue", "return", "jump", "goto" };

int nft_statement(struct nft_rule_text *t, json_t *statement)
{
	const char *word = json_object_iter_key(json_object_iter(statement));

	for (size_t i = 0; word && i < sizeof(statements) / sizeof(*statements); i++)
		if (is(word, statements[i].word))
			return statements[i].read(t, json_object_get(statement, word));
	for (size_t i = 0; word && i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (is(word, verdicts[i])) {
			t->ended = true;
			return read_verdict(t, statement, &t->verdict);
		}
	if (is(word, "ct count") || is(word, "quota") || is(word, "last"))
		return nft_refuse(t->n, FW_IMPORT_AS_STATE, "'%s' needs a memory of packets that rules lack", word);
	return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "the statement '%s' cannot be said", word ? word : "");
}

bool nft_rule_is_kernels(const struct nft_rule *r)
{
	json_t *expr = json_object_get(r->o.json, "expr"), *item;
	bool kernel = false;
	size_t i, k;

	json_array_foreach(expr, i, item)
	{
		json_t *key = json_object_get(json_object_get(item, "mangle"), "key");

		for (k = 0; k < sizeof(verdicts) / sizeof(*verdicts); k++)
			if (json_object_get(item, verdicts[k]))
				return false;
		if (json_object_get(item, "reject") || json_object_get(item, "vmap") || json_object_get(item, "log"))
			return false;
		kernel = kernel || json_object_get(item, "flow") || json_object_get(key, "tcp option") ||
			 is(member(json_object_get(key, "meta"), "key"), "nftrace");
	}
	return kernel;
}

bool nft_rule_decides(const struct nft_rule *r)
{
	static const char *const harmless[] = { "match", "counter", "limit", "log", "accept" };
	json_t *expr = json_object_get(r->o.json, "expr"), *item;
	bool decides = false;
	size_t i;

	json_array_foreach(expr, i, item)
	{
		const char *word = json_object_iter_key(json_object_iter(item));
		bool found = false;

		for (size_t k = 0; k < sizeof(harmless) / sizeof(*harmless); k++)
			found = found || is(word, harmless[k]);
		decides = decides || !found;
	}
	return decides;
}
