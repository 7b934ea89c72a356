// SPDX-License-Identifier: GPL-2.0-only
/* What another ruleset changes, as JSON objects: policies first, then sets, chains and rules. */
#include "diff.h"

#define DIFF_BYTES (64u << 20) /* about how much is printed: a rule may be as long as its lists */

static void policy(struct fw_buf *b, const struct fw_diff *d, enum fw_reason reason)
{
	fw_buf_printf(b, "{\"change\":\"policy\",\"policy\":");
	fw_json_policy(b, d->after, reason, NULL);
	fw_buf_printf(b, ",\"old\":");
	fw_json_policy(b, d->before, reason, NULL);
	fw_buf_printf(b, "}\n");
}

static void side(struct fw_buf *b, const char *what, const struct fw_diff_side *s)
{
	size_t shown = s->n < FW_DIFF_RANGES ? s->n : FW_DIFF_RANGES;

	fw_buf_printf(b, ",\"%s\":%zu,\"%s_ranges\":[", what, s->n, what);
	for (size_t i = 0; i < shown; i++) {
		fw_buf_printf(b, i ? ",\"" : "\"");
		fw_text_print_addr_range(b, &s->first[i]);
		fw_buf_printf(b, "\"");
	}
	fw_buf_printf(b, "]");
}

static void set(struct fw_buf *b, const struct fw_diff_set *s)
{
	fw_buf_printf(b, "{\"change\":\"set\",\"set\":\"%s\",\"is\":\"%s\"",
		      s->after ? s->after->name : s->before->name,
		      !s->before ? "created" :
		      !s->after  ? "destroyed" :
				   "changed");
	side(b, "removed", &s->removed);
	side(b, "added", &s->added);
	fw_buf_printf(b, "}\n");
}

static void chain(struct fw_buf *b, const struct fw_chain *c, const char *is)
{
	fw_buf_printf(b, "{\"change\":\"chain\",\"chain\":\"%s\",\"is\":\"%s\",\"text\":\"", c->name, is);
	fw_text_print_chain(b, c);
	fw_buf_printf(b, "\"}\n");
}

static void chains(struct fw_buf *b, const struct fw_diff *d)
{
	for (size_t i = 1; i < d->before->nchains; i++)
		if (d->before->chains[i].name && fw_ruleset_chain_find(d->after, d->before->chains[i].name) < 0)
			chain(b, &d->before->chains[i], "deleted");
	for (size_t i = 1; i < d->after->nchains; i++) {
		const struct fw_chain *new = &d->after->chains[i];
		int old = new->name ? fw_ruleset_chain_find(d->before, new->name) : 0;

		if (old < 0)
			chain(b, new, "created");
		else if (new->name && fw_chain_differs(&d->before->chains[old], new))
			chain(b, new, "changed");
	}
}

/* The rule after which it is now. */
static void after(struct fw_buf *b, const struct fw_diff *d, const struct fw_rule *r)
{
	fw_buf_printf(b, ",\"after\":");
	if (r->prev && r->prev->chain == r->chain)
		fw_json_rule(b, d->after, r->prev, NULL);
	else
		fw_buf_printf(b, "null");
}

static void rule(struct fw_buf *b, const struct fw_diff *d, const struct fw_diff_rule *r)
{
	const char *change = !r->before ? "added" : !r->after ? "removed" : r->changed ? "changed" : "moved";

	fw_buf_printf(b, "{\"change\":\"%s\",\"rule\":", change);
	fw_json_rule(b, r->after ? d->after : d->before, r->after ? r->after : r->before, NULL);
	if (r->changed) {
		fw_buf_printf(b, ",\"old\":");
		fw_json_rule(b, d->before, r->before, NULL);
	}
	if (r->after && r->moved)
		after(b, d, r->after);
	fw_buf_printf(b, "}\n");
}

void diff_lines(struct fw_buf *b, const struct fw_diff *d)
{
	size_t sets = 0, rules = 0, more_sets, more_rules;

	for (int r = 0; r < FW_NREASONS; r++)
		if (d->policy[r])
			policy(b, d, (enum fw_reason)r);
	for (; sets < d->nsets && b->len < DIFF_BYTES; sets++)
		set(b, &d->sets[sets]);
	chains(b, d);
	for (; rules < d->nrules && b->len < DIFF_BYTES; rules++)
		rule(b, d, &d->rules[rules]);
	more_sets = d->more_sets + d->nsets - sets;
	more_rules = d->more_rules + d->nrules - rules;
	if (more_sets || more_rules)
		fw_buf_printf(b, "{\"change\":\"more\",\"sets\":%zu,\"rules\":%zu}\n", more_sets, more_rules);
}

#define INT(n) ((json_int_t)(n))

json_t *diff_counts(const struct fw_diff_counts *c)
{
	json_t *o = json_pack("{sI sI sI sI sI sI s{sI sI} s{sI sI}}", "added", INT(c->added), "removed",
			      INT(c->removed), "changed", INT(c->changed), "moved", INT(c->moved), "kept", INT(c->kept),
			      "policies", INT(c->policies), "sets", "created", INT(c->sets_created), "destroyed",
			      INT(c->sets_destroyed), "elements", "added", INT(c->elements_added), "removed",
			      INT(c->elements_removed));

	if (c->chains_created || c->chains_deleted || c->chains_changed)
		json_object_set_new(o, "chains",
				    json_pack("{sI sI sI}", "created", INT(c->chains_created), "deleted",
					      INT(c->chains_deleted), "changed", INT(c->chains_changed)));
	if (c->elements_prolonged)
		json_object_set_new(json_object_get(o, "elements"), "prolonged",
				    json_integer(INT(c->elements_prolonged)));
	return o;
}
