// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets as text in the grammar of fw.rules: what is printed parses back to the same ruleset. */
#include <limits.h>

#include "lib/text/parse.h"

#include "fw/builtin.h"

void fw_text_print_set(struct fw_buf *b, const struct fw_set *set, uint32_t now)
{
	const char *separator = set->n > 8 ? "\n\t" : " ";

	fw_buf_printf(b, "set %s", set->name);
	if (set->path) {
		fw_buf_word(b, " file ");
		fw_print_string(b, set->path);
		fw_print_set_words(b, set);
		return;
	}
	fw_print_dynamic_words(b, set);
	fw_buf_word(b, " {");
	for (size_t i = 0; i < set->n; i++) {
		if (i)
			fw_buf_word(b, ",");
		fw_buf_word(b, separator);
		fw_text_print_element(b, set, &set->elements[i], now);
	}
	fw_buf_word(b, set->n > 8 ? "\n}" : " }");
}

/* A rule on its way into text. */
struct printer {
	struct fw_buf *b;
	const struct fw_ruleset *rs;
	const struct fw_rule *rule;
	bool v6; /* the protocol is ICMPv6 */
	bool list;
	unsigned n; /* elements of the list so far */
};

static void list_begin(struct printer *p, bool negated, bool list)
{
	fw_buf_word(p->b, negated ? " not" : "");
	fw_buf_word(p->b, list ? " {" : "");
	p->list = list;
	p->n = 0;
}

static void list_element(struct printer *p)
{
	fw_buf_word(p->b, p->n++ ? ", " : " ");
}

static void list_end(struct printer *p)
{
	fw_buf_word(p->b, p->list ? " }" : "");
}

/* Which of the sets of an expression are built in: their places there, ascending. */
struct builtin_places {
	uint32_t at[FW_NBUILTINS], n;
};

static struct builtin_places builtins_of(const struct fw_ruleset *rs, const struct fw_addrs *a)
{
	struct builtin_places places = { .n = 0 };

	for (uint32_t i = 0; i < a->nsets; i++)
		if (rs->sets[a->sets[i]].builtin)
			places.at[places.n++] = i;
	return places;
}

/*
 * The @i-th set of an expression as it is printed: built-in ones come last, by name. Their numbers depend on which rule was
 * the first to name one, and the text must not.
 */
static const char *set_at(const struct fw_ruleset *rs, const struct fw_addrs *a, const struct builtin_places *places,
			  uint32_t i)
{
	uint32_t first = a->nsets - places->n, at = i;

	for (uint32_t k = 0; i < first && k < places->n; k++)
		at += places->at[k] <= at;
	if (i < first)
		return rs->sets[a->sets[at]].name;
	for (uint32_t k = 0; k < places->n; k++) {
		const char *name = rs->sets[a->sets[places->at[k]]].name;
		uint32_t before = 0;

		for (uint32_t o = 0; o < places->n; o++)
			before += strcmp(rs->sets[a->sets[places->at[o]]].name, name) < 0;
		if (before == i - first)
			return name;
	}
	return NULL; /* not reached: names differ */
}

/* Element @i of the expression: ranges are followed by sets. */
static void print_addrs_element(struct printer *p, const struct fw_addrs *a, const struct builtin_places *places,
				uint32_t i)
{
	list_element(p);
	if (i < a->nranges)
		fw_text_print_addr_range(p->b, &a->ranges[i]);
	else
		fw_buf_printf(p->b, "@%s", set_at(p->rs, a, places, i - a->nranges));
}

/* Prints up to @most elements from @at on and advances it; true: that was all. */
static bool print_addrs(struct printer *p, const char *side, uint32_t number, uint32_t *at, uint32_t most)
{
	const struct fw_addrs *a = &p->rs->addrs[number];
	struct builtin_places places = builtins_of(p->rs, a);
	uint32_t n = a->nranges + a->nsets;

	if (number == FW_ANY)
		return true;
	if (!*at) {
		fw_buf_word(p->b, side);
		list_begin(p, a->negated, n != 1);
	}
	p->list = n != 1;
	for (p->n = *at; *at < n && most; ++*at, most--)
		print_addrs_element(p, a, &places, *at);
	if (*at < n)
		return false;
	list_end(p);
	*at = 0;
	return true;
}

