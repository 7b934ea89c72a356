/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command says to fwd, and what becomes of the answer. */
#ifndef FWCTL_CLIENT_H
#define FWCTL_CLIENT_H

#include "ctl.h"

#include "fw/client.h"

/* One request, and where the parts of its answer go. */
struct ctl_call {
	enum fw_request kind;
	json_t *args;                /* taken; NULL: none */
	const struct fw_part *parts; /* behind the arguments */
	unsigned nparts;
	const struct ctl_source *sources; /* for diagnostics */
	bool raw;                         /* print LINES and END as they are; `line` is not called then */
	bool quiet;                       /* a refusal is not said */
	bool patient;                     /* a connection that is lost is not said */
	bool refused;                     /* out: the answer came, and is no */
	bool lost;                        /* out: fwd ended instead */
	/* Each returns 0, or -errno (and said so) when nothing more is wanted. NULL: not wanted. */
	int (*line)(void *ctx, json_t *object);
	int (*text)(void *ctx, const char *text, size_t len);
	void (*progress)(void *ctx, json_t *object);
	void *ctx;
};

/* Connects: 0 or -errno, and says nothing. */
int ctl_client_try(const struct ctl_settings *s, struct fw_client **out);
/* Connects, or says why not. Return: CTL_OK, CTL_NO_DAEMON, CTL_FAILED. */
enum ctl_exit ctl_client_open(const struct ctl_settings *s, struct fw_client **out);
/**
 * ctl_client_call - asks and waits for the end of the answer
 * @end: the object of END when the answer is CTL_OK, json_decref() it; may be NULL
 * Return: CTL_OK, or CTL_FAILED and said why.
 */
enum ctl_exit ctl_client_call(struct fw_client *c, struct ctl_call *call, json_t **end);
/* All three. In JSON the call is raw. */
enum ctl_exit ctl_request(const struct ctl_settings *s, struct ctl_call *call, json_t **end);

/* Fields of a reply: a missing one is 0 or "". */
uint64_t ctl_field_u64(const json_t *o, const char *name);
double ctl_field_real(const json_t *o, const char *name);
const char *ctl_field_text(const json_t *o, const char *name);
/* The sum of the stages of END's "seconds". */
double ctl_seconds_of(const json_t *end);
/* What another ruleset or a change changes: each object of LINES of `load`, and the counts of END, in one line. */
int ctl_print_diff(void *ctx, json_t *o);
void ctl_print_counts_of(const json_t *end);
void ctl_print_change(const json_t *end);
void ctl_print_others(const json_t *end); /* without rules */
#define CTL_DIFF_JSON                                                                                               \
	"JSON: with --diff {change: policy, policy, old}, {change: set, set, is, removed, removed_ranges, added,\n" \
	"added_ranges} and {change: added, removed, changed or moved, rule, old, after} for each that differs;\n"
#define CTL_COUNTS_JSON                                                                \
	"added, removed, changed, moved, kept, policies, sets {created, destroyed},\n" \
	"elements {added, removed}"
/* "PACKETS BYTES  " in columns, as counters are shown everywhere. */
void ctl_print_counts(const json_t *o);

/* --confirm: as an argument of a request that is answered by "confirm_by"; and, when it was carried out, in words. */
void ctl_add_wait(const struct ctl_settings *s, json_t *args);
void ctl_print_wait(const struct ctl_settings *s, const char *heading);

/* One line on the terminal's standard error that is written over; nothing where that is no terminal. */
void ctl_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_progress_end(void);
/* When a signal ends the command, this file of an open folder goes away; NULL: none. */
void ctl_signal_unlink(int folder, const char *name);

/**
 * ctl_words_join - words of a command line as one line of the rule language
 * @prefix: what the line begins with
 * Words stay as they are, but for the one behind `comment`, which becomes a string.
 * Return: 0, -EINVAL (a line break; and said so), -ENOMEM.
 */
int ctl_words_join(const char *prefix, int n, char *const *words, struct fw_buf *out);
/* A word as a string of the rule language, unless it is one. */
void ctl_words_string(struct fw_buf *out, const char *word);

/* changes.c */
struct ctl_texts;
/* What is said of a change: of each rule that is new or has changed, as of a call; and at the end, of END. NULL: nothing. */
struct ctl_tell {
	int (*line)(void *ctx, json_t *o);
	void (*summary)(const struct ctl_settings *s, const char *name, const json_t *end); /* name: of the text */
};
/* Sends a text, or words of a command line, as one transaction. */
int ctl_change(const struct ctl_settings *s, const struct ctl_texts *t, const struct ctl_tell *tell);
int ctl_change_words(const struct ctl_settings *s, const char *command, int n, char **words,
		     const struct ctl_tell *tell);

#endif
