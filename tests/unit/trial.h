/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An engine on trial: in namespaces, a bpffs and a folder of the test's own, with
 * what every test does to it and demands of it. What goes wrong fails the test.
 */
#ifndef FW_TEST_TRIAL_H
#define FW_TEST_TRIAL_H

#include "ctl/fwd/engine/engine.h"
#include "tests/unit/sandbox.h"

#define TRIAL_PINS SANDBOX_BPFFS "/engine"

extern struct engine_options trial_options;
extern const struct record_who trial_who; /* asks for everything */
extern char trial_folder[64];             /* the store's */

/* Enters the sandbox, for good; the first argument names the tests to run. false: that is not allowed, and it is said. */
bool trial_enter(int argc, char **argv);
/* Of the group of tests. */
int trial_setup(void **state);
int trial_teardown(void **state);

/* Nothing is stored and nothing is filtering. */
void trial_fresh(void);
/* engine_close() it. */
struct engine *trial_begin(void);
/* The same ruleset with a later generation. */
struct engine *trial_restart(struct engine *e);
/* Lets the engine work until it has nothing to do for a while. */
void trial_pump(struct engine *e);
/* Waits for what the clock brings: lets it work until nothing waits to be confirmed any more. */
void trial_wait_undone(struct engine *e);

/* One transaction, which waits @confirm seconds, or with 0 does not. */
int trial_edit(struct engine *e, const char *text, unsigned confirm, struct engine_result *out);
/* Changes by words of fwctl: they work, or are refused with a message that contains @says, and nothing changes: the error. */
void trial_change(struct engine *e, const char *text);
int trial_refused(struct engine *e, const char *text, const char *says);
/* A ruleset comes into force. */
void trial_load(struct engine *e, const char *text);
/* Begins a load, which ends in trial_loaded: what engine_load_start() says. */
int trial_load_start(struct engine *e, const char *text, unsigned confirm, bool check);
extern struct engine_result trial_loaded;
void trial_done(const struct engine_result *r, void *ctx); /* puts it there */

/* The rule with this name, which is there. */
const struct fw_rule *trial_rule(struct engine *e, const char *name);
/* A packet that is counted. */
enum fw_verdict trial_send(struct engine *e, const char *text);
/* The same text, slots, and ids that were given? */
bool trial_same(const struct fw_ruleset *a, const struct fw_ruleset *b);

/* Whose a counter is, for those who read only counters: as the ruleset says. */
void assert_labels(struct engine *e);
/* Packets near the rules get from the live tables what the oracle says; counters say whose they are. */
void assert_filters(struct engine *e, unsigned packets);

#endif