static void print_flag_bits(struct fw_buf *b, enum fw_field field, uint32_t bits)
{
	const char *separator = "";

	if (!bits || bits == fw_field_info[field].max) {
		fw_buf_word(b, bits ? "all" : "none");
		return;
	}
	for (const struct fw_name *n = fw_field_names(field, false); n->name; n++)
		if (bits & n->value) {
			fw_buf_printf(b, "%s%s", separator, n->name);
			separator = ",";
		}
}

static void print_flags(struct printer *p, enum fw_field field, struct fw_range r)
{
	list_element(p);
	print_flag_bits(p->b, field, r.hi);
	if (r.lo != (r.hi ? r.hi : fw_field_info[field].max)) {
		fw_buf_word(p->b, "/");
		print_flag_bits(p->b, field, r.lo);
	}
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A name, or a pattern: in quotes unless it is a word that means the same. A `*` at the end of a name is escaped. */
static void print_iface(struct fw_buf *b, const char *name)
{
	fw_cleanup(fw_buf_free) struct fw_buf quoted = { 0 };
	size_t len = strlen(name);
	bool pattern = fw_iface_is_pattern(name), star = name[len - 1] == '*';
	char stem[FW_ALTNAME_MAX + 2];

	snprintf(stem, sizeof(stem), "%.*s", (int)(len - (pattern || star)), name);
	if (!star && fw_lex_is_word(stem) && !strpbrk(stem, "*+") && !strstr(stem, "\\x") && strcmp(stem, "not") != 0) {
		fw_buf_printf(b, "%s%s", stem, pattern ? "*" : "");
		return;
	}
	fw_print_string(&quoted, stem);
	if (!quoted.text) {
		b->failed = true;
		return;
	}
	fw_buf_printf(b, "%.*s%s\"", (int)quoted.len - 1, quoted.text, pattern ? "*" : star ? "\\x2a" : "");
}

/* Sorted by name, since numbers depend on the order in which rules were added. */
static void print_ifaces(struct printer *p, const struct fw_match *m)
{
	size_t total = 0, n = 0;

	for (unsigned i = 0; i < m->n; i++)
		total += m->r[i].hi - m->r[i].lo + 1;

	fw_autofree const char **names = malloc(total * sizeof(*names));

	if (!names) {
		p->b->failed = true;
		return;
	}
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++)
			names[n++] = p->rs->ifaces[v].name;
	qsort(names, n, sizeof(*names), name_cmp);
	list_begin(p, m->negated, n > 1);
	for (size_t i = 0; i < n; i++) {
		list_element(p);
		print_iface(p->b, names[i]);
	}
	list_end(p);
}

static void print_number(struct fw_buf *b, enum fw_field field, uint32_t v)
{
	const char *format = fw_field_info[field].format;
	char number[16];

	if (!format) {
		fw_buf_u64(b, v);
		return;
	}
	snprintf(number, sizeof(number), format, v);
	fw_buf_word(b, number);
}

static void print_values(struct printer *p, const struct fw_match *m, struct fw_range r)
{
	const char *name = r.lo == r.hi ? fw_field_value_name(m->field, p->v6, r.lo) : NULL;

	list_element(p);
	if (name) {
		fw_buf_word(p->b, name);
		return;
	}
	print_number(p->b, m->field, r.lo);
	if (r.lo != r.hi) {
		fw_buf_word(p->b, "-");
		print_number(p->b, m->field, r.hi);
	}
}

/* Values that are printed one by one, by their names. */
static void print_spelled(struct printer *p, const struct fw_match *m)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < m->n; i++)
		n += m->r[i].hi - m->r[i].lo + 1;
	list_begin(p, m->negated, n > 1);
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++)
			print_values(p, m, (struct fw_range){ v, v });
	list_end(p);
}

