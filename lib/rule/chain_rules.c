// SPDX-License-Identifier: GPL-2.0-only
/* Rules that take the place of those of a chain: the ones that are the same keep id and counter, as in a load. */
#include "fw/chain_rules.h"

#include "lib/rule/internal.h"

int fw_chain_rules_add(struct fw_chain_rules *c, const struct fw_rule *draft, const struct fw_rule_places *at,
		       struct fw_diags *ds)
{
	struct fw_chain_rule r = { .id = draft->id, .at = fw_place_of(at, at->rule) };
	struct fw_rule as = *draft;
	int err;

	as.id = 0;
	as.name = NULL;
	as.chain = c->chain;
	if (draft->name && fw_name_check("rule", draft->name, fw_place_of(at, at->name), ds))
		return -EINVAL;
	err = fw_rule_make(c->rs, &as, NULL, at, ds, &r.made);
	if (err)
		return err;
	r.name = draft->name ? strdup(draft->name) : NULL;
	if ((!draft->name || r.name) && !fw_vec_push(c->rules, c->n, c->cap, r))
		return 0;
	free(r.name);
	fw_rule_free(c->rs, r.made, NULL);
	return -ENOMEM;
}

void fw_chain_rules_free(struct fw_chain_rules *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->rules[i].name);
		fw_rule_free(c->rs, c->rules[i].made, NULL);
	}
	free(c->rules);
	free(c->gone);
	*c = (struct fw_chain_rules){ .rs = NULL };
}

/* The chain's rules as they are. */
struct old {
	struct fw_rule *rule;
	uint32_t hash;
	uint32_t place; /* in the chain */
};

struct matching {
	struct fw_chain_rules *c;
	struct old *old; /* by content; of the same content in order */
	size_t nold;
	size_t *from;    /* by index in @old, of the first of a content: those before this one are taken */
	uint32_t *place; /* by slot: place in the chain + 1 */
	bool *taken;     /* by place: a new rule continues it, or has its id */
};

static void matching_free(struct matching *m)
{
	free(m->old);
	free(m->from);
	free(m->place);
	free(m->taken);
}

static uint32_t content_hash(const struct fw_rule *r)
{
	uint64_t h = fw_mix64((uint64_t)r->src << 32 | r->dst) + ((uint32_t)r->target << 8 | r->action);

	if (r->nmatches)
		h += (uintptr_t)r->matches;
	return (uint32_t)fw_mix64(h);
}

