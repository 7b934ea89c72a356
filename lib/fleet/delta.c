// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deltas. What differs between two rulesets is written as changes, which are then made to the first one: only if that gives
 * the second one is there a delta. So what a batch cannot express, or what it refuses on the way (a cycle of chains, a name
 * that is in use for a moment), needs no list here: the snapshot is loaded instead.
 *
 *	rule 1 in from @bad drop             rule 1 in from @bad drop
 *	rule 2 in proto tcp dport 22 accept  rule 3 in proto udp accept
 *	rule 3 in proto udp drop             rule 4 in proto icmp accept
 *
 *	del rule 2
 *	replace rule 3 in proto udp accept
 *	add rule after 3 4 in proto icmp accept
 */
#include "fw/fleet/snapshot.h"

#include "fw/diff.h"
#include "fw/text.h"

#include <string.h>

#define IDS_A_LINE 100

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

/* Appends what @printed has after its first word, which is `set`, `chain` or `rule`. */
static void add_after_word(struct fw_buf *out, const struct fw_buf *printed)
{
	const char *rest = printed->text ? strchr(printed->text, ' ') : NULL;

	out->failed |= !rest;
	if (rest)
		fw_buf_word(out, rest);
	fw_buf_word(out, "\n");
}

static bool is_defined(const struct fw_set *set)
{
	return set->name && !set->builtin;
}

/* The other ruleset's set of the same name; NULL: it has none. */
static const struct fw_set *same_set(const struct fw_ruleset *rs, const struct fw_set *set)
{
	int number = fw_ruleset_set_find(rs, set->name);

	return number >= 0 ? &rs->sets[number] : NULL;
}

static void create_set(struct fw_buf *out, const struct fw_set *set)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_set listed = *set;

	listed.path = NULL;
	fw_text_print_set(&b, &listed, 0);
	fw_buf_word(out, "set create");
	add_after_word(out, &b);
}

/* One element for a line of its own. */
static void change_element(struct fw_buf *out, const char *verb, const struct fw_set *set,
			   const struct fw_addr_range *r)
{
	fw_buf_printf(out, "set %s %s ", verb, set->name);
	fw_text_print_addr_range(out, r);
	fw_buf_word(out, "\n");
}

/* Elements that only one of both has; they are in order. */
static void change_elements(struct fw_buf *out, const struct fw_set *from, const struct fw_set *to)
{
	size_t i = 0, k = 0;

	while (i < from->n || k < to->n) {
		int c = i == from->n ? 1 : k == to->n ? -1 : fw_addr_range_cmp(&from->elements[i], &to->elements[k]);

		if (c < 0)
			change_element(out, "del", from, &from->elements[i]);
		if (c > 0)
			change_element(out, "add", to, &to->elements[k]);
		i += c <= 0;
		k += c >= 0;
	}
}

/* Elements of dynamic sets belong to the host: a load keeps them, too. Return: 0 or -EOPNOTSUPP. */
static int change_sets(struct fw_buf *out, const struct fw_ruleset *from, const struct fw_ruleset *to)
{
	for (size_t i = 0; i < to->nsets; i++) {
		const struct fw_set *set = &to->sets[i], *old = is_defined(set) ? same_set(from, set) : NULL;

		if (!old)
			continue;
		if (old->dynamic != set->dynamic || old->timeout != set->timeout || old->size != set->size)
			return -EOPNOTSUPP;
		if (!set->dynamic)
			change_elements(out, old, set);
	}
	return 0;
}

static void create_sets(struct fw_buf *out, const struct fw_ruleset *from, const struct fw_ruleset *to)
{
	for (size_t i = 0; i < to->nsets; i++)
		if (is_defined(&to->sets[i]) && !same_set(from, &to->sets[i]))
			create_set(out, &to->sets[i]);
}

static void destroy_sets(struct fw_buf *out, const struct fw_ruleset *from, const struct fw_ruleset *to)
{
	for (size_t i = 0; i < from->nsets; i++)
		if (is_defined(&from->sets[i]) && !same_set(to, &from->sets[i]))
			fw_buf_printf(out, "set destroy %s\n", from->sets[i].name);
}

