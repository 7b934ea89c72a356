// SPDX-License-Identifier: GPL-2.0-only
/* Rules in our words: groups of matches, and the text that they become. */
#include <stdarg.h>

#include "lib/import/ipt_said.h"
#include "lib/import/ipt_values.h"

static void add(struct fw_buf *b, const char *fmt, va_list args)
{
	char text[4096];
	int n = vsnprintf(text, sizeof(text), fmt, args);

	if (n < 0 || n >= (int)sizeof(text))
		b->failed = true;
	else
		fw_buf_add(b, text, (size_t)n);
}

static struct said_group *new_group(struct ipt_said *s)
{
	if (s->n == SAID_GROUPS) {
		said_refuse(s, FW_IMPORT_AS_MATCH, 1, "the rule has too many matches of one kind");
		return &s->groups[s->n - 1];
	}
	return &s->groups[s->n++];
}

/* The first group that has no match of the field, after all that ask. */
static struct said_group *group_for(struct ipt_said *s, unsigned field)
{
	unsigned first = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->groups[i].asks)
			first = i + 1;
	for (unsigned i = first; i < s->n; i++)
		if (!(s->groups[i].fields & field))
			return &s->groups[i];
	return new_group(s);
}

/* Some fields want the protocol in the same rule. */
static void need_proto(const struct ipt_said *s, struct said_group *g)
{
	const char *word = s->rule->proto > 0 ? ipt_proto_word(s->rule->proto) : NULL;

	if (g->fields & 1u << SAID_PROTO || !word)
		return;
	g->fields |= 1u << SAID_PROTO;
	fw_buf_printf(&g->match, " proto %s", word);
}

void said_match(struct ipt_said *s, enum said_field field, const char *fmt, ...)
{
	struct said_group *g = group_for(s, 1u << field);
	va_list args;

	g->fields |= 1u << field;
	if (field == SAID_SPORT || field == SAID_DPORT || field == SAID_ICMP)
		need_proto(s, g);
	if (field == SAID_STATE && (g != s->groups || !s->rule->chain->place))
		fw_buf_printf(&g->match, " input forward output"); /* at `in` the state of most packets is not known */
	va_start(args, fmt);
	add(&g->match, fmt, args);
	va_end(args);
}

void said_apart(struct ipt_said *s, enum said_field field, const char *fmt, ...)
{
	struct said_group *g = s->n == 1 ? new_group(s) : group_for(s, 1u << field);
	va_list args;

	g->fields |= 1u << field;
	va_start(args, fmt);
	add(&g->match, fmt, args);
	va_end(args);
}

void said_not_later(struct ipt_said *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->groups[i].fields & 1u << SAID_FRAG)
			return;
	said_match(s, SAID_FRAG, " frag not later");
}

/* The group that the next exception is of. */
static struct said_group *group_of_excepts(struct ipt_said *s)
{
	struct said_group *g = &s->groups[s->n - 1];

	return s->n == 1 || g->asks ? new_group(s) : g;
}

void said_excepts(struct ipt_said *s, const struct fw_buf *lines)
{
	fw_buf_add(&group_of_excepts(s)->excepts, lines->text, lines->len);
}

void said_except(struct ipt_said *s, const char *fmt, ...)
{
	struct said_group *g = group_of_excepts(s);
	va_list args;

	va_start(args, fmt);
	add(&g->excepts, fmt, args);
	va_end(args);
	fw_buf_add(&g->excepts, "\n", 1);
}

void said_any(struct ipt_said *s, const struct fw_buf *lines, bool several)
{
	struct said_group *g = new_group(s);

	fw_buf_add(&g->any, lines->text, lines->len);
	g->fields = ~0u;
	s->several |= several;
	new_group(s);
}

void said_condition(struct ipt_said *s, const char *fmt, ...)
{
	struct said_group *g = &s->groups[s->n - 1];
	va_list args;

	if (g->asks)
		g = new_group(s);
	g->asks = true;
	va_start(args, fmt);
	add(&g->action, fmt, args);
	va_end(args);
}

void said_effect(struct ipt_said *s, const char *fmt, ...)
{
	struct said_group *g = &s->groups[s->n - 1];
	va_list args;

	if (g->asks)
		g = new_group(s);
	g->asks = g->effect = true;
	s->rate[0] = '\0';
	va_start(args, fmt);
	add(&g->action, fmt, args);
	va_end(args);
}

struct fw_buf *said_log(struct ipt_said *s)
{
	return &s->groups[s->n - 1].log;
}

void said_refuse(struct ipt_said *s, enum fw_import_reason reason, unsigned column, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ipt_refuse(s->c, s->rule, reason, column, "%s", text);
}

void said_match_text(struct ipt_said *s, enum said_field field, const char *word, bool negated,
		     const struct fw_buf *values, bool list)
{
	said_match(s, field, list ? "%s%s{ %s }" : "%s%s%s", word, negated ? "not " : "", values->text);
}

void said_print_range(struct fw_buf *b, uint64_t from, uint64_t to)
{
	fw_buf_printf(b, from == to ? "%llu" : "%llu-%llu", (unsigned long long)from, (unsigned long long)to);
}

const struct ipt_given *said_given(const struct ipt_use *use, const char *name)
{
	for (const struct ipt_given *g = use->first; g; g = g->next)
		if (!strcmp(g->option->name, name))
			return g;
	return NULL;
}

/* Keeps a text until the import ends. */
static const char *keep(struct ipt_said *s, const struct fw_buf *b)
{
	char *copy = b->len ? fw_region_strdup(&s->c->im->mem, b->text, b->len) : NULL;

	s->c->failed |= b->failed || (b->len && !copy);
	return copy ? copy : "";
}

