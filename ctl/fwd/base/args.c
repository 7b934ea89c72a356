// SPDX-License-Identifier: GPL-2.0-only
/* The table of arguments: name, type, and the requests that take it. */
#include "ctl/fwd/base/args.h"

#include "fw/text.h"

#include <stddef.h>
#include <string.h>

#define B(request) (1u << FW_REQ_##request)
#define AT(field) offsetof(struct args, field)
#define REFS_MAX 10000

static const char *const whats[] = { "rules", "sets", "policy", "chains", NULL };
static const char *const hooks[] = { "in", "out", "input", "forward", "output", NULL };
static const char *const selections[] = { "selected", "all", "none", NULL };
const char *const args_modes[] = { "auto", "native", "generic", "tc", NULL };
const char *const args_outs[] = { "auto", "yes", "no", NULL };

struct arg;
/* Stores a value at @field, in struct args: 0, or -EINVAL: it is not of the right type or range. */
typedef int arg_take(const struct arg *a, const json_t *value, void *field);

struct arg {
	const char *name;
	arg_take *take;
	const char *want;    /* what it takes, for errors */
	unsigned of, needed; /* the requests that take it; those that need it */
	size_t offset;
	uint64_t min, max; /* of numbers; bytes of texts */
	const char *const *words;
};

static int take_flag(const struct arg *a, const json_t *value, void *field)
{
	if (!json_is_boolean(value))
		return -EINVAL;
	*(bool *)field = json_is_true(value);
	return 0;
}

static int take_number(const struct arg *a, const json_t *value, void *field)
{
	json_int_t v = json_integer_value(value);

	if (!json_is_integer(value) || v < 0 || (uint64_t)v < a->min || (uint64_t)v > a->max)
		return -EINVAL;
	*(uint64_t *)field = (uint64_t)v;
	return 0;
}

static int take_text(const struct arg *a, const json_t *value, void *field)
{
	size_t len = json_string_length(value);

	if (!json_is_string(value) || len < a->min || len > a->max)
		return -EINVAL;
	*(const char **)field = json_string_value(value);
	return 0;
}

static int take_word(const struct arg *a, const json_t *value, void *field)
{
	if (!json_is_string(value))
		return -EINVAL;
	for (unsigned i = 0; a->words[i]; i++)
		if (!strcmp(a->words[i], json_string_value(value))) {
			*(unsigned *)field = i;
			return 0;
		}
	return -EINVAL;
}

static bool is_ref(const json_t *value)
{
	if (json_is_integer(value))
		return json_integer_value(value) > 0;
	return json_is_string(value) && json_string_length(value) && json_string_length(value) <= FW_NAME_MAX;
}

static int take_ref(const struct arg *a, const json_t *value, void *field)
{
	if (!is_ref(value))
		return -EINVAL;
	*(const json_t **)field = value;
	return 0;
}

static int take_refs(const struct arg *a, const json_t *value, void *field)
{
	if (!json_is_array(value) || json_array_size(value) > REFS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!is_ref(json_array_get(value, i)))
			return -EINVAL;
	*(const json_t **)field = value;
	return 0;
}

/* Lines ascend; packets and bytes have 63 bits. */
static int take_counts(const struct arg *a, const json_t *value, void *field)
{
	json_int_t last = 0;

	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *row = json_array_get(value, i);
		json_int_t line = json_integer_value(json_array_get(row, 0));

		for (size_t k = 0; k < 3; k++)
			if (!json_is_integer(json_array_get(row, k)) || json_integer_value(json_array_get(row, k)) < 0)
				return -EINVAL;
		if (json_array_size(row) != 3 || line <= last || line > UINT32_MAX)
			return -EINVAL;
		last = line;
	}
	*(const json_t **)field = value;
	return json_is_array(value) ? 0 : -EINVAL;
}

/* Replaces the name, as FW_NAME() shows it, by the name itself. false: it is none, or too long. */
static bool take_dev(const json_t *value, size_t max)
{
	const char *shown = json_string_value(value);
	char name[FW_ALTNAME_MAX + 1];
	size_t len = shown ? fw_name_read(name, max + 1, shown) : 0;

	return len && !json_string_setn_nocheck((json_t *)value, name, len);
}

static int take_name(const struct arg *a, const json_t *value, void *field)
{
	if (!take_dev(value, a->max))
		return -EINVAL;
	*(const char **)field = json_string_value(value);
	return 0;
}

/* One name, or an array of them. */
static int take_devs(const struct arg *a, const json_t *value, void *field)
{
	size_t n = json_array_size(value);

	if (json_is_array(value) ? !n || n > REFS_MAX : !take_dev(value, a->max))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!take_dev(json_array_get(value, i), a->max))
			return -EINVAL;
	*(const json_t **)field = value;
	return 0;
}

