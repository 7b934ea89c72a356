// SPDX-License-Identifier: GPL-2.0-only
/* What another ruleset changes, as JSON objects: policies first, then sets, then rules. */
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

/* The rule after which it is now. */
static void after(struct fw_buf *b, const struct fw_diff *d, const struct fw_rule *r)
{
	fw_buf_printf(b, ",\"after\":");
	if (r->prev)
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

	if (c->elements_prolonged)
		json_object_set_new(json_object_get(o, "elements"), "prolonged",
				    json_integer(INT(c->elements_prolonged)));
	return o;
}