/* The rules of the chains of its own, each line after the number of its chain; \1 is where the name of the next one goes. */
static void print_aux(const struct ipt_said *s, struct fw_buf *b)
{
	for (unsigned i = 1; i < s->n; i++) {
		const struct said_group *g = &s->groups[i];
		const char *end;

		for (const char *at = g->excepts.len ? g->excepts.text : ""; *at; at = end + 1) {
			end = strchr(at, '\n');
			fw_buf_printf(b, "%c%.*s return\n", (int)('0' + i), (int)(end - at), at);
		}
		for (const char *at = g->any.len ? g->any.text : ""; *at; at = end + 1) {
			end = strchr(at, '\n');
			fw_buf_printf(b, "%c%.*s jump \1\n", (int)('0' + i), (int)(end - at), at);
		}
		if (g->any.len)
			continue;
		fw_buf_printf(b, "%c%s%s%s%s\n", (int)('0' + i), g->match.len ? g->match.text : "",
			      g->action.len ? g->action.text : "", g->log.len ? g->log.text : "",
			      i + 1 < s->n   ? " jump \1" :
			      s->verdict.len ? s->verdict.text :
					       "");
	}
}

static void finish(struct ipt_said *s)
{
	struct ipt_text *t = fw_region_alloc(&s->c->im->mem, sizeof(*t));
	fw_cleanup(fw_buf_free) struct fw_buf aux = { 0 };
	const struct said_group *g = s->groups;

	if (!t) {
		s->c->failed = true;
		return;
	}
	if (!s->verdict.len && !s->groups[s->n - 1].log.len && !s->groups[s->n - 1].effect)
		fw_buf_printf(&s->verdict, " continue");
	print_aux(s, &aux);
	*t = (struct ipt_text){ .match = keep(s, &g->match),
				.action = keep(s, &g->action),
				.log = keep(s, &g->log),
				.verdict = s->n > 1 ? " jump \1" : keep(s, &s->verdict),
				.comment = keep(s, &s->comment),
				.aux = s->n > 1 ? keep(s, &aux) : NULL,
				.levels = s->n - 1,
				.asks = g->asks,
				.ends = s->ends && s->n == 1,
				.family_implied = s->family_implied,
				.own_rate = s->own_rate,
				.folded = SIZE_MAX };
	s->rule->text = t;
}

static void release(struct ipt_said *s)
{
	for (unsigned i = 0; i < SAID_GROUPS; i++) {
		fw_buf_free(&s->groups[i].match);
		fw_buf_free(&s->groups[i].action);
		fw_buf_free(&s->groups[i].log);
		fw_buf_free(&s->groups[i].excepts);
		fw_buf_free(&s->groups[i].any);
	}
	fw_buf_free(&s->verdict);
	fw_buf_free(&s->comment);
}

/* The hooks, as bits of enum ipt_hook, where packets have the field. */
static unsigned hooks_of(enum said_field field)
{
	static const unsigned hooks[32] = {
		[SAID_FROM_IF] = 1u << IPT_PREROUTING | 1u << IPT_INPUT | 1u << IPT_FORWARD,
		[SAID_TO_IF] = 1u << IPT_FORWARD | 1u << IPT_OUTPUT,
		[SAID_UID] = 1u << IPT_OUTPUT,
		[SAID_GID] = 1u << IPT_OUTPUT,
		[SAID_MAC] = 1u << IPT_PREROUTING | 1u << IPT_INPUT | 1u << IPT_FORWARD,
		[SAID_PACKET_TYPE] = 1u << IPT_PREROUTING | 1u << IPT_INPUT | 1u << IPT_FORWARD,
		[SAID_STATE] = 1u << IPT_INPUT | 1u << IPT_FORWARD | 1u << IPT_OUTPUT,
	};

	return hooks[field] ? hooks[field] : ~0u;
}

/* Is there no hook where packets have all fields of a group? */
static bool is_nowhere(const struct ipt_said *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		unsigned hooks = i || !s->rule->chain->place ? ~0u : s->rule->chain->reached;

		for (unsigned f = 0; f < 32; f++)
			if (!s->groups[i].any.len && s->groups[i].fields & 1u << f)
				hooks &= hooks_of((enum said_field)f);
		if (!hooks)
			return true;
	}
	return false;
}

/* A chain of ours, or of the user's; RETURN of a hook's chain is its policy. */
static void say_chain(struct ipt_said *s)
{
	const struct ipt_rule *r = s->rule;

	if (r->to) {
		fw_buf_printf(&s->verdict, " %s %s", r->go ? "goto" : "jump", r->to->out);
		s->leads = r->go;
	}
}

/* Says a rule: first what all rules have, then its modules in their order. What rules cannot express refuses it. */
void ipt_say_rule(struct ipt *c, struct ipt_rule *rule)
{
	struct ipt_said s = { .c = c, .rule = rule, .family = rule->chain->family, .n = 1 };

	for (const struct ipt_use *use = rule->uses; use && !rule->refused; use = use->next)
		use->module->say(&s, use);
	if (!rule->refused)
		say_chain(&s);
	if (!rule->refused && s.n > 1 && s.leads)
		said_refuse(&s, FW_IMPORT_AS_VALUE, rule->target_column,
			    "return and goto under matches that take a chain of their own");
	if (!rule->refused && s.several && !s.ends)
		said_refuse(&s, FW_IMPORT_AS_SET, rule->target_column,
			    "a packet may have several elements of the set, and the rule does more than decide");
	if (!rule->refused && (s.never || is_nowhere(&s)))
		c->im->report->lines[rule->note].message = "it matches no packet";
	else if (!rule->refused)
		finish(&s);
	release(&s);
}