/* The bits of pair @i of all matches on bytes of the mark. */
static struct fw_range mark_pair(const struct fw_rule *rule, unsigned i)
{
	struct fw_range r = { 0, 0 };

	for (unsigned byte = 0; byte < FW_MARK_BYTES; byte++) {
		const struct fw_match *m = fw_rule_match(rule, (enum fw_field)(FW_F_MARK_0 + byte));

		r.lo |= m ? m->r[i].lo << 8 * byte : 0;
		r.hi |= m ? m->r[i].hi << 8 * byte : 0;
	}
	return r;
}

/* Matches on bytes of the mark, at the first of them. */
static void print_mark(struct printer *p, const struct fw_match *m)
{
	for (unsigned f = FW_F_MARK_0; f < m->field; f++)
		if (fw_rule_match(p->rule, (enum fw_field)f))
			return;
	fw_buf_word(p->b, " mark");
	list_begin(p, m->negated, m->n > 1);
	for (unsigned i = 0; i < m->n; i++) {
		struct fw_range r = mark_pair(p->rule, i);

		list_element(p);
		fw_buf_printf(p->b, "0x%x/0x%x", r.hi, r.lo);
	}
	list_end(p);
}

/* The addresses of a rule by their lower halves, which are listed one by one. */
static void print_mac(struct printer *p, const struct fw_match *high)
{
	const struct fw_match *low = fw_rule_match(p->rule, FW_F_MAC_LOW);
	bool list = low->n > 1 || low->r[0].lo != low->r[0].hi;

	fw_buf_word(p->b, " mac");
	list_begin(p, false, list);
	for (unsigned i = 0; i < low->n; i++)
		for (uint32_t v = low->r[i].lo; v <= low->r[i].hi; v++) {
			list_element(p);
			fw_text_print_mac(p->b, high->r[0].lo, v);
		}
	list_end(p);
}

static void print_match(struct printer *p, const struct fw_match *m)
{
	if (m->field == FW_F_MAC_HIGH)
		print_mac(p, m);
	if (m->field == FW_F_MAC_HIGH || m->field == FW_F_MAC_LOW)
		return;
	if (fw_field_is_mark_byte(m->field)) {
		print_mark(p, m);
		return;
	}
	fw_buf_word(p->b, " ");
	fw_buf_word(p->b, fw_field_word(m->field, p->v6));
	if (fw_field_info[m->field].kind == FW_KIND_IFACE) {
		print_ifaces(p, m);
		return;
	}
	if (fw_field_info[m->field].spelled) {
		print_spelled(p, m);
		return;
	}
	list_begin(p, m->negated, m->n > 1);
	for (unsigned i = 0; i < m->n; i++) {
		if (fw_field_is_flags(m->field))
			print_flags(p, m->field, m->r[i]);
		else
			print_values(p, m, m->r[i]);
	}
	list_end(p);
}

static bool only(const struct fw_match *m, uint32_t value)
{
	return m->n == 1 && !m->negated && m->r[0].lo == value && m->r[0].hi == value;
}

/* Fields that are written as one word when they hold just one value. */
static const struct {
	uint8_t field;
	uint32_t value;
	const char *text;
} words[] = {
#define FIELD_WORD(text, field, value) { FW_F_##field, value, " " text },
	FW_FIELD_WORDS(FIELD_WORD)
#undef FIELD_WORD
};

/* A field that has only words: all that the match names. */
static void print_words(struct printer *p, const struct fw_match *m)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].field == m->field && fw_match_has(m, words[i].value))
			fw_buf_word(p->b, words[i].text);
}

static void print_field(struct printer *p, const struct fw_match *m)
{
	if (fw_field_info[m->field].kind == FW_KIND_WORD) {
		print_words(p, m);
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].field == m->field && only(m, words[i].value)) {
			fw_buf_word(p->b, words[i].text);
			return;
		}
	print_match(p, m);
}

