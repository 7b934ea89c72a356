/* SPDX-License-Identifier: GPL-2.0-only */
/* What an agent remembers: a small JSON file, replaced as a whole. */
#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include "fw/fleet/rings.h"

#define RECORD_WHY 200
#define RECORD_BYTES 16384

/* A moment of a fwd's ruleset: if neither has changed, nobody has changed the ruleset. */
struct mark {
	double started;   /* when that fwd was, seconds since 1970; 0: no moment */
	uint64_t version; /* its count of changes then */
};

/* What was sent to fwd last, unless it was confirmed. Written before it is sent. */
struct trying {
	struct fw_generation to; /* number 0: nothing */
	bool open;               /* it is not known yet what became of it */
	unsigned starts;         /* how often it was sent */
	struct mark before;      /* as of then */
	uint64_t after;          /* fwd's count of changes with it; 0: fwd has not answered */
	char why[RECORD_WHY];    /* why it is being taken back; empty: it is not */
};

/* A generation that is not tried again while the head stays there. */
struct failed {
	struct fw_generation to; /* number 0: none */
	enum fw_report_state state;
	char why[RECORD_WHY];
};

struct record {
	char fleet[FW_FLEET_NAME + 1];
	struct fw_generation highest; /* that was ever accepted */
	struct fw_generation parent;  /* of the highest: the way back */
	struct fw_generation running; /* the last that was confirmed */
	struct mark mark;             /* of fwd with it, as it was last seen undisturbed */
	struct fw_generation held;    /* the last whose snapshot was fetched: it is kept */
	struct trying trying;
	struct failed failed;
	uint32_t known; /* targets that were not reached before the last load */
	bool overruled; /* a local ruleset was, or may have been, loaded since */
};

/* A line of JSON, and one with its SHA-256. */
void record_print(struct fw_buf *b, const struct record *r);
/* 0; -EPROTO: it is damaged, and @out is zeroed. */
int record_parse(const char *text, size_t len, struct record *out);

static inline bool mark_same_fwd(const struct mark *a, const struct mark *b)
{
	return a->started > 0 && a->started > b->started - 0.001 && a->started < b->started + 0.001;
}

static inline bool mark_same(const struct mark *a, const struct mark *b)
{
	return mark_same_fwd(a, b) && a->version == b->version;
}

#endif
