/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The expected state of the daemon: a ruleset to which every acknowledged change
 * is made, and the expected counts of its rules.
 */
#ifndef FW_KILLS_MODEL_H
#define FW_KILLS_MODEL_H

#include "daemon.h"
#include "traffic.h"

struct model {
	struct fw_ruleset *rs;
	uint32_t unique;
	uint64_t steps;
	bool batch; /* the step being made has several lines */
	/* The rule `once` is added and deleted, with its count: frames of its flow at its addition, and those of deleted ones. */
	uint64_t once_id, once_since, once_gone;
};

/* A change, a batch of changes, or a whole ruleset. */
struct step {
	bool whole;
	char *text; /* free() it */
};

void model_begin(struct model *m, struct step *first);
void model_end(struct model *m);
/* @keep_once: leaves the rule `once` as it is. */
void step_make(struct model *m, bool keep_once, struct step *out);
void model_step(struct model *m, const struct step *s);

/* These fail the test and print the difference. */

/* Compares rules, ids, names, order, sets and policies. If they are those after @flying instead, the model makes that step. */
void model_check_rules(struct model *m, int fd, const struct step *flying);
/* Compares the verdicts of @n random packets. */
void model_check_verdicts(struct model *m, int fd, unsigned n);
/* Compares the counts of every rule and policy, while traffic pauses. */
void model_check_counters(const struct model *m, int fd);
/* The rules as the daemon lists them and as it saves them, one per line. Freed by the caller. */
char *model_daemon_text(int fd);
char *model_text(const struct fw_ruleset *rs);

#endif
