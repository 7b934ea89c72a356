/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An engine under test, in namespaces, with a bpffs and a folder of the test's own, and checks that every test needs. Failures fail the
 * test.
 */
#ifndef FW_TEST_ENGINE_FIXTURE_H
#define FW_TEST_ENGINE_FIXTURE_H

#include "ctl/fwd/engine/engine.h"
#include "tests/unit/sandbox.h"

#define FIXTURE_PINS SANDBOX_BPFFS "/engine"

extern struct engine_options fixture_options;
extern const struct record_who fixture_who; /* asks for everything */
extern char fixture_folder[64];             /* the store's */

/* Enters the sandbox for good; the first argument selects tests. false, after printing why: that is not permitted. */
bool fixture_enter(int argc, char **argv);
/* Of the group of tests. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Nothing is stored and nothing is filtering. */
void fixture_fresh(void);
/* engine_close() it. */
struct engine *fixture_begin(void);
/* The same ruleset with a later generation. */
struct engine *fixture_restart(struct engine *e);
/* Lets the engine work until it has nothing to do for a while. */
void fixture_pump(struct engine *e);
/* Lets the engine work until nothing waits to be confirmed any more. */
void fixture_wait_undone(struct engine *e);

/* One transaction, which waits @confirm seconds, or with 0 does not. */
int fixture_edit(struct engine *e, const char *text, unsigned confirm, struct engine_result *out);
/*
 * Changes as fwctl makes them. fixture_change() must succeed. fixture_refused() must fail with a message that contains @says, and
 * change nothing; it returns the error.
 */
void fixture_change(struct engine *e, const char *text);
int fixture_refused(struct engine *e, const char *text, const char *says);
/* Loads a ruleset, which must succeed. */
void fixture_load(struct engine *e, const char *text);
/* Starts a load, whose result will be in fixture_loaded. Return: that of engine_load_start(). */
int fixture_load_start(struct engine *e, const char *text, unsigned confirm, bool check);
extern struct engine_result fixture_loaded;
void fixture_done(const struct engine_result *r, void *ctx); /* puts it there */

/* The rule with this name, which is there. */
const struct fw_rule *fixture_rule(struct engine *e, const char *name);
/* A packet that is counted. */
enum fw_verdict fixture_send(struct engine *e, const char *text);
/* The same text, slots, and ids that were given? */
bool fixture_same(const struct fw_ruleset *a, const struct fw_ruleset *b);

/* Checks that the labels of counters match the ruleset. */
void assert_labels(struct engine *e);
/* Checks that packets near the rules get the verdict of the oracle from the live tables, and that labels are right. */
void assert_filters(struct engine *e, unsigned packets);

#endif