/* Chains that only @to has. */
static void create_chains(struct fw_buf *out, const struct fw_ruleset *from, const struct fw_ruleset *to)
{
	for (size_t i = 1; i < to->nchains; i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

		if (!to->chains[i].name || fw_ruleset_chain_find(from, to->chains[i].name) >= 0)
			continue;
		fw_text_print_chain(&b, &to->chains[i]);
		fw_buf_word(out, "chain create");
		add_after_word(out, &b);
	}
}

static void delete_chains(struct fw_buf *out, const struct fw_ruleset *from, const struct fw_ruleset *to)
{
	for (size_t i = 1; i < from->nchains; i++)
		if (from->chains[i].name && fw_ruleset_chain_find(to, from->chains[i].name) < 0)
			fw_buf_printf(out, "chain del %s\n", from->chains[i].name);
}

/* A policy can be set, but not be taken back to its default. */
static int change_policies(struct fw_buf *out, const struct fw_diff *d)
{
	for (size_t r = 0; r < FW_NREASONS; r++) {
		if (!d->policy[r])
			continue;
		if (!d->after->policy_set[r])
			return -EOPNOTSUPP;
		fw_text_print_policy(out, d->after, (enum fw_reason)r);
		fw_buf_word(out, "\n");
	}
	return 0;
}

/* Is it in another chain than before? Rules move within theirs. */
static bool changes_chain(const struct fw_diff *d, const struct fw_diff_rule *row)
{
	const char *a = row->before ? d->before->chains[row->before->chain].name : NULL;
	const char *b = row->after ? d->after->chains[row->after->chain].name : NULL;

	return row->before && row->after && (!a != !b || (a && strcmp(a, b) != 0));
}

static void delete_rules(struct fw_buf *out, const struct fw_diff *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->nrules; i++) {
		const struct fw_diff_rule *row = &d->rules[i];

		if (!row->before || (row->after && !changes_chain(d, row)))
			continue;
		fw_buf_word(out, n % IDS_A_LINE ? " " : n ? "\ndel rule " : "del rule ");
		fw_buf_u64(out, row->before->id);
		n++;
	}
	fw_buf_word(out, n ? "\n" : "");
}

/* Rules of @d are in the order that they will have, so the one before is in its place already. */
static void print_place(struct fw_buf *out, const struct fw_rule *r)
{
	if (!r->prev || r->prev->chain != r->chain) {
		fw_buf_word(out, " first");
		return;
	}
	fw_buf_word(out, " after ");
	fw_buf_u64(out, r->prev->id);
}

static void add_rule(struct fw_buf *out, const struct fw_ruleset *rs, const struct fw_rule *r)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_text_print_rule(&b, rs, r);
	fw_buf_word(out, "add rule");
	print_place(out, r);
	add_after_word(out, &b);
}

/* `rule ID ...` becomes `replace rule ID ...`. */
static void replace_rule(struct fw_buf *out, const struct fw_ruleset *rs, const struct fw_rule *r)
{
	fw_buf_word(out, "replace ");
	fw_text_print_rule(out, rs, r);
	fw_buf_word(out, "\n");
}

static void move_rule(struct fw_buf *out, const struct fw_rule *r)
{
	fw_buf_word(out, "move rule ");
	fw_buf_u64(out, r->id);
	print_place(out, r);
	fw_buf_word(out, "\n");
}

/* Names of users and groups mean what each host says, but a change that is printed has numbers of this machine. */
static bool names_owner(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return rs->names_services && (fw_rule_match(r, FW_F_UID) || fw_rule_match(r, FW_F_GID));
}

