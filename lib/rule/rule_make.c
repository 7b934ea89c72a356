// SPDX-License-Identifier: GPL-2.0-only
/* Makes and frees rules: a draft is checked and becomes a rule, which shares its matches with others that are equal. */
#include <stdarg.h>

#include "lib/rule/internal.h"

/* Refuses an id or a name that another rule has. */
static int refuse_taken(const struct fw_ruleset *rs, const struct fw_rule *by, struct fw_place at, struct fw_diags *ds,
			const char *fmt, ...)
{
	char what[FW_NAME_MAX + 32], hint[96] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (rs->index->edit)
		snprintf(hint, sizeof(hint), "rule %llu has it; use 'replace rule' to change a rule",
			 (unsigned long long)by->id);
	else if (by->line)
		snprintf(hint, sizeof(hint), "line %u has it", by->line);
	return fw_diag_add(ds, at, hint, "%s is taken", what);
}

static int check_id(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
		    struct fw_diags *ds)
{
	const struct fw_rule *other = r->id == rs->next_id ? NULL : fw_ruleset_by_id(rs, r->id);

	if (other)
		return refuse_taken(rs, other, fw_place_of(at, at->id), ds, "rule id %llu", (unsigned long long)r->id);
	return 0;
}

static int check_words(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule *old,
		       const struct fw_rule_places *at, struct fw_diags *ds)
{
	const struct fw_rule *other;

	if (!rs->action_use[r->action].taken || !fw_verdict_is(fw_rule_verdict(rs, r), FW_OF_RULES))
		return fw_diag_add(ds, fw_place_of(at, at->rule), FW_RULE_VERDICTS, "the rule has no verdict");
	if (r->comment && fw_string_check("comment", r->comment, FW_COMMENT_MAX, fw_place_of(at, at->comment), ds))
		return -EINVAL;
	if (r->log.prefix &&
	    fw_string_check("log prefix", r->log.prefix, FW_LOG_PREFIX_MAX, fw_place_of(at, at->log), ds))
		return -EINVAL;
	if (!r->name || (old && r->name == old->name))
		return 0;
	if (fw_name_check("rule", r->name, fw_place_of(at, at->name), ds))
		return -EINVAL;
	other = fw_ruleset_by_name(rs, r->name);
	if (other && other != old)
		return refuse_taken(rs, other, fw_place_of(at, at->name), ds, "rule name '%s'", r->name);
	return 0;
}

static bool is_chain(const struct fw_ruleset *rs, uint16_t number)
{
	return number < rs->nchains && rs->chains[number].name;
}

/* Do the chains exist, and does the rule name one if it has to? */
static int check_chains(const struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
			struct fw_diags *ds)
{
	enum fw_verdict verdict = fw_rule_verdict(rs, draft);
	bool calls = verdict == FW_JUMP || verdict == FW_GOTO;

	if (draft->chain != FW_MAIN && !is_chain(rs, draft->chain))
		return fw_diag_add(ds, fw_place_of(at, at->chain), NULL, "there is no chain number %u", draft->chain);
	if (calls ? is_chain(rs, draft->target) : draft->target == FW_MAIN)
		return 0;
	return fw_diag_add(ds, fw_place_of(at, at->verdict), "jump and goto name a chain, and other verdicts do not",
			   "there is no chain number %u to go to", draft->target);
}

/* Do the numbers in the draft exist? */
static int check_numbers(const struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
			 struct fw_diags *ds)
{
	if (draft->src >= rs->naddrs || !rs->addrs[draft->src].ranges)
		return fw_diag_add(ds, fw_place_of(at, at->src), NULL, "there is no address expression %u", draft->src);
	if (draft->dst >= rs->naddrs || !rs->addrs[draft->dst].ranges)
		return fw_diag_add(ds, fw_place_of(at, at->dst), NULL, "there is no address expression %u", draft->dst);
	for (unsigned i = 0; i < draft->nmatches; i++) {
		const struct fw_match *m = draft->matches[i];

		if (m->field >= FW_NFIELDS)
			return fw_diag_add(ds, fw_place_of(at, at->rule), NULL, "there is no match field %u", m->field);
		for (unsigned k = 0; fw_field_is_iface(m->field) && k < m->n; k++)
			if (!fw_ifaces_named(rs, &m->r[k]))
				return fw_diag_add(ds, fw_place_of(at, at->field[m->field]), NULL,
						   "there is no interface number %u", m->r[k].hi);
	}
	return 0;
}

/* Matches of a rule that is being made: each with a reference of its own. */
struct taken {
	const struct fw_match *m[FW_NFIELDS];
	unsigned n;
};

static void put_taken(struct fw_ruleset *rs, const struct taken *t)
{
	for (unsigned i = 0; i < t->n; i++)
		fw_intern_put(rs, t->m[i]);
}

/* Normalises the draft's matches and sorts them by field. The caller gives the references back, on failure too. */
static int take_matches(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
			struct fw_diags *ds, struct taken *out)
{
	const struct fw_match *by_field[FW_NFIELDS] = { 0 };
	uint32_t seen = 0;
	int err = 0;