static bool same_string(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_matches(const struct fw_rule *a, const struct fw_rule *b)
{
	return a->src == b->src && a->dst == b->dst && a->nmatches == b->nmatches &&
	       (!a->nmatches || a->matches == b->matches);
}

static bool same_content(const struct fw_rule *a, const struct fw_rule *b)
{
	return same_matches(a, b) && a->action == b->action && a->target == b->target &&
	       same_string(a->comment, b->comment) && a->log.level == b->log.level && a->log.prefix == b->log.prefix;
}

static int old_cmp(const void *va, const void *vb)
{
	const struct old *a = va, *b = vb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static int matching_init(struct matching *m, struct fw_chain_rules *c)
{
	const struct fw_chain *chain = &c->rs->chains[c->chain];

	*m = (struct matching){ .c = c };
	m->old = malloc((chain->nrules + 1) * sizeof(*m->old));
	m->from = calloc(chain->nrules + 1, sizeof(*m->from));
	m->place = calloc(c->rs->next_slot + 1, sizeof(*m->place));
	m->taken = calloc(chain->nrules + 1, sizeof(*m->taken));
	if (!m->old || !m->from || !m->place || !m->taken)
		return -ENOMEM;
	for (struct fw_rule *r = chain->first; r && r->chain == c->chain; r = r->next) {
		m->old[m->nold] = (struct old){ r, content_hash(r), (uint32_t)m->nold };
		m->place[r->slot] = (uint32_t)++m->nold;
	}
	qsort(m->old, m->nold, sizeof(*m->old), old_cmp);
	return 0;
}

static void take(struct matching *m, struct fw_chain_rule *r, struct fw_rule *old)
{
	r->old = old;
	m->taken[m->place[old->slot] - 1] = true;
}

/* The rule, if it is one of the chain. */
static struct fw_rule *of_chain(const struct matching *m, struct fw_rule *r)
{
	return r && m->place[r->slot] ? r : NULL;
}

static void match_ids(struct matching *m)
{
	for (size_t i = 0; i < m->c->n; i++) {
		struct fw_chain_rule *r = &m->c->rules[i];
		struct fw_rule *old = r->id ? of_chain(m, fw_ruleset_by_id(m->c->rs, r->id)) : NULL;

		if (!old || m->taken[m->place[old->slot] - 1])
			continue;
		if ((r->name && same_string(r->name, old->name)) || same_matches(r->made, old))
			take(m, r, old);
		else
			m->taken[m->place[old->slot] - 1] = true; /* another rule has its id */
	}
}

static void match_names(struct matching *m)
{
	for (size_t i = 0; i < m->c->n; i++) {
		struct fw_chain_rule *r = &m->c->rules[i];
		struct fw_rule *old = r->id || !r->name ? NULL : of_chain(m, fw_ruleset_by_name(m->c->rs, r->name));

		if (old && !m->taken[m->place[old->slot] - 1])
			take(m, r, old);
	}
}

/* The first old rule of this content that is left. */
static struct fw_rule *find_content(const struct matching *m, const struct fw_rule *made)
{
	uint32_t hash = content_hash(made);
	size_t lo = 0, hi = m->nold;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->old[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	size_t *from = &m->from[lo], i = lo + *from;

	for (; i < m->nold && m->old[i].hash == hash; i++)
		if (m->taken[m->old[i].place])
			*from += i == lo + *from;
		else if (same_content(m->old[i].rule, made))
			return m->old[i].rule;
	return NULL;
}

static void match_contents(struct matching *m)
{
	for (size_t i = 0; i < m->c->n; i++) {
		struct fw_chain_rule *r = &m->c->rules[i];
		struct fw_rule *old = r->old || r->id ? NULL : find_content(m, r->made);

		if (old)
			take(m, r, old);
	}
}

static int find_gone(struct matching *m)
{
	struct fw_chain_rules *c = m->c;
	fw_autofree bool *continued = calloc(m->nold + 1, sizeof(*continued));

	c->gone = malloc((m->nold + 1) * sizeof(struct fw_rule *));
	if (!continued || !c->gone)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		if (c->rules[i].old)
			continued[m->place[c->rules[i].old->slot] - 1] = true;
	for (struct fw_rule *r = c->rs->chains[c->chain].first; r && r->chain == c->chain; r = r->next)
		if (!continued[m->place[r->slot] - 1])
			c->gone[c->ngone++] = r;
	return 0;
}

bool fw_chain_rule_differs(const struct fw_chain_rule *r)
{
	return !same_content(r->made, r->old) || r->made->exported != r->old->exported ||
	       (r->name && !same_string(r->name, r->old->name));
}

/* The rules outside a longest increasing subsequence of the old places move (Schensted, 1961). 0 or -ENOMEM. */
static int find_stays(struct matching *m)
{
	size_t n = m->c->n, most = 0;
	fw_autofree size_t *end = malloc((n + 1) * sizeof(*end)), *before = malloc((n + 1) * sizeof(*before));

	if (!end || !before)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct fw_rule *old = m->c->rules[i].old;
		size_t lo = 0, hi = most;

		if (!old)
			continue;
		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (m->place[m->c->rules[end[mid]].old->slot] < m->place[old->slot])
				lo = mid + 1;
			else
				hi = mid;
		}
		before[i] = lo ? end[lo - 1] : n;
		end[lo] = i;
		most += lo == most;
	}
	for (size_t i = most ? end[most - 1] : n; i < n; i = before[i])
		m->c->rules[i].stays = true;
	return 0;
}

int fw_chain_rules_match(struct fw_chain_rules *c)
{
	fw_cleanup(matching_free) struct matching m;
	int err = matching_init(&m, c);

	if (err)
		return err;
	match_ids(&m);
	match_names(&m);
	match_contents(&m);
	err = find_gone(&m);
	return err ? err : find_stays(&m);
}
