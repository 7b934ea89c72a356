/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of what was done, by whom and with what result, in text that is safe to print. Pure. */
#ifndef FWD_RECORD_H
#define FWD_RECORD_H

#include "fw/diff.h"
#include "fw/text.h"

#define RECORD_WHAT 128 /* bytes of what somebody asked for, in few words, with the NUL */
#define RECORD_WHY 240  /* bytes of the reason, likewise */

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

/* The process that asked, which may be gone. */
struct record_who {
	int32_t pid; /* 0: fwd itself */
	uint32_t uid;
	char process[32]; /* its name at that time */
};

struct record {
	double at; /* seconds since the epoch */
	enum record_action action;
	struct record_who who;
	char what[RECORD_WHAT];
	char why[RECORD_WHY]; /* why it was refused or happened; empty: no reason to give */
	bool refused;
	struct fw_diff_counts counts;
	size_t rules;       /* of the ruleset after it */
	int64_t confirm_by; /* seconds since the epoch; 0: it needs no confirmation */
};

/*
 * The kinds of records, each kept in a ring of its own, so that a flood of one kind does not push out the others. Changes of
 * sets alone are ELEMENTS: a program that bans addresses makes thousands.
 */
enum record_ring { RECORD_CHANGES, RECORD_ELEMENTS, RECORD_REFUSALS, RECORD_NRINGS };
enum record_ring record_ring(const struct record *r);

/* A text as one line, by fw_escape(). Return: @out, as of the next two. */
char *record_text(char *out, size_t size, const char *text, size_t len);
/* The first diagnostic, "line 5: MESSAGE"; without any, the text of the errno @err. */
char *record_diag(char *out, size_t size, const struct fw_diags *ds, int err);
/* A change in few words: its line, or "batch NAME" for several lines. */
char *record_change(char *out, size_t size, const char *text, size_t len, const char *name);

/* "load FILE: 3 rules, 2 rules added, by fwctl (pid 123, uid 0)", without a newline. */
void record_line(struct fw_buf *b, const struct record *r);
/* The object of the request `history`, see docs/fwd.socket.md, on one line, without a newline. */
void record_json(struct fw_buf *b, const struct record *r);
/* Fields for the journal: "FWD_ACTION=load\n" and so on. */
void record_fields(struct fw_buf *b, const struct record *r);

#endif