/* clang-format off */
static const struct arg table[] = {
	{ "what", take_word, "\"rules\", \"sets\", \"policy\" or \"chains\"", B(LIST), 0, .offset = AT(what), .words = whats },
	{ "from", take_ref, "the id or the name of a rule", B(LIST), 0, .offset = AT(from) },
	{ "limit", take_number, "a number from 1 on", B(LIST) | B(HISTORY) | B(LOG), 0, .offset = AT(limit), .min = 1, .max = INT64_MAX },
	{ "filter", take_text, "match text, as in a rule", B(LIST) | B(LOG), 0, .offset = AT(query), .min = 0, .max = 60000 },
	{ "terse", take_flag, "true or false", B(LIST), 0, .offset = AT(terse) },
	{ "counters", take_flag, "true or false", B(LIST), 0, .offset = AT(counters) },
	{ "rule", take_ref, "the id or the name of a rule", B(LIST) | B(LOG), 0, .offset = AT(rule) },
	{ "set", take_text, "the name of a set", B(LIST), 0, .offset = AT(set), .min = 1, .max = FW_NAME_MAX },
	{ "policy", take_text, "what a policy is for", B(LIST), 0, .offset = AT(policy), .min = 1, .max = FW_NAME_MAX },
	{ "chain", take_text, "the name of a chain", B(CHANGE), 0, .offset = AT(chain), .min = 1, .max = FW_NAME_MAX },
	{ "top", take_number, "a number from 1 to 10000", B(COUNTERS), 0, .offset = AT(top), .min = 1, .max = 10000 },
	{ "rules", take_word, "\"selected\", \"all\" or \"none\"", B(METRICS), 0, .offset = AT(shown), .words = selections },
	{ "limit", take_number, "a number from 0 to 1000000", B(METRICS), 0, .offset = AT(limit), .min = 0, .max = 1000000 },
	{ "top", take_number, "a number from 0 to 10000", B(METRICS), 0, .offset = AT(top), .min = 0, .max = 10000 },
	{ "rules", take_refs, "an array of up to 10000 ids or names of rules", B(RESET), 0, .offset = AT(rules) },
	{ "hook", take_word, "\"in\", \"out\", \"input\", \"forward\" or \"output\"", B(CLASSIFY), 0, .offset = AT(hook), .words = hooks },
	{ "dev", take_name, "the name of an interface, of 1 to 15 bytes", B(CLASSIFY), 0, .offset = AT(dev),
	  .max = FW_IFNAME_MAX },
	{ "dev", take_devs, "the name of an interface, of 1 to 127 bytes, or an array of such", B(ATTACH) | B(DETACH),
	  0, .offset = AT(devs), .max = FW_ALTNAME_MAX },
	{ "host", take_flag, "true or false", B(ATTACH) | B(DETACH), 0, .offset = AT(host) },
	{ "later", take_flag, "true or false", B(ATTACH), 0, .offset = AT(later) },
	{ "mark", take_number, "a number from 0 to 4294967295", B(CLASSIFY), 0, .offset = AT(mark), .min = 0, .max = UINT32_MAX },
	{ "packet", take_text, "a packet as text", B(CLASSIFY), 0, .offset = AT(packet), .min = 1, .max = 4096 },
	{ "name", take_text, "a text of up to 255 bytes", B(CHANGE) | B(LOAD), 0, .offset = AT(name), .min = 0, .max = 255 },
	{ "check", take_flag, "true or false", B(CHANGE) | B(LOAD), 0, .offset = AT(check) },
	{ "format", take_word, "\"rules\" or \"classbench\"", B(LOAD), 0, .offset = AT(format), .words = fw_format_names },
	{ "diff", take_flag, "true or false", B(LOAD), 0, .offset = AT(diff) },
	{ "max_cost", take_number, "nanoseconds from 1 to 1000000000", B(LOAD), 0, .offset = AT(max_cost), .min = 1, .max = 1000000000 },
	{ "counts", take_counts, "an array of [line, packets, bytes], by line", B(LOAD), 0, .offset = AT(counts) },
	{ "empty", take_flag, "true or false", B(LOAD), 0, .offset = AT(empty) },
	{ "confirm", take_number, "seconds from 1 to 86400", B(CHANGE) | B(LOAD) | B(FLUSH) | B(ATTACH) | B(DETACH), 0, .offset = AT(confirm), .min = 1, .max = 86400 },
	{ "mode", take_word, "\"auto\", \"native\", \"generic\" or \"tc\"", B(ATTACH), 0, .offset = AT(mode), .words = args_modes },
	{ "follow", take_flag, "true or false", B(LOG), 0, .offset = AT(follow) },
	{ "after", take_number, "the number of an entry", B(LOG), 0, .offset = AT(after), .min = 0, .max = INT64_MAX },
	{ "bytes", take_flag, "true or false", B(LOG), 0, .offset = AT(with_bytes) },
	{ "out", take_word, "\"auto\", \"yes\" or \"no\"", B(ATTACH), 0, .offset = AT(out), .words = args_outs },
};
/* clang-format on */
#define NARGS (sizeof(table) / sizeof(table[0]))

