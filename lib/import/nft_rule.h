/* SPDX-License-Identifier: GPL-2.0-only */
/* A rule of nftables on its way to become rules of ours. */
#ifndef FW_IMPORT_NFT_RULE_H
#define FW_IMPORT_NFT_RULE_H

#include "fw/rule.h"
#include "lib/import/nft.h"

enum nft_phase { NFT_MATCHES, NFT_CONDITIONS, NFT_EFFECTS };

/* What one rule of ours, or several with the same action, can say. */
struct nft_part {
	struct nft_match match;
	struct nft_alternative *alternatives; /* several that may hold besides; NULL: none */
	struct fw_buf conditions, effects;    /* each word with a blank after it */
	enum nft_phase phase;                 /* of the last statement */
	bool limit, log, mark, add;           /* there already: a second one begins another part */
	bool counts;
};

struct nft_rule_text {
	struct nft *n;
	const struct nft_use *use;
	struct nft_use at; /* where the rules of the current part go */
	struct nft_rule *rule;
	struct nft_part part;
	const char *verdict;              /* NULL: none yet */
	char comment[FW_COMMENT_MAX + 1]; /* empty: there is none */
	struct fw_buf text;
	bool ended, printed;
};

/* nft_part.c */
/* Prints the rules of the current part, which ends in this verdict. */
int nft_part_print(struct nft_rule_text *t, const char *verdict);
/* Prints the current part, which jumps to a chain in which the next one begins. */
int nft_split(struct nft_rule_text *t);
/* Adds matches: one alternative or several; NULL: nothing can match. */
int nft_part_match(struct nft_rule_text *t, struct nft_alternative *a);

/* Begins another part if this one is further than @phase, or has its statement of this kind: @taken, which is set; may be NULL. */
int nft_enter(struct nft_rule_text *t, enum nft_phase phase, bool *taken);
/* A match that a statement implies, unless it is there already. */
int nft_imply(struct nft_rule_text *t, enum nft_field field, unsigned number);

/* nft_limit.c: statements by their values. */
int nft_statement_limit(struct nft_rule_text *t, json_t *v);
int nft_statement_set(struct nft_rule_text *t, json_t *v);
int nft_statement_meter(struct nft_rule_text *t, json_t *v);

/* nft_statement.c */
int nft_statement(struct nft_rule_text *t, json_t *statement);

#endif
