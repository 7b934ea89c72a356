/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon should know: every change that it acknowledged, made to a
 * ruleset of the test's own, and what every rule should have counted.
 */
#ifndef FW_KILLS_MODEL_H
#define FW_KILLS_MODEL_H

#include "daemon.h"
#include "traffic.h"

struct model {
	struct fw_ruleset *rs;
	uint32_t unique;
	uint64_t steps;
	bool batch; /* the step that is made has several lines */
	/* The rule `once` comes and goes, and its count with it: frames of its flow when it came, and those that went with it. */
	uint64_t once_id, once_since, once_gone;
};

/* A change, a batch of changes, or a whole ruleset. */
struct step {
	bool whole;
	char *text; /* free() it */
};

void model_begin(struct model *m, struct step *first);
void model_end(struct model *m);
/* @keep_once: the rule `once` stays as it is. */
void step_make(struct model *m, bool keep_once, struct step *out);
void model_step(struct model *m, const struct step *s);

/* All of these fail the test and show what differs. */

/* Rules, ids, names, order, sets, policies. When they are not the model's but those after @flying, the model takes that step. */
void model_check_rules(struct model *m, int fd, const struct step *flying);
/* What the tables say of @n packets at random. */
void model_check_verdicts(struct model *m, int fd, unsigned n);
/* While traffic pauses: what every rule and policy counted. */
void model_check_counters(const struct model *m, int fd);
/* Rules one a line, as the daemon lists them and saves them. Return: free() it. */
char *model_daemon_text(int fd);
char *model_text(const struct fw_ruleset *rs);

#endif
