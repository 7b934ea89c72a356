/* SPDX-License-Identifier: GPL-2.0-only */
/* What was done, by whom and with what result, in words that are safe to print. Pure. */
#ifndef FWD_RECORD_H
#define FWD_RECORD_H

#include "fw/diff.h"
#include "fw/text.h"

#define RECORD_WHAT 128 /* bytes of what somebody asked for, in few words and with the end */
#define RECORD_WHY 240  /* of the reason */

/* X(symbol, name) */
#define RECORD_ACTIONS(X)       \
	X(LOAD, "load")         \
	X(CHANGE, "change")     \
	X(FLUSH, "flush")       \
	X(CONFIRM, "confirm")   \
	X(UNDO, "undo")         \
	X(ROLLBACK, "rollback") \
	X(RESET, "reset")       \
	X(ATTACH, "attach")     \
	X(DETACH, "detach")     \
	X(START, "start")       \
	X(DENIED, "denied")
enum record_action {
#define RECORD_ENUM(sym, name) RECORD_##sym,
	RECORD_ACTIONS(RECORD_ENUM)
#undef RECORD_ENUM
};

/* Who asked; of another process, and it may be gone. */
struct record_who {
	int32_t pid; /* 0: fwd itself */
	uint32_t uid;
	char process[32]; /* its name, as of the moment */
};

struct record {
	double at; /* seconds since the epoch */
	enum record_action action;
	struct record_who who;
	char what[RECORD_WHAT];
	char why[RECORD_WHY]; /* why it was refused, or came to be; empty: nothing is to be said */
	bool refused;
	struct fw_diff_counts counts;
	size_t rules;       /* that there are now */
	int64_t confirm_by; /* seconds since the epoch; 0: it does not wait */
};

/*
 * How many of them are kept: floods of one kind must not push out the others. Changes of sets alone are ELEMENTS: a program
 * that bans addresses makes thousands.
 */
enum record_ring { RECORD_CHANGES, RECORD_ELEMENTS, RECORD_REFUSALS, RECORD_NRINGS };
enum record_ring record_ring(const struct record *r);

/**
 * record_text - a text as one line, by fw_escape()
 */
char *record_text(char *out, size_t size, const char *text, size_t len);
/* The first diagnostic, "line 5: MESSAGE", or, where there is none, the errno of @err. */
char *record_diag(char *out, size_t size, const struct fw_diags *ds, int err);
/* What a change is: its line, or, when it has several, "batch NAME". */
char *record_change(char *out, size_t size, const char *text, size_t len, const char *name);

/* "load FILE: 3 rules: 2 added, by fwctl (pid 123, uid 0)": one line, without its end. */
void record_line(struct fw_buf *b, const struct record *r);
/* The object of `history`, as docs/fwd.socket.md has it: one line, without its end. */
void record_json(struct fw_buf *b, const struct record *r);
/* Fields of the journal, one a line: "FWD_ACTION=load\n" and so on. */
void record_fields(struct fw_buf *b, const struct record *r);

#endif