static const struct fw_place nowhere;

/* The diagnostic for an argument that the request does not take, with those that it takes. Return: -EINVAL. */
static int unknown(enum fw_request request, const char *name, struct fw_diags *ds)
{
	char hint[240] = "it takes";
	size_t n = strlen(hint), first = n;

	for (size_t i = 0; i < NARGS && n < sizeof(hint); i++)
		if (table[i].of & 1u << request)
			n += (size_t)snprintf(hint + n, sizeof(hint) - n, "%s %s", n > first ? "," : "", table[i].name);
	return fw_diag_add(ds, nowhere, n > first ? hint : "it takes none", "'%s' has no argument '%.64s'",
			   fw_request_info[request].name, name);
}

static const struct arg *find(enum fw_request request, const char *name)
{
	for (size_t i = 0; i < NARGS; i++)
		if (table[i].of & 1u << request && !strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

/* Every argument of the object, and checks of what they have to do with each other. 0 or -EINVAL with a diagnostic. */
static int take_all(enum fw_request request, json_t *object, struct fw_diags *ds, struct args *out)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const struct arg *a = find(request, name);

		if (!a)
			return unknown(request, name, ds);
		if (a->take(a, value, (char *)out + a->offset))
			return fw_diag_add(ds, nowhere, NULL, "argument '%s' of '%s' wants %s", name,
					   fw_request_info[request].name, a->want);
	}
	if (out->check && out->confirm)
		return fw_diag_add(ds, nowhere, "leave out one of them",
				   "'check' changes nothing that 'confirm' could wait for");
	if ((request == FW_REQ_ATTACH || request == FW_REQ_DETACH) && !out->devs && !out->host)
		return fw_diag_add(ds, nowhere, NULL, "'%s' wants the argument 'dev', or 'host': true",
				   fw_request_info[request].name);
	for (size_t i = 0; i < NARGS; i++)
		if (table[i].needed & 1u << request && !json_object_get(object, table[i].name))
			return fw_diag_add(ds, nowhere, NULL, "'%s' wants the argument '%s': %s",
					   fw_request_info[request].name, table[i].name, table[i].want);
	return 0;
}

int args_decode(enum fw_request request, const char *text, size_t len, struct fw_diags *ds, struct args *out)
{
	struct args a = { .counters = true };
	json_error_t error;

	if (request == FW_REQ_METRICS) {
		a.limit = 1000;
		a.top = 20;
	}
	a.object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(a.object)) {
		fw_diag_add(ds, nowhere, "send {} when there are none",
			    "the arguments of '%s' are not a JSON object: %s", fw_request_info[request].name,
			    a.object ? "they are something else" : error.text);
		args_free(&a);
		return -EINVAL;
	}
	if (take_all(request, a.object, ds, &a)) {
		args_free(&a);
		return -EINVAL;
	}
	*out = a;
	return 0;
}

void args_free(struct args *a)
{
	json_decref(a->object);
	*a = (struct args){ 0 };
}

const char *args_dev(const struct args *a, size_t i)
{
	if (json_is_array(a->devs))
		return json_string_value(json_array_get(a->devs, i));
	return i ? NULL : json_string_value(a->devs);
}

/* A text of digits is an id: names do not begin with a digit. */
struct fw_rule *args_rule(const struct fw_ruleset *rs, const json_t *ref, struct fw_diags *ds)
{
	const char *name = json_string_value(ref);
	struct fw_rule *rule;
	char *end = NULL;
	char shown[FW_NAME_MAX + 1];
	uint64_t id = (uint64_t)json_integer_value(ref);

	if (name && name[0] >= '0' && name[0] <= '9')
		id = strtoull(name, &end, 10);
	if (!name || (end && !*end))
		rule = fw_ruleset_by_id(rs, id);
	else
		rule = fw_ruleset_by_name(rs, name);
	if (name)
		snprintf(shown, sizeof(shown), "%s", name);
	else
		snprintf(shown, sizeof(shown), "%llu", (unsigned long long)id);
	if (!rule)
		fw_diag_add(ds, nowhere, "`fwctl list` shows the rules with their ids and names",
			    "there is no rule '%s'", shown);
	return rule;
}
