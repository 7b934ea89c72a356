/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer: something else that people filter packets by, and we ourselves. Each
 * loads the same work in its best honest form, and says what it cannot express.
 */
#ifndef FWBENCH_PEER_H
#define FWBENCH_PEER_H

#include "tests/perf/peers/stage.h"
#include "tests/perf/peers/work.h"

/* Where a peer decides: at the driver's hook, in the network stack, or in user space only. */
enum peer_kind { PEER_XDP, PEER_STACK, PEER_USER };

struct peer {
	const char *name;  /* in JSON: one word */
	const char *label; /* in tables and plots */
	enum peer_kind kind;
	bool reference; /* a limit, not a filter: its verdicts are not checked */
	/* Another, before it, that takes as long and as much to load, since it builds the like: where that was too long or too
	 * much, this is not tried. NULL: there is none. */
	const struct peer *loads_as;
	/* Why it cannot do this work, a constant text; NULL: it can. */
	const char *(*cannot)(const struct work *w);
	/*
	 * What is done once in a system's life, before there are rules, such as to have the kernel verify a large program: it
	 * is not counted to loading. NULL: nothing. @out: what load() begins with. 0, or -errno after printing why.
	 */
	int (*start)(void **out);
	/*
	 * The rules in force on the stage's device under test (PEER_USER: in memory). The caller takes the time and the memory.
	 * @st:  entered already; NULL for PEER_USER
	 * @ctx: what start() gave, or NULL; unload() gets it, also after a failure
	 * Return: 0; -errno after printing why on standard error: it does not load.
	 */
	int (*load)(const struct work *w, struct stage *st, void **ctx);
	void (*unload)(void *ctx); /* nothing is left behind; NULL is fine */
	/* One more rule, first or last, whichever is cheaper; only unload() removes it. 0 or -errno. */
	int (*add)(void *ctx, const struct work_rule *r);
	/*
	 * Bytes that the kernel holds for it, as the kernel says, where it does not account them to the cgroup of who asked for
	 * them; -errno after printing why. NULL: they are accounted.
	 */
	int64_t (*kernel_bytes)(void *ctx);
	/* PEER_XDP: the program's descriptor, for test runs. */
	int (*prog)(void *ctx);
	/* PEER_USER: verdicts of @n packets (true: accept). */
	void (*lookup)(void *ctx, const struct work_packet *p, size_t n, bool *accept);
};

/* One table each; NULL ends it. */
extern const struct peer *const peers_xdp[], *const peers_stack[], *const peers_native[], *const peers_acl[];

/* The rules of a peer's own form as text to a program's standard input: runs @argv in the stage's namespace. 0, or -errno and
 * what it said on standard error. Text may be many megabytes. */
int peer_feed(struct stage *st, char *const argv[], const char *text, size_t len);
/* The beginning of what a program prints, as one line. 0, or -errno and what it said on standard error. */
#define PEER_ANSWER 400
int peer_ask(char *const argv[], char answer[PEER_ANSWER]);

#endif
