// SPDX-License-Identifier: GPL-2.0-only
/* Changes of chains: `chain create NAME [owner GROUP]` and `chain del NAME`. */
#include "lib/text/parse_edit.h"

static int chain_create(struct change *c)
{
	struct fw_parser *p = &c->p;
	struct fw_place at = fw_parser_here(p);
	char name[FW_NAME_MAX + 1];
	uint32_t owner = 0;
	uint16_t number = 0;
	bool owned;
	int err = fw_parser_chain(p, name, &owned, &owner);

	if (!err)
		err = fw_parser_statement_end(p);
	if (!err)
		err = fw_edit_chain_create(p->edit, name, at, p->ds, &number);
	if (err)
		return err;
	p->rs->chains[number].owned = owned;
	p->rs->chains[number].owner = owner;
	log_text(c, "chain create ");
	if (c->log)
		fw_print_chain_words(c->log, &p->rs->chains[number]);
	return 0;
}

static int chain_del(struct change *c)
{
	struct fw_parser *p = &c->p;
	struct fw_place at = fw_parser_here(p);
	uint16_t number = 0;
	int err = fw_parser_find_chain(p, &number);

	if (err)
		return err;
	fw_parser_next(p);
	log_text(c, "chain del ");
	log_text(c, p->rs->chains[number].name);
	err = fw_parser_statement_end(p);
	return err ? err : fw_edit_chain_delete(p->edit, number, at, p->ds);
}

int fw_change_chain(struct change *c)
{
	static const struct verb verbs[] = { { "create", chain_create }, { "del", chain_del }, { NULL, NULL } };

	return fw_change_dispatch(c, verbs, "'create' or 'del'");
}