	for (unsigned i = 0; i < draft->nmatches && !err; i++) {
		const struct fw_match *m = draft->matches[i];
		struct fw_place place = fw_place_of(at, at->field[m->field]);

		if (seen & 1u << m->field)
			err = fw_diag_add(ds, place, "write it once, with a list", "'%s' is given twice in one rule",
					  fw_field_info[m->field].keyword);
		else
			err = fw_match_normalise(rs, m, place, ds, &by_field[m->field]);
		seen |= 1u << m->field;
	}
	out->n = 0;
	for (unsigned f = 0; f < FW_NFIELDS; f++)
		if (by_field[f])
			out->m[out->n++] = by_field[f];
	return err;
}

/* The array of matches is shared as well; it holds the references to what it lists. */
static int intern_matches(struct fw_ruleset *rs, struct fw_rule *r, const struct taken *t)
{
	r->nmatches = 0;
	r->matches = t->n ? (void *)fw_intern(rs, t->m, t->n * sizeof(*t->m)) : NULL;
	if (t->n && !r->matches)
		return -ENOMEM;
	if (t->n && fw_blob_of(r->matches)->refs > 1)
		put_taken(rs, t);
	r->nmatches = (uint8_t)t->n;
	return 0;
}

static const char *copy_string(struct fw_ruleset *rs, const char *s, int *err)
{
	char *copy = s ? fw_region_strdup(&rs->region, s, strlen(s)) : NULL;

	if (s && !copy)
		*err = -ENOMEM;
	return copy;
}

/* Makes an object of a checked rule. */
static int make(struct fw_ruleset *rs, const struct fw_rule *checked, const struct fw_rule *old, const struct taken *t,
		struct fw_rule **out)
{
	bool keeps_name = old && checked->name == old->name;
	struct fw_rule *r = fw_region_alloc(&rs->region, sizeof(*r));
	int err = r ? 0 : -ENOMEM;

	if (err) {
		put_taken(rs, t);
		return err;
	}
	*r = *checked;
	r->comment = copy_string(rs, checked->comment, &err);
	r->name = keeps_name ? old->name : copy_string(rs, checked->name, &err);
	if (fw_log_hold(rs, fw_rule_action(rs, r), &r->log))
		err = -ENOMEM;
	if (!err)
		err = intern_matches(rs, r, t);
	if (err) {
		put_taken(rs, t);
		r->nmatches = 0;
	}
	rs->addrs[r->src].refs++;
	rs->addrs[r->dst].refs++;
	fw_action_use(rs, r->action, 1);
	if (err)
		fw_rule_free(rs, r, old);
	else
		*out = r;
	return err;
}

int fw_rule_make(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule *old,
		 const struct fw_rule_places *at, struct fw_diags *ds, struct fw_rule **out)
{
	struct fw_rule r = *draft;
	struct taken t = { .n = 0 };
	int err = 0;

	r.edit = 0;
	r.own_id = old ? old->own_id : !!draft->id;
	r.slot = old ? old->slot : 0;
	r.rank = old ? old->rank : 0;
	r.chain = old ? old->chain : draft->chain;
	r.inlined = NULL;
	r.id = old ? old->id : draft->id ? draft->id : fw_id_next(rs);
	if (old && !r.name)
		r.name = old->name;
	if (!old)
		err = check_id(rs, &r, at, ds);
	if (!err)
		err = check_words(rs, &r, old, at, ds);
	if (!err)
		err = check_numbers(rs, draft, at, ds);
	if (!err)
		err = check_chains(rs, &r, at, ds);
	if (err)
		return err;
	err = take_matches(rs, draft, at, ds, &t);
	r.matches = t.m;
	r.nmatches = (uint8_t)t.n;
	if (!err)
		err = fw_rule_check(rs, &r, at, ds);
	if (!err)
		err = fw_action_check(rs, &r, at, ds);
	if (!err)
		return make(rs, &r, old, &t, out);
	put_taken(rs, &t);
	return err;
}

struct fw_rule *fw_rule_copy(struct fw_ruleset *rs, const struct fw_rule *r)
{
	struct fw_rule *copy = fw_region_alloc(&rs->region, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *r;
	copy->edit = 0;
	copy->inlined = NULL;
	rs->addrs[r->src].refs++;
	rs->addrs[r->dst].refs++;
	fw_action_use(rs, r->action, 1);
	if (r->log.prefix)
		fw_blob_of(r->log.prefix)->refs++;
	if (r->nmatches)
		fw_blob_of(r->matches)->refs++;
	return copy;
}

static void put_string(struct fw_ruleset *rs, const char *s, const char *heir)
{
	if (s && s != heir)
		fw_region_recycle(&rs->region, s, strlen(s) + 1);
}

void fw_rule_free(struct fw_ruleset *rs, struct fw_rule *r, const struct fw_rule *heir)
{
	put_string(rs, r->name, heir ? heir->name : NULL);
	put_string(rs, r->comment, heir ? heir->comment : NULL);
	fw_log_put(rs, &r->log);
	fw_instance_put(rs, &r->instance);
	fw_inlined_free(rs, r->inlined);
	fw_action_use(rs, r->action, -1);
	fw_region_recycle(&rs->region, r, sizeof(*r));
}
