/* SPDX-License-Identifier: GPL-2.0-only */
/* Random changes to a ruleset, as lines of `fwctl batch`; and a controller without a disk that carries them out. */
#ifndef FWBENCH_CHANGES_H
#define FWBENCH_CHANGES_H

#include "fw/kern.h"
#include "fw/random.h"
#include "tests/perf/bench.h"

/* X(symbol, name) */
#define BENCH_KINDS(X)                       \
	X(ADD_KNOWN, "add, known addresses") \
	X(ADD_NEAR, "add, new addresses")    \
	X(REPLACE, "replace")                \
	X(MOVE, "move")                      \
	X(DELETE, "delete")

enum bench_kind {
#define BENCH_KIND_ENUM(sym, name) BENCH_##sym,
	BENCH_KINDS(BENCH_KIND_ENUM)
#undef BENCH_KIND_ENUM
		BENCH_NKINDS,
};
extern const char *const bench_kind_name[BENCH_NKINDS];

/* The rules that changes are made from and made to, and random numbers. */
struct bench_changes {
	const struct fw_ruleset *rs;
	struct fw_random random;
	uint32_t *gone; /* slots of rules that lines since bench_changes_begin() delete */
	size_t ngone, gone_cap;
};
uint64_t bench_random(struct bench_changes *c);
/* The text that follows is a transaction of its own. */
void bench_changes_begin(struct bench_changes *c);
/*
 * Appends a line. Positions are anywhere. New rules are made of those that are there: with an address of another rule, or
 * with a host or prefix near their own that (most likely) no rule has yet. 0, -ENOENT: there are too few rules, -ENOMEM.
 */
int bench_change_write(struct bench_changes *c, enum bench_kind kind, struct fw_buf *out);
void bench_changes_free(struct bench_changes *c);

/* Where the time of one change went, in seconds. */
struct bench_stages {
	double parse;   /* the text, the edit, the text for the store */
	double compile; /* the tables' changes, made ready and made visible from the next generation on */
	double kernel;  /* counters, segments, the one store */
	double total;   /* from having the text to having published */
	double after;   /* freeing memory, beginning and ending grace periods */
	bool rebuilt;   /* all tables were written again */
	bool waited;    /* for a grace period, before it could be made */
};

/* Rules and their tables in the kernel's pool: all that fwd has, but for the disk. */
struct bench_controller;
/* @rs: borrowed, and changed. Prints errors. 0 or -errno. */
int bench_controller_new(struct fw_ruleset *rs, const struct fw_kern_options *options, struct bench_controller **out);
/* The same in two steps: the program without rules, and then the rules, once. 0, or -errno after printing why. */
int bench_controller_open(const struct fw_kern_options *options, struct bench_controller **out);
int bench_controller_start(struct bench_controller *c, struct fw_ruleset *rs);
void bench_controller_free(struct bench_controller *c); /* NULL is fine */
struct fw_kern *bench_controller_kern(struct bench_controller *c);
/**
 * bench_controller_change - one transaction
 * @each: gets every row of the edit after it was published; may be NULL
 * Return: 0, or -errno after printing why.
 */
int bench_controller_change(struct bench_controller *c, const struct fw_buf *text,
			    void (*each)(const struct fw_rule_change *row, void *ctx), void *ctx,
			    struct bench_stages *out);
/* Waits until nothing needs a grace period any more. */
void bench_controller_settle(struct bench_controller *c);

#endif
