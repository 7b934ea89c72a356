// SPDX-License-Identifier: GPL-2.0-only
/* Statements of rules of nftables: conditions, effects and verdicts. */
#include "lib/import/nft_rule.h"

static const char *member(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
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
		if (nft_is(level, levels[i]))
			return levels[i];
	return !level || nft_is(level, "warn") || nft_is(level, "warning") ? "" : NULL;
}

static int statement_log(struct nft_rule_text *t, json_t *v)
{
	const char *prefix = member(v, "prefix"), *level = level_of(member(v, "level"));
	char text[FW_LOG_PREFIX_MAX + 1];
	int err;

	if (!level)
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "the log level '%s' is unknown", member(v, "level"));
	if (prefix && strlen(prefix) > FW_LOG_PREFIX_MAX)
		return nft_refuse(t->n, FW_IMPORT_AS_VALUE, "a log prefix has at most %d bytes", FW_LOG_PREFIX_MAX);
	err = nft_enter(t, NFT_EFFECTS, &t->part.log);
	if (err)
		return err;
	fw_buf_printf(&t->part.effects, "log ");
	import_clean(text, FW_LOG_PREFIX_MAX, prefix ? prefix : "");
	if (*text) {
		fw_buf_printf(&t->part.effects, "prefix ");
		import_print_string(&t->part.effects, text);
		fw_buf_printf(&t->part.effects, " ");
	}
	if (*level)
		fw_buf_printf(&t->part.effects, "level %s ", level);
	return 0;
}

static bool is_mark(json_t *json)
{
	return nft_is(member(json_object_get(json, "meta"), "key"), "mark");
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
	if (t->use->before_route || t->use->hooks & FW_HOOK_BIT(IN) || nft_is(t->use->chain->type, "route"))
		return nft_refuse(t->n, FW_IMPORT_AS_PLACE,
				  "a mark that routing is to see has to be set by the kernel");
	err = nft_enter(t, NFT_EFFECTS, &t->part.mark);
	if (!err)
		fw_buf_printf(&t->part.effects, mask == UINT32_MAX ? "mark set 0x%x " : "mark set 0x%x/0x%x ", value,
			      mask);
	return err;
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
		if (nft_is(type, rejects[i].type) && nft_is(code, rejects[i].code)) {
			kind = rejects[i].kind;
			family = rejects[i].family;
		}
	if (nft_is(type, "tcp reset"))
		kind = "tcp-reset";
	if (!kind)
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "a reject with %s %s", type, code ? code : "");
	if (family >= 0)
		err = nft_imply(t, NFT_FAMILY, (unsigned)family);
	else if (nft_is(type, "tcp reset"))
		err = nft_imply(t, NFT_PROTO, 6);
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
	{ "match", statement_match },     { "vmap", statement_vmap },       { "counter", statement_counter },
	{ "limit", nft_statement_limit }, { "log", statement_log },         { "mangle", statement_mangle },
	{ "set", nft_statement_set },     { "meter", nft_statement_meter }, { "reject", statement_reject },
};
static const char *const verdicts[] = { "accept", "drop", "continue", "return", "jump", "goto" };

int nft_statement(struct nft_rule_text *t, json_t *statement)
{
	const char *word = json_object_iter_key(json_object_iter(statement));

	for (size_t i = 0; word && i < sizeof(statements) / sizeof(*statements); i++)
		if (nft_is(word, statements[i].word))
			return statements[i].read(t, json_object_get(statement, word));
	for (size_t i = 0; word && i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (nft_is(word, verdicts[i])) {
			t->ended = true;
			return read_verdict(t, statement, &t->verdict);
		}
	if (nft_is(word, "ct count") || nft_is(word, "quota") || nft_is(word, "last"))
		return nft_refuse(t->n, FW_IMPORT_AS_STATE, "'%s' needs a memory of packets that rules lack", word);
	if (nft_is(word, "xt"))
		return nft_refuse(t->n, FW_IMPORT_AS_TARGET,
				  "iptables made this table: import the output of iptables-save instead");
	return nft_refuse(t->n, FW_IMPORT_AS_TARGET, "rules have no equivalent of the statement '%s'",
			  word ? word : "");
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
		kernel = kernel || json_object_get(item, "flow") || json_object_get(item, "ct helper") ||
			 json_object_get(key, "tcp option") ||
			 nft_is(member(json_object_get(key, "meta"), "key"), "nftrace");
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
			found = found || nft_is(word, harmless[k]);
		decides = decides || !found;
	}
	return decides;
}
