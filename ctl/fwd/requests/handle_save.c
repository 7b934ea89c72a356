// SPDX-License-Identifier: GPL-2.0-only
/* The ruleset as text, of one moment: else it might have a rule without its set, and could not be read back. */
#include "handlers.h"

/* Elements are written into the text even if they were read from a file, which may have changed since. */
static int save_set(struct long_writer *w, const struct fw_set *set, uint32_t now)
{
	struct fw_set in_place = *set;

	if (!set->name || set->builtin)
		return 0;
	in_place.path = NULL;
	fw_text_print_set(&w->b, &in_place, now);
	fw_buf_add(&w->b, "\n", 1);
	return long_reply_text(w, "{}", false);
}

static int save_all(struct long_writer *w, const struct fwd *d, void *ctx)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);
	int err = 0;

	for (size_t r = 0; r < FW_NREASONS; r++)
		if (rs->policy_set[r]) {
			fw_text_print_policy(&w->b, rs, (enum fw_reason)r);
			fw_buf_add(&w->b, "\n", 1);
		}
	for (size_t i = 0; !err && i < rs->nsets; i++)
		err = save_set(w, &rs->sets[i], engine_now(d->engine));
	for (size_t i = 1; i < rs->nchains; i++)
		if (rs->chains[i].name) {
			fw_text_print_chain(&w->b, &rs->chains[i]);
			fw_buf_add(&w->b, "\n", 1);
		}
	for (const struct fw_rule *r = rs->first; !err && r; r = r->next) {
		fw_text_print_rule(&w->b, rs, r);
		fw_buf_add(&w->b, "\n", 1);
		err = long_reply_text(w, "{}", false);
	}
	if (!err)
		err = long_reply_text(w, "{}", true);
	return err ? err : long_reply_end(w, json_pack("{sI}", "rules", (json_int_t)rs->nrules));
}

void handle_save(struct request *req)
{
	req->long_reply = (struct long_reply){ "save", save_all, NULL };
}