static int change_rules(struct fw_buf *out, const struct fw_diff *d)
{
	for (size_t i = 0; i < d->nrules; i++) {
		const struct fw_diff_rule *row = &d->rules[i];
		bool add = row->after && (!row->before || changes_chain(d, row));

		if (!row->after)
			continue;
		if ((add || row->changed) && names_owner(d->after, row->after))
			return -EOPNOTSUPP;
		if (add)
			add_rule(out, d->after, row->after);
		if (!add && row->moved)
			move_rule(out, row->after);
		if (!add && row->changed)
			replace_rule(out, d->after, row->after);
	}
	return 0;
}

/* Changes from d->before to d->after. Return: 0, -EOPNOTSUPP or -ENOMEM. */
static int print_changes(struct fw_buf *out, const struct fw_diff *d)
{
	bool owners = d->counts.chains_changed || (d->counts.chains_created && d->after->names_services);
	int err = owners ? -EOPNOTSUPP : change_policies(out, d);

	if (err)
		return err;
	create_sets(out, d->before, d->after);
	create_chains(out, d->before, d->after);
	delete_rules(out, d);
	err = change_rules(out, d);
	if (!err)
		err = change_sets(out, d->before, d->after);
	destroy_sets(out, d->before, d->after);
	delete_chains(out, d->before, d->after);
	return err ? err : out->failed ? -ENOMEM : 0;
}

/* Do all rules have an id of their own, which is the same on every host? */
static bool has_ids(const struct fw_ruleset *rs)
{
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		if (!r->own_id)
			return false;
	return true;
}

static int print_delta(struct fw_buf *out, const struct fw_ruleset *from, const struct fw_message *m)
{
	fw_cleanup(ruleset_freep) struct fw_ruleset *to = NULL;
	fw_cleanup(fw_diff_free) struct fw_diff d = { .before = NULL };
	int err = fw_snapshot_ruleset(m, NULL, from, &to, NULL);

	if (!err && (!has_ids(from) || !has_ids(to)))
		return -EOPNOTSUPP;
	if (!err)
		err = fw_diff(from, to, SIZE_MAX, &d);
	return err ? err : print_changes(out, &d);
}

static int apply(struct fw_ruleset *rs, const struct fw_buf *delta)
{
	struct fw_edit e;
	int err = fw_edit_begin(rs, &e);

	if (err)
		return err;
	err = fw_text_edit(&e, delta->text, delta->len, NULL, NULL, NULL);
	if (err)
		fw_edit_abort(&e);
	else
		fw_edit_commit(&e);
	return err == -EINVAL ? -EOPNOTSUPP : err;
}

static bool no_difference(const struct fw_diff_counts *c)
{
	return !(c->added | c->removed | c->changed | c->moved | c->policies | c->sets_created | c->sets_destroyed |
		 c->chains_created | c->chains_deleted | c->chains_changed | c->elements_added | c->elements_removed);
}

/* Is @rs now the ruleset of the snapshot? */
static int compare(const struct fw_ruleset *rs, const struct fw_message *m)
{
	fw_cleanup(ruleset_freep) struct fw_ruleset *want = NULL;
	fw_cleanup(fw_diff_free) struct fw_diff d = { .before = NULL };
	int err = fw_snapshot_ruleset(m, NULL, rs, &want, NULL);

	if (!err)
		err = fw_diff(rs, want, 0, &d);
	return err ? err : no_difference(&d.counts) ? 0 : -EOPNOTSUPP;
}

static size_t bytes_of(const struct fw_message *m)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < m->nparts; i++)
		bytes += m->part[i].len;
	return bytes;
}

int fw_delta_make(const struct fw_message *from, const struct fw_message *to, struct fw_buf *out)
{
	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = NULL;
	fw_cleanup(fw_buf_free) struct fw_buf delta = { 0 };
	int err = fw_snapshot_ruleset(from, NULL, NULL, &rs, NULL);

	if (!err)
		err = print_delta(&delta, rs, to);
	if (!err && delta.len >= bytes_of(to))
		err = -EOPNOTSUPP;
	if (!err)
		err = apply(rs, &delta);
	if (!err)
		err = compare(rs, to);
	if (err)
		return err;
	fw_buf_add(out, delta.text ? delta.text : "", delta.len);
	return out->failed ? -ENOMEM : 0;
}