/* The rule's match with the lowest place from @from to below @to; NULL: there is none. */
static const struct fw_match *next_match(const struct fw_rule *rule, unsigned from, unsigned to)
{
	const struct fw_match *next = NULL;

	for (unsigned i = 0; i < rule->nmatches; i++) {
		unsigned place = fw_field_info[rule->matches[i]->field].place;

		if (place >= from && place < to) {
			next = rule->matches[i];
			to = place;
		}
	}
	return next;
}

static void print_matches(struct printer *p, unsigned from, unsigned to)
{
	const struct fw_match *m;

	for (; (m = next_match(p->rule, from, to)); from = fw_field_info[m->field].place + 1u)
		print_field(p, m);
}

static void print_head(struct printer *p)
{
	fw_buf_word(p->b, " ");
	fw_buf_u64(p->b, p->rule->id);
	if (p->rule->name)
		fw_buf_printf(p->b, " name %s", p->rule->name);
	if (p->rule->chain != FW_MAIN)
		fw_buf_printf(p->b, " " FW_WORD_CHAIN " %s", p->rs->chains[p->rule->chain].name);
	print_matches(p, 0, FW_PLACE_ADDRESSES);
}

static void print_tail(struct printer *p)
{
	print_matches(p, FW_PLACE_ADDRESSES, UINT_MAX);
	fw_print_action(p->b, p->rs, fw_rule_action(p->rs, p->rule), &p->rule->log);
	if (p->rule->target != FW_MAIN)
		fw_buf_printf(p->b, " %s", p->rs->chains[p->rule->target].name);
	fw_buf_word(p->b, p->rule->exported ? " counter" : "");
	if (p->rule->comment) {
		fw_buf_word(p->b, " comment ");
		fw_print_string(p->b, p->rule->comment);
	}
}

/* true: the rule is printed. */
static bool print_body(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
		       struct fw_rule_place *at, uint32_t most)
{
	const struct fw_match *proto = fw_rule_match(rule, FW_F_PROTO);
	struct printer p = { .b = b, .rs = rs, .rule = rule, .v6 = proto && only(proto, IPPROTO_ICMPV6) };

	if (at->part == FW_RULE_HEAD) {
		print_head(&p);
		at->part = FW_RULE_SRC;
	}
	if (at->part == FW_RULE_SRC) {
		if (!print_addrs(&p, " from", rule->src, &at->element, most))
			return false;
		at->part = FW_RULE_DST;
	}
	if (!print_addrs(&p, " to", rule->dst, &at->element, most))
		return false;
	print_tail(&p);
	*at = (struct fw_rule_place){ 0 };
	return true;
}

void fw_print_rule_body(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	struct fw_rule_place at = { 0 };

	print_body(b, rs, rule, &at, UINT32_MAX);
}

void fw_text_print_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	fw_buf_word(b, "rule");
	fw_print_rule_body(b, rs, rule);
}

bool fw_text_print_rule_some(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
			     struct fw_rule_place *at, uint32_t most)
{
	if (at->part == FW_RULE_HEAD)
		fw_buf_word(b, "rule");
	return print_body(b, rs, rule, at, most);
}

void fw_text_print(struct fw_buf *b, const struct fw_ruleset *rs)
{
	for (size_t r = 0; r < FW_NREASONS; r++)
		if (rs->policy_set[r]) {
			fw_text_print_policy(b, rs, (enum fw_reason)r);
			fw_buf_word(b, "\n");
		}
	for (size_t i = 0; i < rs->nsets; i++)
		if (rs->sets[i].name && !rs->sets[i].builtin) {
			fw_text_print_set(b, &rs->sets[i], 0);
			fw_buf_word(b, "\n");
		}
	for (size_t i = 1; i < rs->nchains; i++)
		if (rs->chains[i].name) {
			fw_text_print_chain(b, &rs->chains[i]);
			fw_buf_word(b, "\n");
		}
	for (const struct fw_rule *r = rs->first; r; r = r->next) {
		fw_text_print_rule(b, rs, r);
		fw_buf_word(b, "\n");
	}
	fw_buf_word(b, ""); /* an empty ruleset is an empty text, not none */
}
