// SPDX-License-Identifier: GPL-2.0-only
/* The counters of fwctl run, read from the kernel's maps. */
#include "run_counters.h"
#include "ctl/fwctl/output/counter_view.h"
#include "ctl/fwctl/output/json.h"

#include <string.h>

struct counters {
	const struct fw_ruleset *rs;
	const struct fw_kern *kern;
	struct fw_count *rules; /* as last read, by index of the rule */
	struct fw_count reasons[FW_NREASONS];
	struct counter_view view;
};

static void rule_text(const void *ctx, const struct counter_line *l, struct fw_buf *out)
{
	fw_text_print_rule(out, ctx, l->rule);
}

static json_t *rule_json(const void *ctx, const struct counter_line *l)
{
	return ctl_json_rule_of(ctx, l->rule);
}

/* What a policy decided; one that follows others has their verdicts. */
static struct fw_count policy_count(const struct counters *c, enum fw_reason reason)
{
	enum fw_verdict policy = fw_policy_verdict(c->rs, reason);
	struct fw_count sum = { 0 };

	for (unsigned verdict = 0; verdict < FW_NTERMINAL; verdict++) {
		if (policy == FW_FOLLOW || policy == verdict)
			fw_count_add(&sum, fw_kern_reason_count(c->kern, reason, (enum fw_verdict)verdict));
	}
	return sum;
}

static void read_all(struct counters *c, size_t max)
{
	counter_view_begin(&c->view, max);
	for (size_t i = 0; i < c->rs->nrules; i++) {
		struct counter_line l = counter_step(&c->rules[i], fw_kern_rule_count(c->kern, c->rs->rules[i]->slot));

		l.rule = c->rs->rules[i];
		counter_view_rule(&c->view, &l);
	}
	for (unsigned i = 0; i < FW_NREASONS; i++) {
		struct counter_line l = counter_step(&c->reasons[i], policy_count(c, (enum fw_reason)i));

		l.reason = (enum fw_reason)i;
		l.verdict = fw_policy_verdict(c->rs, (enum fw_reason)i);
		counter_view_policy(&c->view, &l);
	}
}

void counters_show(struct counters *c, const char *title)
{
	read_all(c, counter_view_fits(&c->view));
	counter_view_show(&c->view, title);
}

void counters_total(struct counters *c)
{
	memset(c->rules, 0, c->rs->nrules * sizeof(*c->rules));
	memset(c->reasons, 0, sizeof(c->reasons));
	c->view.last = c->view.start;
	read_all(c, COUNTER_VIEW_TOP);
	counter_view_total(&c->view);
}

int counters_new(const struct fw_ruleset *rs, const struct fw_kern *k, bool json, struct counters **out)
{
	const struct counter_source source = { rule_text, rule_json, rs };
	struct counters *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->rules = calloc(rs->nrules + 1, sizeof(*c->rules));
	if (!c->rules) {
		free(c);
		return -ENOMEM;
	}
	c->rs = rs;
	c->kern = k;
	counter_view_init(&c->view, &source, json);
	*out = c;
	return 0;
}

void counters_free(struct counters *c)
{
	if (!c)
		return;
	free(c->rules);
	free(c);
}
