// SPDX-License-Identifier: GPL-2.0-only
/* A ruleset as the store keeps it: its text, and the numbers of its rules. */
#include "snapshot.h"

int snapshot_numbers(const struct fw_ruleset *rs, uint64_t **ids, uint32_t **slots)
{
	size_t i = 0;

	*ids = malloc((rs->nrules + 1) * sizeof(**ids));
	*slots = calloc(rs->nrules + 1, sizeof(**slots));
	for (const struct fw_rule *r = *ids && *slots ? rs->first : NULL; r; r = r->next, i++) {
		(*ids)[i] = r->id;
		(*slots)[i] = r->slot | (r->own_id ? SNAPSHOT_OWN_ID : 0);
	}
	return *ids && *slots ? 0 : -ENOMEM;
}

int snapshot_write_text(struct store *s, const struct store_text *t, struct fw_diags *ds)
{
	struct store_snapshot sn = { .source = *t };

	sn.source.name = t->name ? t->name : "<text>";
	return store_snapshot_begin(s, &sn, ds);
}

int snapshot_write_numbers(struct store *s, const struct fw_ruleset *rs, const struct fw_buf *carried,
			   struct fw_diags *ds)
{
	fw_autofree uint64_t *ids = NULL;
	fw_autofree uint32_t *slots = NULL;
	int err = snapshot_numbers(rs, &ids, &slots);
	const struct store_snapshot sn = {
		.ids = ids,
		.slots = slots,
		.nrules = rs->nrules,
		.next_id = rs->next_id,
		.change = carried ? carried->text : NULL,
		.change_len = carried ? carried->len : 0,
	};

	return err ? err : store_snapshot_number(s, &sn, ds);
}
