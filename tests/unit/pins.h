/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that pin, for tests of what outlives them: each opens the pins, publishes
 * a ruleset of two rules and attaches to an interface; frames show what is filtered.
 */
#ifndef FW_TEST_PINS_H
#define FW_TEST_PINS_H

#include "fw/kern.h"
#include "tests/unit/sandbox.h"

#define PINS SANDBOX_BPFFS "/fw"

/* The interface, its peer's sender, and frames that the ruleset drops (slot 0) and accepts (slot 1). */
struct pins_place {
	uint32_t ifindex;
	int sender, receiver;
	struct fw_frame bad, good;
};
extern struct pins_place pins_at;
/* The diagnostics of the last call that failed. */
extern struct fw_diags pins_diags;

/* An open fw_kern, and the ruleset that it has published. */
struct pins_user {
	struct fw_kern *k;
	struct fw_ruleset *rs;
	struct fw_image image;
};

/* Enters the sandbox and makes the interface; the argument, if there is one, is a pattern of the tests to run. false: skip. */
bool pins_main(int argc, char **argv);

/* The two values of @flow_cache are two versions of the program. @pins NULL: nothing is pinned. */
int pins_kern_open(bool flow_cache, const char *pins, struct fw_kern **out);
struct pins_user pins_open(bool flow_cache);
void pins_publish(struct pins_user *u, uint32_t generation);
void pins_attach(struct pins_user *u);
/* What the end of a process does: its memory is freed, and the tables that packets see stay. */
void pins_close(struct pins_user *u);
void pins_unpin(struct pins_user *u);

/* Folders of versions below the pins. */
unsigned pins_versions(void);
/* Nothing is pinned. */
void pins_assert_clean(void);
/* Sends 20 frames of each kind. All arrive, except for the bad ones if @filtered. */
void pins_assert_filtered(bool filtered);
uint32_t pins_prog_id(int fd);
bool pins_attached(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog);
size_t pins_attachments(struct fw_kern *k);

/* Starts a child that sends bad frames. */
void pins_traffic_start(void);
/* Ends it, and checks that none of its frames has arrived. Return: how many were sent. */
uint64_t pins_traffic_end(void);

#endif
