// SPDX-License-Identifier: GPL-2.0-only
/* Numbers of one ruleset in another one, and rules compared by them. */
#include "lib/rule/translate.h"

void fw_translation_free(struct fw_translation *t)
{
	free(t->sets);
	free(t->addrs);
	free(t->chains);
	free(t->blobs);
	free(t->blob_known);
	free(t->scratch);
}

static int u32_cmp(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return (a > b) - (a < b);
}

/* The same expression in the old ruleset's numbers of sets; FW_UNKNOWN: it has not all of them. It may well be @guess. */
static uint32_t translate_addrs(const struct fw_translation *t, uint32_t number, uint32_t guess)
{
	struct fw_addrs a = t->rs->addrs[number];

	if (a.both) /* no rule has it */
		return FW_UNKNOWN;
	for (uint32_t i = 0; i < a.nsets; i++) {
		t->scratch[i] = t->sets[a.sets[i]];
		if (t->scratch[i] == FW_UNKNOWN)
			return FW_UNKNOWN;
	}
	if (a.nsets)
		qsort(t->scratch, a.nsets, sizeof(*t->scratch), u32_cmp);
	a.sets = t->scratch;

	int64_t known = fw_addrs_find(t->before, &a, guess);

	return known < 0 ? FW_UNKNOWN : (uint32_t)known;
}

static const void *find_blob(const struct fw_ruleset *rs, const void *data, size_t len)
{
	const struct fw_rule_index *ix = rs->index;
	uint32_t hash = fw_hash_bytes(data, len), v;

	for (uint32_t pos = hash; fw_table_next(&ix->blobs, hash, &pos, &v);)
		if (ix->blob[v].blob->len == len && !memcmp(ix->blob[v].blob->data, data, len))
			return ix->blob[v].blob->data;
	return NULL;
}

const void *fw_translate_matches(const struct fw_translation *t, const struct fw_rule *r)
{
	struct fw_blob *b = r->nmatches ? fw_blob_of(r->matches) : NULL;
	const void *matches[FW_NFIELDS];

	if (!b || t->blob_known[b->number])
		return b ? t->blobs[b->number] : NULL;
	t->blob_known[b->number] = true;
	for (unsigned i = 0; i < r->nmatches; i++) {
		matches[i] = find_blob(t->before, r->matches[i], fw_blob_of(r->matches[i])->len);
		if (!matches[i])
			return NULL;
	}
	t->blobs[b->number] = find_blob(t->before, matches, r->nmatches * sizeof(*matches));
	return t->blobs[b->number];
}

/* The number of the same action in the old ruleset's numbers. */
static uint32_t translate_action(const struct fw_translation *t, uint32_t number)
{
	struct fw_action a = t->rs->actions[number];

	if (a.flags & FW_ACTION_ADD)
		a.set = t->sets[a.set];
	for (uint32_t n = 0; n < t->before->nactions; n++)
		if (t->before->action_use[n].taken && !memcmp(&a, &t->before->actions[n], sizeof(a)))
			return n;
	return FW_UNKNOWN;
}

int fw_translation_init(struct fw_translation *t, const struct fw_ruleset *rs, const struct fw_ruleset *old)
{
	*t = (struct fw_translation){
		.rs = rs,
		.before = old,
		.sets = malloc((rs->nsets + 1) * sizeof(*t->sets)),
		.addrs = malloc(rs->naddrs * sizeof(*t->addrs)),
		.chains = malloc(rs->nchains * sizeof(*t->chains)),
		.blobs = calloc(rs->index->nblobs + 1, sizeof(*t->blobs)),
		.blob_known = calloc(rs->index->nblobs + 1, sizeof(*t->blob_known)),
		.scratch = malloc((rs->nsets + 1) * sizeof(*t->scratch)),
	};
	if (!t->sets || !t->addrs || !t->chains || !t->blobs || !t->blob_known || !t->scratch)
		return -ENOMEM;
	for (size_t i = 0; i < rs->nsets; i++) {
		int number = rs->sets[i].name ? fw_ruleset_set_find(old, rs->sets[i].name) : -ENOENT;

		t->sets[i] = number < 0 ? FW_UNKNOWN : (uint32_t)number;
	}
	t->chains[FW_MAIN] = FW_MAIN;
	for (size_t i = 1; i < rs->nchains; i++) {
		int number = rs->chains[i].name ? fw_ruleset_chain_find(old, rs->chains[i].name) : -ENOENT;

		t->chains[i] = number < 0 ? FW_UNKNOWN : (uint32_t)number;
	}
	for (uint32_t n = 0; n < rs->nactions; n++)
		t->action[n] = rs->action_use[n].taken ? translate_action(t, n) : FW_UNKNOWN;
	for (uint32_t i = 0, guess = 0; i < rs->naddrs; i++) {
		t->addrs[i] = rs->addrs[i].ranges ? translate_addrs(t, i, guess) : FW_UNKNOWN;
		if (t->addrs[i] != FW_UNKNOWN)
			guess = t->addrs[i] + 1;
	}
	return 0;
}

bool fw_same_matches(const struct fw_translation *t, const struct fw_rule *r, const struct fw_rule *old)
{
	return t->addrs[r->src] == old->src && t->addrs[r->dst] == old->dst && r->nmatches == old->nmatches &&
	       (!r->nmatches || fw_translate_matches(t, r) == old->matches);
}

bool fw_same_content(const struct fw_translation *t, const struct fw_rule *r, const struct fw_rule *old)
{
	return t->action[r->action] == old->action && t->chains[r->chain] == old->chain &&
	       t->chains[r->target] == old->target && fw_same_matches(t, r, old) &&
	       fw_same_string(r->comment, old->comment) && fw_same_log(&r->log, &old->log);
}

bool fw_same_text(const struct fw_translation *t, const struct fw_rule *r, const struct fw_rule *old)
{
	return fw_same_content(t, r, old) && r->exported == old->exported && fw_same_string(r->name, old->name);
}
